/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Does a log hold together? Every hash is computed again from the entries
 * upward and compared with every tile and with the signed root.
 *
 *	log_report_init(&report);
 *	log_check(source, &key, entry, user, &leaves, &report, error)
 *	...report.problems...
 *	log_report_clear(&report);
 *
 * What is wrong with the log is a problem in the report, with the place where
 * it shows; a GError means that it could not be read at all. Problems go into
 * JSON as well and are not translated.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/logsource.h"
#include "core/hash.h"
#include "core/note.h"

struct log_problem {
	char *place; /* "entry 17", "tile/0/000", "checkpoint" */
	char *message;
};
struct log_report {
	GPtrArray *problems;	      /* struct log_problem */
	GPtrArray *notes;	      /* the same: what could not be checked, and why */
	struct checkpoint checkpoint; /* size 0 until it was verified */
	char *note;		      /* the checkpoint file */
	size_t note_len;
};
void log_report_init(struct log_report *report);
void log_report_clear(struct log_report *report);
void log_problem_add(GPtrArray *list, const char *place, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* Called for each entry in order, whatever it is. */
typedef void (*log_entry_fn)(uint64_t index, const char *bytes, size_t len, void *user);

/* leaves (may be NULL) receives the leaf hashes, struct hash; g_array_unref(). */
bool log_check(struct log_source *source, const struct note_key *key, log_entry_fn entry,
	       void *user, GArray **leaves, struct log_report *report, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* A merkle_read_fn over such leaves. */
int log_leaves_read(void *leaves, unsigned level, uint64_t index, struct hash *out,
		    struct assent_error *err);
