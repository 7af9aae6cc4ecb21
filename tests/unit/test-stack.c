/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every event in every situation, and the stories that matter. Effects are folded for real. */
#include "agent/stack.h"

#include <glib.h>
#include <string.h>

#include "fold-entry.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define T "cccccccccccccccccccccccccccccccccccccccc"
#define NOW 1000000
#define TTL 3600

struct world {
	struct stack s;
	struct fold *fold;
	struct stack_facts *f;
	const char *result; /* of the apply that ends */
	GString *trace;	    /* effects in order */
	int64_t now;
	unsigned plans;
};

static const char *const effect_names[] = {
	"fetch",   "plan",	   "apply",	  "recover",	  "publish",
	"+commit", "+blocked",	   "+unblocked",  "+closed",	  "+converged",
	"+drift",  "+apply-start", "+apply-done", "+interrupted",
};

static void entry(struct world *w, const char *type, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void entry(struct world *w, const char *type, const char *format, ...)
{
	g_autofree char *fields = NULL;
	va_list ap;

	va_start(ap, format);
	fields = g_strdup_vprintf(format, ap);
	va_end(ap);
	fold_ok(w->fold, type, "web", w->now, fields);
}

static void publish(struct world *w)
{
	w->plans++;
	entry(w, "plan",
	      "\"commit\":\"%s\",\"expires\":%d,\"number\":%u,\"plan\":\"sha256:%064u\","
	      "\"reason\":\"commit\",\"required\":1,\"sig\":\"s\",\"summary\":{\"create\":1}",
	      w->f->commit, (int)w->now + TTL, w->plans, w->plans);
}

static void apply_done(struct world *w, const char *result, const char *reason)
{
	entry(w, "apply-done",
	      "\"commit\":\"%s\",\"tree\":\"" T "\",\"plan\":\"%s\",\"done\":1,\"undone\":0,"
	      "\"left\":0,\"reason\":\"%s\",\"result\":\"%s\"",
	      w->f->plan_commit, w->f->plan, reason, result);
}

static void perform(struct world *w, enum stack_effect kind, enum stack_phase phase,
		    const char *reason, const struct stack_details *d)
{
	switch (kind) {
	case STACK_DO_FETCH:
	case STACK_DO_PLAN:
	case STACK_DO_APPLY:
	case STACK_DO_RECOVER:
		break;
	case STACK_DO_PUBLISH:
		publish(w);
		break;
	case STACK_LOG_COMMIT:
		entry(w, "commit",
		      "\"commit\":\"%s\",\"tree\":\"" T "\",\"ref\":\"r\",\"repository\":\"u\"",
		      d->commit);
		break;
	case STACK_LOG_BLOCKED:
		entry(w, "blocked", "\"commit\":\"%s\",\"kind\":\"%s\",\"reason\":\"%s\"",
		      d->commit != NULL ? d->commit : w->f->commit, stack_block_names[d->block],
		      d->reason);
		break;
	case STACK_LOG_UNBLOCKED:
		fold_ok(w->fold, "unblocked", "web", w->now, "");
		break;
	case STACK_LOG_CLOSED:
		entry(w, "closed", "\"outcome\":\"%s\",\"plan\":\"%s\",\"reason\":\"%s\"",
		      stack_phase_names[phase], w->f->plan, reason);
		break;
	case STACK_LOG_CONVERGED:
		entry(w, "closed",
		      "\"outcome\":\"converged\",\"commit\":\"%s\",\"tree\":\"" T
		      "\",\"reason\":\"%s\"",
		      w->f->commit, reason);
		break;
	case STACK_LOG_DRIFT:
		entry(w, "drift", "\"changes\":1,\"resources\":[\"file:/x\"]");
		break;
	case STACK_LOG_APPLY_START:
		entry(w, "apply-start", "\"approvals\":[3],\"commit\":\"%s\",\"plan\":\"%s\"",
		      w->f->plan_commit, w->f->plan);
		break;
	case STACK_LOG_APPLY_DONE:
		apply_done(w, w->result, "why");
		break;
	case STACK_LOG_INTERRUPTED:
		apply_done(w, "interrupted", reason);
		break;
	}
}

static void step(struct world *w, enum stack_event event, const struct stack_details *d)
{
	struct stack_effects fx;
	size_t i;

	stack_step(&w->s, w->f, event, d, w->now, 0, &fx);
	for (i = 0; i < fx.count; i++) {
		g_string_append_printf(w->trace, "%s%s", w->trace->len > 0 ? " " : "",
				       effect_names[fx.items[i].kind]);
		if (fx.items[i].kind == STACK_LOG_CLOSED) {
			g_string_append_printf(w->trace, ":%s",
					       stack_phase_names[fx.items[i].phase]);
		}
		perform(w, fx.items[i].kind, fx.items[i].phase, fx.items[i].reason, d);
	}
	if (fx.count > 0 || event != STACK_LOOK) {
		step(w, STACK_LOOK, NULL);
	}
}

/* What the tests report with each event. */
static void drift_key(char out[HASH_TEXT_SIZE])
{
	const char *const ids[] = {"file:/x"};

	stack_drift_key(out, 1, ids, 1);
}

static void send(struct world *w, enum stack_event event)
{
	char key[HASH_TEXT_SIZE];
	struct stack_details d = {.reason = "why", .drift_key = key};

	drift_key(key);
	if (event == STACK_FETCHED) {
		d.commit = B;
		d.tree = T;
	} else if (event == STACK_FETCH_BAD) {
		d.commit = B;
		d.block = STACK_BLOCK_REWOUND;
	} else if (event == STACK_PLAN_BAD) {
		d.block = STACK_BLOCK_MANIFEST;
	}
	step(w, event, &d);
}

static void fetched(struct world *w, const char *commit)
{
	struct stack_details d = {.commit = commit, .tree = T};

	step(w, STACK_FETCHED, &d);
}

static const struct stack_settings settings = {
	.interval = 60,
	.backoff_max = 600,
	.drift_interval = 300,
	.on_drift = STACK_DRIFT_PROPOSE,
};

static void begin(struct world *w)
{
	*w = (struct world){.now = NOW, .trace = g_string_new(NULL), .result = "ok"};
	w->fold = fold_new();
	w->f = &fold_stack_get(w->fold, "web")->facts;
	stack_init(&w->s, &settings);
	step(w, STACK_LOOK, NULL);
}

static void finish(struct world *w)
{
	g_string_free(w->trace, TRUE);
	fold_free(w->fold);
}

static void forget(struct world *w)
{
	g_string_truncate(w->trace, 0);
}

/* Situations, each built by real events. */
static void at_first_fetch(struct world *w)
{
}
static void at_planning(struct world *w)
{
	fetched(w, A);
}
static void at_pending(struct world *w)
{
	at_planning(w);
	send(w, STACK_PLANNED);
}
static void at_pending_fetching(struct world *w)
{
	at_pending(w);
	send(w, STACK_SYNC);
}
static void at_applying(struct world *w)
{
	at_pending(w);
	send(w, STACK_APPROVED);
}
static void at_recovering(struct world *w)
{
	at_applying(w);
	send(w, STACK_APPLY_LOST);
}
static void at_converged(struct world *w)
{
	at_applying(w);
	send(w, STACK_APPLIED);
}
static void at_checking(struct world *w)
{
	at_converged(w);
	send(w, STACK_SYNC);
	fetched(w, A);
	w->now += 300;
	w->s.next_fetch = w->now + 1;
	step(w, STACK_LOOK, NULL);
}
static void at_drifted(struct world *w)
{
	at_converged(w);
	w->s.settings.on_drift = STACK_DRIFT_REPORT;
	w->s.next_fetch = 0;
	w->now += 330;
	step(w, STACK_LOOK, NULL);
	send(w, STACK_PLANNED);
}
static void at_failed(struct world *w)
{
	at_applying(w);
	w->result = "rolled-back";
	send(w, STACK_APPLIED);
	w->result = "ok";
}
static void at_rejected(struct world *w)
{
	at_pending(w);
	entry(w, "approval",
	      "\"channel\":\"signature\",\"decision\":\"reject\",\"fingerprint\":\"f\","
	      "\"person\":\"bob\",\"plan\":\"%s\",\"reason\":\"no\",\"sig\":\"s\","
	      "\"statement\":\"t\"",
	      w->f->plan);
	entry(w, "closed", "\"outcome\":\"rejected\",\"plan\":\"%s\",\"reason\":\"bob: no\"",
	      w->f->plan);
	step(w, STACK_LOOK, NULL);
}
static void at_suspended(struct world *w)
{
	at_pending(w);
	entry(w, "suspend", "\"person\":\"alice\",\"reason\":\"holiday\"");
	step(w, STACK_LOOK, NULL);
}
static void at_blocked(struct world *w)
{
	at_pending_fetching(w);
	send(w, STACK_FETCH_BAD);
}
static void at_bad_manifest(struct world *w)
{
	at_planning(w);
	send(w, STACK_PLAN_BAD);
}
static void at_dead(struct world *w)
{
	at_pending(w);
	send(w, STACK_DEAD);
}

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

		begin(&w);
		at->enter(&w);
		forget(&w);
		same = g_strdup(stack_state_names[w.s.state]);
		send(&w, (enum stack_event)event);
		got = g_strdup_printf("%s%s%s", stack_state_names[w.s.state],
				      w.trace->len > 0 ? ": " : "", w.trace->str);
		g_test_message("event %u", event);
		g_assert_cmpstr(got, ==, at->after[event] != NULL ? at->after[event] : same);
		g_assert_cmpuint(strlen(w.s.reason), >, 0);
		g_assert_null(strchr(w.s.reason, '\n'));
		g_assert_true(w.s.wake == 0 || w.s.wake > w.now);
		finish(&w);
	}
}

