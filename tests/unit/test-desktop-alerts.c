/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of desktop/alerts.c by a script of time: what is shown, closed, voted and opened. */
#include "desktop/alerts.h"

#include <string.h>

#define SECOND INT64_C(1000000)

struct scene {
	struct alerts *alerts;
	int64_t now;
	GString *did; /* of the newest step: "show KEY ID;close ID;..." */
	char *summary, *body, *actions;
};

static const struct caps all = {.actions = true, .body = true, .markup = true};

static void tell(struct scene *s, const struct alert_effect *e)
{
	switch (e->kind) {
	case ALERT_DO_SHOW:
		g_string_append_printf(s->did, "show %s %u;", e->key, e->id);
		g_free(s->summary);
		g_free(s->body);
		g_free(s->actions);
		s->summary = g_strdup(e->words->summary);
		s->body = g_strdup(e->words->body);
		s->actions = e->words->actions != NULL ? g_strjoinv(",", e->words->actions)
						       : g_strdup("");
		break;
	case ALERT_DO_CLOSE:
		g_string_append_printf(s->did, "close %u;", e->id);
		break;
	case ALERT_DO_VOTE:
		g_string_append_printf(s->did, "vote %u %.8s %s '%s';", e->agent, e->plan,
				       e->approve ? "approve" : "reject", e->reason);
		break;
	case ALERT_DO_REVIEW:
		g_string_append_printf(s->did, "review %u %.8s;", e->agent,
				       e->plan != NULL ? e->plan : "all");
		break;
	case ALERT_DO_START:
		g_string_append(s->did, "start;");
		break;
	}
}

static const char *step(struct scene *s, const struct alert_event *event)
{
	g_autoptr(GArray) effects = effects_new();

	g_string_truncate(s->did, 0);
	alerts_step(s->alerts, event, s->now, effects);
	for (unsigned i = 0; i < effects->len; i++) {
		tell(s, &g_array_index(effects, struct alert_effect, i));
	}
	return s->did->str;
}

static const char *simple(struct scene *s, enum alert_event_kind kind)
{
	return step(s, &(struct alert_event){.kind = kind});
}

static const char *shown(struct scene *s, const char *key, uint32_t id)
{
	return step(s, &(struct alert_event){.kind = ALERT_SHOWN, .key = key, .id = id});
}

static const char *press(struct scene *s, uint32_t id, const char *action)
{
	return step(s, &(struct alert_event){.kind = ALERT_ACTION, .id = id, .text = action});
}

static const char *closed(struct scene *s, uint32_t id)
{
	return step(s, &(struct alert_event){.kind = ALERT_CLOSED, .id = id});
}

/* A scene with a server that can do everything asked for. */
static void begin(struct scene *s, const struct caps *caps)
{
	*s = (struct scene){.alerts = alerts_new(2), .now = 100 * SECOND};
	s->did = g_string_new(NULL);
	if (caps != NULL) {
		g_assert_cmpstr(step(s, &(struct alert_event){.kind = ALERT_SERVER, .caps = *caps}),
				==, "");
	}
}

static void finish(struct scene *s)
{
	alerts_free(s->alerts);
	g_string_free(s->did, TRUE);
	g_free(s->summary);
	g_free(s->body);
	g_free(s->actions);
}

/* The id of plan n, and the key of its notification at an agent. */
static const char *id_of(unsigned n)
{
	static char id[80];

	g_snprintf(id, sizeof(id), "sha256:%064x", n);
	memset(id + 7, 'a' + (int)n % 6, 1);
	return id;
}

static const char *key_of(unsigned agent, unsigned n)
{
	static char key[100];

	g_snprintf(key, sizeof(key), "plan:%u:%s", agent, id_of(n));
	return key;
}

#define MAY "\"may_approve\":true,\"may_reject\":true,"
#define MAY_NOT "\"may_approve\":false,\"may_reject\":false,"

static char *plan_text(unsigned n, const char *more)
{
	return g_strdup_printf("{\"id\":\"%s\",\"stack\":\"web%u\",\"reason\":\"commit\",%s"
			       "\"subject\":\"fix <it>\",\"author\":\"Dora\",\"risks\":[],"
			       "\"summary\":{\"create\":2},\"created\":\"2026-01-01T00:00:00Z\","
			       "\"expires\":\"2026-01-02T00:00:00Z\",\"required\":2,\"votes\":[],"
			       "\"commits\":1,\"why_not\":null,\"voted\":false,"
			       "\"approved\":false}",
			       id_of(n), n, more);
}

