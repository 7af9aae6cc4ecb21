/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the log means, and what cannot follow what. */
#include "agent/fold.h"

#include <string.h>

#include "fold-entry.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define T "cccccccccccccccccccccccccccccccccccccccc"
#define PLAN1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define PLAN2 "sha256:1111111222222222222222222222222222222222222222222222222222222222"
#define D "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define COMMIT "\"commit\":\"" A "\",\"ref\":\"r\",\"repository\":\"u\",\"tree\":\"" T "\""
#define PLAN(id, n)                                                                                \
	"\"commit\":\"" A "\",\"expires\":900,\"number\":" #n ",\"plan\":\"" id                    \
	"\",\"reason\":\"commit\",\"required\":1,\"sig\":\"s\",\"summary\":{\"create\":2}"
#define VOTE(id, verdict)                                                                          \
	"\"channel\":\"signature\",\"decision\":\"" verdict                                        \
	"\",\"fingerprint\":\"f\",\"person\":\"bob\",\"plan\":\"" id                               \
	"\",\"reason\":\"\",\"sig\":\"s\",\"statement\":\"t\""
#define CLOSED(id, outcome) "\"outcome\":\"" outcome "\",\"plan\":\"" id "\",\"reason\":\"why\""
#define START(id) "\"approvals\":[],\"commit\":\"" A "\",\"plan\":\"" id "\""
#define DONE(id, result)                                                                           \
	"\"commit\":\"" A "\",\"done\":2,\"left\":1,\"plan\":\"" id                                \
	"\",\"reason\":\"why\",\"result\":\"" result "\",\"tree\":\"" T "\",\"undone\":3"

static void test_story(void)
{
	g_autoptr(fold_auto) fold = fold_new();
	const struct stack_facts *f = &fold_stack_get(fold, "web")->facts;
	const struct fold_plan *plan;

	fold_ok(fold, "genesis", NULL, 1,
		"\"agent\":\"a\",\"allowed_signers\":\"" D
		"\",\"log_key\":\"l\",\"plan_key\":\"p\"");
	g_assert_cmpstr(fold->signers, ==, D);
	fold_ok(fold, "commit", "web", 2, COMMIT);
	g_assert_cmpstr(f->commit, ==, A);
	fold_ok(fold, "plan", "web", 3, PLAN(PLAN1, 4));
	g_assert_cmpint(f->phase, ==, STACK_PHASE_OPEN);
	g_assert_cmpint(fold->next_number, ==, 5);
	fold_ok(fold, "approval", "web", 4, VOTE(PLAN1, "approve"));
	plan = g_ptr_array_index(fold->plans, 0);
	g_assert_cmpuint(fold_approvals(plan), ==, 1);
	g_assert_cmpint(plan->summary[ACTION_CREATE], ==, 2);
	g_assert_cmpint(f->changed, ==, 3); // a vote changes no state
	fold_ok(fold, "apply-start", "web", 5, START(PLAN1));
	g_assert_cmpint(f->phase, ==, STACK_PHASE_APPLYING);
	fold_ok(fold, "apply-done", "web", 6, DONE(PLAN1, "ok"));
	g_assert_cmpint(f->phase, ==, STACK_PHASE_APPLIED);
	g_assert_cmpstr(f->base, ==, A);
	g_assert_cmpstr(f->base_tree, ==, T);
	g_assert_cmpint(plan->undone, ==, 3);
	g_assert_true(fold_stack_get(fold, "web")->applied == plan);
	fold_ok(fold, "drift", "web", 7, "\"changes\":2,\"resources\":[\"file:/x\"]");
	g_assert_cmpint(f->drift_count, ==, 2);
	g_assert_cmpstr(f->drift, !=, "");
	fold_ok(fold, "closed", "web", 8,
		"\"commit\":\"" A "\",\"outcome\":\"converged\",\"reason\":\"\",\"tree\":\"" T
		"\"");
	g_assert_cmpstr(f->drift, ==, "");
	fold_ok(fold, "suspend", "web", 9, "\"person\":\"alice\",\"reason\":\"holiday\"");
	g_assert_cmpstr(f->suspended, ==, "suspended by alice: holiday");
	fold_ok(fold, "resume", "web", 10, "\"person\":\"alice\",\"reason\":\"back\"");
	g_assert_cmpstr(f->suspended, ==, "");
	fold_ok(fold, "blocked", "web", 11, "\"kind\":\"rewound\",\"reason\":\"gone back\"");
	g_assert_cmpint(f->block, ==, STACK_BLOCK_REWOUND);
	fold_ok(fold, "unblocked", "web", 12, "");
	g_assert_cmpint(f->block, ==, STACK_BLOCK_NONE);
	g_assert_cmpuint(fold->size, ==, 12);
}

