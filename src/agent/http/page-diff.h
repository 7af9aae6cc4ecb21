/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A plan's diff for the review page: each file in one column and side by side
 * (the style sheet shows one of them), within bounds. What is beyond a bound is
 * left out, said so at its place, and counted.
 */
#include <stdbool.h>

#include "agent/http/html.h"
#include "core/plan.h"

#define PAGE_CHANGES 1000	  /* files that are shown */
#define PAGE_FILE_LINES 1500	  /* lines of one of them */
#define PAGE_LINE_BYTES 2000	  /* of one line */
#define PAGE_DIFF_SIZE (2U << 20) /* bytes of markup in one column; side by side has twice that */

struct page_diff {
	const struct plan *plan;
	const char *diff; /* of the size that the plan says */
	size_t len;
	const char *raw; /* where all of it is */
};

/* Indices of the plan's changes: removals first, then the greatest risk, then the plan's order.
 * g_free(). */
size_t *page_order(const struct plan *plan);
/* False when any part of the plan's diff was left out, here or in the diff itself. */
bool page_diff(struct html *h, const struct page_diff *diff, const size_t *order);
