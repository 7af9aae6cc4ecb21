/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking at targets. */
#include "worker/target/observe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

#define READ_TRIES 4
#define CHUNK ((size_t)1 << 18)
#define MAX_NAMES 1000000

struct observer {
	struct observe_cache *cache;
	struct beneath *beneath;
	struct host *host;
	GStringChunk *strings;
	GHashTable *users, *groups; /* id to name or NULL */
	GHashTable *secrets;	    /* path to the id of a key of keys */
	const struct seal_keys *keys;
	char *chunk;
};

struct observer *observer_new(struct observe_cache *cache, unsigned flags)
{
	struct observer *o = g_new0(struct observer, 1);

	o->cache = cache;
	o->beneath = beneath_new(flags);
	o->host = host_new();
	o->strings = g_string_chunk_new(4096);
	o->users = g_hash_table_new(g_direct_hash, g_direct_equal);
	o->groups = g_hash_table_new(g_direct_hash, g_direct_equal);
	o->secrets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	o->chunk = g_malloc(CHUNK);
	return o;
}

void observer_free(struct observer *o)
{
	if (o == NULL) {
		return;
	}
	beneath_free(o->beneath);
	host_free(o->host);
	g_string_chunk_free(o->strings);
	g_hash_table_unref(o->users);
	g_hash_table_unref(o->groups);
	if (g_hash_table_size(o->secrets) > 0) {
		sodium_memzero(o->chunk, CHUNK);
	}
	g_hash_table_unref(o->secrets);
	g_free(o->chunk);
	g_free(o);
}

struct host *observer_host(struct observer *o)
{
	return o->host;
}

const char *observer_user(struct observer *o, uid_t uid)
{
	gpointer known;
	struct passwd *pw;

	if (!g_hash_table_lookup_extended(o->users, GUINT_TO_POINTER(uid), NULL, &known)) {
		pw = getpwuid(uid);
		known = pw != NULL ? g_string_chunk_insert_const(o->strings, pw->pw_name) : NULL;
		g_hash_table_insert(o->users, GUINT_TO_POINTER(uid), known);
	}
	return known;
}

const char *observer_group(struct observer *o, gid_t gid)
{
	gpointer known;
	struct group *gr;

	if (!g_hash_table_lookup_extended(o->groups, GUINT_TO_POINTER(gid), NULL, &known)) {
		gr = getgrgid(gid);
		known = gr != NULL ? g_string_chunk_insert_const(o->strings, gr->gr_name) : NULL;
		g_hash_table_insert(o->groups, GUINT_TO_POINTER(gid), known);
	}
	return known;
}

bool observe_watches_xattr(const char *name)
{
	return g_str_has_prefix(name, "user.") || strcmp(name, "security.capability") == 0;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names that we watch, sorted; they point into list. */
static GPtrArray *watched_names(char *list, size_t len)
{
	GPtrArray *names = g_ptr_array_new();

	for (char *p = list; p < list + len; p += strlen(p) + 1) {
		if (observe_watches_xattr(p)) {
			g_ptr_array_add(names, p);
		}
	}
	g_ptr_array_sort(names, compare_names);
	return names;
}

static bool hash_xattr(const char *file, const char *name, struct hash_state *state, GError **error)
{
	char value[XATTR_SIZE_MAX];
	char digits[32];
	ssize_t len = getxattr(file, name, value, sizeof(value));

	if (len < 0) {
		return fail_errno(error, "cannot read extended attribute '%s'", name);
	}
	g_snprintf(digits, sizeof(digits), "%zd", len);
	hash_update(state, name, strlen(name) + 1);
	hash_update(state, digits, strlen(digits) + 1);
	hash_update(state, value, (size_t)len);
	return true;
}

bool observe_xattrs(int fd, struct hash *out, bool *any, GError **error)
{
	char list[XATTR_LIST_MAX];
	char file[64];
	g_autoptr(GPtrArray) names = NULL;
	struct hash_state state;
	ssize_t len;

	/* By this name, since a descriptor of O_PATH has no fgetxattr(). */
	g_snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	len = listxattr(file, list, sizeof(list));
	if (len < 0 && errno != ENOTSUP) {
		return fail_errno(error, "cannot list extended attributes");
	}
	names = watched_names(list, len > 0 ? (size_t)len : 0);
	*any = names->len > 0;
	hash_init(&state);
	for (unsigned i = 0; i < names->len; i++) {
		if (!hash_xattr(file, names->pdata[i], &state, error)) {
			return false;
		}
	}
	hash_final(&state, out);
	return true;
}

bool observer_secret(struct observer *o, const char *path, const struct seal_keys *keys,
		     const char *key_id, GError **error)
{
	struct seal_digest probe;

	if (!seal_digest_begin(&probe, keys, key_id)) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
			    "'%s' is a secret, and its sealing key %s is not at hand", path,
			    key_id);
	}
	sodium_memzero(&probe, sizeof(probe));
	o->keys = keys;
	g_hash_table_replace(o->secrets, g_strdup(path),
			     (gpointer)g_string_chunk_insert_const(o->strings, key_id));
	if (o->cache != NULL) {
		observe_cache_forget(o->cache, path);
	}
	return true;
}

