/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The diff in one column and side by side. */
#include "agent/http/page-diff.h"

#include <inttypes.h>
#include <string.h>

#include "agent/http/page-frame.h"
#include "agent/http/page-rows.h"
#include "base/autoptr.h"
#include "base/lang.h"
#include "base/text.h"

struct drawing {
	struct html *h;
	const struct page_diff *diff;
	size_t used; /* bytes of markup in one column */
	bool complete;
};

static unsigned rank(const struct plan_change *change)
{
	if (change->action == ACTION_REMOVE) {
		return 0;
	}
	if ((change->risk & RISK_SECRET) != 0) {
		return 1;
	}
	if ((change->risk & (RISK_ROOT | RISK_CLUSTER)) != 0) {
		return 2;
	}
	return (change->risk & RISK_EXECUTABLE) != 0 ? 3 : 4;
}

static int compare(const void *a, const void *b, void *user)
{
	const struct plan *plan = user;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	unsigned p = rank(&plan->changes[x]), q = rank(&plan->changes[y]);

	if (p != q) {
		return p < q ? -1 : 1;
	}
	return (x > y) - (x < y);
}

size_t *page_order(const struct plan *plan)
{
	size_t *order = g_new(size_t, plan->changes_count + 1);

	for (size_t i = 0; i < plan->changes_count; i++) {
		order[i] = i;
	}
	g_qsort_with_data(order, (gint)plan->changes_count, sizeof(*order), compare, (void *)plan);
	return order;
}

static bool is_full(const struct drawing *d)
{
	return d->used >= PAGE_DIFF_SIZE;
}

static void put_number(struct html *h, int64_t number)
{
	html_open(h, "td", "class", "n", NULL);
	if (number > 0) {
		html_say(h, "%" PRId64, number);
	}
	html_close(h, "td");
}

static void put_code(struct drawing *d, const struct diff_row *row)
{
	html_bytes(d->h, row->text, MIN(row->len, PAGE_LINE_BYTES), true);
	if (row->len > PAGE_LINE_BYTES) {
		html_text(d->h, " ");
		html_leaf(d->h, "b", NULL, _("… the rest of this line is not shown"));
		d->complete = false;
	}
}

struct look {
	const char *class, *sign, *tag; /* tag of the content */
};

static const struct look *look_of(enum diff_kind kind)
{
	static const struct look looks[] = {
		[DIFF_HEAD] = {"h", "", "span"},  [DIFF_HUNK] = {"h", "", "span"},
		[DIFF_SAME] = {"c", " ", "span"}, [DIFF_DEL] = {"d", "-", "del"},
		[DIFF_ADD] = {"a", "+", "ins"},	  [DIFF_NOTE] = {"h", "", "b"},
	};

	return &looks[kind];
}

/* Number, sign and content are cells of their own, so that code can be copied without them. */
static void put_side(struct drawing *d, const struct diff_row *row, int64_t number)
{
	const struct look *look = look_of(row->kind);

	put_number(d->h, number);
	html_open(d->h, "td", "class", look->class, NULL);
	html_leaf(d->h, "span", "s", look->sign);
	html_open(d->h, look->tag, NULL);
	put_code(d, row);
	html_close(d->h, look->tag);
	html_close(d->h, "td");
}

static void put_one(struct drawing *d, const struct diff_row *row)
{
	html_open(d->h, "tr", NULL);
	put_number(d->h, row->old);
	put_side(d, row, row->new);
	html_close(d->h, "tr");
}

static void put_span(struct drawing *d, const struct diff_row *row)
{
	html_open(d->h, "tr", NULL);
	html_open(d->h, "td", "class", "h", "colspan", "4", NULL);
	put_code(d, row);
	html_close(d->h, "td");
	html_close(d->h, "tr");
}

