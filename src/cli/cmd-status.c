/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent status: what every stack does, and why nothing happens. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cli/api.h"
#include "cli/command.h"
#include "cli/say.h"

static bool print_all(struct cli *cli, const struct api_list *list, GError **error)
{
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	g_autoptr(table_auto) table =
		table_new(C_("column", "STACK"), C_("column", "STATE"), C_("column", "SINCE"),
			  C_("column", "COMMIT"), C_("column", "WHY"), NULL);
	struct json_writer *w;

	if (out_is_json(cli->out)) {
		w = out_json_begin(cli->out);
		json_w_array(w, "stacks");
		for (guint i = 0; i < list->items->len; i++) {
			json_w_object(w, NULL);
			say_stack_json(w, list->items->pdata[i]);
			json_w_end(w);
		}
		json_w_end(w);
		return out_json_end(cli->out, w, error);
	}
	for (guint i = 0; i < list->items->len; i++) {
		const struct api_stack *s = list->items->pdata[i];
		g_autofree char *age = s->since != 0 ? text_age(s->since, now) : NULL;
		g_autofree char *commit = s->commit != NULL ? text_short_id(s->commit) : NULL;
		g_autofree char *why = say_why(s, now);

		table_add(table, s->name, s->state, age, commit, why);
	}
	table_print(table, cli->out);
	for (guint i = 0; i < list->items->len; i++) {
		say_alerts(cli->out, list->items->pdata[i], now);
	}
	if (list->items->len == 0) {
		out_note(cli->out, _("the agent's configuration names no stack\n"));
	}
	return true;
}

/* A hint, for people only: an agent that does not tell is no failure here. */
static void say_configuration(struct cli *cli)
{
	g_autoptr(api_info_auto) info = NULL;
	g_autofree char *text = NULL;

	if (out_is_json(cli->out) || !api_info(cli->client, &info, NULL) ||
	    info->configuration_problem == NULL) {
		return;
	}
	text = out_safe(cli->out, info->configuration_problem);
	out_printf(cli->out, "%s\n", text);
}

static void line(struct out *out, const char *name, const char *value)
{
	g_autofree char *safe = out_safe(out, value);

	if (value != NULL) {
		out_printf(out, "  %s%*s %s\n", name, MAX(0, OUT_FIELD - (int)text_width(name)), "",
			   safe);
	}
}

static void line_time(struct out *out, const char *name, int64_t when, int64_t now)
{
	g_autofree char *time = text_time(when), *age = text_age(when, now);
	g_autofree char *both = g_strdup_printf("%s (%s)", time, age);

	line(out, name, when != 0 ? both : NULL);
}

static void line_drift(struct out *out, const struct api_stack *stack, int64_t now)
{
	g_autofree char *count =
		g_strdup_printf(ngettext("%" PRId64 " place differs", "%" PRId64 " places differ",
					 (gulong)stack->drift),
				(gint64)stack->drift);
	g_autofree char *time = text_time(stack->drift_since);
	g_autofree char *age = text_age(stack->drift_since, now);
	g_autofree char *both = g_strdup_printf(_("%s since %s (%s)"), count, time, age);

	if (stack->drift > 0) {
		line(out, C_("field", "drift"), stack->drift_since != 0 ? both : count);
		line(out, "", stack->drift_why);
	}
}

/* NULL: there was none. */
static char *last_text(const struct api_stack *stack)
{
	if (stack->last_result == NULL) {
		return NULL;
	}
	/* TRANSLATORS: ok, failed ..., and how many changes were done, undone and left out */
	return g_strdup_printf(_("%s: %" PRId64 " done, %" PRId64 " undone, %" PRId64 " left"),
			       stack->last_result, stack->last_done, stack->last_undone,
			       stack->last_left);
}

static bool print_one(struct cli *cli, const struct api_stack *stack, GError **error)
{
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	g_autofree char *last = NULL;

	if (out_is_json(cli->out)) {
		struct json_writer *w = out_json_begin(cli->out);

		say_stack_json(w, stack);
		return out_json_end(cli->out, w, error);
	}
	last = last_text(stack);
	say_stack(cli->out, stack, now);
	say_alerts(cli->out, stack, now);
	line_time(cli->out, C_("field", "since"), stack->since, now);
	line(cli->out, C_("field", "repository"), stack->repository);
	line(cli->out, C_("field", "ref"), stack->ref);
	line(cli->out, C_("field", "commit"), stack->commit);
	line(cli->out, C_("field", "plan"), stack->pending.plan);
	line(cli->out, C_("field", "last apply"), last);
	line_drift(cli->out, stack, now);
	line(cli->out, C_("field", "watch"), stack->watch_problem);
	line_time(cli->out, C_("field", "next fetch"), stack->next_fetch, now);
	return true;
}

bool cmd_status(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autoptr(api_list_auto) list = NULL;
	g_autoptr(api_stack_auto) stack = NULL;

	if (!cli_begin(cli, NULL, &argc, &argv, error)) {
		return false;
	}
	if (argc == 1) {
		return api_stack(cli->client, argv[0], &stack, error) &&
		       print_one(cli, stack, error);
	}
	if (!api_status(cli->client, &list, error) || !print_all(cli, list, error)) {
		return false;
	}
	say_configuration(cli);
	return true;
}
