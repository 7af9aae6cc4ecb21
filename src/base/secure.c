/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading files that decide what is trusted. */
#include "base/secure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

#define LINKS_MAX 40 /* as Linux */

static bool is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static bool check(const struct stat *st, const char *what, const char *path, GError **error)
{
	if (!is_ours(st)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "%s '%s' belongs to uid %u, neither root nor us: 'chown' it", what,
			    path, (unsigned)st->st_uid);
	}
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "%s '%s' can be written by others than its owner (mode %04o): "
			    "run 'chmod go-w' on it",
			    what, path, (unsigned)(st->st_mode & 07777));
	}
	return true;
}

/* The folder itself and those above it: who may write one of them may put another in place. */
static bool check_folders(int dirfd, const char *path, GError **error)
{
	struct stat st, above;
	g_autofree char *name = g_strdup(path);
	autofd fd = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		return fail_errno(error, "cannot open folder '%s'", path);
	}
	if (!check(&st, "folder", path, error)) {
		return false;
	}
	for (;;) {
		autofd up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		g_autofree char *link = NULL;
		g_autofree char *proc = NULL;

		if (up < 0 || fstat(up, &above) != 0) {
			return fail_errno(error, "cannot open the folder above '%s'", name);
		}
		if (above.st_dev == st.st_dev && above.st_ino == st.st_ino) {
			return true;
		}
		proc = g_strdup_printf("/proc/self/fd/%d", up);
		link = g_file_read_link(proc, NULL);
		g_free(name);
		name = link != NULL ? g_steal_pointer(&link) : g_strdup("..");
		if ((above.st_mode & S_ISVTX) == 0 && !check(&above, "folder", name, error)) {
			return false;
		}
		if (!is_ours(&above)) {
			return check(&above, "folder", name, error);
		}
		st = above;
		close(fd);
		fd = fd_steal(&up);
	}
}

bool secure_read(const char *path, size_t max, char **text, size_t *len, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *through = NULL;
	struct stat st;
	autofd dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofd fd = -1;

	if (dirfd < 0) {
		return fail_errno(error, "cannot open folder '%s'", folder);
	}
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ELOOP) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "'%s' is a symbolic link: put the file itself there", path);
	}
	if (fd < 0 || fstat(fd, &st) != 0) {
		return fail_errno(error, "cannot open '%s'", path);
	}
	if (!S_ISREG(st.st_mode)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "'%s' is not a regular file",
			    path);
	}
	if (!check(&st, "file", path, error) || !check_folders(dirfd, folder, error)) {
		return false;
	}
	/* The very file that was checked, whatever stands at its path by now. */
	through = g_strdup_printf("/proc/self/fd/%d", fd);
	return file_read(through, max, text, len, error) || fail_prefix(error, "'%s'", path);
}

/* A file, and the folders in which its name stands. */
static bool check_place(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	struct stat st;
	autofd fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || stat(path, &st) != 0) {
		return fail_errno(error, "cannot open '%s'", path);
	}
	return check(&st, "file", path, error) && check_folders(fd, folder, error);
}

/* Is what lies in this folder out of others' reach? */
static bool check_way(const char *folder, GError **error)
{
	autofd fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail_errno(error, "cannot open folder '%s'", folder)
		      : check_folders(fd, folder, error);
}

/* The first link on the way gives place to what it stands for. */
static bool follow(char **path, bool *found, GError **error)
{
	const char *end = *path;
	struct stat st;

	for (*found = false; *end != '\0';) {
		g_autofree char *name = NULL;
		g_autofree char *folder = NULL;
		g_autofree char *target = NULL;
		char *next;

		end += 1 + strcspn(end + 1, "/");
		name = g_strndup(*path, (gsize)(end - *path));
		if (lstat(name, &st) != 0) {
			return fail_errno(error, "cannot open '%s'", *path);
		}
		if (!S_ISLNK(st.st_mode)) {
			continue;
		}
		folder = g_path_get_dirname(name);
		target = g_file_read_link(name, NULL);
		if (target == NULL) {
			return fail_errno(error, "cannot read the link '%s'", name);
		}
		next = target[0] == '/' ? g_strconcat(target, end, NULL)
					: g_strconcat(folder, "/", target, end, NULL);
		g_free(*path);
		*path = next;
		*found = true;
		return check_way(folder, error);
	}
	return true;
}

bool secure_linked(const char *path, GError **error)
{
	g_autofree char *at = g_strdup(path);
	bool found = true;

	if (!g_path_is_absolute(path)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "'%s' is not an absolute path",
			    path);
	}
	for (unsigned links = 0; found; links++) {
		if (links > LINKS_MAX) {
			errno = ELOOP;
			return fail_errno(error, "cannot open '%s'", path);
		}
		if (!follow(&at, &found, error)) {
			return false;
		}
	}
	return check_place(at, error);
}

bool secure_folder(const char *path, GError **error)
{
	struct stat st;
	autofd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		return fail_errno(error, "cannot open folder '%s'", path);
	}
	return check(&st, "folder", path, error);
}

static bool check_root(const struct stat *st, const char *what, const char *path, GError **error)
{
	if (st->st_uid != 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "%s '%s' belongs to uid %u, not to root: run 'chown root' on it", what,
			    path, (unsigned)st->st_uid);
	}
	return check(st, what, path, error);
}

/* One component further: fd is replaced. flags beside those that never follow a link. */
static bool step_down(int *fd, const char *name, const char *path, int flags, GError **error)
{
	struct stat st;
	int next;

	if (fstatat(*fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "'%s' is a symbolic link: put what it stands for there", path);
	}
	next = openat(*fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (next < 0) {
		return fail_errno(error, "cannot open '%s'", path);
	}
	close(*fd);
	*fd = next;
	return true;
}

static bool enter(int *fd, const char *name, const char *path, GError **error)
{
	struct stat st;

	if (name != NULL && !step_down(fd, name, path, O_PATH | O_DIRECTORY, error)) {
		return false;
	}
	if (fstat(*fd, &st) != 0) {
		return fail_errno(error, "cannot look at folder '%s'", path);
	}
	return check_root(&st, "folder", path, error);
}

/* O_PATH; each component is checked in the folder that was checked before it. */
static bool open_root_folder(const char *path, int *out, GError **error)
{
	g_auto(GStrv) names = g_strsplit(path, "/", -1);
	g_autoptr(GString) so_far = g_string_new(NULL);
	autofd fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (!g_path_is_absolute(path)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "'%s' is not an absolute path",
			    path);
	}
	if (fd < 0) {
		return fail_errno(error, "cannot open '/'");
	}
	if (!enter(&fd, NULL, "/", error)) {
		return false;
	}
	for (char **name = names; *name != NULL; name++) {
		if (**name == '\0') {
			continue;
		}
		g_string_append_printf(so_far, "/%s", *name);
		if (!enter(&fd, *name, so_far->str, error)) {
			return false;
		}
	}
	*out = fd_steal(&fd);
	return true;
}

bool secure_folder_root(const char *path, GError **error)
{
	autofd fd = -1;

	return open_root_folder(path, &fd, error);
}

bool secure_read_root(const char *path, size_t max, char **text, size_t *len, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	autofd fd = -1;
	struct stat st;

	if (!open_root_folder(folder, &fd, error) || !step_down(&fd, name, path, O_RDONLY, error)) {
		return false;
	}
	if (fstat(fd, &st) != 0) {
		return fail_errno(error, "cannot look at '%s'", path);
	}
	return check_root(&st, "file", path, error) &&
	       file_read_fd(fd, path, max, text, len, error);
}
