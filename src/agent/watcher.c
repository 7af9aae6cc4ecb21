/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders under inotify, and bursts of their events as one word. */
#include "agent/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)64 << 10)
#define READS 16   /* of a full buffer before the loop has its turn again */
#define DRAIN 1024 /* of them at once: who writes faster than we read is heard of again */
#define COMES_AND_GOES (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
#define ITSELF (IN_DELETE_SELF | IN_MOVE_SELF)
#define ALL (COMES_AND_GOES | IN_ATTRIB | IN_MODIFY | IN_CLOSE_WRITE)

/* A folder, and what of it matters. */
struct folder {
	char *path;
	GHashTable *names; /* set; NULL: every name */
	uint32_t mask;
	int wd; /* -1: not watched */
};
struct watcher {
	void (*touched)(void *user);
	void *user;
	int fd; /* -1: there is no inotify to be had */
	guint source, timer;
	GHashTable *folders; /* path to struct folder */
	GHashTable *by_wd;   /* wd to struct folder, borrowed */
	gint64 first, last;  /* event of the burst, monotonic milliseconds */
	char *problem;
};

static void folder_free(void *data)
{
	struct folder *folder = data;

	if (folder->names != NULL) {
		g_hash_table_unref(folder->names);
	}
	g_free(folder->path);
	g_free(folder);
}

static gint64 milliseconds(void)
{
	return g_get_monotonic_time() / 1000;
}

static gboolean on_timer(void *user)
{
	struct watcher *w = user;
	gint64 now = milliseconds();
	gint64 due = MIN(w->last + WATCHER_QUIET, w->first + WATCHER_LONGEST);

	if (now < due) {
		w->timer = g_timeout_add((guint)(due - now), on_timer, w);
	} else {
		w->timer = 0;
		w->touched(w->user);
	}
	return G_SOURCE_REMOVE;
}

static void touch(struct watcher *w)
{
	w->last = milliseconds();
	if (w->timer == 0) {
		w->first = w->last;
		w->timer = g_timeout_add(WATCHER_QUIET, on_timer, w);
	}
}

static void forget_burst(struct watcher *w)
{
	if (w->timer != 0) {
		g_source_remove(w->timer);
		w->timer = 0;
	}
}

/* One that was moved away is watched no longer: it is another place now. */
static void lose(struct watcher *w, struct folder *folder, bool remove)
{
	int wd = folder->wd;

	folder->wd = -1;
	g_hash_table_remove(w->by_wd, GINT_TO_POINTER(wd));
	if (remove) {
		(void)inotify_rm_watch(w->fd, wd);
	}
}

static bool matters(const struct folder *folder, const struct inotify_event *event)
{
	if (folder->names == NULL) {
		return true;
	}
	/* Without a name it is the folder itself: of its mode its own folder tells, if it matters.
	 */
	return event->len > 0 && g_hash_table_contains(folder->names, event->name);
}

static void take(struct watcher *w, const struct inotify_event *event)
{
	struct folder *folder;

	if ((event->mask & IN_Q_OVERFLOW) != 0) {
		touch(w);
		return;
	}
	folder = g_hash_table_lookup(w->by_wd, GINT_TO_POINTER(event->wd));
	if (folder == NULL) {
		return; // given up meanwhile
	}
	if ((event->mask & (IN_IGNORED | IN_UNMOUNT | ITSELF)) != 0) {
		lose(w, folder, (event->mask & IN_MOVE_SELF) != 0);
		touch(w);
	} else if (matters(folder, event)) {
		touch(w);
	}
}

/* False when there was nothing to read. */
static bool read_some(struct watcher *w)
{
	_Alignas(struct inotify_event) char buffer[BUFFER_SIZE];
	ssize_t n = read(w->fd, buffer, sizeof(buffer));
	ssize_t at = 0;

	while (n > 0 && at < n) {
		const struct inotify_event *event = (const void *)(buffer + at);

		take(w, event);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	return n > 0 || (n < 0 && errno == EINTR);
}

static gboolean on_readable(int fd, GIOCondition condition, void *user)
{
	struct watcher *w = user;
	unsigned i;

	(void)fd;
	(void)condition;
	for (i = 0; i < READS && read_some(w); i++) {
	}
	return G_SOURCE_CONTINUE;
}

struct watcher *watcher_new(void (*touched)(void *user), void *user)
{
	struct watcher *w = g_new0(struct watcher, 1);

	w->touched = touched;
	w->user = user;
	w->folders = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, folder_free);
	w->by_wd = g_hash_table_new(NULL, NULL);
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0) {
		w->problem = g_strdup_printf("no inotify: %s", g_strerror(errno));
	} else {
		w->source = g_unix_fd_add(w->fd, G_IO_IN, on_readable, w);
	}
	return w;
}

void watcher_free(struct watcher *w)
{
	if (w == NULL) {
		return;
	}
	forget_burst(w);
	if (w->source != 0) {
		g_source_remove(w->source);
	}
	if (w->fd >= 0) {
		close(w->fd);
	}
	g_hash_table_unref(w->by_wd);
	g_hash_table_unref(w->folders);
	g_free(w->problem);
	g_free(w);
}

static struct folder *folder_at(GHashTable *folders, const char *path)
{
	struct folder *folder = g_hash_table_lookup(folders, path);

