/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a path is now, as a plan's state: type, content's digest, size, mode,
 * owner, link's text, digest of the watched extended attributes.
 *
 * A path whose folder is missing is absent. So is a path that lies, inside its
 * root, behind a link: nothing beneath the root is there. Outside a root such
 * a link is an error (worker/target/beneath.h). A file that changes while it is
 * read is read again, a few times, then it is an error.
 *
 * The strings of a state belong to the observer.
 */
#include <sys/stat.h>

#include "base/seal.h"
#include "core/plan.h"
#include "worker/target/beneath.h"
#include "worker/target/host.h"
#include "worker/target/observe-cache.h"

struct observer;

/* Identity and times as they were when state was true. */
struct observed {
	struct plan_state state;
	struct stat st; /* zero when absent */
};

/* cache: NULL to read everything; borrowed. flags: those of beneath_new(). */
struct observer *observer_new(struct observe_cache *cache, unsigned flags);
void observer_free(struct observer *o);
/* From now on this path's content is told by a digest of that key alone, and nothing of it is
 * remembered. keys: borrowed. False when there is no such key. */
bool observer_secret(struct observer *o, const char *path, const struct seal_keys *keys,
		     const char *key_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is known of the host; lives as long as the observer. */
struct host *observer_host(struct observer *o);
bool observe_path(struct observer *o, const char *root, const char *path, struct observed *out,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same for a name in an open folder; path is for messages and for the cache. */
bool observe_at(struct observer *o, int dirfd, const char *name, const char *path,
		struct observed *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Only what lstat() says, all zero when nothing is there. */
bool observe_stat(struct observer *o, const char *root, const char *path, struct stat *out,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Is anything there, be it a link to nowhere? Reads nothing. */
bool observe_exists(struct observer *o, const char *path, bool *exists, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Names in a folder, sorted by byte; NULL when it is absent or no folder. */
bool observe_names(struct observer *o, const char *root, const char *path, GPtrArray **names,
		   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Is it still the same thing with the same times? Cheap; for right before a change. */
bool observed_is_same(const struct observed *old, const struct stat *now);
/* The bytes of a file, for the diff; fails with BASE_ERROR_LIMIT beyond max. */
bool observe_read(struct observer *o, const char *root, const char *path, size_t max, char **bytes,
		  size_t *len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Digest of the watched extended attributes of an open file or folder; *any false: none. */
bool observe_xattrs(int fd, struct hash *out, bool *any, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Is this one watched? */
bool observe_watches_xattr(const char *name);
/* The user's or group's name, NULL when it has none; belongs to the observer. */
const char *observer_user(struct observer *o, uid_t uid);
const char *observer_group(struct observer *o, gid_t gid);

typedef struct observer observer_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(observer_auto, observer_free)
