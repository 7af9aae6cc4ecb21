/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the changes and checks of a plan. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan-read.h"

#define ID_MAX_BYTES (PATH_MAX_BYTES + 256)
#define CHECKS_MAX 100
#define MODE_MAX 07777
#define ID32_MAX INT64_C(4294967294) /* one more means "leave it" to chown() */
#define WORDS_MAX 1000
#define IDS_MAX 10000			   /* as many as a manifest declares */
#define WORD_MAX_BYTES ((size_t)128 << 10) /* the kernel takes no longer argument */
#define TIMEOUT_MAX 86400
#define OUTPUT_MAX ((int64_t)64 << 20)
#define BODY_MAX_BYTES 4096

const char *const plan_action_names[] = {"create",  "update", "replace", "remove",  "start", "stop",
					 "restart", "reload", "enable",	 "disable", "run",   NULL};
const char *const plan_risk_names[] = {"deletion", "secret", "root", "executable", "cluster", NULL};
const char *const state_type_names[] = {"absent",  "file",    "directory", "link",   "other",
					"package", "service", "command",   "object", NULL};

static bool is_beneath(const char *path, const char *root)
{
	size_t len = strlen(root);

	return strncmp(path, root, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/' || root[len - 1] == '/');
}

/* "ID:DIGITS"; the id is kept. */
static void read_keyed(struct plan_box *box, struct json_obj *s, struct plan_state *out)
{
	static const char hex[] = "0123456789abcdef";
	const char *text = json_str(s, "keyed", HASH_TEXT_SIZE + PLAN_KEY_ID_LENGTH);
	char digest[HASH_TEXT_SIZE + PLAN_KEY_ID_LENGTH];
	char *id;

	(void)snprintf(digest, sizeof(digest), "sha256:%s",
		       strlen(text) > PLAN_KEY_ID_LENGTH ? text + PLAN_KEY_ID_LENGTH + 1 : "");
	if (strspn(text, hex) != PLAN_KEY_ID_LENGTH || text[PLAN_KEY_ID_LENGTH] != ':' ||
	    !hash_parse(&out->digest, digest)) {
		json_obj_fail(s, "keyed", "not a keyed digest (ID:...)");
		return;
	}
	id = plan_box_alloc(s, PLAN_KEY_ID_LENGTH + 1, 1);
	if (id == NULL || !plan_box_keep(box, id)) {
		free(id);
		json_obj_fail(s, "keyed", "not enough memory");
		return;
	}
	memcpy(id, text, PLAN_KEY_ID_LENGTH);
	id[PLAN_KEY_ID_LENGTH] = '\0';
	out->keyed = id;
	out->size = 0;
	out->sealed = json_str_opt(s, "sealed", HASH_TEXT_SIZE);
	if (out->sealed != NULL && !hash_parse(&(struct hash){{0}}, out->sealed)) {
		json_obj_fail(s, "sealed", "not a digest (sha256:...)");
	}
}

static void read_state_file(struct plan_box *box, struct json_obj *s, struct plan_state *out)
{
	out->size = -1;
	if (out->type == STATE_FILE && json_has(s, "keyed")) {
		read_keyed(box, s, out);
		return;
	}
	if (out->type == STATE_FILE && json_has(s, "digest")) {
		plan_get_digest(s, "digest", &out->digest);
		out->size = json_int(s, "size", 0, JSON_MAX_INT);
	}
}

/* Of what is absent and of an object: the digest is not of a file. */
static void read_state_object(struct plan_box *box, struct json_obj *s, struct plan_state *out)
{
	if (out->type == STATE_OBJECT) {
		out->object_uid = plan_get_text_opt(s, "object_uid", NAME_MAX_BYTES);
		if (json_has(s, "keyed")) {
			read_keyed(box, s, out);
			return;
		}
	} else if (!json_has(s, "digest")) {
		return;
	}
	plan_get_digest(s, "digest", &out->digest);
	out->size = 0;
	out->dry_run = out->type == STATE_ABSENT;
}

static void read_state_package(struct json_obj *s, struct plan_state *out)
{
	struct hash archive;

	out->version = plan_get_text_opt(s, "version", NAME_MAX_BYTES);
	out->arch = plan_get_text_opt(s, "arch", NAME_MAX_BYTES);
	out->archive = json_str_opt(s, "archive", HASH_TEXT_SIZE);
	if (out->archive != NULL && !hash_parse(&archive, out->archive)) {
		json_obj_fail(s, "archive", "not a digest (sha256:...)");
	}
	out->download = json_int_opt(s, "download", 0, JSON_MAX_INT, -1);
	out->space = json_int_opt(s, "space", 0, JSON_MAX_INT, -1);
	out->held = json_has(s, "held") ? json_bool(s, "held") : -1;
}

static void read_state(struct plan_box *box, struct json_obj *change, const char *name,
		       struct plan_state *out)
{
	struct json_obj s;
	int type;

	*out = PLAN_STATE(STATE_ABSENT);
	if (!json_obj_get(change, name, &s)) {
		return;
	}
	type = json_enum(&s, "type", state_type_names);
	if (type < 0) {
		return;
	}
	out->type = (enum state_type)type;
	read_state_file(box, &s, out);
	if (out->type == STATE_LINK) {
		out->link = plan_get_bytes_opt(box, &s, "link", PATH_MAX_BYTES);
	}
	if (out->type == STATE_OBJECT || out->type == STATE_ABSENT) {
		read_state_object(box, &s, out);
	} else if (out->type == STATE_PACKAGE) {
		read_state_package(&s, out);
	} else if (out->type == STATE_SERVICE) {
		out->enabled = plan_get_text_opt(&s, "enabled", NAME_MAX_BYTES);
		out->running = plan_get_text_opt(&s, "running", NAME_MAX_BYTES);
	} else if (out->type != STATE_COMMAND) {
		struct hash xattrs;

		out->mode = json_int_opt(&s, "mode", 0, MODE_MAX, -1);
		out->uid = json_int_opt(&s, "uid", 0, ID32_MAX, -1);
		out->gid = json_int_opt(&s, "gid", 0, ID32_MAX, -1);
		out->owner = plan_get_bytes_opt(box, &s, "owner", NAME_MAX_BYTES);
		out->group = plan_get_bytes_opt(box, &s, "group", NAME_MAX_BYTES);
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

/* Ends with NULL; NULL when absent or after an error. */
static const char **read_words(struct plan_box *box, struct json_obj *o, const char *name,
			       size_t max)
{
	struct json_arr list;
	size_t count = json_has(o, name) ? json_arr_get(o, name, max, &list) : 0;
	const char **words;

	if (!json_has(o, name)) {
		return NULL;
	}
	words = plan_box_alloc(o, count, sizeof(*words));
	if (words == NULL || !plan_box_keep(box, words)) {
		free(words);
		json_obj_fail(o, name, "not enough memory");
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		words[i] = json_arr_str(&list, i, WORD_MAX_BYTES);
	}
	if (count == 0 || words[0] == NULL || words[0][0] == '\0') {
		json_obj_fail(o, name, "empty");
		return NULL;
	}
	return words;
}

/* NULL when absent. */
static const struct plan_exec *read_exec(struct plan_box *box, struct json_obj *o)
{
	struct plan_exec *exec;
	struct json_obj e;

	if (!json_has(o, "exec") || !json_obj_get(o, "exec", &e)) {
		return NULL;
	}
	exec = plan_box_alloc(o, 0, sizeof(*exec));
	if (exec == NULL || !plan_box_keep(box, exec)) {
		free(exec);
		json_obj_fail(o, "exec", "not enough memory");
		return NULL;
	}
	exec->run = read_words(box, &e, "run", WORDS_MAX);
	if (exec->run == NULL) {
		json_obj_fail(&e, "run", "missing");
	}
	exec->unless = read_words(box, &e, "unless", WORDS_MAX);
	exec->env = read_words(box, &e, "env", WORDS_MAX);
	for (size_t i = 0; exec->env != NULL && exec->env[i] != NULL; i++) {
		if (strchr(exec->env[i], '=') == NULL || exec->env[i][0] == '=') {
			json_obj_fail(&e, "env", "not NAME=value");
		}
	}
	exec->creates = plan_get_path(box, &e, "creates");
	exec->directory = plan_get_path(box, &e, "directory");
	exec->user = plan_get_text_opt(&e, "user", NAME_MAX_BYTES);
	exec->timeout = json_int(&e, "timeout", 1, TIMEOUT_MAX);
	exec->output = json_int(&e, "output", 0, OUTPUT_MAX);
	json_obj_end(&e);
	return exec;
}

/* The same, sorted and none twice. */
static const char **read_ids(struct plan_box *box, struct json_obj *o, const char *name)
{
	const char **ids = read_words(box, o, name, IDS_MAX);

	for (size_t i = 1; ids != NULL && ids[i] != NULL; i++) {
		if (strcmp(ids[i - 1], ids[i]) >= 0) {
			json_obj_fail(o, name, "not sorted, or one stands twice");
			return NULL;
		}
	}
	return ids;
}

static void read_order(struct plan_box *box, struct json_obj *o, struct plan_change *out)
{
	const char *const *need;

	out->needs = read_ids(box, o, "needs");
	out->because = read_ids(box, o, "because");
	need = out->needs;
	for (size_t i = 0; out->because != NULL && out->because[i] != NULL; i++) {
		while (need != NULL && *need != NULL && strcmp(*need, out->because[i]) < 0) {
			need++;
		}
		if (need == NULL || *need == NULL || strcmp(*need, out->because[i]) != 0) {
			json_obj_fail(o, "because", "not among what it needs");
			return;
		}
	}
}

char *plan_change_resource(const struct plan_change *change)
{
	const char *in_tree =
		change->root != NULL && strcmp(change->kind, "tree") == 0 ? change->root : NULL;
	const char *id = change->object != NULL && change->object->from != NULL
				 ? change->object->from
				 : change->id;
	size_t size = strlen("tree:") + strlen(in_tree != NULL ? in_tree : id) + 1;
	char *text = malloc(size);

	if (text != NULL) {
		(void)snprintf(text, size, "%s%s", in_tree != NULL ? "tree:" : "",
			       in_tree != NULL ? in_tree : id);
	}
	return text;
}

static void read_outside(struct json_obj *o, struct plan_change *out)
{
	struct json_obj outside;

	if (json_has(o, "outside") && json_obj_get(o, "outside", &outside)) {
		out->outside_commit = plan_get_object_id(&outside, "commit");
		out->outside_time = json_int(&outside, "time", 0, JSON_MAX_INT);
		json_obj_end(&outside);
	}
}

/* The managers of a kind; NULL: it has none. */
static const char *const *managers_of(const char *kind)
{
	static const char *const packages[] = {"apt", "dnf", "zypper", NULL};
	static const char *const services[] = {"system", "user", NULL};

	if (strcmp(kind, "package") == 0) {
		return packages;
	}
	return strcmp(kind, "service") == 0 ? services : NULL;
}

/* Of other kinds it is left unread, which json_obj_end() refuses. */
static const char *read_manager(struct json_obj *o, const char *kind)
{
	const char *const *managers = managers_of(kind);

	return managers != NULL && json_has(o, "manager") ? plan_get_name(o, "manager", managers)
							  : NULL;
}

/* What belongs to one kind alone. */
static void check_kind(struct json_obj *o, const struct plan_change *c)
{
	bool managed = managers_of(c->kind) != NULL;

	if (managed && c->manager == NULL) {
		json_obj_fail(o, "manager", "missing");
	}
	if ((strcmp(c->kind, "command") == 0) != (c->exec != NULL)) {
		json_obj_fail(o, "exec", "belongs to commands, which need it");
	}
	if (c->path != NULL && (managed || c->exec != NULL)) {
		json_obj_fail(o, "path", "belongs to kinds that are paths");
	}
	if (c->implied && strcmp(c->kind, "package") != 0) {
		json_obj_fail(o, "implied", "belongs to packages");
	}
	if ((strcmp(c->kind, "kubernetes") == 0) != (c->object != NULL)) {
		json_obj_fail(o, "object", "belongs to Kubernetes, which needs it");
	}
	plan_check_object(o, c);
}

/* A secret is one on both sides, and people are told. */
static void check_secret(struct json_obj *o, const struct plan_change *c)
{
	const struct plan_state *was = &c->observed, *will = &c->desired;

	if (!PLAN_CHANGE_IS_SECRET(c)) {
		return;
	}
	if ((was->type == STATE_FILE && was->keyed == NULL) ||
	    (will->type == STATE_FILE && will->size >= 0 && will->keyed == NULL)) {
		json_obj_fail(o, "desired", "a secret on one side only");
	}
	if ((c->risk & RISK_SECRET) == 0) {
		json_obj_fail(o, "risk", "a secret is not named as one");
	}
}

static void read_change(struct plan_box *box, struct json_obj *o, struct plan_change *out)
{
	int action = json_enum(o, "action", plan_action_names);

	out->action = action >= 0 ? (enum plan_action)action : ACTION_CREATE;
	out->id = plan_get_bytes(box, o, "id", ID_MAX_BYTES);
	if (out->id[0] == '\0') {
		json_obj_fail(o, "id", "empty");
	}
	out->kind = plan_get_text(o, "kind", 32);
	out->path = plan_get_path(box, o, "path");
	out->root = plan_get_path(box, o, "root");
	if (out->root != NULL && (out->path == NULL || !is_beneath(out->path, out->root))) {
		json_obj_fail(o, "path", "not beneath root");
	}
	out->renamed_from = plan_get_bytes_opt(box, o, "renamed_from", PATH_MAX_BYTES);
	out->risk = read_risk(o);
	read_state(box, o, "observed", &out->observed);
	read_state(box, o, "desired", &out->desired);
	plan_get_digest(o, "diff", &out->diff);
	out->diff_size = json_int(o, "diff_size", 0, JSON_MAX_INT);
	out->manager = strcmp(out->kind, "kubernetes") == 0
			       ? plan_get_text(o, "manager", NAME_MAX_BYTES)
			       : read_manager(o, out->kind);
	out->exec = read_exec(box, o);
	out->object = plan_read_object(box, o);
	out->implied = json_bool_opt(o, "implied", false);
	if (!out->implied && json_has(o, "implied")) {
		json_obj_fail(o, "implied", "left out unless it is true");
	}
	read_order(box, o, out);
	read_outside(o, out);
	check_kind(o, out);
	check_secret(o, out);
	json_obj_end(o);
}

void plan_read_changes(struct plan_box *box, struct json_obj *o)
{
	struct json_arr list;
	size_t count = json_arr_get(o, "changes", PLAN_MAX_CHANGES, &list);
	struct plan *plan = &box->plan;

	plan->changes = plan_box_alloc(o, count, sizeof(*plan->changes));
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

/* What belongs to one kind of check alone. */
static void check_check(struct json_obj *o, const struct plan_check *check)
{
	bool http = strcmp(check->kind, "http") == 0;

	if ((strcmp(check->kind, "command") == 0) != (check->exec != NULL)) {
		json_obj_fail(o, "exec", "belongs to commands, which need it");
	}
	if (!http && (check->status != 0 || check->body != NULL || check->ca != NULL)) {
		json_obj_fail(o, "kind", "status, body and ca belong to http");
	}
}

static void read_check(struct plan_box *box, struct json_obj *o, struct plan_check *out)
{
	out->kind = plan_get_text(o, "kind", 32);
	out->target = plan_get_text(o, "target", URL_MAX_BYTES);
	out->within = json_int(o, "within", 0, 86400);
	out->interval = json_int_opt(o, "interval", 1, 86400, 0);
	out->successes = json_int_opt(o, "successes", 1, 1000, 0);
	out->status = json_int_opt(o, "status", 100, 599, 0);
	out->body = json_str_opt(o, "body", BODY_MAX_BYTES);
	out->ca = plan_get_path(box, o, "ca");
	out->exec = read_exec(box, o);
	out->manager = read_manager(o, out->kind);
	check_check(o, out);
	json_obj_end(o);
}

void plan_read_checks(struct plan_box *box, struct json_obj *o)
{
	struct json_arr list;
	size_t count = json_arr_get(o, "checks", CHECKS_MAX, &list);
	struct plan *plan = &box->plan;

	plan->checks = plan_box_alloc(o, count, sizeof(*plan->checks));
	if (plan->checks == NULL) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct json_obj check;

		if (!json_arr_obj(&list, i, &check)) {
			return;
		}
		read_check(box, &check, &plan->checks[i]);
	}
	plan->checks_count = count;
}

static bool text_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool plan_content_equal(const struct plan_state *a, const struct plan_state *b)
{
	return a->size == b->size && text_equal(a->keyed, b->keyed) &&
	       hash_equal(&a->digest, &b->digest);
}

bool plan_state_equal(const struct plan_state *a, const struct plan_state *b)
{
	if (a->type != b->type) {
		return false;
	}
	if (a->type == STATE_ABSENT || a->type == STATE_OBJECT) {
		return plan_object_state_equal(a, b);
	}
	if (a->type == STATE_FILE && !plan_content_equal(a, b)) {
		return false;
	}
	if (a->type == STATE_LINK && !text_equal(a->link, b->link)) {
		return false;
	}
	if (a->type == STATE_PACKAGE) {
		return text_equal(a->version, b->version) && text_equal(a->arch, b->arch) &&
		       a->held == b->held;
	}
	if (a->type == STATE_SERVICE) {
		return text_equal(a->enabled, b->enabled) && text_equal(a->running, b->running);
	}
	/* owner and group are the names of uid and gid, for reading only */
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       text_equal(a->xattrs, b->xattrs);
}
