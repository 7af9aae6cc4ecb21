/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drift: when it is looked for, what is put back, and when people are asked instead. */
#include "agent/stack-drift.h"

#include <string.h>

#include "agent/drift.h"
#include "stack-world.h"

/* Converged, and no fetch comes in between. */
static void begin(struct world *w)
{
	world_begin(w);
	world_at_converged(w);
	w->s.next_fetch = 0;
	world_forget(w);
}

static void test_burst_is_one_look(void)
{
	struct world w;

	begin(&w);
	world_send(&w, STACK_TOUCHED);
	g_assert_cmpstr(w.trace->str, ==, "plan");
	/* what happens while it looks is looked at once more, once */
	world_send(&w, STACK_TOUCHED);
	world_send(&w, STACK_TOUCHED);
	world_send(&w, STACK_PLAN_EMPTY);
	g_assert_cmpstr(w.trace->str, ==, "plan plan");
	world_send(&w, STACK_PLAN_EMPTY);
	g_assert_cmpstr(w.trace->str, ==, "plan plan");
	world_finish(&w);
}

/* Something that changes every second keeps no host busy. */
static void test_unrest_is_bounded(void)
{
	struct world w;
	unsigned looks = 0;

	begin(&w);
	for (unsigned i = 0; i < 600; i++) {
		w.now++;
		w.s.next_fetch = 0;
		world_send(&w, STACK_TOUCHED);
		if (w.s.job == STACK_JOB_PLAN) {
			looks++;
			world_send(&w, STACK_PLAN_EMPTY);
		}
		g_assert_cmpint(w.s.next_drift, <=, w.now + 2 * world_settings.drift_interval);
	}
	g_assert_cmpuint(looks, >=, 600 / STACK_TOUCH_PAUSE - 1);
	g_assert_cmpuint(looks, <=, 600 / STACK_TOUCH_PAUSE + STACK_TOUCHES + 1);
	/* and after some rest the first one is looked at as soon as ever */
	w.now += STACK_TOUCH_PAUSE;
	world_forget(&w);
	world_send(&w, STACK_TOUCHED);
	g_assert_cmpstr(w.trace->str, ==, "plan");
	world_finish(&w);
}

static void test_clock_set_back(void)
{
	struct world w;

	begin(&w);
	for (unsigned i = 0; i < 2 * STACK_TOUCHES; i++) {
		world_send(&w, STACK_TOUCHED);
		if (w.s.job == STACK_JOB_PLAN) {
			world_send(&w, STACK_PLAN_EMPTY);
		}
	}
	g_assert_cmpint(w.s.next_drift, >, w.now);
	w.now -= 86400;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpint(w.s.next_drift, <=, w.now + 2 * world_settings.drift_interval);
	world_forget(&w);
	w.s.next_fetch = 0;
	world_send(&w, STACK_TOUCHED);
	g_assert_cmpstr(w.trace->str, ==, "plan");
	world_finish(&w);
}

static void test_clock_set_forward(void)
{
	struct world w;

	begin(&w);
	w.now += 10 * 365 * 86400;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "plan");
	world_send(&w, STACK_PLAN_EMPTY);
	g_assert_cmpstr(w.trace->str, ==, "plan");
	g_assert_cmpint(w.s.next_drift, >, w.now);
	g_assert_cmpint(w.s.next_drift, <=, w.now + 2 * world_settings.drift_interval);
	world_finish(&w);
}

/* Our own changes are looked at once, when all of them are made. */
static void test_own_changes(void)
{
	struct world w;

	world_begin(&w);
	world_at_applying(&w);
	world_forget(&w);
	w.s.next_fetch = 0;
	world_send(&w, STACK_TOUCHED);
	world_send(&w, STACK_TOUCHED);
	g_assert_cmpstr(w.trace->str, ==, "");
	world_send(&w, STACK_APPLIED);
	g_assert_cmpstr(w.trace->str, ==, "+apply-done plan");
	world_send(&w, STACK_PLAN_EMPTY);
	g_assert_cmpstr(w.trace->str, ==, "+apply-done plan");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_CONVERGED);
	world_finish(&w);
}

