/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening the folders that hold targets. */
#include "worker/target/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/autoptr.h"
#include "base/error.h"

#define MAX_LINKS 32
#define FOLDER (O_PATH | O_DIRECTORY | O_CLOEXEC)

G_DEFINE_QUARK(beneath - error - quark, beneath_error)

struct beneath {
	unsigned flags;
	bool no_openat2;
	int fd;	     /* the last folder */
	char *key;   /* its root and path, for BENEATH_KEEP */
	int root_fd; /* likewise the last root */
	char *root;
};

struct beneath *beneath_new(unsigned flags)
{
	struct beneath *b = g_new0(struct beneath, 1);

	b->flags = flags;
	b->no_openat2 = (flags & BENEATH_BY_COMPONENT) != 0;
	b->fd = -1;
	b->root_fd = -1;
	return b;
}

void beneath_free(struct beneath *b)
{
	if (b == NULL) {
		return;
	}
	autofd_close(&b->fd);
	g_free(b->key);
	autofd_close(&b->root_fd);
	g_free(b->root);
	g_free(b);
}

bool beneath_is_within(const char *path, const char *root)
{
	size_t len = strlen(root);

	return strncmp(path, root, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/' || root[len - 1] == '/');
}

static bool fail_at(const char *path, int saved, GError **error)
{
	switch (saved) {
	case ENOENT:
	case ENOTDIR:
		return fail(error, BENEATH_ERROR, BENEATH_ERROR_ABSENT, "folder '%s' is not there",
			    path);
	case ELOOP:
	case EXDEV:
		return fail(error, BENEATH_ERROR, BENEATH_ERROR_LINK,
			    "on the way to '%s' is a link that must not be followed", path);
	default:
		return fail(error, BENEATH_ERROR, BENEATH_ERROR_FAILED,
			    "cannot open folder '%s': %s", path, g_strerror(saved));
	}
}

/* -1 with errno; ENOSYS when openat2 is not to be had. */
static int open_by_kernel(struct beneath *b, int at, const char *path, uint64_t resolve)
{
	struct open_how how = {.flags = FOLDER, .resolve = resolve};
	long fd;

	if (b->no_openat2) {
		errno = ENOSYS;
		return -1;
	}
	do {
		fd = syscall(SYS_openat2, at, path, &how, sizeof(how));
	} while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	/* A system call filter says EPERM for what it does not know. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == E2BIG)) {
		b->no_openat2 = true;
		errno = ENOSYS;
	}
	return (int)fd;
}

/* One component, never through a link: -1 with ELOOP when it is one. */
static int open_component(int at, const char *name)
{
	struct stat st;
	int fd = openat(at, name, FOLDER | O_NOFOLLOW);

	if (fd < 0 && errno == ENOTDIR && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
	}
	return fd;
}

/* rel: "a/b", from a clean path. */
static int open_components(int at, const char *rel)
{
	g_auto(GStrv) names = g_strsplit(rel, "/", -1);
	autofd fd = openat(at, ".", FOLDER);

	for (unsigned i = 0; fd >= 0 && names[i] != NULL; i++) {
		int next = open_component(fd, names[i]);
		int saved = errno;

		close(fd);
		fd = next;
		errno = saved;
	}
	return fd_steal(&fd);
}

static int open_inside(struct beneath *b, int at, const char *rel)
{
	int fd;

	if (*rel == '\0') {
		return openat(at, ".", FOLDER);
	}
	fd = open_by_kernel(b, at, rel,
			    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (fd < 0 && errno == ENOSYS) {
		fd = open_components(at, rel);
	}
	return fd;
}

static bool is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static bool may_follow(const struct stat *folder, const struct stat *link)
{
	bool others_rename =
		(folder->st_mode & (S_IWGRP | S_IWOTH)) != 0 && (folder->st_mode & S_ISVTX) == 0;

	return is_ours(link) && is_ours(folder) && !others_rename;
}

/* The state of a walk through links we may follow. */
struct chase {
	int fd;
	char *rest; /* still to go */
	unsigned links;
	bool no_links;
};

/* rest becomes the link's text and what follows it. */
static bool chase_link(struct chase *c, int link, const struct stat *st, const char *after)
{
	char text[PATH_MAX];
	struct stat folder;
	ssize_t len;
	char *rest;

	if (fstat(c->fd, &folder) != 0) {
		return false;
	}
	if (c->no_links || !may_follow(&folder, st) || ++c->links > MAX_LINKS) {
		errno = ELOOP;
		return false;
	}
	len = readlinkat(link, "", text, sizeof(text));
	if (len <= 0 || len == (ssize_t)sizeof(text)) {
		errno = len < 0 ? errno : ENAMETOOLONG;
		return false;
	}
	text[len] = '\0';
	rest = g_strconcat(text, "/", after, NULL);
	g_free(c->rest);
	c->rest = rest;
	if (text[0] == '/') {
		close(c->fd);
		c->fd = open("/", FOLDER);
	}
	return c->fd >= 0;
}

/* One component further; false with errno. */
static bool chase_step(struct chase *c)
{
	char *start = c->rest + strspn(c->rest, "/");
	size_t len = strcspn(start, "/");
	g_autofree char *name = g_strndup(start, len);
	g_autofree char *after = g_strdup(start + len);
	struct stat st;
	autofd next = -1;

	if (len == 0) {
		c->rest[0] = '\0';
		return true;
	}
	next = openat(c->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 || fstat(next, &st) != 0) {
		return false;
	}
	if (S_ISLNK(st.st_mode)) {
		return chase_link(c, next, &st, after);
	}
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return false;
	}
	close(c->fd);
	c->fd = fd_steal(&next);
	g_free(c->rest);
	c->rest = g_steal_pointer(&after);
	return true;
}

/* An absolute path, by the rule for links above a root. */
static int open_chased(struct beneath *b, const char *path)
{
	int fd = open_by_kernel(b, AT_FDCWD, path, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	struct chase c = {.fd = -1, .no_links = (b->flags & BENEATH_NO_LINKS) != 0};
	int saved;

	if (fd >= 0 || (errno != ELOOP && errno != ENOSYS)) {
		return fd;
	}
	c.fd = open("/", FOLDER);
	c.rest = g_strdup(path);
	while (c.fd >= 0 && c.rest[0] != '\0') {
		if (!chase_step(&c)) {
			saved = errno;
			autofd_close(&c.fd);
			c.fd = -1;
			errno = saved;
		}
	}
	saved = errno;
	g_free(c.rest);
	errno = saved;
	return c.fd;
}

/* A folder whose last component must be a real folder. */
static int open_root(struct beneath *b, const char *root)
{
	g_autofree char *parent = g_path_get_dirname(root);
	autofd fd = open_chased(b, parent);

	if (fd < 0 || strcmp(root, "/") == 0) {
		return fd_steal(&fd);
	}
	return open_component(fd, strrchr(root, '/') + 1);
}

/* Borrowed until the next call. */
static int last_root(struct beneath *b, const char *root)
{
	int fd;

	if ((b->flags & BENEATH_KEEP) != 0 && b->root_fd >= 0 && strcmp(b->root, root) == 0) {
		return b->root_fd;
	}
	fd = open_root(b, root);
	if (fd >= 0) {
		autofd_close(&b->root_fd);
		b->root_fd = fd;
		g_free(b->root);
		b->root = g_strdup(root);
	}
	return fd;
}

static int open_folder(struct beneath *b, const char *root, const char *path)
{
	const char *rel;
	int fd;

	if (root == NULL || !beneath_is_within(path, root)) {
		return open_chased(b, path);
	}
	fd = last_root(b, root);
	if (fd < 0) {
		return -1;
	}
	rel = path + strlen(root);
	return open_inside(b, fd, rel + strspn(rel, "/"));
}

bool beneath_folder(struct beneath *b, const char *root, const char *path, int *dirfd,
		    GError **error)
{
	g_autofree char *key = g_strconcat(root != NULL ? root : "", "\n", path, NULL);
	int fd;

	if ((b->flags & BENEATH_KEEP) != 0 && b->fd >= 0 && strcmp(b->key, key) == 0) {
		*dirfd = b->fd;
		return true;
	}
	fd = open_folder(b, root, path);
	if (fd < 0) {
		return fail_at(path, errno, error);
	}
	autofd_close(&b->fd);
	b->fd = fd;
	g_free(b->key);
	b->key = g_steal_pointer(&key);
	*dirfd = fd;
	return true;
}

bool beneath_parent(struct beneath *b, const char *root, const char *path, int *dirfd,
		    const char **name, GError **error)
{
	const char *slash = strrchr(path, '/');
	g_autofree char *parent = NULL;

	if (slash == NULL || slash[1] == '\0') {
		return fail(error, BENEATH_ERROR, BENEATH_ERROR_FAILED, "'%s' is no target", path);
	}
	parent = slash == path ? g_strdup("/") : g_strndup(path, (size_t)(slash - path));
	/* The root's own folder lies above it. */
	if (root != NULL && strcmp(path, root) == 0) {
		root = NULL;
	}
	if (!beneath_folder(b, root, parent, dirfd, error)) {
		return false;
	}
	*name = slash + 1;
	return true;
}
