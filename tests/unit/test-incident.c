/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what is said of alerts and of what people steer: text.c, ntfy.c, webhook.c, and which
 * messages an entry concerns. */
#include "agent/notify/incident.h"

#include <glib/gstdio.h>
#include <string.h>

#include "agent/notify/notify.h"
#include "agent/notify/text.h"
#include "base/autoptr.h"
#include "scratch.h"

static const struct row {
	enum notice_kind kind;
	enum notice_event event;
	enum record_condition condition;
	int64_t round;
	const char *title, *priority, *type;
} rows[] = {
	{NOTICE_ALERT, NOTICE_PROBLEM, CONDITION_DRIFT, 0,
	 "ALERT: web has drifted, and still is not as approved", "4", "alert.problem"},
	{NOTICE_ALERT, NOTICE_PROBLEM, CONDITION_FETCH, 2, "ALERT: web cannot be fetched", "4",
	 "alert.problem"},
	{NOTICE_ALERT, NOTICE_PROBLEM, CONDITION_PLAN, 0, "ALERT: web cannot be planned", "4",
	 "alert.problem"},
	{NOTICE_ALERT, NOTICE_PROBLEM, CONDITION_APPLY, 0,
	 "ALERT: the last apply of web has failed", "4", "alert.problem"},
	{NOTICE_ALERT, NOTICE_PROBLEM, CONDITION_BLOCKED, 0, "ALERT: web is still blocked", "4",
	 "alert.problem"},
	{NOTICE_ALERT, NOTICE_PROBLEM, CONDITION_FLAPPING, 0,
	 "ALERT: the state of web comes and goes", "4", "alert.problem"},
	{NOTICE_ALERT, NOTICE_RESOLVED, CONDITION_DRIFT, 0, "web is again as it was approved", "2",
	 "alert.resolved"},
	{NOTICE_ALERT, NOTICE_RESOLVED, CONDITION_FETCH, 0, "web can be fetched again", "2",
	 "alert.resolved"},
	{NOTICE_ALERT, NOTICE_RESOLVED, CONDITION_PLAN, 0, "web can be planned again", "2",
	 "alert.resolved"},
	{NOTICE_ALERT, NOTICE_RESOLVED, CONDITION_APPLY, 0, "web has got over its failed apply",
	 "2", "alert.resolved"},
	{NOTICE_ALERT, NOTICE_RESOLVED, CONDITION_BLOCKED, 0, "web is no longer blocked", "2",
	 "alert.resolved"},
	{NOTICE_ALERT, NOTICE_RESOLVED, CONDITION_FLAPPING, 0,
	 "The state of web has been calm for a while", "2", "alert.resolved"},
	{NOTICE_SUSPENDED, NOTICE_PROBLEM, 0, 0, "web is suspended", "3", "suspended.problem"},
	{NOTICE_SUSPENDED, NOTICE_PROBLEM, 0, 1, "The suspension of web ends soon", "3",
	 "suspended.problem"},
	{NOTICE_SUSPENDED, NOTICE_RESOLVED, 0, 0, "web goes on", "3", "suspended.resolved"},
	{NOTICE_STOPPED, NOTICE_PROBLEM, 0, 0, "All stacks of host are STOPPED", "4",
	 "stopped.problem"},
	{NOTICE_STOPPED, NOTICE_RESOLVED, 0, 0, "All stacks of host go on", "2",
	 "stopped.resolved"},
	{NOTICE_ROLLBACK, NOTICE_PROBLEM, 0, 0, "web is to go back to commit refs/heads/x", "3",
	 "rollback.problem"},
	{NOTICE_ROLLBACK, NOTICE_RESOLVED, 0, 0, "web is no longer held at commit refs/heads/x",
	 "3", "rollback.resolved"},
	{NOTICE_TRIAL, NOTICE_PROBLEM, 0, 0, "web tries refs/heads/x", "3", "trial.problem"},
	{NOTICE_TRIAL, NOTICE_RESOLVED, 0, 0, "The trial of refs/heads/x on web is over", "3",
	 "trial.resolved"},
};

static struct notice *make(const struct row *row)
{
	struct notice *n = notice_new(row->kind, row->event);

	n->condition = row->condition;
	n->round = row->round;
	n->reminder = row->round > 0;
	n->key = g_strdup("some:web");
	n->agent = g_strdup("host");
	n->stack = g_strdup("web");
	n->what = g_strdup("refs/heads/x");
	n->text = g_strdup("because of this");
	n->since = 1700000000;
	return n;
}

static void test_titles(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(notice_auto) n = make(&rows[i]);
		g_autofree char *title = notify_title(n);
		g_autofree char *plain = notify_plain(n, 2000);

		g_assert_cmpstr(title, ==, rows[i].title);
		g_assert_nonnull(strstr(plain, rows[i].title));
		g_assert_nonnull(strstr(plain, "because of this"));
	}
}

