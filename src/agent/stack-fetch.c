/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a stack does about the end of a fetch. */
#include <glib.h>
#include <string.h>

#include "agent/schedule.h"
#include "agent/stack-inside.h"

void step_choose_ref(struct step *t)
{
	t->s->tries = t->f->try_ref[0] != '\0' && !t->s->turn;
	t->s->turn = false;
}

/* The branch follows at once on what is tried. */
static void fetch_ended(struct step *t)
{
	t->s->job = STACK_JOB_NONE;
	t->s->fetched = true;
	t->s->turn = t->s->tries;
	t->s->fetch_failures = 0;
	t->s->fetch_problem[0] = '\0';
	t->s->next_fetch = t->now + schedule_interval(t->s->settings.interval, t->random);
	if (t->s->tries) {
		t->s->next_fetch = t->now;
	}
}

/* Whoever wants something instead of the branch is not disturbed by what comes there; but a pin
 * goes when the branch has passed what was rolled back. */
static bool stays(const struct stack_facts *f, bool bad)
{
	return f->try_ref[0] != '\0' || f->returning || (f->pin[0] != '\0' && bad);
}

static void begin_anew(struct step *t)
{
	t->s->next_plan = 0;
	t->s->plan_failures = t->s->voids = 0;
	t->s->plan_problem[0] = '\0';
	t->s->plan_known = false;
}

/* Of a branch that is tried. What blocks the stack's own does not end here. */
static void fetched_trial(struct step *t)
{
	g_autofree char *reason = g_strdup_printf("commit %.12s came", t->d->commit);

	t->s->try_problem[0] = '\0';
	if (strcmp(t->d->commit, t->f->try_commit) == 0 && t->d->renewed == NULL) {
		return;
	}
	step_add(t, STACK_LOG_COMMIT, 0, "");
	if (t->f->phase == STACK_PHASE_OPEN) {
		step_close_plan(t, STACK_PHASE_SUPERSEDED, reason);
	}
	begin_anew(t);
	if (t->f->block == STACK_BLOCK_MANIFEST) {
		step_add(t, STACK_LOG_UNBLOCKED, 0, "");
	}
}

static void fetched_branch(struct step *t)
{
	bool other = strcmp(t->d->commit, t->f->commit) != 0;
	bool fresh = other || t->d->renewed != NULL;

	if (fresh) {
		g_autofree char *reason = other ? g_strdup_printf("commit %.12s came", t->d->commit)
						: g_strdup(t->d->renewed);

		step_add(t, STACK_LOG_COMMIT, 0, "");
		if (t->f->phase == STACK_PHASE_OPEN && !stays(t->f, t->d->bad)) {
			step_close_plan(t, STACK_PHASE_SUPERSEDED, reason);
		}
		begin_anew(t);
	}
	if (t->f->block != STACK_BLOCK_NONE && (fresh || t->f->block != STACK_BLOCK_MANIFEST)) {
		step_add(t, STACK_LOG_UNBLOCKED, 0, "");
	}
}

void step_fetched(struct step *t)
{
	fetch_ended(t);
	if (t->d->behind) {
		return;
	}
	if (t->s->tries) {
		fetched_trial(t);
	} else {
		fetched_branch(t);
	}
}

/* Its trial ends when the branch is gone. What is there and cannot be planned leaves in place what
 * was tried before, and keeps what waits from being applied. */
static void bad_trial(struct step *t)
{
	if (t->d->block == STACK_BLOCK_DELETED) {
		t->s->next_drift = t->now;
		step_add(t, STACK_LOG_RETURN, 0, t->d->reason);
		return;
	}
	stack_keep(t->s->try_problem, t->d->reason);
	if (t->f->phase == STACK_PHASE_OPEN && !stack_plans_drift(t->f)) {
		step_close_plan(t, STACK_PHASE_VOID, t->d->reason);
	}
}

/* Keys may have changed: another commit may be what is not signed as it must be. */
static bool is_same_reason(const struct step *t)
{
	char kept[STACK_REASON_MAX];

	stack_keep(kept, t->d->reason);
	return strcmp(t->f->block_reason, kept) == 0;
}

void step_fetch_bad(struct step *t)
{
	const char *commit = t->d->commit != NULL ? t->d->commit : "";

	fetch_ended(t);
	if (t->s->tries) {
		bad_trial(t);
		return;
	}
	if (t->f->block == t->d->block && strcmp(t->f->block_commit, commit) == 0 &&
	    (t->d->block != STACK_BLOCK_SIGNATURE || is_same_reason(t))) {
		return;
	}
	if (t->f->phase == STACK_PHASE_OPEN && stack_follows(t->f)) {
		step_close_plan(t, STACK_PHASE_VOID, t->d->reason);
	}
	step_add(t, STACK_LOG_BLOCKED, 0, "");
}

void step_fetch_failed(struct step *t)
{
	t->s->job = STACK_JOB_NONE;
	t->s->fetched = true;
	t->s->fetch_failures++;
	stack_keep(t->s->fetch_problem, t->d->reason);
	t->s->next_fetch = step_back_off(t, t->s->fetch_failures);
}
