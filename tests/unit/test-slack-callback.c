/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/notify/slack-callback.c. */
#include <glib.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "agent/notify/notify.h"
#include "agent/notify/slack-callback.h"

#define NOW 1531420618
#define PLAN "sha256:4f2a9c1d0b3e56789abcdef0123456789abcdef0123456789abcdef012345678"

/* The example of Slack's documentation ("Verifying requests from Slack"). */
static const char example_secret[] = "8f742231b10e8888abcd99yyyzzz85a5";
static const char example_time[] = "1531420618";
static const char example_body[] =
	"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
	"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
	"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
	"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
	"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
static const char example_signature[] =
	"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

/* -1: accepted, else a code of NOTIFY_ERROR */
static int verify(const char *timestamp, const char *signature, const char *body, int64_t now)
{
	g_autoptr(shared_secret_auto) secret =
		shared_secret_new(example_secret, strlen(example_secret));
	g_autoptr(GError) error = NULL;
	uint8_t mac[SHARED_SECRET_HMAC];

	if (slack_verify(secret, timestamp, signature, body, strlen(body), now, mac, &error)) {
		return -1;
	}
	g_assert_true(error->domain == NOTIFY_ERROR);
	return error->code;
}

static void test_signature(void)
{
	g_autofree char *changed = g_strdup(example_body);
	g_autofree char *upper = g_ascii_strup(example_signature, -1);
	g_autofree char *longer = g_strconcat(example_signature, "0", NULL);
	const char *t = example_time, *s = example_signature, *b = example_body;

	changed[strlen(changed) - 1] ^= 1;
	g_assert_cmpint(verify(t, s, b, NOW), ==, -1);
	g_assert_cmpint(verify(t, s, changed, NOW), ==, NOTIFY_ERROR_FORGED);
	g_assert_cmpint(verify("1531420619", s, b, NOW), ==, NOTIFY_ERROR_FORGED);
	g_assert_cmpint(verify(t, upper, b, NOW), ==, NOTIFY_ERROR_FORGED);
	g_assert_cmpint(verify(t, longer, b, NOW), ==, NOTIFY_ERROR_FORGED);
	g_assert_cmpint(verify(t, "v0=", b, NOW), ==, NOTIFY_ERROR_FORGED);
	g_assert_cmpint(verify(t, "", b, NOW), ==, NOTIFY_ERROR_FORGED);
	g_assert_cmpint(verify(t, NULL, b, NOW), ==, NOTIFY_ERROR_MALFORMED);
	g_assert_cmpint(verify(NULL, s, b, NOW), ==, NOTIFY_ERROR_MALFORMED);
	g_assert_cmpint(verify("0x5b47a50a", s, b, NOW), ==, NOTIFY_ERROR_MALFORMED);
	g_assert_cmpint(verify("-1531420618", s, b, NOW), ==, NOTIFY_ERROR_MALFORMED);
	g_assert_cmpint(verify("99999999999999999999", s, b, NOW), ==, NOTIFY_ERROR_MALFORMED);
}

static void test_window(void)
{
	const char *t = example_time, *s = example_signature, *b = example_body;

	g_assert_cmpint(verify(t, s, b, NOW + 300), ==, -1);
	g_assert_cmpint(verify(t, s, b, NOW + 301), ==, NOTIFY_ERROR_LATE);
	g_assert_cmpint(verify(t, s, b, NOW - 300), ==, -1);
	g_assert_cmpint(verify(t, s, b, NOW - 301), ==, NOTIFY_ERROR_EARLY);
	/* what nobody has signed is forged, and its time means nothing */
	g_assert_cmpint(verify("1", s, b, NOW), ==, NOTIFY_ERROR_FORGED);
}

#define CLICK(action, value)                                                                       \
	"{\"type\":\"block_actions\",\"team\":{\"id\":\"T024\",\"domain\":\"example\"},"           \
	"\"user\":{\"id\":\"U1\",\"username\":\"al+ice\",\"team_id\":\"T024\"},"                   \
	"\"api_app_id\":\"A01\",\"token\":\"old\",\"container\":{\"type\":\"message\","            \
	"\"message_ts\":\"1548261231.000200\",\"channel_id\":\"C1\",\"is_ephemeral\":false},"      \
	"\"trigger_id\":\"1.2.3\",\"channel\":{\"id\":\"C1\",\"name\":\"ops\"},\"message\":{"      \
	"\"text\":\"a\\nb \\u20ac\",\"score\":0.5},\"enterprise\":null,"                           \
	"\"response_url\":\"https:\\/\\/hooks.slack.com\\/actions\\/A\\/1\\/x\","                  \
	"\"actions\":[{\"type\":\"button\",\"action_id\":\"" action "\",\"block_id\":\"b\","       \
	"\"value\":\"" value "\",\"action_ts\":\"1548426417.840180\"}]}"