/* Told, neither asked for nor put back, and known to have gone. */
static void test_suspended(void)
{
	struct world w;

	world_begin(&w);
	world_at_looking(&w);
	w.s.next_fetch = 0;
	world_forget(&w);
	w.restores = true;
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "+drift");
	g_assert_cmpint(w.f->drift_count, ==, 1);
	g_assert_cmpint(w.f->drift_since, ==, w.now);
	w.now += 1000;
	w.s.next_fetch = 0;
	world_step(&w, STACK_LOOK, NULL);
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "+drift plan");
	g_assert_cmpint(w.f->drift_since, ==, w.now - 1000);
	world_send(&w, STACK_TOUCHED);
	world_send(&w, STACK_PLAN_EMPTY);
	g_assert_cmpstr(w.trace->str, ==, "+drift plan plan +converged");
	g_assert_cmpint(w.f->drift_since, ==, 0);
	world_finish(&w);
}

/* A look at what holds says nothing of the commit that was rejected. */
static void test_behind_a_rejected_commit(void)
{
	struct world w;

	begin(&w);
	world_send(&w, STACK_SYNC);
	world_fetched(&w, B);
	world_send(&w, STACK_PLANNED);
	world_entry(&w, "closed", "\"outcome\":\"rejected\",\"plan\":\"%s\",\"reason\":\"bob: no\"",
		    w.f->plan);
	world_step(&w, STACK_LOOK, NULL);
	w.s.next_fetch = 0;
	world_forget(&w);
	world_send(&w, STACK_TOUCHED);
	g_assert_cmpstr(stack_plan_commit(&w.s, w.f), ==, A);
	world_send(&w, STACK_PLANNED);
	world_send(&w, STACK_TOUCHED);
	world_send(&w, STACK_PLAN_EMPTY);
	g_assert_cmpstr(w.trace->str, ==, "plan +drift plan +converged");
	g_assert_cmpstr(w.f->base, ==, A);
	g_assert_cmpstr(w.f->settled, ==, B);
	world_finish(&w);
}

/* What a failed apply left half done is nobody's drift. */
static void test_not_in_between(void)
{
	struct world w;

	world_begin(&w);
	world_at_converged(&w);
	world_send(&w, STACK_SYNC);
	world_fetched(&w, B);
	world_send(&w, STACK_PLANNED);
	world_send(&w, STACK_APPROVED);
	w.result = "failed";
	w.halts = true;
	world_send(&w, STACK_APPLIED);
	w.s.next_fetch = 0;
	world_forget(&w);
	w.now += 1000;
	world_send(&w, STACK_TOUCHED);
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "");
	world_finish(&w);
}

static void fix_once(struct world *w)
{
	w->s.next_fetch = 0;
	w->now += STACK_FIX_LIMIT * STACK_FIX_PAUSE;
	world_send(w, STACK_TOUCHED);
	world_send(w, STACK_PLANNED);
}

/* Put back three times; then somebody must be asked what changes it. */
static void test_worn(void)
{
	struct world w;

	begin(&w);
	w.restores = true;
	for (unsigned i = 0; i < STACK_FIX_LIMIT; i++) {
		world_forget(&w);
		fix_once(&w);
		g_assert_cmpstr(w.trace->str, ==, "plan publish +drift");
		world_send(&w, STACK_APPROVED);
		world_send(&w, STACK_APPLIED);
		g_assert_cmpstr(w.f->drift, ==, "");
	}
	world_forget(&w);
	fix_once(&w);
	g_assert_cmpstr(w.trace->str, ==, "plan plan"); // once more, for people
	g_assert_true(w.s.ask_first);
	w.restores = false;
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "plan plan publish +drift");
	g_assert_false(w.s.ask_first);
	world_entry(&w, "closed", "\"outcome\":\"rejected\",\"plan\":\"%s\",\"reason\":\"bob: no\"",
		    w.f->plan);
	world_step(&w, STACK_LOOK, NULL);
	world_forget(&w);
	w.restores = true;
	fix_once(&w); // who was asked is not asked again
	g_assert_cmpstr(w.trace->str, ==, "plan");
	g_assert_nonnull(strstr(w.s.reason, "was rejected"));
	w.now += STACK_FIX_SPAN;
	world_forget(&w);
	fix_once(&w);
	g_assert_cmpstr(w.trace->str, ==, "plan publish");
	world_finish(&w);
}

/* Who changes it for a while is let come to an end. */
static void test_not_at_once(void)
{
	struct world w;

	begin(&w);
	w.restores = true;
	fix_once(&w);
	world_send(&w, STACK_APPROVED);
	world_send(&w, STACK_APPLIED);
	world_forget(&w);
	w.s.next_fetch = 0;
	w.now++;
	world_send(&w, STACK_TOUCHED);
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "plan +drift");
	g_assert_cmpint(w.s.next_drift, ==, w.now - 1 + STACK_FIX_PAUSE);
	w.now = w.s.next_drift;
	w.s.next_fetch = 0;
	world_step(&w, STACK_LOOK, NULL);
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "plan +drift plan publish");
	world_finish(&w);
}