/* key_id: NULL of what is no secret. */
static bool hash_content(struct observer *o, int fd, const char *key_id, struct hash *out,
			 int64_t *size, GError **error)
{
	struct seal_digest keyed;
	struct hash_state state;
	ssize_t got;

	*size = 0;
	hash_init(&state);
	if (key_id != NULL && !seal_digest_begin(&keyed, o->keys, key_id)) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no key '%s'", key_id);
	}
	while ((got = read(fd, o->chunk, CHUNK)) != 0) {
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return fail_errno(error, "cannot read");
		}
		if (key_id != NULL) {
			seal_digest_update(&keyed, o->chunk, (size_t)got);
		} else {
			hash_update(&state, o->chunk, (size_t)got);
		}
		*size += got;
	}
	if (key_id != NULL) {
		seal_digest_end(&keyed, out);
	} else {
		hash_final(&state, out);
	}
	return true;
}

bool observed_is_same(const struct observed *old, const struct stat *now)
{
	const struct stat *st = &old->st;

	return st->st_dev == now->st_dev && st->st_ino == now->st_ino &&
	       st->st_mode == now->st_mode && st->st_uid == now->st_uid &&
	       st->st_gid == now->st_gid && st->st_size == now->st_size &&
	       st->st_mtim.tv_sec == now->st_mtim.tv_sec &&
	       st->st_mtim.tv_nsec == now->st_mtim.tv_nsec &&
	       st->st_ctim.tv_sec == now->st_ctim.tv_sec &&
	       st->st_ctim.tv_nsec == now->st_ctim.tv_nsec;
}

/* One reading; *stable says whether it was the same thing before and after. */
static bool read_once(struct observer *o, int dirfd, const char *name, const char *key_id,
		      struct observed *out, struct observe_digests *digests, bool *stable,
		      GError **error)
{
	struct observed before = {0};
	struct stat after;
	int64_t size;
	autofd fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*stable = false;
	if (fd < 0 && (errno == ELOOP || errno == ENOENT || errno == ENXIO)) {
		return true; /* another thing by now */
	}
	if (fd < 0 || fstat(fd, &before.st) != 0) {
		return fail_errno(error, "cannot open");
	}
	if (!S_ISREG(before.st.st_mode)) {
		return true;
	}
	if (!hash_content(o, fd, key_id, &digests->content, &size, error) ||
	    !observe_xattrs(fd, &digests->xattrs, &digests->has_xattrs, error)) {
		return false;
	}
	if (fstat(fd, &after) != 0) {
		return fail_errno(error, "cannot look at it");
	}
	*stable = observed_is_same(&before, &after) && size == after.st_size;
	out->st = after;
	return true;
}

