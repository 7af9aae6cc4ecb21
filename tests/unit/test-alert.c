/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/alert.c and fold-told.c by a script of time: what is raised, reminded of, over. */
#include "agent/alert.h"

#include <inttypes.h>
#include <string.h>

#include "fold-entry.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define T "cccccccccccccccccccccccccccccccccccccccc"
#define HOLDS(commit)                                                                              \
	"\"commit\":\"" commit "\",\"outcome\":\"converged\",\"reason\":\"\",\"tree\":\"" T "\""
#define TIP(commit)                                                                                \
	"\"commit\":\"" commit "\",\"ref\":\"r\",\"repository\":\"u\",\"tree\":\"" T "\""
#define START INT64_C(1000000)
#define DAY 86400

struct world {
	struct fold *fold;
	struct fold_stack *stack;
	struct stack step;
	struct alert_watch watch;
	int64_t now, clock, written, after, remind, end;
	unsigned plans;
	GString *said;
	int64_t since; /* of the newest that was said */
};

static void entry(struct world *w, const char *type, const char *fields)
{
	w->written = MAX(w->written, w->now); // as the store does
	fold_ok(w->fold, type, "web", w->written, fields);
}

static void world_start(struct world *w)
{
	*w = (struct world){.fold = fold_new(),
			    .said = g_string_new(NULL),
			    .now = START,
			    .clock = 50,
			    .after = 120,
			    .remind = 3600,
			    .end = 900};
	w->stack = fold_stack_get(w->fold, "web");
	w->step.next_fetch = START; // a fetch has ended
	w->step.plan_known = true;
	entry(w, "commit", TIP(A));
	entry(w, "closed", HOLDS(A));
}

static void world_stop(struct world *w)
{
	fold_free(w->fold);
	g_string_free(w->said, TRUE);
}

/* Another process: what only the former one knew is gone. */
static void restart(struct world *w)
{
	memset(&w->watch, 0, sizeof(w->watch));
	memset(&w->step, 0, sizeof(w->step));
	w->clock = 7;
}

static void fetched(struct world *w)
{
	w->step.next_fetch = w->now;
	w->step.plan_known = true;
}

static const char *look(struct world *w)
{
	struct alert_look look = {.log = &w->stack->told.alerts,
				  .facts = &w->stack->facts,
				  .stack = &w->step,
				  .suspended = w->stack->facts.suspended[0] != '\0' ||
					       w->fold->stopped.person != NULL,
				  .after = w->after,
				  .remind = w->remind,
				  .end = w->end,
				  .now = w->now,
				  .clock = w->clock};
	struct alert_news news;

	g_string_truncate(w->said, 0);
	while (alert_step(&w->watch, &look, &news)) {
		g_autofree char *fields = g_strdup_printf(
			"\"condition\":\"%s\",\"count\":%" PRId64 ",\"reason\":\"why\",\"since\":"
			"%" PRId64 ",\"state\":\"%s\"",
			record_condition_names[news.condition], news.count, news.since,
			record_alert_state_names[news.state]);

		g_assert_cmpuint(w->said->len, <, 500);
		g_assert_cmpstr(news.reason, !=, "");
		g_string_append_printf(w->said, "%s%s %s %" PRId64, w->said->len > 0 ? "; " : "",
				       record_condition_names[news.condition],
				       record_alert_state_names[news.state], news.count);
		w->since = news.since;
		entry(w, "alert", fields);
	}
	return w->said->str;
}

static const char *pass(struct world *w, int64_t seconds)
{
	w->now += seconds;
	w->clock += seconds;
	return look(w);
}

static void drift(struct world *w)
{
	entry(w, "drift", "\"changes\":2,\"resources\":[\"file:/x\"]");
}

static void holds(struct world *w)
{
	entry(w, "closed", HOLDS(A));
}

static void fetch_fails(struct world *w)
{
	stack_keep(w->step.fetch_problem, "no route");
	w->step.fetch_failures++;
	w->step.next_fetch = w->now;
}

static void fetch_works(struct world *w)
{
	w->step.fetch_problem[0] = '\0';
	w->step.fetch_failures = 0;
	fetched(w);
}

