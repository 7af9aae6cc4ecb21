/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and verifying the plan document. */
#include "core/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/text.h"

#define NAME_MAX_BYTES 255
#define PATH_MAX_BYTES 4096
#define ID_MAX_BYTES (PATH_MAX_BYTES + 256)
#define URL_MAX_BYTES 4096
#define COMMITS_MAX 100
#define CHECKS_MAX 100
#define PEOPLE_MAX 1000
#define MODE_MAX 07777
#define QUIET_MAX (INT64_C(366) * 86400)
#define ID32_MAX INT64_C(4294967294) /* one more means "leave it" to chown() */

const char *const plan_action_names[] = {"create",  "update", "replace", "remove",  "start", "stop",
					 "restart", "reload", "enable",	 "disable", "run",   NULL};
const char *const plan_risk_names[] = {"deletion", "secret", "root", "executable", "cluster", NULL};
const char *const state_type_names[] = {"absent", "file", "directory", "link", "other", NULL};
static const char *const reason_names[] = {"commit", "drift", "rollback", "try", NULL};
static const char *const failure_names[] = {"rollback", "stop", NULL};
static const char *const verdicts[] = {"none", "good", "bad", "unknown", NULL};

/* The plan as it is given away stands first; the rest keeps its strings alive. */
struct plan_box {
	struct plan plan;
	struct json_doc *doc;
	char **texts; /* decoded from base64 */
	size_t texts_count, texts_size;
};

static void box_free(struct plan_box *box)
{
	for (size_t i = 0; i < box->texts_count; i++) {
		free(box->texts[i]);
	}
	free(box->texts);
	free(box->plan.policy.from);
	free(box->plan.policy.break_glass);
	free(box->plan.authors);
	free(box->plan.pushers);
	free(box->plan.commits);
	free(box->plan.rewritten.commits);
	free(box->plan.checks);
	free(box->plan.changes);
	json_doc_free(box->doc);
	free(box);
}

void plan_free(struct plan *plan)
{
	if (plan != NULL) {
		box_free((struct plan_box *)plan);
	}
}

static void *box_alloc(struct json_obj *o, size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (memory == NULL) {
		json_obj_fail(o, NULL, "not enough memory");
	}
	return memory;
}

static bool box_keep(struct plan_box *box, char *text)
{
	if (box->texts_count == box->texts_size) {
		size_t size = box->texts_size != 0 ? box->texts_size * 2 : 64;
		char **texts = realloc(box->texts, size * sizeof(*texts));

		if (texts == NULL) {
			return false;
		}
		box->texts = texts;
		box->texts_size = size;
	}
	box->texts[box->texts_count++] = text;
	return true;
}

/* NAME or NAME_b64 as a C string; "" after an error. */
static const char *get_bytes(struct plan_box *box, struct json_obj *o, const char *name, size_t max)
{
	size_t len;
	char *text = json_bytes_dup(o, name, max, &len);

	if (text == NULL) {
		return "";
	}
	if (strlen(text) != len) {
		json_obj_fail(o, name, "contains a NUL byte");
		free(text);
		return "";
	}
	if (!box_keep(box, text)) {
		json_obj_fail(o, name, "not enough memory");
		free(text);
		return "";
	}
	return text;
}

static bool has_bytes(const struct json_obj *o, const char *name)
{
	char longer[64];

	if (json_has(o, name)) {
		return true;
	}
	(void)snprintf(longer, sizeof(longer), "%s_b64", name);
	return json_has(o, longer);
}

static const char *get_bytes_opt(struct plan_box *box, struct json_obj *o, const char *name,
				 size_t max)
{
	return has_bytes(o, name) ? get_bytes(box, o, name, max) : NULL;
}

static const char *get_text(struct json_obj *o, const char *name, size_t max)
{
	const char *text = json_str(o, name, max);

	if (text[0] == '\0') {
		json_obj_fail(o, name, "empty");
	} else if (!text_is_plain(text, strlen(text))) {
		json_obj_fail(o, name, "contains control characters");
	}
	return text;
}

static const char *get_name(struct json_obj *o, const char *name, const char *const *names)
{
	int i = json_enum(o, name, names);

	return i >= 0 ? names[i] : "";
}

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static const char *get_object_id(struct json_obj *o, const char *name)
{
	const char *id = json_str(o, name, 64);

	if (!is_hex(id, 40) && !is_hex(id, 64)) {
		json_obj_fail(o, name, "not a Git object id");
	}
	return id;
}

static void get_digest(struct json_obj *o, const char *name, struct hash *out)
{
	if (!hash_parse(out, json_str(o, name, HASH_TEXT_SIZE))) {
		json_obj_fail(o, name, "not a digest (sha256:...)");
	}
}

