/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of changes, their risks, their diff, and the draft. */
#include "worker/plan.h"

#include <string.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/objects.h"
#include "worker/target/kubernetes-diff.h"

/* What it belongs to afterwards, as far as one can tell. */
static int64_t owner_after(const struct plan_change *c, uid_t maker)
{
	if (c->desired.type == STATE_ABSENT) {
		return -1;
	}
	if (c->desired.uid >= 0) {
		return c->desired.uid;
	}
	return c->action == ACTION_UPDATE ? c->observed.uid : (int64_t)maker;
}

static unsigned risk_of(const struct plan_change *c, uid_t maker)
{
	const struct plan_state *d = &c->desired;
	int64_t mode = d->mode >= 0 ? d->mode : c->observed.mode;
	unsigned risk = 0;

	if (c->action == ACTION_REMOVE || c->action == ACTION_REPLACE) {
		risk |= RISK_DELETION;
	}
	if (c->observed.uid == 0 || owner_after(c, maker) == 0) {
		risk |= RISK_ROOT;
	}
	if (d->type == STATE_FILE && mode > 0 && (mode & 0111) != 0) {
		risk |= RISK_EXECUTABLE;
	}
	if (PLAN_CHANGE_IS_SECRET(c)) {
		risk |= RISK_SECRET;
	}
	return risk;
}

/* The first path at which the same content goes. */
static void find_renames(GPtrArray *items)
{
	g_autoptr(GHashTable) gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	char digest[HASH_TEXT_SIZE];

	for (guint i = 0; i < items->len; i++) {
		const struct plan_item *item = items->pdata[i];

		if (item->change.action == ACTION_REMOVE && item->change.path != NULL &&
		    item->change.observed.type == STATE_FILE && item->change.observed.size > 0) {
			hash_text(digest, &item->change.observed.digest);
			g_hash_table_insert(gone, g_strdup(digest), (gpointer)item->change.path);
		}
	}
	for (guint i = 0; i < items->len; i++) {
		struct plan_item *item = items->pdata[i];

		if (item->change.action == ACTION_CREATE &&
		    item->change.desired.type == STATE_FILE) {
			hash_text(digest, &item->change.desired.digest);
			item->change.renamed_from = g_hash_table_lookup(gone, digest);
		}
	}
}

/* One side of the diff; bytes are owned. */
struct side {
	char *bytes;
	size_t len;
};

static bool load_old(struct planner *p, const struct plan_change *c, struct side *out,
		     GError **error)
{
	struct hash have;

	*out = (struct side){NULL, 0};
	if (c->observed.type == STATE_LINK) {
		out->bytes = g_strdup(c->observed.link);
		out->len = strlen(out->bytes);
		return true;
	}
	if (c->observed.type != STATE_FILE) {
		out->bytes = g_strdup("");
		return true;
	}
	if (c->observed.keyed != NULL || c->observed.size > (int64_t)DIFF_MAX_CONTENT) {
		return true;
	}
	if (!observe_read(p->observer, c->root, c->path, DIFF_MAX_CONTENT, &out->bytes, &out->len,
			  error)) {
		return false;
	}
	hash_bytes(&have, out->bytes, out->len);
	return hash_equal(&have, &c->observed.digest) ||
	       fail(error, BASE_ERROR, BASE_ERROR_FAILED,
		    "'%s' changes while the plan is made; try again", c->path);
}

/* What is wanted goes into the object store on the way. */
static bool load_new(struct planner *p, struct plan_item *item, struct side *out, GError **error)
{
	const struct plan_state *desired = &item->change.desired;
	struct hash digest;

	*out = (struct side){NULL, 0};
	if (desired->type == STATE_LINK && desired->link != NULL) {
		out->bytes = g_strdup(desired->link);
		out->len = strlen(out->bytes);
		return true;
	}
	if (desired->type != STATE_FILE || desired->size < 0) {
		out->bytes = g_strdup("");
		return true;
	}
	if (desired->keyed != NULL) {
		return plan_secret_store(p, item, error);
	}
	if (!plan_content(p, item->want, &out->bytes, &out->len, error) ||
	    !objects_store_unsynced(p->objects, out->bytes, out->len, &digest, error)) {
		return false;
	}
	if (!hash_equal(&digest, &desired->digest)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "the cache of digests is wrong about '%s'; delete it",
			    item->change.path);
	}
	return true;
}

static bool write_section(struct planner *p, struct differ *d, struct plan_item *item, GString *out,
			  GError **error)
{
	struct plan_change *c = &item->change;
	struct side old = {NULL, 0}, new = {NULL, 0};
	size_t start = out->len;
	bool ok = load_old(p, c, &old, error) && load_new(p, item, &new, error);

	if (ok) {
		bool large = new.len > DIFF_MAX_CONTENT;
		struct diff_content a = {old.bytes, old.len};
		struct diff_content b = {large ? NULL : new.bytes, large ? 0 : new.len};

		if (c->object != NULL) {
			kubernetes_diff_write(out, c);
		} else {
			ok = target_find(c->kind)->diff(d, out, c, &a, &b, error);
		}
	}
	if (ok && item->remark != NULL) {
		g_string_append_printf(out, " %s\n", item->remark);
	}
	if (ok) {
		c->diff_size = (int64_t)(out->len - start);
		hash_bytes(&c->diff, out->str + start, out->len - start);
	}
	g_free(old.bytes);
	g_free(new.bytes);
	return ok;
}

