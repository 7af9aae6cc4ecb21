/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent watch: what happens, as a live view or as lines. */
#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/live.h"
#include "core/entry.h"

static void print_entry(struct out *out, struct entry *entry)
{
	g_autofree char *line = live_entry(entry), *safe = out_safe(out, line);

	out_printf(out, "%s\n", safe);
}

struct watch {
	struct out *out;
	GError **error;
};

static bool on_line(const char *line, size_t len, void *user)
{
	struct watch *watch = user;
	struct assent_error core;
	struct entry entry;

	if (len == 0) {
		return true; /* the agent shows that it is there */
	}
	if (entry_parse(&entry, line, len, &core) != 0) {
		return problem(watch->error, EXIT_REFUSED, "bad-answer", NULL,
			       _("the agent sent a malformed entry: %s"), core.text);
	}
	if (out_is_json(watch->out)) {
		out_write(watch->out, line, len);
		out_write(watch->out, "\n", 1);
	} else {
		print_entry(watch->out, &entry);
	}
	entry_clear(&entry);
	return fflush(stdout) == 0;
}

static bool print_lines(struct cli *cli, GError **error)
{
	g_autoptr(GError) bad = NULL;
	struct watch watch = {.out = cli->out, .error = &bad};

	if (!client_stream(cli->client, "/v1/events", on_line, &watch, error)) {
		return false;
	}
	if (bad != NULL) {
		g_propagate_error(error, g_steal_pointer(&bad));
		return false;
	}
	return true;
}

/* Who reads lines from a pipe, or has no terminal that can be drawn on, gets lines. */
static bool can_draw(void)
{
	const char *term = g_getenv("TERM");

	return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && term != NULL &&
	       term[0] != '\0' && g_strcmp0(term, "dumb") != 0;
}

bool cmd_watch(struct cli *cli, int argc, char **argv, GError **error)
{
	gboolean lines = FALSE;
	const GOptionEntry options[] = {{"lines", 0, 0, G_OPTION_ARG_NONE, &lines,
					 N_("Print each entry of the log as it is written"), NULL},
					{NULL}};

	if (!cli_begin(cli, options, &argc, &argv, error)) {
		return false;
	}
	return lines || out_is_json(cli->out) || !can_draw() ? print_lines(cli, error)
							     : live_run(cli, error);
}
