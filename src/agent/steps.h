/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What became of each change of a plan by its last apply: the list that the log
 * names by its digest (doc/formats.md 5).
 */
#include <glib.h>
#include <stdbool.h>

#include "core/hash.h"

enum step_end { STEP_END_LEFT, STEP_END_DONE, STEP_END_UNDONE, STEP_END_FAILED };

struct steps_item {
	char *action, *id, *message; /* message "": none */
	enum step_end end;
};
struct steps {
	GPtrArray *items; /* struct steps_item, in the plan's order */
};

/* Refused when it is not such a list. */
bool steps_parse(const char *text, size_t len, struct steps **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void steps_free(struct steps *steps);

typedef struct steps steps_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(steps_auto, steps_free)