static void plan_fails(struct world *w)
{
	stack_keep(w->step.plan_problem, "no worker");
	w->step.plan_failures++;
}

static void plan_works(struct world *w)
{
	w->step.plan_problem[0] = '\0';
	w->step.plan_failures = 0;
	w->step.plan_known = true;
}

/* A plan of its own each time; result: of its apply. */
static void apply(struct world *w, const char *commit, const char *result, bool halted)
{
	g_autofree char *id = g_strdup_printf("sha256:%064u", ++w->plans);
	g_autofree char *plan = g_strdup_printf(
		"\"commit\":\"%s\",\"expires\":9000000,\"number\":%u,\"plan\":\"%s\",\"reason\":"
		"\"commit\",\"required\":1,\"sig\":\"s\",\"summary\":{\"create\":2}",
		commit, w->plans, id);
	g_autofree char *start =
		g_strdup_printf("\"approvals\":[],\"commit\":\"%s\",\"plan\":\"%s\"", commit, id);
	g_autofree char *done = g_strdup_printf(
		"\"commit\":\"%s\",\"done\":2,\"left\":1,\"plan\":\"%s\",\"reason\":\"no space\","
		"\"result\":\"%s\",\"tree\":\"" T "\",\"undone\":3%s",
		commit, id, result, halted ? ",\"halted\":true" : "");

	entry(w, "plan", plan);
	entry(w, "apply-start", start);
	entry(w, "apply-done", done);
}

static void apply_fails(struct world *w)
{
	apply(w, A, "failed", false);
}

static void blocked(struct world *w)
{
	entry(w, "blocked", "\"kind\":\"rewound\",\"reason\":\"gone back\"");
}

static void unblocked(struct world *w)
{
	entry(w, "unblocked", "");
}

static const struct row {
	const char *name;
	void (*begin)(struct world *w);
	void (*end)(struct world *w);
	bool in_log; /* that it began */
} rows[] = {
	{"drift", drift, holds, true},		 {"fetch", fetch_fails, fetch_works, false},
	{"plan", plan_fails, plan_works, false}, {"apply", apply_fails, holds, true},
	{"blocked", blocked, unblocked, true},
};

static const char *said(const struct row *row, const char *rest)
{
	static char text[100];

	g_snprintf(text, sizeof(text), "%s %s", row->name, rest);
	return text;
}

/* What is over before its time was never there. */
static void test_below(const void *data)
{
	const struct row *row = data;
	struct world w;

	world_start(&w);
	row->begin(&w);
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpint(alert_wait(&w.watch), ==, 120);
	g_assert_cmpstr(pass(&w, 119), ==, "");
	g_assert_cmpint(alert_wait(&w.watch), ==, 1);
	row->end(&w);
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpstr(pass(&w, DAY), ==, "");
	g_assert_cmpint(alert_wait(&w.watch), ==, 0);
	world_stop(&w);
}

static void test_above(const void *data)
{
	const struct row *row = data;
	struct world w;

	world_start(&w);
	row->begin(&w);
	look(&w);
	g_assert_cmpstr(pass(&w, 120), ==, said(row, "raised 0"));
	g_assert_cmpint(w.since, ==, START);
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpint(alert_wait(&w.watch), ==, 3600);
	g_assert_cmpstr(pass(&w, 3599), ==, "");
	g_assert_cmpstr(pass(&w, 1), ==, said(row, "reminded 1"));
	g_assert_cmpint(alert_wait(&w.watch), ==, 7200);
	g_assert_cmpstr(pass(&w, 7199), ==, "");
	g_assert_cmpstr(pass(&w, 1), ==, said(row, "reminded 2"));
	g_assert_cmpstr(pass(&w, 14400), ==, said(row, "reminded 3"));
	g_assert_cmpstr(pass(&w, 28800), ==, said(row, "reminded 4"));
	g_assert_cmpstr(pass(&w, 57600), ==, said(row, "reminded 5"));
	g_assert_cmpstr(pass(&w, DAY - 1), ==, "");
	g_assert_cmpstr(pass(&w, 1), ==, said(row, "reminded 6"));
	g_assert_cmpstr(pass(&w, DAY), ==, said(row, "reminded 7")); // no longer than a day
	row->end(&w);
	g_assert_cmpstr(look(&w), ==, said(row, "resolved 7"));
	g_assert_cmpint(w.since, ==, START);
	g_assert_cmpstr(pass(&w, DAY), ==, "");
	row->begin(&w); // once more is a new one
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpstr(pass(&w, 120), ==, said(row, "raised 0"));
	world_stop(&w);
}

