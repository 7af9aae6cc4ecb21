/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which approvals changes ask for. */
#include "agent/policy.h"

#include <string.h>

#include "base/error.h"
#include "core/plan.h"

static char alice[] = "alice", bob[] = "bob", carol[] = "carol", dora[] = "dora";
static char *ops[] = {alice, bob, carol, NULL};
static char *boss[] = {carol, NULL};
static char *outsider[] = {dora, NULL};

struct world {
	struct conf conf;
	struct conf_stack stack;
};

static void begin(struct world *w, struct conf_rule *rules, size_t count)
{
	*w = (struct world){0};
	w->conf.people = g_ptr_array_new();
	w->conf.groups = g_ptr_array_new();
	w->stack.name = (char *)"web";
	w->stack.approval = (struct conf_approval){1, ops, 3600, false};
	w->stack.rules = g_ptr_array_new();
	for (size_t i = 0; i < count; i++) {
		g_ptr_array_add(w->stack.rules, &rules[i]);
	}
}

static void finish(struct world *w)
{
	g_ptr_array_unref(w->conf.people);
	g_ptr_array_unref(w->conf.groups);
	g_ptr_array_unref(w->stack.rules);
}

/* "required from,from author expires" of the changes, or the error. */
static char *judge(struct conf_rule *rules, size_t rule_count, const struct policy_change *changes,
		   size_t count)
{
	g_autoptr(GError) error = NULL;
	struct policy policy;
	struct world w;
	char *text;

	begin(&w, rules, rule_count);
	if (!policy_of(&w.conf, &w.stack, "/home/me", changes, count, 100, &policy, &error)) {
		text = g_strdup_printf("error: %s", error->message);
	} else {
		g_autofree char *from = g_strjoinv(",", policy.from);

		text = g_strdup_printf("%d %s %d %d", (int)policy.required, from,
				       policy.author_may_approve, (int)policy.expires);
		policy_clear(&policy);
	}
	finish(&w);
	return text;
}

#define FILE_CHANGE(p)                                                                             \
	{                                                                                          \
		.kind = "file", .path = (p), .action = "update"                                    \
	}

static void expect(struct conf_rule *rules, size_t rule_count, const struct policy_change *changes,
		   size_t count, const char *what)
{
	g_autofree char *got = judge(rules, rule_count, changes, count);

	g_assert_cmpstr(got, ==, what);
}

static void test_base(void)
{
	const struct policy_change changes[] = {FILE_CHANGE("/etc/x")};

	expect(NULL, 0, changes, 1, "1 alice,bob,carol 0 3600");
}

static void test_strictest(void)
{
	struct conf_rule rules[] = {
		{.path = (char *)"/etc/**", .approval = {2, ops, 600, true}},
		{.risk = (char *)"deletion", .approval = {1, boss, 7200, false}},
	};
	const struct policy_change etc = FILE_CHANGE("/etc/x");
	const struct policy_change gone = {
		.kind = "file", .path = "/srv/x", .action = "remove", .risk = RISK_DELETION};
	const struct policy_change both[] = {etc, gone};
	const struct policy_change one = {.kind = "file",
					  .path = "/etc/x",
					  .action = "remove",
					  .risk = RISK_DELETION | RISK_ROOT};

	expect(rules, 2, &etc, 1, "2 alice,bob,carol 1 600");
	expect(rules, 2, &gone, 1, "1 carol 0 7200");
	/* two of whom only one may: nobody could ever approve */
	expect(rules, 2, both, 2,
	       "error: the rules of stack 'web' ask for 2 approvals, but all of them together "
	       "accept only 1 people; change its 'approval' or 'rules'");
	expect(rules, 2, &one, 1,
	       "error: the rules of stack 'web' ask for 2 approvals, but all of them together "
	       "accept only 1 people; change its 'approval' or 'rules'");
}

static void test_nobody(void)
{
	struct conf_rule rules[] = {
		{.kind = (char *)"file", .approval = {1, boss, 600, false}},
		{.action = (char *)"update", .approval = {1, outsider, 600, false}},
	};
	const struct policy_change change = FILE_CHANGE("/etc/x");
	g_autofree char *got = judge(rules, 2, &change, 1);

	g_assert_true(g_str_has_prefix(got, "error: "));
}

