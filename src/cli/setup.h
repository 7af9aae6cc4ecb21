/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The steps of `assent setup`. Each says whether it is needed before it does
 * something, and does nothing in a dry run:
 *
 *	if (setup_is_needed(s, SETUP_START, name, !runs) && !manager_call(...)) return false;
 *
 * What was done stands in s->done, for the report; what the user may want to
 * know besides in s->notes.
 */
#include <glib.h>
#include <stdbool.h>

#include "cli/command.h"

enum setup_step {
	SETUP_RELOAD,
	SETUP_USER,
	SETUP_FOLDER,
	SETUP_ENABLE,
	SETUP_START,
	SETUP_LINGER,
	SETUP_WRITE,
	SETUP_STOP,
	SETUP_DISABLE,
	SETUP_UNLINGER,
	SETUP_REMOVE,
	SETUP_KEEP,
};

struct setup_done {
	enum setup_step step;
	bool needed;
	char *subject;
};

struct setup {
	struct cli *cli;
	bool system, linger, dry_run;
	GArray *done;	  /* struct setup_done */
	GPtrArray *notes; /* texts, translated; owned */
	unsigned changes; /* needed steps */
};

/* Writes the step down; true when it must be done now. */
bool setup_is_needed(struct setup *s, enum setup_step step, const char *subject, bool needed);
bool setup_do(struct setup *s, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool setup_undo(struct setup *s, GError **error) G_GNUC_WARN_UNUSED_RESULT;
