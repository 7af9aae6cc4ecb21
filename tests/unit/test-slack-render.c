/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/notify/slack-render.c: every message within Slack's limits, whatever it says. */
#include <glib.h>
#include <string.h>

#include "agent/notify/slack-render.h"
#include "base/autoptr.h"
#include "core/json.h"

#define PLAN "sha256:4f2a9c1d0b3e56789abcdef0123456789abcdef0123456789abcdef012345678"
#define BUTTON "Yx0b7cW1oXJ0Vb2cW1oXJ0Vb2cW1oXJ0Vb2cW1oXJ0V"

static void add_change(struct notice *n, const char *id, enum plan_action action, unsigned risk)
{
	struct notice_change *change = g_new0(struct notice_change, 1);

	change->id = g_strdup(id);
	change->action = action;
	change->risk = risk;
	g_ptr_array_add(n->changes, change);
	n->changes_total++;
	n->actions[action]++;
	n->risk |= risk;
	n->deletions += (risk & RISK_DELETION) != 0 ? 1 : 0;
}

static void add_commit(struct notice *n, const char *subject)
{
	struct notice_commit *commit = g_new0(struct notice_commit, 1);

	commit->id = g_strdup("0123456789abcdef0123456789abcdef01234567");
	commit->author = g_strdup("Alice");
	commit->subject = g_strdup(subject);
	g_ptr_array_add(n->commits, commit);
	n->commits_total++;
}

static struct notice *plan_notice(void)
{
	struct notice *n = notice_new(NOTICE_PLAN, NOTICE_PENDING);
	const char *accepts[] = {"signature", "slack", NULL};

	n->key = g_strdup("plan:" PLAN);
	n->agent = g_strdup("web1.example.org");
	n->stack = g_strdup("web");
	n->plan = g_strdup(PLAN);
	g_strlcpy(n->short_id, "4f2a9c1d0b3e", sizeof(n->short_id));
	n->link = g_strdup("https://ops.example.org/assent/plans/4f2a9c1d0b3e");
	n->log_size = 17;
	g_strlcpy(n->log_root, PLAN, sizeof(n->log_root));
	n->expires = 1800000000;
	n->required = 2;
	n->accepts = g_strdupv((char **)accepts);
	return n;
}

static struct notice *small_notice(void)
{
	struct notice *n = plan_notice();

	add_change(n, "file:/srv/old", ACTION_REMOVE, RISK_DELETION);
	add_change(n, "file:/etc/app.conf", ACTION_UPDATE, 0);
	add_commit(n, "raise the limit <!channel> & *all*");
	g_free(n->diff);
	n->diff = g_strdup("--- a\n+++ b\n-```\n+1 < 2 & 3\n");
	return n;
}

/* Every string as long and as costly to escape as it may come. */
static struct notice *huge_notice(const char *unit)
{
	struct notice *n = plan_notice();
	g_autoptr(GString) line = g_string_new(NULL);
	g_autoptr(GString) diff = g_string_new(NULL);

	while (line->len < 900) {
		g_string_append(line, unit);
	}
	for (unsigned i = 0; i < NOTICE_CHANGES; i++) {
		add_change(n, line->str, ACTION_REMOVE, RISK_DELETION | RISK_SECRET | RISK_ROOT);
	}
	n->changes_total = 5000;
	for (unsigned i = 0; i < NOTICE_COMMITS; i++) {
		add_commit(n, line->str);
	}
	for (unsigned i = 0; i < 30; i++) {
		struct notice_vote *vote = g_new0(struct notice_vote, 1);

		vote->person = g_strdup("alice");
		vote->channel = g_strdup("slack");
		vote->reason = g_strdup(line->str);
		g_ptr_array_add(n->votes, vote);
	}
	for (unsigned i = 0; i < 200; i++) {
		g_string_append_printf(diff, "+%.70s\n", unit);
	}
	g_free(n->diff);
	n->diff = g_string_free(g_steal_pointer(&diff), FALSE);
	n->diff_left = 100000;
	n->text = g_strdup(line->str);
	g_free(n->stack);
	n->stack = g_strdup(line->str);
	return n;
}

static const struct slack_frame frame = {
	.channel = "C0123ABCD", .button = BUTTON, .id = "0123456789abcdef-1"};

