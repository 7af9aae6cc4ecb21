/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plain directory as a tree, opened beneath its root without following links. */
#include "worker/source/tree-ops.h"

#include "worker/source/name.h"

#include "base/autoptr.h"
#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct dir_source {
	int fd;
	char *path;
};

typedef DIR dir_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(dir_auto, closedir)

static void source_free(void *self)
{
	struct dir_source *s = self;

	close(s->fd);
	g_free(s->path);
	g_free(s);
}

static bool fail_at(const struct dir_source *s, const char *path, GError **error)
{
	if (errno == ENOENT || errno == ENOTDIR) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "'%s' is not in '%s'", path,
			    s->path);
	}
	if (errno == ELOOP) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
			    "'%s' is not in '%s': the path leads through a link", path, s->path);
	}
	return fail_errno(error, "cannot read '%s' in '%s'", path, s->path);
}

/* The folder that holds path, and path's last component. */
static bool open_parent(struct dir_source *s, const char *path, int *fd, const char **last,
			GError **error)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	size_t count = g_strv_length(parts);
	autofd at = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);

	for (size_t i = 0; at >= 0 && i + 1 < count; i++) {
		int next = openat(at, parts[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		close(fd_steal(&at));
		at = next;
	}
	if (at < 0) {
		return fail_at(s, path, error);
	}
	*fd = fd_steal(&at);
	*last = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
	return true;
}

static bool entry_from_stat(const struct stat *st, const char *path, struct source_entry *entry,
			    GError **error)
{
	entry->size = S_ISDIR(st->st_mode) ? 0 : st->st_size;
	if (S_ISDIR(st->st_mode)) {
		entry->mode = SOURCE_FOLDER;
	} else if (S_ISLNK(st->st_mode)) {
		entry->mode = SOURCE_LINK;
	} else if (S_ISREG(st->st_mode)) {
		entry->mode = (st->st_mode & S_IXUSR) != 0 ? SOURCE_EXECUTABLE : SOURCE_FILE;
	} else {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "'%s' is refused: it is neither file, link nor folder", path);
	}
	return true;
}

static bool dir_stat(void *self, const char *path, struct source_entry *entry, GError **error)
{
	struct dir_source *s = self;
	autofd parent = -1;
	const char *last;
	struct stat st;

	if (path[0] == '\0') {
		entry->mode = SOURCE_FOLDER;
		return true;
	}
	if (!open_parent(s, path, &parent, &last, error)) {
		return false;
	}
	if (fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return fail_at(s, path, error);
	}
	return entry_from_stat(&st, path, entry, error);
}

static bool read_link(struct dir_source *s, int parent, const char *last, const char *path,
		      size_t max, char **bytes, size_t *len, GError **error)
{
	g_autofree char *text = g_malloc(SOURCE_MAX_PATH + 2);
	ssize_t got = readlinkat(parent, last, text, SOURCE_MAX_PATH + 1);

	if (got < 0) {
		return fail_at(s, path, error);
	}
	if ((size_t)got > max || got > SOURCE_MAX_PATH) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "the link '%s' is too long", path);
	}
	text[got] = '\0';
	*len = got;
	*bytes = g_steal_pointer(&text);
	return true;
}

static bool read_all(struct dir_source *s, int fd, const char *path, size_t max, GString *into,
		     GError **error)
{
	char buffer[65536];
	ssize_t got;

	while ((got = read(fd, buffer, sizeof(buffer))) != 0) {
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return fail_at(s, path, error);
		}
		if ((size_t)got > max - into->len) {
			return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
				    "'%s' has more than %zu bytes", path, max);
		}
		g_string_append_len(into, buffer, got);
	}
	return true;
}

static bool dir_read(void *self, const struct source_entry *entry, size_t max, char **bytes,
		     size_t *len, GError **error)
{
	struct dir_source *s = self;
	g_autoptr(GString) content = g_string_new(NULL);
	autofd parent = -1, fd = -1;
	const char *last;
	struct stat st;

	if (!open_parent(s, entry->path, &parent, &last, error)) {
		return false;
	}
	if (entry->mode == SOURCE_LINK) {
		return read_link(s, parent, last, entry->path, max, bytes, len, error);
	}
	fd = openat(parent, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return fail_at(s, entry->path, error);
	}
	if (!S_ISREG(st.st_mode)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "'%s' is not a file any more",
			    entry->path);
	}
	if (!read_all(s, fd, entry->path, max, content, error)) {
		return false;
	}
	*len = content->len;
	*bytes = g_string_free(g_steal_pointer(&content), FALSE);
	return true;
}

static int compare_rows(gconstpointer a, gconstpointer b)
{
	const struct tree_row *x = a, *y = b;
	g_autofree char *xn = g_strconcat(x->name, x->entry.mode == SOURCE_FOLDER ? "/" : "", NULL);
	g_autofree char *yn = g_strconcat(y->name, y->entry.mode == SOURCE_FOLDER ? "/" : "", NULL);

	return strcmp(xn, yn);
}

static bool add_row(struct dir_source *s, int fd, const char *folder, const char *name,
		    GArray *entries, GError **error)
{
	g_autofree char *full = name_join(folder, name);
	const char *problem = name_problem(name);
	struct tree_row row = {0};
	struct stat st;

	if (problem != NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "'%s' is refused: %s", full,
			    problem);
	}
	if (entries->len >= SOURCE_MAX_ENTRIES) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "the folder '%s' has more than %d entries", folder, SOURCE_MAX_ENTRIES);
	}
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return fail_at(s, full, error);
	}
	if (!entry_from_stat(&st, full, &row.entry, error)) {
		return false;
	}
	row.name = g_strdup(name);
	g_array_append_val(entries, row);
	return true;
}

static bool open_folder(struct dir_source *s, const char *folder, DIR **out, GError **error)
{
	autofd parent = -1, fd = -1;
	const char *last = ".";

	if (folder[0] == '\0') {
		parent = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
	} else if (!open_parent(s, folder, &parent, &last, error)) {
		return false;
	}
	fd = openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	*out = fd < 0 ? NULL : fdopendir(fd);
	if (*out == NULL) {
		return fail_at(s, folder, error);
	}
	fd_steal(&fd);
	return true;
}

static bool dir_list(void *self, const char *folder, GArray *entries, GError **error)
{
	struct dir_source *s = self;
	g_autoptr(dir_auto) dir = NULL;
	const struct dirent *found;

	if (!open_folder(s, folder, &dir, error)) {
		return false;
	}
	while ((errno = 0, found = readdir(dir)) != NULL) {
		const char *name = found->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    strcmp(name, ".git") == 0) {
			continue;
		}
		if (!add_row(s, dirfd(dir), folder, name, entries, error)) {
			return false;
		}
	}
	if (errno != 0) {
		return fail_at(s, folder, error);
	}
	g_array_sort(entries, compare_rows);
	return true;
}

const struct tree_ops tree_dir_ops = {.name = "directory",
				      .free = source_free,
				      .stat = dir_stat,
				      .read = dir_read,
				      .list = dir_list};

bool tree_dir_new(const char *path, void **self, GError **error)
{
	autofd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dir_source *s;

	if (fd < 0) {
		return fail_errno(error, "cannot open the folder '%s'", path);
	}
	s = g_new0(struct dir_source, 1);
	s->fd = fd_steal(&fd);
	s->path = g_strdup(path);
	*self = s;
	return true;
}
