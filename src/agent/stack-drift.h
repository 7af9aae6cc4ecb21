/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * When a stack looks for drift, and when it stops to put things back by itself.
 *
 * A look that was asked for by what the kernel tells (STACK_TOUCHED) is due at
 * once, but a place that changes all the time does not keep the host busy:
 * after STACK_TOUCHES of them in a row each waits for STACK_TOUCH_PAUSE.
 */
#include <stdbool.h>
#include <stdint.h>

#include "agent/stack.h"

#define STACK_TOUCHES 5	     /* looks at once */
#define STACK_TOUCH_PAUSE 10 /* seconds; one more each time */
#define STACK_FIX_LIMIT 3    /* of the same within STACK_FIX_SPAN: then people are asked */
#define STACK_FIX_SPAN 600   /* seconds */
#define STACK_FIX_PAUSE 10   /* seconds until the same is put back again; twice as many then */

/* Takes one look from what there is; when it may be. */
int64_t stack_touch_due(struct stack *stack, int64_t now);
/* Can what holds be looked at although nothing may be planned? Not while an apply has left the host
 * in between, nor while a plan of what was found waits. */
bool stack_can_look(const struct stack *stack, const struct stack_facts *facts);
/* Was this put back so often that something must be changing it? drift_key: as in the facts. */
bool stack_fix_is_worn(const struct stack_facts *facts, const char *drift_key, int64_t now);
/* When the same may be put back again: what changes it may be still at it. */
int64_t stack_fix_due(const struct stack_facts *facts, const char *drift_key, int64_t now);
/* By the fold: a plan that nobody has to approve puts back what is in facts->drift (""; the entry
 * that tells comes after it). */
void stack_fix_note(struct stack_facts *facts, int64_t time);
/* And that entry. */
void stack_fix_name(struct stack_facts *facts);
