/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent apply: what is done about an apply that halted. Approved plans are applied by the agent.
 */
#include <glib/gi18n.h>
#include <string.h>

#include "cli/api.h"
#include "cli/command.h"
#include "cli/say.h"
#include "cli/steer.h"

#define DEFAULT_WAIT 600

/* The stack is never converged after an undo: whether that went well, the apply itself says. */
static int exit_of(const struct api_stack *stack, bool undo)
{
	return undo && g_strcmp0(stack->last_result, "rolled-back") == 0 ? EXIT_DONE
									 : say_exit(stack);
}

static bool steer(struct cli *cli, const char *name, bool undo, unsigned wait, GError **error)
{
	g_autoptr(api_stack_auto) stack = NULL;

	if (!api_stack_steer(cli->client, name, undo ? "undo" : "resume", wait, &stack, error)) {
		return false;
	}
	cli->status = wait > 0 ? exit_of(stack, undo) : EXIT_DONE;
	return steer_say(cli, stack, error);
}

bool cmd_apply(struct cli *cli, int argc, char **argv, GError **error)
{
	gboolean no_wait = FALSE, resume = FALSE, undo = FALSE;
	const GOptionEntry options[] = {
		{"resume", 0, 0, G_OPTION_ARG_NONE, &resume,
		 N_("Go on with it, under the same approval"), NULL},
		{"undo", 0, 0, G_OPTION_ARG_NONE, &undo, N_("Take back what it has done"), NULL},
		{"no-wait", 0, 0, G_OPTION_ARG_NONE, &no_wait, N_("Ask for it and leave"), NULL},
		{NULL}};

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if (resume == undo) {
		return problem(error, EXIT_USAGE, "usage",
			       _("an approved plan is applied by the agent itself"),
			       _("say one of --resume and --undo"));
	}
	return steer(cli, argv[0], undo, no_wait ? 0 : DEFAULT_WAIT, error);
}
