/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drafts are read, plans composed, addresses stripped. */
#include "agent/planner.h"

#include <string.h>

#include "base/autoptr.h"
#include "core/entry.h"
#include "core/record.h"
#include "plan-maker.h"

static char alice[] = "alice", bob[] = "bob";
static char *from[] = {alice, bob, NULL};
static const struct policy policy = {2, 3600, from, false,
				     CHANNEL_BIT(CHANNEL_SIGNATURE) | CHANNEL_BIT(CHANNEL_NTFY)};
static const struct hash approvers = {{0xab}};

static void test_draft(void)
{
	g_autoptr(draft_auto) draft = maker_load(maker_draft);
	const struct policy_change *changes = (const void *)draft->changes->data;

	g_assert_cmpuint(draft->changes->len, ==, 2);
	g_assert_cmpstr(changes[0].path, ==, "/srv/old");
	g_assert_cmpstr(changes[0].action, ==, "remove");
	g_assert_cmpstr(changes[1].kind, ==, "file");
	g_assert_cmphex(changes[0].risk, ==, RISK_DELETION | RISK_ROOT);
	g_assert_cmpint(draft->summary[ACTION_CREATE], ==, 1);
	g_assert_cmpint(draft->summary[ACTION_UPDATE], ==, 0);
	g_assert_cmpstr(g_ptr_array_index(draft->ids, 1), ==, "file:/etc/new");
}

/* The policy hears of a check that runs something. */
static void test_checks_of_a_draft(void)
{
	g_auto(GStrv) parts = g_strsplit(maker_draft, "\"checks\":[", 2);
	g_autofree char *text = g_strconcat(
		parts[0],
		"\"checks\":[{\"kind\":\"tcp\",\"target\":\"localhost:1\",\"within\":1},{\"exec\":{"
		"\"output\":1,\"run\":[\"true\"],\"timeout\":1},\"kind\":\"command\",\"target\":"
		"\"x\","
		"\"within\":1}",
		parts[1], NULL);
	g_autoptr(draft_auto) draft = maker_load(text);
	const struct policy_change *checks = (const void *)draft->checks->data;

	g_assert_cmpuint(draft->checks->len, ==, 1);
	g_assert_cmpstr(checks[0].kind, ==, "command");
	g_assert_cmpstr(checks[0].action, ==, "run");
	g_assert_cmpstr(checks[0].id, ==, "check:x");
	g_assert_cmpuint(draft->changes->len, ==, 2);
}

static void test_plan(void)
{
	g_autoptr(draft_auto) draft = maker_load(maker_draft);
	g_autoptr(plan_auto) plan = NULL;
	g_autofree char *text = NULL;
	struct planner_input in;
	GError *error = NULL;
	size_t len;

	maker_input(&in);
	in.policy = &policy;
	in.approvers = &approvers;
	in.draft = draft;
	if (!planner_compose(&in, &text, &len, &error)) {
		g_error("%s", error->message);
	}
	g_assert_cmpint(plan_parse(&plan, text, len, NULL), ==, 0);
	g_assert_cmphex(plan->policy.channels, ==,
			CHANNEL_BIT(CHANNEL_SIGNATURE) | CHANNEL_BIT(CHANNEL_NTFY));
	g_assert_null(plan->base_commit);
	g_assert_cmpstr(plan->target_tree, ==, MAKER_TREE);
	g_assert_cmpint(plan->expires, ==, 1767225600 + 3600);
	g_assert_cmpint(plan->policy.required, ==, 2);
	g_assert_cmpstr(plan->policy.from[1], ==, "bob");
	g_assert_true(hash_equal(&plan->policy.approvers, &approvers));
	g_assert_cmpstr(plan->commits[0].author_email, ==, "dora@example.org");
	g_assert_cmpint(plan->changes_count, ==, 2);
	g_assert_cmpint(plan->diff_size, ==, 16);
	g_assert_cmpint(plan->resources, ==, 10);
}

