/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two ends of a transaction: all back, or the old versions gone. */
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "worker/transaction-inside.h"

static bool sync_folder(struct transaction *t, GHashTable *done, const char *root,
			const char *folder, GError **error)
{
	g_autoptr(GError) problem = NULL;
	int fd;

	if (!g_hash_table_add(done, g_strconcat(root != NULL ? root : "", "\n", folder, NULL))) {
		return true;
	}
	if (!beneath_folder(t->run.beneath, root, folder, &fd, &problem)) {
		if (!g_error_matches(problem, BENEATH_ERROR, BENEATH_ERROR_FAILED)) {
			return true; /* not there any more */
		}
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return file_sync_dir(fd, ".", error) || fail_prefix(error, "folder '%s'", folder);
}

bool transaction_sync_folders(struct transaction *t, GError **error)
{
	g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < t->steps->len; i++) {
		const struct step *step = transaction_step(t, i);
		const struct plan_change *c = step->change;
		g_autofree char *parent = NULL;
		const char *root;

		if (step->ops->acts) {
			continue;
		}
		parent = g_path_get_dirname(c->path);
		root = c->root != NULL && strcmp(c->root, c->path) != 0 ? c->root : NULL;
		if (!sync_folder(t, done, root, parent, error) ||
		    !sync_folder(t, done, step->anchor_root, step->anchor, error)) {
			t->unsynced = true;
			return false;
		}
	}
	return true;
}

/* An act that cannot be undone is told, and is no reason to try for ever; nor is what somebody
 * else did to a path. All else may be the disk. */
static bool is_final(const struct step *step, const GError *problem)
{
	return (step->ops->acts && !g_error_matches(problem, TARGET_ERROR, TARGET_ERROR_AGAIN)) ||
	       g_error_matches(problem, TARGET_ERROR, TARGET_ERROR_CONFLICT);
}

/* A step's problem while undoing or finishing; the first that is not final is kept. */
static void note_problem(struct step *step, GError *problem, GError **first)
{
	transaction_set_message(step, problem);
	if (!is_final(step, problem) && *first == NULL) {
		*first = problem;
	} else {
		g_error_free(problem);
	}
}

static void undo_failed(struct transaction *t, struct step *step, GError *problem, GError **first)
{
	step->outcome = STEP_FAILED;
	transaction_set_result(t, TRANSACTION_FAILED,
			       step->cause != NULL ? step->cause : problem->message);
	note_problem(step, problem, first);
}

static void undo_step(struct transaction *t, struct step *step, GError **first)
{
	GError *problem = NULL;
	bool ok;

	if (step->ops->acts && !step->begun) {
		return;
	}
	if (!step->ops->acts && step->way == 0) {
		/* Never staged completely; its name may be there all the same. */
		step->way = WAY_PUT;
	}
	ok = step->ops->undo(&t->run, step, &problem);
	if (step->ops->acts) {
		host_forget(t->run.host);
	}
	if (!ok) {
		undo_failed(t, step, problem, first);
	} else if (step->outcome == STEP_DONE) {
		step->outcome = STEP_UNDONE;
	}
}

static void revive_step(struct transaction *t, struct step *step, GError **first)
{
	GError *problem = NULL;
	bool ok;

	if (!step->ops->acts || !step->begun || step->ops->revive == NULL) {
		return;
	}
	ok = step->ops->revive(&t->run, step, &problem);
	host_forget(t->run.host);
	if (!ok) {
		undo_failed(t, step, problem, first);
	}
}

/* Takes back whatever has come about, last first, then what was there before comes to life again,
 * first first. False: not all of it could be, and trying again may help. */
static bool undo_all(struct transaction *t, GError **error)
{
	GError *first = NULL;

	for (guint i = t->steps->len; i-- > 0;) {
		undo_step(t, transaction_step(t, i), &first);
	}
	for (guint i = 0; i < t->steps->len; i++) {
		revive_step(t, transaction_step(t, i), &first);
	}
	if (first != NULL) {
		g_propagate_error(error, first);
		return false;
	}
	return transaction_sync_folders(t, error);
}

static bool finish_all(struct transaction *t, GError **error)
{
	GError *first = NULL;

	for (guint i = 0; i < t->steps->len; i++) {
		struct step *step = transaction_step(t, i);
		GError *problem = NULL;

		if (!step->ops->acts && step->way == 0) {
			step->way = WAY_PUT;
		}
		if (!step->ops->finish(&t->run, step, &problem)) {
			note_problem(step, problem, &first);
		}
	}
	if (first != NULL) {
		g_propagate_error(error, first);
		return false;
	}
	return transaction_sync_folders(t, error);
}

/* What acts have fetched to do their work is of no use any more. */
static void clean_acts(struct transaction *t)
{
	for (guint i = 0; i < t->steps->len; i++) {
		struct step *step = transaction_step(t, i);
		g_autoptr(GError) problem = NULL;

		if (step->ops->acts && !step->ops->finish(&t->run, step, &problem) &&
		    step->message == NULL) {
			transaction_set_message(step, problem);
		}
	}
}

bool transaction_take_back(struct transaction *t, struct journal *journal, GError **error)
{
	bool failed_before = t->unsynced;

	/* Whoever asked to stop asked for this, which must come to its end. */
	t->run.stopped = NULL;
	if (!undo_all(t, error)) {
		return fail_prefix(error, "cannot take everything back");
	}
	if (failed_before) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "%s; everything was taken back, but the disk did not confirm it",
			    t->reason != NULL ? t->reason : "a sync failed");
	}
	transaction_tell_end(t);
	clean_acts(t);
	return journal_end(journal, error);
}

bool transaction_finish(struct transaction *t, struct journal *journal, GError **error)
{
	bool settled = t->settle == NULL || t->settle(t->plan, t->settle_user, error);

	if (settled) {
		transaction_tell_end(t);
	}
	return (settled && finish_all(t, error) && journal_end(journal, error)) ||
	       fail_prefix(error, "the changes are in place, but not all is cleaned up");
}
