/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks for a yes. */
#include "cli/confirm.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/problem.h"

/* Not in the reader's language: what counts must not depend on a catalogue. */
static bool is_yes(char *answer)
{
	g_autofree char *word = g_ascii_strdown(g_strstrip(answer), -1);

	return strcmp(word, "yes") == 0 || strcmp(word, "y") == 0;
}

bool confirm_ask(const char *question, const char *hint, const char *declined, GError **error)
{
	char answer[64];

	if (isatty(STDIN_FILENO) != 1) {
		return problem(error, EXIT_USAGE, "no-terminal", hint,
			       _("cannot ask for confirmation without a terminal"));
	}
	(void)fflush(stdout);
	(void)fputs(question, stderr);
	if (fgets(answer, sizeof(answer), stdin) == NULL || !is_yes(answer)) {
		return problem(error, EXIT_REFUSED, "not-confirmed", NULL, "%s", declined);
	}
	return true;
}
