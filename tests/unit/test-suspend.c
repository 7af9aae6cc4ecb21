/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is suspended, stopped or behind another stack begins nothing, whatever happens. */
#include "stack-world.h"

#include <string.h>

static const struct situation {
	const char *name;
	void (*enter)(struct world *w);
	const char *after[STACK_EVENTS]; /* without anything that keeps it; see test-stack.c */
} situations[] = {
#include "stack-table.h"
};

static void suspend(struct world *w, int64_t seconds)
{
	if (seconds == 0) {
		world_entry(w, "suspend", "\"person\":\"alice\",\"reason\":\"holiday\"");
	} else {
		world_entry(w, "suspend",
			    "\"person\":\"alice\",\"reason\":\"holiday\",\"until\":%d",
			    (int)(w->now + seconds));
	}
}

static void keep_suspended(struct world *w)
{
	suspend(w, 0);
}

static void keep_stopped(struct world *w)
{
	stack_keep(w->s.stopped, "everything is stopped by alice: fire");
}

static void keep_waiting(struct world *w)
{
	stack_keep(w->s.waits, "stack 'base', which is failed: why");
}

/* What keeps a stack, and what that forbids: effects by their names in the trace. */
static const struct keeper {
	const char *name;
	void (*keep)(struct world *w);
	const char *never[3];
	bool undo; /* lets one through */
} keepers[] = {
	{"suspended", keep_suspended, {"+apply-start", "publish", NULL}, true},
	{"stopped", keep_stopped, {"+apply-start", "publish", "recover"}, false},
	{"waiting", keep_waiting, {"+apply-start", NULL, NULL}, true},
};

/* Every event in every situation, with a glass that was broken and without. */
static void check(const struct keeper *keeper, const struct situation *at, unsigned event,
		  bool broken)
{
	struct world w;

	world_begin(&w);
	at->enter(&w);
	keeper->keep(&w);
	w.s.approved = w.f->phase == STACK_PHASE_OPEN;
	if (broken) {
		g_strlcpy(w.f->plan_broken, "bob: now", sizeof(w.f->plan_broken));
	}
	world_forget(&w);
	world_send(&w, (enum stack_event)event);
	w.now += 30; // back-offs and the like
	world_send(&w, STACK_LOOK);
	for (size_t i = 0; i < G_N_ELEMENTS(keeper->never) && keeper->never[i] != NULL; i++) {
		if (event == STACK_UNDO && keeper->undo && i == 0) {
			continue;
		}
		if (strstr(w.trace->str, keeper->never[i]) != NULL) {
			g_error("%s in %s, event %u: %s", keeper->name, at->name, event,
				w.trace->str);
		}
	}
	world_finish(&w);
}

static void test_begins_nothing(const void *data)
{
	const struct keeper *keeper = data;

	for (size_t i = 0; i < G_N_ELEMENTS(situations); i++) {
		for (unsigned event = 0; event < STACK_EVENTS; event++) {
			check(keeper, &situations[i], event, false);
			if (keeper->keep != keep_waiting) {
				check(keeper, &situations[i], event, true);
			}
		}
	}
}

static void at_suspended_for(struct world *w, int64_t seconds)
{
	world_begin(w);
	world_at_pending(w);
	w->s.next_fetch = 0;
	suspend(w, seconds);
	world_send(w, STACK_APPROVED);
	world_forget(w);
}

static void test_ends_by_itself(void)
{
	struct world w;

	at_suspended_for(&w, 60);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_SUSPENDED);
	g_assert_cmpstr(w.s.reason, ==, "suspended by alice: holiday, until 1970-01-12T13:47:40Z");
	g_assert_cmpint(w.s.wake, ==, w.now + 60);
	g_assert_true(stack_rests(&w.s, w.f, w.now));
	w.now += 59;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "");
	w.now += 1;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+resume +apply-start apply");
	g_assert_null(w.fold_stack->pause.person);
	world_finish(&w);
}

