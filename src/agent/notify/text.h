/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Texts within limits: what every renderer needs. Sizes are bytes unless said
 * otherwise; no character is ever split, and what was left out is marked.
 */
#include <glib.h>
#include <stdbool.h>

#include "agent/notify/notice.h"

/* At most max bytes with "..." (U+2026) at its end when something was left out. g_free(). */
char *notify_cut(const char *text, size_t max);
/* The same, by characters. */
char *notify_cut_chars(const char *text, size_t max);
/* Whole lines of at most max bytes; *left: lines that were left out. g_free(). */
char *notify_cut_lines(const char *text, size_t max, unsigned *left);

/* Whole translated sentences, plain text without markup. All g_free(). */
char *notify_title(
	const struct notice *notice); /* "Plan 4f2a9c1d0b3e of stack web waits for approval" */
/* The commits that a rewritten history has lost, some lines; NULL: none. */
char *notify_gone(const struct notice *notice);
char *notify_risk(const struct notice *notice);	  /* "2 deletions; touches secrets", NULL: none */
char *notify_counts(const struct notice *notice); /* "1 create, 2 update" */
/* Until when it is tried, what it restores, who signed the commits, what was changed outside, what
 * packages weigh, how an apply that halted is ended: some lines; NULL: none of it. */
char *notify_more(const struct notice *notice);
/* "update package:nginx 1.22-1 -> 1.24-1; ..." */
char *notify_change(const struct notice_change *change);
/* Since when, until when, how long it lasted, who: some lines; NULL: none of it. */
char *notify_incident(const struct notice *notice);
char *notify_needs(
	const struct notice *notice); /* "1 of 2 approvals; expires ..."; NULL when not open */
char *notify_vote(const struct notice_vote *vote); /* "alice approved by slack" */
char *notify_log(const struct notice *notice);	   /* "Log: 17 entries, root sha256:..." */
/* All of it in at most max bytes, for systems and refusals that take plain text only. */
char *notify_plain(const struct notice *notice, size_t max);