static void test_never(const void *data)
{
	const struct row *row = data;
	struct world w;

	world_start(&w);
	w.after = 0;
	row->begin(&w);
	row->begin(&w);
	row->begin(&w);
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpstr(pass(&w, DAY), ==, "");
	g_assert_cmpint(alert_wait(&w.watch), ==, 0);
	world_stop(&w);
}

/* Alerts were switched off meanwhile: no reminders, and the end is told. */
static void test_switched_off(const void *data)
{
	const struct row *row = data;
	struct world w;

	world_start(&w);
	row->begin(&w);
	look(&w);
	g_assert_cmpstr(pass(&w, 120), ==, said(row, "raised 0"));
	w.after = 0;
	g_assert_cmpstr(pass(&w, DAY), ==, "");
	row->end(&w);
	g_assert_cmpstr(look(&w), ==, said(row, "resolved 0"));
	world_stop(&w);
}

static void test_restart_before(const void *data)
{
	const struct row *row = data;
	struct world w;

	world_start(&w);
	row->begin(&w);
	look(&w);
	w.now += 100;
	restart(&w);
	g_assert_cmpstr(look(&w), ==, "");
	fetched(&w);
	if (!row->in_log) { // a failure that is no alert yet is no entry: it begins anew
		w.step.plan_known = false;
		row->begin(&w);
		look(&w);
		g_assert_cmpstr(pass(&w, 119), ==, "");
		g_assert_cmpstr(pass(&w, 1), ==, said(row, "raised 0"));
		g_assert_cmpint(w.since, ==, START + 100);
	} else {
		look(&w);
		g_assert_cmpstr(pass(&w, 19), ==, "");
		g_assert_cmpstr(pass(&w, 1), ==, said(row, "raised 0"));
		g_assert_cmpint(w.since, ==, START);
	}
	world_stop(&w);
}

/* Neither repeated nor forgotten; and not over before this process has seen that it is. */
static void test_restart_after(const void *data)
{
	const struct row *row = data;
	struct world w;

	world_start(&w);
	row->begin(&w);
	look(&w);
	g_assert_cmpstr(pass(&w, 120), ==, said(row, "raised 0"));
	w.now += 600;
	restart(&w);
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpstr(pass(&w, 30), ==, "");
	w.step.next_fetch = w.now;
	if (!row->in_log) {
		row->begin(&w);
	}
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpstr(pass(&w, 2969), ==, "");
	g_assert_cmpstr(pass(&w, 1), ==, said(row, "reminded 1"));
	restart(&w);
	row->end(&w);
	g_assert_cmpstr(look(&w), ==, said(row, "resolved 1"));
	g_assert_cmpint(w.since, ==, START);
	world_stop(&w);
}

/* The wall clock is set; the other one goes on. */
static void test_clock(const void *data)
{
	const struct row *row = data;
	struct world w;

	world_start(&w);
	row->begin(&w);
	look(&w);
	w.now += 365 * DAY; // forward: a year has not passed
	g_assert_cmpstr(pass(&w, 60), ==, "");
	w.now -= 730 * DAY; // back: nor does it take two
	g_assert_cmpstr(pass(&w, 59), ==, "");
	g_assert_cmpstr(pass(&w, 1), ==, said(row, "raised 0"));
	g_assert_cmpint(w.since, ==, START);
	w.now += 730 * DAY;
	g_assert_cmpstr(pass(&w, 3599), ==, "");
	g_assert_cmpstr(pass(&w, 1), ==, said(row, "reminded 1"));
	w.now -= 365 * DAY;
	g_assert_cmpstr(pass(&w, 7199), ==, "");
	restart(&w); // the log's newest time is in the future now
	fetched(&w);
	w.step.plan_known = false;
	if (!row->in_log) {
		row->begin(&w);
	}
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpstr(pass(&w, 7200), ==, said(row, "reminded 2"));
	row->end(&w);
	g_assert_cmpstr(look(&w), ==, said(row, "resolved 2"));
	world_stop(&w);
}

