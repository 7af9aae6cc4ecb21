/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole files: bounded reading, atomic and durable replacing. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/error.h"

#define NAME_TRIES 16

static bool read_regular(int fd, const char *path, const struct stat *st, size_t max, char **text,
			 size_t *len, GError **error)
{
	g_autofree char *buffer = NULL;
	size_t room, have = 0;
	ssize_t got;

	if (!S_ISREG(st->st_mode)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "'%s' is not a regular file",
			    path);
	}
	if (st->st_size < 0 || (uintmax_t)st->st_size > max) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "'%s' is larger than %zu bytes",
			    path, max);
	}
	/* One byte more than expected, so that growing is noticed. */
	room = (size_t)st->st_size + 1;
	buffer = g_malloc(room + 1);
	while ((got = read(fd, buffer + have, room - have)) != 0) {
		if (got < 0) {
			if (errno == EINTR) {
				continue;
			}
			return fail_errno(error, "cannot read '%s'", path);
		}
		have += (size_t)got;
		if (have > max) {
			return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
				    "'%s' is larger than %zu bytes", path, max);
		}
		if (have == room) {
			room = room > max / 2 ? max + 1 : room * 2;
			buffer = g_realloc(buffer, room + 1);
		}
	}
	buffer[have] = '\0';
	*text = g_steal_pointer(&buffer);
	*len = have;
	return true;
}

bool file_read_fd(int fd, const char *path, size_t max, char **text, size_t *len, GError **error)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		return fail_errno(error, "cannot look at '%s'", path);
	}
	return read_regular(fd, path, &st, max, text, len, error);
}

static bool open_and_read(int dirfd, const char *path, size_t max, mode_t forbidden, char **text,
			  size_t *len, GError **error)
{
	struct stat st;
	/* Without O_NONBLOCK a FIFO in the file's place would stop us for ever. */
	autofd fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) != 0) {
		return fail_errno(error, "cannot open '%s'", path);
	}
	if ((st.st_mode & forbidden) != 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "'%s' holds a secret but others may read it; run chmod 600", path);
	}
	return read_regular(fd, path, &st, max, text, len, error);
}

bool file_read_at(int dirfd, const char *path, size_t max, char **text, size_t *len, GError **error)
{
	return open_and_read(dirfd, path, max, 0, text, len, error);
}

bool file_read(const char *path, size_t max, char **text, size_t *len, GError **error)
{
	return open_and_read(AT_FDCWD, path, max, 0, text, len, error);
}

bool file_read_secret(const char *path, size_t max, char **text, size_t *len, GError **error)
{
	return open_and_read(AT_FDCWD, path, max, 077, text, len, error);
}

bool file_write_all(int fd, const void *data, size_t len, GError **error)
{
	const char *p = data;

	while (len > 0) {
		ssize_t put = write(fd, p, len);

		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put <= 0) {
			errno = put == 0 ? EIO : errno;
			return fail_errno(error, "cannot write");
		}
		p += put;
		len -= (size_t)put;
	}
	return true;
}

char *file_temp_name(const char *prefix)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		g_error("no random numbers");
	}
	return g_strdup_printf("%s%016" G_GINT64_MODIFIER "x", prefix, random);
}

/* The folder's part of path, "." when there is none. */
static char *parent_of(const char *path)
{
	return g_path_get_dirname(path);
}

static bool open_temp(int dirfd, const char *path, mode_t mode, char **name, int *fd,
		      GError **error)
{
	g_autofree char *parent = parent_of(path);

	for (unsigned i = 0; i < NAME_TRIES; i++) {
		g_autofree char *temp = file_temp_name(".assent-");
		g_autofree char *full = g_build_filename(parent, temp, NULL);
		int opened = openat(dirfd, full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

		if (opened >= 0) {
			*fd = opened;
			*name = g_steal_pointer(&full);
			return true;
		}
		if (errno != EEXIST) {
			break;
		}
	}
	return fail_errno(error, "cannot make a temporary file beside '%s'", path);
}

static bool write_temp(int fd, const void *data, size_t len, mode_t mode, bool sync, GError **error)
{
	if (!file_write_all(fd, data, len, error)) {
		return false;
	}
	if (fchmod(fd, mode) != 0) {
		return fail_errno(error, "cannot set the mode");
	}
	if (sync && fsync(fd) != 0) {
		return fail_errno(error, "cannot sync");
	}
	return true;
}

static bool replace(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
		    bool sync, GError **error)
{
	g_autofree char *parent = parent_of(path);
	g_autofree char *temp = NULL;
	autofd fd = -1;
	int opened = -1;

	if (!open_temp(dirfd, path, mode, &temp, &opened, error)) {
		return false;
	}
	fd = opened;
	if (!write_temp(fd, data, len, mode, sync, error)) {
		unlinkat(dirfd, temp, 0);
		return fail_prefix(error, "cannot replace '%s'", path);
	}
	if (renameat(dirfd, temp, dirfd, path) != 0) {
		fail_errno(error, "cannot replace '%s'", path);
		unlinkat(dirfd, temp, 0);
		return false;
	}
	return !sync || file_sync_dir(dirfd, parent, error);
}

bool file_replace_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
		     GError **error)
{
	return replace(dirfd, path, data, len, mode, true, error);
}

bool file_replace_unsynced(const char *path, const void *data, size_t len, mode_t mode,
			   GError **error)
{
	return replace(AT_FDCWD, path, data, len, mode, false, error);
}

bool file_sync_all(int fd, GError **error)
{
	return syncfs(fd) == 0 || fail_errno(error, "cannot sync a file system");
}

bool file_replace(const char *path, const void *data, size_t len, mode_t mode, GError **error)
{
	return file_replace_at(AT_FDCWD, path, data, len, mode, error);
}

bool file_sync_dir(int dirfd, const char *name, GError **error)
{
	autofd fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0) {
		return fail_errno(error, "cannot sync folder '%s'", name);
	}
	return true;
}

static bool make_folder(const char *path, mode_t mode, GError **error)
{
	g_autofree char *parent = NULL;
	struct stat st;

	if (mkdir(path, mode) != 0) {
		int saved = errno;

		if (saved == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
			return true;
		}
		errno = saved;
		return fail_errno(error, "cannot make folder '%s'", path);
	}
	parent = parent_of(path);
	return file_sync_dir(AT_FDCWD, parent, error);
}

bool file_mkdirs(const char *path, mode_t mode, GError **error)
{
	g_autofree char *copy = g_strdup(path);
	size_t len = strlen(copy);

	while (len > 1 && copy[len - 1] == '/') {
		copy[--len] = '\0';
	}
	for (char *p = copy + 1; len > 0 && *p != '\0'; p++) {
		if (*p != '/' || p[-1] == '/') {
			continue;
		}
		*p = '\0';
		if (!make_folder(copy, mode, error)) {
			return false;
		}
		*p = '/';
	}
	return make_folder(copy, mode, error);
}

bool file_lock(const char *path, int *fd, GError **error)
{
	autofd opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (opened < 0) {
		return fail_errno(error, "cannot open lock '%s'", path);
	}
	if (flock(opened, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK) {
			return fail(error, BASE_ERROR, BASE_ERROR_TIMEOUT,
				    "'%s' is locked by another process", path);
		}
		return fail_errno(error, "cannot lock '%s'", path);
	}
	*fd = fd_steal(&opened);
	return true;
}