	if (folder == NULL) {
		folder = g_new0(struct folder, 1);
		folder->path = g_strdup(path);
		folder->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		folder->mask = ITSELF | IN_ONLYDIR;
		folder->wd = -1;
		g_hash_table_insert(folders, folder->path, folder);
	}
	return folder;
}

static void widen(struct folder *folder)
{
	g_clear_pointer(&folder->names, g_hash_table_unref);
}

/* A name in its folder, and the names of the folders above in theirs. */
static void add_path(GHashTable *folders, const char *path)
{
	g_autofree char *at = g_strdup(path);
	uint32_t mask = ALL;

	while (strcmp(at, "/") != 0) {
		g_autofree char *name = g_path_get_basename(at);
		char *above = g_path_get_dirname(at);
		struct folder *folder = folder_at(folders, above);
		bool known = (folder->mask & mask) == mask &&
			     (folder->names == NULL || g_hash_table_contains(folder->names, name));

		g_free(at);
		at = above;
		folder->mask |= mask;
		if (folder->names != NULL) {
			g_hash_table_add(folder->names, g_steal_pointer(&name));
			if (g_hash_table_size(folder->names) > WATCHER_NAMES) {
				widen(folder);
			}
		}
		if (known && mask == COMES_AND_GOES) {
			return; // and so is the rest of the way
		}
		mask = COMES_AND_GOES;
	}
}

static GHashTable *folders_of(const struct watcher_place *places, size_t count)
{
	GHashTable *folders = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, folder_free);

	for (size_t i = 0; i < count; i++) {
		add_path(folders, places[i].path);
		if (places[i].whole) {
			struct folder *folder = folder_at(folders, places[i].path);

			folder->mask |= ALL;
			widen(folder);
		}
	}
	return folders;
}

/* Two paths that lead to one folder share its watch: then every name there matters. */
static void keep_watch(struct watcher *w, struct folder *folder, int wd)
{
	struct folder *other = g_hash_table_lookup(w->by_wd, GINT_TO_POINTER(wd));

	folder->wd = wd;
	if (other != NULL && other != folder) {
		widen(other);
		other->mask |= folder->mask;
		(void)inotify_add_watch(w->fd, other->path, other->mask);
		folder->wd = -1;
		return;
	}
	g_hash_table_insert(w->by_wd, GINT_TO_POINTER(wd), folder);
}

/* True when it is watched. What is missing is seen by the folder above when it comes. */
static bool watch(struct watcher *w, struct folder *folder)
{
	int wd = w->fd >= 0 ? inotify_add_watch(w->fd, folder->path, folder->mask) : -1;

	if (wd >= 0) {
		keep_watch(w, folder, wd);
		return true;
	}
	if (w->fd >= 0 && errno != ENOENT && errno != ENOTDIR && w->problem == NULL) {
		w->problem =
			g_strdup_printf("'%s' is not watched: %s", folder->path,
					errno == ENOSPC ? "more than fs.inotify.max_user_watches"
							: g_strerror(errno));
	}
	return false;
}

/* Was all that matters of it watched before? */
static bool covers(const struct folder *before, const struct folder *folder)
{
	GHashTableIter iter;
	gpointer name;

	if (before == NULL || before->wd < 0 || (before->mask & folder->mask) != folder->mask) {
		return false;
	}
	if (before->names == NULL || folder->names == NULL) {
		return before->names == NULL;
	}
	g_hash_table_iter_init(&iter, folder->names);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		if (!g_hash_table_contains(before->names, name)) {
			return false;
		}
	}
	return true;
}

/* Folders that are watched already keep their watch, so that nothing is missed. */
static bool take_over(struct watcher *w, GHashTable *folders)
{
	struct folder *folder;
	GHashTableIter iter;
	bool fresh = false;

	g_hash_table_remove_all(w->by_wd);
	g_hash_table_iter_init(&iter, folders);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&folder)) {
		const struct folder *before = g_hash_table_lookup(w->folders, folder->path);

		if (watch(w, folder) && folder->wd >= 0) {
			fresh |= !covers(before, folder) || folder->wd != before->wd;
		}
	}
	return fresh;
}

/* Those whose watch nobody has any more. */
static void release(struct watcher *w, GHashTable *before)
{
	struct folder *folder;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, before);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&folder)) {
		if (folder->wd >= 0 &&
		    !g_hash_table_contains(w->by_wd, GINT_TO_POINTER(folder->wd))) {
			(void)inotify_rm_watch(w->fd, folder->wd);
		}
	}
}

bool watcher_set(struct watcher *w, const struct watcher_place *places, size_t count)
{
	GHashTable *before = w->folders;
	GHashTable *folders = folders_of(places, count);
	bool fresh;

	if (w->fd >= 0) {
		g_clear_pointer(&w->problem, g_free);
	}
	fresh = take_over(w, folders);
	w->folders = folders;
	release(w, before);
	g_hash_table_unref(before);
	return fresh;
}

void watcher_drain(struct watcher *w)
{
	unsigned i;

	for (i = 0; w->fd >= 0 && i < DRAIN && read_some(w); i++) {
	}
	forget_burst(w);
}

const char *watcher_problem(const struct watcher *w)
{
	return w->problem;
}

size_t watcher_folders(const struct watcher *w)
{
	return g_hash_table_size(w->by_wd);
}

void watcher_overflow(struct watcher *w)
{
	const struct inotify_event event = {.wd = -1, .mask = IN_Q_OVERFLOW};

	take(w, &event);
}
