/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Carrying out a plan's changes, all or none. */
#include "worker/transaction.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "worker/transaction-inside.h"

/* From so many steps on, one sync of all is quicker than one for each. */
#define SYNC_ALL_FROM 64

const char *const transaction_result_names[] = {"ok", "failed", "rolled-back", "interrupted",
						"halted"};

static void clear_step(gpointer data)
{
	struct step *step = data;

	g_free(step->anchor);
	g_free(step->temp);
	g_free(step->message);
	g_free(step->cause);
}

struct transaction *transaction_new(const struct plan *plan, const char *objects, const char *tx)
{
	struct transaction *t = g_new0(struct transaction, 1);

	t->plan = plan;
	t->tx = g_strdup(tx);
	t->find = target_find;
	t->run.observer = observer_new(NULL, 0);
	t->run.beneath = beneath_new(0);
	t->run.objects = objects;
	t->index = g_hash_table_new(g_str_hash, g_str_equal);
	t->acted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	t->steps = g_array_sized_new(FALSE, TRUE, sizeof(struct step), (guint)plan->changes_count);
	g_array_set_clear_func(t->steps, clear_step);
	g_array_set_size(t->steps, (guint)plan->changes_count);
	t->run.host = observer_host(t->run.observer);
	t->run.steps = t->steps;
	host_set_run(t->run.host, &t->run);
	for (guint i = 0; i < t->steps->len; i++) {
		struct step *step = transaction_step(t, i);

		step->change = &plan->changes[i];
		step->temp = g_strdup_printf(".assent-%s-%u", tx, i);
	}
	return t;
}

void transaction_confine(struct transaction *t, const struct caller *caller)
{
	observer_free(t->run.observer);
	beneath_free(t->run.beneath);
	t->run.observer = observer_new(NULL, BENEATH_NO_LINKS);
	t->run.beneath = beneath_new(BENEATH_NO_LINKS);
	t->run.host = observer_host(t->run.observer);
	host_set_run(t->run.host, &t->run);
	t->run.caller = caller;
}

void transaction_free(struct transaction *t)
{
	if (t == NULL) {
		return;
	}
	g_array_unref(t->steps);
	g_hash_table_unref(t->index);
	g_hash_table_unref(t->acted);
	g_clear_pointer(&t->run.told, g_hash_table_unref);
	observer_free(t->run.observer);
	beneath_free(t->run.beneath);
	g_free(t->tx);
	g_free(t->reason);
	g_free(t);
}

struct step *transaction_step(struct transaction *t, guint i)
{
	return &g_array_index(t->steps, struct step, i);
}

size_t transaction_count(const struct transaction *t, enum step_outcome outcome)
{
	size_t count = 0;

	for (guint i = 0; i < t->steps->len; i++) {
		count += g_array_index(t->steps, struct step, i).outcome == outcome;
	}
	return count;
}

void transaction_set_result(struct transaction *t, enum transaction_result result,
			    const char *reason)
{
	t->result = result;
	if (t->reason == NULL) {
		t->reason = g_strdup(reason);
	}
}

void transaction_set_message(struct step *step, const GError *error)
{
	g_free(step->message);
	step->message = g_strdup(error->message);
}

bool transaction_sync_staged(struct transaction *t, GError **error)
{
	g_autoptr(GHashTable) done = g_hash_table_new(g_direct_hash, g_direct_equal);
	bool later = t->run.sync_later;

	t->run.sync_later = false;
	for (guint i = 0; later && i < t->steps->len; i++) {
		const struct step *step = transaction_step(t, i);
		struct stat st;
		autofd fd = -1;
		int folder;

		if (step->anchor == NULL) {
			continue;
		}
		if (!beneath_folder(t->run.beneath, step->anchor_root, step->anchor, &folder,
				    error)) {
			return false;
		}
		if (fstat(folder, &st) != 0) {
			return fail_errno(error, "cannot look at '%s'", step->anchor);
		}
		if (!g_hash_table_add(done, GUINT_TO_POINTER((guint)st.st_dev))) {
			continue;
		}
		fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0) {
			return fail_errno(error, "cannot open '%s'", step->anchor);
		}
		if (!file_sync_all(fd, error)) {
			return false;
		}
	}
	return true;
}

void transaction_tell_end(struct transaction *t)
{
	if (t->tell != NULL) {
		t->tell(t, t->settle_user);
	}
}

bool transaction_must_stop(const struct transaction_hooks *hooks)
{
	return hooks->stopped != NULL && hooks->stopped(hooks->user);
}

void transaction_tell(const struct transaction_hooks *hooks, const char *text, guint done,
		      guint total)
{
	if (hooks->progress != NULL && (done % 100 == 0 || done == total)) {
		hooks->progress(text, done, total, hooks->user);
	}
}

