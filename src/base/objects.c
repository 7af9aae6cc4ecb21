/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store of immutable bytes named by their digest. */
#include "base/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

#define COPY_CHUNK 65536

char *objects_path(const char *dir, const struct hash *digest)
{
	char text[HASH_TEXT_SIZE];
	const char *hex = text + strlen("sha256:");

	hash_text(text, digest);
	return g_strdup_printf("%s/%.2s/%s", dir, hex, hex + 2);
}

bool objects_has(const char *dir, const struct hash *digest)
{
	g_autofree char *path = objects_path(dir, digest);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Is what lies there what its name says? A disk error or a torn write must not survive a new
 * store of the same bytes. */
static bool same_bytes(const char *path, const void *data, size_t len)
{
	g_autofree char *old = NULL;
	size_t old_len;

	return file_read(path, len, &old, &old_len, NULL) && old_len == len &&
	       memcmp(old, data, len) == 0;
}

static bool store(const char *dir, const void *data, size_t len, bool sync, struct hash *digest,
		  GError **error)
{
	g_autofree char *path = NULL;
	g_autofree char *folder = NULL;
	struct hash hash;

	hash_bytes(&hash, data, len);
	path = objects_path(dir, &hash);
	if (!same_bytes(path, data, len)) {
		folder = g_path_get_dirname(path);
		if (!g_file_test(folder, G_FILE_TEST_IS_DIR) && !file_mkdirs(folder, 0700, error)) {
			return fail_prefix(error, "cannot store an object");
		}
		if (sync ? !file_replace(path, data, len, 0600, error)
			 : !file_replace_unsynced(path, data, len, 0600, error)) {
			return fail_prefix(error, "cannot store an object");
		}
	}
	*digest = hash;
	return true;
}

bool objects_store(const char *dir, const void *data, size_t len, struct hash *digest,
		   GError **error)
{
	return store(dir, data, len, true, digest, error);
}

bool objects_store_unsynced(const char *dir, const void *data, size_t len, struct hash *digest,
			    GError **error)
{
	return store(dir, data, len, false, digest, error);
}

bool objects_sync(const char *dir, GError **error)
{
	autofd fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail_errno(error, "cannot open '%s'", dir) : file_sync_all(fd, error);
}

static bool check_digest(const struct hash *want, const struct hash *have, GError **error)
{
	char text[HASH_TEXT_SIZE];

	if (hash_equal(want, have)) {
		return true;
	}
	hash_text(text, want);
	return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
		    "object '%s' is damaged: its content has another digest", text);
}

bool objects_load(const char *dir, const struct hash *digest, size_t max, char **data, size_t *len,
		  GError **error)
{
	g_autofree char *path = objects_path(dir, digest);
	g_autofree char *bytes = NULL;
	struct hash have;
	size_t got;

	if (!file_read(path, max, &bytes, &got, error)) {
		return false;
	}
	hash_bytes(&have, bytes, got);
	if (!check_digest(digest, &have, error)) {
		return false;
	}
	*data = g_steal_pointer(&bytes);
	*len = got;
	return true;
}

bool objects_open(const char *dir, const struct hash *digest, int *fd, GError **error)
{
	g_autofree char *path = objects_path(dir, digest);
	autofd from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (from < 0 || fstat(from, &st) != 0) {
		return fail_errno(error, "cannot open object '%s'", path);
	}
	if (!S_ISREG(st.st_mode)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "object '%s' is not a regular file", path);
	}
	*fd = fd_steal(&from);
	return true;
}

bool objects_copy_fd(int from, const struct hash *digest, size_t max, int fd, GError **error)
{
	g_autofree char *chunk = g_malloc(COPY_CHUNK);
	struct hash_state state;
	struct hash have;
	ssize_t got;

	hash_init(&state);
	while ((got = read(from, chunk, COPY_CHUNK)) != 0) {
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return fail_errno(error, "cannot read an object");
		}
		if ((size_t)got > max) {
			return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
				    "an object is larger than it should be");
		}
		max -= (size_t)got;
		/* The bytes that are hashed are those that are written, whatever the file
		 * becomes meanwhile. */
		hash_update(&state, chunk, (size_t)got);
		if (!file_write_all(fd, chunk, (size_t)got, error)) {
			return false;
		}
	}
	hash_final(&state, &have);
	return check_digest(digest, &have, error);
}

bool objects_copy(const char *dir, const struct hash *digest, size_t max, int fd, GError **error)
{
	autofd from = -1;

	return objects_open(dir, digest, &from, error) &&
	       objects_copy_fd(from, digest, max, fd, error);
}
