/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what notices say in each system: agent/notify/ text.c, webhook.c, ntfy.c, mattermost.c;
 * the documented limits are kept on our side. */
#include "agent/notify/notify.h"

#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>

#include "agent/notify/text.h"
#include "base/autoptr.h"
#include "schema-check.h"
#include "scratch.h"

#define DIGITS "4f2a9c1d0b3e5555555555555555555555555555555555555555555555555555"
#define PLAN_ID "sha256:" DIGITS

struct rig {
	char *dir;
	struct conf_notifier conf;
	struct notifier self;
	struct notice *notice;
	struct notifier_message message;
	unsigned tokens;
	struct json_doc *doc;
	struct json_obj body;
};

static const char *give(struct notifier_message *message, const char *person)
{
	struct rig *rig = message->token_user;

	(void)person;
	rig->tokens++;
	return "at_0123456789012345678901234567890123456789012";
}

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

static void add_commit(struct notice *n, const char *author, const char *subject)
{
	struct notice_commit *commit = g_new0(struct notice_commit, 1);

	commit->id = g_strdup("1111111111111111111111111111111111111111");
	commit->author = g_strdup(author);
	commit->subject = g_strdup(subject);
	g_ptr_array_add(n->commits, commit);
	n->commits_total++;
}

static struct notice *sample(enum notice_event event)
{
	static const char *const people[] = {"alice", "bob", NULL};
	static const char *const channels[] = {"signature", "webhook", "ntfy", "mattermost", NULL};
	struct notice *n = notice_new(NOTICE_PLAN, event);

	n->key = g_strdup("plan:sha256:" DIGITS);
	n->plan = g_strdup("sha256:" DIGITS);
	g_strlcpy(n->short_id, DIGITS, sizeof(n->short_id));
	n->agent = g_strdup("web1.example.org");
	n->stack = g_strdup("web");
	n->link = g_strdup("https://ops.example.org/plans/" DIGITS);
	n->why = g_strdup("commit");
	n->commit = g_strdup("1111111111111111111111111111111111111111");
	n->number = 7;
	n->created = 1700000000;
	n->expires = 1700086400;
	n->since = 1700000000;
	n->required = 2;
	n->log_size = 17;
	g_strlcpy(n->log_root, "sha256:" DIGITS, sizeof(n->log_root));
	n->from = g_strdupv((char **)people);
	n->accepts = g_strdupv((char **)channels);
	add_change(n, "file:/etc/old", ACTION_REMOVE, RISK_DELETION | RISK_ROOT);
	add_change(n, "file:/etc/new", ACTION_CREATE, 0);
	add_commit(n, "Dora", "Serve the new page");
	return n;
}

static void rig_start(struct rig *rig, const struct notifier_ops *ops, enum notice_event event)
{
	*rig = (struct rig){.dir = scratch_new(), .notice = sample(event)};
	rig->conf.name = (char *)"it";
	rig->conf.approve = true;
	rig->conf.url = (char *)"https://there.example.org/hook";
	rig->self = (struct notifier){.ops = ops,
				      .conf = &rig->conf,
				      .public_url = "https://ops.example.org",
				      .caps = ops->caps};
	rig->message = (struct notifier_message){
		.id = "msg_1", .now = 1700000100, .first = true, .token = give, .token_user = rig};
}

static char *secret(struct rig *rig, const char *name, const char *text)
{
	char *file = g_build_filename(rig->dir, name, NULL);

	scratch_file(rig->dir, name, text);
	g_assert_cmpint(g_chmod(file, 0600), ==, 0);
	return file;
}

static void rig_open(struct rig *rig)
{
	g_autoptr(GError) error = NULL;

	if (!rig->self.ops->open(&rig->self, &error)) {
		g_error("%s", error->message);
	}
}

/* Announces, and parses the body. */
static void tell(struct rig *rig)
{
	g_autoptr(GError) error = NULL;
	struct assent_error err;

	json_doc_free(g_steal_pointer(&rig->doc));
	http_send_clear(&rig->message.send);
	g_assert_true(rig->self.ops->announce(&rig->self, rig->notice, &rig->message, &error));
	g_assert_no_error(error);
	g_assert_nonnull(rig->message.send.url);
	if (json_doc_parse(&rig->doc, rig->message.send.body, rig->message.send.body_len, 0,
			   &err) != 0) {
		g_error("%s: %s", err.text, rig->message.send.body);
	}
	json_doc_root(rig->doc, &rig->body);
}

