/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Beginning from a journal: what a crash left, and what is halted. */
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "worker/target/path.h"
#include "worker/transaction-inside.h"

/* Is a path's new state what is there? */
static bool is_visible(const struct step *step, const struct observed *now)
{
	const struct plan_state *d = &step->change->desired;

	switch (step->way) {
	case WAY_PUT:
	case WAY_SWAP:
		return step->new_ino != 0 && now->st.st_ino == step->new_ino;
	case WAY_TAKE:
		return now->state.type == STATE_ABSENT;
	case WAY_TOUCH:
		return (d->mode < 0 || d->mode == now->state.mode) &&
		       (d->uid < 0 || d->uid == now->state.uid) &&
		       (d->gid < 0 || d->gid == now->state.gid);
	}
	return false; /* was not staged */
}

static bool remember_path(struct transaction *t, struct step *step, const struct journal_step *from,
			  GError **error)
{
	step->way = (enum step_way)from->way;
	step->old_ino = from->old_ino;
	step->new_ino = from->new_ino;
	step_set_old(step, &step->change->observed);
	if (from->kept) {
		step->old_mode = from->mode;
		step->old_uid = from->uid;
		step->old_gid = from->gid;
	}
	if (!step->ops->observe(t->run.observer, step->change, &step->before, error)) {
		return false;
	}
	step->outcome = is_visible(step, &step->before) ? STEP_DONE : STEP_LEFT;
	return true;
}

/* Whoever cannot tell what is there can still undo it. halted: what was begun has also ended. */
static void remember_act(struct transaction *t, struct step *step, const struct journal_step *from,
			 bool halted)
{
	g_autoptr(GError) problem = NULL;
	struct observed now;
	bool done = from->acted;

	step->begun = from->begun;
	step->idle = from->idle;
	if (!done && from->begun && step->change->desired.type != STATE_COMMAND) {
		done = step->ops->observe(t->run.observer, step->change, &now, &problem) &&
		       act_is_wanted(t, step, &now.state);
	}
	step->outcome = done ? STEP_DONE : halted && from->begun ? STEP_FAILED : STEP_LEFT;
	step->before.state = step->change->observed;
	if (done) {
		act_remember(t, step);
	}
}

static bool remember(struct transaction *t, const struct journal_state *state, GError **error)
{
	if (state->steps->len != t->steps->len) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "the journal does not belong to its plan");
	}
	for (guint i = 0; i < t->steps->len; i++) {
		const struct journal_step *from =
			&g_array_index(state->steps, struct journal_step, i);
		struct step *step = transaction_step(t, i);

		if (step->ops->acts) {
			remember_act(t, step, from, state->halted);
		} else if (!remember_path(t, step, from, error)) {
			return false;
		}
	}
	return true;
}

static bool finish_committed(struct transaction *t, struct journal *journal, GError **error)
{
	t->result = transaction_count(t, STEP_DONE) == t->steps->len ? TRANSACTION_OK
								     : TRANSACTION_FAILED;
	return transaction_finish(t, journal, error);
}

bool transaction_recover(struct transaction *t, struct journal *journal,
			 const struct journal_state *state, GError **error)
{
	if (!remember(t, state, error)) {
		return false;
	}
	if (state->committed) {
		return finish_committed(t, journal, error);
	}
	if (state->halted) {
		t->halted = true;
		t->result = TRANSACTION_HALTED;
		return true;
	}
	t->result = TRANSACTION_ROLLED_BACK;
	return transaction_take_back(t, journal, error);
}

bool transaction_undo(struct transaction *t, struct journal *journal,
		      const struct journal_state *state, GError **error)
{
	if (!state->halted || state->committed) {
		return transaction_recover(t, journal, state, error);
	}
	if (!remember(t, state, error) || !journal_undo(journal, error)) {
		return false;
	}
	t->result = TRANSACTION_ROLLED_BACK;
	return transaction_take_back(t, journal, error);
}

bool transaction_settle(struct transaction *t, struct journal *journal,
			const struct journal_state *state, GError **error)
{
	return remember(t, state, error) && journal_committed(journal, error) &&
	       finish_committed(t, journal, error);
}

