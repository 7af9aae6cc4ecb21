/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the plan document; members stand in their canonical order. */
#include "agent/planner.h"

#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"

/* Who asks for user names and passwords in an address gets them from elsewhere. */
char *planner_public_url(const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme != NULL ? scheme + 3 : url;
	size_t authority = strcspn(host, scheme != NULL ? "/?#" : ":/");
	const char *at = memrchr(host, '@', authority);

	if (at == NULL) {
		return g_strdup(url);
	}
	return g_strdup_printf("%.*s%s", (int)(host - url), url, at + 1);
}

/* A member that is missing is found by judge(). */
static void copy_str(struct json_writer *w, struct json_obj *from, const char *name)
{
	const char *text = json_str(from, name, HASH_TEXT_SIZE);

	json_w_str(w, name, text != NULL ? text : "");
}

static void write_base(struct json_writer *w, const struct planner_input *in)
{
	if (in->base_commit[0] == '\0') {
		json_w_null(w, "base");
		return;
	}
	json_w_object(w, "base");
	json_w_str(w, "commit", in->base_commit);
	json_w_str(w, "tree", in->base_tree);
	json_w_end(w);
}

static void write_people(struct json_writer *w, const char *name, char *const *people)
{
	unsigned i;

	json_w_array(w, name);
	for (i = 0; people[i] != NULL; i++) {
		json_w_str(w, NULL, people[i]);
	}
	json_w_end(w);
}

static void write_policy(struct json_writer *w, const struct planner_input *in)
{
	char digest[HASH_TEXT_SIZE];

	hash_text(digest, in->approvers);
	json_w_object(w, "policy");
	json_w_str(w, "approvers", digest);
	json_w_bool(w, "author_may_approve", in->policy->author_may_approve);
	if (in->policy->break_glass != NULL && in->policy->break_glass[0] != NULL) {
		write_people(w, "break_glass", in->policy->break_glass);
	}
	plan_channels_write(w, in->policy->channels);
	write_people(w, "from", in->policy->from);
	if (in->policy->quiet > 0) {
		json_w_int(w, "quiet", in->policy->quiet);
	}
	json_w_int(w, "required", in->policy->required);
	json_w_end(w);
}

static void write_authors(struct json_writer *w, struct json_obj *list)
{
	if (list == NULL) {
		json_w_array(w, "authors");
		json_w_end(w);
		json_w_int(w, "authors_total", 0);
		return;
	}
	json_w_value(w, "authors", json_any(list, "authors"));
	json_w_int(w, "authors_total", json_int(list, "authors_total", 0, JSON_MAX_INT));
}

/* Of a history that was rewritten the list tells what is gone, and the log who accepted it. One
 * without the other makes no plan: plan_parse() and json_obj_end() see to that. */
static void write_rewritten(struct json_writer *w, const struct planner_input *in,
			    struct json_obj *list)
{
	struct json_obj gone;
	bool told;

	if (in->rewritten_by == NULL) {
		return;
	}
	told = list != NULL && json_obj_get(list, "rewritten", &gone);
	json_w_object(w, "rewritten");
	if (told) {
		json_w_value(w, "commits", json_any(&gone, "commits"));
	}
	json_w_str(w, "person", in->rewritten_by);
	json_w_str(w, "reason", in->rewritten_why);
	if (told && json_has(&gone, "total")) {
		json_w_int(w, "total", json_int(&gone, "total", 0, JSON_MAX_INT));
	}
	json_w_end(w);
}

static void write_commits(struct json_writer *w, struct json_obj *list)
{
	if (list == NULL) {
		json_w_array(w, "commits");
		json_w_end(w);
		json_w_int(w, "commits_total", 0);
		return;
	}
	json_w_value(w, "commits", json_any(list, "commits"));
	json_w_int(w, "commits_total", json_int(list, "total", 0, JSON_MAX_INT));
}

