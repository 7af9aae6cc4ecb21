/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What differs from what was applied: read from a plan job's result, compared
 * with what the log says already, kept beside the log.
 *
 *	drift_read(&result, &drift, &error)       the member `drift` (doc/worker.md)
 *	drift_join(drift, before, now)            since when and by whom, as far as that was known
 *	drift_store(drift, objects, &digest, &e)  as the log's entry refers to it (doc/formats.md 4)
 *	drift_load(objects, digest, &before, &e)  and back again
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"
#include "core/json.h"
#include "core/record.h"

#define DRIFT_MAX 1000 /* of what differs that are told one by one */

/* A process that changed something. */
struct drift_who {
	int64_t pid;	     /* 0: nobody knows */
	int64_t uid;	     /* -1: not known */
	char *process, *exe; /* NULL: not known */
	char *user;	     /* of its login, or of uid; NULL: not known */
};
struct drift_item {
	char *id;   /* as the log has it: "base64:..." where it is no text */
	char *path; /* bytes; NULL: it has none */
	char *action, *class;
	char **fields;
	bool unproven;
	char *commit;	 /* applied last, NULL: nobody knows */
	int64_t time;	 /* of that, 0: not known */
	int64_t changed; /* 0: not known */
	int64_t since;	 /* seen first */
	char *owner;	 /* NULL: not known */
	char *package;	 /* NULL: none */
	char *manager;	 /* of fields of an object, "hpa (scale)"; NULL: not known */
	struct drift_who who;
};
struct drift {
	GPtrArray *items;	  /* struct drift_item, at most DRIFT_MAX */
	int64_t count;		  /* of all */
	bool restores;		  /* the draft is proven */
	GPtrArray *ids;		  /* of the first of them, as many as an entry takes */
	size_t ids_size;	  /* private */
	char key[HASH_TEXT_SIZE]; /* stack_drift_key() */
};

/* Marks the member as read; false when it is not there. What is wrong with it is found by
 * json_obj_end(). */
bool drift_read(struct json_obj *result, struct drift **out);
/* before: NULL when there is none. */
void drift_join(struct drift *drift, const struct drift *before, int64_t now);
/* Is it the same that differs, in the same way? */
bool drift_equal(const struct drift *a, const struct drift *b);
bool drift_store(const struct drift *drift, const char *objects, struct hash *digest,
		 GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool drift_load(const char *objects, const struct hash *digest, struct drift **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Why it is not put back, in one line; NULL: it is. problem: of putting back by itself, "" without;
 * held: what keeps everything as it is ("suspended"), NULL: nothing. */
char *drift_why(const struct drift *drift, const char *problem, const char *held);
void drift_free(struct drift *drift);
void drift_who_clear(struct drift_who *who);
void drift_who_copy(struct drift_who *to, const struct drift_who *from);

typedef struct drift drift_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(drift_auto, drift_free)