static bool observe_file(struct observer *o, int dirfd, const char *name, const char *path,
			 struct observed *out, bool *again, GError **error)
{
	const char *key_id = g_hash_table_lookup(o->secrets, path);
	struct observe_cache *cache = key_id == NULL ? o->cache : NULL;
	struct observe_digests digests;
	bool stable = true;

	*again = false;
	if (cache == NULL || !observe_cache_find(cache, path, &out->st, &digests)) {
		if (!read_once(o, dirfd, name, key_id, out, &digests, &stable, error)) {
			return false;
		}
		if (!stable) {
			*again = true;
			return true;
		}
		if (cache != NULL) {
			observe_cache_put(cache, path, &out->st, &digests);
		}
	}
	out->state.type = STATE_FILE;
	out->state.digest = digests.content;
	out->state.keyed = key_id;
	out->state.size = key_id != NULL ? 0 : out->st.st_size;
	if (digests.has_xattrs) {
		char text[HASH_TEXT_SIZE];

		hash_text(text, &digests.xattrs);
		out->state.xattrs = g_string_chunk_insert_const(o->strings, text);
	}
	return true;
}

static bool observe_directory(struct observer *o, int dirfd, const char *name, struct observed *out,
			      bool *again, GError **error)
{
	autofd fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char text[HASH_TEXT_SIZE];
	struct hash digest;
	bool any;

	*again = fd < 0 && (errno == ENOTDIR || errno == ENOENT || errno == ELOOP);
	if (*again) {
		return true;
	}
	if (fd < 0 || fstat(fd, &out->st) != 0) {
		return fail_errno(error, "cannot open");
	}
	if (!observe_xattrs(fd, &digest, &any, error)) {
		return false;
	}
	out->state.type = STATE_DIRECTORY;
	if (any) {
		hash_text(text, &digest);
		out->state.xattrs = g_string_chunk_insert_const(o->strings, text);
	}
	return true;
}

static bool observe_link(struct observer *o, int dirfd, const char *name, struct observed *out,
			 bool *again, GError **error)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(dirfd, name, text, sizeof(text));

	*again = len < 0 && (errno == EINVAL || errno == ENOENT);
	if (*again) {
		return true;
	}
	if (len < 0 || len == (ssize_t)sizeof(text)) {
		errno = len < 0 ? errno : ENAMETOOLONG;
		return fail_errno(error, "cannot read the link");
	}
	text[len] = '\0';
	out->state.type = STATE_LINK;
	out->state.link = g_string_chunk_insert(o->strings, text);
	return true;
}

static void set_owner(struct observer *o, struct observed *out)
{
	out->state.uid = out->st.st_uid;
	out->state.gid = out->st.st_gid;
	out->state.owner = observer_user(o, out->st.st_uid);
	out->state.group = observer_group(o, out->st.st_gid);
	if (!S_ISLNK(out->st.st_mode)) {
		out->state.mode = out->st.st_mode & 07777;
	}
}

static const struct observed nothing = {
	.state = {.type = STATE_ABSENT, .size = -1, .mode = -1, .uid = -1, .gid = -1},
};

/* One look; *again: it changed meanwhile. */
static bool look(struct observer *o, int dirfd, const char *name, const char *path,
		 struct observed *out, bool *again, GError **error)
{
	*out = nothing;
	*again = false;
	if (fstatat(dirfd, name, &out->st, AT_SYMLINK_NOFOLLOW) != 0) {
		*out = nothing;
		return errno == ENOENT || fail_errno(error, "cannot look at it");
	}
	switch (out->st.st_mode & S_IFMT) {
	case S_IFREG:
		return observe_file(o, dirfd, name, path, out, again, error);
	case S_IFDIR:
		return observe_directory(o, dirfd, name, out, again, error);
	case S_IFLNK:
		return observe_link(o, dirfd, name, out, again, error);
	default:
		out->state.type = STATE_OTHER;
		return true;
	}
}

