/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/http/page*.c: what a reviewer sees. */
#include "agent/http/page.h"

#include <string.h>

#include "agent/http/page-diff.h"
#include "agent/http/page-overview.h"
#include "agent/http/page-rows.h"
#include "unit/markup-check.h"
#include "unit/plans.h"

#define ID "sha256:3f2a9c1b00112233445566778899aabbccddeeff00112233445566778899aabb"
#define HOSTILE "<script>x</script>\"'&\xe2\x80\xae\xff\x1b[1m"

struct fixture {
	struct plan plan;
	struct plan_change changes[3];
	struct plan_commit commit;
	struct fold_plan known;
	struct page_plan view;
	GString *diff;
};

static void vote_free(void *data)
{
	struct fold_vote *vote = data;

	g_free(vote->person);
	g_free(vote->reason);
	g_free(vote->fingerprint);
	g_free(vote);
}

static void set_up(struct fixture *f, const void *data)
{
	(void)data;
	plan_rig_sample(&f->plan, &f->changes[0], &f->commit);
	g_strlcpy(f->known.id, ID, sizeof(f->known.id));
	f->known.stack = g_strdup("web");
	f->known.commit = g_strdup(f->plan.target_commit);
	f->known.phase = STACK_PHASE_OPEN;
	f->known.required = 1;
	f->known.votes = g_ptr_array_new_with_free_func(vote_free);
	f->diff = g_string_new(PLAN_DIFF);
	f->view = (struct page_plan){
		.frame = {.root = "../", .agent = "web1", .person = "alice", .csrf = "c5rf"},
		.plan = &f->plan,
		.known = &f->known,
		.now = PLAN_TIME + 60};
}

static void tear_down(struct fixture *f, const void *data)
{
	(void)data;
	g_free(f->known.stack);
	g_free(f->known.commit);
	g_free(f->known.end);
	g_ptr_array_unref(f->known.votes);
	g_string_free(f->diff, TRUE);
}

static char *render(struct fixture *f, struct markup *m)
{
	size_t len;
	char *text;

	f->view.diff = f->diff->str;
	f->view.diff_len = f->diff->len;
	text = page_plan(&f->view, &len);
	markup_check(m, text, len);
	return text;
}

static void set_diff(struct fixture *f, const char *text)
{
	g_string_assign(f->diff, text);
	f->changes[0].diff_size = (int64_t)f->diff->len;
}

static void test_a_plan_is_told_and_asked_about(struct fixture *f, const void *data)
{
	struct markup m;
	g_autofree char *text = render(f, &m);

	(void)data;
	g_assert_true(markup_says(&m, "Plan 3f2a9c1b0011 of stack 'web'"));
	g_assert_true(markup_says(&m, "waiting for approval"));
	g_assert_true(markup_says(&m, "1 more approval is needed, from: alice, bob."));
	g_assert_true(markup_says(&m, "Nothing is removed."));
	g_assert_true(markup_says(&m, "1 change is of what root owns."));
	g_assert_true(markup_says(&m, "Bob <bob@example.com>"));
	g_assert_true(markup_says(&m, "Nobody has decided yet."));
	g_assert_nonnull(strstr(text, "name=\"csrf\" value=\"c5rf\""));
	g_assert_nonnull(strstr(text, "name=\"plan\" value=\"" ID "\""));
	g_assert_nonnull(strstr(text, "action=\"../plans/3f2a9c1b0011/decision\""));
	g_assert_nonnull(strstr(text, "<html lang=\"en\">"));
	g_assert_null(strstr(text, "name=\"seen\""));
	markup_clear(&m);
}

