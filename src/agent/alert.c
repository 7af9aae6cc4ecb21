/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When something that is wrong becomes an alert, and when that is over. */
#include "agent/alert.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "agent/schedule.h"
#include "agent/stack-say.h"

/* UNKNOWN: this process has not seen yet; nothing follows from it. */
enum finding { OVER, HOLDS, UNKNOWN };

struct judging {
	struct alert_watch *w;
	const struct alert_look *k;
	enum record_condition condition;
};

static const struct alert_facts *facts_of(const struct judging *j)
{
	return &j->k->log->of[j->condition];
}

static enum finding judge_drift(const struct judging *j)
{
	return j->k->facts->drift[0] != '\0' ? HOLDS : OVER;
}

static enum finding judge_fetch(const struct judging *j)
{
	if (j->k->stack->fetch_problem[0] != '\0') {
		return HOLDS;
	}
	return j->k->stack->next_fetch != 0 ? OVER : UNKNOWN; // one has ended
}

static enum finding judge_plan(const struct judging *j)
{
	if (j->k->stack->plan_problem[0] != '\0') {
		return HOLDS;
	}
	return j->k->stack->plan_known ? OVER : UNKNOWN;
}

/* One that runs may yet succeed. */
static enum finding judge_apply(const struct judging *j)
{
	if (j->k->stack->recover_problem[0] != '\0') {
		return HOLDS;
	}
	if (j->k->facts->phase == STACK_PHASE_APPLYING) {
		return UNKNOWN;
	}
	return facts_of(j)->since != 0 ? HOLDS : OVER;
}

/* The first fetch of this process says whether what the log knows is still so. */
static enum finding judge_blocked(const struct judging *j)
{
	if (j->k->facts->block == STACK_BLOCK_NONE) {
		return OVER;
	}
	return judge_fetch(j) == UNKNOWN ? UNKNOWN : HOLDS;
}

/* Did it change often enough, and last so a short time ago? */
static bool flaps(const struct judging *j, enum record_condition condition, int64_t span)
{
	const struct alert_facts *f = &j->k->log->of[condition];

	return f->changes[ALERT_FLAPS - 1] != 0 &&
	       f->changes[0] - f->changes[ALERT_FLAPS - 1] <= span &&
	       j->k->clock - j->w->of[condition].change < ALERT_CALM;
}

static bool is_one(enum record_condition condition)
{
	return condition != CONDITION_FLAPPING && condition != CONDITION_SUSPENDED;
}

static int64_t span_of(const struct judging *j)
{
	return j->k->log->of[CONDITION_FLAPPING].raised ? ALERT_FLAP_STAY : ALERT_FLAP_SPAN;
}

static enum finding judge_flapping(const struct judging *j)
{
	for (int c = 0; c < ALERT_CONDITIONS; c++) {
		if (is_one((enum record_condition)c) &&
		    flaps(j, (enum record_condition)c, span_of(j))) {
			return HOLDS;
		}
	}
	return OVER;
}

static enum finding judge_suspended(const struct judging *j)
{
	return j->k->facts->suspended[0] != '\0' ? HOLDS : OVER;
}

static char *say_drift(const struct judging *j)
{
	const struct stack_facts *f = j->k->facts;

	return g_strdup_printf("%" PRId64 " change%s on the host since commit %.12s was applied",
			       f->drift_count, f->drift_count == 1 ? "" : "s", f->base);
}

static char *say_fetch(const struct judging *j)
{
	return g_strdup(j->k->stack->fetch_problem);
}

static char *say_plan(const struct judging *j)
{
	return g_strdup(j->k->stack->plan_problem);
}

static char *say_apply(const struct judging *j)
{
	const struct stack_facts *f = j->k->facts;

	if (j->k->stack->recover_problem[0] != '\0') {
		return g_strdup_printf("the interrupted apply of plan %" PRId64
				       " cannot be recovered: %s",
				       f->plan_number, j->k->stack->recover_problem);
	}
	return g_strdup_printf("the apply of commit %.12s has failed%s%s", j->k->log->failed,
			       j->k->log->failed_why[0] != '\0' ? ": " : "", j->k->log->failed_why);
}

static char *say_blocked(const struct judging *j)
{
	return g_strdup_printf("%s: %s", stack_block_names[j->k->facts->block],
			       j->k->facts->block_reason);
}

