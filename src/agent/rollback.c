/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the state that a rollback wants back. */
#include "agent/rollback.h"

#include <string.h>

#include "agent/fold-steer.h"

#define PREFIX_MIN 7

static bool has_failed(const struct stack_facts *facts)
{
	return (facts->phase == STACK_PHASE_FAILED || facts->phase == STACK_PHASE_ROLLED_BACK ||
		facts->phase == STACK_PHASE_INTERRUPTED) &&
	       strcmp(facts->plan_commit, facts->base) != 0;
}

/* The newest that people may want: not for a trial only, and not rolled back. */
static enum rollback_refusal find_before(const struct fold_stack *stack,
					 const struct fold_held **out)
{
	bool present = has_failed(&stack->facts);

	for (unsigned i = stack->held->len; i > 0; i--) {
		const struct fold_held *held = g_ptr_array_index(stack->held, i - 1);

		if (!held->trial && !fold_is_bad(stack, held->commit) &&
		    (present || strcmp(held->commit, stack->facts.base) != 0)) {
			*out = held;
			return ROLLBACK_MAY;
		}
	}
	return ROLLBACK_NO_OTHER;
}

static bool is_named(const struct fold_held *held, const char *to, const struct fold_plan *plan)
{
	return plan != NULL ? strcmp(held->commit, plan->commit) == 0
			    : strlen(to) >= PREFIX_MIN && g_str_has_prefix(held->commit, to);
}

/* Of a commit that held several times the last one that was no trial. */
static enum rollback_refusal find_named(const struct fold *fold, const struct fold_stack *stack,
					const char *to, const struct fold_held **out)
{
	const struct fold_held *found = NULL;
	bool ambiguous;
	const struct fold_plan *plan = fold_find_plan(fold, to, &ambiguous);

	if (plan != NULL &&
	    (strcmp(plan->stack, stack->name) != 0 || plan->phase != STACK_PHASE_APPLIED)) {
		plan = NULL;
	}
	for (unsigned i = stack->held->len; i > 0; i--) {
		const struct fold_held *held = g_ptr_array_index(stack->held, i - 1);

		if (!is_named(held, to, plan)) {
			continue;
		}
		if (found != NULL && strcmp(found->commit, held->commit) != 0) {
			return ROLLBACK_AMBIGUOUS;
		}
		if (found == NULL || (found->trial && !held->trial)) {
			found = held;
		}
	}
	if (found == NULL) {
		return ambiguous ? ROLLBACK_AMBIGUOUS : ROLLBACK_UNKNOWN;
	}
	if (found->trial) {
		return ROLLBACK_WAS_TRIAL;
	}
	*out = found;
	return fold_is_bad(stack, found->commit) ? ROLLBACK_WAS_BAD : ROLLBACK_MAY;
}

enum rollback_refusal rollback_choose(const struct fold *fold, const struct fold_stack *stack,
				      const char *to, const struct fold_held **out)
{
	const struct stack_facts *facts = &stack->facts;
	const struct fold_held *found = NULL;
	enum rollback_refusal refusal;

	if (facts->phase == STACK_PHASE_APPLYING) {
		return ROLLBACK_BUSY;
	}
	if (facts->try_ref[0] != '\0') {
		return ROLLBACK_TRIAL;
	}
	if (facts->base[0] == '\0') {
		return ROLLBACK_NEVER;
	}
	refusal = to != NULL ? find_named(fold, stack, to, &found) : find_before(stack, &found);
	if (refusal != ROLLBACK_MAY) {
		return refusal;
	}
	if (!facts->returning && strcmp(stack_target(facts), found->commit) == 0) {
		return ROLLBACK_THERE;
	}
	*out = found;
	return ROLLBACK_MAY;
}

const char *rollback_bad(const struct fold_stack *stack, const struct fold_held *to)
{
	const char *newest = stack->facts.commit;

	return newest[0] == '\0' || strcmp(newest, to->commit) == 0 ? NULL : newest;
}