/* The steps a plan goes through, as one story each. */
static void test_superseded(void)
{
	struct world w;

	begin(&w);
	at_pending_fetching(&w);
	forget(&w);
	fetched(&w, B);
	g_assert_cmpstr(w.trace->str, ==, "+commit +closed:superseded plan");
	send(&w, STACK_PLANNED);
	g_assert_cmpint(w.f->plan_number, ==, 2);
	g_assert_cmpstr(w.f->plan_commit, ==, B);
	finish(&w);
}

static void test_stale(void)
{
	struct world w;

	begin(&w);
	at_applying(&w);
	forget(&w);
	send(&w, STACK_STALE);
	g_assert_cmpstr(w.trace->str, ==, "+closed:void plan");
	send(&w, STACK_PLANNED);
	g_assert_false(w.s.approved);
	send(&w, STACK_APPROVED);
	forget(&w);
	send(&w, STACK_STALE);
	/* the second time in a row it waits */
	g_assert_cmpstr(w.trace->str, ==, "+closed:void");
	g_assert_cmpint(w.s.next_plan, >, w.now);
	g_assert_cmpstr(w.s.reason, ==,
			"plans commit aaaaaaaaaaaa again at "
			"1970-01-12T13:46:50Z: why");
	w.s.next_fetch = 0;
	w.now = w.s.next_plan;
	step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "+closed:void plan");
	finish(&w);
}