/* After a restart the log says the same. */
static void test_worn_is_known(void)
{
	struct world w;

	begin(&w);
	w.restores = true;
	for (unsigned i = 0; i < STACK_FIX_LIMIT; i++) {
		fix_once(&w);
		world_send(&w, STACK_APPROVED);
		world_send(&w, STACK_APPLIED);
	}
	stack_init(&w.s, &world_settings);
	w.s.fetch_due = false;
	world_forget(&w);
	fix_once(&w);
	g_assert_cmpstr(w.trace->str, ==, "plan plan");
	world_finish(&w);
}

/* Whoever applies does not put back without being asked: people are. */
static void test_refused(void)
{
	struct world w;

	begin(&w);
	w.restores = true;
	fix_once(&w);
	world_send(&w, STACK_APPROVED);
	w.refused = true;
	w.result = "failed";
	world_forget(&w);
	world_send(&w, STACK_APPLIED);
	g_assert_cmpstr(w.trace->str, ==, "+apply-done plan");
	g_assert_true(w.s.unfixable);
	w.restores = false;
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "+apply-done plan publish");
	world_entry(&w, "closed", "\"outcome\":\"rejected\",\"plan\":\"%s\",\"reason\":\"bob: no\"",
		    w.f->plan);
	world_step(&w, STACK_LOOK, NULL);
	world_forget(&w);
	fix_once(&w);
	g_assert_cmpstr(w.trace->str, ==, "plan");
	world_finish(&w);
}

/* What people have approved since may be proof that there was not before. */
static void test_fixable_again(void)
{
	struct world w;

	begin(&w);
	w.restores = true;
	fix_once(&w);
	world_send(&w, STACK_APPROVED);
	w.refused = true;
	w.result = "failed";
	world_send(&w, STACK_APPLIED);
	g_assert_true(w.s.unfixable);
	w.restores = false;
	world_send(&w, STACK_PLANNED); // for people
	world_send(&w, STACK_APPROVED);
	world_send(&w, STACK_APPLIED); // nor is that one begun: nothing is new
	g_assert_true(w.s.unfixable);
	world_send(&w, STACK_PLAN);
	world_send(&w, STACK_PLANNED);
	world_send(&w, STACK_APPROVED);
	w.refused = false;
	world_send(&w, STACK_APPLIED); // failed half way
	g_assert_true(w.s.unfixable);
	w.result = "ok";
	world_send(&w, STACK_PLAN);
	world_send(&w, STACK_PLANNED);
	world_send(&w, STACK_APPROVED);
	world_send(&w, STACK_APPLIED);
	g_assert_false(w.s.unfixable);
	g_assert_cmpstr(w.s.fix_problem, ==, "");
	world_finish(&w);
}

/* Whoever refuses each time is asked a few times only, however often people approve in between. */
static void test_refused_for_ever(void)
{
	unsigned tried = 0;
	struct world w;

	begin(&w);
	for (unsigned i = 0; i < 2 * STACK_FIX_LIMIT; i++) {
		w.restores = true;
		w.refused = true;
		w.result = "failed";
		fix_once(&w);
		if (w.f->phase == STACK_PHASE_OPEN && w.f->plan_required == 0) {
			tried++;
			world_send(&w, STACK_APPROVED);
			world_send(&w, STACK_APPLIED);
			g_assert_true(w.s.unfixable);
		}
		w.restores = false; // so the worker is told
		if (w.f->phase != STACK_PHASE_OPEN) {
			world_send(&w, STACK_PLANNED);
		}
		g_assert_cmpint(w.f->plan_required, ==, 1);
		w.refused = false;
		w.result = "ok";
		world_send(&w, STACK_APPROVED);
		world_send(&w, STACK_APPLIED);
		world_send(&w, STACK_PLAN_EMPTY);
	}
	g_assert_cmpuint(tried, ==, STACK_FIX_LIMIT);
	world_finish(&w);
}

/* The look at everything comes as far apart as it should, and since when something differs stays,
 * whatever the clock says. */
