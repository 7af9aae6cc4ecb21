/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a stack does next: one table of events, and one look at the facts. */
#include "agent/stack.h"

#include <inttypes.h>
#include <glib.h>
#include <string.h>

#include "agent/schedule.h"
#include "agent/stack-inside.h"
#include "agent/stack-drift.h"
#include "agent/stack-say.h"

#define RETRY_FIRST 10 /* seconds until a failed job is tried again, then twice as long */
#define RECOVER_MAX 30 /* seconds; a worker that outlived its agent may still be at work */

const char *const stack_state_names[] = {
	"idle",	  "planning", "pending",   "applying", "converged",
	"failed", "drifted",  "suspended", "blocked",  NULL,
};
const char *const stack_job_names[] = {"none", "fetch", "plan", "apply", "recover", "diff", NULL};
const char *const stack_phase_names[] = {
	"none", "pending", "applying", "superseded",  "expired",     "rejected",
	"void", "applied", "failed",   "rolled-back", "interrupted", NULL,
};
const char *const stack_block_names[] = {
	"", "rewound", "deleted", "empty", "manifest", "fetch", "signature", NULL,
};

static void add(struct step *t, enum stack_effect kind, enum stack_phase phase, const char *reason)
{
	g_assert(t->fx->count < G_N_ELEMENTS(t->fx->items));
	t->fx->items[t->fx->count].kind = kind;
	t->fx->items[t->fx->count].phase = phase;
	stack_keep(t->fx->items[t->fx->count].reason, reason);
	t->fx->count++;
}

static void close_plan(struct step *t, enum stack_phase phase, const char *reason)
{
	t->s->approved = false;
	add(t, STACK_LOG_CLOSED, phase, reason);
}

static int64_t back_off(const struct step *t, unsigned failures)
{
	int64_t base = MIN(t->s->settings.interval, RETRY_FIRST);

	return t->now + schedule_backoff(base, t->s->settings.backoff_max, failures, t->random);
}

void step_add(struct step *t, enum stack_effect kind, enum stack_phase phase, const char *reason)
{
	add(t, kind, phase, reason);
}

void step_close_plan(struct step *t, enum stack_phase phase, const char *reason)
{
	close_plan(t, phase, reason);
}

int64_t step_back_off(const struct step *t, unsigned failures)
{
	return back_off(t, failures);
}

static int64_t next_drift(const struct step *t)
{
	int64_t interval = t->s->settings.drift_interval;

	return interval > 0 ? t->now + schedule_interval(interval, t->random) : 0;
}

/* Nobody wants a plan of what stands there by itself. */
static bool is_settled(const struct stack_facts *f)
{
	return strcmp(f->settled, stack_target(f)) == 0;
}

/* May a plan be made at all, were it asked for? */
static bool can_plan(const struct stack *s, const struct stack_facts *f, bool asked)
{
	if (stack_target(f)[0] == '\0' || stack_is_suspended(s, f) || stack_targets_bad(f) ||
	    stack_wants_list(f)) {
		return false;
	}
	if (f->try_ref[0] != '\0' && s->try_problem[0] != '\0') {
		return false; // its tip is not what was planned
	}
	if (f->phase == STACK_PHASE_OPEN || f->phase == STACK_PHASE_APPLYING) {
		return false;
	}
	return !stack_is_blocked(f) || (f->block == STACK_BLOCK_MANIFEST && asked);
}

/* Nothing may be planned now, but what was changed by others is told all the same. */
static bool look_is_due(const struct stack *s, const struct stack_facts *f, int64_t now)
{
	return s->next_drift != 0 && now >= s->next_drift && now >= s->next_plan &&
	       stack_can_look(s, f);
}

static bool plan_is_due(const struct stack *s, const struct stack_facts *f, int64_t now)
{
	if (!can_plan(s, f, s->want_plan)) {
		return false;
	}
	if (s->want_plan) {
		return true;
	}
	if (now < s->next_plan) {
		return false;
	}
	if (stack_plans_drift(f)) {
		return s->next_drift != 0 && now >= s->next_drift;
	}
	return !is_settled(f);
}

