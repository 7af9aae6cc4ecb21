/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What `assent watch` shows on a terminal, as lines: nothing here knows where
 * they go.
 *
 *	lines = frame_make(out, &view, width, height)    struct frame_line
 *
 * No line is wider than width, and there are height of them at most; what has
 * no room is left out from the log first, then from below. Everything is escaped.
 */
#include "cli/api.h"
#include "cli/out.h"

struct frame_line {
	int style; /* enum out_style, -1: none */
	char *text;
};
struct frame_view {
	const struct api_list *stacks; /* NULL: not known yet */
	const GPtrArray *log;	       /* lines, newest last */
	const char *problem;	       /* why what is shown may be old, NULL */
	int64_t now;
};

/* g_ptr_array_unref() */
GPtrArray *frame_make(const struct out *out, const struct frame_view *view, unsigned width,
		      unsigned height);
bool frame_equal(const GPtrArray *a, const GPtrArray *b);
