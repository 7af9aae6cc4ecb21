/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The overview's table of stacks: what each does, why nothing happens, and what
 * a person has decided of it. A pure function from these values to HTML.
 */
#include "agent/fold.h"
#include "agent/http/page-frame.h"

/* What keeps a plan that has its approvals. */
enum page_wait { PAGE_WAIT_NONE, PAGE_WAIT_WINDOW, PAGE_WAIT_STACK };

struct page_stack {
	const char *name, *reason; /* reason in English; NULL: the rest says it */
	enum stack_state state;
	int64_t since;
	const char *commit, *applied;	 /* "" where none */
	const struct fold_plan *pending; /* NULL: nothing waits */
	const struct fold_plan *halted;	 /* whose apply can be undone; NULL: none */
	bool resumable;			 /* or gone on with */
	const struct alert_log *alerts;	 /* NULL: none */

	const struct told_steer *steers; /* TOLD_KINDS of them; NULL: none */
	const char *pin;		 /* the commit that a rollback keeps; NULL, "": none */
	const char *try_problem; /* why what is tried has a tip that is left out; NULL, "": not */
	bool returning;		 /* a trial has ended, and what was before is not back yet */
	enum page_wait wait;
	const char *waits; /* for which stack, in English */
	int64_t opens;	   /* of the window, 0: not within a year */
	/* Of the fallback that has answered, and why the first has not, in English; NULL: it has.
	 */
	const char *remote, *remote_problem;
	int64_t drift, drift_since; /* how much differs; since 0: not known */
};

void page_stacks(struct html *h, const struct page_frame *frame, const struct page_stack *stacks,
		 size_t count, int64_t now);
/* The end of what a person has asked for. 0: none but by a person. */
void page_until(struct html *h, int64_t until, int64_t now);