/* Nothing of a trial is applied when its time is over. */
static int64_t expiry(const struct planner_input *in)
{
	int64_t expires = in->created + in->policy->expires;

	return in->until != 0 && in->until < expires ? in->until : expires;
}

static void write_plan(struct json_writer *w, const struct planner_input *in,
		       struct json_obj *draft, struct json_obj *commits)
{
	json_w_object(w, NULL);
	json_w_str(w, "agent", in->agent);
	write_authors(w, commits);
	write_base(w, in);
	json_w_value(w, "changes", json_any(draft, "changes"));
	json_w_value(w, "checks", json_any(draft, "checks"));
	write_commits(w, commits);
	json_w_int(w, "created", in->created);
	copy_str(w, draft, "diff");
	json_w_int(w, "diff_size", json_int(draft, "diff_size", 0, JSON_MAX_INT));
	json_w_int(w, "expires", expiry(in));
	json_w_str(w, "nonce", in->nonce);
	copy_str(w, draft, "on_failure");
	json_w_str(w, "path", in->path);
	write_policy(w, in);
	if (commits != NULL && json_has(commits, "pushers")) {
		json_w_value(w, "pushers", json_any(commits, "pushers"));
	}
	json_w_str(w, "reason", in->reason);
	json_w_str(w, "ref", in->ref);
	if (json_has(draft, "rendered")) {
		json_w_value(w, "rendered", json_any(draft, "rendered"));
	}
	json_w_str(w, "repository", in->repository);
	json_w_int(w, "resources", in->draft->resources);
	if (json_has(draft, "restores")) {
		json_w_value(w, "restores", json_any(draft, "restores"));
	}
	write_rewritten(w, in, commits);
	json_w_int(w, "seq", in->seq);
	json_w_str(w, "stack", in->stack);
	json_w_object(w, "target");
	json_w_str(w, "commit", in->commit);
	json_w_str(w, "tree", in->tree);
	json_w_end(w);
	json_w_str(w, "type", "plan");
	if (in->until != 0) {
		json_w_int(w, "until", in->until);
	}
	json_w_int(w, "v", 1);
	if (commits != NULL && json_has(commits, "verification")) {
		json_w_value(w, "verification", json_any(commits, "verification"));
	}
	json_w_end(w);
	json_obj_end(draft);
	if (commits != NULL) {
		json_obj_end(commits); // also when it tells of a history that nobody accepted
	}
}

/* Whatever went wrong on the way: a member missing or too many, or a plan that nobody would take.
 */
static bool judge(const struct planner_input *in, const struct json_doc *commits, const char *text,
		  size_t len, GError **error)
{
	g_autoptr(plan_auto) plan = NULL;
	struct assent_error err;

	if (json_doc_status(in->draft->doc, &err) != 0 ||
	    (commits != NULL && json_doc_status(commits, &err) != 0) ||
	    plan_parse(&plan, text, len, &err) != 0) {
		return fail_core(error, &err, "the draft of stack '%s'", in->stack);
	}
	return true;
}

bool planner_compose(const struct planner_input *in, char **text, size_t *len, GError **error)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	g_autoptr(json_doc_auto) list = NULL;
	struct json_obj draft, commits;
	struct assent_error err;
	autocfree char *out = NULL;
	size_t out_len;

	if (in->commits != NULL) {
		if (json_doc_parse(&list, in->commits, in->commits_len, JSON_CANONICAL, &err) !=
		    0) {
			json_writer_free(w);
			return fail_core(error, &err, "the commits of stack '%s'", in->stack);
		}
		json_doc_root(list, &commits);
	}
	json_doc_root(in->draft->doc, &draft);
	write_plan(w, in, &draft, list != NULL ? &commits : NULL);
	if (json_writer_finish(w, &out, &out_len, &err) != 0) {
		return fail_core(error, &err, "the plan of stack '%s'", in->stack);
	}
	if (!judge(in, list, out, out_len, error)) {
		return false;
	}
	*text = g_strndup(out, out_len);
	*len = out_len;
	return true;
}