static size_t chars(const char *text)
{
	g_assert_true(g_utf8_validate(text, -1, NULL));
	return (size_t)g_utf8_strlen(text, -1);
}

static const char *text_of(struct json_obj *o, const char *name, size_t max)
{
	struct json_obj text;
	const char *value, *type;

	g_assert_true(json_obj_get(o, name, &text));
	type = json_str(&text, "type", 20);
	value = json_str(&text, "text", 65536);
	g_assert_cmpuint(chars(value), >=, 1);
	g_assert_cmpuint(chars(value), <=, max);
	if (strcmp(type, "plain_text") == 0) {
		g_assert_false(json_bool(&text, "emoji"));
	} else {
		g_assert_cmpstr(type, ==, "mrkdwn");
		g_assert_true(json_bool(&text, "verbatim"));
	}
	json_obj_end(&text);
	return value;
}

static void check_button(struct json_obj *button)
{
	struct json_obj confirm;
	const char *id = json_str(button, "action_id", 255);
	const char *style = json_str_opt(button, "style", 20);
	const char *url = json_str_opt(button, "url", 3000);
	const char *value = json_str_opt(button, "value", 2000);

	g_assert_cmpstr(json_str(button, "type", 20), ==, "button");
	text_of(button, "text", 30);
	if (strcmp(id, "review") == 0) {
		g_assert_nonnull(url);
		g_assert_null(style);
	} else {
		g_assert_cmpstr(value, ==, BUTTON);
	}
	if (strcmp(id, "approve") == 0) {
		g_assert_cmpstr(style, ==, "primary");
		g_assert_true(json_obj_get(button, "confirm", &confirm));
		text_of(&confirm, "title", 100);
		text_of(&confirm, "text", 300);
		text_of(&confirm, "confirm", 30);
		text_of(&confirm, "deny", 30);
		json_str(&confirm, "style", 20);
		json_obj_end(&confirm);
	}
	json_obj_end(button);
}

/* Returns the number of buttons; *seen collects what people read. */
static unsigned check_block(struct json_obj *block, GString *seen)
{
	const char *type = json_str(block, "type", 40);
	struct json_obj child, inner;
	struct json_arr list, more;
	unsigned buttons = 0;

	json_str_opt(block, "block_id", 255);
	if (strcmp(type, "header") == 0) {
		g_string_append_printf(seen, "%s\n", text_of(block, "text", 150));
	} else if (strcmp(type, "section") == 0) {
		g_string_append_printf(seen, "%s\n", text_of(block, "text", 3000));
	} else if (strcmp(type, "context") == 0) {
		g_assert_cmpuint(json_arr_get(block, "elements", 10, &list), >=, 1);
		g_assert_true(json_arr_obj(&list, 0, &child));
		json_str(&child, "type", 20);
		g_string_append_printf(seen, "%s\n", json_str(&child, "text", 3000));
	} else if (strcmp(type, "rich_text") == 0) {
		json_arr_get(block, "elements", 1, &list);
		g_assert_true(json_arr_obj(&list, 0, &child));
		g_assert_cmpstr(json_str(&child, "type", 40), ==, "rich_text_preformatted");
		json_arr_get(&child, "elements", 1, &more);
		g_assert_true(json_arr_obj(&more, 0, &inner));
		g_string_append(seen, json_str(&inner, "text", 3000));
	} else if (strcmp(type, "input") == 0) {
		text_of(block, "label", 2000);
	} else {
		g_assert_cmpstr(type, ==, "actions");
		buttons = (unsigned)json_arr_get(block, "elements", 25, &list);
		for (unsigned i = 0; i < buttons; i++) {
			g_assert_true(json_arr_obj(&list, i, &child));
			check_button(&child);
		}
	}
	return buttons;
}

/* For tests/slack/, which holds it against Slack's own types. */
static void keep(const char *name, const char *text)
{
	const char *dir = g_getenv("ASSENT_TEST_WRITE");
	g_autofree char *file = dir != NULL ? g_build_filename(dir, name, NULL) : NULL;

	g_assert_true(file == NULL || g_file_set_contents(file, text, -1, NULL));
}

