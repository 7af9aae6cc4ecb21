/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Looking at a log without judging it: entries read one after the other, and
 * one line that says what an entry is about. What is shown is what the files
 * say; `assent log verify` tells whether to believe it.
 */
#include "cli/logsource.h"
#include "core/record.h"

/* How many entries the checkpoint says there are. */
bool log_size(struct log_source *source, uint64_t *size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Return false to stop without an error. */
typedef bool (*log_view_fn)(uint64_t index, const char *bytes, size_t len, void *user);
/* Entries from to to - 1. */
bool log_each(struct log_source *source, uint64_t from, uint64_t to, log_view_fn fn, void *user,
	      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "alice approved 1a2b3c4d5e6f": not escaped; g_free(). */
char *log_describe(const struct record *record);
/* The plan that an entry is about, NULL: none. */
const struct hash *log_plan_of(const struct record *record);