/* Through each system: how loud it is, and what a program gets. */
static void tell(const struct notifier_ops *ops, const struct notice *n, const char *part)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *file = NULL;
	char *dir = scratch_new();
	struct conf_notifier conf = {.name = (char *)"it",
				     .topic = (char *)"ops",
				     .url = (char *)"https://there.example.org/"};
	struct notifier self = {.ops = ops, .conf = &conf, .caps = ops->caps};
	struct notifier_message message = {.id = "msg_1", .now = 1700000100, .first = true};

	file = g_build_filename(dir, "key", NULL);
	scratch_file(dir, "key", "https://there.example.org/hooks/x\n");
	g_assert_cmpint(g_chmod(file, 0600), ==, 0);
	conf.secret_file = file;
	conf.url_file = ops == &notifier_webhook ? NULL : file;
	g_assert_true(ops->open(&self, &error));
	g_assert_no_error(error);
	g_assert_true(ops->announce(&self, n, &message, &error));
	g_assert_no_error(error);
	g_test_message("%s", message.send.body);
	g_assert_nonnull(strstr(message.send.body, part));
	http_send_clear(&message.send);
	ops->close(&self);
	scratch_free(dir);
}

static void test_systems(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(notice_auto) n = make(&rows[i]);
		g_autofree char *priority = g_strdup_printf("\"priority\":%s", rows[i].priority);
		g_autofree char *type = g_strdup_printf("\"type\":\"%s\"", rows[i].type);

		tell(&notifier_ntfy, n, priority);
		tell(&notifier_webhook, n, type);
		tell(&notifier_webhook, n,
		     rows[i].kind == NOTICE_ALERT ? "\"alert\":{\"condition\":\""
						  : "\"steered\":{\"person\":null,\"what\":"
						    "\"refs/heads/x\",\"until\":null}");
		tell(&notifier_mattermost, n, "because of this");
		tell(&notifier_slack, n, "because of this");
	}
}

static void test_lines(void)
{
	g_autoptr(notice_auto) n = make(&rows[1]);
	g_autofree char *raised = notify_incident(n);
	g_autofree char *over = NULL;
	g_autofree char *trial = NULL;

	g_assert_cmpstr(raised, ==, "since 2023-11-14T22:13:20Z\nreminder 2");
	n->event = NOTICE_RESOLVED;
	n->reminder = false;
	n->lasted = 720;
	over = notify_incident(n);
	g_assert_cmpstr(over, ==, "It lasted 12m.");
	n->kind = NOTICE_TRIAL;
	n->event = NOTICE_PROBLEM;
	n->lasted = 0;
	n->person = g_strdup("alice");
	n->until = 1700003600;
	trial = notify_incident(n);
	g_assert_cmpstr(trial, ==, "asked for by alice\nuntil 2023-11-14T23:13:20Z");
}

/* What drifted and was put back without anybody's approval is said as that. */
static void test_put_back(void)
{
	g_autoptr(notice_auto) n = notice_new(NOTICE_PLAN, NOTICE_OK);
	g_autofree char *title = NULL;
	g_autofree char *asked = NULL;

	n->stack = g_strdup("web");
	n->why = g_strdup("drift");
	g_strlcpy(n->short_id, "4f2a9c1d0b3e", sizeof(n->short_id));
	title = notify_title(n);
	g_assert_cmpstr(title, ==,
			"web was put back by itself as it was approved (plan 4f2a9c1d0b3e)");
	n->required = 1;
	asked = notify_title(n);
	g_assert_cmpstr(asked, ==, "Plan 4f2a9c1d0b3e for web was applied");
}

static void collect(const char *key, void *user)
{
	g_string_append_printf(user, "%s ", key);
}

static void touched(const char *type, const char *stack, const char *fields, const char *expected)
{
	g_autofree char *text =
		g_strdup_printf("{%s\"seq\":0,%s%s%s\"time\":1,\"type\":\"%s\","
				"\"v\":1}",
				fields, stack != NULL ? "\"stack\":\"" : "",
				stack != NULL ? stack : "", stack != NULL ? "\"," : "", type);
	g_autoptr(GString) out = g_string_new(NULL);
	struct assent_error err;
	struct entry e;

	if (entry_parse(&e, text, strlen(text), &err) != 0) {
		g_error("%s: %s", text, err.text);
	}
	incident_of_entry(&e, collect, out);
	entry_clear(&e);
	g_assert_cmpstr(out->str, ==, expected);
}

#define ALL                                                                                        \
	"suspended:web rollback:web trial:web alert:drift:web alert:fetch:web alert:plan:web "     \
	"alert:apply:web alert:blocked:web alert:flapping:web alert:suspended:web "

static void test_entries(void)
{
	touched("alert", "web", "\"condition\":\"drift\",", "alert:drift:web ");
	touched("alert", "web", "\"condition\":\"suspended\",", "suspended:web ");
	touched("suspend", "web", "", ALL);
	touched("resume", "web", "", ALL);
	touched("suspend", NULL, "", "stopped ");
	touched("resume", NULL, "", "stopped ");
	touched("rollback", "web", "", "rollback:web ");
	touched("unpin", "web", "", "rollback:web ");
	touched("commit", "web", "", "rollback:web ");
	touched("try", "web", "", "trial:web ");
	touched("return", "web", "", "trial:web ");
	touched("drift", "web", "", "");
	touched("note", NULL, "", "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/incident/titles", test_titles);
	g_test_add_func("/incident/systems", test_systems);
	g_test_add_func("/incident/lines", test_lines);
	g_test_add_func("/incident/put-back", test_put_back);
	g_test_add_func("/incident/entries", test_entries);
	return g_test_run();
}
