/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The command table. One row says everything about a command; help, completion
 * and the manual's test come from the rows.
 *
 * Adding a command:
 *  1. cmd-NAME.c with   bool cmd_NAME(struct cli *cli, int argc, char **argv, GError **error)
 *     and its declaration below; list the file in Makefile.inc and po/POTFILES.in.
 *  2. A row in command_table (commands.c); a member of a group goes into the group's own table,
 *     to which the group's row points (see config_commands).
 *  3. The function begins with   const GOptionEntry options[] = {..., {NULL}};
 *     if (!cli_begin(cli, options, &argc, &argv, error)) return false;
 *     The values are locals. Then argv[0..argc-1] are the operands, as many as the row's args
 *     allow, and cli->client or cli->config_file are there, as the row's needs say.
 *  4. Print through cli->out (cli/out.h), with --json one document. Return true, with
 *     cli->status = EXIT_REFUSED for "there is a difference"; or false with problem().
 *  5. Its section in doc/assent.1, its test in tests/cli/.
 */
#include <glib.h>
#include <stdbool.h>

#include "cli/client.h"
#include "cli/out.h"
#include "cli/problem.h"

enum command_needs {
	NEEDS_NOTHING = 0,
	NEEDS_AGENT = 1 << 0,  /* cli->client: knows the socket; an agent answers on it */
	NEEDS_CONFIG = 1 << 1, /* cli->config_file: exists */
	IS_HIDDEN = 1 << 2,    /* not in the list of commands */
	MAKES_CONFIG = 1 << 3, /* --config may name a file that is not there yet */
};

struct cli;
typedef bool (*command_fn)(struct cli *cli, int argc, char **argv, GError **error);

struct command {
	const char *name;
	command_fn run; /* of a group: when no member is named; NULL: then it is an error */
	unsigned needs;
	const char *args;    /* operands as the synopsis shows them: "PLAN", "[STACK]", "FILE..." */
	const char *summary; /* N_(), one line without full stop */
	const struct command *members; /* of a group; ends with name NULL */
};
extern const struct command command_table[];

struct cli {
	const struct command *command;
	const char *path; /* "config check", for messages and help */
	struct out *out;
	struct client *client;
	char *config_file;
	char *socket;
	int status; /* what to exit with after success: enum exit_code */
	bool json, no_pager;
	char *colour;
};

/* Parses argv by the command's and the common options, answers --help (false without an error),
 * counts operands, prepares cli->out and satisfies the row's needs. */
bool cli_begin(struct cli *cli, const GOptionEntry *options, int *argc, char ***argv,
	       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Everything that main() does after it has set the locale; returns the exit code. */
int cli_main(int argc, char **argv);
/* The row that argv names; *used receives how many words it took, path its full name. NULL with a
 * problem that names the nearest command. */
const struct command *command_find(const struct command *table, int argc, char **argv, int *used,
				   GString *path, GError **error);
/* The least and greatest count of operands that args allows; -1: no bound. */
void command_operands(const char *args, int *least, int *most);

extern const struct command config_commands[]; /* cmd-config.c */
extern const struct command policy_commands[]; /* cmd-policy.c */
extern const struct command token_commands[];  /* cmd-token.c */

bool cmd_apply(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_approve(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_blame(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_complete(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_completion(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_config_check(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_config_sample(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_config_schema(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_adopt(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_diff(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_doctor(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_help(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_history(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_init(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_lint(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_plan(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_plans(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_reject(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_replan(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_resume(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_review(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_rollback(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_seal(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_setup(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_show(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_status(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_stop_all(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_suspend(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_sync(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_token_issue(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_token_list(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_token_revoke(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_trust(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_try(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_unseal(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_watch(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_why(struct cli *cli, int argc, char **argv, GError **error);