static bool write_diff(struct planner *p, GPtrArray *items, GString *out, GError **error)
{
	g_autoptr(differ_auto) d = NULL;

	if (items->len > 0) {
		d = differ_new(DIFF_MAX_PLAN);
	}
	for (guint i = 0; i < items->len; i++) {
		struct plan_item *item = items->pdata[i];

		if (job_stopped(p->job)) {
			return fail(error, JOB_ERROR, JOB_ERROR_INTERRUPTED, "asked to stop");
		}
		item->change.risk |= item->change.path == NULL
					     ? 0
					     : risk_of(&item->change, p->for_root ? 0 : geteuid());
		if (!write_section(p, d, item, out, error)) {
			return false;
		}
		if ((i + 1) % 500 == 0) {
			job_progress(p->job, "compared", i + 1, items->len);
		}
	}
	return true;
}

static void write_summary(struct planner *p, const struct plan *plan)
{
	/* In the order of their names. */
	static const enum plan_action shown[] = {ACTION_CREATE,	 ACTION_DISABLE, ACTION_ENABLE,
						 ACTION_RELOAD,	 ACTION_REMOVE,	 ACTION_REPLACE,
						 ACTION_RESTART, ACTION_RUN,	 ACTION_START,
						 ACTION_STOP,	 ACTION_UPDATE};
	struct json_writer *w = job_result(p->job);
	int64_t counts[ACTION_RUN + 1] = {0};
	int64_t deletions = 0;

	for (size_t i = 0; i < plan->changes_count; i++) {
		counts[plan->changes[i].action]++;
		deletions += (plan->changes[i].risk & RISK_DELETION) != 0;
	}
	json_w_int(w, "changes", (int64_t)plan->changes_count);
	json_w_int(w, "deletions", deletions);
	json_w_object(w, "summary");
	for (size_t i = 0; i < G_N_ELEMENTS(shown); i++) {
		if (counts[shown[i]] > 0) {
			json_w_int(w, plan_action_names[shown[i]], counts[shown[i]]);
		}
	}
	json_w_end(w);
}

static bool write_draft(struct planner *p, struct plan *plan, GError **error)
{
	struct assent_error problem = {0};
	autocfree char *text = NULL;
	size_t len;

	if (plan_draft_write(&text, &len, plan, &problem) != 0) {
		return fail_core(error, &problem, "cannot write the plan");
	}
	if (len > PLAN_MAX_SIZE) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "the plan is larger than %zu bytes", PLAN_MAX_SIZE);
	}
	/* The caller reads it at once; what it makes of it is synced by itself. */
	return file_replace_unsynced(p->out, text, len, 0600, error);
}

/* Before anybody hears of a plan. Where there is none, nobody asks for its diff. */
static bool keep_objects(struct planner *p, GPtrArray *items, GString *diff, struct hash *digest,
			 GError **error)
{
	if (items->len == 0) {
		hash_bytes(digest, diff->str, diff->len);
		return true;
	}
	return objects_store_unsynced(p->objects, diff->str, diff->len, digest, error) &&
	       objects_sync(p->objects, error);
}

struct plan_check *plan_checks(struct planner *p)
{
	struct plan_check *checks = g_new0(struct plan_check, p->desired->checks->len + 1);

	g_ptr_array_add(p->kept, checks);
	for (guint i = 0; i < p->desired->checks->len; i++) {
		const struct desired_check *check = p->desired->checks->pdata[i];

		checks[i].kind = desired_check_name(check->kind);
		checks[i].target = check->target;
		checks[i].within = check->within;
		checks[i].interval = check->interval;
		checks[i].successes = check->successes;
		checks[i].status = check->status;
		checks[i].body = check->body;
		checks[i].ca = check->ca;
		checks[i].exec = plan_exec(p, check->exec);
		if (check->kind == DESIRED_CHECK_SERVICE) {
			checks[i].manager = desired_scope_name(check->user_scope);
		}
	}
	return checks;
}

bool plan_draft(struct planner *p, GPtrArray *items, GError **error)
{
	g_autoptr(GString) diff = g_string_new(NULL);
	g_autofree struct plan_change *changes = g_new0(struct plan_change, items->len + 1);
	struct plan plan = {.changes = changes,
			    .changes_count = items->len,
			    .checks = plan_checks(p),
			    .restores = p->restores,
			    .restores_count = p->restores_count};

	plan.rendered = plan_rendered(p, &plan.rendered_count);
	find_renames(items);
	if (!write_diff(p, items, diff, error) ||
	    !keep_objects(p, items, diff, &plan.diff, error)) {
		return false;
	}
	for (guint i = 0; i < items->len; i++) {
		changes[i] = ((const struct plan_item *)items->pdata[i])->change;
	}
	plan.checks_count = p->desired->checks->len;
	plan.diff_size = (int64_t)diff->len;
	plan.on_failure = p->desired->on_failure;
	write_summary(p, &plan);
	return write_draft(p, &plan, error);
}