/* plans and stacks are members of JSON lists. */
static const char *look(struct scene *s, unsigned agent, const char *plans, const char *stacks,
			const char *more)
{
	g_autofree char *text = g_strdup_printf(
		"{\"schema_version\":1,\"agent\":\"host%u\",\"person\":\"alice\","
		"\"pages\":true,%s\"plans\":[%s],\"stacks\":[%s]}",
		agent, more != NULL ? more : "\"problem\":null,\"remind\":0,", plans, stacks);
	g_autoptr(GError) error = NULL;
	struct alert_event event = {.kind = ALERT_SNAPSHOT, .agent = agent};

	g_assert_true(snapshot_parse(text, strlen(text), &event.snapshot, &error));
	g_assert_no_error(error);
	return step(s, &event);
}

/* Plans 1 to count wait at agent 0. */
static const char *wait_for(struct scene *s, unsigned count, const char *more)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (unsigned n = 1; n <= count; n++) {
		g_autofree char *plan = plan_text(n, more);

		g_string_append_printf(list, "%s%s", n > 1 ? "," : "", plan);
	}
	return look(s, 0, list->str, "", NULL);
}

/* Plan 1 waits, is shown as 7, and long enough. */
static void show_one(struct scene *s)
{
	g_autofree char *want = g_strdup_printf("show %s 0;", key_of(0, 1));

	g_assert_cmpstr(wait_for(s, 1, MAY), ==, want);
	g_assert_cmpstr(shown(s, key_of(0, 1), 7), ==, "");
	s->now += 2 * SECOND;
}

static void test_one_for_each_plan(void)
{
	struct scene s;
	g_autofree char *changed = g_strdup_printf("show %s 7;", key_of(0, 1));

	begin(&s, &all);
	show_one(&s);
	g_assert_nonnull(strstr(s.summary, "web1"));
	g_assert_nonnull(strstr(s.body, "fix &lt;it&gt; (Dora)"));
	g_assert_nonnull(strstr(s.body, "0 of 2 approvals"));
	g_assert_cmpstr(s.actions, ==,
			"default,Review,review,Review,approve,Approve,reject,Reject");
	g_assert_cmpstr(wait_for(&s, 1, MAY), ==, ""); // nothing has changed
	g_assert_cmpstr(wait_for(&s, 1, MAY_NOT), ==, changed);
	g_assert_cmpstr(s.actions, ==, "default,Review,review,Review");
	g_assert_cmpstr(shown(&s, key_of(0, 1), 8), ==, "");  // some servers give a new number
	g_assert_cmpstr(wait_for(&s, 0, ""), ==, "close 8;"); // decided elsewhere
	g_assert_cmpuint(alerts_waiting(s.alerts), ==, 0);
	finish(&s);
}

static void test_a_vote(void)
{
	struct scene s;
	g_autofree char *want = g_strdup_printf("vote 0 %.8s approve '';", id_of(1));
	struct alert_event voted = {.kind = ALERT_VOTED};

	begin(&s, &all);
	show_one(&s);
	g_assert_cmpstr(press(&s, 99, "approve"), ==, ""); // somebody else's
	g_assert_cmpstr(press(&s, 7, "format"), ==, "");
	g_assert_cmpstr(press(&s, 7, "approve"), ==, want);
	g_assert_cmpstr(press(&s, 7, "approve"), ==, ""); // twice
	g_assert_cmpstr(press(&s, 7, "reject"), ==, "");
	voted.key = key_of(0, 1);
	g_assert_cmpstr(step(&s, &voted), ==, "close 7;");
	g_assert_cmpstr(press(&s, 7, "reject"), ==, "");
	g_assert_cmpstr(wait_for(&s, 1, MAY), ==, ""); // an older look does not bring it back
	finish(&s);
}

