/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every event in every situation, and the stories that matter. Effects are folded for real. */
#include "stack-world.h"

#include <string.h>

/* For each event: the state afterwards and the effects on the way. NULL: state stays, no effects.
 */
static const struct situation {
	const char *name;
	void (*enter)(struct world *w);
	const char *after[STACK_EVENTS];
} situations[] = {
#include "stack-table.h"
};

static void test_table(const void *data)
{
	const struct situation *at = data;
	unsigned event;

	for (event = 0; event < STACK_EVENTS; event++) {
		g_autofree char *got = NULL;
		g_autofree char *same = NULL;
		struct world w;

		world_begin(&w);
		at->enter(&w);
		world_forget(&w);
		same = g_strdup(stack_state_names[w.s.state]);
		world_send(&w, (enum stack_event)event);
		got = g_strdup_printf("%s%s%s", stack_state_names[w.s.state],
				      w.trace->len > 0 ? ": " : "", w.trace->str);
		g_test_message("event %u", event);
		g_assert_cmpstr(got, ==, at->after[event] != NULL ? at->after[event] : same);
		g_assert_cmpuint(strlen(w.s.reason), >, 0);
		g_assert_null(strchr(w.s.reason, '\n'));
		g_assert_true(w.s.wake == 0 || w.s.wake > w.now);
		world_finish(&w);
	}
}

/* The steps a plan goes through, as one story each. */
static void test_superseded(void)
{
	struct world w;

	world_begin(&w);
	world_at_pending_fetching(&w);
	world_forget(&w);
	world_fetched(&w, B);
	g_assert_cmpstr(w.trace->str, ==, "+commit +closed:superseded plan");
	world_send(&w, STACK_PLANNED);
	g_assert_cmpint(w.f->plan_number, ==, 2);
	g_assert_cmpstr(w.f->plan_commit, ==, B);
	world_finish(&w);
}

/* Whoever can ask for fetches all the time keeps no plan from being made. */
static void test_fetches_leave_room(void)
{
	struct world w;

	world_begin(&w);
	world_at_first_fetch(&w);
	world_forget(&w);
	world_send(&w, STACK_SYNC);
	world_fetched(&w, A);
	g_assert_cmpstr(w.trace->str, ==, "+commit plan");
	world_send(&w, STACK_SYNC);
	world_send(&w, STACK_PLAN_FAILED);
	g_assert_cmpstr(w.trace->str, ==, "+commit plan fetch");
	world_send(&w, STACK_SYNC);
	world_fetched(&w, B);
	g_assert_cmpstr(w.trace->str, ==, "+commit plan fetch +commit plan");
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.f->plan_commit, ==, B);
	world_finish(&w);
}

static void test_stale(void)
{
	struct world w;

	world_begin(&w);
	world_at_applying(&w);
	world_forget(&w);
	world_send(&w, STACK_STALE);
	g_assert_cmpstr(w.trace->str, ==, "+closed:void plan");
	world_send(&w, STACK_PLANNED);
	g_assert_false(w.s.approved);
	world_send(&w, STACK_APPROVED);
	world_forget(&w);
	world_send(&w, STACK_STALE);
	/* the second time in a row it waits */
	g_assert_cmpstr(w.trace->str, ==, "+closed:void");
	g_assert_cmpint(w.s.next_plan, >, w.now);
	g_assert_cmpstr(w.s.reason, ==,
			"plans commit aaaaaaaaaaaa again at "
			"1970-01-12T13:46:50Z: why");
	w.s.next_fetch = 0;
	w.now = w.s.next_plan;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "+closed:void plan");
	world_finish(&w);
}

static void test_rejected_stays(void)
{
	struct world w;

	world_begin(&w);
	world_at_rejected(&w);
	world_forget(&w);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_IDLE);
	g_assert_nonnull(strstr(w.s.reason, "was rejected: bob: no"));
	w.now += 100000;
	world_step(&w, STACK_LOOK, NULL);
	world_fetched(&w, A);
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "fetch");
	world_send(&w, STACK_REPLAN);
	g_assert_cmpstr(w.trace->str, ==, "fetch plan");
	world_finish(&w);
}