static void test_drift_has_no_commits(void)
{
	g_autoptr(draft_auto) draft = maker_load(maker_draft);
	g_autoptr(plan_auto) plan = NULL;
	g_autofree char *text = NULL;
	struct planner_input in;
	size_t len;

	maker_input(&in);
	in.policy = &policy;
	in.approvers = &approvers;
	in.draft = draft;
	in.commits = NULL;
	in.reason = "drift";
	in.base_commit = MAKER_COMMIT;
	in.base_tree = MAKER_TREE;
	g_assert_true(planner_compose(&in, &text, &len, NULL));
	g_assert_cmpint(plan_parse(&plan, text, len, NULL), ==, 0);
	g_assert_cmpint(plan->commits_total, ==, 0);
	g_assert_cmpstr(plan->base_commit, ==, MAKER_COMMIT);
}

/* One member more, before the last; the caller keeps the text for as long as the input. */
static char *add_to_commits(struct planner_input *in, const char *member)
{
	g_auto(GStrv) parts = g_strsplit(in->commits, "\"total\":", 2);
	char *text = g_strconcat(parts[0], member, "\"total\":", parts[1], NULL);

	in->commits = text;
	in->commits_len = strlen(text);
	return text;
}

#define GONE                                                                                       \
	"\"rewritten\":{\"commits\":[{\"author_email\":\"carol@example.org\","                     \
	"\"author_name\":\"Carol\",\"committer_email\":\"carol@example.org\","                     \
	"\"committer_name\":\"Carol\",\"id\":\"" MAKER_COMMIT                                      \
	"\",\"signature\":\"none\",\"subject\":\"gone\",\"time\":1}],\"total\":4},"

/* What is gone comes from the worker, who accepted it from the log; one alone makes no plan. */
static void test_rewritten(void)
{
	g_autoptr(draft_auto) draft = maker_load(maker_draft);
	g_autoptr(plan_auto) plan = NULL;
	g_autofree char *text = NULL;
	g_autofree char *commits = NULL;
	struct planner_input in;
	size_t len;

	maker_input(&in);
	in.policy = &policy;
	in.approvers = &approvers;
	in.draft = draft;
	in.base_commit = MAKER_COMMIT;
	in.base_tree = MAKER_TREE;
	in.rewritten_by = "alice";
	in.rewritten_why = "a secret";
	g_assert_false(planner_compose(&in, &text, &len, NULL));
	commits = add_to_commits(&in, GONE);
	g_assert_true(planner_compose(&in, &text, &len, NULL));
	g_assert_cmpint(plan_parse(&plan, text, len, NULL), ==, 0);
	g_assert_true(plan->is_rewritten);
	g_assert_cmpstr(plan->rewritten.person, ==, "alice");
	g_assert_cmpstr(plan->rewritten.reason, ==, "a secret");
	g_assert_cmpstr(plan->rewritten.commits[0].subject, ==, "gone");
	g_assert_cmpint(plan->rewritten.total, ==, 4);
	g_clear_pointer(&text, g_free);
	in.rewritten_by = NULL;
	g_assert_false(planner_compose(&in, &text, &len, NULL));
	g_assert_null(text);
}

static void test_pushers(void)
{
	g_autoptr(draft_auto) draft = maker_load(maker_draft);
	g_autoptr(plan_auto) plan = NULL;
	g_autofree char *text = NULL;
	g_autofree char *commits = NULL;
	struct planner_input in;
	size_t len;

	maker_input(&in);
	in.policy = &policy;
	in.approvers = &approvers;
	in.draft = draft;
	commits = add_to_commits(&in, "\"pushers\":[\"dora@example.org\"],");
	g_assert_true(planner_compose(&in, &text, &len, NULL));
	g_assert_cmpint(plan_parse(&plan, text, len, NULL), ==, 0);
	g_assert_cmpuint(plan->pushers_count, ==, 1);
	g_assert_cmpstr(plan->pushers[0], ==, "dora@example.org");
}

/* A worker that says too much, or too little, gets no signature. */
static void test_bad_drafts(void)
{
	static const char *const bad[][2] = {
		{"\"checks\":[]", "\"checks\":[],\"cheques\":[]"},
		{"\"checks\":[],", ""},
		{"\"on_failure\":\"rollback\"", "\"on_failure\":\"panic\""},
		{"\"type\":\"absent\"},\"path\"", "\"type\":\"void\"},\"path\""},
		{"\"diff\":\"sha256:0123", "\"diff\":\"sha256:XYZW"},
		{",\"diff_size\":16", ""},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_auto(GStrv) parts = g_strsplit(maker_draft, bad[i][0], 2);
		g_autofree char *spoiled = g_strjoin(bad[i][1], parts[0], parts[1], NULL);
		g_autoptr(draft_auto) draft = maker_load(spoiled);
		g_autofree char *text = NULL;
		g_autoptr(GError) error = NULL;
		struct planner_input in;
		size_t len;

		g_assert_nonnull(parts[1]);
		maker_input(&in);
		in.policy = &policy;
		in.approvers = &approvers;
		in.draft = draft;
		g_assert_false(planner_compose(&in, &text, &len, &error));
		g_assert_nonnull(error);
		g_assert_null(text);
	}
}

