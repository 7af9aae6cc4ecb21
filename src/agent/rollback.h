/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which earlier state a rollback goes to, and whether it may. What it writes is
 * the caller's; what follows from that is the fold's and stack_step()'s.
 */
#include "agent/fold.h"

enum rollback_refusal {
	ROLLBACK_MAY,
	ROLLBACK_BUSY,	    /* an apply is under way */
	ROLLBACK_TRIAL,	    /* a branch is tried */
	ROLLBACK_NEVER,	    /* nothing was ever applied */
	ROLLBACK_NO_OTHER,  /* nothing else was, but what was rolled back */
	ROLLBACK_UNKNOWN,   /* to names nothing that was applied */
	ROLLBACK_AMBIGUOUS, /* or several things */
	ROLLBACK_WAS_TRIAL, /* that was for some time only */
	ROLLBACK_WAS_BAD,   /* that was rolled back itself */
	ROLLBACK_THERE,	    /* that is what is wanted already */
};

/* to: a commit or a plan, or the beginning of its name; NULL: the state before the present one, or,
 * where the newest plan has failed, the present one. *out: what to go back to, on MAY alone. */
enum rollback_refusal rollback_choose(const struct fold *fold, const struct fold_stack *stack,
				      const char *to, const struct fold_held **out);
/* The commit that was the newest and is left, NULL: none. */
const char *rollback_bad(const struct fold_stack *stack, const struct fold_held *to);
