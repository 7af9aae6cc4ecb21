/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and verifying the plan document. */
#include "core/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/plan-read.h"
#include "core/text.h"

#define COMMITS_MAX 100
#define PEOPLE_MAX 1000
#define RESOURCE_MAX_BYTES (PATH_MAX_BYTES + 2 * NAME_MAX_BYTES)
#define QUIET_MAX (INT64_C(366) * 86400)

static const char *const reason_names[] = {"commit", "drift", "rollback", "try", "return", NULL};
static const char *const failure_names[] = {"rollback", "stop", NULL};
const char *const plan_signature_names[] = {"none",    "good",	  "bad",       "unknown",
					    "expired", "revoked", "untrusted", NULL};

/* A sorted list of texts; NULL after an error. */
static const char **read_sorted(struct json_obj *o, const char *name, size_t max, size_t *out)
{
	struct json_arr list;
	size_t count = json_arr_get(o, name, max, &list);
	const char **texts = plan_box_alloc(o, count, sizeof(*texts));

	for (size_t i = 0; texts != NULL && i < count; i++) {
		texts[i] = json_arr_str(&list, i, PLAN_MAX_ADDRESS);
		if (i > 0 && strcmp(texts[i - 1], texts[i]) >= 0) {
			json_obj_fail(o, name, "not sorted, or one stands twice");
			count = 0;
		}
	}
	*out = texts != NULL ? count : 0;
	return texts;
}

static void read_authors(struct plan *plan, struct json_obj *o)
{
	plan->authors_total = json_int(o, "authors_total", 0, JSON_MAX_INT);
	plan->authors = read_sorted(o, "authors", PLAN_MAX_AUTHORS, &plan->authors_count);
	if ((uint64_t)plan->authors_total < plan->authors_count) {
		json_obj_fail(o, "authors_total", "less than the authors listed");
	}
}