#define DIALOG(metadata, values)                                                                   \
	"{\"type\":\"view_submission\",\"team\":{\"id\":\"T024\"},\"user\":{\"id\":\"U1\","        \
	"\"name\":\"alice\"},\"api_app_id\":\"A01\",\"view\":{\"id\":\"V1\",\"callback_id\":"      \
	"\"reject_reason\",\"private_metadata\":\"" metadata "\",\"state\":{\"values\":" values    \
	"}}}"
#define METADATA "{\\\"button\\\":\\\"v\\\",\\\"channel\\\":\\\"C1\\\",\\\"ts\\\":\\\"1.5\\\"}"
#define REASON(value) "{\"reason\":{\"text\":{\"type\":\"plain_text_input\",\"value\":" value "}}}"

static char *encode(const char *payload)
{
	g_autofree char *escaped = g_uri_escape_string(payload, NULL, FALSE);

	return g_strconcat("payload=", escaped, NULL);
}

static struct slack_callback *read_body(const char *body, GError **error)
{
	struct slack_callback *callback = NULL;

	return slack_callback_read(body, strlen(body), &callback, error) ? callback : NULL;
}

static struct slack_callback *read_good(const char *payload)
{
	g_autofree char *body = encode(payload);
	g_autoptr(GError) error = NULL;
	struct slack_callback *callback = read_body(body, &error);

	g_assert_no_error(error);
	return callback;
}

static void test_reads_a_click(void)
{
	g_autoptr(slack_callback_auto) c = read_good(CLICK("approve", "v"));
	g_autoptr(slack_callback_auto) reject = read_good(CLICK("reject", "v"));
	g_autoptr(slack_callback_auto) link = read_good(CLICK("review", "v"));
	g_autofree char *evidence = slack_evidence(c, "body", 4);

	g_assert_cmpint(c->kind, ==, SLACK_APPROVE);
	g_assert_cmpstr(c->app, ==, "A01");
	g_assert_cmpstr(c->team, ==, "T024");
	g_assert_cmpstr(c->user, ==, "U1");
	g_assert_cmpstr(c->user_team, ==, "T024");
	g_assert_cmpstr(c->name, ==, "al+ice");
	g_assert_cmpstr(c->channel, ==, "C1");
	g_assert_cmpstr(c->message_ts, ==, "1548261231.000200");
	g_assert_cmpstr(c->action_ts, ==, "1548426417.840180");
	g_assert_cmpstr(c->button, ==, "v");
	g_assert_cmpstr(c->trigger, ==, "1.2.3");
	g_assert_cmpstr(c->response_url, ==, "https://hooks.slack.com/actions/A/1/x");
	g_assert_null(c->reason);
	g_assert_cmpint(reject->kind, ==, SLACK_REJECT);
	g_assert_cmpint(link->kind, ==, SLACK_NOTHING);
	g_assert_cmpstr(
		evidence, ==,
		"{\"action_ts\":\"1548426417.840180\",\"body\":\"sha256:"
		"230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5\","
		"\"channel\":\"C1\",\"message_ts\":\"1548261231.000200\",\"name\":\"al+ice\","
		"\"system\":\"slack\",\"team\":\"T024\",\"user\":\"U1\"}");
}

static void test_reads_a_dialog(void)
{
	g_autoptr(slack_callback_auto) c = read_good(DIALOG(METADATA, REASON("\"too\\nearly\"")));
	g_autoptr(slack_callback_auto) none = read_good(DIALOG(METADATA, REASON("null")));
	g_autoptr(slack_callback_auto) closed =
		read_good("{\"type\":\"view_closed\",\"team\":null,\"user\":{\"id\":\"U1\"}}");

	g_assert_cmpint(c->kind, ==, SLACK_REASON);
	g_assert_cmpstr(c->reason, ==, "too\nearly");
	g_assert_cmpstr(c->button, ==, "v");
	g_assert_cmpstr(c->channel, ==, "C1");
	g_assert_cmpstr(c->message_ts, ==, "1.5");
	g_assert_cmpstr(c->user_team, ==, "T024");
	g_assert_cmpstr(c->name, ==, "alice");
	g_assert_cmpstr(none->reason, ==, "");
	g_assert_cmpint(closed->kind, ==, SLACK_NOTHING);
}