static void rig_stop(struct rig *rig)
{
	json_doc_free(rig->doc);
	http_send_clear(&rig->message.send);
	if (rig->self.data != NULL) {
		rig->self.ops->close(&rig->self);
	}
	notice_free(rig->notice);
	g_free(rig->conf.secret_file);
	g_free(rig->conf.token_file);
	g_free(rig->conf.url_file);
	scratch_free(rig->dir);
}

static bool has(const struct rig *rig, const char *part)
{
	return strstr(rig->message.send.body, part) != NULL;
}

/* 60,000 characters of two and three bytes each, in everything that is free text. */
static void fill(struct notice *n)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct notice_change *change;

	for (unsigned i = 0; i < 20000; i++) {
		g_string_append(text, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	}
	n->text = g_strdup(text->str);
	add_commit(n, text->str, text->str);
	add_change(n, text->str, ACTION_UPDATE, 0);
	change = g_ptr_array_index(n->changes, n->changes->len - 1);
	change->becomes = g_strdup(text->str);
	change->notes = g_strdup(text->str);
	g_free(n->diff);
	n->diff = g_strdup(text->str);
}

static void test_cutting_splits_nothing(void)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"; // 1+2+3+4+1 bytes
	static const char lines[] = "one\ntwo\nthree\n";
	unsigned left;

	for (size_t max = 0; max < 13; max++) {
		g_autofree char *cut = notify_cut(text, max);
		g_autofree char *chars = notify_cut_chars(text, max);

		g_assert_true(g_utf8_validate(cut, -1, NULL));
		g_assert_true(g_utf8_validate(chars, -1, NULL));
		g_assert_cmpuint(strlen(cut), <=, max);
		g_assert_cmpint(g_utf8_strlen(chars, -1), <=, (glong)max);
	}
	for (size_t max = 0; max < sizeof(lines); max++) {
		g_autofree char *cut = notify_cut_lines(lines, max, &left);

		g_assert_true(cut[0] == '\0' || g_str_has_suffix(cut, "\n"));
		g_assert_cmpuint(strlen(cut), <=, max);
		g_assert_cmpuint(left, ==, max < 4 ? 3 : max < 8 ? 2 : max < 14 ? 1 : 0);
	}
}

static void test_clean_shows_what_hides(void)
{
	static const char bad[] = "a\x1b[31m\xe2\x80\xae"
				  "b\xff\n\tc";
	g_autofree char *line = notice_clean(bad, strlen(bad), 1000, false);
	g_autofree char *lines = notice_clean(bad, strlen(bad), 1000, true);

	g_assert_true(g_utf8_validate(line, -1, NULL));
	g_assert_null(strchr(line, '\x1b'));
	g_assert_null(strchr(line, '\n'));
	g_assert_null(strstr(line, "\xe2\x80\xae"));
	g_assert_nonnull(strstr(lines, "\n\tc"));
	for (size_t max = 0; max < 40; max++) {
		g_autofree char *cut = notice_clean(bad, strlen(bad), max, true);

		g_assert_cmpuint(strlen(cut), <=, max);
		g_assert_true(g_utf8_validate(cut, -1, NULL));
	}
}

static void test_plain_text_says_it_all(void)
{
	g_autoptr(notice_auto) n = sample(NOTICE_PENDING);
	g_autofree char *text = notify_plain(n, 2000);

	g_test_message("%s", text);
	g_assert_true(g_str_has_prefix(text, "Plan 4f2a9c1d0b3e for web waits for approval\n"));
	g_assert_nonnull(strstr(text, "1 deletion; touches what belongs to root\n"));
	g_assert_nonnull(strstr(text, "0 of 2 approvals, until 2023-11-15T22:13:20Z\n"));
	g_assert_nonnull(strstr(text, "remove file:/etc/old\n"));
	g_assert_true(g_str_has_suffix(text, "Log: 17 entries, root sha256:" DIGITS));
	fill(n);
	for (size_t max = 1; max < 3000; max += 97) {
		g_autofree char *cut = notify_plain(n, max);

		g_assert_cmpuint(strlen(cut), <=, max);
		g_assert_true(g_utf8_validate(cut, -1, NULL));
		g_assert_true(max < 300 || strstr(cut, n->link) != NULL);
	}
}

