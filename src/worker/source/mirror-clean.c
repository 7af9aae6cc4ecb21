/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Removing what a killed fetch leaves in a mirror. */
#include "worker/source/mirror.h"

#include "base/autoptr.h"
#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 32

typedef DIR dir_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(dir_auto, closedir)

static bool is_half_pack(int fd, const char *name)
{
	bool pack = g_str_has_suffix(name, ".pack"), idx = g_str_has_suffix(name, ".idx");
	g_autofree char *other = NULL;
	struct stat st;

	if (!g_str_has_prefix(name, "pack-") || (!pack && !idx)) {
		return false;
	}
	other = g_strdup_printf("%.*s%s", (int)(strlen(name) - (pack ? 5 : 4)), name,
				pack ? ".idx" : ".pack");
	return fstatat(fd, other, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static bool is_leftover(int fd, const char *name)
{
	return g_str_has_suffix(name, ".lock") || g_str_has_prefix(name, "pack_git2_") ||
	       g_str_has_prefix(name, "tmp_object_git2_") || g_str_has_prefix(name, "_git2_") ||
	       is_half_pack(fd, name);
}

static bool clean_folder(int parent, const char *name, unsigned depth, GError **error);

static bool clean_entry(int fd, const char *name, unsigned depth, GError **error)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return fail_errno(error, "cannot look at '%s' in the mirror", name);
	}
	if (S_ISDIR(st.st_mode)) {
		return clean_folder(fd, name, depth + 1, error);
	}
	if (is_leftover(fd, name) && unlinkat(fd, name, 0) < 0) {
		return fail_errno(error, "cannot remove '%s', left in the mirror by a killed fetch",
				  name);
	}
	return true;
}

static bool clean_folder(int parent, const char *name, unsigned depth, GError **error)
{
	autofd fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	g_autoptr(dir_auto) dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir == NULL || depth > DEPTH_MAX) {
		errno = dir == NULL ? errno : ELOOP;
		return fail_errno(error, "cannot read the mirror's folder '%s'", name);
	}
	fd_steal(&fd);
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
			continue;
		}
		if (!clean_entry(dirfd(dir), entry->d_name, depth, error)) {
			return false;
		}
	}
	return errno == 0 || fail_errno(error, "cannot read the mirror's folder '%s'", name);
}

bool mirror_clean(const char *path, GError **error)
{
	return clean_folder(AT_FDCWD, path, 0, error);
}
