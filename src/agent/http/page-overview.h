/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The overview: what every stack does and why nothing happens, what waits for
 * a decision, what has been done. A pure function from these values to HTML.
 */
#include "agent/fold.h"
#include "agent/http/page-frame.h"

struct page_stack {
	const char *name, *reason; /* reason in English */
	enum stack_state state;
	int64_t since;
	const char *commit, *applied;	 /* "" where none */
	const struct fold_plan *pending; /* NULL: nothing waits */
	const struct fold_plan *halted;	 /* whose apply can be undone; NULL: none */
	bool resumable;			 /* or gone on with */
	const struct alert_log *alerts;	 /* NULL: none */
};
struct page_past {
	const struct fold_plan *plan;
	const char *author, *subject; /* of its newest commit, NULL: not known */
};
struct page_overview {
	struct page_frame frame; /* root is "./" */
	const struct page_stack *stacks;
	size_t stacks_count;
	const struct page_past *past; /* newest first */
	size_t past_count;
	int64_t older;	     /* number to ask for what came before, 0: nothing */
	const char *problem; /* why the agent does nothing at all, NULL */
	uint64_t log_size;
	const char *log_root;
	int64_t now;
};

/* g_free() */
char *page_overview(const struct page_overview *view, size_t *len);