/* Three in a row are enough. */
static void test_repeated(void)
{
	struct world w;

	world_start(&w);
	fetch_fails(&w);
	fetch_fails(&w);
	g_assert_cmpstr(look(&w), ==, "");
	fetch_fails(&w);
	g_assert_cmpstr(pass(&w, 5), ==, "fetch raised 0");
	g_assert_cmpint(w.since, ==, START);
	plan_fails(&w);
	plan_fails(&w);
	g_assert_cmpstr(look(&w), ==, "");
	plan_fails(&w);
	g_assert_cmpstr(look(&w), ==, "plan raised 0");
	fetch_works(&w);
	g_assert_cmpstr(look(&w), ==, "fetch resolved 0");
	world_stop(&w);
}

/* A new commit says nothing of whether it can be planned. */
static void test_plan_unknown(void)
{
	struct world w;

	world_start(&w);
	plan_fails(&w);
	look(&w);
	g_assert_cmpstr(pass(&w, 120), ==, "plan raised 0");
	w.step.plan_problem[0] = '\0';
	w.step.plan_failures = 0;
	w.step.plan_known = false;
	g_assert_cmpstr(pass(&w, 10), ==, "");
	plan_works(&w);
	g_assert_cmpstr(look(&w), ==, "plan resolved 0");
	world_stop(&w);
}

static void test_apply_kinds(void)
{
	static const char *const results[] = {"failed", "rolled-back", "interrupted"};
	struct world w;

	for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
		world_start(&w);
		entry(&w, "commit", TIP(B));
		apply(&w, B, results[i], i == 0);
		look(&w);
		g_assert_cmpstr(pass(&w, 120), ==, "apply raised 0");
		apply(&w, B, "failed", false); // again: the same alert
		g_assert_cmpstr(pass(&w, 120), ==, "");
		g_assert_cmpstr(w.stack->told.alerts.failed, ==, B);
		g_assert_cmpstr(w.stack->told.alerts.failed_why, ==, "no space");
		apply(&w, B, "ok", false);
		g_assert_cmpstr(look(&w), ==, "apply resolved 0");
		world_stop(&w);
	}
}

/* What a person took back, or does not want any more, is no failure. */
static void test_apply_steered(void)
{
	static const char id[] =
		"sha256:0000000000000000000000000000000000000000000000000000000000000001";
	g_autofree char *undo = g_strdup_printf("\"approvals\":[],\"commit\":\"" B
						"\",\"mode\":\"undo\",\"person\":\"alice\","
						"\"plan\":\"%s\"",
						id);
	g_autofree char *undone =
		g_strdup_printf("\"commit\":\"" B "\",\"done\":0,\"left\":0,\"plan\":\"%s\","
				"\"reason\":\"\",\"result\":\"rolled-back\","
				"\"tree\":\"" T "\",\"undone\":3",
				id);
	g_autofree char *back = g_strdup_printf("\"bad\":\"" B "\",\"commit\":\"" A
						"\",\"person\":\"alice\",\"plan\":\"%s\","
						"\"reason\":\"bad\",\"tree\":\"" T "\"",
						id);
	struct world w;

	world_start(&w);
	entry(&w, "commit", TIP(B));
	apply(&w, B, "failed", true);
	look(&w);
	g_assert_cmpstr(pass(&w, 120), ==, "apply raised 0");
	entry(&w, "apply-start", undo);
	g_assert_cmpstr(look(&w), ==, ""); // it may fail yet
	entry(&w, "apply-done", undone);
	g_assert_cmpstr(look(&w), ==, "apply resolved 0");
	apply(&w, B, "failed", false);
	look(&w);
	g_assert_cmpstr(pass(&w, 120), ==, "apply raised 0");
	entry(&w, "rollback", back);
	g_assert_cmpstr(look(&w), ==, "apply resolved 0"); // what holds is what is wanted
	g_assert_true(w.stack->told.steers[TOLD_PINNED].on);
	g_assert_cmpstr(w.stack->told.steers[TOLD_PINNED].what, ==, A);
	world_stop(&w);
}