static void test_urls(void)
{
	static const char *const cases[][2] = {
		{"https://git.example.org/x", "https://git.example.org/x"},
		{"https://me:secret@git.example.org/x", "https://git.example.org/x"},
		{"https://me:p@ss@git.example.org/x@y", "https://git.example.org/x@y"},
		{"https://git.example.org?a=b@c", "https://git.example.org?a=b@c"},
		{"ssh://git@host/x", "ssh://host/x"},
		{"git@host:x/y@z", "host:x/y@z"},
		{"file:///srv/a@b", "file:///srv/a@b"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = planner_public_url(cases[i][0]);

		g_assert_cmpstr(got, ==, cases[i][1]);
	}
}

/* A draft with so many changes of this id, a member with its value. */
static struct draft *load_changes(unsigned count, const char *id)
{
	g_autoptr(GString) text = g_string_new("{\"changes\":[");

	for (unsigned i = 0; i < count; i++) {
		g_string_append_printf(text,
				       "%s{\"action\":\"create\",%s,\"kind\":\"file\",\"risk\":[]}",
				       i > 0 ? "," : "", id);
	}
	g_string_append(text, "]}");
	return maker_load(text->str);
}

/* The log takes the names of what drifted, and an entry that it cannot take ends the agent. */
static void test_ids_fit_into_the_log(void)
{
	g_autofree char *quotes = g_strnfill(3000, '\\');
	g_autofree char *many = g_strconcat("\"id\":\"", quotes, quotes, "\"", NULL);
	g_autoptr(draft_auto) odd = load_changes(1, "\"id_b64\":\"ZmlsZTovYf8=\"");
	g_autoptr(draft_auto) control = load_changes(1, "\"id_b64\":\"ZmlsZTovYRs=\"");
	g_autoptr(draft_auto) plain = load_changes(60, "\"id\":\"file:/a\"");
	g_autoptr(draft_auto) large = NULL;
	struct record record = {.type = ENTRY_DRIFT};
	autocfree char *fields = NULL;

	g_assert_cmpstr(g_ptr_array_index(odd->ids, 0), ==, "base64:ZmlsZTovYf8=");
	g_assert_cmpstr(g_ptr_array_index(control->ids, 0), ==, "base64:ZmlsZTovYRs=");
	g_assert_cmpuint(plain->ids->len, ==, DRAFT_IDS);
	large = load_changes(50, many);
	g_assert_cmpuint(large->changes->len, ==, 50);
	g_assert_cmpuint(large->ids->len, ==, 5);
	for (unsigned i = 0; i < large->ids->len; i++) {
		g_assert_cmpstr(g_ptr_array_index(large->ids, i), ==, quotes);
		record.u.drift.resources[i] = g_ptr_array_index(large->ids, i);
	}
	record.u.drift.resources_count = large->ids->len;
	g_assert_cmpint(record_write(&fields, &record, NULL), ==, 0);
	g_assert_cmpuint(strlen(fields), <, ENTRY_MAX_SIZE - 1024);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/planner/a-draft-is-read", test_draft);
	g_test_add_func("/planner/checks-of-a-draft", test_checks_of_a_draft);
	g_test_add_func("/planner/a-plan-says-what-came-in", test_plan);
	g_test_add_func("/planner/a-drift-has-no-commits", test_drift_has_no_commits);
	g_test_add_func("/planner/bad-drafts-become-no-plan", test_bad_drafts);
	g_test_add_func("/planner/rewritten-history", test_rewritten);
	g_test_add_func("/planner/pushers", test_pushers);
	g_test_add_func("/planner/addresses-lose-their-secrets", test_urls);
	g_test_add_func("/planner/ids-fit-into-the-log", test_ids_fit_into_the_log);
	return g_test_run();
}