static void test_refuses_what_is_malformed(void)
{
	static const char *const bodies[] = {
		"",
		"payload",
		"payload=",
		"payload=%7B%7D",
		"payload=%7B%7D&payload=%7B%7D",
		"x=1",
		"{\"type\":\"block_actions\"}",
		"payload=%zz",
		"payload=%00",
		"payload=[]",
		"payload=%7B%22type%22%3A%22block_actions%22%2C%22type%22%3A%22x%22%7D",
		"payload=%7B%22type%22%3A7%7D",
		"payload=%ff",
	};
	static const char *const payloads[] = {
		"{\"type\":\"block_actions\"}",
		"{\"type\":\"block_actions\",\"user\":{\"id\":\"U\"},\"container\":{},\"actions\":["
		"]}",
		"{\"type\":\"block_actions\",\"user\":{\"id\":\"U\"},\"container\":{},"
		"\"actions\":[{\"action_id\":\"approve\"}]}",
		"{\"type\":\"block_actions\",\"user\":\"U\"}",
		"{\"type\":\"view_submission\",\"user\":{\"id\":\"U\"}}",
		DIALOG("", REASON("\"abc\"")),
		DIALOG("{}", REASON("\"abc\"")),
		DIALOG("{\\\"button\\\":7}", REASON("\"abc\"")),
		DIALOG(METADATA, "{}"),
		DIALOG(METADATA, REASON("7")),
		"{\"type\":\"block_actions\",\"user\":{\"id\":\"U\"},\"a\":[[[[[[[[[[[[[[[[[[]]]]]]"
		"]]]]]]]"
		"]]]]]}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bodies) + G_N_ELEMENTS(payloads); i++) {
		bool raw = i < G_N_ELEMENTS(bodies);
		g_autofree char *body =
			raw ? g_strdup(bodies[i]) : encode(payloads[i - G_N_ELEMENTS(bodies)]);
		g_autoptr(GError) error = NULL;
		g_autoptr(slack_callback_auto) c = read_body(body, &error);

		g_test_message("%s", body);
		g_assert_null(c);
		g_assert_error(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED);
	}
}

/* However it is cut off, it is refused and nothing is read beyond its end. */
static void test_refuses_each_beginning(void)
{
	g_autofree char *body = encode(CLICK("approve", "v"));

	for (size_t len = 0; len < strlen(body); len++) {
		g_autofree char *part = g_memdup2(body, len + 1);
		g_autoptr(GError) error = NULL;
		struct slack_callback *c = NULL;

		part[len] = '%';
		g_assert_false(slack_callback_read(part, len, &c, &error));
		g_assert_error(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED);
	}
}

static int check(const struct slack_callback *c, const char *app, const char *team,
		 const char *channel)
{
	struct conf_notifier conf = {
		.app = (char *)app, .team = (char *)team, .channel = (char *)channel};
	g_autoptr(GError) error = NULL;

	if (slack_callback_check(c, &conf, &error)) {
		return -1;
	}
	g_assert_true(error->domain == NOTIFY_ERROR);
	return error->code;
}

static void test_knows_its_own(void)
{
	g_autoptr(slack_callback_auto) c = read_good(CLICK("approve", "v"));
	struct slack_callback other = *c;

	g_assert_cmpint(check(c, "A01", "T024", "C1"), ==, -1);
	g_assert_cmpint(check(c, "A01", "T024", NULL), ==, -1);
	g_assert_cmpint(check(c, "A02", "T024", "C1"), ==, NOTIFY_ERROR_FOREIGN_APP);
	g_assert_cmpint(check(c, "A01", "T025", "C1"), ==, NOTIFY_ERROR_FOREIGN_TEAM);
	g_assert_cmpint(check(c, "A01", "T024", "C2"), ==, NOTIFY_ERROR_FOREIGN_CHANNEL);
	other.user_team = "T999"; // of another company, in a shared channel
	g_assert_cmpint(check(&other, "A01", "T024", "C1"), ==, NOTIFY_ERROR_FOREIGN_TEAM);
	other.user_team = NULL;
	g_assert_cmpint(check(&other, "A01", "T024", "C1"), ==, NOTIFY_ERROR_FOREIGN_TEAM);
	other = *c;
	other.team = NULL;
	g_assert_cmpint(check(&other, "A01", "T024", "C1"), ==, NOTIFY_ERROR_FOREIGN_TEAM);
	other = *c;
	other.app = NULL;
	g_assert_cmpint(check(&other, "A01", "T024", "C1"), ==, NOTIFY_ERROR_FOREIGN_APP);
}

