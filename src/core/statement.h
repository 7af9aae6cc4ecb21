/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The approval statement (doc/formats.md 3): the bytes that a person signs.
 * It is always recomputed from its parts and never parsed from a caller.
 */
#include <stdint.h>

#include "assent/error.h"
#include "core/hash.h"

#define STATEMENT_REASON_MAX 2000
/* Of the whole text: every byte of a reason may take six, every byte of a name two. */
#define STATEMENT_MAX_SIZE 16384

enum verdict { VERDICT_APPROVE, VERDICT_REJECT };
extern const char *const verdict_names[]; /* "approve", "reject", NULL */

struct statement {
	const char *agent;
	const char *stack;
	const char *approver; /* principal in the approver list */
	enum verdict verdict;
	struct hash plan;
	int64_t seq;	    /* the plan's */
	int64_t expires;    /* the plan's */
	const char *reason; /* UTF-8, may be "" for an approval */
};

/* Canonical JSON without final newline. Freed with free(). */
int statement_text(char **out, size_t *len, const struct statement *st, struct assent_error *err)
	ASSENT_CHECKED;