static void test_rejected_stays(void)
{
	struct world w;

	begin(&w);
	at_rejected(&w);
	forget(&w);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_IDLE);
	g_assert_nonnull(strstr(w.s.reason, "was rejected: bob: no"));
	w.now += 100000;
	step(&w, STACK_LOOK, NULL);
	fetched(&w, A);
	step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "fetch");
	send(&w, STACK_REPLAN);
	g_assert_cmpstr(w.trace->str, ==, "fetch plan");
	finish(&w);
}

/* What became of the first plan says nothing of the second. */
static void test_stale_after_rejected(void)
{
	struct world w;

	begin(&w);
	at_rejected(&w);
	send(&w, STACK_REPLAN);
	send(&w, STACK_PLANNED);
	send(&w, STACK_APPROVED);
	forget(&w);
	send(&w, STACK_STALE);
	g_assert_cmpstr(w.trace->str, ==, "+closed:void plan");
	finish(&w);
}

static void test_expired_stays(void)
{
	struct world w;

	begin(&w);
	at_pending(&w);
	w.s.next_fetch = 0;
	forget(&w);
	w.now += TTL - 1;
	step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "");
	w.now += 1;
	step(&w, STACK_LOOK, NULL);
	w.now += 100000;
	step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "+closed:expired");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_IDLE);
	g_assert_nonnull(strstr(w.s.reason, "expired"));
	g_assert_nonnull(strstr(w.s.reason, "assent replan"));
	send(&w, STACK_SYNC);
	fetched(&w, B);
	g_assert_cmpstr(w.trace->str, ==, "+closed:expired fetch +commit plan");
	finish(&w);
}

