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

/* From so many steps on, one sync of all is quicker than one for each. */
#define SYNC_ALL_FROM 64

const char *const transaction_result_names[] = {"ok", "failed", "rolled-back", "interrupted"};

static void clear_step(gpointer data)
{
	struct step *step = data;

	g_free(step->anchor);
	g_free(step->temp);
	g_free(step->message);
}

struct transaction *transaction_new(const struct plan *plan, const char *objects, const char *tx)
{
	struct transaction *t = g_new0(struct transaction, 1);

	t->plan = plan;
	t->tx = g_strdup(tx);
	t->run.observer = observer_new(NULL, 0);
	t->run.beneath = beneath_new(0);
	t->run.objects = objects;
	t->index = g_hash_table_new(g_str_hash, g_str_equal);
	t->steps = g_array_sized_new(FALSE, TRUE, sizeof(struct step), (guint)plan->changes_count);
	g_array_set_clear_func(t->steps, clear_step);
	g_array_set_size(t->steps, (guint)plan->changes_count);
	t->run.host = observer_host(t->run.observer);
	t->run.steps = t->steps;
	for (guint i = 0; i < t->steps->len; i++) {
		struct step *step = &g_array_index(t->steps, struct step, i);

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
	t->run.caller = caller;
}

void transaction_free(struct transaction *t)
{
	if (t == NULL) {
		return;
	}
	g_array_unref(t->steps);
	g_hash_table_unref(t->index);
	observer_free(t->run.observer);
	beneath_free(t->run.beneath);
	g_free(t->tx);
	g_free(t->reason);
	g_free(t);
}

static struct step *step_at(struct transaction *t, guint i)
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

/* The first reason stays: what follows from it says less. */
static void set_result(struct transaction *t, enum transaction_result result, const char *reason)
{
	t->result = result;
	if (t->reason == NULL) {
		t->reason = g_strdup(reason);
	}
}

static void set_message(struct step *step, const GError *error)
{
	g_free(step->message);
	step->message = g_strdup(error->message);
}

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

/* All folders in which names have changed. */
static bool sync_folders(struct transaction *t, GError **error)
{
	g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < t->steps->len; i++) {
		const struct step *step = step_at(t, i);
		const struct plan_change *c = step->change;
		g_autofree char *parent = g_path_get_dirname(c->path);
		const char *root =
			c->root != NULL && strcmp(c->root, c->path) != 0 ? c->root : NULL;

		if (!sync_folder(t, done, root, parent, error) ||
		    !sync_folder(t, done, step->anchor_root, step->anchor, error)) {
			t->unsynced = true;
			return false;
		}
	}
	return true;
}

/* Takes back whatever has become visible, last first. False: not all of it could be. */
static bool undo_all(struct transaction *t, GError **error)
{
	g_autoptr(GError) first = NULL;

	for (guint i = t->steps->len; i-- > 0;) {
		struct step *step = step_at(t, i);
		g_autoptr(GError) problem = NULL;

		if (step->way == 0) {
			/* Never staged completely; its name may be there all the same. */
			step->way = WAY_PUT;
		}
		if (step->ops->undo(&t->run, step, &problem)) {
			step->outcome = step->outcome == STEP_DONE ? STEP_UNDONE : step->outcome;
			continue;
		}
		set_message(step, problem);
		step->outcome = STEP_FAILED;
		set_result(t, TRANSACTION_FAILED, problem->message);
		if (!g_error_matches(problem, TARGET_ERROR, TARGET_ERROR_CONFLICT) &&
		    first == NULL) {
			first = g_steal_pointer(&problem);
		}
	}
	if (first != NULL) {
		g_propagate_error(error, g_steal_pointer(&first));
		return false;
	}
	return sync_folders(t, error);
}

/* Removes the old versions. */
static bool finish_all(struct transaction *t, GError **error)
{
	g_autoptr(GError) first = NULL;

	for (guint i = 0; i < t->steps->len; i++) {
		struct step *step = step_at(t, i);
		g_autoptr(GError) problem = NULL;

		if (step->way == 0) {
			step->way = WAY_PUT;
		}
		if (step->ops->finish(&t->run, step, &problem)) {
			continue;
		}
		set_message(step, problem);
		if (!g_error_matches(problem, TARGET_ERROR, TARGET_ERROR_CONFLICT) &&
		    first == NULL) {
			first = g_steal_pointer(&problem);
		}
	}
	if (first != NULL) {
		g_propagate_error(error, g_steal_pointer(&first));
		return false;
	}
	return sync_folders(t, error);
}

