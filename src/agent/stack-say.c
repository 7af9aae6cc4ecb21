/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns facts into a state and its reason: the first row of a table that fits. */
#include "agent/stack-say.h"

#include <inttypes.h>
#include <glib.h>
#include <string.h>

struct view {
	const struct stack *s;
	const struct stack_facts *f;
	bool due;
	GString *out;
};

char *stack_time(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	return time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("?");
}

static bool holds(const struct view *v)
{
	return stack_target(v->f)[0] != '\0' && stack_plans_drift(v->f);
}

static bool settled(const struct view *v)
{
	return stack_target(v->f)[0] != '\0' && strcmp(v->f->settled, stack_target(v->f)) == 0;
}

static bool say_dead(const struct view *v)
{
	g_string_append_printf(v->out,
			       "the log cannot be written (%s); nothing is applied until this is "
			       "mended and assentd started again",
			       v->s->plan_problem);
	return v->s->dead;
}

static bool say_follows(const struct view *v)
{
	g_string_append(v->out, v->s->follows);
	return v->s->follows[0] != '\0';
}

static bool say_recover_problem(const struct view *v)
{
	g_string_append_printf(v->out,
			       "the interrupted apply of plan %" PRId64 " cannot be recovered: %s",
			       v->f->plan_number, v->s->recover_problem);
	return v->f->phase == STACK_PHASE_APPLYING && v->s->recover_problem[0] != '\0';
}

static bool say_applying(const struct view *v)
{
	static const char *const doing[] = {
		[MODE_APPLY] = "applied", [MODE_RESUME] = "resumed", [MODE_UNDO] = "undone"};

	if (v->s->job == STACK_JOB_APPLY) {
		g_string_append_printf(v->out, "plan %" PRId64 " is being %s", v->f->plan_number,
				       doing[v->s->mode]);
	} else {
		g_string_append_printf(
			v->out, "the interrupted apply of plan %" PRId64 " is being recovered",
			v->f->plan_number);
	}
	if (v->f->plan_broken[0] != '\0') {
		g_string_append_printf(v->out, ", by break-glass of %s", v->f->plan_broken);
	}
	return v->f->phase == STACK_PHASE_APPLYING;
}

/* A plan was asked for again since, and could not even find out whether the manifest is good. */
static bool failed_again(const struct view *v)
{
	return v->f->block == STACK_BLOCK_MANIFEST && v->s->plan_problem[0] != '\0' && !v->s->looks;
}

static bool say_blocked(const struct view *v)
{
	if (failed_again(v)) {
		g_string_append_printf(v->out,
				       "cannot plan: %s; 'assent replan' tries again; "
				       "before that: ",
				       v->s->plan_problem);
	}
	g_string_append(v->out, v->f->block_reason);
	if (v->f->block == STACK_BLOCK_REWOUND && v->f->block_commit[0] != '\0') {
		g_string_append(v->out, "; 'assent replan --rewritten' asks for a plan of it");
	}
	return stack_is_blocked(v->f);
}

static void append_until(const struct view *v, int64_t until)
{
	g_autofree char *text = stack_time(until);

	if (until != 0) {
		g_string_append_printf(v->out, ", until %s", text);
	}
}

static bool say_stopped(const struct view *v)
{
	g_string_append(v->out, v->s->stopped);
	append_until(v, v->s->stopped_until);
	g_string_append(v->out, "; 'assent resume --all' ends it");
	return v->s->stopped[0] != '\0';
}

/* What was begun neither goes on nor back meanwhile. */
static bool say_stopped_midway(const struct view *v)
{
	g_string_append_printf(v->out, "the interrupted apply of plan %" PRId64 " stands still: ",
			       v->f->plan_number);
	return say_stopped(v) && v->f->phase == STACK_PHASE_APPLYING && v->s->job == STACK_JOB_NONE;
}

static bool say_suspended(const struct view *v)
{
	g_string_append(v->out, v->f->suspended);
	append_until(v, v->f->suspended_until);
	return v->f->suspended[0] != '\0';
}

