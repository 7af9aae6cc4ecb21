/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of a plan's changes. */
#include "agent/http/page-steps.h"

#include <inttypes.h>

#include "agent/http/page-frame.h"
#include "base/lang.h"

/* In this order: what went wrong first. */
static const struct {
	enum step_end end;
	const char *text, *class;
} rows[] = {
	{STEP_END_FAILED, NC_("outcome", "failed"), "act remove"},
	{STEP_END_LEFT, NC_("outcome", "left"), "act"},
	{STEP_END_UNDONE, NC_("outcome", "undone"), "act"},
	{STEP_END_DONE, NC_("outcome", "done"), "act"},
};

/* Each line of what a package manager or a unit has said. */
static void put_message(struct html *h, const char *message)
{
	g_auto(GStrv) lines = g_strsplit(message, "\n", -1);

	html_open(h, "td", "lang", "en", NULL);
	for (char **line = lines; *line != NULL; line++) {
		if (line != lines) {
			html_void(h, "br", NULL);
		}
		html_text(h, *line);
	}
	html_close(h, "td");
}

static void put_step(struct html *h, const struct steps_item *step, size_t row)
{
	html_open(h, "tr", NULL);
	html_leaf(h, "td", rows[row].class, C_("outcome", rows[row].text));
	html_leaf(h, "td", NULL, page_action_text(step->action));
	html_leaf(h, "td", "mono", step->id);
	put_message(h, step->message);
	html_close(h, "tr");
}

static void put_table(struct html *h, const struct steps *steps)
{
	static const char *const names[] = {NC_("column", "outcome"), NC_("column", "action"),
					    NC_("column", "resource"), NC_("column", "message")};

	page_table_begin(h, "steps", _("What the last apply has done"), names, G_N_ELEMENTS(names));
	for (size_t row = 0; row < G_N_ELEMENTS(rows); row++) {
		for (guint i = 0; i < steps->items->len; i++) {
			const struct steps_item *step = g_ptr_array_index(steps->items, i);

			if (step->end == rows[row].end) {
				put_step(h, step, row);
			}
		}
	}
	page_table_end(h);
}

static void put_person(struct html *h, const struct fold_plan *known)
{
	if (known->mode == MODE_APPLY || known->person == NULL) {
		return;
	}
	html_open(h, "p", "id", "steered", NULL);
	/* TRANSLATORS: an apply that had halted; a person */
	html_say(h,
		 known->mode == MODE_RESUME ? _("It was resumed by %s.")
					    : _("It was undone by %s."),
		 known->person);
	html_close(h, "p");
}

static void put_halted(struct html *h, const struct fold_plan *known)
{
	if (!known->halted) {
		return;
	}
	html_open(h, "p", "class", "banner", "id", "halted", NULL);
	/* TRANSLATORS: the name of a stack, twice */
	html_say(h,
		 _("It has halted: 'assent apply --resume %s' goes on, 'assent apply --undo %s' "
		   "takes it back."),
		 known->stack, known->stack);
	html_close(h, "p");
}

/* Long lists are told in part. */
static void put_rest(struct html *h, const struct fold_plan *known, const struct steps *steps)
{
	int64_t rest = known->done + known->undone + known->left - (int64_t)steps->items->len;

	if (rest > 0) {
		html_open(h, "p", NULL);
		html_say(h,
			 ngettext("%zu more change is not listed here.",
				  "%zu more changes are not listed here.", (gulong)rest),
			 (size_t)rest);
		html_close(h, "p");
	}
}

void page_steps(struct html *h, const struct fold_plan *known, const struct steps *steps)
{
	if (steps == NULL && known->done + known->undone + known->left == 0) {
		return;
	}
	html_open(h, "section", NULL);
	html_leaf(h, "h2", NULL, _("What the last apply has done"));
	put_halted(h, known);
	html_open(h, "p", NULL);
	html_say(h, _("Of the last apply: %" PRId64 " done, %" PRId64 " undone, %" PRId64 " left."),
		 known->done, known->undone, known->left);
	html_close(h, "p");
	put_person(h, known);
	if (steps != NULL) {
		put_table(h, steps);
		put_rest(h, known, steps);
	}
	html_close(h, "section");
}