/* Absolute, and no component that is empty, "." or "..". */
static bool path_is_clean(const char *path)
{
	size_t len;

	if (path[0] != '/') {
		return false;
	}
	if (path[1] == '\0') {
		return true;
	}
	while (*path == '/') {
		path++;
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.')) {
			return false;
		}
		path += len;
	}
	return true;
}

static const char *get_path(struct plan_box *box, struct json_obj *o, const char *name)
{
	const char *path = get_bytes_opt(box, o, name, PATH_MAX_BYTES);

	if (path != NULL && !path_is_clean(path)) {
		json_obj_fail(o, name, "not a clean absolute path");
	}
	return path;
}

static bool is_beneath(const char *path, const char *root)
{
	size_t len = strlen(root);

	return strncmp(path, root, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/' || root[len - 1] == '/');
}

static void read_state_file(struct json_obj *s, struct plan_state *out)
{
	out->size = -1;
	if (out->type == STATE_FILE && json_has(s, "digest")) {
		get_digest(s, "digest", &out->digest);
		out->size = json_int(s, "size", 0, JSON_MAX_INT);
	}
}

static void read_state(struct plan_box *box, struct json_obj *change, const char *name,
		       struct plan_state *out)
{
	struct json_obj s;
	int type;

	*out = (struct plan_state){.size = -1, .mode = -1, .uid = -1, .gid = -1};
	if (!json_obj_get(change, name, &s)) {
		return;
	}
	type = json_enum(&s, "type", state_type_names);
	if (type < 0) {
		return;
	}
	out->type = (enum state_type)type;
	read_state_file(&s, out);
	if (out->type == STATE_LINK) {
		out->link = get_bytes_opt(box, &s, "link", PATH_MAX_BYTES);
	}
	if (out->type != STATE_ABSENT) {
		struct hash xattrs;

		out->mode = json_int_opt(&s, "mode", 0, MODE_MAX, -1);
		out->uid = json_int_opt(&s, "uid", 0, ID32_MAX, -1);
		out->gid = json_int_opt(&s, "gid", 0, ID32_MAX, -1);
		out->owner = get_bytes_opt(box, &s, "owner", NAME_MAX_BYTES);
		out->group = get_bytes_opt(box, &s, "group", NAME_MAX_BYTES);
		out->xattrs = json_str_opt(&s, "xattrs", HASH_TEXT_SIZE);
		if (out->xattrs != NULL && !hash_parse(&xattrs, out->xattrs)) {
			json_obj_fail(&s, "xattrs", "not a digest (sha256:...)");
		}
	}
	json_obj_end(&s);
}

static unsigned read_risk(struct json_obj *change)
{
	struct json_arr list;
	size_t count = json_arr_get(change, "risk", 8, &list);
	int last = -1;
	unsigned risk = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = json_arr_str(&list, i, 32);
		int bit = 0;

		while (plan_risk_names[bit] != NULL && strcmp(plan_risk_names[bit], name) != 0) {
			bit++;
		}
		if (plan_risk_names[bit] == NULL || bit <= last) {
			json_obj_fail(change, "risk", "unknown, twice or out of order");
			return 0;
		}
		last = bit;
		risk |= 1U << bit;
	}
	return risk;
}

static void read_change(struct plan_box *box, struct json_obj *o, struct plan_change *out)
{
	int action = json_enum(o, "action", plan_action_names);

	out->action = action >= 0 ? (enum plan_action)action : ACTION_CREATE;
	out->id = get_bytes(box, o, "id", ID_MAX_BYTES);
	if (out->id[0] == '\0') {
		json_obj_fail(o, "id", "empty");
	}
	out->kind = get_text(o, "kind", 32);
	out->path = get_path(box, o, "path");
	out->root = get_path(box, o, "root");
	if (out->root != NULL && (out->path == NULL || !is_beneath(out->path, out->root))) {
		json_obj_fail(o, "path", "not beneath root");
	}
	out->renamed_from = get_bytes_opt(box, o, "renamed_from", PATH_MAX_BYTES);
	out->risk = read_risk(o);
	read_state(box, o, "observed", &out->observed);
	read_state(box, o, "desired", &out->desired);
	get_digest(o, "diff", &out->diff);
	out->diff_size = json_int(o, "diff_size", 0, JSON_MAX_INT);
	json_obj_end(o);
}

static void read_changes(struct plan_box *box, struct json_obj *o)
{
	struct json_arr list;
	size_t count = json_arr_get(o, "changes", PLAN_MAX_CHANGES, &list);
	struct plan *plan = &box->plan;

	plan->changes = box_alloc(o, count, sizeof(*plan->changes));
	if (plan->changes == NULL) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct json_obj change;

		if (!json_arr_obj(&list, i, &change)) {
			return;
		}
		read_change(box, &change, &plan->changes[i]);
	}
	plan->changes_count = count;
}

