/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The live view of `assent watch`: looks once a second, draws what has changed,
 * and leaves the terminal as it was, whatever ends it.
 */
#include "cli/command.h"
#include "core/entry.h"

/* Only with a terminal on both sides. True when the person has left it; an agent that goes away is
 * shown, and looked for again. */
bool live_run(struct cli *cli, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* An entry in one line, not escaped: time, type, and what says most of it. g_free() */
char *live_entry(struct entry *entry);