static char *say_flapping(const struct judging *j)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (int c = 0; c < ALERT_CONDITIONS; c++) {
		const int64_t *changes = j->k->log->of[c].changes;

		if (is_one((enum record_condition)c) &&
		    flaps(j, (enum record_condition)c, span_of(j))) {
			g_string_append_printf(
				text,
				"%s'%s' has come and gone, %d changes within %" PRId64 " minutes",
				text->len > 0 ? "; " : "", record_condition_names[c], ALERT_FLAPS,
				(changes[0] - changes[ALERT_FLAPS - 1] + 59) / 60);
		}
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *say_suspended(const struct judging *j)
{
	g_autofree char *until = stack_time(j->k->facts->suspended_until);

	return g_strdup_printf("%s; this ends at %s", j->k->facts->suspended, until);
}

static const struct {
	enum finding (*judge)(const struct judging *judging);
	char *(*say)(const struct judging *judging);
} conditions[ALERT_CONDITIONS] = {
	[CONDITION_DRIFT] = {judge_drift, say_drift},
	[CONDITION_FETCH] = {judge_fetch, say_fetch},
	[CONDITION_PLAN] = {judge_plan, say_plan},
	[CONDITION_APPLY] = {judge_apply, say_apply},
	[CONDITION_BLOCKED] = {judge_blocked, say_blocked},
	[CONDITION_FLAPPING] = {judge_flapping, say_flapping},
	[CONDITION_SUSPENDED] = {judge_suspended, say_suspended},
};

bool alert_is_flapping(const struct alert_log *log, enum record_condition condition)
{
	const int64_t *changes = log->of[condition].changes;

	return log->of[CONDITION_FLAPPING].raised && is_one(condition) &&
	       changes[ALERT_FLAPS - 1] != 0 &&
	       changes[0] - changes[ALERT_FLAPS - 1] <= ALERT_FLAP_STAY;
}

/* A time of the log on the clock that nobody sets. One from the future is now. */
static int64_t on_clock(const struct alert_look *k, int64_t when)
{
	return k->clock - MAX(k->now - when, 0);
}

static int64_t oldest_change(const struct judging *j)
{
	int64_t oldest = 0;

	for (int c = 0; c < ALERT_CONDITIONS; c++) {
		if (is_one((enum record_condition)c) &&
		    flaps(j, (enum record_condition)c, span_of(j))) {
			oldest =
				schedule_earlier(oldest, j->k->log->of[c].changes[ALERT_FLAPS - 1]);
		}
	}
	return oldest;
}

/* Since when: as the alert says, else as the log says, else since it was met here. */
static int64_t since_of(const struct judging *j)
{
	const struct alert_facts *f = facts_of(j);

	if (f->raised) {
		return f->began;
	}
	if (j->condition == CONDITION_FLAPPING) {
		return oldest_change(j);
	}
	return f->since != 0 ? f->since : j->k->now;
}

static void follow(const struct judging *j, enum finding finding)
{
	const struct alert_facts *f = facts_of(j);
	struct alert_watch *w = j->w;

	if (f->time != w->of[j->condition].told_at) {
		w->of[j->condition].told_at = f->time;
		w->of[j->condition].told = on_clock(j->k, f->time);
	}
	if (finding == OVER) {
		w->of[j->condition].since = 0;
	} else if (finding == HOLDS &&
		   (w->of[j->condition].since == 0 ||
		    (f->since != 0 && f->since != w->of[j->condition].since && !f->raised))) {
		w->of[j->condition].since = since_of(j);
		w->of[j->condition].began = on_clock(j->k, w->of[j->condition].since);
	}
}

static void follow_changes(const struct judging *j)
{
	for (int c = 0; c < ALERT_CONDITIONS; c++) {
		int64_t newest = j->k->log->of[c].changes[0];

		if (newest != j->w->of[c].change_at) {
			j->w->of[c].change_at = newest;
			j->w->of[c].change = on_clock(j->k, newest);
		}
	}
}

static bool tell(const struct judging *j, enum record_alert_state state, struct alert_news *news)
{
	const struct alert_facts *f = facts_of(j);
	bool raised = state == ALERT_RAISED;
	g_autofree char *reason = NULL;

	news->condition = j->condition;
	news->state = state;
	news->since = raised ? j->w->of[j->condition].since : f->began;
	news->count = raised ? 0 : f->count + (state == ALERT_REMINDED ? 1 : 0);
	reason = state == ALERT_RESOLVED ? g_strdup(f->reason) : conditions[j->condition].say(j);
	stack_keep(news->reason, reason);
	return true;
}

static bool has_failed_often(const struct judging *j)
{
	const struct stack *s = j->k->stack;

	return (j->condition == CONDITION_FETCH && s->fetch_failures >= ALERT_FAILURES) ||
	       (j->condition == CONDITION_PLAN && s->plan_failures >= ALERT_FAILURES);
}

static void wait_for(const struct judging *j, int64_t clock)
{
	j->w->wait = schedule_earlier(j->w->wait, MAX(clock - j->k->clock, 1));
}

static bool raise_it(const struct judging *j, struct alert_news *news)
{
	int64_t due = j->w->of[j->condition].began + j->k->after;

	if (j->k->after == 0) {
		return false;
	}
	if (j->condition == CONDITION_FLAPPING) {
		return tell(j, ALERT_RAISED, news);
	}
	if (flaps(j, j->condition, span_of(j))) {
		wait_for(j, j->w->of[j->condition].change + ALERT_CALM);
		return false;
	}
	if (j->k->clock >= due || has_failed_often(j)) {
		return tell(j, ALERT_RAISED, news);
	}
	wait_for(j, due);
	return false;
}

/* Doubled with each, up to a day. */
static int64_t gap_of(const struct judging *j)
{
	int64_t gap = j->k->remind;

	for (int64_t i = 0; i < facts_of(j)->count && gap < ALERT_GAP_MAX; i++) {
		gap *= 2;
	}
	return MIN(gap, ALERT_GAP_MAX);
}

static bool is_of_host(enum record_condition condition)
{
	return condition == CONDITION_DRIFT || condition == CONDITION_FLAPPING;
}

static bool remind(const struct judging *j, struct alert_news *news)
{
	int64_t due = j->w->of[j->condition].told + gap_of(j);

	if (j->k->after == 0 || (j->k->suspended && is_of_host(j->condition))) {
		return false;
	}
	if (j->k->clock >= due) {
		return tell(j, ALERT_REMINDED, news);
	}
	wait_for(j, due);
	return false;
}

/* Once, and not of a suspension that was shorter than that from the beginning. */
static bool remind_of_end(const struct judging *j, struct alert_news *news)
{
	const struct alert_facts *f = facts_of(j);
	int64_t until = j->k->facts->suspended_until, due = until - j->k->end;

	if (until == 0 || j->k->end == 0 || f->count > 0 || f->since >= due || j->k->now >= until) {
		return false;
	}
	if (j->k->now >= due) {
		tell(j, ALERT_REMINDED, news);
		news->since = f->since;
		return true;
	}
	j->w->wait = schedule_earlier(j->w->wait, due - j->k->now);
	return false;
}

static bool step_of(const struct judging *j, struct alert_news *news)
{
	enum finding finding = conditions[j->condition].judge(j);
	bool raised = facts_of(j)->raised;

	follow(j, finding);
	if (j->condition == CONDITION_SUSPENDED) {
		return finding == HOLDS && remind_of_end(j, news);
	}
	if (finding == OVER) {
		return raised && tell(j, ALERT_RESOLVED, news);
	}
	if (finding == UNKNOWN) {
		return false;
	}
	if (j->condition == CONDITION_FLAPPING && raised) {
		for (int c = 0; c < ALERT_CONDITIONS; c++) {
			if (flaps(j, (enum record_condition)c, span_of(j))) {
				wait_for(j, j->w->of[c].change + ALERT_CALM);
			}
		}
	}
	return raised ? remind(j, news) : raise_it(j, news);
}

bool alert_step(struct alert_watch *watch, const struct alert_look *look, struct alert_news *news)
{
	/* What flaps is known before a condition is raised that does. */
	static const enum record_condition order[] = {
		CONDITION_FLAPPING, CONDITION_DRIFT,   CONDITION_FETCH,	    CONDITION_PLAN,
		CONDITION_APPLY,    CONDITION_BLOCKED, CONDITION_SUSPENDED,
	};
	struct judging j = {watch, look, CONDITION_FLAPPING};

	watch->wait = 0;
	follow_changes(&j);
	for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
		j.condition = order[i];
		if (step_of(&j, news)) {
			return true;
		}
	}
	return false;
}

int64_t alert_wait(const struct alert_watch *watch)
{
	return watch->wait;
}
