/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent history: what was applied, by whom it was written and approved, and how it went. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cli/say.h"
#include "cli/tale.h"

struct history {
	const struct tale *tale;
	const char *stack; /* NULL: all */
	int64_t since;
	bool all;
	gint64 limit; /* 0: none */
};

/* Beside applies: what people did to a stack, and a commit that needed no plan. */
static bool is_steering(enum entry_type type)
{
	static const enum entry_type types[] = {ENTRY_CLOSED, ENTRY_ROLLBACK, ENTRY_UNPIN,
						ENTRY_TRY,    ENTRY_RETURN,   ENTRY_SUSPEND,
						ENTRY_RESUME, ENTRY_REWRITTEN};

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		if (types[i] == type) {
			return true;
		}
	}
	return false;
}

static bool is_wanted(const struct history *h, const struct tale_event *e)
{
	if (e->time < h->since ||
	    (h->stack != NULL && e->stack != NULL && strcmp(h->stack, e->stack) != 0)) {
		return false;
	}
	if (h->stack != NULL && e->stack == NULL && e->type == ENTRY_NOTE) {
		return false;
	}
	if (e->type == ENTRY_PLAN) {
		return h->all && e->plan->runs->len == 0;
	}
	return e->type == ENTRY_APPLY_START || is_steering(e->type) || h->all;
}

/* What an event is called, which is its type's name but for two. */
static const char *name_of(const struct tale_event *e)
{
	if (e->type == ENTRY_APPLY_START) {
		return "apply";
	}
	return e->type == ENTRY_CLOSED ? "converged" : entry_type_names[e->type];
}

static char *what_of(const struct tale_event *e)
{
	if (e->run != NULL || e->type == ENTRY_PLAN) {
		return g_strdup_printf("%s #%" PRId64 " %s", name_of(e), e->plan->number,
				       e->plan->reason);
	}
	if (e->kind != NULL) {
		return g_strdup_printf("%s %s", name_of(e), e->kind);
	}
	return g_strdup(name_of(e));
}

/* Of a plan what its commit says; of what a person did why. */
static char *subject_of(const struct tale_event *e, const struct tale_commit *commit)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (e->run != NULL || e->type == ENTRY_PLAN || e->type == ENTRY_CLOSED) {
		g_string_append(text,
				commit != NULL && commit->subject != NULL ? commit->subject : "");
	} else if (e->reason != NULL) {
		g_string_append(text, e->reason);
	}
	if (e->until != 0) {
		g_autofree char *until = text_time(e->until);

		g_string_append_printf(text, text->len > 0 ? " (%s)" : "%s", until);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void add_row(struct table *table, const struct tale *tale, const struct tale_event *e)
{
	const char *id = e->plan != NULL && e->commit == NULL ? e->plan->commit : e->commit;
	const struct tale_commit *commit = tale_commit(tale, id);
	g_autofree char *time = text_time(e->time), *what = what_of(e);
	g_autofree char *plan = e->plan != NULL ? text_short_id(e->plan->id) : NULL;
	g_autofree char *short_id = id != NULL ? text_short_id(id) : NULL;
	g_autofree char *by =
		e->run != NULL ? tale_approvers(e->plan, e->run) : g_strdup(e->person);
	g_autofree char *result = e->run != NULL ? tale_result(e->run) : NULL;
	g_autofree char *took = e->run != NULL && e->run->ended != 0
					? text_duration(e->run->ended - e->run->started)
					: NULL;
	g_autofree char *subject = subject_of(e, commit);
	const char *outcome = e->type == ENTRY_PLAN ? e->plan->outcome : NULL;

	table_add(table, time, e->stack, what, plan, short_id,
		  commit != NULL ? commit->author : NULL, by, result != NULL ? result : outcome,
		  took, subject);
}

static void text_json(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_str(w, name, text);
	} else {
		json_w_null(w, name);
	}
}

static void write_event(struct json_writer *w, const struct tale *tale, const struct tale_event *e)
{
	json_w_object(w, NULL);
	json_w_str(w, "event", name_of(e));
	json_w_int(w, "entry", (int64_t)e->entry);
	say_time_json(w, "time", e->time);
	if (e->run != NULL || e->type == ENTRY_PLAN) {
		tale_plan_json(w, tale, e->plan, e->run);
		json_w_end(w);
		return;
	}
	text_json(w, "stack", e->stack);
	text_json(w, "person", e->person);
	text_json(w, "reason", e->reason);
	text_json(w, "kind", e->kind);
	say_time_json(w, "until", e->until);
	text_json(w, "plan", e->plan != NULL ? e->plan->id : NULL);
	tale_commit_json(w, "commit", tale, e->commit);
	json_w_end(w);
}