static void on_look(struct step *t)
{
}

static void on_sync(struct step *t)
{
	t->s->want_fetch = true;
}

static void on_plan(struct step *t)
{
	t->s->want_plan = true;
	t->s->plan_failures = 0;
}

static void on_replan(struct step *t)
{
	const char *reason =
		t->d != NULL && t->d->reason != NULL ? t->d->reason : "a new plan was asked for";

	if (t->f->phase == STACK_PHASE_OPEN) {
		close_plan(t, STACK_PHASE_SUPERSEDED, reason);
	}
	on_plan(t);
}

static void on_follow(struct step *t)
{
	on_sync(t);
	on_plan(t);
}

bool stack_is_held(const struct stack *stack, const struct stack_facts *facts)
{
	return stack->shut && facts->plan_broken[0] == '\0';
}

bool stack_is_waiting(const struct stack *stack, const struct stack_facts *facts)
{
	return stack->waits[0] != '\0' && facts->plan_broken[0] == '\0';
}

bool stack_is_suspended(const struct stack *stack, const struct stack_facts *facts)
{
	return stack->stopped[0] != '\0' || facts->suspended[0] != '\0';
}

static enum stack_refusal may_resume(const struct stack *s, const struct stack_facts *f,
				     int64_t now)
{
	if (strcmp(f->halted, f->plan) != 0 || f->phase != STACK_PHASE_FAILED ||
	    strcmp(stack_target(f), f->plan_commit) != 0) {
		return STACK_NEWER;
	}
	if (now >= f->plan_expires) {
		return STACK_EXPIRED;
	}
	if (f->suspended[0] != '\0') {
		return STACK_SUSPENDED;
	}
	if (stack_is_blocked(f)) {
		return STACK_BLOCKED;
	}
	if (stack_is_waiting(s, f)) {
		return STACK_WAITS;
	}
	return stack_is_held(s, f) ? STACK_SHUT : STACK_MAY;
}

/* An undo brings back what was there before, and waits for nobody but who stopped everything. */
enum stack_refusal stack_may_steer(const struct stack *s, const struct stack_facts *f,
				   enum record_mode mode, int64_t now)
{
	if (f->phase == STACK_PHASE_APPLYING || s->wanted != MODE_APPLY) {
		return STACK_BUSY;
	}
	if (f->halted[0] == '\0') {
		return STACK_NOT_HALTED;
	}
	if (s->stopped[0] != '\0') {
		return STACK_STOPPED;
	}
	return mode == MODE_RESUME ? may_resume(s, f, now) : STACK_MAY;
}

static void want(struct step *t, enum record_mode mode)
{
	if (stack_may_steer(t->s, t->f, mode, t->now) == STACK_MAY) {
		t->s->wanted = mode;
	}
}

static void on_resume(struct step *t)
{
	want(t, MODE_RESUME);
}

/* A plan that waits was made of what is going to be taken back. */
static void on_undo(struct step *t)
{
	want(t, MODE_UNDO);
	if (t->s->wanted == MODE_UNDO && t->f->phase == STACK_PHASE_OPEN) {
		g_autofree char *reason = g_strdup_printf(
			"the apply of plan %" PRId64 " is undone first", t->f->halted_number);

		close_plan(t, STACK_PHASE_SUPERSEDED, reason);
	}
}

static void plan_ended(struct step *t)
{
	t->s->job = STACK_JOB_NONE;
	t->s->plan_failures = 0;
	t->s->plan_problem[0] = '\0';
	t->s->plan_known = true;
	t->s->next_plan = 0;
	t->s->next_drift = t->s->touched ? stack_touch_due(t->s, t->now) : next_drift(t);
	t->s->touched = false;
}

