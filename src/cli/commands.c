/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of commands, in the order in which help shows them. */
#include <glib/gi18n.h>

#include "cli/command.h"

const struct command command_table[] = {
	{"status", cmd_status, NEEDS_AGENT, "[STACK]",
	 N_("What every stack does, and why nothing happens"), NULL},
	{"sync", cmd_sync, NEEDS_AGENT, "[STACK]", N_("Fetch now, and plan what has changed"),
	 NULL},
	{"plan", cmd_plan, NEEDS_AGENT, "[STACK]", N_("Plan now, without fetching, and show it"),
	 NULL},
	{"plans", cmd_plans, NEEDS_AGENT, "[STACK]", N_("List the plans"), NULL},
	{"show", cmd_show, NEEDS_AGENT, "PLAN", N_("Show a plan, verified, with its whole diff"),
	 NULL},
	{"approve", cmd_approve, NEEDS_AGENT, "PLAN", N_("Approve a plan with your SSH key"), NULL},
	{"reject", cmd_reject, NEEDS_AGENT, "PLAN", N_("Reject a plan, with a reason"), NULL},
	{"replan", cmd_replan, NEEDS_AGENT, "STACK", N_("Ask again after a rejection or expiry"),
	 NULL},
	{"help", cmd_help, NEEDS_NOTHING, "", N_("List the commands"), NULL},
	{NULL},
};
