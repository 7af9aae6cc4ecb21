/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A view on the files of a repository at one commit, or of a plain folder.
 *
 * The desired state is read through this table of functions, so that the worker
 * (Git objects) and `assent lint` (a working folder, without libgit2) run the
 * same code. Paths are relative to the root, without "", "." and "..";
 * "" is the root itself. Links are never followed: a path through one is absent.
 *
 *	struct reader *r = reader_open_folder("/home/me/ops", &error);
 *	...
 *	reader_free(r);
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READER_OID_SIZE 65 /* up to 64 hexadecimal digits and NUL */

enum reader_type { READER_ABSENT, READER_FILE, READER_LINK, READER_FOLDER, READER_OTHER };

struct reader_entry {
	const char *path; /* from the root; borrowed */
	enum reader_type type;
	bool executable;
	const char *oid; /* "" when there is none; borrowed */
	uint64_t size;
};
/* False stops the walk, with error set. */
typedef bool reader_fn(void *data, const struct reader_entry *entry, GError **error);

struct reader {
	const struct reader_ops *ops;
};
struct reader_ops {
	/* READER_ABSENT is success. entry->path is the caller's own, oid lives until the
	 * next call. */
	bool (*stat)(struct reader *reader, const char *path, struct reader_entry *entry,
		     GError **error);
	/* A file's bytes or a link's text; NUL-terminated beyond len. */
	bool (*read)(struct reader *reader, const char *path, size_t max, char **bytes, size_t *len,
		     GError **error);
	/* The files and links beneath folder, in any order; folders are not reported. Refuses
	 * what Git would not carry (sockets, devices). */
	bool (*walk)(struct reader *reader, const char *folder, reader_fn *fn, void *data,
		     GError **error);
	void (*free)(struct reader *reader);
};

bool reader_stat(struct reader *reader, const char *path, struct reader_entry *entry,
		 GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool reader_read(struct reader *reader, const char *path, size_t max, char **bytes, size_t *len,
		 GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool reader_walk(struct reader *reader, const char *folder, reader_fn *fn, void *data,
		 GError **error) G_GNUC_WARN_UNUSED_RESULT;
void reader_free(struct reader *reader);

/* A plain folder; what Git would not carry (a .git folder) is absent. */
struct reader *reader_open_folder(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