/* The clock jumps: forward it is over at once, back it lasts until its time. */
static void test_clock_jumps(void)
{
	struct world w;

	at_suspended_for(&w, 3000);
	w.now -= 100000;
	world_send(&w, STACK_LOOK);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_SUSPENDED);
	w.now += 100000 + 3100;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+resume +apply-start apply");
	world_finish(&w);
}

/* A new process knows what the log says, and nothing of who approved before it has counted. */
static void test_over_a_restart(void)
{
	struct world w;

	at_suspended_for(&w, 60);
	stack_init(&w.s, &world_settings);
	w.s.fetch_due = false;
	w.now += 30;
	world_send(&w, STACK_APPROVED);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_SUSPENDED);
	stack_init(&w.s, &world_settings);
	w.s.fetch_due = false;
	w.now += 1000;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+resume");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_PENDING);
	world_finish(&w);
}

static void test_again_sets_anew(void)
{
	struct world w;
	int64_t began;

	at_suspended_for(&w, 60);
	began = w.now;
	w.now += 30;
	world_entry(&w, "suspend", "\"person\":\"bob\",\"reason\":\"more\",\"until\":%d",
		    (int)w.now + 100);
	w.now += 99;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpstr(w.fold_stack->pause.person, ==, "bob");
	g_assert_cmpint(w.fold_stack->pause.since, ==, began);
	w.now += 1;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+resume +apply-start apply");
	world_finish(&w);
}

/* It expires meanwhile, and the log says why that came although it was approved. */
static void test_expires_meanwhile(void)
{
	struct world w;

	at_suspended_for(&w, 0);
	w.now += TTL;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+closed:expired");
	g_assert_cmpstr(w.f->plan_reason, ==, "approved, but suspended until it was too late");
	world_finish(&w);
	world_begin(&w);
	world_at_pending(&w);
	w.s.next_fetch = 0;
	keep_waiting(&w);
	world_send(&w, STACK_APPROVED);
	w.now += TTL;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.f->plan_reason, ==, "approved, but another stack kept it for too long");
	world_finish(&w);
}

/* What was planned when it came is not asked for, and planned again after the end. */
static void test_while_planning(void)
{
	struct world w;

	world_begin(&w);
	world_at_planning(&w);
	suspend(&w, 10);
	world_forget(&w);
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_SUSPENDED);
	w.now += 10;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+resume plan");
	world_send(&w, STACK_PLANNED);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_PENDING);
	world_finish(&w);
}

/* A commit that comes meanwhile is noted, and takes the place of what was approved. */
static void test_commit_comes(void)
{
	struct world w;

	at_suspended_for(&w, 100);
	world_send(&w, STACK_SYNC);
	world_fetched(&w, B);
	g_assert_cmpstr(w.trace->str, ==, "fetch +commit +closed:superseded");
	w.s.next_fetch = 0;
	w.now += 100;
	world_forget(&w);
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+resume plan");
	world_finish(&w);
}

/* An apply that runs goes on; what it leaves half done is recovered, unless everything stands. */
static void test_under_way(void)
{
	struct world w;

	world_begin(&w);
	world_at_applying(&w);
	suspend(&w, 0);
	world_forget(&w);
	world_send(&w, STACK_LOOK);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_APPLYING);
	world_send(&w, STACK_APPLY_LOST);
	g_assert_cmpstr(w.trace->str, ==, "recover");
	world_finish(&w);
	world_begin(&w);
	world_at_applying(&w);
	keep_stopped(&w);
	world_forget(&w);
	world_send(&w, STACK_APPLY_LOST);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_SUSPENDED);
	g_assert_cmpstr(w.s.reason, ==,
			"the interrupted apply of plan 1 stands still: everything is stopped by "
			"alice: fire; 'assent resume --all' ends it");
	g_assert_true(stack_rests(&w.s, w.f, w.now));
	w.s.stopped[0] = '\0';
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "recover");
	world_finish(&w);
}

