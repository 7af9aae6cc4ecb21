/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The overview: what every stack does and why nothing happens, what waits for
 * a decision, what has been done. A pure function from these values to HTML.
 */
#include "agent/fold.h"
#include "agent/http/page-stacks.h"

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
	int64_t older;		       /* number to ask for what came before, 0: nothing */
	const char *problem;	       /* why the agent does nothing at all, NULL */
	const struct told_steer *stop; /* of everything; NULL or not on: not by the log */
	bool stop_file;		       /* it is stopped by a file */
	uint64_t log_size;
	const char *log_root;
	int64_t now;
};

/* g_free() */
char *page_overview(const struct page_overview *view, size_t *len);
