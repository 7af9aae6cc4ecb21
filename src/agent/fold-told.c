/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folds what is wrong since when, which alerts there are, and who steered what. */
#include "agent/fold-told.h"

#include <string.h>

#include "agent/fold.h"

struct taking {
	struct fold *fold;
	struct fold_stack *stack; /* NULL: the agent */
	struct told *told;	  /* of the stack */
	const struct record *record;
	int64_t time;
};

void told_steer_clear(struct told_steer *steer)
{
	g_free(steer->person);
	g_free(steer->reason);
	g_free(steer->what);
	*steer = (struct told_steer){0};
}

void told_clear(struct told *told)
{
	for (size_t i = 0; i < TOLD_KINDS; i++) {
		told_steer_clear(&told->steers[i]);
	}
}

static void note_change(struct alert_facts *f, int64_t time)
{
	memmove(&f->changes[1], &f->changes[0], sizeof(f->changes) - sizeof(f->changes[0]));
	f->changes[0] = time;
}

/* since 0: it does not hold. */
static void set_since(struct alert_facts *f, int64_t since, int64_t time)
{
	if ((f->since != 0) != (since != 0)) {
		note_change(f, time);
		f->since = since;
	}
}

static struct alert_facts *of(const struct taking *t, enum record_condition condition)
{
	return &t->told->alerts.of[condition];
}

static void follow_drift(const struct taking *t)
{
	int64_t since = t->time;

	if (t->record->type == ENTRY_DRIFT && t->record->u.drift.since > 0) {
		since = MIN(since, t->record->u.drift.since);
	}
	set_since(of(t, CONDITION_DRIFT), t->stack->facts.drift[0] != '\0' ? since : 0, t->time);
}

static void follow_block(const struct taking *t)
{
	set_since(of(t, CONDITION_BLOCKED), t->stack->facts.block != STACK_BLOCK_NONE ? t->time : 0,
		  t->time);
}

static void end_failure(const struct taking *t)
{
	t->told->alerts.failed[0] = '\0';
	set_since(of(t, CONDITION_APPLY), 0, t->time);
}

/* What a person had taken back has not failed any more. */
static void take_apply(const struct taking *t)
{
	const struct record_apply_done *done = &t->record->u.apply_done;
	struct alert_log *log = &t->told->alerts;
	bool undone = t->stack->plan != NULL && t->stack->plan->mode == MODE_UNDO &&
		      done->result == RESULT_ROLLED_BACK;

	if (done->result == RESULT_OK || undone) {
		end_failure(t);
		return;
	}
	g_strlcpy(log->failed, done->commit, sizeof(log->failed));
	stack_keep(log->failed_why, done->reason);
	set_since(of(t, CONDITION_APPLY), t->time, t->time);
}

/* The commit that failed is not wanted any more, and what is wanted holds. */
static void follow_apply(const struct taking *t)
{
	const struct stack_facts *f = &t->stack->facts;
	const char *failed = t->told->alerts.failed;

	if (t->record->type == ENTRY_CLOSED && t->record->u.closed.outcome == OUTCOME_CONVERGED) {
		end_failure(t);
	} else if (failed[0] != '\0' && strcmp(failed, f->base) != 0 && stack_plans_drift(f)) {
		end_failure(t);
	}
}

static bool is_suspended(const struct taking *t)
{
	return t->stack->facts.suspended[0] != '\0' || t->fold->stopped.person != NULL;
}

/* It is calm: what comes now is counted anew. */
static void forget_changes(struct told *told)
{
	for (size_t i = 0; i < ALERT_CONDITIONS; i++) {
		memset(told->alerts.of[i].changes, 0, sizeof(told->alerts.of[i].changes));
	}
}

static void take_alert(const struct taking *t)
{
	const struct record_alert *alert = &t->record->u.alert;
	struct alert_facts *f = of(t, alert->condition);
	bool held = alert->condition == CONDITION_DRIFT || alert->condition == CONDITION_FLAPPING;

	f->time = t->time;
	f->count = alert->count;
	f->began = alert->since;
	if (alert->condition == CONDITION_SUSPENDED) {
		return;
	}
	stack_keep(f->reason, alert->reason);
	if (alert->state == ALERT_RAISED) {
		f->quiet = held && is_suspended(t);
	}
	f->raised = alert->state != ALERT_RESOLVED;
	if (alert->condition == CONDITION_FLAPPING && !f->raised) {
		forget_changes(t->told);
	}
	if (alert->state != ALERT_REMINDED &&
	    (alert->condition == CONDITION_FETCH || alert->condition == CONDITION_PLAN)) {
		note_change(f, t->time); // the log knows of them by their alerts alone
	}
}