static void test_nothing_of_the_repository_is_markup(struct fixture *f, const void *data)
{
	struct fold_vote *vote = g_new0(struct fold_vote, 1);
	g_autofree char *text = NULL;
	struct markup m;

	(void)data;
	f->commit.subject = f->commit.author_name = f->commit.committer_email = HOSTILE;
	f->commit.signer = f->plan.repository = f->plan.path = f->plan.stack = HOSTILE;
	f->plan.agent = f->plan.ref = f->plan.reason = f->plan.on_failure = HOSTILE;
	f->changes[0].id = f->changes[0].renamed_from = f->changes[0].observed.owner = HOSTILE;
	f->changes[0].desired.link = HOSTILE;
	f->view.missing = f->view.problem = f->view.reason = HOSTILE;
	f->view.frame.person = f->view.frame.agent = HOSTILE;
	vote->person = g_strdup(HOSTILE);
	vote->reason = g_strdup(HOSTILE);
	vote->by.channel = CHANNEL_PAGE;
	vote->fingerprint = g_strdup(HOSTILE);
	g_ptr_array_add(f->known.votes, vote);
	set_diff(f, "diff --git a" HOSTILE " b\n--- a\n+++ b\n@@ -1 +1 @@\n-" HOSTILE "\n+" HOSTILE
		    "\n");
	text = render(f, &m); // judged there
	g_assert_true(markup_says(&m, "<script>x</script>\"'&<U+202E><FF><U+001B>[1m"));
	g_assert_true(markup_says(&m, "shown by their numbers"));
	markup_clear(&m);
}

static void test_what_is_gone_and_who_pushed(struct fixture *f, const void *data)
{
	const char *pushers[] = {"carol", HOSTILE};
	struct plan_commit gone = f->commit;
	g_autofree char *text = NULL, *unknown = NULL;
	struct markup m;

	(void)data;
	gone.subject = gone.author_name = HOSTILE;
	f->plan.is_rewritten = true;
	f->plan.rewritten = (struct plan_rewritten){
		.commits = &gone, .commits_count = 1, .total = 4, .person = HOSTILE};
	f->plan.rewritten.reason = HOSTILE;
	f->plan.pushers = pushers;
	f->plan.pushers_count = 2;
	text = render(f, &m); // no markup of theirs
	g_assert_true(markup_says(&m, "The history was REWRITTEN: 4 commits that were applied"));
	g_assert_true(markup_says(&m, "and 3 older ones"));
	g_assert_true(markup_says(&m, "accepted by <script>"));
	g_assert_true(markup_says(&m, "pushed by"));
	g_assert_true(markup_says(&m, "carol, <script>"));
	markup_clear(&m);
	f->plan.rewritten = (struct plan_rewritten){.total = -1, .person = "bob", .reason = "why"};
	unknown = render(f, &m);
	g_assert_true(markup_says(&m, "The history was REWRITTEN."));
	g_assert_true(markup_says(&m, "not known any more"));
	markup_clear(&m);
}

static void test_a_trial_and_a_restore_are_told(struct fixture *f, const void *data)
{
	const char *restores[] = {
		"sha256:7777777777777777777777777777777777777777777777777777777777777777", ID};
	g_autofree char *before = NULL, *trial = NULL, *back = NULL;
	struct markup m;

	(void)data;
	before = render(f, &m);
	g_assert_false(markup_says(&m, "trial until"));
	g_assert_false(markup_says(&m, "puts back what was approved by"));
	markup_clear(&m);
	f->plan.reason = "try";
	f->plan.until = PLAN_TIME + 3600;
	trial = render(f, &m);
	g_assert_true(markup_says(&m, "trial until"));
	g_assert_true(markup_says(&m, "what it changed is put back without being asked"));
	markup_clear(&m);
	f->plan.reason = "return";
	f->plan.until = 0;
	f->plan.restores = restores;
	f->plan.restores_count = 2;
	back = render(f, &m);
	g_assert_true(markup_says(&m, "a trial has ended"));
	g_assert_true(markup_says(&m, "puts back what was approved by"));
	g_assert_true(markup_says(&m, "777777777777, 3f2a9c1b0011"));
	g_assert_nonnull(strstr(back, "plans/777777777777\""));
	markup_clear(&m);
}