/* A look that is due anyway takes nothing from what there is. */
static void on_touched(struct step *t)
{
	if (t->s->job != STACK_JOB_NONE && t->s->job != STACK_JOB_FETCH) {
		t->s->touched = true;
	} else if (t->s->next_drift == 0 || t->s->next_drift > t->now) {
		int64_t due = stack_touch_due(t->s, t->now);

		t->s->next_drift = t->s->next_drift == 0 ? due : MIN(t->s->next_drift, due);
	}
}

static void log_drift(struct step *t)
{
	if (t->d->drift_changed || strcmp(t->f->drift, t->d->drift_key) != 0) {
		add(t, STACK_LOG_DRIFT, 0, "");
	}
}

static void unblock_manifest(struct step *t)
{
	if (t->f->block == STACK_BLOCK_MANIFEST) {
		add(t, STACK_LOG_UNBLOCKED, 0, "");
	}
}

static void on_differs(struct step *t)
{
	bool drift = t->s->looks || stack_plans_drift(t->f);

	plan_ended(t);
	if (!drift) {
		return; // something else is wanted meanwhile
	}
	if (!t->s->looks) {
		unblock_manifest(t);
	}
	log_drift(t);
}

/* What is proven to have been approved is put back, but not for ever: then people are asked, unless
 * they have been. */
static bool is_worn(struct step *t)
{
	if (!t->d->restores || t->s->looks || !stack_fix_is_worn(t->f, t->d->drift_key, t->now)) {
		return false;
	}
	stack_keep(t->s->fix_problem,
		   "it was put back several times and something changes it again");
	if (is_settled(t->f)) {
		log_drift(t);
	} else {
		t->s->ask_first = true;
		t->s->next_drift = t->now;
	}
	return true;
}

/* It was put back just now; whatever changes it is given time to come to its end. */
static bool is_early(struct step *t)
{
	int64_t due = stack_fix_due(t->f, t->d->drift_key, t->now);

	if (!t->d->restores || t->s->looks || due <= t->now) {
		return false;
	}
	t->s->next_drift = due;
	log_drift(t);
	return true;
}

static void on_planned(struct step *t)
{
	bool asked = t->s->asked;
	bool drift = t->d->drift_key != NULL && (t->s->looks || stack_plans_drift(t->f));
	bool alone = !t->d->restores && is_settled(t->f);

	plan_ended(t);
	if (t->s->wanted != MODE_APPLY || (drift && (is_worn(t) || is_early(t)))) {
		return; // what it is made of is about to change
	}
	if (!t->s->looks) {
		unblock_manifest(t);
	}
	/* Suspended meanwhile: nobody is asked now, and it is planned anew afterwards. */
	if (!t->s->looks && (!drift || asked || !alone || t->s->ask_first) &&
	    !stack_is_suspended(t->s, t->f)) {
		t->s->ask_first = false;
		add(t, STACK_DO_PUBLISH, 0, "");
	}
	if (drift) {
		log_drift(t);
	}
}

static void on_plan_empty(struct step *t)
{
	const char *reason = "nothing to change";

	plan_ended(t);
	t->s->voids = 0;
	t->s->fix_problem[0] = '\0';
	t->s->ask_first = false;
	if (!t->s->looks) {
		unblock_manifest(t);
	}
	if (t->f->drift[0] != '\0') {
		reason = "the drift has gone";
	} else if (t->s->looks) {
		return;
	} else if (stack_plans_drift(t->f) && !is_settled(t->f)) {
		return;
	}
	add(t, STACK_LOG_CONVERGED, 0, reason);
}

static void on_plan_bad(struct step *t)
{
	char reason[STACK_REASON_MAX];

	plan_ended(t);
	stack_keep(reason, t->d->reason);
	if (t->s->looks) {
		stack_keep(t->s->plan_problem, t->d->reason);
		return;
	}
	if (t->f->block != STACK_BLOCK_MANIFEST ||
	    strcmp(t->f->block_commit, stack_target(t->f)) != 0 ||
	    strcmp(t->f->block_reason, reason) != 0) {
		add(t, STACK_LOG_BLOCKED, 0, "");
	}
}