static void test_quiet_is_waited_for(void)
{
	struct world w;

	begin(&w);
	at_pending(&w);
	w.s.next_fetch = 0;
	w.f->plan_created = w.now;
	w.f->plan_quiet = w.now + 60;
	send(&w, STACK_LOOK);
	g_assert_nonnull(strstr(w.s.reason, "or nobody's rejection until"));
	g_assert_cmpint(w.s.wake, ==, w.now + 60);
	w.now += 60;
	send(&w, STACK_LOOK); // who looks at the votes is not the stack
	g_assert_cmpint(w.s.wake, >, w.now);
	w.s.started = w.now; // nobody could be asked or heard before
	send(&w, STACK_LOOK);
	g_assert_cmpint(w.s.wake, ==, w.now + 60);
	finish(&w);
}

static void test_windows(void)
{
	struct world w;

	begin(&w);
	at_pending(&w);
	w.s.next_fetch = 0;
	w.s.shut = true;
	w.s.opens = w.now + 60;
	forget(&w);
	send(&w, STACK_APPROVED);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_PENDING);
	g_assert_cmpstr(w.s.reason, ==,
			"plan 1 has its approvals and waits for its window, until "
			"1970-01-12T13:47:40Z");
	g_assert_cmpint(w.s.wake, ==, w.now + 60);
	g_assert_true(stack_rests(&w.s, w.f, w.now)); // nobody has to wait for this
	w.s.opens = 0;
	send(&w, STACK_LOOK);
	g_assert_nonnull(strstr(w.s.reason, "does not open within a year"));
	w.now += 60;
	w.s.shut = false;
	send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+apply-start apply");
	finish(&w);
	/* who breaks the glass waits for no window */
	begin(&w);
	at_pending(&w);
	w.s.next_fetch = 0;
	w.s.shut = true;
	g_strlcpy(w.f->plan_broken, "alice: fire", sizeof(w.f->plan_broken));
	forget(&w);
	send(&w, STACK_APPROVED);
	g_assert_cmpstr(w.trace->str, ==, "+apply-start apply");
	g_assert_cmpstr(w.s.reason, ==, "plan 1 is being applied, by break-glass of alice: fire");
	finish(&w);
}

static void test_window_that_comes_too_late(void)
{
	struct world w;

	begin(&w);
	at_pending(&w);
	w.s.next_fetch = 0;
	w.s.shut = true;
	w.s.opens = w.now + TTL + 60;
	send(&w, STACK_APPROVED);
	forget(&w);
	w.now += TTL;
	send(&w, STACK_LOOK);
	g_assert_cmpstr(w.trace->str, ==, "+closed:expired");
	g_assert_nonnull(strstr(w.f->plan_reason, "no window"));
	finish(&w);
}

static void test_approved_too_late(void)
{
	struct world w;

	begin(&w);
	at_pending(&w);
	w.s.next_fetch = 0;
	forget(&w);
	w.now += TTL;
	send(&w, STACK_APPROVED);
	g_assert_cmpstr(w.trace->str, ==, "+closed:expired");
	finish(&w);
}

static void test_failed_not_repeated(void)
{
	struct world w;

	begin(&w);
	at_failed(&w);
	w.s.next_fetch = 0;
	forget(&w);
	w.now += 100000;
	step(&w, STACK_LOOK, NULL);
	step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_FAILED);
	finish(&w);
}

static void test_block_once_and_heal(void)
{
	struct world w;

	begin(&w);
	at_blocked(&w);
	forget(&w);
	send(&w, STACK_SYNC);
	send(&w, STACK_FETCH_BAD);
	g_assert_cmpstr(w.trace->str, ==, "fetch");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_BLOCKED);
	g_assert_cmpstr(w.s.reason, ==, "why");
	send(&w, STACK_SYNC);
	fetched(&w, A);
	g_assert_cmpstr(w.trace->str, ==, "fetch fetch +unblocked plan");
	finish(&w);
}