static void test_bytes_of_contents_are_shown(struct fixture *f, const void *data)
{
	static const char section[] = "--- a\n+++ b\n@@ -1 +1 @@\n-a\0b\r\n+\tc\n";
	g_autofree char *text = NULL;
	struct markup m;

	(void)data;
	g_string_truncate(f->diff, 0);
	g_string_append_len(f->diff, section, sizeof(section) - 1);
	f->changes[0].diff_size = (int64_t)f->diff->len;
	text = render(f, &m);
	g_assert_true(markup_says(&m, "a<U+0000>b<U+000D>"));
	g_assert_true(markup_says(&m, "2 characters that are invisible")); // not counted twice
	g_assert_true(markup_says(&m, "\tc"));
	markup_clear(&m);
}

static void test_removals_come_first_and_are_counted(struct fixture *f, const void *data)
{
	g_autofree char *text = NULL;
	const char *gone, *made, *secret;
	struct markup m;

	(void)data;
	f->changes[1] = f->changes[2] = f->changes[0];
	f->changes[0].risk = 0;
	f->changes[1].id = "file:/srv/secret";
	f->changes[1].risk = RISK_SECRET;
	f->changes[2].id = "file:/srv/gone";
	f->changes[2].action = ACTION_REMOVE;
	f->changes[2].risk = RISK_DELETION;
	f->plan.changes_count = 3;
	g_string_append(f->diff, PLAN_DIFF PLAN_DIFF);
	text = render(f, &m);
	g_assert_true(markup_says(&m, "1 resource is REMOVED."));
	g_assert_true(markup_says(&m, "3 changes in all."));
	for (const char *part = text; part != NULL; part = strstr(part + 1, "<h2>Diff</h2>")) {
		gone = strstr(part, "file:/srv/gone"); // in the table, then in the diff
		secret = strstr(part, "file:/srv/secret");
		made = strstr(part, "file:/srv/x");
		g_assert_true(gone != NULL && gone < secret && secret < made);
	}
	markup_clear(&m);
}

static void append_lines(GString *diff, unsigned count, const char *line)
{
	g_string_append_printf(diff, "--- a\n+++ b\n@@ -0,0 +1,%u @@\n", count);
	for (unsigned i = 0; i < count; i++) {
		g_string_append_printf(diff, "+%s\n", line);
	}
}

static void expect_incomplete(struct fixture *f, const char *says)
{
	struct markup m;
	g_autofree char *text = render(f, &m);

	g_assert_true(markup_says(&m, says));
	g_assert_true(markup_says(&m, "Not all of the diff is shown"));
	g_assert_nonnull(strstr(text, "type=\"checkbox\" name=\"seen\""));
	g_assert_nonnull(strstr(text, "href=\"../plans/3f2a9c1b0011/diff\""));
	g_assert_true(page_is_incomplete(&f->view));
	g_assert_cmpuint(strlen(text), <, 4 * PAGE_DIFF_SIZE);
	markup_clear(&m);
}

static void test_a_long_file_is_cut(struct fixture *f, const void *data)
{
	(void)data;
	g_string_truncate(f->diff, 0);
	append_lines(f->diff, PAGE_FILE_LINES, "x");
	f->changes[0].diff_size = (int64_t)f->diff->len;
	expect_incomplete(f, "3 more lines of this file are not shown here.");
}

static void test_a_long_line_is_cut(struct fixture *f, const void *data)
{
	g_autofree char *line = g_strnfill(PAGE_LINE_BYTES + 1, 'y');

	(void)data;
	g_string_truncate(f->diff, 0);
	append_lines(f->diff, 1, line);
	f->changes[0].diff_size = (int64_t)f->diff->len;
	expect_incomplete(f, "the rest of this line is not shown");
}

static void test_a_large_plan_is_cut(struct fixture *f, const void *data)
{
	g_autofree struct plan_change *many = g_new(struct plan_change, PAGE_CHANGES + 5);

	(void)data;
	set_diff(f, PLAN_DIFF);
	g_string_truncate(f->diff, 0);
	for (size_t i = 0; i < PAGE_CHANGES + 5; i++) {
		many[i] = f->changes[0];
		g_string_append(f->diff, PLAN_DIFF);
	}
	f->plan.changes = many;
	f->plan.changes_count = PAGE_CHANGES + 5;
	expect_incomplete(f, "5 more changes are not listed here.");
}