static void test_reasons(void)
{
	struct scene s;
	struct caps caps = all;
	g_autofree char *plain =
		g_strdup_printf("vote 0 %.8s reject 'rejected on the desktop by alice';", id_of(1));
	g_autofree char *written = g_strdup_printf("vote 0 %.8s reject 'not  today';", id_of(1));
	g_autofree char *again = g_strdup_printf("show %s 7;", key_of(0, 1));
	struct alert_event reply = {.kind = ALERT_REPLIED, .id = 7, .text = " \n "};

	begin(&s, &all);
	show_one(&s);
	g_assert_cmpstr(press(&s, 7, "reject"), ==, plain);
	finish(&s);
	caps.inline_reply = true;
	begin(&s, &caps);
	show_one(&s);
	g_assert_nonnull(strstr(s.actions, "inline-reply,Reject"));
	g_assert_cmpstr(step(&s, &reply), ==, again); // no reason, no rejection
	g_assert_cmpstr(shown(&s, key_of(0, 1), 7), ==, "");
	s.now += 2 * SECOND;
	reply.text = " not\r\ntoday\n";
	g_assert_cmpstr(step(&s, &reply), ==, written);
	finish(&s);
}

static void test_not_in_the_first_second(void)
{
	struct scene s;
	g_autofree char *again = g_strdup_printf("show %s 7;", key_of(0, 1));
	g_autofree char *vote = g_strdup_printf("vote 0 %.8s approve '';", id_of(1));

	begin(&s, &all);
	wait_for(&s, 1, MAY);
	g_assert_cmpstr(press(&s, 7, "approve"), ==, ""); // its number is not even known
	shown(&s, key_of(0, 1), 7);
	s.now += SECOND - 1;
	g_assert_cmpstr(press(&s, 7, "approve"), ==, again);
	g_assert_cmpstr(closed(&s, 7), ==, ""); // as most servers do after a press
	g_assert_cmpstr(shown(&s, key_of(0, 1), 9), ==, "");
	g_assert_cmpstr(press(&s, 7, "approve"), ==, "");
	s.now += SECOND;
	g_assert_cmpstr(press(&s, 9, "approve"), ==, vote);
	finish(&s);
}

/* What changes under the pointer is new, too. */
static void test_not_right_after_a_change(void)
{
	struct scene s;

	begin(&s, &all);
	show_one(&s);
	wait_for(&s, 1, "\"may_approve\":true,\"may_reject\":false,");
	g_assert_cmpstr(press(&s, 7, "approve"), ==, ""); // the change is on its way
	g_assert_true(g_str_has_prefix(shown(&s, key_of(0, 1), 7), "show "));
	shown(&s, key_of(0, 1), 7);
	g_assert_true(g_str_has_prefix(press(&s, 7, "approve"), "show "));
	shown(&s, key_of(0, 1), 7);
	s.now += SECOND;
	g_assert_true(g_str_has_prefix(press(&s, 7, "approve"), "vote "));
	finish(&s);
}

static void test_locked(void)
{
	struct scene s;

	begin(&s, &all);
	show_one(&s);
	g_assert_cmpstr(simple(&s, ALERT_LOCKED), ==, ""); // it was there before
	g_assert_true(g_str_has_prefix(press(&s, 7, "approve"), "show "));
	g_assert_null(strstr(s.summary, "web1")); // shown anew, with nothing in it
	g_assert_null(strstr(s.body, "Dora"));
	g_assert_cmpstr(s.actions, ==, "");
	shown(&s, key_of(0, 1), 7);
	s.now += 5 * SECOND;
	g_assert_true(g_str_has_prefix(press(&s, 7, "review"), "show "));
	shown(&s, key_of(0, 1), 7);
	g_assert_true(strstr(wait_for(&s, 2, MAY), key_of(0, 2)) != NULL);
	g_assert_null(strstr(s.body, "Dora"));
	shown(&s, key_of(0, 2), 8);
	g_assert_nonnull(strstr(simple(&s, ALERT_UNLOCKED), key_of(0, 1)));
	g_assert_nonnull(strstr(s.did->str, key_of(0, 2)));
	g_assert_nonnull(strstr(s.body, "Dora"));
	finish(&s);
}

static void test_dismissed_is_not_rejected(void)
{
	struct scene s;

	begin(&s, &all);
	show_one(&s);
	g_assert_cmpstr(closed(&s, 7), ==, "");
	g_assert_cmpint(alerts_wake(s.alerts), ==, 0);
	s.now += 3600 * SECOND;
	g_assert_cmpstr(simple(&s, ALERT_TICK), ==, "");
	g_assert_cmpstr(wait_for(&s, 1, MAY_NOT), ==, "");
	g_assert_cmpuint(alerts_waiting(s.alerts), ==, 1);
	finish(&s);
}

