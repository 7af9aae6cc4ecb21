/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * One message on its way: what a notifier has been told of a plan or incident,
 * and what it shall be told. A file below STATE/outbox; part of outbox.c.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct outbox_job {
	char *notifier, *key; /* one job for each pair */
	int64_t seq;	      /* order of making */
	char *want, *sent;    /* revisions (outbox.c); sent is "" before the first delivery */
	char *handle;	      /* NULL: none */
	char *text;	      /* an incident's, so that its end can name it; NULL: none */
	int64_t since;
	char **members; /* a group's keys, NULL: none */
	bool grouped;	/* a group has told of it */
	bool plain;
	int64_t attempts, next, remind; /* times; remind 0: never */

	/* not in the file */
	bool failed;	    /* permanently, until the next state or start */
	GHashTable *tokens; /* person to text, wiped when dropped; NULL: none */
};

struct outbox_job *outbox_job_new(const char *notifier, const char *key, int64_t seq);
void outbox_job_free(struct outbox_job *job);
/* Wipes the tokens that a delivered message no longer needs. */
void outbox_job_drop_tokens(struct outbox_job *job);
/* "DIR/....json"; g_free() */
char *outbox_job_file(const char *dir, const struct outbox_job *job);
bool outbox_job_store(const char *dir, const struct outbox_job *job, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* All of a folder that is made if need be, in order of seq; one that cannot be read is told of and
 * left out. Owns its jobs. */
GPtrArray *outbox_jobs_load(const char *dir, GError **error);