/* A package, a command, and what was changed outside; and an apply that halted. */
static void test_packages_and_commands_are_told(void)
{
	g_autoptr(notice_auto) n = sample(NOTICE_FAILED);
	struct notice_change *change;
	g_autofree char *text = NULL;

	add_change(n, "package:nginx", ACTION_UPDATE, 0);
	change = g_ptr_array_index(n->changes, 2);
	change->becomes = g_strdup(" 1.22-1 -> 1.24-1");
	add_change(n, "command:migrate", ACTION_RUN, 0);
	change = g_ptr_array_index(n->changes, 3);
	change->notes = g_strdup("run /usr/bin/migrate --all; user app");
	n->halted = true;
	n->done = 1;
	n->left = 3;
	n->outside = 2;
	n->sizes = g_strdup("1 MB to fetch, 2 MB more on the disk");
	text = notify_plain(n, 4000);
	g_assert_nonnull(strstr(text, "update package:nginx 1.22-1 -> 1.24-1\n"));
	g_assert_nonnull(
		strstr(text, "run command:migrate; run /usr/bin/migrate --all; user app\n"));
	g_assert_nonnull(strstr(text, "Of the last apply: 1 done, 0 undone, 3 left.\n"));
	g_assert_nonnull(strstr(text, "'assent apply --undo web' takes it back.\n"));
	g_assert_nonnull(strstr(text, "2 resources were changed outside since they were applied.\n"
				      "1 MB to fetch, 2 MB more on the disk\n"));
}

static void test_every_state_has_a_title(void)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (int i = NOTICE_PENDING; i <= NOTICE_INTERRUPTED; i++) {
		g_autoptr(notice_auto) n = sample((enum notice_event)i);

		if (i != NOTICE_VOTED) { // as pending
			g_assert_true(g_hash_table_add(seen, notify_title(n)));
		}
	}
}

/* carol decided for all. */
static void break_glass(struct notice *n)
{
	struct notice_vote *vote = g_new0(struct notice_vote, 1);

	vote->person = g_strdup("carol");
	vote->channel = g_strdup("signature");
	vote->reason = g_strdup("the site is down");
	vote->verdict = VERDICT_BREAK_GLASS;
	vote->time = 1700000050;
	g_ptr_array_add(n->votes, vote);
}

static void test_broken_glass_stands_in_each_title(void)
{
	for (int i = NOTICE_PENDING; i <= NOTICE_INTERRUPTED; i++) {
		g_autoptr(notice_auto) n = sample((enum notice_event)i);
		g_autofree char *before = notify_title(n);
		g_autofree char *want = g_strdup_printf("BREAK-GLASS by carol: %s", before);
		g_autofree char *after = NULL;
		g_autofree char *plain = NULL;

		g_assert_null(notice_broken(n));
		break_glass(n);
		after = notify_title(n);
		plain = notify_plain(n, 2000);
		g_assert_cmpstr(after, ==, want);
		g_assert_nonnull(strstr(plain, "carol BROKE THE GLASS by signature: the site"));
		g_assert_null(strstr(plain, "rejected by"));
	}
}

/* The alarm, as each system has it. */
static void test_broken_glass_is_an_alarm(void)
{
	static const struct {
		const struct notifier_ops *ops;
		const char *parts[3];
	} systems[] = {
		{&notifier_ntfy,
		 {"\"priority\":5",
		  "\"title\":\"BREAK-GLASS: carol decided for all about "
		  "plan ",
		  "the site is down"}},
		{&notifier_mattermost,
		 {"\"color\":\"#cf222e\"", "BREAK-GLASS: carol", "site is down"}},
		{&notifier_webhook,
		 {"\"type\":\"break-glass.problem\"",
		  "\"break_glass\":{\"plan\":\"sha256:" DIGITS "\",\"person\":\"carol\","
		  "\"reason\":\"the site is down\",\"time\":\"2023-11-14T22:14:10Z\"}",
		  "BREAK-GLASS: carol"}},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(systems); i++) {
		struct rig rig;

		rig_start(&rig, systems[i].ops, NOTICE_PROBLEM);
		rig.conf.topic = (char *)"ops";
		rig.conf.secret_file = secret(&rig, "key", "hush\n");
		rig.conf.url_file = secret(&rig, "url", "https://there.example.org/hooks/x\n");
		rig_open(&rig);
		rig.notice->kind = NOTICE_BROKEN;
		rig.notice->text = g_strdup("the site is down");
		break_glass(rig.notice);
		tell(&rig);
		for (size_t j = 0; j < G_N_ELEMENTS(systems[i].parts); j++) {
			g_test_message("%s", systems[i].parts[j]);
			g_assert_true(has(&rig, systems[i].parts[j]));
		}
		g_assert_cmpuint(rig.tokens, ==, 0); // nothing is left to decide
		g_assert_false(has(&rig, "\"integration\""));
		rig_stop(&rig);
	}
}