static int compare_text(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool is_listed_author(const struct plan *plan, const char *text)
{
	return plan->authors_count > 0 && bsearch(text, plan->authors, plan->authors_count,
						  sizeof(*plan->authors), compare_text) != NULL;
}

/* Who pushed may not approve, and it is the authors that say so. */
static void read_pushers(struct plan *plan, struct json_obj *o)
{
	if (!json_has(o, "pushers")) {
		return;
	}
	plan->pushers = read_sorted(o, "pushers", PLAN_MAX_PUSHERS, &plan->pushers_count);
	if (plan->pushers_count == 0) {
		json_obj_fail(o, "pushers", "names nobody");
	}
	for (size_t i = 0; i < plan->pushers_count; i++) {
		if (!is_listed_author(plan, plan->pushers[i])) {
			json_obj_fail(o, "pushers", "not among the plan's authors");
		}
	}
}

static void read_commit(struct plan_box *box, struct json_obj *o, struct plan_commit *out)
{
	out->id = plan_get_object_id(o, "id");
	out->author_name = plan_get_bytes(box, o, "author_name", 1024);
	out->author_email = plan_get_bytes(box, o, "author_email", 1024);
	out->committer_name = plan_get_bytes(box, o, "committer_name", 1024);
	out->committer_email = plan_get_bytes(box, o, "committer_email", 1024);
	out->subject = plan_get_bytes(box, o, "subject", 4096);
	out->time = json_int(o, "time", -JSON_MAX_INT, JSON_MAX_INT);
	out->signature = plan_get_name(o, "signature", plan_signature_names);
	out->signer = json_str_opt(o, "signer", NAME_MAX_BYTES);
	json_obj_end(o);
}

/* The author rule is judged by the authors, so the commits that are shown must not name others. */
static void check_author(const struct plan *plan, struct json_obj *commit, const char *email)
{
	if ((uint64_t)plan->authors_total == plan->authors_count &&
	    text_is_utf8(email, strlen(email)) && !is_listed_author(plan, email)) {
		json_obj_fail(commit, "author_email", "not among the plan's authors");
	}
}

/* The list "commits" of o; those whose authors may not approve are those of the plan's own list. */
static void read_commit_list(struct plan_box *box, struct json_obj *o, bool own,
			     struct plan_commit **out, size_t *out_count)
{
	struct json_arr list;
	size_t count = json_arr_get(o, "commits", COMMITS_MAX, &list);

	*out = plan_box_alloc(o, count, sizeof(**out));
	for (size_t i = 0; *out != NULL && i < count; i++) {
		struct plan_commit *item = &(*out)[i];
		struct json_obj commit;

		if (!json_arr_obj(&list, i, &commit)) {
			return;
		}
		read_commit(box, &commit, item);
		if (own) {
			check_author(&box->plan, &commit, item->author_email);
			check_author(&box->plan, &commit, item->committer_email);
		}
	}
	*out_count = *out != NULL ? count : 0;
}

static void read_commits(struct plan_box *box, struct json_obj *o)
{
	struct plan *plan = &box->plan;

	plan->commits_total = json_int(o, "commits_total", 0, JSON_MAX_INT);
	read_commit_list(box, o, true, &plan->commits, &plan->commits_count);
	if ((uint64_t)plan->commits_total < plan->commits_count) {
		json_obj_fail(o, "commits_total", "less than the commits listed");
	}
}

static void read_rewritten(struct plan_box *box, struct json_obj *o)
{
	struct plan_rewritten *out = &box->plan.rewritten;
	struct json_obj r;

	if (!json_has(o, "rewritten") || !json_obj_get(o, "rewritten", &r)) {
		return;
	}
	box->plan.is_rewritten = true;
	if (box->plan.base_commit == NULL) {
		json_obj_fail(o, "rewritten", "nothing was applied before");
	}
	read_commit_list(box, &r, false, &out->commits, &out->commits_count);
	out->person = plan_get_text(&r, "person", NAME_MAX_BYTES);
	out->reason = plan_get_text(&r, "reason", STATEMENT_REASON_MAX);
	out->total = json_int_opt(&r, "total", 0, JSON_MAX_INT, -1);
	if ((uint64_t)(out->total > 0 ? out->total : 0) < out->commits_count) {
		json_obj_fail(&r, "total", "less than the commits listed");
	}
	json_obj_end(&r);
}

static void read_verification(struct plan *plan, struct json_obj *o)
{
	static const char *const modes[] = {"head", "all", NULL};
	struct plan_verification *out = &plan->verification;
	struct json_obj v;

	if (!json_has(o, "verification") || !json_obj_get(o, "verification", &v)) {
		return;
	}
	out->mode = plan_get_name(&v, "mode", modes);
	out->checked = json_int(&v, "checked", 1, JSON_MAX_INT);
	out->signatures = json_int(&v, "signatures", 1, PLAN_MAX_SIGNERS);
	out->signers = read_sorted(&v, "signers", PLAN_MAX_SIGNERS, &out->signers_count);
	if ((uint64_t)out->signatures > out->signers_count) {
		json_obj_fail(&v, "signers", "fewer than the signatures that were demanded");
	}
	if (json_has(&v, "seal")) {
		out->seal = plan_get_object_id(&v, "seal");
	}
	json_obj_end(&v);
}

/* In the order of the table, none twice. Signatures alone are what is not stated, and only so. */
static unsigned read_channels(struct json_obj *p)
{
	struct json_arr list;
	size_t count = json_arr_get_opt(p, "channels", CHANNELS, &list);
	int last = -1;
	unsigned channels = 0;

	if (!json_has(p, "channels")) {
		return CHANNEL_BIT(CHANNEL_SIGNATURE);
	}
	for (size_t i = 0; i < count; i++) {
		enum channel channel = CHANNEL_SIGNATURE;

		if (!channel_find(json_arr_str(&list, i, 32), &channel) || (int)channel <= last) {
			json_obj_fail(p, "channels", "unknown, twice or out of order");
			return 0;
		}
		last = (int)channel;
		channels |= CHANNEL_BIT(channel);
	}
	if ((channels & CHANNELS_ATTESTED) == 0) {
		json_obj_fail(p, "channels", "names none but signatures");
	}
	return channels;
}

static const char **read_people(struct json_obj *p, const char *name)
{
	struct json_arr list;
	size_t count = json_arr_get(p, name, PEOPLE_MAX, &list);
	const char **people = plan_box_alloc(p, count, sizeof(*people));

	for (size_t i = 0; people != NULL && i < count; i++) {
		people[i] = json_arr_str(&list, i, NAME_MAX_BYTES);
		if (people[i][0] == '\0') {
			json_obj_fail(p, name, "empty name");
		}
	}
	return people;
}

static void read_policy(struct plan *plan, struct json_obj *o)
{
	struct plan_policy *policy = &plan->policy;
	struct json_obj p;

	if (!json_obj_get(o, "policy", &p)) {
		return;
	}
	plan_get_digest(&p, "approvers", &policy->approvers);
	policy->author_may_approve = json_bool(&p, "author_may_approve");
	policy->channels = read_channels(&p);
	policy->quiet = json_int_opt(&p, "quiet", 1, QUIET_MAX, 0);
	policy->required = json_int(&p, "required", 0, PEOPLE_MAX);
	policy->from = read_people(&p, "from");
	if (json_has(&p, "break_glass")) {
		policy->break_glass = read_people(&p, "break_glass");
		if (policy->break_glass != NULL && policy->break_glass[0] == NULL) {
			json_obj_fail(&p, "break_glass", "names nobody");
		}
	}
	json_obj_end(&p);
}

static void read_point(struct json_obj *o, const char *name, const char **commit, const char **tree)
{
	struct json_obj point;

	if (!json_has(o, name)) {
		json_obj_fail(o, name, "missing");
	}
	if (json_obj_get_opt(o, name, &point)) {
		*commit = plan_get_object_id(&point, "commit");
		*tree = plan_get_object_id(&point, "tree");
		json_obj_end(&point);
	}
}

static void read_restores(struct plan *plan, struct json_obj *o)
{
	struct hash hash;

	if (!json_has(o, "restores")) {
		return;
	}
	plan->restores = read_sorted(o, "restores", PLAN_MAX_RESTORES, &plan->restores_count);
	if (plan->restores_count == 0) {
		json_obj_fail(o, "restores", "names no plan");
	}
	for (size_t i = 0; i < plan->restores_count; i++) {
		if (!hash_parse(&hash, plan->restores[i])) {
			json_obj_fail(o, "restores", "is not a digest");
		}
	}
}

static void read_render(struct json_obj *o, struct plan_rendered *out)
{
	out->from = plan_get_text(o, "from", RESOURCE_MAX_BYTES);
	plan_get_digest(o, "input", &out->input);
	plan_get_digest(o, "object", &out->object);
	plan_get_digest(o, "program", &out->program);
	out->renderer = plan_get_text(o, "renderer", NAME_MAX_BYTES);
	if (json_has(o, "sealed")) {
		out->sealed = json_bool(o, "sealed");
		if (!out->sealed) {
			json_obj_fail(o, "sealed", "stands only where it is true");
		}
	}
	json_obj_end(o);
}

static void read_rendered(struct plan *plan, struct json_obj *o)
{
	struct json_arr list;
	size_t count = json_arr_get_opt(o, "rendered", PLAN_MAX_RENDERED, &list);

	if (!json_has(o, "rendered")) {
		return;
	}
	if (count == 0) {
		json_obj_fail(o, "rendered", "names nothing");
	}
	plan->rendered = plan_box_alloc(o, count, sizeof(*plan->rendered));
	for (size_t i = 0; plan->rendered != NULL && i < count; i++) {
		struct json_obj item;

		if (!json_arr_obj(&list, i, &item)) {
			return;
		}
		read_render(&item, &plan->rendered[i]);
		if (i > 0 && strcmp(plan->rendered[i - 1].from, plan->rendered[i].from) >= 0) {
			json_obj_fail(o, "rendered", "not sorted, or one stands twice");
		}
		plan->rendered_count = i + 1;
	}
}

/* Only what drifted, and what a trial had changed, is put back as others have approved it. */
static void read_trial(struct plan *plan, struct json_obj *o)
{
	bool tries = strcmp(plan->reason, "try") == 0;

	plan->until = json_int_opt(o, "until", 1, JSON_MAX_INT, 0);
	if (tries != (plan->until != 0)) {
		json_obj_fail(o, "until", "stands in a plan of reason 'try', and in no other");
	}
	if (plan->restores_count > 0 && strcmp(plan->reason, "drift") != 0 &&
	    strcmp(plan->reason, "return") != 0) {
		json_obj_fail(o, "restores", "stands only with the reasons 'drift' and 'return'");
	}
}

/* What a draft holds as well. */
static void read_work(struct plan_box *box, struct json_obj *o)
{
	struct plan *plan = &box->plan;

	plan_read_changes(box, o);
	plan_read_checks(box, o);
	plan_get_digest(o, "diff", &plan->diff);
	plan->diff_size = json_int(o, "diff_size", 0, JSON_MAX_INT);
	plan->on_failure = plan_get_name(o, "on_failure", failure_names);
	read_rendered(plan, o);
	read_restores(plan, o);
}

static void read_head(struct plan_box *box, struct json_obj *o)
{
	static const char *const types[] = {"plan", NULL};
	struct plan *plan = &box->plan;

	(void)json_enum(o, "type", types);
	(void)json_int(o, "v", 1, 1);
	plan->agent = plan_get_text(o, "agent", NAME_MAX_BYTES);
	plan->stack = plan_get_text(o, "stack", NAME_MAX_BYTES);
	plan->reason = plan_get_name(o, "reason", reason_names);
	plan->repository = plan_get_text(o, "repository", URL_MAX_BYTES);
	plan->ref = plan_get_text(o, "ref", PATH_MAX_BYTES);
	plan->path = plan_get_bytes(box, o, "path", PATH_MAX_BYTES);
	plan->resources = json_int_opt(o, "resources", 0, JSON_MAX_INT, -1);
	plan->seq = json_int(o, "seq", 1, JSON_MAX_INT);
	plan->created = json_int(o, "created", 0, JSON_MAX_INT);
	plan->expires = json_int(o, "expires", 0, JSON_MAX_INT);
	if (plan->expires < plan->created) {
		json_obj_fail(o, "expires", "before created");
	}
	plan->nonce = json_str(o, "nonce", 32);
	if (!plan_is_hex(plan->nonce, 32)) {
		json_obj_fail(o, "nonce", "not 32 hexadecimal digits");
	}
	read_point(o, "base", &plan->base_commit, &plan->base_tree);
	read_point(o, "target", &plan->target_commit, &plan->target_tree);
	if (plan->target_commit == NULL) {
		json_obj_fail(o, "target", "expected an object");
	}
	read_policy(plan, o);
	read_authors(plan, o);
	read_pushers(plan, o);
	read_commits(box, o);
	read_rewritten(box, o);
	read_trial(plan, o);
	read_verification(plan, o);
}

static int parse(struct plan **out, const void *bytes, size_t len, bool draft,
		 struct assent_error *err)
{
	struct plan_box *box;
	struct json_obj root;
	int rc;

	if (len > PLAN_MAX_SIZE) {
		return core_fail(err, ASSENT_ELIMIT, "plan larger than %zu bytes", PLAN_MAX_SIZE);
	}
	box = calloc(1, sizeof(*box));
	if (box == NULL) {
		return core_fail_memory(err);
	}
	rc = json_doc_parse(&box->doc, bytes, len, JSON_CANONICAL, err);
	if (rc == 0) {
		json_doc_root(box->doc, &root);
		read_work(box, &root);
		if (!draft) {
			read_head(box, &root);
		}
		json_obj_end(&root);
		rc = json_doc_status(box->doc, err);
	}
	if (rc != 0) {
		plan_box_free(box);
		return rc;
	}
	hash_bytes(&box->plan.digest, bytes, len);
	*out = &box->plan;
	return 0;
}

int plan_parse(struct plan **out, const void *bytes, size_t len, struct assent_error *err)
{
	return parse(out, bytes, len, false, err);
}

int plan_draft_parse(struct plan **out, const void *bytes, size_t len, struct assent_error *err)
{
	return parse(out, bytes, len, true, err);
}

int plan_verify(struct plan **out, const void *bytes, size_t len, const char *armor,
		size_t armor_len, const struct ssh_key *key, struct assent_error *err)
{
	struct sshsig sig;
	int rc = sshsig_parse(&sig, armor, armor_len, err);

	if (rc != 0) {
		return core_prefix(err, rc, "plan signature");
	}
	if (!ssh_key_equal(&sig.key, key)) {
		return core_fail(err, ASSENT_EUNTRUSTED,
				 "plan signature is not by the agent's plan key");
	}
	rc = sshsig_verify(&sig, SSHSIG_NS_PLAN, bytes, len, err);
	if (rc != 0) {
		return core_prefix(err, rc, "plan signature");
	}
	return plan_parse(out, bytes, len, err);
}
