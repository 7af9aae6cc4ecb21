/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/notify/slack.c and slack-call.c: what is sent, and what answers mean. */
#include <glib.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>

#include "agent/notify/slack.h"
#include "base/error.h"
#include "scratch.h"

#define PLAN "sha256:4f2a9c1d0b3e56789abcdef0123456789abcdef0123456789abcdef012345678"

struct rig {
	char *dir;
	struct conf_notifier conf;
	struct notifier n;
	struct notice *notice;
	struct notifier_message out;
};

static char *secret_file(const struct rig *r, const char *name, const char *text)
{
	char *path = g_build_filename(r->dir, name, NULL);

	scratch_file(r->dir, name, text);
	g_assert_cmpint(g_chmod(path, 0600), ==, 0);
	return path;
}

static void rig_begin(struct rig *r, bool bot)
{
	const char *accepts[] = {"signature", "slack", NULL};
	g_autoptr(GError) error = NULL;

	memset(r, 0, sizeof(*r));
	r->dir = scratch_new();
	r->conf.name = (char *)"slack";
	r->conf.url = (char *)"https://slack.com/api";
	r->conf.secret_file = secret_file(r, "secret", "s3cret\n");
	r->conf.team = (char *)"T024";
	r->conf.app = (char *)"A01";
	if (bot) {
		r->conf.token_file = secret_file(r, "token", "xoxb-1\n");
		r->conf.channel = (char *)"C1";
	} else {
		r->conf.url_file = secret_file(r, "hook", "https://hooks.slack.com/services/x\n");
	}
	r->n.ops = &notifier_slack;
	r->n.caps = notifier_slack.caps;
	r->n.conf = &r->conf;
	g_assert_true(notifier_slack.check(&r->conf, &error));
	g_assert_true(notifier_slack.open(&r->n, &error));
	g_assert_no_error(error);
	r->notice = notice_new(NOTICE_PLAN, NOTICE_PENDING);
	r->notice->plan = g_strdup(PLAN);
	r->notice->stack = g_strdup("web");
	r->notice->agent = g_strdup("web1");
	r->notice->accepts = g_strdupv((char **)accepts);
	g_strlcpy(r->out.id, "msg_1", sizeof(r->out.id));
}

static void rig_end(struct rig *r)
{
	http_send_clear(&r->out.send);
	notifier_slack.close(&r->n);
	notice_free(r->notice);
	g_free(r->conf.secret_file);
	g_free(r->conf.token_file);
	g_free(r->conf.url_file);
	scratch_free(r->dir);
}

static const char *announce(struct rig *r)
{
	http_send_clear(&r->out.send);
	g_assert_true(notifier_slack.announce(&r->n, r->notice, &r->out, NULL));
	g_assert_cmpuint(r->out.send.body_len, ==, strlen(r->out.send.body));
	return r->out.send.body;
}

static const char *refresh(struct rig *r, const char *handle)
{
	http_send_clear(&r->out.send);
	r->out.handle = handle;
	g_assert_true(notifier_slack.refresh(&r->n, r->notice, &r->out, NULL));
	return r->out.send.body;
}

