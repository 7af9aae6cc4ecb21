/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Texts for a screen: what comes from a repository or an agent is made
 * harmless before it is shown, and times are told as people tell them.
 *
 * text_escape() lets through what is visible and means itself. Control and
 * format characters (bidirectional overrides, zero-width ones), odd spaces,
 * fillers, private and unassigned code points become <U+XXXX>, bytes that are not
 * UTF-8 become <XX>: two texts that differ never look the same on that ground.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/plan.h"

enum text_flags {
	TEXT_TABS = 1 << 0,  /* keep tabs (lines of a diff) */
	TEXT_ASCII = 1 << 1, /* the terminal knows nothing but ASCII */
	/* A sentence of ours: the no-break space that French has before ":" and its like, or inside
	 * its quotation marks, is written as a space. */
	TEXT_SENTENCE = 1 << 2,
};

/* len -1: to the final NUL. text NULL gives "". g_free(). */
char *text_escape(const char *text, gssize len, unsigned flags);
/* The same, appended; returns how many characters had to be escaped. */
unsigned text_append(GString *out, const char *text, size_t len, unsigned flags);
/* Columns of a terminal that an escaped text takes. */
unsigned text_width(const char *text);
/* The first part that fits into width columns, ending in "…" when something is missing. */
char *text_cut(const char *text, unsigned width, bool ascii);
/* "5s", "12m", "3h", "8d": the largest unit that fits. */
char *text_duration(int64_t seconds);
/* "3h ago", "in 12m", "now". */
char *text_age(int64_t when, int64_t now);
/* Local time with its zone's name: "2026-01-31 23:05:59 UTC". */
char *text_time(int64_t when);
/* RFC 3339 to POSIX seconds; false when it is not one. */
bool text_parse_time(const char *text, int64_t *when);
/* The digits of "sha256:..." or a commit id that people see and type. */
char *text_short_id(const char *id);
/* What a plan says of a commit's signature ("none", "good" ...), as people say it; translated,
 * static. */
const char *text_signature(const char *verdict);
/* Who vouches for what a plan applies, and what was verified; translated, not escaped; NULL when
 * nothing was demanded. g_free(). */
char *text_verification(const struct plan_verification *verification);
/* What a change does, as people say it; translated, static. */
const char *text_action(enum plan_action action);
/* "2 create": translated; g_free(). */
char *text_count(int64_t count, enum plan_action action);