static void test_refusals(void)
{
	struct world w;

	world_begin(&w);
	world_at_halted(&w);
	keep_waiting(&w);
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_RESUME, w.now), ==, STACK_WAITS);
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_UNDO, w.now), ==, STACK_MAY);
	keep_stopped(&w);
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_RESUME, w.now), ==, STACK_STOPPED);
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_UNDO, w.now), ==, STACK_STOPPED);
	world_finish(&w);
}

static void test_waits(void)
{
	struct world w;

	world_begin(&w);
	world_at_pending(&w);
	w.s.next_fetch = 0;
	keep_waiting(&w);
	world_forget(&w);
	world_send(&w, STACK_LOOK);
	g_assert_nonnull(strstr(w.s.reason, "needs 1 approval")); // that comes first
	world_send(&w, STACK_APPROVED);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_PENDING);
	g_assert_cmpstr(
		w.s.reason, ==,
		"plan 1 has its approvals and waits for stack 'base', which is failed: why");
	g_assert_true(stack_rests(&w.s, w.f, w.now));
	w.s.waits[0] = '\0';
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+apply-start apply");
	world_finish(&w);
	/* who breaks the glass waits for no other stack */
	world_begin(&w);
	world_at_pending(&w);
	w.s.next_fetch = 0;
	keep_waiting(&w);
	g_strlcpy(w.f->plan_broken, "alice: fire", sizeof(w.f->plan_broken));
	world_forget(&w);
	world_send(&w, STACK_APPROVED);
	g_assert_cmpstr(w.trace->str, ==, "+apply-start apply");
	world_finish(&w);
}

/* Without a stack the entries are about everything, and say nothing of one. */
static void test_fold(void)
{
	g_autoptr(fold_auto) fold = fold_new();
	const struct fold_stack *web = fold_stack_get(fold, "web");

	fold_ok(fold, "suspend", NULL, 9, "\"person\":\"alice\",\"reason\":\"fire\",\"until\":99");
	g_assert_cmpstr(fold->stopped.person, ==, "alice");
	g_assert_cmpstr(fold->stopped.reason, ==, "fire");
	g_assert_cmpint(fold->stopped.since, ==, 9);
	g_assert_cmpint(fold->stopped.until, ==, 99);
	g_assert_cmpstr(web->facts.suspended, ==, "");
	fold_ok(fold, "suspend", "web", 10, "\"person\":\"bob\",\"reason\":\"me too\"");
	fold_ok(fold, "resume", NULL, 11, "\"person\":\"alice\",\"reason\":\"out\"");
	g_assert_null(fold->stopped.person);
	g_assert_cmpstr(web->facts.suspended, ==, "suspended by bob: me too");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(keepers); i++) {
		g_autofree char *name =
			g_strdup_printf("/suspend/%s-begins-nothing", keepers[i].name);

		g_test_add_data_func(name, &keepers[i], test_begins_nothing);
	}
	g_test_add_func("/suspend/ends-by-itself", test_ends_by_itself);
	g_test_add_func("/suspend/clock-jumps", test_clock_jumps);
	g_test_add_func("/suspend/over-a-restart", test_over_a_restart);
	g_test_add_func("/suspend/again-sets-anew", test_again_sets_anew);
	g_test_add_func("/suspend/a-plan-expires-meanwhile", test_expires_meanwhile);
	g_test_add_func("/suspend/while-planning", test_while_planning);
	g_test_add_func("/suspend/a-commit-comes", test_commit_comes);
	g_test_add_func("/suspend/an-apply-under-way", test_under_way);
	g_test_add_func("/suspend/refusals", test_refusals);
	g_test_add_func("/suspend/waits-for-another-stack", test_waits);
	g_test_add_func("/suspend/entries-without-a-stack", test_fold);
	return g_test_run();
}