static void test_reminders(void)
{
	struct scene s;
	g_autofree char *plan = plan_text(1, MAY);
	g_autofree char *again = g_strdup_printf("show %s 0;", key_of(0, 1));

	begin(&s, &all);
	look(&s, 0, plan, "", "\"problem\":null,\"remind\":60,");
	shown(&s, key_of(0, 1), 7);
	g_assert_cmpint(alerts_wake(s.alerts), ==, 0);
	closed(&s, 7);
	g_assert_cmpint(alerts_wake(s.alerts), ==, s.now + 60 * SECOND);
	s.now += 59 * SECOND;
	g_assert_cmpstr(simple(&s, ALERT_TICK), ==, "");
	s.now += SECOND;
	g_assert_cmpstr(simple(&s, ALERT_TICK), ==, again);
	finish(&s);
}

static void test_many_are_one(void)
{
	struct scene s;

	begin(&s, &all);
	wait_for(&s, 3, MAY);
	for (unsigned n = 1; n <= 3; n++) {
		shown(&s, key_of(0, n), 10 + n);
	}
	wait_for(&s, 5, MAY);
	g_assert_cmpstr(s.did->str, ==, "close 13;close 12;close 11;show many 0;");
	g_assert_cmpstr(s.summary, ==, "5 plans wait for approval");
	g_assert_cmpstr(s.actions, ==, "default,Review,review,Review");
	shown(&s, "many", 20);
	s.now += 2 * SECOND;
	g_assert_cmpstr(press(&s, 20, "approve"), ==, "");
	g_assert_cmpstr(press(&s, 20, "default"), ==, "review 0 all;");
	closed(&s, 20);
	g_assert_cmpstr(wait_for(&s, 4, MAY), ==, ""); // fewer is no news
	g_assert_cmpstr(wait_for(&s, 5, MAY), ==, "show many 0;");
	shown(&s, "many", 21);
	g_assert_cmpstr(wait_for(&s, 6, MAY), ==, "show many 21;");
	shown(&s, "many", 21);
	wait_for(&s, 1, MAY);
	g_assert_true(g_str_has_prefix(s.did->str, "close 21;show plan:0:"));
	finish(&s);
}

static void test_several_agents(void)
{
	struct scene s;
	g_autofree char *one = plan_text(1, MAY);
	g_autofree char *two = plan_text(2, MAY);
	g_autofree char *vote = g_strdup_printf("vote 1 %.8s approve '';", id_of(2));

	begin(&s, &all);
	look(&s, 0, one, "", NULL);
	shown(&s, key_of(0, 1), 7);
	look(&s, 1, two, "", NULL);
	shown(&s, key_of(1, 2), 8);
	s.now += 2 * SECOND;
	g_assert_cmpstr(press(&s, 8, "approve"), ==, vote);
	g_assert_cmpstr(step(&s, &(struct alert_event){.kind = ALERT_AGENT_GONE, .agent = 0}), ==,
			"close 7;");
	g_assert_true(g_str_has_prefix(look(&s, 0, one, "", NULL), "show plan:0:"));
	finish(&s);
}

static void test_refused_votes_are_told(void)
{
	struct scene s;
	struct alert_event refused = {.kind = ALERT_REFUSED, .text = "an author may not"};

	begin(&s, &all);
	show_one(&s);
	press(&s, 7, "approve");
	closed(&s, 7);
	refused.key = key_of(0, 1);
	g_assert_nonnull(strstr(step(&s, &refused), "show note:0: 0;"));
	g_assert_nonnull(strstr(s.did->str, key_of(0, 1))); // and the plan still waits
	g_assert_cmpstr(s.body, ==, "an author may not");
	shown(&s, "note:0:", 9);
	g_assert_cmpstr(closed(&s, 9), ==, "");
	finish(&s);
}

#define STACK(state, more)                                                                         \
	"{\"name\":\"web\",\"state\":\"" state "\",\"reason\":\"why\",\"drift\":2,"                \
	"\"last_apply\":" more "}"
#define APPLY(plan, result)                                                                        \
	"{\"plan\":\"sha256:" plan "\",\"seq\":1,\"commit\":\"c\",\"result\":\"" result            \
	"\",\"reason\":\"it broke\",\"time\":null,\"done\":3,\"undone\":0,\"left\":0}"

