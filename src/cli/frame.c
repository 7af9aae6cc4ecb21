/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lays out the live view. */
#include "cli/frame.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cli/say.h"

#define BAR 20	    /* columns of a bar */
#define LOG_LEAST 3 /* lines that the log has where there is any room */

struct frame {
	const struct out *out;
	unsigned width;
	GPtrArray *lines;
};

static void line_free(gpointer data)
{
	struct frame_line *line = data;

	g_free(line->text);
	g_free(line);
}

static void add(struct frame *f, int style, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void add(struct frame *f, int style, const char *format, ...)
{
	struct frame_line *line = g_new0(struct frame_line, 1);
	g_autofree char *text = NULL, *safe = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	safe = out_safe(f->out, text);
	line->style = style;
	line->text = text_cut(safe, f->width, (out_text_flags(f->out) & TEXT_ASCII) != 0);
	g_ptr_array_add(f->lines, line);
}

static int style_of(const char *state)
{
	static const struct {
		const char *state;
		enum out_style style;
	} styles[] = {
		{"pending", STYLE_WARN},  {"drifted", STYLE_WARN}, {"suspended", STYLE_WARN},
		{"failed", STYLE_BAD},	  {"blocked", STYLE_BAD},  {"applying", STYLE_BOLD},
		{"planning", STYLE_BOLD},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(styles); i++) {
		if (strcmp(styles[i].state, state) == 0) {
			return (int)styles[i].style;
		}
	}
	return -1;
}

/* What a job says of itself: "[#####....] 12/40 compared". */
static void add_progress(struct frame *f, const struct api_stack *s)
{
	char bar[BAR + 1];
	int full;

	if (s->job == NULL || strcmp(s->job, "none") == 0) {
		return;
	}
	if (s->progress == NULL || s->progress_total <= 0) {
		add(f, STYLE_DIM, "    %s ...", s->job);
		return;
	}
	full = (int)(BAR * MIN(s->progress_done, s->progress_total) / s->progress_total);
	memset(bar, '.', BAR);
	memset(bar, '#', (size_t)full);
	bar[BAR] = '\0';
	add(f, STYLE_DIM, "    %s [%s] %" PRId64 "/%" PRId64 " %s", s->job, bar, s->progress_done,
	    s->progress_total, s->progress);
}

static int column(const char *text, int widest)
{
	return MAX(0, widest - (int)text_width(text));
}

static void add_stack(struct frame *f, const struct api_stack *s, int widest, int64_t now)
{
	g_autofree char *name = out_safe(f->out, s->name);
	g_autofree char *age = s->since != 0 ? text_age(s->since, now) : g_strdup("-");
	g_autofree char *why = say_why(s, now);

	add(f, style_of(s->state), "%s%*s  %-9s  %-8s  %s", s->name, column(name, widest), "",
	    s->state, age, why);
	add_progress(f, s);
}

static void add_stacks(struct frame *f, const struct frame_view *view)
{
	int widest = 0;

	for (guint i = 0; i < view->stacks->items->len; i++) {
		const struct api_stack *s = view->stacks->items->pdata[i];
		g_autofree char *name = out_safe(f->out, s->name);

		widest = MAX(widest, (int)text_width(name));
	}
	for (guint i = 0; i < view->stacks->items->len; i++) {
		add_stack(f, view->stacks->items->pdata[i], widest, view->now);
	}
	if (view->stacks->items->len == 0) {
		add(f, -1, "%s", _("the agent's configuration names no stack"));
	}
}

static void add_pending(struct frame *f, const struct frame_view *view)
{
	bool any = false;

	for (guint i = 0; i < view->stacks->items->len; i++) {
		const struct api_stack *s = view->stacks->items->pdata[i];
		const struct api_pending *p = &s->pending;
		g_autofree char *id = p->plan != NULL ? text_short_id(p->plan) : NULL;
		g_autofree char *rest = text_age(p->expires, view->now);

		if (id == NULL || p->approved) {
			continue;
		}
		if (!any) {
			add(f, -1, "%s", "");
			add(f, STYLE_BOLD, "%s", _("Waits for approval"));
			any = true;
		}
		/* TRANSLATORS: a plan, its stack, given and needed approvals, "in 3h",
		 * "2 create" */
		add(f, -1, _("%s  %s  %" PRId64 "/%" PRId64 ", expires %s: %s"), id, s->name,
		    p->votes, p->required, rest, p->summary);
	}
}

/* The newest that fit; they lead to the last line but one. */
static void add_log(struct frame *f, const GPtrArray *log, unsigned room)
{
	unsigned first = log->len > room ? log->len - room : 0;

	for (unsigned i = first; i < log->len; i++) {
		add(f, -1, "%s", (const char *)log->pdata[i]);
	}
}

GPtrArray *frame_make(const struct out *out, const struct frame_view *view, unsigned width,
		      unsigned height)
{
	struct frame f = {out, MAX(width, 1), g_ptr_array_new_with_free_func(line_free)};
	unsigned most = height > 1 ? height - 1 : 1, room;

	if (view->problem != NULL) {
		add(&f, STYLE_BAD, "%s", view->problem);
	}
	if (view->stacks != NULL) {
		add_stacks(&f, view);
		add_pending(&f, view);
	}
	room = most > LOG_LEAST + 2 ? most - LOG_LEAST - 2 : most;
	if (view->log->len > 0 && f.lines->len > room) {
		g_ptr_array_set_size(f.lines, (int)room);
	}
	if (view->log->len > 0 && f.lines->len + 2 < most) {
		add(&f, -1, "%s", "");
		add(&f, STYLE_BOLD, "%s", _("Newest of the log"));
		add_log(&f, view->log, most - f.lines->len);
	}
	if (f.lines->len > most) {
		g_ptr_array_set_size(f.lines, (int)most);
	}
	if (height > 1) {
		add(&f, STYLE_DIM, "%s", _("q: quit"));
	}
	return f.lines;
}

bool frame_equal(const GPtrArray *a, const GPtrArray *b)
{
	if (a == NULL || b == NULL || a->len != b->len) {
		return false;
	}
	for (unsigned i = 0; i < a->len; i++) {
		const struct frame_line *x = a->pdata[i], *y = b->pdata[i];

		if (x->style != y->style || strcmp(x->text, y->text) != 0) {
			return false;
		}
	}
	return true;
}