static void test_escapes_cannot_blow_up_a_page(struct fixture *f, const void *data)
{
	g_autofree char *line = g_strnfill(PAGE_LINE_BYTES, '\x01');
	g_autofree struct plan_change *many = g_new(struct plan_change, 20);
	g_autoptr(GString) section = g_string_new(NULL);

	(void)data;
	append_lines(section, 1000, line);
	g_string_truncate(f->diff, 0);
	for (size_t i = 0; i < 20; i++) {
		many[i] = f->changes[0];
		many[i].diff_size = (int64_t)section->len;
		g_string_append_len(f->diff, section->str, (gssize)section->len);
	}
	f->plan.changes = many;
	f->plan.changes_count = 20;
	expect_incomplete(f, "more changes are not shown here.");
}

static void test_what_the_plan_itself_left_out(struct fixture *f, const void *data)
{
	(void)data;
	set_diff(f, "diff --git a/x b/x\n... too large to be shown\nold 9 bytes sha256:00\n");
	expect_incomplete(f, "too large to be shown");
	set_diff(f, "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n... 7 more lines\n");
	expect_incomplete(f, "7 more lines");
}

static void test_a_diff_of_another_size_is_left_out(struct fixture *f, const void *data)
{
	(void)data;
	f->changes[0].diff_size = 1 << 20;
	expect_incomplete(f, "The diff of 1 more change is not shown here.");
}

static void test_who_cannot_decide_is_told_why(struct fixture *f, const void *data)
{
	g_autofree char *text = NULL;
	struct markup m;

	(void)data;
	f->view.barred = "a signature is needed";
	text = render(f, &m);
	g_assert_true(markup_says(&m, "a signature is needed"));
	g_assert_null(strstr(text, "name=\"decision\""));
	markup_clear(&m);
}

static void test_an_author_can_reject(struct fixture *f, const void *data)
{
	g_autofree char *text = NULL;
	struct markup m;

	(void)data;
	f->view.no_approval = "you wrote it";
	text = render(f, &m);
	g_assert_true(markup_says(&m, "you wrote it"));
	g_assert_nonnull(strstr(text, "value=\"reject\""));
	g_assert_null(strstr(text, "value=\"approve\""));
	markup_clear(&m);
}

static void test_silence_and_windows_are_told(struct fixture *f, const void *data)
{
	static const char *const glass[] = {"carol", "dora", NULL};
	g_autofree char *text = NULL;
	struct markup m;

	(void)data;
	text = render(f, &m);
	g_assert_false(markup_says(&m, "silence"));
	g_assert_false(markup_says(&m, "break-glass"));
	g_assert_null(strstr(text, "id=\"window\""));
	markup_clear(&m);
	f->plan.policy.quiet = 600;
	f->plan.policy.break_glass = (const char **)glass;
	f->view.quiet = PLAN_TIME + 600;
	f->view.windows = f->view.shut = true;
	f->view.opens = PLAN_TIME + 7200;
	g_free(text);
	text = render(f, &m);
	g_assert_true(markup_says(&m, "1 more approval is needed, from: alice, bob. Or it is "
				      "approved by silence, if nobody rejects it until: "));
	g_assert_true(markup_says(&m, "when nobody rejects it for 600 seconds"));
	g_assert_true(
		markup_says(&m, "each of these, in an emergency and with a reason: carol, dora"));
	g_assert_true(markup_says(&m, "No window lets it through now, also when it is approved. "
				      "The next one opens: "));
	markup_clear(&m);
	f->view.opens = 0;
	g_free(text);
	text = render(f, &m);
	g_assert_true(markup_says(&m, "none opens within a year"));
	markup_clear(&m);
	f->view.shut = false;
	g_free(text);
	text = render(f, &m);
	g_assert_true(markup_says(&m, "Its windows let it through now"));
	markup_clear(&m);
	f->known.phase = STACK_PHASE_APPLIED;
	g_free(text);
	text = render(f, &m);
	g_assert_null(strstr(text, "id=\"window\""));
	g_assert_false(markup_says(&m, "approved by silence"));
	markup_clear(&m);
}