/* What became of the first plan says nothing of the second. */
static void test_stale_after_rejected(void)
{
	struct world w;

	world_begin(&w);
	world_at_rejected(&w);
	world_send(&w, STACK_REPLAN);
	world_send(&w, STACK_PLANNED);
	world_send(&w, STACK_APPROVED);
	world_forget(&w);
	world_send(&w, STACK_STALE);
	g_assert_cmpstr(w.trace->str, ==, "+closed:void plan");
	world_finish(&w);
}

static void test_expired_stays(void)
{
	struct world w;

	world_begin(&w);
	world_at_pending(&w);
	w.s.next_fetch = 0;
	world_forget(&w);
	w.now += TTL - 1;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "");
	w.now += 1;
	world_step(&w, STACK_LOOK, NULL);
	w.now += 100000;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "+closed:expired");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_IDLE);
	g_assert_nonnull(strstr(w.s.reason, "expired"));
	g_assert_nonnull(strstr(w.s.reason, "assent replan"));
	world_send(&w, STACK_SYNC);
	world_fetched(&w, B);
	g_assert_cmpstr(w.trace->str, ==, "+closed:expired fetch +commit plan");
	world_finish(&w);
}

static void test_quiet_is_waited_for(void)
{
	struct world w;

	world_begin(&w);
	world_at_pending(&w);
	w.s.next_fetch = 0;
	w.f->plan_created = w.now;
	w.f->plan_quiet = w.now + 60;
	world_send(&w, STACK_LOOK);
	g_assert_nonnull(strstr(w.s.reason, "or nobody's rejection until"));
	g_assert_cmpint(w.s.wake, ==, w.now + 60);
	w.now += 60;
	world_send(&w, STACK_LOOK); // who looks at the votes is not the stack
	g_assert_cmpint(w.s.wake, >, w.now);
	w.s.started = w.now; // nobody could be asked or heard before
	world_send(&w, STACK_LOOK);
	g_assert_cmpint(w.s.wake, ==, w.now + 60);
	world_finish(&w);
}

static void test_windows(void)
{
	struct world w;

	world_begin(&w);
	world_at_pending(&w);
	w.s.next_fetch = 0;
	w.s.shut = true;
	w.s.opens = w.now + 60;
	world_forget(&w);
	world_send(&w, STACK_APPROVED);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_PENDING);
	g_assert_cmpstr(w.s.reason, ==,
			"plan 1 has its approvals and waits for its window, until "
			"1970-01-12T13:47:40Z");
	g_assert_cmpint(w.s.wake, ==, w.now + 60);
	g_assert_true(stack_rests(&w.s, w.f, w.now)); // nobody has to wait for this
	w.s.opens = 0;
	world_send(&w, STACK_LOOK);
	g_assert_nonnull(strstr(w.s.reason, "does not open within a year"));
	w.now += 60;
	w.s.shut = false;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+apply-start apply");
	world_finish(&w);
	/* who breaks the glass waits for no window */
	world_begin(&w);
	world_at_pending(&w);
	w.s.next_fetch = 0;
	w.s.shut = true;
	g_strlcpy(w.f->plan_broken, "alice: fire", sizeof(w.f->plan_broken));
	world_forget(&w);
	world_send(&w, STACK_APPROVED);
	g_assert_cmpstr(w.trace->str, ==, "+apply-start apply");
	g_assert_cmpstr(w.s.reason, ==, "plan 1 is being applied, by break-glass of alice: fire");
	world_finish(&w);
}

static void test_window_that_comes_too_late(void)
{
	struct world w;

	world_begin(&w);
	world_at_pending(&w);
	w.s.next_fetch = 0;
	w.s.shut = true;
	w.s.opens = w.now + TTL + 60;
	world_send(&w, STACK_APPROVED);
	world_forget(&w);
	w.now += TTL;
	world_send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+closed:expired");
	g_assert_nonnull(strstr(w.f->plan_reason, "no window"));
	world_finish(&w);
}