static char *check(const char *message, unsigned *buttons, const char **text, struct json_doc **doc)
{
	g_autoptr(GString) seen = g_string_new(NULL);
	struct assent_error err = {0};
	const char *start = strstr(message, "\"blocks\":");
	struct json_obj root, block;
	struct json_arr blocks;

	*buttons = 0;
	if (json_doc_parse(doc, message, strlen(message), 0, &err) != 0) {
		g_error("%s", err.text);
	}
	json_doc_root(*doc, &root);
	*text = json_str(&root, "text", 4000);
	g_assert_cmpuint(chars(*text), <=, 4000);
	g_assert_true(start == NULL || strlen(start) < 10000);
	json_arr_get_opt(&root, "blocks", 50, &blocks);
	for (unsigned i = 0; i < blocks.count; i++) {
		g_assert_true(json_arr_obj(&blocks, i, &block));
		*buttons += check_block(&block, seen);
	}
	json_obj_ignore_rest(&root);
	if (json_doc_status(*doc, &err) != 0) {
		g_error("%s in %s", err.text, message);
	}
	return g_string_free(g_steal_pointer(&seen), FALSE);
}

static void test_says_what_matters(void)
{
	g_autoptr(notice_auto) n = small_notice();
	g_autofree char *message = slack_message(n, &frame);
	g_autoptr(json_doc_auto) doc = NULL;
	const char *text;
	unsigned buttons;
	g_autofree char *seen = check(message, &buttons, &text, &doc);
	const char *risk = strstr(seen, "*1 deletion*"),
		   *change = strstr(seen, "remove file:/srv/old");

	keep("message-small.json", message);
	g_assert_cmpuint(buttons, ==, 3);
	g_assert_nonnull(risk);
	g_assert_nonnull(change);
	g_assert_true(risk < change);
	g_assert_true(change < strstr(seen, "update file:/etc/app.conf"));
	g_assert_nonnull(strstr(seen, "Plan 4f2a9c1d0b3e for web waits for approval"));
	g_assert_nonnull(strstr(seen, "0 of 2 approvals"));
	g_assert_nonnull(strstr(seen, "17 entries, root " PLAN));
	/* neither markup nor HTML is read in these */
	g_assert_nonnull(strstr(seen, "raise the limit <!channel> & *all*"));
	g_assert_nonnull(strstr(seen, "-```\n+1 < 2 & 3\n"));
	/* but in this one */
	g_assert_null(strstr(text, "<!"));
	g_assert_nonnull(strstr(text, "&lt;!channel&gt; &amp; *all*"));
	g_assert_nonnull(strstr(text, n->link));
	g_assert_nonnull(strstr(text, "root " PLAN));
	g_assert_nonnull(strstr(message, "\"unfurl_links\":false,\"unfurl_media\":false"));
	g_assert_nonnull(strstr(message, "\"block_id\":\"0123456789abcdef-1\""));
}

static void test_nothing_exceeds_the_limits(void)
{
	static const char *const units[] = {"a",
					    "\"",
					    "\\",
					    "&",
					    "<!channel>",
					    "`",
					    "\xc3\xa4",
					    "\xf0\x9f\x98\x80",
					    "a\"\\<\xe2\x82\xac "};

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		g_autoptr(notice_auto) n = huge_notice(units[i]);
		g_autofree char *message = slack_message(n, &frame);
		g_autofree char *details = slack_details(n, &frame);
		g_autoptr(json_doc_auto) doc = NULL;
		g_autoptr(json_doc_auto) second = NULL;
		const char *text;
		unsigned buttons;
		g_autofree char *seen = check(message, &buttons, &text, &doc);
		g_autofree char *more = NULL;
		g_autofree char *name = g_strdup_printf("message-huge-%zu.json", i);

		keep(name, message);
		g_assert_cmpuint(buttons, ==, 3);
		g_assert_nonnull(strstr(seen, "50 deletions"));
		g_assert_nonnull(strstr(seen, "more changes"));
		g_assert_nonnull(strstr(text, "root " PLAN));
		more = check(details, &buttons, &text, &second);
		g_assert_cmpuint(buttons, ==, 0);
	}
}

