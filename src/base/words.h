/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Commands as people read them: as a shell would have the words, so that one
 * sees where an argument ends, and on one line without control characters,
 * whatever is in them.
 */
#include <glib.h>

#include "core/plan.h"

/* words ends with NULL. */
void words_append(GString *out, const char **words);
/* A line for each thing that a plan states of it: "run sh -c 'exit 1'", "user app" ... The texts
 * are to be freed with the array. */
GPtrArray *words_of_exec(const struct plan_exec *exec);
/* What begins the section of a command, called so, in the diff of a plan: each of those lines. */
void words_append_section(GString *out, const char *name, const struct plan_exec *exec);
