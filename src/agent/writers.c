/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events of fanotify with the processes that caused them. */
#include "agent/writers.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/autoptr.h"

#define BUFFER_SIZE ((size_t)64 << 10)
#define READS 16
#define DRAIN 1024
#define HANDLE_MAX 128
#define PROC_TEXT 4096
#define NOBODY G_GUINT64_CONSTANT(4294967295) /* of loginuid: no login */
#define WATCHED                                                                                    \
	(FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_ATTRIB | FAN_MODIFY |       \
	 FAN_CLOSE_WRITE | FAN_EVENT_ON_CHILD | FAN_ONDIR)

struct writer {
	char *path;
	struct drift_who who;
	GList *link; /* in order */
};
struct writers {
	int fd;
	guint source;
	GHashTable *folders;   /* path, set */
	GHashTable *by_handle; /* handle as text to path */
	GHashTable *known;     /* path to struct writer */
	GQueue order;	       /* struct writer, the oldest first */
	struct drift_who last; /* of the event before: mostly the same process */
	gint64 looked;	       /* when it was looked up, monotonic */
};

static void writer_free(void *data)
{
	struct writer *writer = data;

	drift_who_clear(&writer->who);
	g_free(writer->path);
	g_free(writer);
}

static char *proc_text(int64_t pid, const char *name)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, name);
	char text[PROC_TEXT];
	autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	return n > 0 ? g_strndup(text, (gsize)n) : NULL;
}

static char *valid_line(const char *text)
{
	g_autofree char *line = g_strndup(text, strcspn(text, "\n"));

	for (char *c = line; *c != '\0'; c++) {
		*c = g_ascii_iscntrl(*c) ? ' ' : *c;
	}
	return g_utf8_make_valid(line, -1);
}

static char *exe_of(int64_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/exe", (int)pid);
	char target[PROC_TEXT];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n <= 0) {
		return NULL;
	}
	target[n] = '\0';
	return valid_line(target);
}

static char *user_name(int64_t uid)
{
	const struct passwd *pw = getpwuid((uid_t)uid);

	return pw != NULL ? valid_line(pw->pw_name) : NULL;
}

/* Who logged in, also behind sudo; else whose process it is. */
static void look_at_users(struct drift_who *who)
{
	g_autofree char *status = proc_text(who->pid, "status");
	g_autofree char *login = proc_text(who->pid, "loginuid");
	const char *line = status != NULL ? strstr(status, "\nUid:\t") : NULL;
	guint64 first = login != NULL ? g_ascii_strtoull(login, NULL, 10) : NOBODY;

	if (line != NULL) {
		who->uid = (int64_t)g_ascii_strtoull(line + strlen("\nUid:\t"), NULL, 10);
	}
	if (first != NOBODY && login != NULL) {
		who->user = user_name((int64_t)first);
	} else if (who->uid >= 0) {
		who->user = user_name(who->uid);
	}
}

static void look_up(struct writers *w, int64_t pid)
{
	g_autofree char *comm = NULL;

	if (w->last.pid == pid && g_get_monotonic_time() - w->looked < G_USEC_PER_SEC) {
		return;
	}
	drift_who_clear(&w->last);
	w->last.pid = pid;
	w->looked = g_get_monotonic_time();
	comm = proc_text(pid, "comm");
	w->last.process = comm != NULL ? valid_line(comm) : NULL;
	w->last.exe = exe_of(pid);
	look_at_users(&w->last);
}

static void keep(struct writers *w, const char *path, int64_t pid)
{
	struct writer *writer = g_hash_table_lookup(w->known, path);

	look_up(w, pid);
	if (writer == NULL) {
		if (g_queue_get_length(&w->order) >= WRITERS_MAX) {
			const struct writer *oldest = g_queue_pop_head(&w->order);

			g_hash_table_remove(w->known, oldest->path);
		}
		writer = g_new0(struct writer, 1);
		writer->path = g_strdup(path);
		writer->who.uid = -1;
		g_hash_table_insert(w->known, writer->path, writer);
	} else {
		g_queue_delete_link(&w->order, writer->link);
	}
	g_queue_push_tail(&w->order, writer);
	writer->link = g_queue_peek_tail_link(&w->order);
	drift_who_copy(&writer->who, &w->last);
}