static void test_cuts_the_diff_at_lines(void)
{
	g_autoptr(notice_auto) n = small_notice();
	g_autoptr(GString) diff = g_string_new(NULL);
	g_autofree char *message = NULL;
	g_autofree char *seen = NULL;
	g_autoptr(json_doc_auto) doc = NULL;
	const char *text;
	unsigned buttons;

	for (unsigned i = 0; i < 100; i++) {
		g_string_append_printf(diff, "+%03u \xe2\x82\xac\xe2\x82\xac\xe2\x82\xac|\n", i);
	}
	g_free(n->diff);
	n->diff = g_strdup(diff->str);
	message = slack_message(n, &frame);
	seen = check(message, &buttons, &text, &doc);
	g_assert_nonnull(strstr(seen, "+000 "));
	g_assert_null(strstr(seen, "+099 "));
	g_assert_nonnull(strstr(seen, "more lines of the diff"));
	for (const char *p = strstr(seen, "+0"); p != NULL; p = strstr(p + 1, "\n+0")) {
		g_assert_nonnull(strstr(p, "|\n")); // no line is cut
	}
}

static void test_offers_buttons_only_while_it_waits(void)
{
	static const enum notice_event ended[] = {NOTICE_REJECTED,   NOTICE_EXPIRED,
						  NOTICE_SUPERSEDED, NOTICE_APPLYING,
						  NOTICE_OK,	     NOTICE_FAILED};
	struct slack_frame without = frame;

	for (size_t i = 0; i < G_N_ELEMENTS(ended); i++) {
		g_autoptr(notice_auto) n = small_notice();
		g_autofree char *message = NULL;

		n->event = ended[i];
		message = slack_message(n, &frame);
		g_assert_null(strstr(message, BUTTON));
		g_assert_nonnull(strstr(message, "\"review\""));
	}
	without.button = NULL;
	{
		g_autoptr(notice_auto) n = small_notice();
		g_autofree char *message = slack_message(n, &without);

		g_assert_null(strstr(message, "\"approve\""));
		g_clear_pointer(&n->link, g_free);
		g_free(message);
		message = slack_message(n, &without);
		g_assert_null(strstr(message, "\"actions\""));
	}
}

static void test_frames(void)
{
	g_autoptr(notice_auto) n = small_notice();
	struct slack_frame f = {.channel = "C1", .ts = "12.5", .id = "a", .button = BUTTON};
	g_autofree char *update = slack_message(n, &f);
	g_autofree char *plain = NULL;
	g_autofree char *answer = NULL;
	g_autofree char *hook = NULL;
	g_autofree char *thread = NULL;

	g_assert_true(g_str_has_prefix(update, "{\"channel\":\"C1\",\"ts\":\"12.5\",\"text\":"));
	g_assert_null(strstr(update, "unfurl"));
	f.plain = true;
	plain = slack_message(n, &f);
	g_assert_true(g_str_has_suffix(plain, ",\"blocks\":[]}"));
	f = (struct slack_frame){.replace = true, .button = BUTTON, .ask = true};
	answer = slack_message(n, &f);
	g_assert_true(g_str_has_prefix(answer, "{\"replace_original\":true,"));
	g_assert_nonnull(strstr(answer, "\"type\":\"input\",\"block_id\":\"reason\""));
	keep("message-answer.json", answer);
	f = (struct slack_frame){.plain = true};
	hook = slack_message(n, &f);
	g_assert_true(g_str_has_prefix(hook, "{\"unfurl_links\":false"));
	g_assert_null(strstr(hook, "blocks"));
	f = (struct slack_frame){.channel = "C1", .thread = "12.5"};
	thread = slack_details(n, &f);
	keep("message-thread.json", thread);
	g_assert_nonnull(strstr(thread, "\"thread_ts\":\"12.5\""));
}

static void test_rewritten_history(void)
{
	g_autoptr(notice_auto) n = small_notice();
	g_autofree char *message = NULL;
	g_autoptr(json_doc_auto) doc = NULL;
	g_autofree char *seen = NULL;
	struct notice_commit *gone = g_new0(struct notice_commit, 1);
	const char *text;
	unsigned buttons;

	gone->id = g_strdup("fedcba9876543210fedcba9876543210fedcba98");
	gone->author = g_strdup("Bob");
	gone->subject = g_strdup("the lost one");
	g_ptr_array_add(n->gone, gone);
	n->is_rewritten = true;
	n->gone_total = 12;
	message = slack_message(n, &frame);
	seen = check(message, &buttons, &text, &doc);
	g_assert_nonnull(
		strstr(seen, "the history was REWRITTEN, 12 commits are gone; 1 deletion"));
	g_assert_nonnull(strstr(seen, "gone: fedcba987654 the lost one (Bob)"));
	g_assert_nonnull(strstr(seen, "gone: 9 more commits"));
}

