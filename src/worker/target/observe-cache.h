/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What is remembered between two plans, so that an unchanged file costs one
 * lstat and an unchanged blob nothing: the digest of a file by its path,
 * device, inode, mode, owner, size, mtime and ctime; the digest of a blob by
 * its Git id.
 *
 * Only plan uses it, never apply's check: a clock that root set back can
 * deceive it. A file that changed within two seconds before the plan began is
 * not remembered, since a second change could leave the same times. The file
 * may be deleted at any time; one that is damaged is an empty one.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/hash.h"

struct observe_cache;

/* Never fails. now: POSIX seconds, before anything is looked at. */
struct observe_cache *observe_cache_load(const char *file, int64_t now);
void observe_cache_free(struct observe_cache *cache);
/* Writes what was used or put since loading, if anything is new. */
bool observe_cache_store(struct observe_cache *cache, GError **error) G_GNUC_WARN_UNUSED_RESULT;

struct observe_digests {
	struct hash content;
	bool has_xattrs;
	struct hash xattrs;
};
bool observe_cache_find(struct observe_cache *cache, const char *path, const struct stat *st,
			struct observe_digests *out);
void observe_cache_put(struct observe_cache *cache, const char *path, const struct stat *st,
		       const struct observe_digests *digests);
void observe_cache_forget(struct observe_cache *cache, const char *path);
bool observe_cache_find_blob(struct observe_cache *cache, const char *oid, struct hash *out);
void observe_cache_put_blob(struct observe_cache *cache, const char *oid,
			    const struct hash *digest);

typedef struct observe_cache observe_cache_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(observe_cache_auto, observe_cache_free)