static void on_plan_failed(struct step *t)
{
	t->s->job = STACK_JOB_NONE;
	t->s->plan_failures++;
	stack_keep(t->s->plan_problem, t->d->reason);
	t->s->next_plan = back_off(t, t->s->plan_failures);
}

static void on_approved(struct step *t)
{
	t->s->approved = t->f->phase == STACK_PHASE_OPEN;
}

static void apply_ended(struct step *t)
{
	t->s->job = STACK_JOB_NONE;
	t->s->mode = MODE_APPLY;
	t->s->approved = false;
	t->s->recover_failures = 0;
	t->s->recover_problem[0] = '\0';
}

/* A plan that needs nobody was refused: the next is for people, until what they approve may be the
 * proof that was missing. */
static void judge_fix(struct step *t)
{
	if (t->d->refused && t->f->plan_required == 0 &&
	    (stack_plans_drift(t->f) || t->f->returning)) {
		stack_keep(t->s->fix_problem, t->d->reason);
		t->s->ask_first = t->s->unfixable = true;
		t->s->next_drift = t->now;
		t->s->want_plan = t->f->returning; // by itself it would not be planned again
	} else if (t->d->ok && t->f->plan_required > 0) {
		t->s->fix_problem[0] = '\0';
		t->s->unfixable = false;
	}
}

static void on_applied(struct step *t)
{
	apply_ended(t);
	t->s->voids = 0;
	t->s->next_drift = t->s->touched ? t->now : next_drift(t);
	t->s->touched = false;
	judge_fix(t);
	add(t, STACK_LOG_APPLY_DONE, 0, "");
}

/* The plan came to nothing, and another may be made by itself. Once that is nothing special; a
 * target that changes or fails all the time must not keep the host busy. */
static void plan_again(struct step *t)
{
	apply_ended(t);
	t->s->voids++;
	t->s->next_plan = t->s->voids > 1 ? back_off(t, t->s->voids - 1) : 0;
	t->s->next_drift = t->now;
}

static void on_stale(struct step *t)
{
	plan_again(t);
	close_plan(t, STACK_PHASE_VOID, t->d->reason);
}

static void on_apply_lost(struct step *t)
{
	t->s->job = STACK_JOB_NONE;
	t->s->next_recover = 0;
	stack_keep(t->s->lost, t->d->reason);
}

static void log_nothing_left(struct step *t)
{
	static const char *const texts[] = {
		[MODE_APPLY] = "interrupted, nothing was left half done",
		[MODE_RESUME] = "nothing was left to resume",
		[MODE_UNDO] = "nothing was left to undo",
	};
	g_autofree char *reason = g_strdup_printf("%s%s%s", texts[t->s->mode],
						  t->s->lost[0] != '\0' ? ": " : "", t->s->lost);

	plan_again(t);
	t->s->lost[0] = '\0';
	add(t, STACK_LOG_INTERRUPTED, 0, reason);
}

static void on_nothing_left(struct step *t)
{
	if (t->s->job == STACK_JOB_APPLY && t->s->mode == MODE_APPLY) {
		return;
	}
	log_nothing_left(t);
}

static void on_recover_failed(struct step *t)
{
	t->s->job = STACK_JOB_NONE;
	t->s->recover_failures++;
	stack_keep(t->s->recover_problem, t->d->reason);
	t->s->next_recover =
		t->now + schedule_backoff(1, RECOVER_MAX, t->s->recover_failures, t->random);
}

static void on_dead(struct step *t)
{
	t->s->dead = true;
	stack_keep(t->s->plan_problem, t->d->reason);
}

