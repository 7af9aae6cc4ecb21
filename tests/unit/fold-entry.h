/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Folds an entry made on the spot: type and stack, then its own fields as JSON without braces. */
#include "agent/fold.h"

/* The next entry as it stands in the log. g_free(). */
char *fold_line(const struct fold *fold, const char *type, const char *stack, int64_t time,
		const char *fields);
/* fields are "name":value pairs in any order. */
bool fold_text(struct fold *fold, const char *type, const char *stack, int64_t time,
	       const char *fields, GError **error);
/* Fails the test when the entry is refused. */
void fold_ok(struct fold *fold, const char *type, const char *stack, int64_t time,
	     const char *fields);