static void test_approved_too_late(void)
{
	struct world w;

	world_begin(&w);
	world_at_pending(&w);
	w.s.next_fetch = 0;
	world_forget(&w);
	w.now += TTL;
	world_send(&w, STACK_APPROVED);
	g_assert_cmpstr(w.trace->str, ==, "+closed:expired");
	world_finish(&w);
}

static void test_failed_not_repeated(void)
{
	struct world w;

	world_begin(&w);
	world_at_failed(&w);
	w.s.next_fetch = 0;
	world_forget(&w);
	w.now += 100000;
	world_step(&w, STACK_LOOK, NULL);
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_FAILED);
	world_finish(&w);
}

static void test_block_once_and_heal(void)
{
	struct world w;

	world_begin(&w);
	world_at_blocked(&w);
	world_forget(&w);
	world_send(&w, STACK_SYNC);
	world_send(&w, STACK_FETCH_BAD);
	g_assert_cmpstr(w.trace->str, ==, "fetch");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_BLOCKED);
	g_assert_cmpstr(w.s.reason, ==, "why; 'assent replan --rewritten' asks for a plan of it");
	world_send(&w, STACK_SYNC);
	world_fetched(&w, A);
	g_assert_cmpstr(w.trace->str, ==, "fetch fetch +unblocked plan");
	world_finish(&w);
}

/* A fallback that lags behind says nothing of whether what the first one said still holds. */
static void test_behind(void)
{
	const struct stack_details behind = {.commit = A, .tree = T, .behind = true};
	struct world w;

	world_begin(&w);
	world_at_blocked(&w);
	world_send(&w, STACK_SYNC);
	world_forget(&w);
	world_step(&w, STACK_FETCHED, &behind);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_BLOCKED);
	world_finish(&w);
	world_begin(&w);
	world_at_pending(&w);
	world_send(&w, STACK_SYNC);
	world_fetched(&w, B);
	world_send(&w, STACK_PLANNED);
	world_send(&w, STACK_SYNC);
	world_forget(&w);
	world_step(&w, STACK_FETCHED, &behind);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpstr(w.f->commit, ==, B);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_PENDING);
	world_finish(&w);
}

static void test_manifest_heals(void)
{
	struct world w;

	world_begin(&w);
	world_at_bad_manifest(&w);
	world_forget(&w);
	world_send(&w, STACK_SYNC);
	world_fetched(&w, A);
	g_assert_cmpstr(w.trace->str, ==, "fetch");
	world_send(&w, STACK_SYNC);
	world_fetched(&w, B);
	g_assert_cmpstr(w.trace->str, ==, "fetch fetch +commit +unblocked plan");
	world_finish(&w);
}

/* What fails a plan that was asked for again is newer than what is wrong with the manifest. */
static void test_replan_of_bad_manifest(void)
{
	const struct stack_details away = {.reason = "the server is away"};
	const struct stack_details worse = {.reason = "line 3", .block = STACK_BLOCK_MANIFEST};
	struct world w;

	world_begin(&w);
	world_at_bad_manifest(&w);
	g_assert_cmpstr(w.s.reason, ==, "why");
	world_send(&w, STACK_REPLAN);
	world_step(&w, STACK_PLAN_FAILED, &away);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_BLOCKED);
	g_assert_cmpstr(w.s.reason, ==,
			"cannot plan: the server is away; 'assent replan' tries again; before "
			"that: why");
	world_forget(&w);
	world_send(&w, STACK_REPLAN);
	world_step(&w, STACK_PLAN_BAD, &worse);
	g_assert_cmpstr(w.trace->str, ==, "plan +blocked");
	g_assert_cmpstr(w.s.reason, ==, "line 3");
	world_finish(&w);
}

