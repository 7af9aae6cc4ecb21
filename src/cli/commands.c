/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of commands, in the order in which help shows them. */
#include <glib/gi18n.h>

#include "cli/command.h"

const struct command command_table[] = {
	{"help", cmd_help, NEEDS_NOTHING, "", N_("List the commands"), NULL},
	{NULL},
};
