/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent show and plans: one plan in full, all plans in a table. */
#include <inttypes.h>
#include <glib/gi18n.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/api.h"
#include "cli/command.h"
#include "cli/render-steps.h"
#include "cli/render.h"
#include "cli/say.h"

/* The signed document itself, what the agent says of it, and the diff. */
static bool print_json(struct cli *cli, const struct review *review, const struct api_steps *steps,
		       GError **error)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct assent_error core;
	struct json_obj root;
	struct json_writer *w;
	const GString *diff = review->diff;

	if (json_doc_parse(&doc, review->bytes->str, review->bytes->len, JSON_CANONICAL, &core) !=
	    0) {
		return fail_core(error, &core, "plan '%s'", review->id);
	}
	json_doc_root(doc, &root);
	w = out_json_begin(cli->out);
	json_w_str(w, "id", review->id);
	json_w_bool(w, "verified", true);
	json_w_value(w, "plan", root.value);
	json_w_object(w, "known");
	say_plan_json(w, review->known);
	render_steps_json(w, steps);
	json_w_end(w);
	if (g_utf8_validate_len(diff->str, diff->len, NULL)) {
		json_w_str(w, "diff", diff->str);
	} else {
		json_w_bytes(w, "diff", diff->str, diff->len);
	}
	return out_json_end(cli->out, w, error);
}

bool cmd_show(struct cli *cli, int argc, char **argv, GError **error)
{
	gboolean no_diff = FALSE;
	const GOptionEntry options[] = {
		{"no-diff", 0, 0, G_OPTION_ARG_NONE, &no_diff, N_("Leave out the diff"), NULL},
		{NULL}};
	g_autoptr(review_auto) review = NULL;
	g_autoptr(api_steps_auto) steps = NULL;

	if (!cli_begin(cli, options, &argc, &argv, error) ||
	    !review_load(cli, argv[0], &review, error) || !review_load_diff(cli, review, error)) {
		return false;
	}
	if (review->known->has_steps && !api_plan_steps(cli->client, review->id, &steps, error)) {
		return false;
	}
	if (out_is_json(cli->out)) {
		return print_json(cli, review, steps, error);
	}
	out_page(cli->out);
	render_head(cli->out, review, g_get_real_time() / G_USEC_PER_SEC);
	render_steps(cli->out, review->known, steps);
	render_changes(cli->out, review->plan);
	if (!no_diff) {
		render_diff(cli->out, review);
	}
	return true;
}

static char *votes_text(const struct api_plan *plan)
{
	guint approvals = 0;

	for (guint i = 0; i < plan->votes->len; i++) {
		approvals += g_strcmp0(g_array_index(plan->votes, struct api_vote, i).decision,
				       "approve") == 0;
	}
	return g_strdup_printf("%u/%" PRId64, approvals, (gint64)plan->required);
}

static bool print_plans(struct cli *cli, const struct api_list *list, GError **error)
{
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	g_autoptr(table_auto) table =
		/* TRANSLATORS: a plan's number */
		table_new(C_("column", "PLAN"), C_("column", "NO"), C_("column", "STACK"),
			  C_("column", "STATE"), C_("column", "MADE"), C_("column", "COMMIT"),
			  C_("column", "VOTES"), C_("column", "CHANGES"), NULL);
	struct json_writer *w;

	if (out_is_json(cli->out)) {
		w = out_json_begin(cli->out);
		json_w_array(w, "plans");
		for (guint i = 0; i < list->items->len; i++) {
			json_w_object(w, NULL);
			say_plan_json(w, list->items->pdata[i]);
			json_w_end(w);
		}
		json_w_end(w);
		return out_json_end(cli->out, w, error);
	}
	for (guint i = 0; i < list->items->len; i++) {
		const struct api_plan *p = list->items->pdata[i];
		g_autofree char *id = text_short_id(p->id), *made = text_age(p->created, now);
		g_autofree char *number = g_strdup_printf("%" PRId64, (gint64)p->seq);
		g_autofree char *commit = p->commit != NULL ? text_short_id(p->commit) : NULL;
		g_autofree char *votes = votes_text(p);

		table_add(table, id, number, p->stack, p->state, made, commit, votes, p->summary);
	}
	out_page(cli->out);
	table_print(table, cli->out);
	return true;
}

bool cmd_plans(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *state = NULL;
	const GOptionEntry options[] = {{"state", 0, 0, G_OPTION_ARG_STRING, &state,
					 N_("Only plans in this state"), N_("STATE")},
					{NULL}};
	g_autoptr(api_list_auto) list = NULL;

	return cli_begin(cli, options, &argc, &argv, error) &&
	       api_plans(cli->client, argc > 0 ? argv[0] : NULL, state, &list, error) &&
	       print_plans(cli, list, error);
}