/* A long one ends in a mark, at a whole character, and is the same one when it comes again. */
static void test_long_reason(void)
{
	g_autoptr(GString) text = g_string_new("line 3 ");
	struct stack_details details = {.block = STACK_BLOCK_MANIFEST};
	struct world w;

	while (text->len < 2 * (size_t)STACK_REASON_MAX) {
		g_string_append(text, "größer ");
	}
	details.reason = text->str;
	world_begin(&w);
	world_at_bad_manifest(&w);
	world_send(&w, STACK_REPLAN);
	world_step(&w, STACK_PLAN_BAD, &details);
	g_assert_true(g_str_has_prefix(w.s.reason, "line 3 größer"));
	g_assert_true(g_str_has_suffix(w.s.reason, "…"));
	g_assert_true(g_utf8_validate(w.s.reason, -1, NULL));
	g_assert_cmpuint(strlen(w.s.reason), >, STACK_REASON_MAX - 8);
	world_forget(&w);
	world_send(&w, STACK_REPLAN);
	world_step(&w, STACK_PLAN_BAD, &details);
	g_assert_cmpstr(w.trace->str, ==, "plan");
	world_finish(&w);
}

static void test_backoff(void)
{
	struct world w;
	int64_t last = 0;
	unsigned i;

	world_begin(&w);
	for (i = 0; i < 8; i++) {
		int64_t wait;

		world_send(&w, STACK_FETCH_FAILED);
		wait = w.s.next_fetch - w.now;
		g_assert_cmpint(wait, >=, last);
		g_assert_cmpint(wait, <=, world_settings.backoff_max);
		g_assert_cmpint(w.s.wake, <=, w.s.next_fetch);
		last = wait;
		w.now = w.s.next_fetch;
		world_step(&w, STACK_LOOK, NULL);
	}
	g_assert_cmpint(last, ==, world_settings.backoff_max);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_FAILED);
	world_fetched(&w, A);
	g_assert_cmpuint(w.s.fetch_failures, ==, 0);
	world_finish(&w);
}

/* What was due in an hour must not wait for a day, whatever the clock says now. */
static void test_clock_set_back(void)
{
	struct world w;

	world_begin(&w);
	world_at_converged(&w);
	w.now -= 86400;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpint(w.s.next_fetch, >, w.now);
	g_assert_cmpint(w.s.next_fetch, <=, w.now + 2 * world_settings.interval);
	g_assert_cmpint(w.s.next_drift, <=, w.now + 2 * world_settings.drift_interval);
	g_assert_cmpint(w.s.wake, <=, w.s.next_fetch);
	world_finish(&w);
}

/* The log's time of the change, not the time at which somebody looked. */
static void test_since_is_the_logs(void)
{
	struct world w;
	struct stack again;
	struct stack_effects fx;
	struct stack_details d = {.reason = "why"};

	world_begin(&w);
	world_at_planning(&w);
	world_publish(&w);
	w.now++;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_PENDING);
	g_assert_cmpint(w.s.since, ==, w.now - 1);
	stack_init(&again, &world_settings);
	stack_step(&again, w.f, STACK_LOOK, NULL, w.now + 10, 0, &fx);
	g_assert_cmpint(again.since, ==, w.s.since);
	world_finish(&w);
	/* what the log does not tell begins when it is seen */
	world_begin(&w);
	world_at_converged(&w);
	world_send(&w, STACK_SYNC);
	w.now += 5;
	world_step(&w, STACK_FETCH_FAILED, &d);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_FAILED);
	g_assert_cmpint(w.s.since, ==, w.now);
	world_finish(&w);
}

static void test_shorter_interval(void)
{
	struct world w;

	world_begin(&w);
	world_at_converged(&w);
	w.s.settings.interval = 5;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpint(w.s.next_fetch, <=, w.now + 10);
	world_send(&w, STACK_SYNC);
	world_send(&w, STACK_FETCH_FAILED);
	w.s.settings.backoff_max = 2;
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpint(w.s.next_fetch, <=, w.now + 10);
	world_finish(&w);
}

static void test_drift(void)
{
	struct world w;

	world_begin(&w);
	world_at_drifted(&w);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_DRIFTED);
	world_forget(&w);
	/* the same drift is not recorded twice */
	w.now += 330;
	world_step(&w, STACK_LOOK, NULL);
	world_send(&w, STACK_DIFFERS);
	g_assert_cmpstr(w.trace->str, ==, "plan");
	/* a person may have a plan of it */
	world_send(&w, STACK_PLAN);
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "plan plan publish");
	world_send(&w, STACK_REPLAN);
	world_forget(&w);
	world_send(&w, STACK_PLAN_EMPTY);
	g_assert_cmpstr(w.trace->str, ==, "+converged");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_CONVERGED);
	world_finish(&w);
}

