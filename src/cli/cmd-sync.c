/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent sync, plan, replan: make the agent do now what it would do later. */
#include <glib/gi18n.h>

#include "cli/api.h"
#include "cli/command.h"
#include "cli/confirm.h"
#include "cli/render.h"
#include "cli/say.h"

#define DEFAULT_WAIT 600

typedef bool (*stack_fn)(struct cli *cli, const char *name, void *user, GError **error);

/* The named stack, or every stack of the agent. */
static bool each_stack(struct cli *cli, const char *name, stack_fn visit, void *user,
		       GError **error)
{
	g_autoptr(api_list_auto) list = NULL;

	if (name != NULL) {
		return visit(cli, name, user, error);
	}
	if (!api_status(cli->client, &list, error)) {
		return false;
	}
	for (guint i = 0; i < list->items->len; i++) {
		const struct api_stack *stack = list->items->pdata[i];

		if (!visit(cli, stack->name, user, error)) {
			return false;
		}
	}
	return true;
}

struct request {
	const char *verb;
	unsigned wait;
	bool show;	       /* the plan that results */
	const char *tip;       /* of a rewritten history that is accepted, NULL: none */
	const char *reason;    /* why it is */
	struct json_writer *w; /* NULL: for people */
};

/* The exit code of several stacks is the worst of them. */
static void note_exit(struct cli *cli, int code)
{
	cli->status = MAX(cli->status, code);
}

static bool show_pending(struct cli *cli, const char *id, GError **error)
{
	g_autoptr(review_auto) review = NULL;

	if (!review_load(cli, id, &review, error) || !review_load_diff(cli, review, error)) {
		return false;
	}
	out_page(cli->out);
	render_head(cli->out, review, g_get_real_time() / G_USEC_PER_SEC);
	render_changes(cli->out, review->plan);
	render_diff(cli->out, review);
	return true;
}

static bool do_one(struct cli *cli, const char *name, void *user, GError **error)
{
	struct request *request = user;
	g_autoptr(api_stack_auto) stack = NULL;

	if (request->tip != NULL ? !api_stack_follow(cli->client, name, request->tip,
						     request->reason, request->wait, &stack, error)
				 : !api_stack_do(cli->client, name, request->verb, request->wait,
						 &stack, error)) {
		return false;
	}
	if (request->wait > 0) {
		note_exit(cli, say_exit(stack));
	}
	if (request->w != NULL) {
		json_w_object(request->w, NULL);
		say_stack_json(request->w, stack);
		json_w_end(request->w);
		return true;
	}
	if (request->show && stack->pending.plan != NULL) {
		return show_pending(cli, stack->pending.plan, error);
	}
	say_stack(cli->out, stack, g_get_real_time() / G_USEC_PER_SEC);
	return true;
}

static bool run(struct cli *cli, const char *name, struct request *request, GError **error)
{
	bool ok;

	if (!out_is_json(cli->out)) {
		return each_stack(cli, name, do_one, request, error);
	}
	request->w = out_json_begin(cli->out);
	json_w_array(request->w, "stacks");
	ok = each_stack(cli, name, do_one, request, error);
	if (!ok) {
		json_writer_free(request->w);
		return false;
	}
	json_w_end(request->w);
	return out_json_end(cli->out, request->w, error);
}

static bool run_verb(struct cli *cli, const char *verb, bool show, int argc, char **argv,
		     GError **error)
{
	gboolean no_wait = FALSE;
	const GOptionEntry options[] = {
		{"no-wait", 0, 0, G_OPTION_ARG_NONE, &no_wait, N_("Ask for it and leave"), NULL},
		{NULL}};
	struct request request = {.verb = verb, .show = show};

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	request.wait = no_wait ? 0 : DEFAULT_WAIT;
	return run(cli, argc > 0 ? argv[0] : NULL, &request, error);
}

bool cmd_sync(struct cli *cli, int argc, char **argv, GError **error)
{
	return run_verb(cli, "sync", false, argc, argv, error);
}

bool cmd_plan(struct cli *cli, int argc, char **argv, GError **error)
{
	return run_verb(cli, "plan", true, argc, argv, error);
}

/* Says which commit it is about, whole, and asks for a yes to this very one. */
static bool confirm_tip(struct cli *cli, const struct api_stack *stack, GError **error)
{
	g_autofree char *name = out_safe(cli->out, stack->name);
	g_autofree char *question = g_strdup_printf(
		_("The history of stack '%s' was rewritten.\n"
		  "  applied last: %s\n"
		  "  the tip now:  %s, which does not descend from it\n"
		  "Ask for a plan of this tip? Nothing is changed until that plan is approved. "
		  "[y/N] "),
		name, stack->applied != NULL ? stack->applied : "?", stack->rewound);

	return confirm_ask(question, _("name the tip's whole id with --commit"),
			   _("nothing was accepted"), error);
}

static bool accept_rewritten(struct cli *cli, const char *name, const char *commit,
			     struct request *request, GError **error)
{
	g_autoptr(api_stack_auto) stack = NULL;

	if (commit != NULL) { // whether it is the tip is for the agent to say
		request->tip = commit;
		return run(cli, name, request, error);
	}
	if (!api_stack(cli->client, name, &stack, error)) {
		return false;
	}
	if (stack->rewound == NULL) {
		return problem(error, EXIT_REFUSED, "not-rewritten", _("see 'assent status'"),
			       _("no rewritten history blocks stack '%s'"), name);
	}
	request->tip = stack->rewound;
	return confirm_tip(cli, stack, error) && run(cli, name, request, error);
}

bool cmd_replan(struct cli *cli, int argc, char **argv, GError **error)
{
	gboolean no_wait = FALSE, rewritten = FALSE;
	g_autofree char *commit = NULL, *reason = NULL;
	const GOptionEntry options[] = {
		{"no-wait", 0, 0, G_OPTION_ARG_NONE, &no_wait, N_("Ask for it and leave"), NULL},
		{"rewritten", 0, 0, G_OPTION_ARG_NONE, &rewritten,
		 N_("Plan the branch's tip although it does not descend from what was applied"),
		 NULL},
		{"commit", 0, 0, G_OPTION_ARG_STRING, &commit,
		 N_("With --rewritten: this is the tip, do not ask"), "ID"},
		{"reason", 'r', 0, G_OPTION_ARG_STRING, &reason,
		 N_("With --rewritten: why it is accepted"), "TEXT"},
		{NULL}};
	struct request request = {.verb = "replan", .show = true};

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if (!rewritten && (commit != NULL || reason != NULL)) {
		return problem(error, EXIT_USAGE, "usage", NULL,
			       _("--commit and --reason need --rewritten"));
	}
	if (rewritten && (reason == NULL || reason[0] == '\0')) {
		return problem(error, EXIT_USAGE, "reason-missing", _("say why, with --reason"),
			       _("a rewritten history is accepted for a reason"));
	}
	request.wait = no_wait ? 0 : DEFAULT_WAIT;
	request.reason = reason;
	return rewritten ? accept_rewritten(cli, argv[0], commit, &request, error)
			 : run(cli, argv[0], &request, error);
}