#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "dddddddddddddddddddddddddddddddddddddddd"
#define TIP(commit)                                                                                \
	"\"commit\":\"" commit "\",\"ref\":\"r\",\"repository\":\"u\",\"tree\":\"" T "\""
#define REWOUND(commit) "\"commit\":\"" commit "\",\"kind\":\"rewound\",\"reason\":\"why\""
#define ACCEPT(base, commit)                                                                       \
	"\"base\":\"" base "\",\"commit\":\"" commit "\",\"person\":\"alice\",\"reason\":\"leak\""
#define HOLDS(commit)                                                                              \
	"\"commit\":\"" commit "\",\"outcome\":\"converged\",\"reason\":\"\",\"tree\":\"" T "\""

static struct fold *rewound(void)
{
	struct fold *fold = fold_new();

	fold_ok(fold, "commit", "web", 1, TIP(A));
	fold_ok(fold, "closed", "web", 2, HOLDS(A));
	fold_ok(fold, "blocked", "web", 3, REWOUND(B));
	return fold;
}

static void test_rewritten(void)
{
	g_autoptr(fold_auto) fold = rewound();
	const struct fold_stack *stack = fold_stack_get(fold, "web");
	const struct stack_facts *f = &stack->facts;

	g_assert_cmpstr(f->accepted, ==, "");
	fold_ok(fold, "rewritten", "web", 4, ACCEPT(A, B));
	g_assert_cmpstr(f->accepted, ==, B);
	g_assert_cmpstr(stack->accepted_by, ==, "alice");
	g_assert_cmpstr(stack->accepted_why, ==, "leak");
	g_assert_false(stack_is_rewritten(f)); // it has not come yet
	fold_ok(fold, "commit", "web", 5, TIP(B));
	fold_ok(fold, "unblocked", "web", 6, "");
	g_assert_true(stack_is_rewritten(f));
	fold_ok(fold, "blocked", "web", 7,
		"\"commit\":\"" B "\",\"kind\":\"manifest\",\"reason\":\"why\"");
	g_assert_true(stack_is_rewritten(f)); // of the history it says nothing
	fold_ok(fold, "unblocked", "web", 8, "");
	fold_ok(fold, "closed", "web", 9, HOLDS(B));
	g_assert_cmpstr(f->accepted, ==, "");
}

/* It is for one tip: whatever else comes ends it. */
static void test_rewritten_once(void)
{
	static const struct {
		const char *type, *fields;
	} ends[] = {{"blocked", REWOUND(C)},
		    {"blocked", "\"kind\":\"deleted\",\"reason\":\"why\""},
		    {"commit", TIP(C)}};
	static const char *const bad[] = {ACCEPT(A, C), ACCEPT(B, B)};

	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autoptr(fold_auto) fold = rewound();
		const struct stack_facts *f = &fold_stack_get(fold, "web")->facts;

		fold_ok(fold, "rewritten", "web", 4, ACCEPT(A, B));
		fold_ok(fold, "commit", "web", 5, TIP(B));
		fold_ok(fold, ends[i].type, "web", 6, ends[i].fields);
		g_assert_cmpstr(f->accepted, ==, "");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(fold_auto) fold = rewound();
		g_autoptr(GError) error = NULL;

		g_assert_false(fold_text(fold, "rewritten", "web", 4, bad[i], &error));
		g_assert_nonnull(strstr(error->message, "another history"));
	}
	{
		g_autoptr(fold_auto) fold = rewound();
		g_autoptr(GError) error = NULL;

		fold_ok(fold, "unblocked", "web", 4, "");
		g_assert_false(fold_text(fold, "rewritten", "web", 5, ACCEPT(A, B), &error));
	}
}