static void test_rejected_drift(void)
{
	struct world w;

	world_begin(&w);
	world_at_checking(&w);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_CONVERGED);
	world_forget(&w);
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "publish +drift");
	world_entry(&w, "closed", "\"outcome\":\"rejected\",\"plan\":\"%s\",\"reason\":\"bob: no\"",
		    w.f->plan);
	world_forget(&w);
	w.s.next_fetch = 0;
	w.now += 330;
	world_step(&w, STACK_LOOK, NULL);
	world_send(&w, STACK_PLANNED);
	/* looked again, but did not ask again */
	g_assert_cmpstr(w.trace->str, ==, "plan");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_DRIFTED);
	g_assert_nonnull(strstr(w.s.reason, "rejected"));
	world_finish(&w);
}

static void test_restart(void)
{
	struct world w;

	world_begin(&w);
	world_at_applying(&w);
	world_forget(&w);
	stack_init(&w.s, &world_settings);
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "recover");
	world_send(&w, STACK_RECOVER_FAILED);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_FAILED);
	/* nothing else before that is settled, not even a fetch */
	world_send(&w, STACK_SYNC);
	world_send(&w, STACK_PLAN);
	g_assert_cmpstr(w.trace->str, ==, "recover");
	g_assert_true(stack_rests(&w.s, w.f, w.now)); // who waits for the fetch is told
	w.now = w.s.next_recover;
	world_step(&w, STACK_LOOK, NULL);
	world_send(&w, STACK_NOTHING_LEFT);
	g_assert_cmpstr(w.trace->str, ==, "recover recover +interrupted fetch");
	world_fetched(&w, A);
	/* what holds on the host is not known: it is planned again, and asked again */
	g_assert_cmpstr(w.trace->str, ==, "recover recover +interrupted fetch plan");
	world_finish(&w);
}

static void test_rests(void)
{
	struct world w;

	world_begin(&w);
	g_assert_false(stack_rests(&w.s, w.f, w.now));
	world_fetched(&w, A);
	g_assert_false(stack_rests(&w.s, w.f, w.now));
	world_send(&w, STACK_PLANNED);
	g_assert_true(stack_rests(&w.s, w.f, w.now));
	world_send(&w, STACK_APPROVED);
	g_assert_false(stack_rests(&w.s, w.f, w.now));
	world_send(&w, STACK_APPLIED);
	g_assert_true(stack_rests(&w.s, w.f, w.now));
	world_finish(&w);
}

static void test_dead(void)
{
	struct world w;

	world_begin(&w);
	world_at_pending(&w);
	world_send(&w, STACK_APPROVED);
	world_send(&w, STACK_APPLIED);
	world_send(&w, STACK_DEAD);
	world_forget(&w);
	w.now += 100000;
	world_send(&w, STACK_SYNC);
	world_send(&w, STACK_REPLAN);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_BLOCKED);
	g_assert_true(stack_rests(&w.s, w.f, w.now));
	g_assert_cmpint(w.s.wake, ==, 0);
	world_finish(&w);
}

/* What halted is gone on with, and taken back, by people alone. */
static void test_halted(void)
{
	struct world w;

	world_begin(&w);
	world_at_halted(&w);
	world_forget(&w);
	g_assert_nonnull(strstr(w.s.reason, "1 done, 0 undone, 0 left; 'assent apply --resume' "
					    "goes on, until 1970-"));
	g_assert_nonnull(strstr(w.s.reason, "'assent apply --undo' takes it back"));
	w.now += TTL - 1;
	world_step(&w, STACK_LOOK, NULL);
	world_fetched(&w, A);
	g_assert_cmpstr(w.trace->str, ==, "fetch");
	w.result = "failed"; // and again half way
	world_send(&w, STACK_RESUME);
	g_assert_nonnull(strstr(w.s.reason, "plan 1 is being resumed"));
	world_send(&w, STACK_APPLIED);
	g_assert_cmpstr(w.trace->str, ==, "fetch +apply-start apply +apply-done");
	w.now += 1;
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_RESUME, w.now), ==, STACK_EXPIRED);
	world_send(&w, STACK_RESUME); // too late
	g_assert_cmpint(w.s.state, ==, STACK_STATE_FAILED);
	w.result = "rolled-back";
	world_send(&w, STACK_UNDO);
	g_assert_nonnull(strstr(w.s.reason, "plan 1 is being undone"));
	world_send(&w, STACK_APPLIED);
	g_assert_nonnull(strstr(w.s.reason, "failed and was rolled back"));
	g_assert_cmpstr(w.f->halted, ==, "");
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_UNDO, w.now), ==, STACK_NOT_HALTED);
	world_finish(&w);
}