/* What was staged without a sync of its own. */
static bool sync_staged(struct transaction *t, GError **error)
{
	g_autoptr(GHashTable) done = g_hash_table_new(g_direct_hash, g_direct_equal);

	for (guint i = 0; t->run.sync_later && i < t->steps->len; i++) {
		const struct step *step = step_at(t, i);
		struct stat st;
		autofd fd = -1;
		int folder;

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

static bool must_stop(const struct transaction_hooks *hooks)
{
	return hooks->stopped != NULL && hooks->stopped(hooks->user);
}

static void tell(const struct transaction_hooks *hooks, const char *text, guint done, guint total)
{
	if (hooks->progress != NULL && (done % 100 == 0 || done == total)) {
		hooks->progress(text, done, total, hooks->user);
	}
}

static bool stage_step(struct transaction *t, struct journal *journal, guint i, GError **error)
{
	struct step *step = step_at(t, i);
	struct journal_step record;

	if (!step->ops->stage(&t->run, step, error)) {
		set_message(step, *error);
		return false;
	}
	record = (struct journal_step){(char)step->way, step->old_ino, step->new_ino};
	return journal_step(journal, i, &record, error);
}

static bool stage_all(struct transaction *t, struct journal *journal,
		      const struct transaction_hooks *hooks, GError **error)
{
	for (guint i = 0; i < t->steps->len; i++) {
		if (must_stop(hooks)) {
			t->result = TRANSACTION_INTERRUPTED;
			return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
				    "asked to stop before anything was changed");
		}
		if (!stage_step(t, journal, i, error)) {
			t->result = TRANSACTION_FAILED;
			return false;
		}
		tell(hooks, "staged", i + 1, t->steps->len);
	}
	if (!sync_staged(t, error)) {
		t->result = TRANSACTION_FAILED;
		return false;
	}
	return true;
}

/* A step that needs one that failed. */
static bool needs_failed(struct transaction *t, guint i)
{
	const char *path = step_at(t, i)->change->path;

	for (guint k = 0; k < i; k++) {
		const struct step *other = step_at(t, k);

		if ((other->outcome == STEP_FAILED ||
		     (other->outcome == STEP_LEFT && other->message != NULL)) &&
		    (beneath_is_within(path, other->change->path) ||
		     beneath_is_within(other->change->path, path))) {
			return true;
		}
	}
	return false;
}

/* False when the commit must be taken back. */
static bool commit_all(struct transaction *t, const struct transaction_hooks *hooks)
{
	bool stop = strcmp(t->plan->on_failure, "stop") == 0;
	bool failed = false;

	for (guint i = 0; i < t->steps->len; i++) {
		struct step *step = step_at(t, i);
		g_autoptr(GError) problem = NULL;

		if (must_stop(hooks)) {
			set_result(t, TRANSACTION_INTERRUPTED, "asked to stop");
			return false;
		}
		if (failed && needs_failed(t, i)) {
			step->message = g_strdup("left out: a step that it needs has failed");
			continue;
		}
		if (step->ops->commit(&t->run, step, &problem)) {
			step->outcome = STEP_DONE;
			tell(hooks, "in place", i + 1, t->steps->len);
			continue;
		}
		failed = true;
		step->outcome = STEP_FAILED;
		set_message(step, problem);
		set_result(t, stop ? TRANSACTION_FAILED : TRANSACTION_ROLLED_BACK,
			   problem->message);
		if (!stop) {
			return false;
		}
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
	if (must_stop(hooks)) {
		set_result(t, TRANSACTION_INTERRUPTED, problem->message);
		return false;
	}
	if (strcmp(t->plan->on_failure, "stop") == 0) {
		set_result(t, TRANSACTION_FAILED, problem->message);
		return true;
	}
	set_result(t, TRANSACTION_ROLLED_BACK, problem->message);
	return false;
}

/* Everything back; the journal goes only when that is durable. */
static bool take_back(struct transaction *t, struct journal *journal, GError **error)
{
	bool failed_before = t->unsynced;

	if (!undo_all(t, error)) {
		return fail_prefix(error, "cannot take everything back");
	}
	if (failed_before) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "%s; everything was taken back, but the disk did not confirm it",
			    t->reason != NULL ? t->reason : "a sync failed");
	}
	return journal_end(journal, error);
}