static void test_webhook_is_signed(void)
{
	/* the example of the specification of Standard Webhooks */
	static const char key[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
	g_autofree char *content = NULL;
	g_autofree char *want = NULL;
	g_autofree char *line = NULL;
	unsigned char mac[32], raw[24];
	crypto_auth_hmacsha256_state state;
	size_t len;
	struct rig rig;

	rig_start(&rig, &notifier_webhook, NOTICE_PENDING);
	rig.conf.secret_file = secret(&rig, "key", key);
	rig_open(&rig);
	tell(&rig);
	g_assert_cmpint(sodium_base642bin(raw, sizeof(raw), key + 6, 32, NULL, &len, NULL,
					  sodium_base64_VARIANT_ORIGINAL),
			==, 0);
	content = g_strdup_printf("msg_1.1700000100.%s", rig.message.send.body);
	crypto_auth_hmacsha256_init(&state, raw, len);
	crypto_auth_hmacsha256_update(&state, (unsigned char *)content, strlen(content));
	crypto_auth_hmacsha256_final(&state, mac);
	want = g_base64_encode(mac, sizeof(mac));
	line = g_strconcat("webhook-signature: v1,", want, NULL);
	g_assert_cmpstr(rig.message.send.headers[0], ==, "webhook-id: msg_1");
	g_assert_cmpstr(rig.message.send.headers[1], ==, "webhook-timestamp: 1700000100");
	g_assert_cmpstr(rig.message.send.headers[2], ==, line);
	rig_stop(&rig);
}

static void test_webhook_says_the_plan(void)
{
	struct json_obj data, plan, log;
	struct rig rig;

	rig_start(&rig, &notifier_webhook, NOTICE_PENDING);
	rig.conf.secret_file = secret(&rig, "key", "hush\n");
	rig_open(&rig);
	tell(&rig);
	g_assert_cmpstr(json_str(&rig.body, "type", 64), ==, "plan.pending");
	g_assert_true(json_obj_get(&rig.body, "data", &data));
	g_assert_cmpstr(json_str(&data, "stack", 64), ==, "web");
	g_assert_true(json_obj_get(&data, "log", &log));
	g_assert_cmpint(json_int(&log, "size", 0, 100), ==, 17);
	g_assert_true(json_obj_get(&data, "plan", &plan));
	g_assert_cmpstr(json_str(&plan, "id", 80), ==, "sha256:" DIGITS);
	g_assert_cmpint(json_int(&plan, "deletions", 0, 100), ==, 1);
	g_assert_cmpstr(json_str(&data, "approvals_url", 80), ==,
			"https://ops.example.org/v1/approvals");
	g_assert_true(has(&rig, "{\"person\":\"alice\",\"token\":\"at_"));
	g_assert_cmpuint(rig.tokens, ==, 2);
	rig_stop(&rig);
}

/* Of a trial whose changes others had approved, from commits that are signed. */
static void take_steered(struct notice *n)
{
	static const char *signers[] = {"dora"}, *from[] = {"alice", NULL};
	static const char *restores[] = {PLAN_ID, PLAN_ID, PLAN_ID, PLAN_ID, PLAN_ID, PLAN_ID};
	struct plan plan = {.repository = "https://there.example.org/ops.git",
			    .ref = "refs/heads/topic",
			    .until = 1767225600,
			    .restores = restores,
			    .restores_count = G_N_ELEMENTS(restores),
			    .verification = {.mode = "all",
					     .checked = 3,
					     .signatures = 1,
					     .signers = signers,
					     .signers_count = 1},
			    .policy = {.required = 1, .from = from}};

	g_clear_pointer(&n->from, g_strfreev);
	g_clear_pointer(&n->accepts, g_strfreev);
	notice_take_plan(n, &plan);
}

static void test_what_a_plan_stands_on(void)
{
	struct notice *n = sample(NOTICE_PENDING);
	g_autofree char *more = NULL, *plain = NULL;

	g_assert_null(notify_more(n));
	take_steered(n);
	more = notify_more(n);
	g_assert_cmpstr(more, ==,
			"A trial until 2026-01-01T00:00:00Z: after it, what it changed is put back "
			"without being asked.\n"
			"Puts back what plans 4f2a9c1d0b3e, 4f2a9c1d0b3e, 4f2a9c1d0b3e, "
			"4f2a9c1d0b3e, 4f2a9c1d0b3e, \xe2\x80\xa6 had approved.\n"
			"signed by dora; all 3 new commits were verified");
	plain = notify_plain(n, 4000);
	g_assert_nonnull(strstr(plain, more));
	notice_free(n);
}

static void test_webhook_keeps_to_its_schema(void)
{
	static const enum notice_kind others[] = {NOTICE_ALERT, NOTICE_TRIAL, NOTICE_DEAD};
	g_autofree char *file = g_test_build_filename(G_TEST_DIST, "..", "contrib", "notify",
						      "assent-webhook.schema.json", NULL);
	g_autoptr(json_doc_auto) doc = NULL;
	g_autofree char *text = NULL;
	struct notice_vote *vote = g_new0(struct notice_vote, 1);
	struct notice_item *item = g_new0(struct notice_item, 1);
	struct assent_error err;
	struct json_obj schema;
	struct rig rig;
	gsize len = 0;

	g_assert_true(g_file_get_contents(file, &text, &len, NULL));
	g_assert_cmpint(json_doc_parse(&doc, text, len, 0, &err), ==, 0);
	json_doc_root(doc, &schema);
	rig_start(&rig, &notifier_webhook, NOTICE_VOTED);
	rig.conf.secret_file = secret(&rig, "key", "hush\n");
	rig_open(&rig);
	vote->person = g_strdup("bob");
	vote->channel = g_strdup("page");
	vote->reason = g_strdup("");
	g_ptr_array_add(rig.notice->votes, vote);
	tell(&rig);
	schema_check(&schema, &rig.body);
	g_assert_false(has(&rig, "\"rewritten\":"));
	rig.notice->is_rewritten = true;
	rig.notice->gone_total = 7;
	tell(&rig);
	g_assert_true(has(&rig, "\"rewritten\":{\"commits_total\":7,\"commits\":[]}"));
	schema_check(&schema, &rig.body);
	g_assert_true(has(&rig, "\"until\":null,\"restores\":[],"));
	g_assert_true(has(&rig, "\"verification\":null,"));
	take_steered(rig.notice);
	tell(&rig);
	g_assert_true(has(&rig, "\"until\":\"2026-01-01T00:00:00Z\",\"restores\":[\"sha256:4f"));
	g_assert_true(has(&rig, "\"verification\":{\"mode\":\"all\",\"checked\":3,\"signatures\":1,"
				"\"signers\":[\"dora\"],\"seal\":null}"));
	schema_check(&schema, &rig.body);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		rig.notice->kind = others[i];
		tell(&rig);
		schema_check(&schema, &rig.body);
	}
	rig.notice->kind = NOTICE_PLAN;
	break_glass(rig.notice);
	tell(&rig);
	g_assert_true(has(&rig, "\"break_glass\":{"));
	schema_check(&schema, &rig.body);
	rig.notice->kind = NOTICE_BROKEN;
	tell(&rig);
	schema_check(&schema, &rig.body);
	rig.notice->kind = NOTICE_GROUP;
	item->stack = g_strdup("web");
	item->plan = g_strdup("sha256:" DIGITS);
	g_ptr_array_add(rig.notice->items, item);
	tell(&rig);
	g_assert_true(has(&rig, "\"plans\":[{"));
	schema_check(&schema, &rig.body);
	rig_stop(&rig);
}

