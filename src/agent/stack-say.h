/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The state that people see, and the one line that says why.
 */
#include "agent/stack.h"

/* due: a plan is about to be made. Fills reason, which is one line; what stands behind its first
 * *own bytes is what a person wants instead of the branch's newest commit. */
enum stack_state stack_say(const struct stack *stack, const struct stack_facts *facts, bool due,
			   char *reason, size_t size, size_t *own);
/* "2026-01-01T00:00:00Z"; g_free() */
char *stack_time(int64_t seconds);