static void test_bot(void)
{
	struct rig r;
	const char *body;
	char value[SLACK_BUTTON_SIZE];

	rig_begin(&r, true);
	g_assert_cmphex(r.n.caps, ==, NOTIFIER_BUTTONS | NOTIFIER_UPDATE | NOTIFIER_THREAD);
	slack_value(&r.n, PLAN, value);
	body = announce(&r);
	g_assert_cmpstr(r.out.send.url, ==, "https://slack.com/api/chat.postMessage");
	g_assert_cmpstr(r.out.send.headers[0], ==, "Authorization: Bearer xoxb-1");
	g_assert_true(g_str_has_prefix(body, "{\"channel\":\"C1\","));
	g_assert_nonnull(strstr(body, value));
	g_assert_nonnull(strstr(body, "\"block_id\":\"msg_1\""));
	body = refresh(&r, "C1/12.5");
	g_assert_cmpstr(r.out.send.url, ==, "https://slack.com/api/chat.update");
	g_assert_true(g_str_has_prefix(body, "{\"channel\":\"C1\",\"ts\":\"12.5\","));
	r.notice->reminder = true;
	body = announce(&r);
	g_assert_true(g_str_has_prefix(body, "{\"channel\":\"C1\",\"thread_ts\":\"12.5\","));
	r.notice->reminder = false;
	/* what we cannot read is announced anew */
	body = refresh(&r, "12.5");
	g_assert_cmpstr(r.out.send.url, ==, "https://slack.com/api/chat.postMessage");
	rig_end(&r);
}

static void test_webhook(void)
{
	struct rig r;
	const char *body;

	rig_begin(&r, false);
	g_assert_cmphex(r.n.caps, ==, NOTIFIER_BUTTONS);
	body = announce(&r);
	g_assert_cmpstr(r.out.send.url, ==, "https://hooks.slack.com/services/x");
	g_assert_null(r.out.send.headers);
	g_assert_null(strstr(body, "channel"));
	g_assert_nonnull(strstr(body, "\"block_id\":\"reason\""));
	rig_end(&r);
}

static void test_buttons_only_where_clicks_count(void)
{
	struct rig r;
	struct slack *s;

	rig_begin(&r, true);
	g_free(r.notice->accepts[1]);
	r.notice->accepts[1] = NULL;
	g_assert_null(strstr(announce(&r), "\"approve\""));
	rig_end(&r);
	rig_begin(&r, true);
	s = r.n.data;
	g_clear_pointer(&s->secret, shared_secret_free);
	g_assert_null(strstr(announce(&r), "\"approve\""));
	rig_end(&r);
	rig_begin(&r, true);
	r.notice->event = NOTICE_OK;
	g_assert_null(strstr(announce(&r), "\"approve\""));
	rig_end(&r);
}

static void test_answers(void)
{
	static const struct {
		long status;
		const char *body;
		int64_t retry;
		enum notifier_fate fate;
		const char *handle;
	} rows[] = {
		{200, "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1.5\",\"x\":0.5}", 0,
		 NOTIFIER_DELIVERED, "C1/1.5"},
		{200,
		 "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"1.5\",\"message\":{\"thread_ts\":\"1\"}"
		 "}",
		 0, NOTIFIER_DELIVERED, NULL},
		{200, "{\"ok\":true,\"view\":{}}", 0, NOTIFIER_DELIVERED, NULL},
		{200, "{\"ok\":false,\"error\":\"invalid_auth\"}", 0, NOTIFIER_PERMANENT, NULL},
		{200, "{\"ok\":false,\"error\":\"channel_not_found\"}", 0, NOTIFIER_PERMANENT,
		 NULL},
		{200, "{\"ok\":false,\"error\":\"is_archived\"}", 0, NOTIFIER_PERMANENT, NULL},
		{200, "{\"ok\":false,\"error\":\"invalid_blocks\"}", 0, NOTIFIER_PAYLOAD, NULL},
		{200, "{\"ok\":false,\"error\":\"msg_too_long\"}", 0, NOTIFIER_PAYLOAD, NULL},
		{200, "{\"ok\":false,\"error\":\"message_not_found\"}", 0, NOTIFIER_GONE, NULL},
		{200, "{\"ok\":false,\"error\":\"fatal_error\"}", 0, NOTIFIER_LATER, NULL},
		{200, "{\"ok\":false}", 0, NOTIFIER_LATER, NULL},
		{200, "<html>", 0, NOTIFIER_LATER, NULL},
		{200, "{", 0, NOTIFIER_LATER, NULL},
		{200, "", 0, NOTIFIER_LATER, NULL},
		{200, "ok", 0, NOTIFIER_DELIVERED, NULL},
		{429, "{\"ok\":false,\"error\":\"ratelimited\"}", 30, NOTIFIER_LATER, NULL},
		{503, "", 0, NOTIFIER_LATER, NULL},
		{0, "", 0, NOTIFIER_LATER, NULL},
		{400, "invalid_payload", 0, NOTIFIER_PAYLOAD, NULL},
		{404, "no_service", 0, NOTIFIER_PERMANENT, NULL},
		{403, "action_prohibited", 0, NOTIFIER_PERMANENT, NULL},
		{410, "channel_is_archived", 0, NOTIFIER_PERMANENT, NULL},
		{404, "expired_url", 0, NOTIFIER_GONE, NULL},
		{404, "", 0, NOTIFIER_PERMANENT, NULL},
		{302, "", 0, NOTIFIER_PERMANENT, NULL},
	};
	struct rig r;

	rig_begin(&r, true);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct http_received answer = {.status = rows[i].status,
						     .body = rows[i].body,
						     .len = strlen(rows[i].body),
						     .retry_after = rows[i].retry,
						     .problem =
							     rows[i].status == 0 ? "down" : NULL};
		struct notifier_outcome outcome = {.fate = NOTIFIER_PERMANENT};

		notifier_slack.judge(&r.n, &answer, &outcome);
		g_test_message("%ld %s", rows[i].status, rows[i].body);
		g_assert_cmpint(outcome.fate, ==, rows[i].fate);
		g_assert_cmpstr(outcome.handle, ==, rows[i].handle);
		g_assert_cmpint(outcome.wait, ==, rows[i].retry);
		g_assert_true((outcome.problem == NULL) == (outcome.fate == NOTIFIER_DELIVERED));
		notifier_outcome_clear(&outcome);
	}
	rig_end(&r);
}

