/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Temporary folders of renderers, and those that were left. */
#include "worker/render-scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "worker/sandbox.h"

#define PREFIX "assent-render-"
#define RANDOM "XXXXXX"
#define TRIES 100

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static void remove_all(const char *path)
{
	(void)nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static bool is_named_so(const char *name)
{
	const char *rest = name + strlen(PREFIX);

	return g_str_has_prefix(name, PREFIX) && strlen(rest) == strlen(RANDOM) &&
	       strspn(rest, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS) == strlen(RANDOM);
}

static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0700 &&
	       (st.st_uid == geteuid() || (geteuid() == 0 && sandbox_is_uid(st.st_uid)));
}

/* Nothing but the two folders that a run makes. */
static bool holds_ours(const char *path)
{
	DIR *dir = opendir(path);
	bool good = dir != NULL;

	for (struct dirent *entry; good && (entry = readdir(dir)) != NULL;) {
		g_autofree char *inside = g_build_filename(path, entry->d_name, NULL);
		struct stat st;

		good = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		       ((strcmp(entry->d_name, "input") == 0 ||
			 strcmp(entry->d_name, "root") == 0) &&
			lstat(inside, &st) == 0 && S_ISDIR(st.st_mode));
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return good;
}

static int open_folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void sweep(const char *among)
{
	DIR *dir = opendir(among);

	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		g_autofree char *path = g_build_filename(among, entry->d_name, NULL);
		autofd fd = is_named_so(entry->d_name) ? open_folder(path) : -1;

		if (fd >= 0 && is_ours(fd) && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		    holds_ours(path)) {
			remove_all(path);
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
}

/* Is what was locked still what has the name? Somebody may have swept in between. */
static bool is_at(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && lstat(path, &named) == 0 && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

bool render_scratch_make(struct render_scratch *out, GError **error)
{
	sweep(g_get_tmp_dir());
	for (int i = 0; i < TRIES; i++) {
		g_autofree char *path = g_dir_make_tmp(PREFIX RANDOM, error);
		autofd fd = -1;

		if (path == NULL) {
			return false;
		}
		fd = open_folder(path);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno != EWOULDBLOCK) {
			fail_errno(error, "cannot lock '%s'", path);
			remove_all(path);
			return false;
		}
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_at(fd, path)) {
			out->path = g_steal_pointer(&path);
			out->fd = fd;
			fd = -1;
			return true;
		}
	}
	return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "cannot lock a folder in '%s'",
		    g_get_tmp_dir());
}

void render_scratch_remove(struct render_scratch *scratch)
{
	if (scratch->path != NULL) {
		remove_all(scratch->path);
		close(scratch->fd);
		g_clear_pointer(&scratch->path, g_free);
	}
}
