/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent rollback: an earlier state is wanted back, or what was rolled back after all. */
#include <glib/gi18n.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "cli/api.h"
#include "cli/command.h"
#include "cli/say.h"

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
	autocfree char *text = NULL;
	struct assent_error core;
	size_t len;

	json_w_object(w, NULL);
	if (wish->commit != NULL) {
		json_w_str(w, "commit", wish->commit);
	}
	json_w_str(w, "reason", wish->reason);
	if (wish->to != NULL) {
		json_w_str(w, "to", wish->to);
	}
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &core) != 0) {
		fail_core(error, &core, "request");
		return NULL;
	}
	return g_strdup(text);
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
	if (wish->reason == NULL) {
		return problem(error, EXIT_USAGE, "usage", _("say why, with --reason"),
			       _("it is done for a reason only"));
	}
	return true;
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
	if (out_is_json(cli->out)) {
		struct json_writer *w = out_json_begin(cli->out);

		say_stack_json(w, stack);
		return out_json_end(cli->out, w, error);
	}
	say_stack(cli->out, stack, g_get_real_time() / G_USEC_PER_SEC);
	return true;
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