/* Newest first, as many as are wanted. */
static GPtrArray *choose(const struct history *h)
{
	GPtrArray *chosen = g_ptr_array_new();

	for (unsigned i = h->tale->events->len; i > 0; i--) {
		struct tale_event *e = h->tale->events->pdata[i - 1];

		if (h->limit > 0 && chosen->len >= (guint64)h->limit) {
			break;
		}
		if (is_wanted(h, e)) {
			g_ptr_array_add(chosen, e);
		}
	}
	return chosen;
}

static bool print_history(struct cli *cli, const struct history *h, GError **error)
{
	g_autoptr(GPtrArray) chosen = choose(h);
	g_autoptr(table_auto) table = NULL;

	tale_remark(h->tale, cli->out);
	if (out_is_json(cli->out)) {
		struct json_writer *w = out_json_begin(cli->out);

		json_w_bool(w, "verified", true);
		json_w_bool(w, "key_from_log", h->tale->own_key);
		json_w_int(w, "size", (int64_t)h->tale->checkpoint.size);
		json_w_array(w, "events");
		for (unsigned i = 0; i < chosen->len; i++) {
			write_event(w, h->tale, chosen->pdata[i]);
		}
		json_w_end(w);
		return out_json_end(cli->out, w, error);
	}
	table = table_new(C_("column", "TIME"), C_("column", "STACK"), C_("column", "WHAT"),
			  C_("column", "PLAN"), C_("column", "COMMIT"), C_("column", "AUTHOR"),
			  C_("column", "BY"), C_("column", "RESULT"), C_("column", "TOOK"),
			  C_("column", "WHY"), NULL);
	for (unsigned i = 0; i < chosen->len; i++) {
		add_row(table, h->tale, chosen->pdata[i]);
	}
	out_page(cli->out);
	table_print(table, cli->out);
	if (chosen->len == 0) {
		out_note(cli->out, _("the log tells of nothing of that kind\n"));
	}
	return true;
}

static bool knows_stack(const struct history *h, GError **error)
{
	for (unsigned i = 0; h->stack != NULL && i < h->tale->events->len; i++) {
		const struct tale_event *e = h->tale->events->pdata[i];

		if (g_strcmp0(e->stack, h->stack) == 0) {
			return true;
		}
	}
	return h->stack == NULL || problem(error, EXIT_REFUSED, "unknown-stack", NULL,
					   _("the log tells of no stack '%s'"), h->stack);
}

bool cmd_history(struct cli *cli, int argc, char **argv, GError **error)
{
	g_autofree char *since = NULL;
	g_autofree char *place = NULL, *key = NULL, *objects = NULL;
	gboolean all = FALSE;
	struct history h = {0};
	const GOptionEntry options[] = {
		{"all", 0, 0, G_OPTION_ARG_NONE, &all,
		 N_("Also plans that were not applied, drift, blocks and alerts"), NULL},
		{"limit", 0, 0, G_OPTION_ARG_INT64, &h.limit, N_("Only the newest so many"),
		 N_("N")},
		{"since", 0, 0, G_OPTION_ARG_STRING, &since, N_("Only what happened since then"),
		 N_("TIME")},
		{"log", 0, 0, G_OPTION_ARG_STRING, &place, N_("The log (default: the agent's)"),
		 N_("LOG")},
		{"key", 0, 0, G_OPTION_ARG_STRING, &key,
		 N_("The log's verifier key, or a file that holds it"), N_("VKEY|FILE")},
		{"objects", 0, 0, G_OPTION_ARG_FILENAME, &objects,
		 N_("Folder of plans and approver lists (default: beside the log)"), N_("DIR")},
		{NULL},
	};
	g_autoptr(tale_auto) tale = NULL;

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if (h.limit < 0) {
		return problem(error, EXIT_USAGE, "bad-number", NULL,
			       _("--limit takes a number that is not negative"));
	}
	if (!say_parse_since(since, &h.since, error) ||
	    !tale_read(cli, &(struct tale_request){place, key, objects}, &tale, error)) {
		return false;
	}
	h.tale = tale;
	h.stack = argc > 0 ? argv[0] : NULL;
	h.all = all;
	return knows_stack(&h, error) && print_history(cli, &h, error);
}
