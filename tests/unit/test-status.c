/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line for the service manager says what waits for people first. */
#include "agent/status.h"

#include <string.h>

#include "agent/agent.h"

static void test_text(void)
{
	static const struct {
		struct status status;
		const char *text;
	} cases[] = {
		{{0}, "no stack is configured"},
		{{.stacks = 1}, "1 stack is watched"},
		{{.stacks = 3}, "3 stacks are watched"},
		{{.stacks = 3, .waiting = 1}, "1 plan waits for approval"},
		{{.stacks = 3, .waiting = 2}, "2 plans wait for approval"},
		{{.stacks = 9,
		  .waiting = 2,
		  .approved = 1,
		  .applying = 1,
		  .ailing = 2,
		  .drifted = 1},
		 "2 plans wait for approval; 1 approved plan waits for its window; "
		 "1 plan is being applied; 2 stacks are blocked or have failed; "
		 "1 stack has drifted"},
		{{.stacks = 1, .dead = true},
		 "the log cannot be written, nothing is applied any more"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = status_text(&cases[i].status);

		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void test_count(void)
{
	static const struct {
		enum stack_state state;
		bool approved;
	} cases[] = {
		{STACK_STATE_PENDING, false}, {STACK_STATE_PENDING, true},
		{STACK_STATE_APPLYING, true}, {STACK_STATE_BLOCKED, false},
		{STACK_STATE_FAILED, false},  {STACK_STATE_DRIFTED, false},
		{STACK_STATE_IDLE, false},    {STACK_STATE_CONVERGED, false},
	};
	struct agent_unit units[G_N_ELEMENTS(cases)];
	g_autoptr(GHashTable) table = g_hash_table_new(NULL, NULL);
	struct agent agent = {.units = table};
	struct status status;

	memset(units, 0, sizeof(units));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		units[i].step.state = cases[i].state;
		units[i].step.approved = cases[i].approved;
		g_hash_table_insert(table, &units[i], &units[i]);
	}
	status_count(&agent, &status);
	g_assert_cmpuint(status.stacks, ==, 8);
	g_assert_cmpuint(status.waiting, ==, 1);
	g_assert_cmpuint(status.approved, ==, 1);
	g_assert_cmpuint(status.applying, ==, 1);
	g_assert_cmpuint(status.ailing, ==, 2);
	g_assert_cmpuint(status.drifted, ==, 1);
	g_assert_false(status.dead);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/status/text", test_text);
	g_test_add_func("/status/count", test_count);
	return g_test_run();
}