#define ANY (-1)
static const struct {
	void (*handle)(struct step *step);
	int job;   /* the job that must be running; ANY: whatever runs */
	int other; /* a second one, or the same */
} events[STACK_EVENTS] = {
	[STACK_LOOK] = {on_look, ANY, ANY},
	[STACK_SYNC] = {on_sync, ANY, ANY},
	[STACK_PLAN] = {on_plan, ANY, ANY},
	[STACK_REPLAN] = {on_replan, ANY, ANY},
	[STACK_FOLLOW] = {on_follow, ANY, ANY},
	[STACK_RESUME] = {on_resume, ANY, ANY},
	[STACK_UNDO] = {on_undo, ANY, ANY},
	[STACK_FETCHED] = {step_fetched, STACK_JOB_FETCH, STACK_JOB_FETCH},
	[STACK_FETCH_BAD] = {step_fetch_bad, STACK_JOB_FETCH, STACK_JOB_FETCH},
	[STACK_FETCH_FAILED] = {step_fetch_failed, STACK_JOB_FETCH, STACK_JOB_FETCH},
	[STACK_PLANNED] = {on_planned, STACK_JOB_PLAN, STACK_JOB_PLAN},
	[STACK_PLAN_EMPTY] = {on_plan_empty, STACK_JOB_PLAN, STACK_JOB_PLAN},
	[STACK_DIFFERS] = {on_differs, STACK_JOB_PLAN, STACK_JOB_PLAN},
	[STACK_TOUCHED] = {on_touched, ANY, ANY},
	[STACK_PLAN_BAD] = {on_plan_bad, STACK_JOB_PLAN, STACK_JOB_PLAN},
	[STACK_PLAN_FAILED] = {on_plan_failed, STACK_JOB_PLAN, STACK_JOB_PLAN},
	[STACK_APPROVED] = {on_approved, ANY, ANY},
	[STACK_APPLIED] = {on_applied, STACK_JOB_APPLY, STACK_JOB_RECOVER},
	[STACK_STALE] = {on_stale, STACK_JOB_APPLY, STACK_JOB_APPLY},
	[STACK_APPLY_LOST] = {on_apply_lost, STACK_JOB_APPLY, STACK_JOB_APPLY},
	[STACK_NOTHING_LEFT] = {on_nothing_left, STACK_JOB_RECOVER, STACK_JOB_APPLY},
	[STACK_RECOVER_FAILED] = {on_recover_failed, STACK_JOB_RECOVER, STACK_JOB_RECOVER},
	[STACK_DEAD] = {on_dead, ANY, ANY},
};

static void start(struct step *t, enum stack_job job, enum stack_effect effect)
{
	t->s->job = job;
	t->s->fetched = false;
	add(t, effect, 0, "");
}

static void start_apply(struct step *t, enum record_mode mode)
{
	t->s->mode = mode;
	t->s->lost[0] = '\0';
	add(t, STACK_LOG_APPLY_START, 0, "");
	start(t, STACK_JOB_APPLY, STACK_DO_APPLY);
}

/* As a person asked, unless something has come in between. */
static void look_to_steer(struct step *t)
{
	enum record_mode mode = t->s->wanted;

	if (t->s->job != STACK_JOB_NONE) {
		return;
	}
	t->s->wanted = MODE_APPLY;
	if (stack_may_steer(t->s, t->f, mode, t->now) == STACK_MAY) {
		start_apply(t, mode);
	}
}

/* Approved, and nothing keeps it. */
static bool may_go(const struct stack *s, const struct stack_facts *f)
{
	return s->approved && !stack_is_held(s, f) && !stack_is_waiting(s, f) &&
	       !stack_is_suspended(s, f);
}

static const char *why_expired(const struct step *t)
{
	if (!t->s->approved) {
		return "nobody decided in time";
	}
	if (stack_is_suspended(t->s, t->f)) {
		return "approved, but suspended until it was too late";
	}
	return stack_is_waiting(t->s, t->f) ? "approved, but another stack kept it for too long"
					    : "approved, but no window let it through in time";
}