static void test_results(void)
{
	struct scene s;

	begin(&s, &all);
	g_assert_cmpstr(look(&s, 0, "", STACK("converged", APPLY("1", "ok")), NULL), ==, "");
	g_assert_cmpstr(look(&s, 0, "", STACK("applying", APPLY("2", "applying")), NULL), ==, "");
	g_assert_cmpstr(look(&s, 0, "", STACK("failed", APPLY("2", "failed")), NULL), ==,
			"show result:0:web 0;");
	g_assert_nonnull(strstr(s.summary, "FAILED"));
	g_assert_nonnull(strstr(s.body, "it broke"));
	shown(&s, "result:0:web", 5);
	g_assert_cmpstr(look(&s, 0, "", STACK("converged", APPLY("3", "ok")), NULL), ==,
			"show result:0:web 5;");
	g_assert_cmpstr(s.summary, ==, "web: applied");
	shown(&s, "result:0:web", 5);
	closed(&s, 5);
	g_assert_cmpstr(look(&s, 0, "", STACK("converged", APPLY("3", "ok")), NULL), ==, "");
	/* what ended while the agent was away is news, too */
	step(&s, &(struct alert_event){.kind = ALERT_AGENT_GONE, .agent = 0});
	g_assert_cmpstr(look(&s, 0, "", STACK("failed", APPLY("4", "rolled-back")), NULL), ==,
			"show result:0:web 0;");
	shown(&s, "result:0:web", 6);
	/* and what is known of the past does not go with it */
	g_assert_cmpstr(step(&s, &(struct alert_event){.kind = ALERT_AGENT_GONE, .agent = 0}), ==,
			"");
	g_assert_cmpstr(look(&s, 0, "", STACK("failed", APPLY("4", "rolled-back")), NULL), ==, "");
	g_assert_cmpstr(look(&s, 0, "", STACK("applying", APPLY("5", "applying")), NULL), ==,
			"close 6;");
	finish(&s);
}

/* What stopped half way is told with how to go on; a plan, with what others have changed. */
static void test_halted_and_outside(void)
{
	struct scene s;

	begin(&s, &all);
	g_assert_cmpstr(look(&s, 0, "", STACK("converged", APPLY("1", "ok")), NULL), ==, "");
	g_assert_cmpstr(
		look(&s, 0, "",
		     STACK("failed", APPLY("2", "failed") ",\"halted\":{\"plan\":\"sha256:2\","
							  "\"seq\":2,\"expires\":null,"
							  "\"resumable\":true}"),
		     NULL),
		==, "show result:0:web 0;");
	g_assert_cmpstr(s.summary, ==, "web: FAILED half way, and HALTED");
	g_assert_nonnull(strstr(s.body, "assent apply --resume | --undo"));
	finish(&s);
	begin(&s, &all);
	wait_for(&s, 1, MAY "\"outside\":2,");
	g_assert_nonnull(strstr(s.body, "2 create\n"));
	g_assert_nonnull(strstr(s.body, "2 resources were changed outside"));
	finish(&s);
}

static void test_drift_and_blocks(void)
{
	struct scene s;

	begin(&s, &all);
	g_assert_cmpstr(look(&s, 0, "", STACK("drifted", "null"), NULL), ==,
			"show state:0:drifted:web 0;");
	g_assert_nonnull(strstr(s.body, "2 differences"));
	shown(&s, "state:0:drifted:web", 3);
	look(&s, 0, "", STACK("blocked", "null"), NULL);
	g_assert_cmpstr(s.did->str, ==, "close 3;show state:0:blocked:web 0;");
	shown(&s, "state:0:blocked:web", 4);
	g_assert_cmpstr(look(&s, 0, "", STACK("converged", "null"), NULL), ==, "close 4;");
	g_assert_cmpstr(look(&s, 0, "", "", "\"problem\":\"disk full\",\"remind\":0,"), ==,
			"show problem:0: 0;");
	g_assert_cmpstr(s.body, ==, "disk full\nAgent host0");
	finish(&s);
}

#define ALERT(condition, quiet, reminders)                                                         \
	"{\"name\":\"web\",\"state\":\"converged\",\"reason\":\"why\",\"last_apply\":null,"        \
	"\"alerts\":[{\"condition\":\"" condition "\",\"reason\":\"no route\",\"since\":null,"     \
	"\"quiet\":" quiet ",\"reminders\":" reminders "}]}"