static void test_refuses_half_a_configuration(void)
{
	char *x = (char *)"x";
	const struct conf_notifier bad[] = {
		{.name = x},
		{.token_file = x, .url_file = x, .channel = x},
		{.token_file = x},
		{.url_file = x, .secret_file = x, .app = x},
		{.url_file = x, .secret_file = x, .team = x},
	};
	const struct conf_notifier good[] = {
		{.token_file = x, .channel = x},
		{.url_file = x},
		{.url_file = x, .secret_file = x, .team = x, .app = x},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(notifier_slack.check(&bad[i], &error));
		g_assert_nonnull(error);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_assert_true(notifier_slack.check(&good[i], NULL));
	}
}

static void test_refuses_a_plain_webhook(void)
{
	struct rig r;
	g_autoptr(GError) error = NULL;

	rig_begin(&r, false);
	notifier_slack.close(&r.n);
	scratch_file(r.dir, "hook", "http://hooks.slack.com/services/x\n");
	g_assert_cmpint(g_chmod(r.conf.url_file, 0600), ==, 0);
	g_assert_false(notifier_slack.open(&r.n, &error));
	g_assert_null(strstr(error->message, "services"));
	g_clear_error(&error);
	scratch_file(r.dir, "hook", "https://hooks.slack.com/services/x\n");
	g_assert_cmpint(g_chmod(r.conf.url_file, 0600), ==, 0);
	g_assert_true(notifier_slack.open(&r.n, &error));
	rig_end(&r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(sodium_init(), >=, 0);
	g_test_add_func("/slack/bot", test_bot);
	g_test_add_func("/slack/webhook", test_webhook);
	g_test_add_func("/slack/buttons-only-where-clicks-count",
			test_buttons_only_where_clicks_count);
	g_test_add_func("/slack/answers", test_answers);
	g_test_add_func("/slack/refuses-half-a-configuration", test_refuses_half_a_configuration);
	g_test_add_func("/slack/refuses-a-plain-webhook", test_refuses_a_plain_webhook);
	return g_test_run();
}
