/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Immutable bytes named by their SHA-256, below one folder:
 * DIR/ab/cdef... (62 more digits). Plans, diffs, wanted contents, evidence,
 * approver lists. Writing what is there already costs a stat.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/hash.h"

#define OBJECTS_EVIDENCE_MAX ((size_t)64 << 10) /* of one decision */

bool objects_store(const char *dir, const void *data, size_t len, struct hash *digest,
		   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for many at once: durable after objects_sync() only. */
bool objects_store_unsynced(const char *dir, const void *data, size_t len, struct hash *digest,
			    GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool objects_sync(const char *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Reads and checks the digest. */
bool objects_load(const char *dir, const struct hash *digest, size_t max, char **data, size_t *len,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One that is going to be read by objects_copy_fd(): no link, a regular file. */
bool objects_open(const char *dir, const struct hash *digest, int *fd, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool objects_has(const char *dir, const struct hash *digest);
/* Copies to fd, checking the digest on the way; a mismatch is an error after the write, more
 * than max bytes are not written. */
bool objects_copy(const char *dir, const struct hash *digest, size_t max, int fd, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool objects_copy_fd(int from, const struct hash *digest, size_t max, int fd, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* "DIR/ab/cdef..." */
char *objects_path(const char *dir, const struct hash *digest);