/* What has been wrong for too long; a reminder brings back what was closed. */
static void test_alerts_of_stacks(void)
{
	struct scene s;

	begin(&s, &all);
	g_assert_cmpstr(look(&s, 0, "", ALERT("drift", "true", "0"), NULL), ==, "");
	g_assert_cmpstr(look(&s, 0, "", ALERT("fetch", "false", "0"), NULL), ==,
			"show alert:0:fetch:web 0;");
	g_assert_cmpstr(s.body, ==, "no route\nAgent host0");
	shown(&s, "alert:0:fetch:web", 3);
	closed(&s, 3);
	g_assert_cmpstr(look(&s, 0, "", ALERT("fetch", "false", "0"), NULL), ==, "");
	g_assert_cmpstr(look(&s, 0, "", ALERT("fetch", "false", "1"), NULL), ==,
			"show alert:0:fetch:web 0;");
	g_assert_cmpstr(s.body, ==, "no route\nreminder 1\nAgent host0");
	shown(&s, "alert:0:fetch:web", 4);
	g_assert_cmpstr(look(&s, 0, "", STACK("converged", "null"), NULL), ==, "close 4;");
	finish(&s);
}

#define STEERED(more)                                                                              \
	"{\"name\":\"web\",\"state\":\"suspended\",\"reason\":\"x\",\"drift\":0,\"last_apply\":"   \
	"null" more "}"
#define PAUSE(name, until)                                                                         \
	",\"" name "\":{\"by\":\"bob\",\"reason\":\"<it> moves\",\"since\":null,\"until\":" until  \
	"}"
#define KEY "steer:0:suspended:web:bob:0:<it> moves"

static void test_what_people_steer(void)
{
	struct scene s;

	begin(&s, &all);
	g_assert_cmpstr(look(&s, 0, "", STEERED(PAUSE("suspended", "null")), NULL), ==,
			"show " KEY " 0;");
	g_assert_cmpstr(s.summary, ==, "web is suspended");
	g_assert_cmpstr(s.body, ==, "&lt;it&gt; moves\nasked for by bob\nAgent host0");
	shown(&s, KEY, 3);
	closed(&s, 3);
	g_assert_cmpstr(look(&s, 0, "", STEERED(PAUSE("suspended", "null")), NULL), ==, "");
	g_assert_cmpstr( // a longer one is news
		look(&s, 0, "", STEERED(PAUSE("suspended", "\"2026-01-01T00:00:00Z\"")), NULL), ==,
		"show steer:0:suspended:web:bob:1767225600:<it> moves 0;");
	g_assert_nonnull(strstr(s.body, "until 2026-01-01"));
	shown(&s, "steer:0:suspended:web:bob:1767225600:<it> moves", 4);
	g_assert_cmpstr( // all stacks say it, and it is one
		look(&s, 0, "",
		     STEERED(PAUSE("stopped", "null")) "," STEERED(PAUSE("stopped", "null")), NULL),
		==, "close 4;show steer:0:stopped::bob:0:<it> moves 0;");
	g_assert_cmpstr(s.summary, ==, "All stacks of host0 are STOPPED");
	g_assert_cmpstr(s.body, ==, "&lt;it&gt; moves\nasked for by bob");
	shown(&s, "steer:0:stopped::bob:0:<it> moves", 5);
	g_assert_cmpstr(look(&s, 0, "",
			     STEERED(",\"pinned\":{\"commit\":\"1\",\"reason\":\"rolled back by "
				     "bob: no\",\"until_past\":\"2\"}"),
			     NULL),
			==, "close 5;show steer:0:pinned:web::0:rolled back by bob: no 0;");
	g_assert_cmpstr(s.summary, ==, "web was rolled back");
	g_assert_cmpstr(s.body, ==, "rolled back by bob: no\nAgent host0");
	shown(&s, "steer:0:pinned:web::0:rolled back by bob: no", 6);
	g_assert_cmpstr(look(&s, 0, "", STACK("converged", "null"), NULL), ==, "close 6;");
	simple(&s, ALERT_LOCKED);
	look(&s, 0, "", STEERED(PAUSE("suspended", "null")), NULL);
	g_assert_cmpstr(s.summary, ==, "Something was suspended or rolled back");
	g_assert_cmpstr(s.body, ==, "");
	finish(&s);
}