static void test_ends(void)
{
	static const struct {
		const char *type, *fields;
		bool started;
		enum stack_phase phase;
		bool settled, applied;
	} cases[] = {
		{"closed", CLOSED(PLAN1, "superseded"), false, STACK_PHASE_SUPERSEDED, false,
		 false},
		{"closed", CLOSED(PLAN1, "void"), false, STACK_PHASE_VOID, false, false},
		{"closed", CLOSED(PLAN1, "void"), true, STACK_PHASE_VOID, false, false},
		{"closed", CLOSED(PLAN1, "expired"), false, STACK_PHASE_EXPIRED, true, false},
		{"closed", CLOSED(PLAN1, "rejected"), false, STACK_PHASE_REJECTED, true, false},
		{"apply-done", DONE(PLAN1, "ok"), true, STACK_PHASE_APPLIED, false, true},
		{"apply-done", DONE(PLAN1, "failed"), true, STACK_PHASE_FAILED, true, false},
		{"apply-done", DONE(PLAN1, "rolled-back"), true, STACK_PHASE_ROLLED_BACK, true,
		 false},
		{"apply-done", DONE(PLAN1, "interrupted"), true, STACK_PHASE_INTERRUPTED, false,
		 false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(fold_auto) fold = fold_new();
		const struct stack_facts *f = &fold_stack_get(fold, "web")->facts;

		fold_ok(fold, "commit", "web", 1, COMMIT);
		fold_ok(fold, "plan", "web", 1, PLAN(PLAN1, 1));
		if (cases[i].started) {
			fold_ok(fold, "apply-start", "web", 1, START(PLAN1));
		}
		fold_ok(fold, cases[i].type, "web", 2, cases[i].fields);
		g_assert_cmpint(f->phase, ==, cases[i].phase);
		g_assert_cmpstr(f->settled, ==, cases[i].settled ? A : "");
		g_assert_cmpstr(f->base, ==, cases[i].applied ? A : "");
		g_assert_cmpstr(f->plan_reason, ==, "why");
		/* another plan may follow, and what the last one was is forgotten */
		fold_ok(fold, "plan", "web", 3, PLAN(PLAN2, 2));
		g_assert_cmpstr(f->settled, ==, "");
	}
}

static void test_impossible(void)
{
	static const struct {
		const char *before[4]; /* type, fields, type, fields */
		const char *type, *fields;
	} cases[] = {
		{{NULL}, "approval", VOTE(PLAN1, "approve")},
		{{NULL}, "apply-start", START(PLAN1)},
		{{NULL}, "closed", CLOSED(PLAN1, "void")},
		{{"plan", PLAN(PLAN1, 1)}, "plan", PLAN(PLAN2, 2)},
		{{"plan", PLAN(PLAN1, 1)}, "apply-done", DONE(PLAN1, "ok")},
		{{"plan", PLAN(PLAN1, 1)}, "approval", VOTE(PLAN2, "approve")},
		{{"plan", PLAN(PLAN1, 1), "apply-start", START(PLAN1)},
		 "approval",
		 VOTE(PLAN1, "approve")},
		{{"plan", PLAN(PLAN1, 1), "apply-start", START(PLAN1)},
		 "apply-start",
		 START(PLAN1)},
		{{"plan", PLAN(PLAN1, 1), "apply-start", START(PLAN1)},
		 "closed",
		 CLOSED(PLAN1, "expired")},
		{{"plan", PLAN(PLAN1, 1), "closed", CLOSED(PLAN1, "rejected")},
		 "apply-start",
		 START(PLAN1)},
		{{"plan", PLAN(PLAN1, 1), "closed", CLOSED(PLAN1, "expired")},
		 "approval",
		 VOTE(PLAN1, "approve")},
		{{"plan", PLAN(PLAN1, 1), "closed", CLOSED(PLAN1, "expired")},
		 "closed",
		 CLOSED(PLAN1, "rejected")},
		{{"plan", PLAN(PLAN1, 1), "closed", CLOSED(PLAN1, "void")}, "plan", PLAN(PLAN1, 2)},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(fold_auto) fold = fold_new();
		g_autoptr(GError) error = NULL;

		for (size_t j = 0; j < 4 && cases[i].before[j] != NULL; j += 2) {
			fold_ok(fold, cases[i].before[j], "web", 1, cases[i].before[j + 1]);
		}
		g_assert_false(fold_text(fold, cases[i].type, "web", 2, cases[i].fields, &error));
		g_assert_nonnull(strstr(error->message, "log entry"));
	}
}

static void test_stacks_are_apart(void)
{
	g_autoptr(fold_auto) fold = fold_new();
	g_autoptr(GError) error = NULL;

	fold_ok(fold, "plan", "web", 1, PLAN(PLAN1, 1));
	fold_ok(fold, "plan", "db", 1, PLAN(PLAN2, 2));
	g_assert_cmpint(fold_stack_get(fold, "web")->facts.phase, ==, STACK_PHASE_OPEN);
	g_assert_false(fold_text(fold, "approval", "web", 2, VOTE(PLAN2, "approve"), &error));
}

static void test_find(void)
{
	g_autoptr(fold_auto) fold = fold_new();
	bool ambiguous;

	fold_ok(fold, "plan", "web", 1, PLAN(PLAN1, 1));
	fold_ok(fold, "plan", "db", 1, PLAN(PLAN2, 2));
	g_assert_nonnull(fold_find_plan(fold, PLAN1, &ambiguous));
	g_assert_nonnull(fold_find_plan(fold, "11111112", &ambiguous));
	g_assert_nonnull(fold_find_plan(fold, "sha256:11111112", &ambiguous));
	g_assert_null(fold_find_plan(fold, "1111111", &ambiguous));
	g_assert_true(ambiguous);
	g_assert_null(fold_find_plan(fold, "111111", &ambiguous));
	g_assert_false(ambiguous);
	g_assert_null(fold_find_plan(fold, "1111111g", &ambiguous));
	g_assert_null(fold_find_plan(fold, PLAN1 "1", &ambiguous));
	g_assert_false(ambiguous);
}

#define HALTED(id)                                                                                 \
	"\"commit\":\"" A "\",\"done\":2,\"halted\":true,\"left\":1,\"plan\":\"" id                \
	"\",\"reason\":\"why\",\"result\":\"failed\",\"steps\":\"" D "\",\"tree\":\"" T            \
	"\",\"undone\":0"
#define AGAIN(id, mode)                                                                            \
	"\"approvals\":[],\"commit\":\"" A "\",\"mode\":\"" mode                                   \
	"\",\"person\":\"bob\",\"plan\":\"" id "\""

static void test_halted(void)
{
	static const struct {
		const char *type, *fields;
	} bad[] = {
		{"apply-start", START(PLAN1)}, // as if it had not been applied
		{"apply-start", AGAIN(PLAN2, "resume")},
		{"apply-done", DONE(PLAN1, "ok")}, // nobody goes on with it
	};
	g_autoptr(fold_auto) fold = fold_new();
	const struct fold_stack *stack = fold_stack_get(fold, "web");

	fold_ok(fold, "commit", "web", 2, COMMIT);
	fold_ok(fold, "plan", "web", 3, PLAN(PLAN1, 4));
	fold_ok(fold, "apply-start", "web", 4, START(PLAN1));
	fold_ok(fold, "apply-done", "web", 5, HALTED(PLAN1));
	g_assert_true(stack->plan->halted && stack->plan->has_steps);
	g_assert_cmpstr(stack->facts.halted, ==, PLAN1);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(fold_text(fold, bad[i].type, "web", 6, bad[i].fields, &error));
	}
	fold_ok(fold, "apply-start", "web", 7, AGAIN(PLAN1, "resume"));
	g_assert_cmpint(stack->facts.phase, ==, STACK_PHASE_APPLYING);
	g_assert_cmpstr(stack->plan->person, ==, "bob");
	fold_ok(fold, "apply-done", "web", 8, HALTED(PLAN1));
	fold_ok(fold, "plan", "web", 9, PLAN(PLAN2, 5));
	fold_ok(fold, "closed", "web", 10, CLOSED(PLAN2, "superseded"));
	fold_ok(fold, "apply-start", "web", 11, AGAIN(PLAN1, "undo"));
	g_assert_cmpstr(stack->facts.plan, ==, PLAN1); // gone back to
	fold_ok(fold, "apply-done", "web", 12, DONE(PLAN1, "rolled-back"));
	g_assert_cmpstr(stack->facts.halted, ==, "");
	g_assert_false(stack->plan->halted);
	g_assert_cmpint(fold->next_number, ==, 6);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fold/halted", test_halted);
	g_test_add_func("/fold/a-story", test_story);
	g_test_add_func("/fold/how-plans-end", test_ends);
	g_test_add_func("/fold/rewritten-history", test_rewritten);
	g_test_add_func("/fold/rewritten-history-for-one-tip", test_rewritten_once);
	g_test_add_func("/fold/what-cannot-follow-is-refused", test_impossible);
	g_test_add_func("/fold/stacks-are-apart", test_stacks_are_apart);
	g_test_add_func("/fold/plans-are-found-by-prefix", test_find);
	return g_test_run();
}