/* Each that makes tokens useless or unwanted. */
static void test_webhook_keeps_tokens_back(void)
{
	static const enum notice_event ended[] = {NOTICE_REJECTED, NOTICE_OK, NOTICE_EXPIRED};
	struct rig rig;

	rig_start(&rig, &notifier_webhook, NOTICE_PENDING);
	rig.conf.secret_file = secret(&rig, "key", "hush\n");
	rig_open(&rig);
	rig.conf.approve = false;
	tell(&rig);
	rig.conf.approve = true;
	rig.message.first = false;
	tell(&rig);
	rig.message.first = true;
	rig.self.public_url = NULL;
	tell(&rig);
	rig.self.public_url = "https://ops.example.org";
	rig.notice->reminder = true;
	tell(&rig);
	rig.notice->reminder = false;
	g_free(rig.notice->accepts[1]);
	rig.notice->accepts[1] = g_strdup("page"); // not by webhook any more
	tell(&rig);
	g_free(rig.notice->accepts[1]);
	rig.notice->accepts[1] = g_strdup("webhook");
	for (size_t i = 0; i < G_N_ELEMENTS(ended); i++) {
		rig.notice->event = ended[i];
		tell(&rig);
	}
	g_assert_cmpuint(rig.tokens, ==, 0);
	rig.notice->event = NOTICE_PENDING;
	tell(&rig);
	g_assert_cmpuint(rig.tokens, ==, 2);
	rig_stop(&rig);
}