static void test_a_plan_says_why(void)
{
	static const struct {
		const char *reason, *said;
	} cases[] = {{"drift", "Restores what others have changed."},
		     {"rollback", "newer ones are taken back"},
		     {"try", "somebody tries it out"},
		     {"return", "a trial has ended"}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *plan = plan_text(1, MAY);
		g_autofree char *reason = g_strdup_printf("\"reason\":\"%s\"", cases[i].reason);
		g_autofree char *text = NULL;
		g_auto(GStrv) parts = g_strsplit(plan, "\"reason\":\"commit\"", 2);
		struct scene s;

		text = g_strjoinv(reason, parts);
		begin(&s, &all);
		look(&s, 0, text, "", NULL);
		g_assert_nonnull(strstr(s.body, cases[i].said));
		finish(&s);
	}
}

static void test_absent_and_late_servers(void)
{
	struct scene s;
	g_autofree char *want = g_strdup_printf("show %s 0;", key_of(0, 1));
	struct alert_event server = {.kind = ALERT_SERVER, .caps = all};

	begin(&s, NULL);
	g_assert_cmpstr(wait_for(&s, 0, ""), ==, ""); // nothing to show, nothing to start
	g_assert_cmpstr(wait_for(&s, 1, MAY), ==, "start;");
	g_assert_cmpstr(wait_for(&s, 1, MAY), ==, "");
	g_assert_cmpint(alerts_wake(s.alerts), ==, s.now + 60 * SECOND);
	s.now += 60 * SECOND;
	g_assert_cmpstr(simple(&s, ALERT_TICK), ==, "start;");
	g_assert_cmpint(alerts_wake(s.alerts), ==, s.now + 120 * SECOND);
	g_assert_cmpstr(step(&s, &server), ==, want);
	finish(&s);
}

static void test_servers_that_start_anew(void)
{
	struct scene s;
	g_autofree char *want = g_strdup_printf("show %s 0;", key_of(0, 1));
	struct alert_event server = {.kind = ALERT_SERVER, .caps = all};

	begin(&s, &all);
	show_one(&s);
	g_assert_cmpstr(simple(&s, ALERT_SERVER_GONE), ==, "start;");
	g_assert_cmpstr(press(&s, 7, "approve"), ==, "");
	g_assert_cmpstr(step(&s, &server), ==, want);
	shown(&s, key_of(0, 1), 1);
	closed(&s, 1);
	simple(&s, ALERT_SERVER_GONE);
	g_assert_cmpstr(step(&s, &server), ==, ""); // dismissed stays dismissed
	finish(&s);
}

static void test_silent_servers(void)
{
	struct scene s;
	g_autofree char *first = g_strdup_printf("show %s 0;", key_of(0, 1));

	begin(&s, &all);
	g_assert_cmpstr(wait_for(&s, 1, MAY), ==, first);
	s.now += 3600 * SECOND;
	g_assert_cmpstr(simple(&s, ALERT_TICK), ==, ""); // one is under way
	g_assert_cmpstr(wait_for(&s, 1, MAY_NOT), ==, "");
	g_assert_true(g_str_has_prefix(shown(&s, key_of(0, 1), 4), "show ")); // now the newer one
	g_assert_cmpstr(wait_for(&s, 0, ""), ==, "close 4;"); // under way, and not wanted any more
	g_assert_cmpstr(shown(&s, key_of(0, 1), 4), ==, "close 4;");
	finish(&s);
}

static void test_servers_that_refuse(void)
{
	struct scene s;
	g_autofree char *first = g_strdup_printf("show %s 0;", key_of(0, 1));
	struct alert_event failed = {.kind = ALERT_NOT_SHOWN};

	begin(&s, &all);
	wait_for(&s, 1, MAY);
	failed.key = key_of(0, 1);
	g_assert_cmpstr(step(&s, &failed), ==, "");
	g_assert_cmpint(alerts_wake(s.alerts), ==, s.now + ALERTS_RETRY);
	s.now += ALERTS_RETRY;
	g_assert_cmpstr(simple(&s, ALERT_TICK), ==, first);
	g_assert_cmpstr(step(&s, &failed), ==, "");
	g_assert_cmpint(alerts_wake(s.alerts), ==, s.now + 2 * ALERTS_RETRY);
	finish(&s);
}

