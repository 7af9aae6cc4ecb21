/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of a plan's changes. */
#include "cli/render-steps.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"

/* In this order: what went wrong first. */
static const struct {
	const char *outcome, *text;
	enum out_style style;
} rows[] = {
	{"failed", NC_("outcome", "failed"), STYLE_BAD},
	{"left", NC_("outcome", "left"), STYLE_WARN},
	{"undone", NC_("outcome", "undone"), STYLE_REMOVE},
	{"done", NC_("outcome", "done"), STYLE_ADD},
};

/* As wide as the longest of them is in this language. */
static int outcome_width(void)
{
	int width = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *text = g_dpgettext2(NULL, "outcome", rows[i].text);

		width = MAX(width, (int)text_width(text));
	}
	return width;
}

/* Each line of what a package manager or a unit has said, below its step. */
static void render_message(struct out *out, const char *message)
{
	g_auto(GStrv) lines = g_strsplit(message, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		g_autofree char *safe = out_safe(out, *line);

		if (safe[0] != '\0') {
			out_printf(out, "          %s\n", safe);
		}
	}
}

static void render_step(struct out *out, const struct api_step *step, size_t row)
{
	g_autofree char *id = out_safe(out, step->id);
	g_autofree char *action = out_safe(out, step->action);
	const char *text = g_dpgettext2(NULL, "outcome", rows[row].text);

	out_printf(out, "  ");
	out_styled(out, rows[row].style, "%s%*s", text, outcome_width() + 2 - (int)text_width(text),
		   "");
	out_printf(out, "%s %s\n", action, id);
	if (step->message != NULL) {
		render_message(out, step->message);
	}
}

void render_steps(struct out *out, const struct api_plan *plan, const struct api_steps *steps)
{
	if (plan == NULL || (steps == NULL && plan->done + plan->undone + plan->left == 0)) {
		return;
	}
	out_printf(out, "\n");
	out_styled(out, STYLE_BOLD,
		   _("Of the last apply: %" PRId64 " done, %" PRId64 " undone, %" PRId64 " left."),
		   plan->done, plan->undone, plan->left);
	out_printf(out, "\n");
	if (plan->steered != NULL && plan->person != NULL) {
		g_autofree char *person = out_safe(out, plan->person);

		/* TRANSLATORS: an apply that had halted; a person */
		out_printf(out,
			   strcmp(plan->steered, "resume") == 0 ? _("It was resumed by %s.")
								: _("It was undone by %s."),
			   person);
		out_printf(out, "\n");
	}
	if (plan->halted) {
		out_styled(out, STYLE_WARN,
			   _("It has halted: 'assent apply --resume %s' goes on, 'assent apply "
			     "--undo %s' takes it back."),
			   plan->stack, plan->stack);
		out_printf(out, "\n");
	}
	for (size_t row = 0; steps != NULL && row < G_N_ELEMENTS(rows); row++) {
		for (guint i = 0; i < steps->items->len; i++) {
			const struct api_step *step =
				&g_array_index(steps->items, struct api_step, i);

			if (strcmp(step->outcome, rows[row].outcome) == 0) {
				render_step(out, step, row);
			}
		}
	}
}

void render_steps_json(struct json_writer *w, const struct api_steps *steps)
{
	json_w_array(w, "steps");
	for (guint i = 0; steps != NULL && i < steps->items->len; i++) {
		const struct api_step *step = &g_array_index(steps->items, struct api_step, i);

		json_w_object(w, NULL);
		json_w_str(w, "id", step->id);
		json_w_str(w, "action", step->action);
		json_w_str(w, "outcome", step->outcome);
		json_w_str(w, "message", step->message != NULL ? step->message : "");
		json_w_end(w);
	}
	json_w_end(w);
}