static void test_buttons_are_bound(void)
{
	g_autoptr(shared_secret_auto) secret = shared_secret_new("key", 3);
	g_autoptr(shared_secret_auto) second = shared_secret_new("kez", 3);
	char a[SLACK_BUTTON_SIZE], b[SLACK_BUTTON_SIZE];

	slack_button(secret, PLAN, "C1", a);
	g_assert_cmpuint(strlen(a), ==, SLACK_BUTTON_SIZE - 1);
	slack_button(secret, PLAN, "C1", b);
	g_assert_cmpstr(a, ==, b);
	slack_button(secret, PLAN, "C2", b);
	g_assert_cmpstr(a, !=, b);
	slack_button(secret, PLAN "C", "1", b);
	g_assert_cmpstr(a, !=, b);
	slack_button(second, PLAN, "C1", b);
	g_assert_cmpstr(a, !=, b);
}

static void test_response_urls(void)
{
	static const struct {
		const char *url, *base;
		bool good;
	} rows[] = {
		{"https://hooks.slack.com/actions/A/1/x", "https://slack.com/api", true},
		{"http://hooks.slack.com/actions/A/1/x", "https://slack.com/api", false},
		{"https://hooks.slack.com.evil.org/x", "https://slack.com/api", false},
		{"https://hooks.slack.com:444/x", "https://slack.com/api", false},
		{"https://hooks.slack.com@evil.org/x", "https://slack.com/api", false},
		{"https://slack.com/x", "https://slack.com/api", false},
		{"https://evil.org/https://hooks.slack.com/", NULL, false},
		{"http://127.0.0.1:80/r", NULL, false},
		{"http://127.0.0.1:80/r", "https://slack.com/api", false},
		{"http://127.0.0.1:80/r", "http://127.0.0.1:80/api", true},
		{"http://127.0.0.1:81/r", "http://127.0.0.1:80/api", false},
		{"http://127.0.0.1:80@x/r", "http://127.0.0.1:80/api", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("%s", rows[i].url);
		g_assert_cmpint(slack_is_response_url(rows[i].url, rows[i].base), ==, rows[i].good);
	}
}

static void read_envelope(const char *text, struct slack_envelope *out)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(slack_envelope_read(text, strlen(text), out, &error));
	g_assert_no_error(error);
}

static void test_envelopes(void)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"type\":7}", "{\"type\":\"hello\"}x"};
	struct slack_envelope e = {0};

	read_envelope("{\"type\":\"hello\",\"num_connections\":1,\"debug_info\":{\"t\":0.5}}", &e);
	g_assert_cmpint(e.type, ==, SLACK_HELLO);
	g_assert_null(e.id);
	slack_envelope_clear(&e);
	read_envelope("{\"type\":\"disconnect\",\"reason\":\"warning\"}", &e);
	g_assert_cmpint(e.type, ==, SLACK_DISCONNECT);
	g_assert_cmpstr(e.reason, ==, "warning");
	slack_envelope_clear(&e);
	read_envelope("{\"envelope_id\":\"e1\",\"type\":\"interactive\",\"payload\":" CLICK(
			      "approve", "v") "}",
		      &e);
	g_assert_cmpint(e.type, ==, SLACK_ENVELOPE);
	g_assert_cmpstr(e.id, ==, "e1");
	g_assert_cmpint(e.callback->kind, ==, SLACK_APPROVE);
	g_assert_cmpstr(e.callback->button, ==, "v");
	slack_envelope_clear(&e);
	read_envelope("{\"envelope_id\":\"e2\",\"type\":\"interactive\",\"payload\":{}}", &e);
	g_assert_cmpstr(e.id, ==, "e2");
	g_assert_null(e.callback);
	g_assert_error(e.problem, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED);
	slack_envelope_clear(&e);
	read_envelope("{\"envelope_id\":\"e3\",\"type\":\"events_api\",\"payload\":{}}", &e);
	g_assert_cmpstr(e.id, ==, "e3");
	g_assert_null(e.callback);
	g_assert_no_error(e.problem);
	slack_envelope_clear(&e);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(slack_envelope_read(bad[i], strlen(bad[i]), &e, &error));
		g_assert_error(error, NOTIFY_ERROR, NOTIFY_ERROR_MALFORMED);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(sodium_init(), >=, 0);
	g_test_add_func("/slack-callback/signature", test_signature);
	g_test_add_func("/slack-callback/window", test_window);
	g_test_add_func("/slack-callback/reads-a-click", test_reads_a_click);
	g_test_add_func("/slack-callback/reads-a-dialog", test_reads_a_dialog);
	g_test_add_func("/slack-callback/refuses-what-is-malformed",
			test_refuses_what_is_malformed);
	g_test_add_func("/slack-callback/refuses-each-beginning", test_refuses_each_beginning);
	g_test_add_func("/slack-callback/knows-its-own", test_knows_its_own);
	g_test_add_func("/slack-callback/buttons-are-bound", test_buttons_are_bound);
	g_test_add_func("/slack-callback/response-urls", test_response_urls);
	g_test_add_func("/slack-callback/envelopes", test_envelopes);
	return g_test_run();
}