static void test_incidents_and_groups(void)
{
	static const enum notice_kind kinds[] = {NOTICE_BLOCKED, NOTICE_DRIFT, NOTICE_DEAD,
						 NOTICE_BROKEN, NOTICE_GROUP};

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(notice_auto) n = notice_new(kinds[i], NOTICE_PROBLEM);
		struct notice_item *item = g_new0(struct notice_item, 1);
		g_autofree char *message = NULL;
		g_autoptr(json_doc_auto) doc = NULL;
		g_autofree char *seen = NULL;
		const char *text;
		unsigned buttons;

		n->agent = g_strdup("web1");
		n->stack = g_strdup("web");
		n->text = g_strdup("the branch was rewound");
		item->stack = g_strdup("web");
		item->plan = g_strdup(PLAN);
		g_ptr_array_add(n->items, item);
		n->items_total = 1;
		message = slack_message(n, &frame);
		seen = check(message, &buttons, &text, &doc);
		g_assert_cmpuint(buttons, ==, 0);
		g_assert_nonnull(strstr(seen, "the branch was rewound"));
		g_assert_true(kinds[i] != NOTICE_BROKEN || strstr(seen, "BREAK-GLASS: ") != NULL);
	}
}

static void test_escapes(void)
{
	static const struct {
		const char *text;
		size_t max;
		const char *escaped;
	} rows[] = {
		{"a & b <@U1> \"'", 100, "a &amp; b &lt;@U1&gt; \"'"},
		{"````", 100, "`\xe2\x80\x8b`\xe2\x80\x8b``"},
		{"``", 100, "``"},
		{"abcdef", 6, "abcdef"},
		{"abcdefg", 6, "abc\xe2\x80\xa6"},
		{"a&&", 8, "a\xe2\x80\xa6"},
		{"\xe2\x82\xac\xe2\x82\xac", 5, "\xe2\x80\xa6"},
		{"", 0, ""},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *escaped = slack_escape(rows[i].text, rows[i].max);

		g_assert_cmpstr(escaped, ==, rows[i].escaped);
	}
}

static void test_modal(void)
{
	g_autofree char *modal = slack_modal("1.2.3", "4f2a9c1d0b3e", BUTTON, "C1", "12.5");
	g_autofree char *note = slack_private("no <b> here");

	keep("modal.json", modal);
	g_assert_nonnull(strstr(modal, "\"trigger_id\":\"1.2.3\""));
	g_assert_nonnull(strstr(modal,
				"\"private_metadata\":\"{\\\"button\\\":\\\"" BUTTON
				"\\\",\\\"channel\\\":\\\"C1\\\",\\\"ts\\\":\\\"12.5\\\"}\""));
	g_assert_nonnull(strstr(modal, "\"min_length\":3"));
	g_assert_cmpstr(note, ==,
			"{\"response_type\":\"ephemeral\",\"replace_original\":false,"
			"\"text\":\"no &lt;b&gt; here\"}");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/slack-render/says-what-matters", test_says_what_matters);
	g_test_add_func("/slack-render/nothing-exceeds-the-limits",
			test_nothing_exceeds_the_limits);
	g_test_add_func("/slack-render/cuts-the-diff-at-lines", test_cuts_the_diff_at_lines);
	g_test_add_func("/slack-render/offers-buttons-only-while-it-waits",
			test_offers_buttons_only_while_it_waits);
	g_test_add_func("/slack-render/frames", test_frames);
	g_test_add_func("/slack-render/incidents-and-groups", test_incidents_and_groups);
	g_test_add_func("/slack-render/rewritten-history", test_rewritten_history);
	g_test_add_func("/slack-render/escapes", test_escapes);
	g_test_add_func("/slack-render/modal", test_modal);
	return g_test_run();
}
