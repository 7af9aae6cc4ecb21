/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person wants instead of the branch's newest commit: questions about the facts. */
#include <string.h>

#include "agent/stack.h"

bool stack_follows(const struct stack_facts *f)
{
	return stack_target(f) == f->commit;
}

bool stack_is_blocked(const struct stack_facts *f)
{
	if (f->block == STACK_BLOCK_NONE || stack_follows(f)) {
		return f->block != STACK_BLOCK_NONE;
	}
	return f->block == STACK_BLOCK_MANIFEST && strcmp(f->block_commit, stack_target(f)) == 0;
}

bool stack_targets_bad(const struct stack_facts *f)
{
	return f->try_ref[0] != '\0' ? f->try_bad : f->is_bad && stack_follows(f);
}

bool stack_wants_list(const struct stack_facts *f)
{
	return f->commits_stale && stack_follows(f) && f->commit[0] != '\0' && !f->is_bad &&
	       !stack_plans_drift(f);
}

const char *stack_known(const struct stack_facts *f)
{
	return f->try_ref[0] != '\0' || f->returning ? f->try_from : f->base;
}

const char *stack_trial_end(const struct stack *s, const struct stack_facts *f, int64_t now)
{
	if (f->try_ref[0] == '\0') {
		return NULL;
	}
	if (s->owned) { // a commit that comes on it could be of the one or the other
		return "it is the own branch of the stack now";
	}
	return now >= f->try_until ? "its time is over" : NULL;
}
