/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent rollback: an earlier state is wanted back, or what was rolled back after all. */
#include <glib/gi18n.h>

#include "cli/api.h"
#include "cli/command.h"
#include "cli/say.h"
#include "cli/steer.h"

#define DEFAULT_WAIT 600

struct wish {
	char *to, *commit, *reason;
	gboolean unpin, no_wait;
};

static void wish_clear(struct wish *wish)
{
	g_free(wish->to);
	g_free(wish->commit);
	g_free(wish->reason);
}

typedef struct wish wish_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(wish_auto, wish_clear)

static char *body_of(const struct wish *wish, GError **error)
{
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	if (wish->commit != NULL) {
		json_w_str(w, "commit", wish->commit);
	}
	json_w_str(w, "reason", wish->reason);
	if (wish->to != NULL) {
		json_w_str(w, "to", wish->to);
	}
	return steer_body(w, error);
}

static bool check(const struct wish *wish, GError **error)
{
	if (wish->unpin && wish->to != NULL) {
		return problem(error, EXIT_USAGE, "usage", NULL,
			       _("--unpin and --to exclude each other"));
	}
	if (wish->commit != NULL && !wish->unpin) {
		return problem(error, EXIT_USAGE, "usage", _("--to names what is wanted back"),
			       _("--commit needs --unpin"));
	}
	return steer_has_reason(wish->reason, error);
}

static bool send(struct cli *cli, const char *name, const struct wish *wish, GError **error)
{
	g_autoptr(api_stack_auto) stack = NULL;
	g_autofree char *body = body_of(wish, error);

	if (body == NULL ||
	    !api_stack_send(cli->client, name, wish->unpin ? "unpin" : "rollback", body,
			    wish->no_wait ? 0 : DEFAULT_WAIT, &stack, error)) {
		return false;
	}
	cli->status = wish->no_wait ? EXIT_DONE : say_exit(stack);
	return steer_say(cli, stack, error);
}

bool cmd_rollback(struct cli *cli, int argc, char **argv, GError **error)
{
	g_auto(wish_auto) wish = {0};
	const GOptionEntry options[] = {
		{"to", 0, 0, G_OPTION_ARG_STRING, &wish.to,
		 N_("To this one, not to the one before"), N_("COMMIT|PLAN")},
		{"unpin", 0, 0, G_OPTION_ARG_NONE, &wish.unpin,
		 N_("Have what was rolled back planned after all"), NULL},
		{"commit", 0, 0, G_OPTION_ARG_STRING, &wish.commit,
		 N_("This one, not the branch's newest"), N_("COMMIT")},
		{"reason", 'r', 0, G_OPTION_ARG_STRING, &wish.reason, N_("Why"), N_("TEXT")},
		{"no-wait", 0, 0, G_OPTION_ARG_NONE, &wish.no_wait, N_("Ask for it and leave"),
		 NULL},
		{NULL}};

	return cli_begin(cli, options, &argc, &argv, error) && check(&wish, error) &&
	       send(cli, argv[0], &wish, error);
}