/* What an open plan needs now. One of another commit than what is wanted is left where a person has
 * said so, or where this ended in between. */
static void look_at_plan(struct step *t)
{
	if (strcmp(t->f->plan_commit, stack_target(t->f)) != 0 && t->s->job != STACK_JOB_APPLY) {
		close_plan(t, STACK_PHASE_SUPERSEDED, "another commit is wanted now");
	} else if (t->now >= t->f->plan_expires && t->s->job != STACK_JOB_APPLY) {
		close_plan(t, STACK_PHASE_EXPIRED, why_expired(t));
	} else if (may_go(t->s, t->f) && t->s->job == STACK_JOB_NONE && !stack_is_blocked(t->f)) {
		start_apply(t, MODE_APPLY);
	}
}

static bool fetch_is_due(const struct stack *s, int64_t now)
{
	return s->want_fetch || s->fetch_due || (s->next_fetch != 0 && now >= s->next_fetch);
}

static void start_plan(struct step *t, bool looks)
{
	t->s->looks = looks;
	t->s->touched = false;
	start(t, STACK_JOB_PLAN, STACK_DO_PLAN);
}

/* A fetch goes first; but one after the other, as hooks can ask for them, would let no plan be
 * made. */
static void look_for_work(struct step *t)
{
	struct stack *s = t->s;
	bool plan = plan_is_due(s, t->f, t->now);

	if (stack_wants_list(t->f) && s->listed != t->f->moves) {
		s->listed = t->f->moves;
		s->fetch_due = true;
	}
	if (fetch_is_due(s, t->now) && !(s->fetched && plan)) {
		s->want_fetch = s->fetch_due = false;
		step_choose_ref(t);
		start(t, STACK_JOB_FETCH, STACK_DO_FETCH);
	} else if (plan) {
		s->asked = s->want_plan;
		s->want_plan = false;
		start_plan(t, false);
	} else if (look_is_due(s, t->f, t->now)) {
		s->asked = false;
		start_plan(t, true);
	} else {
		s->want_plan = s->fetched = false;
	}
}

static void bound(int64_t *when, const struct step *t, int64_t pause)
{
	int64_t latest = t->now + pause + pause / 10 + 1;

	*when = MIN(*when, latest);
}

/* The clock may have been set back, or the configuration made a pause shorter. */
static void bound_pauses(struct step *t)
{
	const struct stack_settings *c = &t->s->settings;

	bound(&t->s->next_fetch, t,
	      t->s->fetch_failures > 0 ? MAX(c->interval, c->backoff_max) : c->interval);
	bound(&t->s->next_plan, t, MAX(c->interval, c->backoff_max));
	bound(&t->s->next_drift, t, c->drift_interval);
	bound(&t->s->next_recover, t, RECOVER_MAX);
}

static bool suspension_is_over(const struct step *t)
{
	return t->f->suspended[0] != '\0' && t->f->suspended_until != 0 &&
	       t->now >= t->f->suspended_until;
}

static void look(struct step *t)
{
	const char *trial_end = stack_trial_end(t->s, t->f, t->now);

	if (suspension_is_over(t)) {
		add(t, STACK_LOG_RESUME, 0, "its time was over");
		return;
	}
	bound_pauses(t);
	if (t->s->next_drift == 0) {
		t->s->next_drift = next_drift(t);
	}
	if (t->f->phase != STACK_PHASE_OPEN) {
		t->s->approved = false;
	}
	if (t->f->phase == STACK_PHASE_APPLYING) {
		if (t->s->job == STACK_JOB_NONE && t->now >= t->s->next_recover &&
		    t->s->stopped[0] == '\0') {
			start(t, STACK_JOB_RECOVER, STACK_DO_RECOVER);
		}
		return;
	}
	if (trial_end != NULL) {
		t->s->next_drift = t->now; // a trial that failed may have left something
		add(t, STACK_LOG_RETURN, 0, trial_end);
		return;
	}
	if (t->s->wanted != MODE_APPLY) {
		look_to_steer(t);
	}
	if (t->f->phase == STACK_PHASE_OPEN && t->fx->count == 0) {
		look_at_plan(t);
	}
	if (t->fx->count == 0 && t->s->job == STACK_JOB_NONE) {
		look_for_work(t);
	}
}