static void test_broken_glass_is_prominent(struct fixture *f, const void *data)
{
	struct fold_vote *vote = g_new0(struct fold_vote, 1);
	g_autofree char *text = NULL;
	struct markup m;

	(void)data;
	vote->person = g_strdup("carol");
	vote->reason = g_strdup(HOSTILE " is down");
	vote->verdict = VERDICT_BREAK_GLASS;
	g_ptr_array_add(f->known.votes, vote);
	f->known.required = 2;
	f->view.windows = f->view.shut = true;
	text = render(f, &m);
	g_assert_true(markup_says(
		&m,
		"BREAK-GLASS: carol decided for all, whoever else should have. Reason: <script>"));
	g_assert_nonnull(strstr(text, "class=\"banner\" id=\"break-glass\""));
	g_assert_false(markup_says(&m, "more approval"));
	g_assert_false(markup_says(&m, "No window lets"));
	g_assert_null(strstr(text, ">rejected<"));
	markup_clear(&m);
	for (int phase = STACK_PHASE_APPLYING; phase <= STACK_PHASE_INTERRUPTED; phase++) {
		f->known.phase = (enum stack_phase)phase;
		g_free(text);
		text = render(f, &m);
		g_assert_true(markup_says(&m, "BREAK-GLASS: carol decided for all"));
		markup_clear(&m);
	}
}

static void test_what_was_changed_outside_has_a_column(struct fixture *f, const void *data)
{
	g_autofree char *text = NULL;
	struct markup m;

	(void)data;
	text = render(f, &m);
	g_assert_nonnull(strstr(text, ">changed outside</th>"));
	g_assert_false(markup_says(&m, "changed since:"));
	markup_clear(&m);
	f->changes[0].outside_commit = "0123456789abcdef0123456789abcdef01234567";
	f->changes[0].outside_time = PLAN_TIME;
	g_free(text);
	text = render(f, &m);
	g_assert_true(markup_says(&m, "1 resource was changed outside since it was applied."));
	g_assert_true(markup_says(&m, "changed since: "));
	g_assert_nonnull(strstr(text, "<code>0123456789ab</code>"));
	g_assert_null(strstr(text, ", commit 0123")); // not told twice
	markup_clear(&m);
}

#define STEP(action, id, message, outcome)                                                         \
	"{\"action\":\"" action "\",\"id\":\"" id "\",\"message\":\"" message                      \
	"\",\"outcome\":\"" outcome "\"}"

static struct steps *some_steps(const char *text)
{
	g_autoptr(GError) error = NULL;
	struct steps *steps = NULL;

	g_assert_true(steps_parse(text, strlen(text), &steps, &error));
	g_assert_no_error(error);
	return steps;
}

static void test_steps_of_an_apply(struct fixture *f, const void *data)
{
	g_autoptr(steps_auto) steps =
		some_steps("{\"steps\":[" STEP("create", "file:/etc/a", "", "done") "," STEP(
			"restart", "service:a", "a <b>\\nline two",
			"failed") "," STEP("run", "command:m", "", "left") "]}");
	g_autofree char *text = NULL;
	const char *first;
	struct markup m;

	(void)data;
	text = render(f, &m);
	g_assert_false(markup_says(&m, "last apply"));
	markup_clear(&m);
	f->known.phase = STACK_PHASE_FAILED;
	f->known.done = 1;
	f->known.left = 4;
	f->known.halted = true;
	f->known.mode = MODE_RESUME;
	f->known.person = (char *)"bob";
	f->view.steps = steps;
	g_free(text);
	text = render(f, &m);
	g_assert_true(markup_says(&m, "Of the last apply: 1 done, 0 undone, 4 left."));
	g_assert_true(markup_says(&m, "It has halted: 'assent apply --resume web' goes on"));
	g_assert_true(markup_says(&m, "It was resumed by bob."));
	g_assert_true(markup_says(&m, "2 more changes are not listed here."));
	first = strstr(text, "service:a");
	g_assert_nonnull(first);
	g_assert_nonnull(strstr(first, "command:m"));
	g_assert_nonnull(strstr(strstr(first, "command:m"), "file:/etc/a"));
	g_assert_nonnull(strstr(text, "a &lt;b&gt;<br/>line two"));
	markup_clear(&m);
	f->known.halted = false;
	f->known.mode = MODE_UNDO;
	g_free(text);
	text = render(f, &m);
	g_assert_true(markup_says(&m, "It was undone by bob."));
	g_assert_null(strstr(text, "id=\"halted\""));
	markup_clear(&m);
}