static bool say_pending(const struct view *v)
{
	g_autofree char *until = stack_time(v->f->plan_expires);
	g_autofree char *quiet = stack_time(stack_quiet_due(v->s, v->f));
	g_autofree char *opens = stack_time(v->s->opens);

	if (v->s->approved && stack_is_held(v->s, v->f)) {
		g_string_append_printf(
			v->out, "plan %" PRId64 " has its approvals and waits for its window, %s%s",
			v->f->plan_number,
			v->s->opens != 0 ? "until " : "which does not open within a year",
			v->s->opens != 0 ? opens : "");
	} else if (v->s->approved && stack_is_waiting(v->s, v->f)) {
		g_string_append_printf(v->out,
				       "plan %" PRId64 " has its approvals and waits for %s",
				       v->f->plan_number, v->s->waits);
	} else if (v->s->approved) {
		g_string_append_printf(
			v->out, "plan %" PRId64 " has its approvals and is about to be applied",
			v->f->plan_number);
	} else {
		g_string_append_printf(v->out,
				       "plan %" PRId64 " needs %" PRId64 " approval%s until %s",
				       v->f->plan_number, v->f->plan_required,
				       v->f->plan_required == 1 ? "" : "s", until);
	}
	if (!v->s->approved && v->f->plan_quiet != 0 && v->f->plan_required > 0) {
		g_string_append_printf(v->out, ", or nobody's rejection until %s", quiet);
	}
	return v->f->phase == STACK_PHASE_OPEN;
}

/* A check for drift that nobody asked for is not worth a change of state. */
static bool say_planning(const struct view *v)
{
	bool plans = v->s->job == STACK_JOB_PLAN ? !v->s->looks && (!holds(v) || v->s->asked)
						 : v->due && (!holds(v) || v->s->want_plan);

	g_string_append_printf(v->out, "works out what commit %.12s changes", stack_target(v->f));
	return plans;
}

static bool say_plan_problem(const struct view *v)
{
	g_autofree char *next = stack_time(v->s->next_plan);

	g_string_append_printf(v->out, "cannot plan: %s; tries again at %s", v->s->plan_problem,
			       next);
	return v->s->plan_problem[0] != '\0';
}

/* What an apply that halted has left behind. */
static void append_counts(const struct view *v)
{
	g_string_append_printf(v->out, "; %" PRId64 " done, %" PRId64 " undone, %" PRId64 " left",
			       v->f->plan_done, v->f->plan_undone, v->f->plan_left);
}

static bool say_ended(const struct view *v)
{
	bool halted = v->f->halted[0] != '\0';

	g_string_append_printf(v->out, "plan %" PRId64 " %s%s%s", v->f->plan_number,
			       v->f->phase == STACK_PHASE_EXPIRED    ? "has expired"
			       : v->f->phase == STACK_PHASE_REJECTED ? "was rejected"
			       : v->f->phase == STACK_PHASE_ROLLED_BACK
				       ? "failed and was rolled back"
				       : "failed",
			       v->f->plan_reason[0] != '\0' ? ": " : "", v->f->plan_reason);
	if (halted && strcmp(v->f->halted, v->f->plan) == 0) {
		append_counts(v);
	}
	if (stack_may_steer(v->s, v->f, MODE_RESUME, v->f->plan_expires - 1) == STACK_MAY) {
		g_autofree char *until = stack_time(v->f->plan_expires);

		g_string_append_printf(v->out, "; 'assent apply --resume' goes on, until %s",
				       until);
	}
	g_string_append_printf(v->out, "%s; a new commit or 'assent replan' starts another",
			       halted ? "; 'assent apply --undo' takes it back" : "");
	return settled(v);
}

static bool say_failed_plan(const struct view *v)
{
	return say_ended(v) && v->f->phase != STACK_PHASE_REJECTED &&
	       v->f->phase != STACK_PHASE_EXPIRED;
}

static bool say_ended_drift(const struct view *v)
{
	return say_ended(v) && holds(v);
}

static bool say_fetch_problem(const struct view *v)
{
	g_autofree char *next = stack_time(v->s->next_fetch);

	g_string_append_printf(v->out, "cannot fetch: %s; tries again at %s", v->s->fetch_problem,
			       next);
	return v->s->fetch_problem[0] != '\0';
}

