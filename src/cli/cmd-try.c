/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent try: another branch is applied for some time, then what held before comes back. */
#include <glib/gi18n.h>

#include "base/yaml.h"
#include "cli/api.h"
#include "cli/command.h"
#include "cli/say.h"
#include "cli/steer.h"

#define DEFAULT_WAIT 600

struct wish {
	char *duration, *reason;
	gboolean end, no_wait;
	const char *stack, *branch;
	int64_t seconds;
};

static void wish_clear(struct wish *wish)
{
	g_free(wish->duration);
	g_free(wish->reason);
}

typedef struct wish wish_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(wish_auto, wish_clear)

static char *body_of(const struct wish *wish, GError **error)
{
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	if (wish->end) {
		json_w_bool(w, "end", true);
	} else {
		json_w_str(w, "branch", wish->branch);
		json_w_int(w, "seconds", wish->seconds);
	}
	json_w_str(w, "reason", wish->reason);
	return steer_body(w, error);
}

static bool check(struct wish *wish, GError **error)
{
	if (!steer_has_reason(wish->reason, error)) {
		return false;
	}
	if (wish->end) {
		return (wish->branch == NULL && wish->duration == NULL) ||
		       problem(error, EXIT_USAGE, "usage", NULL,
			       _("--end takes neither a branch nor --for"));
	}
	if (wish->branch == NULL) {
		return problem(error, EXIT_USAGE, "usage", NULL, _("name the branch to try"));
	}
	if (wish->duration == NULL) {
		return problem(error, EXIT_USAGE, "usage", _("say how long, with --for"),
			       _("a branch is tried for some time only"));
	}
	return (yaml_duration(wish->duration, &wish->seconds) && wish->seconds > 0) ||
	       problem(error, EXIT_USAGE, "usage", _("write it as 90m, 2h or 3d"),
		       _("'%s' is no duration"), wish->duration);
}

/* The stack need not be named where there is one only; the name lives as long as the list. */
static bool find_stack(struct cli *cli, struct wish *wish, struct api_list **list, GError **error)
{
	if (wish->stack != NULL) {
		return true;
	}
	if (!api_status(cli->client, list, error)) {
		return false;
	}
	if ((*list)->items->len != 1) {
		return problem(error, EXIT_USAGE, "usage", _("see 'assent status'"),
			       _("name the stack: there is not just one"));
	}
	wish->stack = ((const struct api_stack *)(*list)->items->pdata[0])->name;
	return true;
}

static bool send(struct cli *cli, struct wish *wish, GError **error)
{
	g_autoptr(api_list_auto) list = NULL;
	g_autoptr(api_stack_auto) stack = NULL;
	g_autofree char *body = body_of(wish, error);

	if (body == NULL || !find_stack(cli, wish, &list, error) ||
	    !api_stack_send(cli->client, wish->stack, "try", body, wish->no_wait ? 0 : DEFAULT_WAIT,
			    &stack, error)) {
		return false;
	}
	if (!wish->end && stack->trial_ended != NULL) {
		/* TRANSLATORS: a branch, and why */
		return problem(error, EXIT_REFUSED, "trial-ended", _("see 'assent status'"),
			       _("the trial of '%s' has ended at once: %s"), wish->branch,
			       stack->trial_ended);
	}
	cli->status = wish->no_wait ? EXIT_DONE : say_exit(stack);
	return steer_say(cli, stack, error);
}

bool cmd_try(struct cli *cli, int argc, char **argv, GError **error)
{
	g_auto(wish_auto) wish = {0};
	const GOptionEntry options[] = {
		{"for", 0, 0, G_OPTION_ARG_STRING, &wish.duration, N_("How long: 90m, 2h, 3d"),
		 N_("TIME")},
		{"end", 0, 0, G_OPTION_ARG_NONE, &wish.end,
		 N_("End it now, and go back to what held before"), NULL},
		{"reason", 'r', 0, G_OPTION_ARG_STRING, &wish.reason, N_("Why"), N_("TEXT")},
		{"no-wait", 0, 0, G_OPTION_ARG_NONE, &wish.no_wait, N_("Ask for it and leave"),
		 NULL},
		{NULL}};

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	if (wish.end || argc > 1) {
		wish.stack = argc > 0 ? argv[0] : NULL;
		wish.branch = argc > 1 ? argv[1] : NULL;
	} else {
		wish.branch = argc > 0 ? argv[0] : NULL;
	}
	return check(&wish, error) && send(cli, &wish, error);
}
