/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a person should know of a plan's change besides its action, id and
 * path: the same words for the command line, pages and chats. Nothing here is
 * made harmless; that is for whoever shows it. All is for g_free().
 */
#include <glib.h>

#include "core/plan.h"

/* Of a package " 1.24-1 amd64 held", of a service " enabled active"; "" of anything else. */
char *change_state_text(const struct plan_state *state);
/* What it becomes, where the kind has a version or a state: " 1.22-1 -> 1.24-1"; or "". */
char *change_becomes_text(const struct plan_change *change);
/* char *, translated, a line each: why, for whom, what is run, who else has changed it. */
GPtrArray *change_notes(const struct plan_change *change);
/* "12.5 MB to fetch, 30.1 MB more on the disk" of all packages; NULL where nothing is known. */
char *change_sizes_text(const struct plan *plan);
/* Of a check: its address or name, and all that it is held to. */
char *change_check_text(const struct plan_check *check);
