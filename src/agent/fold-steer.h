/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* The part of the fold that knows what a person wants instead of the branch's newest commit. */
#include "agent/fold.h"

void fold_steer_init(struct fold_stack *stack);
void fold_steer_clear(struct fold_stack *stack);
/* False: of what is tried, and the stack's own branch stands where it stood. */
bool fold_steer_commit(struct fold_stack *stack, const struct record_commit *commit);
/* facts.base is new, or found to hold again. plan: that brought it, NULL: none. */
void fold_steer_base(struct fold_stack *stack, const struct fold_plan *plan, int64_t time);
void fold_steer_rollback(struct fold_stack *stack, const struct record_rollback *rollback);
void fold_steer_unpin(struct fold_stack *stack, const struct record_unpin *unpin);
void fold_steer_try(struct fold_stack *stack, const struct record_try *trial);
void fold_steer_return(struct fold_stack *stack);
/* Was this commit rolled back? */
bool fold_is_bad(const struct fold_stack *stack, const char *commit);