static void test_recover(void)
{
	struct world w;

	world_start(&w);
	stack_keep(w.step.recover_problem, "the worker is gone");
	w.stack->facts.phase = STACK_PHASE_APPLYING;
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpstr(pass(&w, 120), ==, "apply raised 0");
	w.step.recover_problem[0] = '\0';
	g_assert_cmpstr(look(&w), ==, ""); // another try runs
	w.stack->facts.phase = STACK_PHASE_APPLIED;
	g_assert_cmpstr(look(&w), ==, "apply resolved 0");
	world_stop(&w);
}

/* What differs may change, and a record says since when. */
static void test_drift_since(void)
{
	struct world w;

	world_start(&w);
	entry(&w, "drift", "\"changes\":1,\"resources\":[\"file:/x\"],\"since\":999970");
	look(&w);
	pass(&w, 60);
	entry(&w, "drift", "\"changes\":2,\"resources\":[\"file:/x\",\"file:/y\"]");
	g_assert_cmpstr(pass(&w, 29), ==, "");
	g_assert_cmpstr(pass(&w, 1), ==, "drift raised 0");
	g_assert_cmpint(w.since, ==, 999970);
	world_stop(&w);
}

/* Comes and goes: named once instead of told each time. */
static void test_flapping(const void *data)
{
	const struct row *row = data;
	struct world w;

	world_start(&w);
	w.remind = DAY;
	for (unsigned i = 0; i < 2; i++) { // four changes
		row->begin(&w);
		look(&w);
		g_assert_cmpstr(pass(&w, 200), ==, said(row, "raised 0"));
		row->end(&w);
		g_assert_cmpstr(look(&w), ==, said(row, "resolved 0"));
		pass(&w, 200);
	}
	row->begin(&w);
	g_assert_cmpstr(look(&w), ==, "flapping raised 0");
	g_assert_cmpint(w.since, ==, START);
	g_assert_true(alert_is_flapping(&w.stack->told.alerts, CONDITION_DRIFT) ==
		      (row->begin == drift));
	for (unsigned i = 0; i < 5; i++) { // and on
		g_assert_cmpstr(pass(&w, 300), ==, "");
		row->end(&w);
		g_assert_cmpstr(pass(&w, 300), ==, "");
		row->begin(&w);
		g_assert_cmpstr(look(&w), ==, "");
	}
	restart(&w);
	fetched(&w);
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpstr(pass(&w, ALERT_CALM - 1), ==, "");
	g_assert_cmpint(alert_wait(&w.watch), ==, 1);
	pass(&w, 1); // calm, though in the wrong state
	g_assert_cmpstr(w.said->str + strlen("flapping resolved 0; "), ==, said(row, "raised 0"));
	g_assert_true(g_str_has_prefix(w.said->str, "flapping resolved 0; "));
	g_assert_false(alert_is_flapping(&w.stack->told.alerts, CONDITION_DRIFT));
	row->end(&w);
	g_assert_cmpstr(look(&w), ==, said(row, "resolved 0"));
	world_stop(&w);
}

/* Of these the log knows by their alerts alone. */
static void test_flapping_jobs(const void *data)
{
	const struct row *row = data;
	g_autofree char *both = g_strdup_printf("%s raised 0; flapping raised 0", row->name);
	struct world w;

	world_start(&w);
	for (unsigned i = 0; i < 2; i++) {
		row->begin(&w);
		look(&w);
		g_assert_cmpstr(pass(&w, 200), ==, said(row, "raised 0"));
		row->end(&w);
		g_assert_cmpstr(pass(&w, 200), ==, said(row, "resolved 0"));
	}
	row->begin(&w);
	look(&w);
	g_assert_cmpstr(pass(&w, 200), ==, both);
	row->end(&w); // what was raised is ended
	g_assert_cmpstr(pass(&w, 200), ==, said(row, "resolved 0"));
	row->begin(&w);
	look(&w);
	g_assert_cmpstr(pass(&w, 200), ==, "");
	row->end(&w);
	g_assert_cmpstr(pass(&w, ALERT_CALM), ==, "flapping resolved 0");
	world_stop(&w);
}

