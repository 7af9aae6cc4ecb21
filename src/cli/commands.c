/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of commands, in the order in which help shows them. */
#include <glib/gi18n.h>

#include "cli/cmd-log.h"
#include "cli/command.h"

const struct command command_table[] = {
	{"init", cmd_init, MAKES_CONFIG, "", N_("Write a first configuration and make the keys"),
	 NULL},
	{"setup", cmd_setup, NEEDS_AGENT | MAKES_CONFIG, "",
	 N_("Have the agent started by the system"), NULL},
	{"config", NULL, NEEDS_NOTHING, "", N_("Check and describe the agent's configuration"),
	 config_commands},
	{"doctor", cmd_doctor, NEEDS_AGENT, "", N_("Look whether everything is as it should be"),
	 NULL},
	{"status", cmd_status, NEEDS_AGENT, "[STACK]",
	 N_("What every stack does, and why nothing happens"), NULL},
	{"watch", cmd_watch, NEEDS_AGENT, "", N_("Print each entry of the log as it is written"),
	 NULL},
	{"sync", cmd_sync, NEEDS_AGENT, "[STACK]", N_("Fetch now, and plan what has changed"),
	 NULL},
	{"lint", cmd_lint, NEEDS_NOTHING, "[DIR]",
	 N_("Check a folder's manifest, without an agent"), NULL},
	{"plan", cmd_plan, NEEDS_AGENT, "[STACK]", N_("Plan now, without fetching, and show it"),
	 NULL},
	{"plans", cmd_plans, NEEDS_AGENT, "[STACK]", N_("List the plans"), NULL},
	{"show", cmd_show, NEEDS_AGENT, "PLAN", N_("Show a plan, verified, with its whole diff"),
	 NULL},
	{"review", cmd_review, NEEDS_AGENT, "[PLAN]", N_("Sign in to the agent's pages, by a link"),
	 NULL},
	{"approve", cmd_approve, NEEDS_AGENT, "PLAN", N_("Approve a plan with your SSH key"), NULL},
	{"reject", cmd_reject, NEEDS_AGENT, "PLAN", N_("Reject a plan, with a reason"), NULL},
	{"replan", cmd_replan, NEEDS_AGENT, "STACK", N_("Ask again after a rejection or expiry"),
	 NULL},
	{"policy", NULL, NEEDS_NOTHING, "", N_("Explain what plans need"), policy_commands},
	{"token", NULL, NEEDS_NOTHING, "", N_("Make, list and revoke one-time approval tokens"),
	 token_commands},
	{"log", cmd_log, NEEDS_NOTHING, "[LOG]", N_("Show what happened, from the signed log"),
	 log_commands},
	{"completion", cmd_completion, NEEDS_NOTHING, "SHELL",
	 N_("Print the completion script of bash, zsh or fish"), NULL},
	{"complete", cmd_complete, NEEDS_AGENT | IS_HIDDEN, "WORD...",
	 N_("What the words so far can go on with"), NULL},
	{"help", cmd_help, NEEDS_NOTHING, "[COMMAND...]",
	 N_("List the commands, or explain one of them"), NULL},
	{NULL},
};