static void test_automatic(void)
{
	struct conf_rule rules[] = {
		{.path = (char *)"~/app/**", .approval = {0, ops, 600, true}},
	};
	const struct policy_change app[] = {FILE_CHANGE("/home/me/app/a"),
					    FILE_CHANGE("/home/me/app/b/c")};
	const struct policy_change mixed[] = {FILE_CHANGE("/home/me/app/a"),
					      FILE_CHANGE("/home/me/.ssh/config")};
	const struct policy_change pathless = {.kind = "file", .action = "update"};

	expect(rules, 1, app, 2, "0  1 600");
	expect(rules, 1, mixed, 2, "1 alice,bob,carol 0 600");
	expect(rules, 1, &pathless, 1, "1 alice,bob,carol 0 3600");
}

static void test_deletions(void)
{
	struct conf_rule rules[] = {{.kind = (char *)"file", .approval = {0, ops, 600, true}}};
	struct policy_change many[POLICY_DELETIONS + 1];
	g_autofree char *few = NULL;
	g_autofree char *lots = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(many); i++) {
		many[i] = (struct policy_change){
			.kind = "file", .path = "/x", .action = "remove", .risk = RISK_DELETION};
	}
	few = judge(rules, 1, many, POLICY_DELETIONS);
	lots = judge(rules, 1, many, POLICY_DELETIONS + 1);
	g_assert_cmpstr(few, ==, "0  1 600");
	g_assert_cmpstr(lots, ==, "1 alice,bob,carol 0 600");
}

static void test_share_of_deletions(void)
{
	struct conf_rule rules[] = {{.kind = (char *)"file", .approval = {0, ops, 600, true}}};
	struct policy_change few[POLICY_DELETIONS_FEW + 1];
	struct policy policy;
	struct world w;

	for (size_t i = 0; i < G_N_ELEMENTS(few); i++) {
		few[i] = (struct policy_change){
			.kind = "file", .path = "/x", .action = "remove", .risk = RISK_DELETION};
	}
	begin(&w, rules, 1);
	g_assert_true(
		policy_of(&w.conf, &w.stack, NULL, few, G_N_ELEMENTS(few), 16, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 0);
	policy_clear(&policy);
	g_assert_true(
		policy_of(&w.conf, &w.stack, NULL, few, G_N_ELEMENTS(few), 15, &policy, NULL));
	g_assert_cmpint(policy.required, ==, 1);
	policy_clear(&policy);
	finish(&w);
}

static void test_paths(void)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} cases[] = {
		{"/etc/x", "/etc/x", true},
		{"/etc/x", "/etc/xy", false},
		{"/etc/*", "/etc/x", true},
		{"/etc/*", "/etc/x/y", false},
		{"/etc/**", "/etc/x/y", true},
		{"/etc/**", "/etc", false},
		{"/etc/**", "/etc/", true},
		{"/etc/*.conf", "/etc/a.conf", true},
		{"/etc/*.conf", "/etc/a/b.conf", false},
		{"/**/b.conf", "/etc/a/b.conf", true},
		{"/**/*.conf", "/etc/a/b.conf", true},
		{"/**/*.conf", "/etc/a/b.confx", false},
		{"/*/x/**", "/a/x/b/c", true},
		{"/*/x/**", "/a/b/x/c", false},
		{"/etc/?", "/etc/a", true},
		{"/etc/?", "/etc/ab", false},
		{"/etc?x", "/etc/x", false},
		{"~/app/**", "/home/me/app/x", true},
		{"~/app/**", "/home/you/app/x", false},
		{"~x", "~x", true},
		{"", "", true},
		{"", "/", false},
		{"**", "/anything/at/all", true},
		{"*", "/x", false},
	};
	g_autofree char *stars = g_strnfill(400, '*');
	g_autofree char *long_path = g_strnfill(4000, 'a');

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s %s", cases[i].pattern, cases[i].path);
		g_assert_true(policy_path_matches(cases[i].pattern, cases[i].path, "/home/me") ==
			      cases[i].matches);
	}
	for (size_t i = 1; i < 400; i += 2) {
		stars[i] = 'a';
	}
	stars[399] = 'b'; // the pattern that makes backtracking matchers stall
	g_assert_false(policy_path_matches(stars, long_path, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/without-a-rule-the-stack's", test_base);
	g_test_add_func("/policy/the-strictest-wins", test_strictest);
	g_test_add_func("/policy/nobody-who-may-is-an-error", test_nobody);
	g_test_add_func("/policy/automatic-only-when-all-changes-are", test_automatic);
	g_test_add_func("/policy/many-deletions-need-a-person", test_deletions);
	g_test_add_func("/policy/a-share-of-deletions-needs-a-person", test_share_of_deletions);
	g_test_add_func("/policy/paths", test_paths);
	return g_test_run();
}
