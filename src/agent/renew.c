/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holds the plans that wait against the configuration. */
#include "agent/renew.h"

#include <string.h>

#include "agent/clusters.h"
#include "agent/evidence.h"
#include "agent/planner.h"
#include "agent/request.h"
#include "agent/ruling.h"
#include "agent/verified.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"

static bool same_source(const struct plan *plan, const struct agent_unit *unit)
{
	const struct conf_stack *stack = unit->conf;
	const struct stack_facts *facts = &unit->record->facts;
	g_autofree char *url = planner_public_url(stack->source.url);
	g_autofree char *branch = request_ref(stack);
	const char *ref = facts->try_ref[0] != '\0' ? facts->try_ref : branch;

	return strcmp(plan->repository, url) == 0 && strcmp(plan->ref, ref) == 0 &&
	       strcmp(plan->path, stack->source.path != NULL ? stack->source.path : "") == 0;
}

char *renew_outdated(struct agent_unit *unit)
{
	g_autoptr(plan_auto) plan = NULL;
	g_autoptr(GError) error = NULL;
	const char *what = NULL;

	if (!evidence_plan(unit->agent, unit->record->plan, &plan, &error)) {
		return g_strdup(error->message); // such a plan can never be applied
	}
	if (!hash_equal(&plan->policy.approvers, &unit->agent->signers->digest)) {
		what = "approver list";
	} else if (!same_source(plan, unit)) {
		what = "source";
	} else if (!verified_plan(&unit->conf->source, plan)) {
		what = "verification of commits";
	} else if (!clusters_allow(unit->conf, plan)) {
		what = "permission to touch its clusters";
	} else if (!ruling_holds(unit, plan)) {
		what = "policy";
	}
	return what != NULL ? g_strdup_printf("the %s has changed", what) : NULL;
}

char *renew_reason(struct agent_unit *unit)
{
	return unit->record->facts.phase == STACK_PHASE_OPEN ? renew_outdated(unit) : NULL;
}

static bool close_orphan(struct agent *agent, const struct fold_stack *stack, GError **error)
{
	struct record record = {.type = ENTRY_CLOSED};
	struct record_closed *closed = &record.u.closed;

	closed->outcome = OUTCOME_SUPERSEDED;
	closed->reason = "the stack is no longer configured";
	if (!hash_parse(&closed->plan, stack->facts.plan)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "no plan to close");
	}
	log_event(EV_SUPERSEDED, stack->name, stack->facts.plan, "superseded: %s", closed->reason);
	return agent_append(agent, stack->name, &record, error);
}

bool renew_orphans(struct agent *agent, GError **error)
{
	struct fold_stack *stack;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, agent->fold->stacks);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&stack)) {
		if (agent_unit(agent, stack->name) != NULL) {
			continue;
		}
		if (stack->facts.phase == STACK_PHASE_APPLYING) {
			return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
				    "the apply of stack '%s' was interrupted: put the stack back "
				    "into the configuration until it is recovered",
				    stack->name);
		}
		if (stack->facts.phase == STACK_PHASE_OPEN && !close_orphan(agent, stack, error)) {
			return false;
		}
	}
	return true;
}
