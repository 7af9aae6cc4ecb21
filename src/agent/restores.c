/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the plans of a trial. */
#include "agent/restores.h"

#include <string.h>

#include "core/plan.h"

/* Did it come so far that it may have changed something? */
static bool was_begun(const struct fold_plan *plan)
{
	return plan->phase == STACK_PHASE_APPLIED || plan->phase == STACK_PHASE_FAILED ||
	       plan->phase == STACK_PHASE_INTERRUPTED;
}

/* What was applied before a trial ends the list; what was put back during it does not. */
static bool is_before(const struct fold_plan *plan)
{
	return strcmp(plan->reason, "try") != 0 && strcmp(plan->reason, "drift") != 0;
}

GPtrArray *restores_trials(const struct fold *fold, const struct fold_stack *stack)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new();

	for (guint i = fold->plans->len; i > 0; i--) {
		const struct fold_plan *plan = g_ptr_array_index(fold->plans, i - 1);

		if (strcmp(plan->stack, stack->name) != 0 || !was_begun(plan)) {
			continue;
		}
		if (is_before(plan) || out->len > PLAN_MAX_RESTORES) {
			break;
		}
		if (strcmp(plan->reason, "try") == 0) {
			g_ptr_array_add(out, (void *)plan->id);
		}
	}
	if (out->len == 0 || out->len > PLAN_MAX_RESTORES) {
		return NULL;
	}
	return g_steal_pointer(&out);
}