/* Only what is still to come: what is past has been acted upon, or waits for something else. */
static int64_t later(int64_t wake, int64_t when, int64_t now)
{
	return when > now ? schedule_earlier(wake, when) : wake;
}

int64_t stack_quiet_due(const struct stack *stack, const struct stack_facts *facts)
{
	int64_t quiet = facts->plan_quiet - facts->plan_created;

	return facts->plan_quiet == 0 ? 0 : MAX(facts->plan_created, stack->started) + quiet;
}

static int64_t wake_time(const struct step *t)
{
	int64_t wake = 0;

	if (t->s->dead || t->s->follows[0] != '\0') {
		return 0;
	}
	wake = later(wake, t->s->next_fetch, t->now);
	wake = later(wake, t->s->next_plan, t->now);
	wake = later(wake, t->s->next_drift, t->now);
	wake = later(wake, t->s->next_recover, t->now);
	wake = later(wake, t->f->suspended_until, t->now);
	wake = later(wake, t->s->stopped_until, t->now);
	wake = t->f->try_ref[0] != '\0' ? later(wake, t->f->try_until, t->now) : wake;
	if (t->f->phase == STACK_PHASE_OPEN) {
		wake = later(wake, t->f->plan_expires, t->now);
		wake = later(wake, stack_quiet_due(t->s, t->f), t->now);
		wake = t->s->approved && t->s->shut ? later(wake, t->s->opens, t->now) : wake;
	}
	return wake;
}

static void tell(struct step *t)
{
	enum stack_state state = stack_say(t->s, t->f, plan_is_due(t->s, t->f, t->now),
					   t->s->reason, sizeof(t->s->reason), &t->s->own);

	/* Of a state that came with an entry the log knows the time, and a restart says the same.
	 */
	if (t->s->since == 0 || state != t->s->state) {
		t->s->since = t->f->moves != t->s->moves ? t->f->changed : t->now;
	}
	t->s->moves = t->f->moves;
	t->s->state = state;
	t->s->wake = wake_time(t);
}

void stack_init(struct stack *stack, const struct stack_settings *settings)
{
	*stack = (struct stack){.settings = *settings, .fetch_due = true};
}

void stack_step(struct stack *stack, const struct stack_facts *facts, enum stack_event event,
		const struct stack_details *details, int64_t now, uint32_t random,
		struct stack_effects *effects)
{
	struct step t = {stack, facts, details, effects, now, random};
	int job = (int)stack->job;

	effects->count = 0;
	if (stack->dead) {
		return;
	}
	if (stack->follows[0] != '\0') {
		tell(&t);
		return;
	}
	if (events[event].job == ANY || events[event].job == job || events[event].other == job) {
		events[event].handle(&t);
	}
	if (event == STACK_LOOK) {
		look(&t);
	}
	tell(&t);
}

bool stack_rests(const struct stack *stack, const struct stack_facts *facts, int64_t now)
{
	if (stack->dead || stack->follows[0] != '\0') {
		return true;
	}
	if (stack->job != STACK_JOB_NONE) {
		return false;
	}
	if (facts->phase == STACK_PHASE_APPLYING) { // all that is wanted waits for the recovery
		return stack->recover_problem[0] != '\0' || stack->stopped[0] != '\0';
	}
	if (stack->want_fetch || stack->want_plan || stack->fetch_due ||
	    stack->wanted != MODE_APPLY) {
		return false;
	}
	return !(facts->phase == STACK_PHASE_OPEN && may_go(stack, facts)) &&
	       !plan_is_due(stack, facts, now);
}