static bool say_nothing_yet(const struct view *v)
{
	g_string_append(v->out, "waits for its first fetch");
	return stack_target(v->f)[0] == '\0';
}

static bool say_drifted(const struct view *v)
{
	g_string_append_printf(v->out,
			       "%" PRId64 " change%s on the host since commit "
			       "%.12s was applied%s%s",
			       v->f->drift_count, v->f->drift_count == 1 ? "" : "s", v->f->base,
			       v->s->fix_problem[0] != '\0' ? "; not put back: " : "",
			       v->s->fix_problem);
	return v->f->drift[0] != '\0';
}

static bool say_converged(const struct view *v)
{
	g_string_append_printf(v->out, "commit %.12s holds", stack_target(v->f));
	return holds(v);
}

static bool say_waiting(const struct view *v)
{
	g_autofree char *next = stack_time(v->s->next_plan);

	g_string_append_printf(v->out, "plans commit %.12s again at %s%s%s", stack_target(v->f),
			       next, v->f->plan_reason[0] != '\0' ? ": " : "", v->f->plan_reason);
	return true;
}

/* What a person wants instead of the branch's newest commit stands behind every line. */
static void append_wanted(const struct view *v)
{
	const struct stack_facts *f = v->f;
	g_autofree char *until = stack_time(f->try_until);

	if (f->try_ref[0] != '\0') {
		g_string_append_printf(
			v->out, "; '%s' until %s, %s%s%s", f->try_ref, until, f->try_why,
			v->s->try_problem[0] != '\0' ? "; its tip is left out: " : "",
			v->s->try_problem);
	} else if (f->returning) {
		g_string_append_printf(v->out, "; the trial has ended, commit %.12s comes back",
				       f->try_from);
	}
	if (f->pin[0] != '\0') {
		g_string_append_printf(v->out, "; %s; waits until the branch passes %.12s",
				       f->pin_why, f->commit);
	} else if (stack_targets_bad(f)) {
		g_string_append_printf(v->out, "; commit %.12s was rolled back", stack_target(f));
	}
}

/* Each says its line and whether it holds; the first that does decides. */
static const struct {
	enum stack_state state;
	bool (*say)(const struct view *view);
} rows[] = {
	{STACK_STATE_BLOCKED, say_dead},
	{STACK_STATE_IDLE, say_follows},
	{STACK_STATE_SUSPENDED, say_stopped_midway},
	{STACK_STATE_FAILED, say_recover_problem},
	{STACK_STATE_APPLYING, say_applying},
	{STACK_STATE_SUSPENDED, say_stopped},
	{STACK_STATE_BLOCKED, say_blocked},
	{STACK_STATE_SUSPENDED, say_suspended},
	{STACK_STATE_PENDING, say_pending},
	{STACK_STATE_PLANNING, say_planning},
	{STACK_STATE_FAILED, say_plan_problem},
	{STACK_STATE_FAILED, say_failed_plan},
	{STACK_STATE_DRIFTED, say_ended_drift},
	{STACK_STATE_IDLE, say_ended},
	{STACK_STATE_FAILED, say_fetch_problem},
	{STACK_STATE_IDLE, say_nothing_yet},
	{STACK_STATE_DRIFTED, say_drifted},
	{STACK_STATE_CONVERGED, say_converged},
	{STACK_STATE_PLANNING, say_waiting},
};

enum stack_state stack_say(const struct stack *stack, const struct stack_facts *facts, bool due,
			   char *reason, size_t size, size_t *own)
{
	g_autoptr(GString) out = g_string_new(NULL);
	struct view view = {stack, facts, due, out};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_string_truncate(out, 0);
		if (rows[i].say(&view)) {
			*own = out->len;
			append_wanted(&view);
			break;
		}
	}
	g_assert(i < G_N_ELEMENTS(rows));
	g_assert(size >= STACK_REASON_MAX);
	stack_keep(reason, out->str);
	*own = MIN(*own, strlen(reason));
	return rows[i].state;
}
