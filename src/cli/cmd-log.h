/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* The members of `assent log`. All work without an agent. */
#include "cli/command.h"

extern const struct command log_commands[];

bool cmd_log(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_log_show(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_log_verify(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_log_prove(struct cli *cli, int argc, char **argv, GError **error);
bool cmd_log_export(struct cli *cli, int argc, char **argv, GError **error);
