/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What seal and unseal need to keep a secret a secret: reading it, and no core files. */
#include "base/seal.h"
#include "cli/command.h"

/* file, or "-" for standard input. At a terminal one line is asked for and not shown; its end is
 * no part of it. */
bool sealing_read(struct cli *cli, const char *file, struct seal_bytes **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void sealing_no_core(void);
