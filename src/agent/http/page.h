/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The review page: what would be done, why and by whom, how dangerous it is,
 * the diff, who has decided, what is still needed, and the form to decide.
 * A pure function from these values to HTML.
 */
#include "agent/fold.h"
#include "agent/http/page-frame.h"
#include "agent/steps.h"

struct page_plan {
	struct page_frame frame; /* title is made here; root is "../" */
	const struct plan *plan; /* verified */
	const struct fold_plan *known;
	const char *diff; /* of the size that the plan says */
	size_t diff_len;
	const char *newer;   /* the plan that has taken this one's place, NULL: none */
	const char *missing; /* why the votes do not suffice, in English; NULL: they do, or the plan
			      * has ended */
	int64_t quiet;	     /* when silence approves it, 0: never */
	/* The stack's windows: does one keep it now, once it is approved, and until when (0: longer
	 * than a year)? */
	bool windows, shut;
	int64_t opens;
	const char *barred;	 /* why who is signed in cannot decide here; NULL: they can */
	const char *no_approval; /* why they can only reject; NULL: they can approve */
	const char *problem;	 /* why the form comes back, NULL: it has not been sent */
	const char *reason;	 /* as it was sent, NULL */
	/* What became of each change; NULL: nothing is told of it. */
	const struct steps *steps;
	int64_t now;
};

/* g_free() */
char *page_plan(const struct page_plan *view, size_t *len);
/* Would the form of this plan have asked for the acknowledgement? */
bool page_is_incomplete(const struct page_plan *view);