/* It wants five changes within an hour to begin, and goes on at half that pace. */
static void test_flapping_pace(void)
{
	struct world w;

	world_start(&w);
	w.remind = DAY;
	for (unsigned i = 0; i < 4; i++) {
		(i % 2 == 0 ? drift : holds)(&w);
		look(&w);
		pass(&w, 901);
		look(&w);
	}
	drift(&w); // the fifth after an hour and some seconds
	g_assert_cmpstr(look(&w), ==, "");
	pass(&w, 800);
	holds(&w);
	g_assert_cmpstr(look(&w), ==, "flapping raised 0; drift resolved 0"); // 3503 seconds
	for (unsigned i = 0; i < 4; i++) {
		g_assert_cmpstr(pass(&w, 1700), ==, "");
		(i % 2 == 0 ? drift : holds)(&w);
		g_assert_cmpstr(look(&w), ==, "");
	}
	g_assert_cmpstr(pass(&w, ALERT_CALM), ==, "flapping resolved 0");
	world_stop(&w);
}

/* Drift is still listed, nobody is told, and told of when it goes on. */
static void test_suspended(void)
{
	struct world w;
	const struct alert_facts *f;

	world_start(&w);
	f = &w.stack->told.alerts.of[CONDITION_DRIFT];
	entry(&w, "suspend", "\"person\":\"alice\",\"reason\":\"disk\"");
	drift(&w);
	look(&w);
	g_assert_cmpstr(pass(&w, 120), ==, "drift raised 0");
	g_assert_true(f->raised && f->quiet);
	g_assert_cmpstr(pass(&w, DAY), ==, ""); // no reminders
	fetch_fails(&w);			// which has nothing to do with it
	look(&w);
	g_assert_cmpstr(pass(&w, 120), ==, "fetch raised 0");
	g_assert_false(w.stack->told.alerts.of[CONDITION_FETCH].quiet);
	entry(&w, "resume", "\"person\":\"alice\",\"reason\":\"done\"");
	g_assert_true(f->raised && !f->quiet);
	g_assert_cmpstr(look(&w), ==, "drift reminded 1");
	holds(&w);
	g_assert_cmpstr(look(&w), ==, "drift resolved 1");
	world_stop(&w);
}

static void test_stopped(void)
{
	struct world w;
	const struct alert_facts *f;

	world_start(&w);
	f = &w.stack->told.alerts.of[CONDITION_DRIFT];
	fold_ok(w.fold, "suspend", NULL, w.now, "\"person\":\"bob\",\"reason\":\"fire\"");
	g_assert_true(w.fold->stop.on);
	g_assert_cmpstr(w.fold->stop.person, ==, "bob");
	drift(&w);
	look(&w);
	g_assert_cmpstr(pass(&w, 120), ==, "drift raised 0");
	g_assert_true(f->quiet);
	entry(&w, "suspend", "\"person\":\"alice\",\"reason\":\"disk\"");
	fold_ok(w.fold, "resume", NULL, w.now, "\"person\":\"bob\",\"reason\":\"out\"");
	g_assert_false(w.fold->stop.on);
	g_assert_true(f->quiet); // the stack itself is still suspended
	entry(&w, "resume", "\"person\":\"alice\",\"reason\":\"done\"");
	g_assert_false(f->quiet);
	world_stop(&w);
}

#define SUSPEND(until) "\"person\":\"alice\",\"reason\":\"disk\",\"until\":" #until