/* What failed is tried again. Whatever of one act is not done is done together with the rest. */
static void join_groups(struct transaction *t)
{
	for (guint i = 0, count; i < t->steps->len; i += count) {
		bool all = true;

		count = act_group(t, i);
		for (guint k = i; k < i + count; k++) {
			all = all && transaction_step(t, k)->outcome == STEP_DONE;
		}
		for (guint k = i; !all && k < i + count; k++) {
			transaction_step(t, k)->outcome = STEP_LEFT;
			transaction_step(t, k)->idle = false;
		}
	}
}

static bool check_path(struct transaction *t, struct step *step, GPtrArray *stale, GError **error)
{
	const struct plan_state *now = &step->before.state;
	bool aside = false;

	if (step->outcome == STEP_DONE) {
		if (!path_is_wanted(step, now)) {
			transaction_say(stale, step->change, "is not any more what was put there");
		}
		return true;
	}
	if (!path_is_aside(&t->run, step, &aside, error)) {
		return false;
	}
	if (aside) {
		transaction_say(stale, step->change, "was changed by somebody since");
		return true;
	}
	if (!act_may_have_changed(t, step)) {
		transaction_compare(step, stale);
	}
	return transaction_check_folder(t, step, stale, error);
}

/* An act may find what the step that it needs has made: a service its unit, say. */
static bool needs_any(const struct step *step, GHashTable *done)
{
	const char *const *id = step->change->needs;

	while (id != NULL && *id != NULL && !g_hash_table_contains(done, *id)) {
		id++;
	}
	return id != NULL && *id != NULL;
}

static bool check_act(struct transaction *t, struct step *step, GHashTable *done, GPtrArray *stale,
		      GError **error)
{
	struct observed now;

	if (!step->ops->observe(t->run.observer, step->change, &now, error)) {
		return false;
	}
	if (step->outcome == STEP_DONE) {
		if (!act_is_wanted(t, step, &now.state)) {
			transaction_say(stale, step->change, "is not any more what was done");
		}
		return true;
	}
	if (step->begun) {
		return true; /* what is there is the work of its first try */
	}
	step->before = now;
	if (!needs_any(step, done)) {
		transaction_compare(step, stale);
	}
	return true;
}

/* Is what is done still there, and the rest as the plan says? */
static bool check_all(struct transaction *t, GPtrArray *stale, GError **error)
{
	g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < t->steps->len; i++) {
		struct step *step = transaction_step(t, i);
		autocfree char *id = plan_change_resource(step->change);

		if (step->outcome == STEP_DONE) {
			g_hash_table_add(done, g_strdup(id));
		}
		if (step->ops->acts ? !check_act(t, step, done, stale, error)
				    : !check_path(t, step, stale, error)) {
			return false;
		}
	}
	return true;
}

static bool stage_again(struct transaction *t, struct journal *journal, guint i, GError **error)
{
	struct step *step = transaction_step(t, i);
	struct observed now = step->before;

	if (step->outcome == STEP_DONE) {
		return true;
	}
	/* What has lain there for days is not for certain what was hashed. */
	return (step->ops->acts ? step->ops->stage(&t->run, step, error)
				: path_adopt(&t->run, step, &now, error)) &&
	       transaction_note_step(t, journal, i, error);
}

static bool stage_rest(struct transaction *t, struct journal *journal,
		       const struct transaction_hooks *hooks, GError **error)
{
	for (guint i = 0; i < t->steps->len; i++) {
		g_autoptr(GError) problem = NULL;
		bool ok = stage_again(t, journal, i, &problem);

		if (transaction_must_stop(hooks)) {
			return fail(error, TARGET_ERROR, TARGET_ERROR_STOPPED,
				    "asked to stop before anything was changed");
		}
		if (!ok) {
			transaction_mark_stale(problem);
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
	}
	return true;
}

bool transaction_resume(struct transaction *t, struct journal *journal,
			const struct journal_state *state, GPtrArray *stale,
			const struct transaction_hooks *hooks, GError **error)
{
	t->run.stopped = hooks->stopped;
	t->run.progress = hooks->progress;
	t->run.user = hooks->user;
	if (!remember(t, state, error)) {
		return false;
	}
	join_groups(t);
	if (!check_all(t, stale, error) || stale->len > 0) {
		return stale->len > 0;
	}
	if (!stage_rest(t, journal, hooks, error) || !transaction_may_commit(t, hooks, error) ||
	    !journal_resume(journal, error)) {
		return false;
	}
	return transaction_carry_on(t, journal, hooks, error);
}