static void test_webhook_plain_is_small(void)
{
	struct rig rig;

	rig_start(&rig, &notifier_webhook, NOTICE_PENDING);
	rig.conf.secret_file = secret(&rig, "key", "hush\n");
	rig_open(&rig);
	fill(rig.notice);
	rig.message.plain = true;
	g_clear_pointer(&rig.notice->text, g_free);
	tell(&rig);
	g_assert_false(has(&rig, "\"plan\":{"));
	g_assert_cmpuint(rig.message.send.body_len, <, 8192);
	rig_stop(&rig);
}

static void test_bad_secrets(void)
{
	static const char *const bad[] = {"whsec_!!\n", "whsec_\n", "\n", "two\nlines\n"};
	struct rig rig;

	rig_start(&rig, &notifier_webhook, NOTICE_PENDING);
	rig.conf.secret_file = secret(&rig, "key", "x");
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		scratch_file(rig.dir, "key", bad[i]);
		g_assert_cmpint(g_chmod(rig.conf.secret_file, 0600), ==, 0);
		g_assert_false(notifier_webhook.open(&rig.self, &error));
		g_assert_nonnull(error);
	}
	rig_stop(&rig);
}

static void test_ntfy_limits(void)
{
	struct rig rig;

	rig_start(&rig, &notifier_ntfy, NOTICE_PENDING);
	rig.conf.topic = (char *)"t";
	rig.conf.person = (char *)"alice";
	rig_open(&rig);
	fill(rig.notice);
	g_free(rig.notice->stack);
	rig.notice->stack = g_strnfill(400, 'w');
	tell(&rig);
	g_assert_cmpstr(json_str(&rig.body, "topic", 64), ==, "t");
	g_assert_cmpuint(strlen(json_str(&rig.body, "message", 1 << 20)), <=, 4096);
	g_assert_cmpuint(strlen(json_str(&rig.body, "title", 1 << 20)), <=, 250);
	g_assert_cmpint(json_int(&rig.body, "priority", 1, 5), ==, 4);
	rig_stop(&rig);
}

static size_t count_actions(struct rig *rig)
{
	struct json_arr actions;

	return json_arr_get(&rig->body, "actions", 10, &actions);
}

static void test_ntfy_buttons(void)
{
	struct rig rig;

	rig_start(&rig, &notifier_ntfy, NOTICE_PENDING);
	rig.conf.topic = (char *)"t";
	rig.conf.approve = false;
	rig.conf.token_file = secret(&rig, "token", "tk_hush\n");
	rig_open(&rig);
	tell(&rig); // nobody's topic: a link and nothing more
	g_assert_cmpuint(count_actions(&rig), ==, 1);
	g_assert_cmpstr(rig.message.send.headers[0], ==, "Authorization: Bearer tk_hush");
	rig.conf.person = (char *)"zoe"; // who may not decide
	tell(&rig);
	g_assert_cmpuint(count_actions(&rig), ==, 1);
	rig.conf.person = (char *)"alice";
	tell(&rig);
	g_assert_cmpuint(count_actions(&rig), ==, 2);
	g_assert_true(has(&rig, "\\\"verdict\\\":\\\"reject\\\""));
	g_assert_false(has(&rig, "\\\"verdict\\\":\\\"approve\\\""));
	rig.conf.approve = true;
	tell(&rig);
	g_assert_cmpuint(count_actions(&rig), ==, 3); // as many as ntfy shows
	g_assert_true(has(&rig, "\\\"verdict\\\":\\\"approve\\\""));
	rig.message.plain = true;
	tell(&rig);
	g_assert_false(json_has(&rig.body, "actions"));
	rig_stop(&rig);
}