/* Once, however often the agent starts; again when a person made it longer. */
static void test_suspension_ends(void)
{
	struct world w;

	world_start(&w);
	entry(&w, "suspend", SUSPEND(1007200)); // for two hours
	look(&w);
	g_assert_cmpint(alert_wait(&w.watch), ==, 6300);
	g_assert_cmpstr(pass(&w, 6299), ==, "");
	g_assert_cmpstr(pass(&w, 1), ==, "suspended reminded 1");
	g_assert_cmpint(w.since, ==, START);
	g_assert_cmpstr(pass(&w, 60), ==, "");
	restart(&w);
	g_assert_cmpstr(look(&w), ==, "");
	entry(&w, "suspend", SUSPEND(1020000));
	g_assert_cmpstr(look(&w), ==, "");
	w.now = 1019100;
	g_assert_cmpstr(look(&w), ==, "suspended reminded 1");
	entry(&w, "resume", "\"person\":\"alice\",\"reason\":\"done\"");
	g_assert_cmpstr(look(&w), ==, "");
	w.now = 1030000;
	entry(&w, "suspend", SUSPEND(1030600)); // shorter than the time before its end
	g_assert_cmpstr(look(&w), ==, "");
	g_assert_cmpstr(pass(&w, 599), ==, "");
	entry(&w, "suspend", "\"person\":\"alice\",\"reason\":\"disk\""); // without end
	g_assert_cmpstr(pass(&w, DAY), ==, "");
	w.end = 0;
	entry(&w, "suspend", SUSPEND(9000000));
	w.now = 8999999;
	g_assert_cmpstr(look(&w), ==, "");
	world_stop(&w);
}

/* Who steered what, for those who are told. */
static void test_steers(void)
{
	const struct told_steer *trial, *pin;
	struct world w;

	world_start(&w);
	trial = &w.stack->told.steers[TOLD_TRIAL];
	pin = &w.stack->told.steers[TOLD_PINNED];
	entry(&w, "try",
	      "\"person\":\"alice\",\"reason\":\"new\",\"ref\":\"refs/heads/x\",\"until\":1007200");
	g_assert_true(trial->on);
	g_assert_cmpstr(trial->what, ==, "refs/heads/x");
	g_assert_cmpint(trial->until, ==, 1007200);
	entry(&w, "return", "\"reason\":\"its time is over\"");
	g_assert_false(trial->on);
	g_assert_null(trial->person);
	g_assert_cmpstr(trial->what, ==, "refs/heads/x"); // what ended
	entry(&w, "rollback",
	      "\"bad\":\"" A "\",\"commit\":\"" B "\",\"person\":\"bob\",\"plan\":\"sha256:"
	      "0000000000000000000000000000000000000000000000000000000000000001\",\"reason\":"
	      "\"bad\",\"tree\":\"" T "\"");
	g_assert_true(pin->on);
	entry(&w, "commit", TIP(A)); // still the bad one
	g_assert_true(pin->on);
	entry(&w, "commit", TIP(T));
	g_assert_false(pin->on);
	g_assert_null(pin->person);
	g_assert_cmpstr(pin->what, ==, B);
	world_stop(&w);
}

static void add(const char *what, const struct row *row, GTestDataFunc test)
{
	g_autofree char *name = g_strdup_printf("/alert/%s/%s", what, row->name);

	g_test_add_data_func(name, row, test);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		add("below", &rows[i], test_below);
		add("above", &rows[i], test_above);
		add("never", &rows[i], test_never);
		add("switched-off", &rows[i], test_switched_off);
		add("restart-before", &rows[i], test_restart_before);
		add("restart-after", &rows[i], test_restart_after);
		add("clock", &rows[i], test_clock);
		add("flapping", &rows[i], rows[i].in_log ? test_flapping : test_flapping_jobs);
	}
	g_test_add_func("/alert/flapping-pace", test_flapping_pace);
	g_test_add_func("/alert/repeated", test_repeated);
	g_test_add_func("/alert/plan-unknown", test_plan_unknown);
	g_test_add_func("/alert/apply-kinds", test_apply_kinds);
	g_test_add_func("/alert/apply-steered", test_apply_steered);
	g_test_add_func("/alert/recover", test_recover);
	g_test_add_func("/alert/drift-since", test_drift_since);
	g_test_add_func("/alert/suspended", test_suspended);
	g_test_add_func("/alert/stopped", test_stopped);
	g_test_add_func("/alert/suspension-ends", test_suspension_ends);
	g_test_add_func("/alert/steers", test_steers);
	return g_test_run();
}