static void test_halted_is_kept_back(void)
{
	struct world w;

	world_begin(&w);
	world_at_halted(&w);
	w.s.shut = true;
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_RESUME, w.now), ==, STACK_SHUT);
	w.s.shut = false;
	world_entry(&w, "suspend", "\"person\":\"alice\",\"reason\":\"holiday\"");
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_RESUME, w.now), ==, STACK_SUSPENDED);
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_UNDO, w.now), ==, STACK_MAY);
	world_entry(&w, "resume", "\"person\":\"alice\",\"reason\":\"back\"");
	world_send(&w, STACK_SYNC);
	world_send(&w, STACK_FETCH_BAD);
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_RESUME, w.now), ==, STACK_BLOCKED);
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_UNDO, w.now), ==, STACK_MAY);
	world_finish(&w);
}

/* A newer plan that waits gives way to an undo; the commit is planned again from what is then. */
static void test_undone_behind(void)
{
	struct world w;

	world_begin(&w);
	world_at_halted_behind(&w);
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_RESUME, w.now), ==, STACK_NEWER);
	world_send(&w, STACK_SYNC);
	world_forget(&w);
	world_send(&w, STACK_UNDO); // a fetch runs
	g_assert_cmpint(stack_may_steer(&w.s, w.f, MODE_UNDO, w.now), ==, STACK_BUSY);
	g_assert_false(stack_rests(&w.s, w.f, w.now));
	world_fetched(&w, B);
	g_assert_cmpstr(w.trace->str, ==, "+closed:superseded +apply-start apply");
	g_assert_cmpint(w.f->plan_number, ==, 1);
	w.result = "rolled-back";
	world_send(&w, STACK_APPLIED);
	g_assert_cmpstr(w.trace->str, ==, "+closed:superseded +apply-start apply +apply-done plan");
	world_finish(&w);
}

/* What a plan is being made of is not what there will be. */
static void test_steered_while_planning(void)
{
	struct world w;

	world_begin(&w);
	world_at_halted(&w);
	world_send(&w, STACK_REPLAN);
	world_forget(&w);
	world_send(&w, STACK_RESUME);
	world_send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "+apply-start apply");
	world_finish(&w);
}

/* An apply that was refused has touched nothing, so what halted before it still has. */
static void test_halted_until_begun(void)
{
	struct world w;

	world_begin(&w);
	world_at_halted_behind(&w);
	world_send(&w, STACK_APPROVED);
	world_entry(&w, "apply-done",
		    "\"commit\":\"%s\",\"tree\":\"" T "\",\"plan\":\"%s\",\"done\":0,\"undone\":0,"
		    "\"left\":0,\"reason\":\"untrusted\",\"result\":\"failed\"",
		    w.f->plan_commit, w.f->plan);
	g_assert_cmpint(w.f->halted_number, ==, 1);
	world_finish(&w);
	world_begin(&w);
	world_at_halted_behind(&w);
	world_send(&w, STACK_APPROVED);
	w.result = "rolled-back";
	world_send(&w, STACK_APPLIED);
	g_assert_cmpint(w.f->halted_number, ==, 0);
	world_finish(&w);
}