static struct json_obj attachment(struct rig *rig, struct json_obj *from)
{
	struct json_arr arr;
	struct json_obj one;

	(void)rig;
	g_assert_cmpuint(json_arr_get(from, "attachments", 1, &arr), ==, 1);
	g_assert_true(json_arr_obj(&arr, 0, &one));
	return one;
}

static void test_mattermost_limits_and_escapes(void)
{
	struct json_obj one;
	const char *text;
	struct rig rig;

	rig_start(&rig, &notifier_mattermost, NOTICE_PENDING);
	rig.conf.url = NULL;
	rig.conf.url_file = secret(&rig, "url", "https://chat.example.org/hooks/hush\n");
	rig_open(&rig);
	add_commit(rig.notice, "@all", "**bold** [x](http://evil) `code` <!channel>");
	g_free(rig.notice->diff);
	rig.notice->diff = g_strdup("-a\n+```\n+@all\n");
	tell(&rig);
	g_assert_cmpstr(rig.message.send.url, ==, "https://chat.example.org/hooks/hush");
	one = attachment(&rig, &rig.body);
	text = json_str(&one, "text", 1 << 20);
	g_assert_nonnull(strstr(text, "@\xe2\x80\x8b"));
	g_assert_null(strstr(text, "(@all"));
	g_assert_nonnull(strstr(text, "\\*\\*bold\\*\\* \\[x\\]"));
	g_assert_null(strstr(text, "+```"));
	g_assert_false(json_has(&one, "actions")); // there is no secret
	fill(rig.notice);
	tell(&rig);
	one = attachment(&rig, &rig.body);
	text = json_str(&one, "text", 1 << 20);
	g_assert_cmpint(g_utf8_strlen(text, -1), <, 16383);
	rig.message.plain = true;
	tell(&rig);
	g_assert_false(json_has(&rig.body, "attachments"));
	rig_stop(&rig);
}

static void test_mattermost_bot(void)
{
	static const char answer[] = "{\"id\":\"8p4wyhk5ybdjxmq7pkuahfk5oe\",\"x\":1.5}";
	struct http_received received = {.status = 201, .body = answer, .len = sizeof(answer) - 1};
	struct notifier_outcome outcome = {.fate = NOTIFIER_PERMANENT};
	g_autoptr(GError) error = NULL;
	struct json_obj props, one;
	struct json_arr actions;
	struct rig rig;

	rig_start(&rig, &notifier_mattermost, NOTICE_PENDING);
	rig.conf.url = (char *)"https://chat.example.org/"; // as a browser shows it
	rig.conf.channel = (char *)"chan1";
	rig.conf.token_file = secret(&rig, "token", "hush\n");
	rig.conf.secret_file = secret(&rig, "secret", "hush2\n");
	g_assert_true(notifier_mattermost.check(&rig.conf, &error));
	rig_open(&rig);
	g_assert_true((rig.self.caps & NOTIFIER_UPDATE) != 0);
	tell(&rig);
	g_assert_cmpstr(rig.message.send.url, ==, "https://chat.example.org/api/v4/posts");
	g_assert_cmpstr(rig.message.send.headers[0], ==, "Authorization: Bearer hush");
	g_assert_cmpstr(json_str(&rig.body, "channel_id", 64), ==, "chan1");
	g_assert_true(json_obj_get(&rig.body, "props", &props));
	one = attachment(&rig, &props);
	g_assert_cmpuint(json_arr_get(&one, "actions", 5, &actions), ==, 2);
	g_assert_false(has(&rig, "hush2"));
	notifier_mattermost.judge(&rig.self, &received, &outcome);
	g_assert_cmpint(outcome.fate, ==, NOTIFIER_DELIVERED);
	g_assert_cmpstr(outcome.handle, ==, "8p4wyhk5ybdjxmq7pkuahfk5oe");
	http_send_clear(&rig.message.send);
	rig.message.handle = outcome.handle;
	g_assert_true(notifier_mattermost.refresh(&rig.self, rig.notice, &rig.message, &error));
	g_assert_cmpstr(rig.message.send.method, ==, "PUT");
	g_assert_cmpstr(rig.message.send.url, ==,
			"https://chat.example.org/api/v4/posts/8p4wyhk5ybdjxmq7pkuahfk5oe/patch");
	notifier_outcome_clear(&outcome);
	/* an id that would lead elsewhere is none */
	received.body = "{\"id\":\"../../x\"}";
	received.len = strlen(received.body);
	notifier_mattermost.judge(&rig.self, &received, &outcome);
	g_assert_null(outcome.handle);
	rig_stop(&rig);
}