static void test_bad_lists_of_steps(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"steps\":[],\"more\":1}",
		"{\"steps\":[{}]}",
		"{\"steps\":[" STEP("run", "command:m", "", "perhaps") "]}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct steps *steps = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_false(steps_parse(bad[i], strlen(bad[i]), &steps, &error));
		g_assert_nonnull(error);
		g_assert_null(steps);
	}
}

static void test_the_overview_tells_what_halted(struct fixture *f, const void *data)
{
	struct page_stack stack = {.name = "web",
				   .reason = "",
				   .state = STACK_STATE_FAILED,
				   .commit = "",
				   .applied = "",
				   .halted = &f->known,
				   .resumable = true};
	struct page_overview view = {
		.frame = {.root = "./", .agent = "web1", .person = "alice", .csrf = "c5rf"},
		.stacks = &stack,
		.stacks_count = 1,
		.log_root = ID,
		.now = PLAN_TIME};
	struct markup m;
	char *text;
	size_t len;

	(void)data;
	text = page_overview(&view, &len);
	markup_check(&m, text, len);
	g_assert_true(markup_says(&m, "Halted, can be resumed or undone: 3f2a9c1b0011"));
	markup_clear(&m);
	g_free(text);
	stack.resumable = false;
	text = page_overview(&view, &len);
	markup_check(&m, text, len);
	g_assert_false(markup_says(&m, "Alert"));
	g_assert_true(markup_says(&m, "Halted, can be undone: 3f2a9c1b0011"));
	markup_clear(&m);
	g_free(text);
}

static void test_the_overview_tells_of_alerts(struct fixture *f, const void *data)
{
	struct alert_log log = {0};
	struct page_stack stack = {.name = "web",
				   .reason = "",
				   .state = STACK_STATE_DRIFTED,
				   .commit = "",
				   .applied = "",
				   .alerts = &log};
	struct page_overview view = {
		.frame = {.root = "./", .agent = "web1", .person = "alice", .csrf = "c5rf"},
		.stacks = &stack,
		.stacks_count = 1,
		.log_root = ID,
		.now = PLAN_TIME};
	struct markup m;
	size_t len;

	(void)f;
	(void)data;
	for (unsigned i = 0; i < 3; i++) { // raised, quiet, over
		g_autofree char *text = NULL;

		log.of[CONDITION_DRIFT].raised = i < 2;
		log.of[CONDITION_DRIFT].quiet = i == 1;
		log.of[CONDITION_DRIFT].began = PLAN_TIME - 600;
		stack_keep(log.of[CONDITION_DRIFT].reason, "<b>2 changes");
		text = page_overview(&view, &len);
		markup_check(&m, text, len);
		g_assert_true(markup_says(&m, "Alert: <b>2 changes") == (i == 0));
		g_assert_true(markup_says(&m, "Alert, not told while suspended: <b>2 changes") ==
			      (i == 1));
		markup_clear(&m);
	}
}

