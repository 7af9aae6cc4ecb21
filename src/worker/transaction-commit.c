/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of the commit: what needs what, and what acts have changed. */
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "worker/target/path.h"
#include "worker/transaction-inside.h"

/* One run over the steps. */
struct committing {
	struct transaction *t;
	struct journal *journal;
	const struct transaction_hooks *hooks;
	bool stop; /* what a failure does */
	bool io;   /* the journal cannot be written: all must go back */
	bool checked;
	guint group_end;   /* of what is one act */
	GHashTable *ids;   /* of resources of which something failed or was left out */
	GHashTable *paths; /* where that was, */
	GHashTable *above; /* and all folders above */
};

static void note_failed(struct committing *c, const struct step *step)
{
	autocfree char *id = plan_change_resource(step->change);
	g_autofree char *folder = g_strdup(step->change->path);
	char *slash;

	g_hash_table_add(c->ids, g_strdup(id));
	if (folder == NULL) {
		return;
	}
	g_hash_table_add(c->paths, (gpointer)step->change->path);
	while ((slash = strrchr(folder, '/')) != NULL && slash != folder) {
		*slash = '\0';
		if (!g_hash_table_add(c->above, g_strdup(folder))) {
			break;
		}
	}
}

static bool needs_failed(const struct committing *c, const struct step *step)
{
	g_autofree char *folder = NULL;
	char *slash;

	for (const char *const *id = step->change->needs; id != NULL && *id != NULL; id++) {
		if (g_hash_table_contains(c->ids, *id)) {
			return true;
		}
	}
	if (step->change->path == NULL || g_hash_table_size(c->paths) == 0) {
		return false;
	}
	if (g_hash_table_contains(c->above, step->change->path)) {
		return true;
	}
	folder = g_strdup(step->change->path);
	while (!g_hash_table_contains(c->paths, folder)) {
		slash = strrchr(folder, '/');
		if (slash == NULL || slash == folder) {
			return false;
		}
		*slash = '\0';
	}
	return true;
}

/* Some of what is one act needs a step that failed. */
static bool group_needs_failed(const struct committing *c, guint i)
{
	guint count = act_group(c->t, i);

	for (guint k = i; k < i + count; k++) {
		if (needs_failed(c, transaction_step(c->t, k))) {
			return true;
		}
	}
	return false;
}

static void leave_out(struct committing *c, struct step *step)
{
	g_free(step->message);
	step->message = g_strdup("left out: a step that it needs has failed");
	step->outcome = STEP_LEFT;
	note_failed(c, step);
}

static void fail_step(struct committing *c, struct step *step, const GError *problem)
{
	bool go_on = c->stop && !c->io;

	step->outcome = STEP_FAILED;
	transaction_set_message(step, problem);
	transaction_set_result(c->t, go_on ? TRANSACTION_FAILED : TRANSACTION_ROLLED_BACK,
			       step->cause != NULL ? step->cause : problem->message);
	note_failed(c, step);
}

/* Before the first act, whose undoing is the costliest: nothing else must be wrong by then. */
static bool check_rest(struct committing *c, guint from)
{
	for (guint i = from; i < c->t->steps->len; i++) {
		struct step *step = transaction_step(c->t, i);
		g_autoptr(GError) problem = NULL;
		bool still = false;

		if (step->ops->acts || step->outcome != STEP_LEFT) {
			continue;
		}
		if (path_is_still(&c->t->run, step, &still, &problem) && !still) {
			fail(&problem, TARGET_ERROR, TARGET_ERROR_CHANGED,
			     "'%s': is not what it was a moment ago", step->change->path);
		}
		if (problem != NULL) {
			fail_step(c, step, problem);
			if (!c->stop) {
				return false;
			}
		}
	}
	return true;
}

/* An act came between: what is at the step's path now? */
static bool look_again(struct committing *c, guint i, GError **error)
{
	struct transaction *t = c->t;
	struct step *step = transaction_step(t, i);
	enum path_look look;
	struct observed now;

	if (!path_look(&t->run, step, &now, &look, error)) {
		return false;
	}
	step->seen = t->acts;
	if (look == PATH_STILL) {
		return true;
	}
	if (look == PATH_OTHER && !act_may_have_changed(t, step)) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED,
			    "'%s' was changed while the plan was carried out; if '%s' did that "
			    "and the step shall come after it, say so with `after: %s`",
			    step->change->path, t->act_id, t->act_id);
	}
	if (!path_adopt(&t->run, step, &now, error)) {
		return false;
	}
	c->io = !transaction_note_step(t, c->journal, i, error) || !journal_sync(c->journal, error);
	return !c->io;
}

static bool commit_step(struct committing *c, guint i, GError **error)
{
	struct transaction *t = c->t;
	struct step *step = transaction_step(t, i);

	if (step->ops->acts) {
		t->act_id = step->change->id;
		return act_commit(t, c->journal, i, &c->io, error);
	}
	return (step->seen == t->acts || look_again(c, i, error)) &&
	       step->ops->commit(&t->run, step, error);
}

/* How many steps from i on a failure leaves out: with one of what is one act, all of it. */
static guint leave_out_all(struct committing *c, guint i)
{
	guint count = act_group(c->t, i);

	if (i < c->group_end) {
		return 0; // the first of them was begun
	}
	c->group_end = i + count;
	if (!group_needs_failed(c, i)) {
		return 0;
	}
	for (guint k = i; k < i + count; k++) {
		leave_out(c, transaction_step(c->t, k));
	}
	return count;
}

static bool commit_all(struct committing *c)
{
	struct transaction *t = c->t;
	guint left_out;

	for (guint i = 0; i < t->steps->len; i++) {
		struct step *step = transaction_step(t, i);
		g_autoptr(GError) problem = NULL;

		if (transaction_must_stop(c->hooks)) {
			transaction_set_result(t, TRANSACTION_INTERRUPTED, "asked to stop");
			return false;
		}
		if (step->outcome != STEP_LEFT) {
			continue;
		}
		if (step->ops->acts && !c->checked) {
			c->checked = true;
			if (!check_rest(c, i)) {
				return false;
			}
		}
		left_out = leave_out_all(c, i);
		if (left_out > 0) {
			i += left_out - 1;
			continue;
		}
		if (commit_step(c, i, &problem)) {
			step->outcome = STEP_DONE;
			transaction_tell(c->hooks, "in place", i + 1, t->steps->len);
			continue;
		}
		if (transaction_must_stop(c->hooks)) {
			step->outcome = STEP_FAILED;
			transaction_set_message(step, problem);
			transaction_set_result(t, TRANSACTION_INTERRUPTED, "asked to stop");
			return false;
		}
		fail_step(c, step, problem);
		if (!c->stop || c->io) {
			return false;
		}
	}
	return true;
}

bool transaction_commit(struct transaction *t, struct journal *journal,
			const struct transaction_hooks *hooks)
{
	struct committing c = {.t = t, .journal = journal, .hooks = hooks};
	bool ok;

	c.stop = strcmp(t->plan->on_failure, "stop") == 0;
	c.ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	c.paths = g_hash_table_new(g_str_hash, g_str_equal);
	c.above = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	ok = commit_all(&c);
	g_hash_table_unref(c.ids);
	g_hash_table_unref(c.paths);
	g_hash_table_unref(c.above);
	return ok;
}
