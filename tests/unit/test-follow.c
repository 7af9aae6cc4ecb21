/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rewritten history, from the block to the plan of the tip that a person has accepted. */
#include "stack-world.h"

#include <string.h>

static void rewound_after_apply(struct world *w)
{
	world_at_converged(w);
	world_send(w, STACK_SYNC);
	world_send(w, STACK_FETCH_BAD);
	world_entry(w, "rewritten",
		    "\"base\":\"" A "\",\"commit\":\"" B
		    "\",\"person\":\"alice\",\"reason\":\"leak\"");
	world_forget(w);
}

static void accepted(struct world *w)
{
	struct stack_details d = {.commit = B, .tree = T, .renewed = "it was accepted"};

	world_step(w, STACK_FETCHED, &d);
}

static void test_follow(void)
{
	struct world w;

	world_begin(&w);
	rewound_after_apply(&w);
	world_send(&w, STACK_FOLLOW);
	g_assert_cmpstr(w.trace->str, ==, "fetch");
	g_assert_cmpint(w.s.state, ==, STACK_STATE_BLOCKED);
	accepted(&w);
	g_assert_cmpstr(w.trace->str, ==, "fetch +commit +unblocked plan");
	world_send(&w, STACK_PLANNED);
	g_assert_cmpint(w.s.state, ==, STACK_STATE_PENDING);
	g_assert_true(stack_is_rewritten(w.f));
	world_forget(&w);
	/* the same tip again is no news; another one that does not descend ends it all */
	world_send(&w, STACK_SYNC);
	world_fetched(&w, B);
	g_assert_cmpstr(w.trace->str, ==, "fetch");
	world_send(&w, STACK_SYNC);
	world_send(&w, STACK_FETCH_BAD);
	g_assert_cmpstr(w.trace->str, ==, "fetch fetch +closed:void +blocked");
	g_assert_false(stack_is_rewritten(w.f));
	world_finish(&w);
}

/* What is planned when another tip came meanwhile: nothing. */
static void test_follow_too_late(void)
{
	struct stack_details other = {
		.commit = T, .block = STACK_BLOCK_REWOUND, .reason = "rewound again"};
	struct world w;

	world_begin(&w);
	rewound_after_apply(&w);
	world_send(&w, STACK_FOLLOW);
	world_step(&w, STACK_FETCH_BAD, &other);
	world_step(&w, STACK_LOOK, NULL);
	g_assert_cmpstr(w.trace->str, ==, "fetch +blocked");
	g_assert_cmpstr(w.f->block_commit, ==, T);
	g_assert_cmpstr(w.f->accepted, ==, "");
	world_finish(&w);
}

/* Its plan was rejected before: who accepts the same tip again gets another plan. */
static void test_follow_again(void)
{
	struct stack_details gone = {.block = STACK_BLOCK_DELETED, .commit = "", .reason = "x"};
	struct world w;

	world_begin(&w);
	rewound_after_apply(&w);
	world_send(&w, STACK_FOLLOW);
	accepted(&w);
	world_send(&w, STACK_PLANNED);
	world_entry(&w, "closed", "\"outcome\":\"rejected\",\"plan\":\"%s\",\"reason\":\"no\"",
		    w.f->plan);
	world_send(&w, STACK_SYNC);
	world_step(&w, STACK_FETCH_BAD, &gone);
	world_send(&w, STACK_SYNC);
	world_send(&w, STACK_FETCH_BAD);
	world_entry(&w, "rewritten",
		    "\"base\":\"" A "\",\"commit\":\"" B
		    "\",\"person\":\"bob\",\"reason\":\"yes\"");
	world_forget(&w);
	world_send(&w, STACK_FOLLOW);
	accepted(&w);
	g_assert_cmpstr(w.trace->str, ==, "fetch +commit +unblocked plan");
	world_finish(&w);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/follow/once-accepted", test_follow);
	g_test_add_func("/follow/not-another-tip", test_follow_too_late);
	g_test_add_func("/follow/the-same-again", test_follow_again);
	return g_test_run();
}