/* Another agent leads: no event has an effect, nothing is due, and the reason says it. */
static void test_follows(void)
{
	static const struct stack_details details = {.commit = "c", .tree = "t", .reason = "r"};
	static const enum stack_phase phases[] = {STACK_PHASE_NONE, STACK_PHASE_OPEN,
						  STACK_PHASE_APPLYING};
	const struct stack_settings settings = {0};

	for (size_t i = 0; i < G_N_ELEMENTS(phases); i++) {
		for (int event = 0; event < STACK_EVENTS; event++) {
			struct stack_facts facts = {.phase = phases[i]};
			struct stack_effects fx;
			struct stack stack;

			stack_init(&stack, &settings);
			stack.approved = true;
			stack_keep(stack.follows, "'b' leads");
			stack_step(&stack, &facts, (enum stack_event)event, &details, 1000, 0, &fx);
			g_assert_cmpuint(fx.count, ==, 0);
			g_assert_cmpint(stack.job, ==, STACK_JOB_NONE);
			g_assert_cmpint(stack.state, ==, STACK_STATE_IDLE);
			g_assert_true(g_str_has_prefix(stack.reason, "'b' leads"));
			g_assert_cmpint(stack.wake, ==, 0);
			g_assert_true(stack_rests(&stack, &facts, 1000));
		}
	}
}

int main(int argc, char **argv)
{
	size_t i;

	g_test_init(&argc, &argv, NULL);
	for (i = 0; i < G_N_ELEMENTS(situations); i++) {
		g_autofree char *name = g_strdup_printf("/stack/events/%s", situations[i].name);

		g_test_add_data_func(name, &situations[i], test_table);
	}
	g_test_add_func("/stack/a-new-commit-supersedes", test_superseded);
	g_test_add_func("/stack/fetches-leave-room-for-plans", test_fetches_leave_room);
	g_test_add_func("/stack/stale-is-void-and-planned-again", test_stale);
	g_test_add_func("/stack/halted", test_halted);
	g_test_add_func("/stack/halted-is-kept-back", test_halted_is_kept_back);
	g_test_add_func("/stack/undone-behind", test_undone_behind);
	g_test_add_func("/stack/steered-while-planning", test_steered_while_planning);
	g_test_add_func("/stack/halted-until-begun", test_halted_until_begun);
	g_test_add_func("/stack/rejected-stays", test_rejected_stays);
	g_test_add_func("/stack/stale-after-a-rejection-is-planned-again",
			test_stale_after_rejected);
	g_test_add_func("/stack/expired-stays", test_expired_stays);
	g_test_add_func("/stack/quiet-is-waited-for", test_quiet_is_waited_for);
	g_test_add_func("/stack/an-approved-plan-waits-for-its-window", test_windows);
	g_test_add_func("/stack/a-window-that-comes-too-late", test_window_that_comes_too_late);
	g_test_add_func("/stack/an-approval-too-late-applies-nothing", test_approved_too_late);
	g_test_add_func("/stack/a-failed-apply-is-not-repeated", test_failed_not_repeated);
	g_test_add_func("/stack/blocked-once-until-healthy", test_block_once_and_heal);
	g_test_add_func("/stack/bad-manifest-and-another-problem", test_replan_of_bad_manifest);
	g_test_add_func("/stack/a-fallback-that-lags-behind", test_behind);
	g_test_add_func("/stack/a-bad-manifest-waits-for-a-commit", test_manifest_heals);
	g_test_add_func("/stack/back-off-has-a-ceiling", test_backoff);
	g_test_add_func("/stack/a-clock-set-back-delays-nothing", test_clock_set_back);
	g_test_add_func("/stack/since-is-the-logs-time", test_since_is_the_logs);
	g_test_add_func("/stack/a-long-reason-is-cut-well", test_long_reason);
	g_test_add_func("/stack/a-shorter-interval-holds-at-once", test_shorter_interval);
	g_test_add_func("/stack/drift-is-recorded-once-and-goes", test_drift);
	g_test_add_func("/stack/rejected-drift-is-not-asked-again", test_rejected_drift);
	g_test_add_func("/stack/a-restart-recovers-first", test_restart);
	g_test_add_func("/stack/rests", test_rests);
	g_test_add_func("/stack/dead-does-nothing", test_dead);
	g_test_add_func("/stack/follower-does-nothing", test_follows);
	return g_test_run();
}