static void test_sweep_and_clock(void)
{
	const int64_t longest = world_settings.drift_interval + world_settings.drift_interval / 10;
	struct world w;
	int64_t since;

	begin(&w);
	w.s.next_drift = w.now + world_settings.drift_interval;
	w.s.next_fetch = 0;
	w.now -= 10 * 86400;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.next_drift, >, w.now);
	g_assert_cmpint(w.s.next_drift, <=, w.now + longest + 1);
	w.now = w.s.next_drift;
	w.s.next_fetch = 0;
	world_step(&w, STACK_LOOK, NULL);
	world_send(&w, STACK_DIFFERS);
	g_assert_cmpstr(w.trace->str, ==, "plan +drift");
	since = w.f->drift_since;
	g_assert_cmpint(since, !=, 0);
	w.now += 365 * 86400; // one look, not all that would have been
	w.s.next_fetch = 0;
	world_forget(&w);
	world_step(&w, STACK_LOOK, NULL);
	w.s.next_fetch = 0;
	world_send(&w, STACK_DIFFERS);
	g_assert_cmpstr(w.trace->str, ==, "plan");
	g_assert_cmpint(w.s.next_drift, >, w.now);
	g_assert_cmpint(w.f->drift_since, ==, since);
	w.now -= 365 * 86400;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpint(w.s.next_drift, <=, w.now + longest + 1);
	w.now = w.s.next_drift;
	w.s.next_fetch = 0;
	world_forget(&w);
	world_step(&w, STACK_LOOK, NULL);
	world_send(&w, STACK_PLAN_EMPTY);
	g_assert_cmpstr(w.trace->str, ==, "plan +converged");
	g_assert_cmpint(w.f->drift_since, ==, 0);
	world_finish(&w);
}

static void expect_why(const char *const *rows, const char *problem, const char *held,
		       const char *expected)
{
	struct drift drift = {.items = g_ptr_array_new_with_free_func(g_free)};
	g_autofree char *why = NULL;

	for (size_t i = 0; rows[i] != NULL; i++) {
		struct drift_item *item = g_new0(struct drift_item, 1);

		item->class = (char *)(strcmp(rows[i], "unproven") == 0 ? "propose" : rows[i]);
		item->unproven = strcmp(rows[i], "unproven") == 0;
		g_ptr_array_add(drift.items, item);
	}
	why = drift_why(&drift, problem, held);
	g_assert_cmpstr(why, ==, expected);
	g_ptr_array_unref(drift.items);
}

/* Each reason once, the agent's own only where it would have put something back. */
static void test_why(void)
{
	static const char *const fix[] = {"fix", "fix", NULL}, *const report[] = {"report", NULL},
				 *const propose[] = {"propose", NULL},
				 *const unproven[] = {"unproven", "unproven", NULL},
				 *const all[] = {"report",  "fix", "unproven",
						 "propose", "fix", NULL};

	expect_why(fix, "", NULL, NULL);
	expect_why(fix, "worn", NULL, "worn");
	expect_why(fix, "worn", "suspended", "suspended");
	expect_why(report, "worn", "suspended", "on-drift says report");
	expect_why(propose, "worn", NULL, "on-drift says propose");
	expect_why(unproven, "", NULL, "no plan that people approved proves it");
	expect_why(unproven, "no trust", NULL, "no trust");
	expect_why(all, "", NULL,
		   "1: on-drift says report; 1: no plan that people approved proves it; "
		   "1: on-drift says propose");
	expect_why(all, "", "suspended", "1: on-drift says report; 4: suspended");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stack-drift/a-burst-is-one-look", test_burst_is_one_look);
	g_test_add_func("/stack-drift/unrest-is-bounded", test_unrest_is_bounded);
	g_test_add_func("/stack-drift/a-clock-that-is-set-back", test_clock_set_back);
	g_test_add_func("/stack-drift/a-clock-that-is-set-forward", test_clock_set_forward);
	g_test_add_func("/stack-drift/our-own-changes", test_own_changes);
	g_test_add_func("/stack-drift/suspended-is-told", test_suspended);
	g_test_add_func("/stack-drift/behind-a-rejected-commit", test_behind_a_rejected_commit);
	g_test_add_func("/stack-drift/not-in-between", test_not_in_between);
	g_test_add_func("/stack-drift/put-back-too-often", test_worn);
	g_test_add_func("/stack-drift/put-back-too-often-after-a-restart", test_worn_is_known);
	g_test_add_func("/stack-drift/not-again-at-once", test_not_at_once);
	g_test_add_func("/stack-drift/who-applies-refuses", test_refused);
	g_test_add_func("/stack-drift/fixable-again", test_fixable_again);
	g_test_add_func("/stack-drift/refused-for-ever", test_refused_for_ever);
	g_test_add_func("/stack-drift/sweep-and-clock", test_sweep_and_clock);
	g_test_add_func("/stack-drift/why-it-stays", test_why);
	return g_test_run();
}