static void test_manifest_heals(void)
{
	struct world w;

	begin(&w);
	at_bad_manifest(&w);
	forget(&w);
	send(&w, STACK_SYNC);
	fetched(&w, A);
	g_assert_cmpstr(w.trace->str, ==, "fetch");
	send(&w, STACK_SYNC);
	fetched(&w, B);
	g_assert_cmpstr(w.trace->str, ==, "fetch fetch +commit +unblocked plan");
	finish(&w);
}

static void test_backoff(void)
{
	struct world w;
	int64_t last = 0;
	unsigned i;

	begin(&w);
	for (i = 0; i < 8; i++) {
		int64_t wait;

		send(&w, STACK_FETCH_FAILED);
		wait = w.s.next_fetch - w.now;
		g_assert_cmpint(wait, >=, last);
		g_assert_cmpint(wait, <=, settings.backoff_max);
		g_assert_cmpint(w.s.wake, <=, w.s.next_fetch);
		last = wait;
		w.now = w.s.next_fetch;
		step(&w, STACK_LOOK, NULL);
	}
	g_assert_cmpint(last, ==, settings.backoff_max);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_FAILED);
	fetched(&w, A);
	g_assert_cmpuint(w.s.fetch_failures, ==, 0);
	finish(&w);
}

/* What was due in an hour must not wait for a day, whatever the clock says now. */
static void test_clock_set_back(void)
{
	struct world w;

	begin(&w);
	at_converged(&w);
	w.now -= 86400;
	step(&w, STACK_LOOK, NULL);
	g_assert_cmpint(w.s.next_fetch, >, w.now);
	g_assert_cmpint(w.s.next_fetch, <=, w.now + 2 * settings.interval);
	g_assert_cmpint(w.s.next_drift, <=, w.now + 2 * settings.drift_interval);
	g_assert_cmpint(w.s.wake, <=, w.s.next_fetch);
	finish(&w);
}

/* The log's time of the change, not the time at which somebody looked. */
static void test_since_is_the_logs(void)
{
	struct world w;
	struct stack again;
	struct stack_effects fx;
	struct stack_details d = {.reason = "why"};

	begin(&w);
	at_planning(&w);
	publish(&w);
	w.now++;
	step(&w, STACK_LOOK, NULL);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_PENDING);
	g_assert_cmpint(w.s.since, ==, w.now - 1);
	stack_init(&again, &settings);
	stack_step(&again, w.f, STACK_LOOK, NULL, w.now + 10, 0, &fx);
	g_assert_cmpint(again.since, ==, w.s.since);
	finish(&w);
	/* what the log does not tell begins when it is seen */
	begin(&w);
	at_converged(&w);
	send(&w, STACK_SYNC);
	w.now += 5;
	step(&w, STACK_FETCH_FAILED, &d);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_FAILED);
	g_assert_cmpint(w.s.since, ==, w.now);
	finish(&w);
}

static void test_shorter_interval(void)
{
	struct world w;

	begin(&w);
	at_converged(&w);
	w.s.settings.interval = 5;
	step(&w, STACK_LOOK, NULL);
	g_assert_cmpint(w.s.next_fetch, <=, w.now + 10);
	send(&w, STACK_SYNC);
	send(&w, STACK_FETCH_FAILED);
	w.s.settings.backoff_max = 2;
	step(&w, STACK_LOOK, NULL);
	g_assert_cmpint(w.s.next_fetch, <=, w.now + 10);
	finish(&w);
}

static void test_drift(void)
{
	struct world w;

	begin(&w);
	at_drifted(&w);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_DRIFTED);
	forget(&w);
	/* the same drift is not recorded twice */
	w.now += 330;
	step(&w, STACK_LOOK, NULL);
	send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "plan");
	/* a person may have a plan of it */
	send(&w, STACK_PLAN);
	send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "plan plan publish");
	send(&w, STACK_REPLAN);
	forget(&w);
	send(&w, STACK_PLAN_EMPTY);
	g_assert_cmpstr(w.trace->str, ==, "+converged");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_CONVERGED);
	finish(&w);
}