static void put_pair(struct drawing *d, const struct diff_row *old, const struct diff_row *new)
{
	html_open(d->h, "tr", NULL);
	if (old != NULL) {
		put_side(d, old, old->old);
	} else {
		put_number(d->h, 0);
		html_leaf(d->h, "td", "x", "");
	}
	if (new != NULL) {
		put_side(d, new, new->new);
	} else {
		put_number(d->h, 0);
		html_leaf(d->h, "td", "x", "");
	}
	html_close(d->h, "tr");
}

static void begin_table(struct drawing *d, const char *class, const char *caption, bool two)
{
	/* TRANSLATORS: the number of a line, and what stands in it */
	static const char *const one[] = {NC_("column", "old line"), NC_("column", "new line"),
					  NC_("column", "text")};
	static const char *const both[] = {NC_("column", "old line"), NC_("column", "old text"),
					   NC_("column", "new line"), NC_("column", "new text")};
	const char *const *names = two ? both : one;

	html_open(d->h, "table", "class", class, NULL);
	html_leaf(d->h, "caption", "vh", caption);
	html_open(d->h, "thead", NULL);
	html_open(d->h, "tr", NULL);
	for (size_t i = 0; i < (two ? G_N_ELEMENTS(both) : G_N_ELEMENTS(one)); i++) {
		bool number = i == 0 || (two ? i == 2 : i == 1);

		html_open(d->h, "th", "scope", "col", "class", number ? "n" : "t", NULL);
		html_leaf(d->h, "span", "vh", C_("column", names[i]));
		html_close(d->h, "th");
	}
	html_close(d->h, "tr");
	html_close(d->h, "thead");
	html_open(d->h, "tbody", NULL);
}

static void end_table(struct drawing *d)
{
	html_close(d->h, "tbody");
	html_close(d->h, "table");
}

static const struct diff_row *row_at(const GArray *rows, size_t i)
{
	return &g_array_index(rows, struct diff_row, i);
}

/* How many rows fit is known only when they are drawn: an escaped byte takes forty. */
static size_t draw_one(struct drawing *d, const GArray *rows)
{
	size_t count = 0, start;

	begin_table(d, "diff one", _("Changed lines in one column"), false);
	while (count < rows->len && count < PAGE_FILE_LINES && !is_full(d)) {
		start = html_size(d->h);
		put_one(d, row_at(rows, count++));
		d->used += html_size(d->h) - start;
	}
	end_table(d);
	return count;
}

/* Rows of this kind from i on. */
static size_t run_of(const GArray *rows, size_t count, size_t i, enum diff_kind kind)
{
	size_t n = 0;

	while (i + n < count && row_at(rows, i + n)->kind == kind) {
		n++;
	}
	return n;
}

static void draw_side(struct drawing *d, const GArray *rows, size_t count)
{
	size_t i = 0;

	begin_table(d, "diff side", _("Changed lines side by side"), true);
	while (i < count) {
		const struct diff_row *row = row_at(rows, i);
		size_t del = run_of(rows, count, i, DIFF_DEL);
		size_t add = run_of(rows, count, i + del, DIFF_ADD);

		for (size_t n = 0; n < MAX(del, add); n++) {
			put_pair(d, n < del ? row_at(rows, i + n) : NULL,
				 n < add ? row_at(rows, i + del + n) : NULL);
		}
		i += del + add;
		if (del + add > 0) {
			continue;
		}
		if (row->kind == DIFF_SAME) {
			put_pair(d, row, row);
		} else {
			put_span(d, row);
		}
		i++;
	}
	end_table(d);
}

static void put_left_out(struct drawing *d, size_t lines)
{
	d->complete = false;
	html_open(d->h, "p", "class", "note banner", NULL);
	html_say(d->h,
		 ngettext("%zu more line of this file is not shown here.",
			  "%zu more lines of this file are not shown here.", lines),
		 lines);
	html_text(d->h, " ");
	html_open(d->h, "a", "href", d->diff->raw, NULL);
	html_text(d->h, _("Read the whole diff as text"));
	html_close(d->h, "a");
	html_close(d->h, "p");
}