static void test_answers_are_judged(void)
{
	static const struct {
		long status;
		enum notifier_fate fate;
	} rows[] = {
		{200, NOTIFIER_DELIVERED}, {204, NOTIFIER_DELIVERED}, {0, NOTIFIER_LATER},
		{408, NOTIFIER_LATER},	   {429, NOTIFIER_LATER},     {500, NOTIFIER_LATER},
		{503, NOTIFIER_LATER},	   {400, NOTIFIER_PAYLOAD},   {413, NOTIFIER_PAYLOAD},
		{302, NOTIFIER_PERMANENT}, {401, NOTIFIER_PERMANENT}, {403, NOTIFIER_PERMANENT},
		{404, NOTIFIER_PERMANENT}, {410, NOTIFIER_PERMANENT},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct http_received answer = {.status = rows[i].status,
					       .body = "",
					       .retry_after = 9,
					       .problem = rows[i].status == 0 ? "no answer" : NULL};
		struct notifier_outcome outcome = {.fate = NOTIFIER_GONE};

		notify_judge(&answer, &outcome);
		g_assert_cmpint(outcome.fate, ==, rows[i].fate);
		g_assert_true((outcome.problem == NULL) == (outcome.fate == NOTIFIER_DELIVERED));
		g_assert_cmpint(outcome.wait, ==, outcome.fate == NOTIFIER_LATER ? 9 : 0);
		notifier_outcome_clear(&outcome);
	}
}

static void test_table(void)
{
	for (size_t i = 0; notifiers[i] != NULL; i++) {
		g_assert_true(notifier_ops_find(notifiers[i]->name) == notifiers[i]);
		g_assert_nonnull(notifiers[i]->announce);
		g_assert_nonnull(notifiers[i]->judge);
		g_assert_nonnull(notifiers[i]->refresh);
	}
	g_assert_null(notifier_ops_find("pigeon"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/notify/what-a-plan-stands-on", test_what_a_plan_stands_on);
	g_test_add_func("/notify/cutting-splits-nothing", test_cutting_splits_nothing);
	g_test_add_func("/notify/clean-shows-what-hides", test_clean_shows_what_hides);
	g_test_add_func("/notify/plain-text-says-it-all", test_plain_text_says_it_all);
	g_test_add_func("/notify/packages-and-commands-are-told",
			test_packages_and_commands_are_told);
	g_test_add_func("/notify/every-state-has-a-title", test_every_state_has_a_title);
	g_test_add_func("/notify/broken-glass-stands-in-each-title",
			test_broken_glass_stands_in_each_title);
	g_test_add_func("/notify/broken-glass-is-an-alarm", test_broken_glass_is_an_alarm);
	g_test_add_func("/notify/answers-are-judged", test_answers_are_judged);
	g_test_add_func("/notify/table", test_table);
	g_test_add_func("/webhook/is-signed", test_webhook_is_signed);
	g_test_add_func("/webhook/says-the-plan", test_webhook_says_the_plan);
	g_test_add_func("/webhook/keeps-to-its-schema", test_webhook_keeps_to_its_schema);
	g_test_add_func("/webhook/keeps-tokens-back", test_webhook_keeps_tokens_back);
	g_test_add_func("/webhook/plain-is-small", test_webhook_plain_is_small);
	g_test_add_func("/webhook/bad-secrets", test_bad_secrets);
	g_test_add_func("/ntfy/limits", test_ntfy_limits);
	g_test_add_func("/ntfy/buttons", test_ntfy_buttons);
	g_test_add_func("/mattermost/limits-and-escapes", test_mattermost_limits_and_escapes);
	g_test_add_func("/mattermost/bot", test_mattermost_bot);
	return g_test_run();
}