static void test_rejected_drift(void)
{
	struct world w;

	begin(&w);
	at_checking(&w);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_CONVERGED);
	forget(&w);
	send(&w, STACK_PLANNED);
	g_assert_cmpstr(w.trace->str, ==, "publish +drift");
	entry(&w, "closed", "\"outcome\":\"rejected\",\"plan\":\"%s\",\"reason\":\"bob: no\"",
	      w.f->plan);
	forget(&w);
	w.s.next_fetch = 0;
	w.now += 330;
	step(&w, STACK_LOOK, NULL);
	send(&w, STACK_PLANNED);
	/* looked again, but did not ask again */
	g_assert_cmpstr(w.trace->str, ==, "plan");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_DRIFTED);
	g_assert_nonnull(strstr(w.s.reason, "rejected"));
	finish(&w);
}

static void test_restart(void)
{
	struct world w;

	begin(&w);
	at_applying(&w);
	forget(&w);
	stack_init(&w.s, &settings);
	step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "recover");
	send(&w, STACK_RECOVER_FAILED);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_FAILED);
	/* nothing else before that is settled, not even a fetch */
	send(&w, STACK_SYNC);
	send(&w, STACK_PLAN);
	g_assert_cmpstr(w.trace->str, ==, "recover");
	g_assert_true(stack_rests(&w.s, w.f, w.now)); // who waits for the fetch is told
	w.now = w.s.next_recover;
	step(&w, STACK_LOOK, NULL);
	send(&w, STACK_NOTHING_LEFT);
	g_assert_cmpstr(w.trace->str, ==, "recover recover +interrupted fetch");
	fetched(&w, A);
	/* what holds on the host is not known: it is planned again, and asked again */
	g_assert_cmpstr(w.trace->str, ==, "recover recover +interrupted fetch plan");
	finish(&w);
}

static void test_rests(void)
{
	struct world w;

	begin(&w);
	g_assert_false(stack_rests(&w.s, w.f, w.now));
	fetched(&w, A);
	g_assert_false(stack_rests(&w.s, w.f, w.now));
	send(&w, STACK_PLANNED);
	g_assert_true(stack_rests(&w.s, w.f, w.now));
	send(&w, STACK_APPROVED);
	g_assert_false(stack_rests(&w.s, w.f, w.now));
	send(&w, STACK_APPLIED);
	g_assert_true(stack_rests(&w.s, w.f, w.now));
	finish(&w);
}

static void test_dead(void)
{
	struct world w;

	begin(&w);
	at_pending(&w);
	send(&w, STACK_APPROVED);
	send(&w, STACK_APPLIED);
	send(&w, STACK_DEAD);
	forget(&w);
	w.now += 100000;
	send(&w, STACK_SYNC);
	send(&w, STACK_REPLAN);
	g_assert_cmpstr(w.trace->str, ==, "");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_BLOCKED);
	g_assert_true(stack_rests(&w.s, w.f, w.now));
	g_assert_cmpint(w.s.wake, ==, 0);
	finish(&w);
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
	g_test_add_func("/stack/stale-is-void-and-planned-again", test_stale);
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
	g_test_add_func("/stack/a-bad-manifest-waits-for-a-commit", test_manifest_heals);
	g_test_add_func("/stack/back-off-has-a-ceiling", test_backoff);
	g_test_add_func("/stack/a-clock-set-back-delays-nothing", test_clock_set_back);
	g_test_add_func("/stack/since-is-the-logs-time", test_since_is_the_logs);
	g_test_add_func("/stack/a-shorter-interval-holds-at-once", test_shorter_interval);
	g_test_add_func("/stack/drift-is-recorded-once-and-goes", test_drift);
	g_test_add_func("/stack/rejected-drift-is-not-asked-again", test_rejected_drift);
	g_test_add_func("/stack/a-restart-recovers-first", test_restart);
	g_test_add_func("/stack/rests", test_rests);
	g_test_add_func("/stack/dead-does-nothing", test_dead);
	return g_test_run();
}