static void read_checks(struct plan_box *box, struct json_obj *o)
{
	struct json_arr list;
	size_t count = json_arr_get(o, "checks", CHECKS_MAX, &list);
	struct plan *plan = &box->plan;

	plan->checks = box_alloc(o, count, sizeof(*plan->checks));
	if (plan->checks == NULL) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct json_obj check;

		if (!json_arr_obj(&list, i, &check)) {
			return;
		}
		plan->checks[i].kind = get_text(&check, "kind", 32);
		plan->checks[i].target = get_text(&check, "target", URL_MAX_BYTES);
		plan->checks[i].within = json_int(&check, "within", 0, 86400);
		json_obj_end(&check);
	}
	plan->checks_count = count;
}

/* A sorted list of texts; NULL after an error. */
static const char **read_sorted(struct json_obj *o, const char *name, size_t max, size_t *out)
{
	struct json_arr list;
	size_t count = json_arr_get(o, name, max, &list);
	const char **texts = box_alloc(o, count, sizeof(*texts));

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
	out->id = get_object_id(o, "id");
	out->author_name = get_bytes(box, o, "author_name", 1024);
	out->author_email = get_bytes(box, o, "author_email", 1024);
	out->committer_name = get_bytes(box, o, "committer_name", 1024);
	out->committer_email = get_bytes(box, o, "committer_email", 1024);
	out->subject = get_bytes(box, o, "subject", 4096);
	out->time = json_int(o, "time", -JSON_MAX_INT, JSON_MAX_INT);
	out->signature = get_name(o, "signature", verdicts);
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

	*out = box_alloc(o, count, sizeof(**out));
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
	out->person = get_text(&r, "person", NAME_MAX_BYTES);
	out->reason = get_text(&r, "reason", STATEMENT_REASON_MAX);
	out->total = json_int_opt(&r, "total", 0, JSON_MAX_INT, -1);
	if ((uint64_t)(out->total > 0 ? out->total : 0) < out->commits_count) {
		json_obj_fail(&r, "total", "less than the commits listed");
	}
	json_obj_end(&r);
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
	const char **people = box_alloc(p, count, sizeof(*people));

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
	get_digest(&p, "approvers", &policy->approvers);
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
		*commit = get_object_id(&point, "commit");
		*tree = get_object_id(&point, "tree");
		json_obj_end(&point);
	}
}

/* What a draft holds as well. */
static void read_work(struct plan_box *box, struct json_obj *o)
{
	struct plan *plan = &box->plan;

	read_changes(box, o);
	read_checks(box, o);
	get_digest(o, "diff", &plan->diff);
	plan->diff_size = json_int(o, "diff_size", 0, JSON_MAX_INT);
	plan->on_failure = get_name(o, "on_failure", failure_names);
}

static void read_head(struct plan_box *box, struct json_obj *o)
{
	static const char *const types[] = {"plan", NULL};
	struct plan *plan = &box->plan;

	(void)json_enum(o, "type", types);
	(void)json_int(o, "v", 1, 1);
	plan->agent = get_text(o, "agent", NAME_MAX_BYTES);
	plan->stack = get_text(o, "stack", NAME_MAX_BYTES);
	plan->reason = get_name(o, "reason", reason_names);
	plan->repository = get_text(o, "repository", URL_MAX_BYTES);
	plan->ref = get_text(o, "ref", PATH_MAX_BYTES);
	plan->path = get_bytes(box, o, "path", PATH_MAX_BYTES);
	plan->resources = json_int_opt(o, "resources", 0, JSON_MAX_INT, -1);
	plan->seq = json_int(o, "seq", 1, JSON_MAX_INT);
	plan->created = json_int(o, "created", 0, JSON_MAX_INT);
	plan->expires = json_int(o, "expires", 0, JSON_MAX_INT);
	if (plan->expires < plan->created) {
		json_obj_fail(o, "expires", "before created");
	}
	plan->nonce = json_str(o, "nonce", 32);
	if (!is_hex(plan->nonce, 32)) {
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
		box_free(box);
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

static bool text_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool plan_state_equal(const struct plan_state *a, const struct plan_state *b)
{
	if (a->type != b->type) {
		return false;
	}
	if (a->type == STATE_ABSENT) {
		return true;
	}
	if (a->type == STATE_FILE && (a->size != b->size || !hash_equal(&a->digest, &b->digest))) {
		return false;
	}
	if (a->type == STATE_LINK && !text_equal(a->link, b->link)) {
		return false;
	}
	/* owner and group are the names of uid and gid, for reading only */
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       text_equal(a->xattrs, b->xattrs);
}