static void test_a_plan_that_has_ended_has_no_form(struct fixture *f, const void *data)
{
	(void)data;
	f->known.ended = PLAN_TIME + 30;
	f->known.end = g_strdup("a newer commit came");
	f->view.newer = "sha256:77777777777777777777777777777777777777777777777777777777777777aa";
	for (int phase = STACK_PHASE_APPLYING; phase <= STACK_PHASE_INTERRUPTED; phase++) {
		struct markup m;
		g_autofree char *text = NULL;

		f->known.phase = (enum stack_phase)phase;
		text = render(f, &m);
		g_assert_true(markup_says(&m, page_phase_text(f->known.phase)));
		g_assert_true(
			markup_says(&m, "Another plan has taken this one's place: 777777777777"));
		g_assert_null(strstr(text, "name=\"decision\""));
		markup_clear(&m);
	}
}

static void expect_rows(const char *section, const char *want)
{
	static const char signs[] = {'H', '@', ' ', '-', '+', 'N'};
	g_autoptr(GString) got = g_string_new(NULL);
	bool cut;
	g_autoptr(GArray) rows = page_diff_rows(section, strlen(section), &cut);

	for (unsigned i = 0; i < rows->len; i++) {
		const struct diff_row *row = &g_array_index(rows, struct diff_row, i);

		g_string_append_printf(got, "%c%d,%d ", signs[row->kind], (int)row->old,
				       (int)row->new);
	}
	g_assert_cmpstr(got->str, ==, want);
}

static void test_rows_of_a_section(void)
{
	expect_rows(PLAN_DIFF, "H0,0 H0,0 @0,0 +0,1 ");
	expect_rows("--- a\n+++ b\n@@ -3,3 +3,2 @@ f()\n x\n-y\n z\n",
		    "H0,0 H0,0 @0,0  3,3 -4,0  5,4 ");
	/* Content that looks like a header is content. */
	expect_rows("--- a\n+++ b\n@@ -1,2 +1 @@\n--- c\n-@@ -1 +1 @@\n+++ d\n... 9\n",
		    "H0,0 H0,0 @0,0 -1,0 -2,0 +0,1 N0,0 ");
	expect_rows("--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
		    "\\ No newline at end of file\n",
		    "H0,0 H0,0 @0,0 -1,0 N0,0 +0,1 N0,0 ");
	/* Bytes that a hunk does not count are shown, too. */
	expect_rows("@@ -1 +1 @@\n-a\n+b\n+c\n", "@0,0 -1,0 +0,1 N0,0 ");
	expect_rows("@@ -1,99999999999 +1 @@\n+b", "H0,0 H0,0 ");
	expect_rows("Binary files differ\nnew 3 bytes sha256:00\n", "H0,0 H0,0 ");
	expect_rows("@@ -\n@@\n\n", "H0,0 H0,0 H0,0 ");
	expect_rows("", "");
}

static void test_the_style_sheet_is_named_by_its_digest(void)
{
	g_autofree char *style = page_style();
	struct page_message message = {.frame = {.title = "t", .root = "./"}, .text = "x"};
	g_autofree char *sum = NULL, *text = NULL, *want = NULL;
	const char *begin, *end;
	guint8 digest[32];
	gsize size = sizeof(digest), len;
	GChecksum *sha256 = g_checksum_new(G_CHECKSUM_SHA256);

	text = page_message(&message, &len);
	begin = strstr(text, "<style>") + strlen("<style>");
	end = strstr(text, "</style>");
	g_checksum_update(sha256, (const guchar *)begin, end - begin);
	g_checksum_get_digest(sha256, digest, &size);
	g_checksum_free(sha256);
	sum = g_base64_encode(digest, size);
	want = g_strdup_printf("'sha256-%s'", sum);
	g_assert_cmpstr(style, ==, want);
}