bool transaction_note_step(struct transaction *t, struct journal *journal, guint i, GError **error)
{
	const struct step *step = transaction_step(t, i);
	struct journal_step record = {.way = (char)step->way,
				      .old_ino = step->old_ino,
				      .new_ino = step->new_ino,
				      .kept = step->anew,
				      .mode = step->old_mode,
				      .uid = step->old_uid,
				      .gid = step->old_gid};

	return step->ops->acts || journal_step(journal, i, &record, error);
}

static bool stage_step(struct transaction *t, struct journal *journal, guint i, GError **error)
{
	struct step *step = transaction_step(t, i);

	if (!step->ops->stage(&t->run, step, error)) {
		transaction_set_message(step, *error);
		return false;
	}
	return transaction_note_step(t, journal, i, error);
}

static bool stage_all(struct transaction *t, struct journal *journal,
		      const struct transaction_hooks *hooks, GError **error)
{
	for (guint i = 0; i < t->steps->len; i++) {
		if (transaction_must_stop(hooks)) {
			t->result = TRANSACTION_INTERRUPTED;
			return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
				    "asked to stop before anything was changed");
		}
		if (!stage_step(t, journal, i, error)) {
			t->result = transaction_must_stop(hooks) ? TRANSACTION_INTERRUPTED
								 : TRANSACTION_FAILED;
			return false;
		}
		transaction_tell(hooks, "staged", i + 1, t->steps->len);
	}
	if (!transaction_sync_staged(t, error)) {
		t->result = TRANSACTION_FAILED;
		return false;
	}
	return true;
}

static bool run_checks(struct transaction *t, const struct transaction_hooks *hooks)
{
	g_autoptr(GError) problem = NULL;

	if (hooks->check == NULL || t->result != TRANSACTION_OK ||
	    hooks->check(t->plan, hooks->user, &problem)) {
		return true;
	}
	if (transaction_must_stop(hooks)) {
		transaction_set_result(t, TRANSACTION_INTERRUPTED, problem->message);
		return false;
	}
	if (strcmp(t->plan->on_failure, "stop") == 0) {
		transaction_set_result(t, TRANSACTION_FAILED, problem->message);
		return true;
	}
	transaction_set_result(t, TRANSACTION_ROLLED_BACK, problem->message);
	return false;
}

void transaction_mark_stale(GError *problem)
{
	if (g_error_matches(problem, TARGET_ERROR, TARGET_ERROR_CHANGED)) {
		problem->code = TARGET_ERROR_STALE;
	}
}

/* Nothing has become visible. */
static bool give_up(struct transaction *t, struct journal *journal, GError *problem, GError **error)
{
	transaction_mark_stale(problem);
	if (g_error_matches(problem, TARGET_ERROR, TARGET_ERROR_STALE)) {
		if (transaction_take_back(t, journal, error)) {
			g_propagate_error(error, g_error_copy(problem));
		}
		return false;
	}
	transaction_set_result(t, t->result == TRANSACTION_OK ? TRANSACTION_FAILED : t->result,
			       problem->message);
	return transaction_take_back(t, journal, error);
}

bool transaction_may_commit(struct transaction *t, const struct transaction_hooks *hooks,
			    GError **error)
{
	return hooks->may_commit == NULL || hooks->may_commit(t->plan, hooks->user, error);
}

bool transaction_carry_on(struct transaction *t, struct journal *journal,
			  const struct transaction_hooks *hooks, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (!transaction_commit(t, journal, hooks)) {
		return transaction_take_back(t, journal, error);
	}
	if (!transaction_sync_folders(t, &problem)) {
		transaction_set_result(t, TRANSACTION_ROLLED_BACK, problem->message);
		return transaction_take_back(t, journal, error);
	}
	if (!run_checks(t, hooks)) {
		return transaction_take_back(t, journal, error);
	}
	if (t->result != TRANSACTION_OK) {
		t->halted = journal_halted(journal, error);
		if (t->halted) {
			transaction_tell_end(t);
		}
		return t->halted;
	}
	/* If this fails it may stand in the journal or not: recovery does what it finds. */
	return journal_committed(journal, error) && transaction_finish(t, journal, error);
}

bool transaction_apply(struct transaction *t, struct journal *journal,
		       const struct transaction_papers *papers,
		       const struct transaction_hooks *hooks, GError **error)
{
	g_autoptr(GError) problem = NULL;

	t->run.sync_later = t->steps->len >= SYNC_ALL_FROM;
	t->run.stopped = hooks->stopped;
	t->run.progress = hooks->progress;
	t->run.user = hooks->user;
	if (!journal_begin(journal, t->tx, papers->plan, papers->plan_len, papers->signature,
			   papers->signature_len, t->steps->len, error)) {
		return false;
	}
	if (!stage_all(t, journal, hooks, &problem)) {
		return give_up(t, journal, problem, error);
	}
	if (!transaction_may_commit(t, hooks, &problem)) {
		if (transaction_take_back(t, journal, error)) {
			g_propagate_error(error, g_steal_pointer(&problem));
		}
		return false;
	}
	if (!journal_commit(journal, &problem)) {
		return give_up(t, journal, problem, error);
	}
	return transaction_carry_on(t, journal, hooks, error);
}