bool observe_at(struct observer *o, int dirfd, const char *name, const char *path,
		struct observed *out, GError **error)
{
	struct observed got;
	bool again = true;

	for (unsigned i = 0; again && i < READ_TRIES; i++) {
		if (!look(o, dirfd, name, path, &got, &again, error)) {
			return fail_prefix(error, "'%s'", path);
		}
	}
	if (again) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "'%s' changes again and again while it is read", path);
	}
	if (got.state.type != STATE_ABSENT) {
		set_owner(o, &got);
	}
	*out = got;
	return true;
}

/* An error that only says that nothing is there. */
static bool is_absence(const GError *error, const char *root)
{
	return g_error_matches(error, BENEATH_ERROR, BENEATH_ERROR_ABSENT) ||
	       (root != NULL && g_error_matches(error, BENEATH_ERROR, BENEATH_ERROR_LINK));
}

bool observe_path(struct observer *o, const char *root, const char *path, struct observed *out,
		  GError **error)
{
	g_autoptr(GError) problem = NULL;
	const char *name;
	int dirfd;

	if (!beneath_parent(o->beneath, root, path, &dirfd, &name, &problem)) {
		if (is_absence(problem, root)) {
			*out = nothing;
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return observe_at(o, dirfd, name, path, out, error);
}

bool observe_stat(struct observer *o, const char *root, const char *path, struct stat *out,
		  GError **error)
{
	g_autoptr(GError) problem = NULL;
	const char *name;
	struct stat st = {0};
	int dirfd;

	if (!beneath_parent(o->beneath, root, path, &dirfd, &name, &problem)) {
		if (is_absence(problem, root)) {
			*out = st;
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT) {
			return fail_errno(error, "cannot look at '%s'", path);
		}
		st = (struct stat){0};
	}
	*out = st;
	return true;
}

bool observe_exists(struct observer *o, const char *path, bool *exists, GError **error)
{
	struct stat st;

	if (!observe_stat(o, NULL, path, &st, error)) {
		return false;
	}
	*exists = st.st_mode != 0;
	return true;
}

static bool read_names(DIR *dir, GPtrArray *names, const char *path, GError **error)
{
	struct dirent *entry;

	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
			continue;
		}
		if (names->len >= MAX_NAMES) {
			return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
				    "folder '%s' holds more than %d things", path, MAX_NAMES);
		}
		g_ptr_array_add(names, g_strdup(entry->d_name));
	}
	if (errno != 0) {
		return fail_errno(error, "cannot list folder '%s'", path);
	}
	g_ptr_array_sort(names, compare_names);
	return true;
}

static bool list_folder(int folder, const char *path, GPtrArray **out, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	bool ok;

	if (dir == NULL) {
		fail_errno(error, "cannot list folder '%s'", path);
		autofd_close(&fd);
		return false;
	}
	ok = read_names(dir, names, path, error);
	closedir(dir);
	if (ok) {
		*out = g_steal_pointer(&names);
	}
	return ok;
}

bool observe_names(struct observer *o, const char *root, const char *path, GPtrArray **names,
		   GError **error)
{
	g_autoptr(GError) problem = NULL;
	const char *name;
	int dirfd;
	autofd fd = -1;

	*names = NULL;
	if (!beneath_parent(o->beneath, root, path, &dirfd, &name, &problem)) {
		if (is_absence(problem, root)) {
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ||
		       fail_errno(error, "cannot open folder '%s'", path);
	}
	return list_folder(fd, path, names, error);
}

bool observe_read(struct observer *o, const char *root, const char *path, size_t max, char **bytes,
		  size_t *len, GError **error)
{
	const char *name;
	struct stat st;
	int dirfd;

	if (!beneath_parent(o->beneath, root, path, &dirfd, &name, error)) {
		return false;
	}
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "'%s' is no file any more", path);
	}
	/* The caller compares the digest, so it does not matter what a racing link gives. */
	return file_read_at(dirfd, name, max, bytes, len, error);
}