static void test_the_overview(struct fixture *f, const void *data)
{
	struct page_stack stacks[] = {
		{"web", HOSTILE, STACK_STATE_PENDING, PLAN_TIME, "abc", "", &f->known},
		{"db", "all is as approved", STACK_STATE_CONVERGED, PLAN_TIME, "abc", "abc", NULL},
	};
	struct page_past past = {&f->known, HOSTILE, HOSTILE};
	struct fold_vote *vote = g_new0(struct fold_vote, 1);
	struct page_overview view = {.frame = {.root = "./", .person = HOSTILE, .csrf = HOSTILE},
				     .stacks = stacks,
				     .stacks_count = 2,
				     .past = &past,
				     .past_count = 1,
				     .older = 7,
				     .problem = HOSTILE,
				     .log_size = 12,
				     .log_root = HOSTILE,
				     .now = PLAN_TIME};
	g_autofree char *text = NULL;
	struct markup m;
	size_t len;

	(void)data;
	vote->person = g_strdup("carol");
	vote->verdict = VERDICT_BREAK_GLASS;
	g_ptr_array_add(f->known.votes, vote);
	f->known.summary[ACTION_REMOVE] = 2;
	f->known.summary[ACTION_CREATE] = 1;
	text = page_overview(&view, &len);
	markup_check(&m, text, len);
	g_assert_true(markup_says(&m, "2 remove, 1 create"));
	g_assert_true(markup_says(&m, "0 of 1"));
	g_assert_true(markup_says(&m, "BREAK-GLASS by carol"));
	g_assert_nonnull(strstr(text, "href=\"./?before=7\""));
	g_assert_nonnull(strstr(text, "href=\"./plans/3f2a9c1b0011\""));
	markup_clear(&m);
	view = (struct page_overview){.frame = {.root = "./"}, .log_root = ""};
	g_free(text);
	text = page_overview(&view, &len);
	markup_check(&m, text, len);
	g_assert_true(markup_says(&m, "Nothing waits for a decision."));
	markup_clear(&m);
}

#define ADD(name, test) g_test_add("/page/" name, struct fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("a-plan-is-told-and-asked-about", test_a_plan_is_told_and_asked_about);
	ADD("nothing-of-the-repository-is-markup", test_nothing_of_the_repository_is_markup);
	ADD("bytes-of-contents-are-shown", test_bytes_of_contents_are_shown);
	ADD("removals-come-first-and-are-counted", test_removals_come_first_and_are_counted);
	ADD("a-long-file-is-cut", test_a_long_file_is_cut);
	ADD("a-long-line-is-cut", test_a_long_line_is_cut);
	ADD("a-large-plan-is-cut", test_a_large_plan_is_cut);
	ADD("escapes-cannot-blow-up-a-page", test_escapes_cannot_blow_up_a_page);
	ADD("what-the-plan-itself-left-out", test_what_the_plan_itself_left_out);
	ADD("a-diff-of-another-size-is-left-out", test_a_diff_of_another_size_is_left_out);
	ADD("who-cannot-decide-is-told-why", test_who_cannot_decide_is_told_why);
	ADD("an-author-can-reject", test_an_author_can_reject);
	ADD("what-is-gone-and-who-pushed", test_what_is_gone_and_who_pushed);
	ADD("a-plan-that-has-ended-has-no-form", test_a_plan_that_has_ended_has_no_form);
	ADD("silence-and-windows-are-told", test_silence_and_windows_are_told);
	ADD("broken-glass-is-prominent", test_broken_glass_is_prominent);
	ADD("the-overview", test_the_overview);
	ADD("what-was-changed-outside-has-a-column", test_what_was_changed_outside_has_a_column);
	ADD("steps-of-an-apply", test_steps_of_an_apply);
	ADD("the-overview-tells-what-halted", test_the_overview_tells_what_halted);
	ADD("a-trial-and-a-restore-are-told", test_a_trial_and_a_restore_are_told);
	ADD("the-overview-tells-of-alerts", test_the_overview_tells_of_alerts);
	g_test_add_func("/page/bad-lists-of-steps", test_bad_lists_of_steps);
	g_test_add_func("/page/rows-of-a-section", test_rows_of_a_section);
	g_test_add_func("/page/the-style-sheet-is-named-by-its-digest",
			test_the_style_sheet_is_named_by_its_digest);
	return g_test_run();
}