static void put_summary(struct drawing *d, const struct plan_change *change, const GArray *rows)
{
	unsigned added = 0, removed = 0;

	for (size_t i = 0; i < rows->len; i++) {
		added += row_at(rows, i)->kind == DIFF_ADD;
		removed += row_at(rows, i)->kind == DIFF_DEL;
	}
	html_open(d->h, "summary", NULL);
	html_open(d->h, "h3", NULL);
	html_say(d->h, "%s %s", text_action(change->action), change->id);
	html_close(d->h, "h3");
	html_open(d->h, "span", "class", "dim", NULL);
	html_say(d->h, " +%u -%u", added, removed);
	html_close(d->h, "span");
	html_close(d->h, "summary");
}

static void draw_file(struct drawing *d, const struct plan_change *change, const char *section)
{
	bool cut = false;
	g_autoptr(GArray) rows = page_diff_rows(section, (size_t)change->diff_size, &cut);
	size_t count;
	unsigned odd;

	html_open(d->h, "details", "open", "", "class",
		  change->action == ACTION_REMOVE ? "remove" : "file", NULL);
	put_summary(d, change, rows);
	count = draw_one(d, rows);
	odd = html_odd(d->h);
	draw_side(d, rows, count);
	html_set_odd(d->h, odd); // the same characters once more
	if (count < rows->len) {
		put_left_out(d, rows->len - count);
	}
	d->complete = d->complete && !cut;
	html_close(d->h, "details");
}

static void put_picks(struct html *h)
{
	static const struct {
		const char *id, *class, *text;
	} picks[] = {{"one", "pick", N_("one column")}, {"two", "pick two", N_("side by side")}};

	for (size_t i = 0; i < G_N_ELEMENTS(picks); i++) {
		if (i == 0) {
			html_void(h, "input", "type", "radio", "name", "view", "id", picks[i].id,
				  "class", picks[i].class, "checked", "", NULL);
		} else {
			html_void(h, "input", "type", "radio", "name", "view", "id", picks[i].id,
				  "class", picks[i].class, NULL);
		}
		html_open(h, "label", "for", picks[i].id, "class", "pick", NULL);
		html_text(h, _(picks[i].text));
		html_close(h, "label");
	}
}

/* Where each change's section begins; NULL when the plan's sizes are not the diff's. */
static size_t *offsets_of(const struct page_diff *diff)
{
	const struct plan *plan = diff->plan;
	g_autofree size_t *offsets = g_new(size_t, plan->changes_count + 1);

	offsets[0] = 0;
	for (size_t i = 0; i < plan->changes_count; i++) {
		uint64_t size = (uint64_t)plan->changes[i].diff_size;

		if (size > diff->len - offsets[i]) {
			return NULL;
		}
		offsets[i + 1] = offsets[i] + (size_t)size;
	}
	return g_steal_pointer(&offsets);
}

bool page_diff(struct html *h, const struct page_diff *diff, const size_t *order)
{
	struct drawing d = {.h = h, .diff = diff, .complete = true};
	g_autofree size_t *offsets = offsets_of(diff);
	size_t shown = 0;

	html_open(h, "section", NULL);
	html_leaf(h, "h2", NULL, _("Diff"));
	put_picks(h);
	while (offsets != NULL && shown < diff->plan->changes_count && shown < PAGE_CHANGES &&
	       !is_full(&d)) {
		size_t i = order[shown++];

		draw_file(&d, &diff->plan->changes[i], diff->diff + offsets[i]);
	}
	if (shown < diff->plan->changes_count) {
		d.complete = false;
		html_open(h, "p", "class", "banner", NULL);
		html_say(h,
			 ngettext("The diff of %zu more change is not shown here.",
				  "The diffs of %zu more changes are not shown here.",
				  diff->plan->changes_count - shown),
			 diff->plan->changes_count - shown);
		html_close(h, "p");
	}
	html_open(h, "p", NULL);
	html_open(h, "a", "href", diff->raw, NULL);
	html_text(h, _("The whole diff as text"));
	html_close(h, "a");
	html_close(h, "p");
	html_close(h, "section");
	return d.complete;
}