/* What was held back while it was suspended may be told now. */
static void end_quiet(struct told *told)
{
	for (size_t i = 0; i < ALERT_CONDITIONS; i++) {
		told->alerts.of[i].quiet = false;
	}
}

static void set_steer(struct told_steer *steer, bool on, int64_t time, const char *person,
		      const char *reason)
{
	g_autofree char *kept = on ? NULL : g_steal_pointer(&steer->what);

	told_steer_clear(steer);
	steer->on = on;
	steer->time = time;
	steer->person = g_strdup(person);
	steer->reason = g_strdup(reason);
	steer->what = g_steal_pointer(&kept); // the end names what ends
}

static struct told_steer *suspension_of(const struct taking *t)
{
	return t->stack != NULL ? &t->told->steers[TOLD_SUSPENDED] : &t->fold->stop;
}

static void take_suspend(const struct taking *t)
{
	const struct record_suspend *from = &t->record->u.suspend;
	struct told_steer *steer = suspension_of(t);

	set_steer(steer, true, t->time, from->person, from->reason);
	steer->until = from->until;
	if (t->stack != NULL) {
		of(t, CONDITION_SUSPENDED)->since = t->time;
		of(t, CONDITION_SUSPENDED)->count = 0;
	}
}

static void take_resume(const struct taking *t)
{
	const struct record_suspend *from = &t->record->u.suspend;
	struct fold_stack *stack;
	GHashTableIter iter;

	set_steer(suspension_of(t), false, t->time, from->person, from->reason);
	if (t->stack != NULL) {
		*of(t, CONDITION_SUSPENDED) = (struct alert_facts){0};
	}
	g_hash_table_iter_init(&iter, t->fold->stacks);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&stack)) {
		if (stack->facts.suspended[0] == '\0' && t->fold->stopped.person == NULL) {
			end_quiet(&stack->told);
		}
	}
}

static void take_rollback(const struct taking *t)
{
	const struct record_rollback *from = &t->record->u.rollback;
	struct told_steer *steer = &t->told->steers[TOLD_PINNED];

	set_steer(steer, true, t->time, from->person, from->reason);
	steer->what = g_strdup(from->commit);
}

static void take_unpin(const struct taking *t)
{
	const struct record_unpin *from = &t->record->u.unpin;

	set_steer(&t->told->steers[TOLD_PINNED], false, t->time, from->person, from->reason);
}

/* The branch may have passed what was rolled back. */
static void take_commit(const struct taking *t)
{
	if (t->told->steers[TOLD_PINNED].on && t->stack->facts.pin[0] == '\0') {
		set_steer(&t->told->steers[TOLD_PINNED], false, t->time, NULL,
			  "the branch has another commit");
	}
}

static void take_try(const struct taking *t)
{
	const struct record_try *from = &t->record->u.trial;
	struct told_steer *steer = &t->told->steers[TOLD_TRIAL];

	set_steer(steer, true, t->time, from->person, from->reason);
	steer->until = from->until;
	g_free(steer->what);
	steer->what = g_strdup(from->ref);
}

static void take_return(const struct taking *t)
{
	const struct record_return *from = &t->record->u.end;

	set_steer(&t->told->steers[TOLD_TRIAL], false, t->time, from->person, from->reason);
}

static void (*const types[ENTRY_ALERT + 1])(const struct taking *taking) = {
	[ENTRY_COMMIT] = take_commit,	  [ENTRY_APPLY_DONE] = take_apply,
	[ENTRY_SUSPEND] = take_suspend,	  [ENTRY_RESUME] = take_resume,
	[ENTRY_ROLLBACK] = take_rollback, [ENTRY_UNPIN] = take_unpin,
	[ENTRY_TRY] = take_try,		  [ENTRY_RETURN] = take_return,
	[ENTRY_ALERT] = take_alert,
};

void told_take(struct fold *fold, struct fold_stack *stack, const struct record *record,
	       int64_t time)
{
	const struct taking t = {fold, stack, stack != NULL ? &stack->told : NULL, record, time};

	if (types[record->type] != NULL) {
		types[record->type](&t);
	}
	if (stack != NULL) {
		follow_drift(&t);
		follow_block(&t);
		follow_apply(&t);
	}
}
