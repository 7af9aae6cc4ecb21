/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what an apply says in a cluster of its plan. */
#include "worker/apply-event.h"

#include <string.h>

#define COMMIT "8e2d41c07ab6f00000000000000000000000000000"

static char *describe(const char *reason, const struct approval *votes, size_t count)
{
	struct plan plan = {.stack = "shop", .reason = reason, .target_commit = COMMIT};

	memset(&plan.digest, 0xab, sizeof(plan.digest));
	return apply_describe(&plan, votes, count);
}

static void test_a_plan(void)
{
	g_autofree char *commit = describe("commit", NULL, 0);
	g_autofree char *rollback = describe("rollback", NULL, 3);

	g_assert_cmpstr(commit, ==, "plan abababababab of stack 'shop', commit 8e2d41c07ab6");
	g_assert_cmpstr(rollback, ==,
			"plan abababababab (rollback) of stack 'shop', commit 8e2d41c07ab6");
}

static void test_who_approved(void)
{
	static const struct approval votes[] = {
		{.person = "alice", .verdict = VERDICT_APPROVE},
		{.person = "mallory", .verdict = VERDICT_REJECT},
		{.person = "bob", .verdict = VERDICT_BREAK_GLASS, .reason = "it burns"},
	};
	g_autofree char *none = describe("commit", votes, 0);
	g_autofree char *one = describe("commit", votes, 2);
	g_autofree char *all = describe("commit", votes, 3);

	g_assert_true(g_str_has_suffix(none, ", commit 8e2d41c07ab6"));
	g_assert_true(g_str_has_suffix(one, ", commit 8e2d41c07ab6, approved by alice"));
	g_assert_true(g_str_has_suffix(all, ", approved by alice, bob (break-glass)"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/apply-event/a-plan", test_a_plan);
	g_test_add_func("/apply-event/who-approved", test_who_approved);
	return g_test_run();
}