static char *handle_text(const void *fsid, const struct file_handle *handle)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const unsigned char *bytes = fsid;

	for (size_t i = 0; i < sizeof(fsid_t); i++) {
		g_string_append_printf(text, "%02x", bytes[i]);
	}
	g_string_append_printf(text, ":%d:", handle->handle_type);
	for (unsigned i = 0; i < handle->handle_bytes; i++) {
		g_string_append_printf(text, "%02x", handle->f_handle[i]);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A folder's handle and a name in it. */
static void take_info(struct writers *w, const struct fanotify_event_info_fid *info, int64_t pid)
{
	const struct file_handle *handle = (const void *)info->handle;
	const char *name = (const char *)handle->f_handle + handle->handle_bytes;
	g_autofree char *key = NULL;
	g_autofree char *path = NULL;
	const char *folder;

	if (info->hdr.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME) {
		return;
	}
	key = handle_text(&info->fsid, handle);
	folder = g_hash_table_lookup(w->by_handle, key);
	if (folder == NULL) {
		return;
	}
	path = strcmp(name, ".") == 0 ? g_strdup(folder) : g_build_filename(folder, name, NULL);
	keep(w, path, pid);
}

/* bytes: all of it, which begins with what event holds. */
static void take(struct writers *w, const struct fanotify_event_metadata *event, const char *bytes)
{
	const char *at = bytes + event->metadata_len;
	const char *end = bytes + event->event_len;

	if (event->fd >= 0) {
		close(event->fd);
	}
	while (at + sizeof(struct fanotify_event_info_fid) <= end && event->pid > 0 &&
	       event->pid != getpid()) {
		const struct fanotify_event_info_fid *info = (const void *)at;

		if (info->hdr.len == 0) {
			return;
		}
		take_info(w, info, event->pid);
		at += info->hdr.len;
	}
}

/* Events follow each other without regard to what their numbers want: the head is copied. */
static bool read_some(struct writers *w)
{
	_Alignas(struct fanotify_event_metadata) char buffer[BUFFER_SIZE];
	ssize_t len = read(w->fd, buffer, sizeof(buffer));
	struct fanotify_event_metadata event;

	for (ssize_t at = 0; len - at >= (ssize_t)sizeof(event); at += event.event_len) {
		memcpy(&event, buffer + at, sizeof(event));
		if (!FAN_EVENT_OK(&event, len - at)) {
			break;
		}
		take(w, &event, buffer + at);
	}
	return len > 0;
}

static gboolean on_readable(int fd, GIOCondition condition, void *user)
{
	struct writers *w = user;

	(void)fd;
	(void)condition;
	for (unsigned i = 0; i < READS && read_some(w); i++) {
	}
	return G_SOURCE_CONTINUE;
}

struct writers *writers_new(void)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME,
			       O_RDONLY | O_CLOEXEC);
	struct writers *w;

	if (fd < 0) {
		return NULL;
	}
	w = g_new0(struct writers, 1);
	w->fd = fd;
	w->last.uid = -1;
	w->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	w->by_handle = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	w->known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, writer_free);
	g_queue_init(&w->order);
	/* Before the watcher's events: who did it is gone soon. */
	w->source = g_unix_fd_add_full(G_PRIORITY_HIGH, fd, G_IO_IN, on_readable, w, NULL);
	return w;
}

void writers_free(struct writers *w)
{
	if (w == NULL) {
		return;
	}
	g_source_remove(w->source);
	close(w->fd);
	g_queue_clear(&w->order);
	g_hash_table_unref(w->known);
	g_hash_table_unref(w->by_handle);
	g_hash_table_unref(w->folders);
	drift_who_clear(&w->last);
	g_free(w);
}

/* What cannot be marked is not told of; the watcher notices all the same. */
static void mark(struct writers *w, const char *folder)
{
	struct file_handle *handle;
	struct statfs fs;
	int mount;

	if (fanotify_mark(w->fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR, WATCHED, AT_FDCWD, folder) != 0) {
		return;
	}
	handle = g_malloc0(sizeof(*handle) + HANDLE_MAX);
	handle->handle_bytes = HANDLE_MAX;
	if (statfs(folder, &fs) == 0 &&
	    name_to_handle_at(AT_FDCWD, folder, handle, &mount, AT_SYMLINK_FOLLOW) == 0) {
		g_hash_table_replace(w->by_handle, handle_text(&fs.f_fsid, handle),
				     g_strdup(folder));
	}
	g_free(handle);
}

void writers_set(struct writers *w, const struct watcher_place *places, size_t count)
{
	GHashTableIter iter;
	void *folder;

	g_hash_table_remove_all(w->folders);
	g_hash_table_remove_all(w->by_handle);
	(void)fanotify_mark(w->fd, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	for (size_t i = 0; i < count; i++) {
		g_hash_table_add(w->folders, g_path_get_dirname(places[i].path));
		if (places[i].whole) {
			g_hash_table_add(w->folders, g_strdup(places[i].path));
		}
	}
	g_hash_table_iter_init(&iter, w->folders);
	while (g_hash_table_iter_next(&iter, &folder, NULL)) {
		mark(w, folder);
	}
}

void writers_drain(struct writers *w)
{
	for (unsigned i = 0; i < DRAIN && read_some(w); i++) {
	}
}

const struct drift_who *writers_find(const struct writers *w, const char *path)
{
	const struct writer *writer = g_hash_table_lookup(w->known, path);

	return writer != NULL ? &writer->who : NULL;
}

void writers_forget(struct writers *w)
{
	g_queue_clear(&w->order);
	g_hash_table_remove_all(w->known);
}
