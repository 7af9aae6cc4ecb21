/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a section of a plan's diff into rows. */
#include "agent/http/page-rows.h"

#include <string.h>

struct reading {
	GArray *rows;
	int64_t old, new;	    /* numbers of the next lines */
	int64_t old_left, new_left; /* lines that the hunk still has */
	bool content;		    /* a hunk has begun */
	bool cut;
};

/* "12,3" or "12"; false when it is neither. */
static bool read_range(const char **at, const char *end, int64_t *first, int64_t *count)
{
	int64_t *numbers[] = {first, count};
	size_t digits = 0;

	*count = 1;
	for (size_t i = 0; i < 2; i++) {
		*numbers[i] = 0;
		for (digits = 0; *at < end && g_ascii_isdigit(**at) && digits < 9; digits++) {
			*numbers[i] = *numbers[i] * 10 + (*(*at)++ - '0');
		}
		if (digits == 0 || *at == end || **at != ',' || i == 1) {
			break;
		}
		(*at)++;
		*count = 0;
	}
	return digits > 0;
}

/* "@@ -1,2 +3,4 @@" */
static bool begin_hunk(struct reading *r, const char *line, size_t len)
{
	const char *at = line + 4, *end = line + len;
	int64_t old = 0, old_left = 0, new = 0, new_left = 0;

	if (len < 4 || memcmp(line, "@@ -", 4) != 0 || !read_range(&at, end, &old, &old_left) ||
	    end - at < 2 || memcmp(at, " +", 2) != 0) {
		return false;
	}
	at += 2;
	if (!read_range(&at, end, &new, &new_left)) {
		return false;
	}
	r->content = true;
	r->old = old;
	r->new = new;
	r->old_left = old_left;
	r->new_left = new_left;
	return true;
}

static void add(struct reading *r, enum diff_kind kind, const char *text, size_t len, bool old,
		bool new)
{
	struct diff_row row = {kind, text, len, old ? r->old++ : 0, new ? r->new ++ : 0};

	r->old_left -= old;
	r->new_left -= new;
	g_array_append_val(r->rows, row);
}

/* A line inside a hunk, by the hunk's own count: what looks like a header there is content. */
static bool take_content(struct reading *r, const char *line, size_t len)
{
	char sign = len > 0 ? line[0] : '\0';

	if (sign == ' ' && r->old_left > 0 && r->new_left > 0) {
		add(r, DIFF_SAME, line + 1, len - 1, true, true);
	} else if (sign == '-' && r->old_left > 0) {
		add(r, DIFF_DEL, line + 1, len - 1, true, false);
	} else if (sign == '+' && r->new_left > 0) {
		add(r, DIFF_ADD, line + 1, len - 1, false, true);
	} else {
		return false;
	}
	return true;
}

static void take_line(struct reading *r, const char *line, size_t len)
{
	if (take_content(r, line, len)) {
		return;
	}
	if (begin_hunk(r, line, len)) {
		add(r, DIFF_HUNK, line, len, false, false);
		return;
	}
	r->cut |= len >= 4 && memcmp(line, "... ", 4) == 0;
	add(r, r->content || (len > 0 && line[0] == '.') ? DIFF_NOTE : DIFF_HEAD, line, len, false,
	    false);
}

GArray *page_diff_rows(const char *section, size_t len, bool *cut)
{
	struct reading r = {.rows = g_array_new(FALSE, FALSE, sizeof(struct diff_row))};
	const char *at = section, *end = section + len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;

		take_line(&r, at, (size_t)(stop - at));
		at = newline != NULL ? newline + 1 : end;
	}
	*cut = r.cut;
	return r.rows;
}