static bool finish(struct transaction *t, struct journal *journal, GError **error)
{
	bool settled = t->settle == NULL || t->settle(t->plan, t->settle_user, error);

	return (settled && finish_all(t, error) && journal_end(journal, error)) ||
	       fail_prefix(error, "the changes are in place, but not all is cleaned up");
}

/* Nothing has become visible. */
static bool give_up(struct transaction *t, struct journal *journal, const GError *problem,
		    GError **error)
{
	set_result(t, t->result == TRANSACTION_OK ? TRANSACTION_FAILED : t->result,
		   problem->message);
	return take_back(t, journal, error);
}

static bool may_commit(struct transaction *t, const struct transaction_hooks *hooks, GError **error)
{
	return hooks->may_commit == NULL || hooks->may_commit(t->plan, hooks->user, error);
}

bool transaction_apply(struct transaction *t, struct journal *journal,
		       const struct transaction_papers *papers,
		       const struct transaction_hooks *hooks, GError **error)
{
	g_autoptr(GError) problem = NULL;

	t->run.sync_later = t->steps->len >= SYNC_ALL_FROM;
	if (!journal_begin(journal, t->tx, papers->plan, papers->plan_len, papers->signature,
			   papers->signature_len, t->steps->len, error)) {
		return false;
	}
	if (!stage_all(t, journal, hooks, &problem)) {
		return give_up(t, journal, problem, error);
	}
	if (!may_commit(t, hooks, &problem)) {
		if (take_back(t, journal, error)) {
			g_propagate_error(error, g_steal_pointer(&problem));
		}
		return false;
	}
	if (!journal_commit(journal, &problem)) {
		return give_up(t, journal, problem, error);
	}
	if (!commit_all(t, hooks)) {
		return take_back(t, journal, error);
	}
	if (!sync_folders(t, &problem)) {
		set_result(t, TRANSACTION_ROLLED_BACK, problem->message);
		return take_back(t, journal, error);
	}
	if (!run_checks(t, hooks)) {
		return take_back(t, journal, error);
	}
	/* If this fails it may stand in the journal or not: recovery does what it finds. */
	return journal_committed(journal, error) && finish(t, journal, error);
}

/* Is the step's new state what is there? */
static bool is_visible(struct transaction *t, const struct step *step, bool *visible,
		       GError **error)
{
	const struct plan_state *d = &step->change->desired;
	struct observed now;

	if (!step->ops->observe(t->run.observer, step->change, &now, error)) {
		return false;
	}
	switch (step->way) {
	case WAY_PUT:
	case WAY_SWAP:
		*visible = step->new_ino != 0 && now.st.st_ino == step->new_ino;
		return true;
	case WAY_TAKE:
		*visible = now.state.type == STATE_ABSENT;
		return true;
	case WAY_TOUCH:
		*visible = (d->mode < 0 || d->mode == now.state.mode) &&
			   (d->uid < 0 || d->uid == now.state.uid) &&
			   (d->gid < 0 || d->gid == now.state.gid);
		return true;
	}
	*visible = false; /* was not staged */
	return true;
}

static bool remember(struct transaction *t, const struct journal_state *state, GError **error)
{
	for (guint i = 0; i < t->steps->len; i++) {
		const struct journal_step *from =
			&g_array_index(state->steps, struct journal_step, i);
		struct step *step = step_at(t, i);
		bool visible = false;

		step->way = (enum step_way)from->way;
		step->old_ino = from->old_ino;
		step->new_ino = from->new_ino;
		if (!is_visible(t, step, &visible, error)) {
			return false;
		}
		step->outcome = visible ? STEP_DONE : STEP_LEFT;
	}
	return true;
}

bool transaction_recover(struct transaction *t, struct journal *journal,
			 const struct journal_state *state, GError **error)
{
	if (state->steps->len != t->steps->len) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "the journal does not belong to its plan");
	}
	if (!remember(t, state, error)) {
		return false;
	}
	if (!state->committed) {
		t->result = TRANSACTION_ROLLED_BACK;
		return take_back(t, journal, error);
	}
	t->result = transaction_count(t, STEP_LEFT) == 0 ? TRANSACTION_OK : TRANSACTION_FAILED;
	return finish(t, journal, error);
}
