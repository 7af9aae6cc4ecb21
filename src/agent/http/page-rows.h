/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A section of a plan's diff (one file's) as rows with line numbers. What is
 * content is told by the counts of the hunk and not by how a line looks, so
 * that no content can pass for a header.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* One line of a section. */
enum diff_kind { DIFF_HEAD, DIFF_HUNK, DIFF_SAME, DIFF_DEL, DIFF_ADD, DIFF_NOTE };
struct diff_row {
	enum diff_kind kind;
	const char *text; /* without the sign */
	size_t len;
	int64_t old, new; /* line numbers, 0: none */
};
/* struct diff_row of a section, borrowed from it. Every byte of the section is in some row; *cut:
 * the section says itself that something is missing. */
GArray *page_diff_rows(const char *section, size_t len, bool *cut);