static void test_poor_servers(void)
{
	struct scene s;
	struct caps caps = {.body = true};

	begin(&s, &caps);
	wait_for(&s, 1, MAY);
	g_assert_cmpstr(s.actions, ==, "");
	g_assert_nonnull(strstr(s.body, "fix <it> (Dora)")); // no markup, no escapes
	g_assert_nonnull(strstr(s.body, "Decide with: assent approve | reject"));
	finish(&s);
	begin(&s, &(struct caps){0});
	wait_for(&s, 1, MAY);
	g_assert_cmpstr(s.body, ==, "");
	finish(&s);
}

static void test_what_strangers_wrote(void)
{
	struct scene s;
	g_autofree char *plan = plan_text(1, MAY);
	g_autofree char *fill = g_strnfill(3000, 'x');
	g_autofree char *subject = g_strdup_printf("a\\u202eb\\n<b>%s</b>\\u0007", fill);
	g_auto(GStrv) parts = g_strsplit(plan, "fix <it>", 2);
	g_autofree char *evil = g_strconcat(parts[0], subject, parts[1], NULL);

	begin(&s, &all);
	look(&s, 0, evil, "", NULL);
	g_assert_true(g_str_has_prefix(s.body, "a&lt;U+202E&gt;b&lt;U+000A&gt;&lt;b&gt;xxx"));
	g_assert_cmpuint(strlen(s.body), <, 600);
	g_assert_null(strstr(s.body, "<"));
	g_assert_null(strchr(s.summary, '\n'));
	finish(&s);
}

static void test_the_end(void)
{
	struct scene s;

	begin(&s, &all);
	show_one(&s);
	g_assert_cmpstr(simple(&s, ALERT_STOP), ==, "close 7;");
	g_assert_cmpstr(wait_for(&s, 1, MAY), ==, "");
	finish(&s);
}

static void test_snapshots_are_read_completely(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"schema_version\":2}",
		"{\"schema_version\":1,\"agent\":\"a\",\"person\":null,\"problem\":null,"
		"\"pages\":true,\"remind\":0,\"plans\":[{}],\"stacks\":[]}",
		"{\"schema_version\":1,\"agent\":\"a\",\"person\":null,\"problem\":null,"
		"\"pages\":true,\"remind\":9007199254740991,\"plans\":[],\"stacks\":[]}"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct snapshot *snapshot = NULL;

		g_assert_false(snapshot_parse(bad[i], strlen(bad[i]), &snapshot, &error));
		g_assert_nonnull(error);
		g_assert_null(snapshot);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/alerts/one-for-each-plan", test_one_for_each_plan);
	g_test_add_func("/alerts/a-vote", test_a_vote);
	g_test_add_func("/alerts/reasons", test_reasons);
	g_test_add_func("/alerts/not-in-the-first-second", test_not_in_the_first_second);
	g_test_add_func("/alerts/not-right-after-a-change", test_not_right_after_a_change);
	g_test_add_func("/alerts/locked", test_locked);
	g_test_add_func("/alerts/dismissed-is-not-rejected", test_dismissed_is_not_rejected);
	g_test_add_func("/alerts/reminders", test_reminders);
	g_test_add_func("/alerts/many-are-one", test_many_are_one);
	g_test_add_func("/alerts/several-agents", test_several_agents);
	g_test_add_func("/alerts/refused-votes-are-told", test_refused_votes_are_told);
	g_test_add_func("/alerts/results", test_results);
	g_test_add_func("/alerts/halted-and-outside", test_halted_and_outside);
	g_test_add_func("/alerts/drift-and-blocks", test_drift_and_blocks);
	g_test_add_func("/alerts/alerts-of-stacks", test_alerts_of_stacks);
	g_test_add_func("/alerts/what-people-steer", test_what_people_steer);
	g_test_add_func("/alerts/a-plan-says-why", test_a_plan_says_why);
	g_test_add_func("/alerts/absent-and-late-servers", test_absent_and_late_servers);
	g_test_add_func("/alerts/servers-that-start-anew", test_servers_that_start_anew);
	g_test_add_func("/alerts/silent-servers", test_silent_servers);
	g_test_add_func("/alerts/servers-that-refuse", test_servers_that_refuse);
	g_test_add_func("/alerts/poor-servers", test_poor_servers);
	g_test_add_func("/alerts/what-strangers-wrote", test_what_strangers_wrote);
	g_test_add_func("/alerts/the-end", test_the_end);
	g_test_add_func("/alerts/snapshots-are-read-completely",
			test_snapshots_are_read_completely);
	return g_test_run();
}
