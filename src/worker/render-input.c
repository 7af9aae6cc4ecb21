/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder of the commit as files, for a renderer. */
#include "worker/render-input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#define MAX_LINK 4095

struct entry {
	char *path; /* from the repository's root */
	bool link, executable;
};
struct laying {
	const struct render_ask *ask;
	int dirfd;
	uid_t uid;
	size_t skip; /* of a path: root and its '/' */
	uint64_t total;
	GPtrArray *entries;
	GHashTable *folders; /* made already */
	struct hash_state hash;
};

static void entry_free(gpointer data)
{
	struct entry *entry = data;

	g_free(entry->path);
	g_free(entry);
}

static bool refuse(GError **error, int code, const char *path, const char *why)
{
	g_autofree char *shown = text_escape(path, -1, 0);

	return fail(error, RENDER_ERROR, code, "'%s' %s", shown, why);
}

static bool collect(void *data, const struct reader_entry *from, GError **error)
{
	struct laying *l = data;
	struct entry *entry;

	if (from->type != READER_FILE && from->type != READER_LINK) {
		return refuse(error, RENDER_ERROR_INPUT, from->path,
			      "is neither a file nor a link");
	}
	if (l->entries->len >= RENDER_MAX_ENTRIES) {
		return fail(error, RENDER_ERROR, RENDER_ERROR_LIMIT,
			    "'%s' holds more than %d files and links", l->ask->root,
			    RENDER_MAX_ENTRIES);
	}
	if (from->size > RENDER_MAX_INPUT - l->total) {
		return fail(error, RENDER_ERROR, RENDER_ERROR_LIMIT,
			    "'%s' holds more than %zu bytes", l->ask->root, RENDER_MAX_INPUT);
	}
	l->total += from->size;
	entry = g_new0(struct entry, 1);
	entry->path = g_strdup(from->path);
	entry->link = from->type == READER_LINK;
	entry->executable = from->executable;
	g_ptr_array_add(l->entries, entry);
	return true;
}

/* All files before all links: nothing is ever written through one. */
static gint by_kind_and_path(gconstpointer a, gconstpointer b)
{
	const struct entry *ea = *(const struct entry *const *)a;
	const struct entry *eb = *(const struct entry *const *)b;

	return ea->link != eb->link ? (int)ea->link - (int)eb->link : strcmp(ea->path, eb->path);
}

static bool own(const struct laying *l, const char *path, GError **error)
{
	if (l->uid == geteuid() ||
	    fchownat(l->dirfd, path, l->uid, (gid_t)l->uid, AT_SYMLINK_NOFOLLOW) == 0) {
		return true;
	}
	return fail_errno(error, "cannot give away '%s'", path);
}

static bool make_folders(struct laying *l, const char *path, GError **error)
{
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		g_autofree char *folder = g_strndup(path, slash - path);

		if (g_hash_table_contains(l->folders, folder)) {
			continue;
		}
		if (mkdirat(l->dirfd, folder, 0755) != 0 ||
		    fchmodat(l->dirfd, folder, 0755, 0) != 0) {
			return fail_errno(error, "cannot make '%s'", folder);
		}
		if (!own(l, folder, error)) {
			return false;
		}
		g_hash_table_add(l->folders, g_steal_pointer(&folder));
	}
	return true;
}

static void note(struct laying *l, const char *kind, const char *path, const void *data, size_t len)
{
	char head[64];

	g_snprintf(head, sizeof(head), "%s %zu %zu\n", kind, strlen(path), len);
	hash_update(&l->hash, head, strlen(head));
	hash_update(&l->hash, path, strlen(path));
	hash_update(&l->hash, data, len);
}

static bool write_file(struct laying *l, const struct entry *entry, const char *name,
		       GError **error)
{
	mode_t mode = entry->executable ? 0755 : 0644;
	g_autofree char *bytes = NULL;
	autofd fd = -1;
	size_t len;

	if (!reader_read(l->ask->reader, entry->path, RENDER_MAX_INPUT, &bytes, &len, error)) {
		return false;
	}
	fd = openat(l->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0 || fchmod(fd, mode) != 0) {
		return fail_errno(error, "cannot make '%s'", name);
	}
	note(l, entry->executable ? "program" : "file", name, bytes, len);
	return file_write_all(fd, bytes, len, error) && own(l, name, error);
}

/* Does a link at path, from the folder that is shown, stay in it? By its text: that is no
 * protection, there is nothing outside to be found, but it tells what cannot work. */
static bool stays_inside(const char *path, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, "/", -1);
	int depth = 0;

	for (const char *c = path; *c != '\0'; c++) {
		depth += *c == '/';
	}
	for (char **part = parts; *part != NULL && depth >= 0; part++) {
		if (strcmp(*part, "..") == 0) {
			depth--;
		} else if (**part != '\0' && strcmp(*part, ".") != 0) {
			depth++;
		}
	}
	return *text != '/' && *text != '\0' && depth >= 0;
}

static bool is_within(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return len == 0 || (strncmp(path, folder, len) == 0 && path[len] == '/');
}

static bool write_link(struct laying *l, const struct entry *entry, const char *name,
		       GError **error)
{
	g_autofree char *text = NULL;
	size_t len;

	if (!reader_read(l->ask->reader, entry->path, MAX_LINK, &text, &len, error)) {
		return false;
	}
	if (strlen(text) != len || !stays_inside(name, text)) {
		return !is_within(entry->path, l->ask->folder) ||
		       refuse(error, RENDER_ERROR_INPUT, entry->path,
			      "is a link that leads out of what the renderer is given");
	}
	if (symlinkat(text, l->dirfd, name) != 0) {
		return fail_errno(error, "cannot make '%s'", name);
	}
	note(l, "link", name, text, len);
	return own(l, name, error);
}

static bool write_entries(struct laying *l, GError **error)
{
	g_ptr_array_sort(l->entries, by_kind_and_path);
	for (guint i = 0; i < l->entries->len; i++) {
		const struct entry *entry = l->entries->pdata[i];
		const char *name = entry->path + l->skip;

		if (l->ask->stopped != NULL && l->ask->stopped(l->ask->user)) {
			return fail(error, RENDER_ERROR, RENDER_ERROR_STOPPED, "stopped");
		}
		if (!make_folders(l, name, error) ||
		    !(entry->link ? write_link(l, entry, name, error)
				  : write_file(l, entry, name, error))) {
			return false;
		}
	}
	return true;
}

bool render_input_write(const struct render_ask *ask, const char *dir, uid_t uid,
			struct hash *digest, GError **error)
{
	autofd dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
	g_autoptr(GHashTable) folders =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct laying l = {.ask = ask,
			   .dirfd = dirfd,
			   .uid = uid,
			   .skip = *ask->root != '\0' ? strlen(ask->root) + 1 : 0,
			   .entries = entries,
			   .folders = folders};

	hash_init(&l.hash);
	if (dirfd < 0) {
		return fail_errno(error, "cannot open '%s'", dir);
	}
	if (!reader_walk(ask->reader, ask->root, collect, &l, error) || !write_entries(&l, error)) {
		return false;
	}
	if (fchmod(dirfd, 0755) != 0 || (uid != geteuid() && fchown(dirfd, uid, uid) != 0)) {
		return fail_errno(error, "cannot give away '%s'", dir);
	}
	hash_final(&l.hash, digest);
	return true;
}
