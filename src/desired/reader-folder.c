/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a plain folder as if it were a commit's tree, never following a link. */
#include "desired/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

#define MAX_DEPTH 64

struct folder_reader {
	struct reader reader;
	int fd;
	char *name; /* for messages */
};

struct walk {
	struct folder_reader *folder;
	reader_fn *fn;
	void *data;
};

static struct folder_reader *folder_of(struct reader *reader)
{
	return (struct folder_reader *)reader;
}

/* The folder that holds path, opened component by component, so that no link is followed.
 * -1 with errno; base is what remains. */
static int open_parent(struct folder_reader *folder, const char *path, const char **base)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	autofd fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *slash = strrchr(path, '/');

	for (guint i = 0; fd >= 0 && parts[0] != NULL && parts[i + 1] != NULL; i++) {
		int next = openat(fd, parts[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		close(fd);
		fd = next;
	}
	*base = slash != NULL ? slash + 1 : path;
	if (**base == '\0') {
		*base = ".";
	}
	return fd_steal(&fd);
}

static bool is_missing(int code)
{
	return code == ENOENT || code == ENOTDIR || code == ELOOP;
}

static enum reader_type type_of(mode_t mode)
{
	if (S_ISREG(mode)) {
		return READER_FILE;
	}
	if (S_ISDIR(mode)) {
		return READER_FOLDER;
	}
	return S_ISLNK(mode) ? READER_LINK : READER_OTHER;
}

static void fill(struct reader_entry *entry, const char *path, const struct stat *st)
{
	entry->path = path;
	entry->type = type_of(st->st_mode);
	entry->executable = S_ISREG(st->st_mode) && (st->st_mode & 0100) != 0;
	entry->oid = "";
	entry->size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size;
}

static bool is_git(const char *name)
{
	return g_ascii_strcasecmp(name, ".git") == 0;
}

static bool leads_through_git(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	for (guint i = 0; parts[i] != NULL; i++) {
		if (is_git(parts[i])) {
			return true;
		}
	}
	return false;
}

static bool folder_stat(struct reader *reader, const char *path, struct reader_entry *entry,
			GError **error)
{
	struct folder_reader *folder = folder_of(reader);
	struct stat st = {0};
	const char *base;
	autofd parent = open_parent(folder, path, &base);

	*entry = (struct reader_entry){.path = path, .type = READER_ABSENT, .oid = ""};
	if (leads_through_git(path)) {
		return true;
	}
	if (parent < 0 || fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return is_missing(errno) ||
		       fail_errno(error, "cannot look at '%s/%s'", folder->name, path);
	}
	fill(entry, path, &st);
	return true;
}

static bool read_link_at(int parent, const char *base, size_t max, char **bytes, size_t *len,
			 GError **error)
{
	g_autofree char *text = g_malloc(PATH_MAX + 1);
	ssize_t count = readlinkat(parent, base, text, PATH_MAX);

	if (count < 0) {
		return fail_errno(error, "cannot read the link '%s'", base);
	}
	if ((size_t)count > max) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "the link '%s' is too long", base);
	}
	text[count] = '\0';
	*bytes = g_steal_pointer(&text);
	*len = (size_t)count;
	return true;
}

static bool folder_read(struct reader *reader, const char *path, size_t max, char **bytes,
			size_t *len, GError **error)
{
	struct folder_reader *folder = folder_of(reader);
	struct stat st = {0};
	const char *base;
	autofd parent = open_parent(folder, path, &base);
	bool good;

	if (parent < 0 || fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return fail_errno(error, "cannot read '%s/%s'", folder->name, path);
	}
	if (S_ISLNK(st.st_mode)) {
		good = read_link_at(parent, base, max, bytes, len, error);
	} else {
		good = file_read_at(parent, base, max, bytes, len, error);
	}
	/* What is said of a content goes into a diagnostic, which has a place of its own. */
	if (good || (error != NULL && g_error_matches(*error, BASE_ERROR, BASE_ERROR_LIMIT))) {
		return good;
	}
	return fail_prefix(error, "'%s'", folder->name);
}

static bool walk_folder(const struct walk *walk, int parent, const char *name, const char *path,
			unsigned depth, GError **error);

static bool walk_name(const struct walk *walk, int dirfd, const char *name, const char *folder,
		      unsigned depth, GError **error)
{
	g_autofree char *path =
		folder[0] != '\0' ? g_strconcat(folder, "/", name, NULL) : g_strdup(name);
	struct reader_entry entry = {0};
	struct stat st = {0};

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return fail_errno(error, "cannot look at '%s'", path);
	}
	if (S_ISDIR(st.st_mode)) {
		return walk_folder(walk, dirfd, name, path, depth + 1, error);
	}
	fill(&entry, path, &st);
	if (entry.type == READER_OTHER) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "'%s' is neither file, folder nor link", path);
	}
	return walk->fn(walk->data, &entry, error);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *names_of(DIR *dir)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
		    !is_git(d->d_name)) {
			g_ptr_array_add(names, g_strdup(d->d_name));
		}
	}
	g_ptr_array_sort(names, by_name);
	return names;
}

static bool walk_folder(const struct walk *walk, int parent, const char *name, const char *path,
			unsigned depth, GError **error)
{
	autofd fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	g_autoptr(GPtrArray) names = NULL;
	autofd own = -1;
	DIR *dir;

	if (depth > MAX_DEPTH) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "folder '%s' is nested too deeply",
			    path);
	}
	own = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	dir = own >= 0 ? fdopendir(own) : NULL;
	if (dir == NULL) {
		return fail_errno(error, "cannot read the folder '%s'", path);
	}
	fd_steal(&own);
	names = names_of(dir);
	closedir(dir);
	for (guint i = 0; i < names->len; i++) {
		if (!walk_name(walk, fd, names->pdata[i], path, depth, error)) {
			return false;
		}
	}
	return true;
}

static bool folder_walk(struct reader *reader, const char *path, reader_fn *fn, void *data,
			GError **error)
{
	struct walk walk = {.folder = folder_of(reader), .fn = fn, .data = data};
	const char *base;
	autofd parent = open_parent(walk.folder, path, &base);

	if (parent < 0) {
		return fail_errno(error, "cannot read the folder '%s/%s'", walk.folder->name, path);
	}
	return walk_folder(&walk, parent, base, path, 0, error) ||
	       fail_prefix(error, "'%s'", walk.folder->name);
}

static void folder_free(struct reader *reader)
{
	struct folder_reader *folder = folder_of(reader);

	close(folder->fd);
	g_free(folder->name);
	g_free(folder);
}

static const struct reader_ops folder_ops = {
	.stat = folder_stat,
	.read = folder_read,
	.walk = folder_walk,
	.free = folder_free,
};

struct reader *reader_open_folder(const char *path, GError **error)
{
	struct folder_reader *folder;
	autofd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		fail_errno(error, "cannot open the folder '%s'", path);
		return NULL;
	}
	folder = g_new0(struct folder_reader, 1);
	folder->reader.ops = &folder_ops;
	folder->fd = fd_steal(&fd);
	folder->name = g_strdup(path);
	return &folder->reader;
}
