/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the service manager shows of the agent. */
#include "agent/status.h"

#include "agent/agent.h"

void status_count(const struct agent *agent, struct status *out)
{
	const struct agent_unit *unit;
	GHashTableIter iter;

	*out = (struct status){.dead = agent->dead != NULL};
	g_hash_table_iter_init(&iter, agent->units);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&unit)) {
		enum stack_state state = unit->step.state;
		bool pending = state == STACK_STATE_PENDING;

		out->stacks++;
		out->waiting += pending && !unit->step.approved;
		out->approved += pending && unit->step.approved;
		out->applying += state == STACK_STATE_APPLYING;
		out->ailing += state == STACK_STATE_FAILED || state == STACK_STATE_BLOCKED;
		out->drifted += state == STACK_STATE_DRIFTED;
	}
}

static void add(GString *out, unsigned count, const char *one, const char *many)
{
	if (count > 0) {
		g_string_append_printf(out, "%s%u %s", out->len > 0 ? "; " : "", count,
				       count == 1 ? one : many);
	}
}

char *status_text(const struct status *status)
{
	GString *out = g_string_new(NULL);

	if (status->dead) {
		g_string_append(out, "the log cannot be written, nothing is applied any more");
	}
	add(out, status->waiting, "plan waits for approval", "plans wait for approval");
	add(out, status->approved, "approved plan waits for its window",
	    "approved plans wait for their windows");
	add(out, status->applying, "plan is being applied", "plans are being applied");
	add(out, status->ailing, "stack is blocked or has failed",
	    "stacks are blocked or have failed");
	add(out, status->drifted, "stack has drifted", "stacks have drifted");
	if (out->len == 0) {
		add(out, status->stacks, "stack is watched", "stacks are watched");
	}
	if (out->len == 0) {
		g_string_append(out, "no stack is configured");
	}
	return g_string_free(out, FALSE);
}
