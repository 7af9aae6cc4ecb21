/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Read access to a desired state: the tree of a commit in a bare mirror.
 * Nothing is ever checked out.
 *
 *	source_tree_open(mirror, commit, &tree, error)
 *	source_tree_read(tree, "hosts/web1/assent.yaml", 262144, &bytes, &len, error)
 *	source_tree_walk(tree, "hosts/web1/www", on_entry, user, error)
 *	source_tree_free(tree)
 *
 * Paths are relative to the repository's root, bytes, components divided by
 * one '/'; "" is the root. Components "", ".", "..", and what some system
 * takes for ".git" (name.h) are refused, in what callers ask for and in what a tree
 * holds; so are trees that are not sorted or name a thing twice, and paths that lead
 * through a link. Modes other than 100644, 100755, 120000 and folders are refused where
 * they are asked for or walked over.
 *
 * Errors: BASE_ERROR_NOT_FOUND, BASE_ERROR_LIMIT, BASE_ERROR_MALFORMED (what is
 * in the tree is refused), BASE_ERROR_FAILED.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_MAX_PATH 4095
#define SOURCE_MAX_DEPTH 64
#define SOURCE_MAX_ENTRIES 200000 /* of one walk */
#define SOURCE_OID_SIZE 41

struct source_tree;
typedef struct source_tree source_tree_auto;

enum source_mode { SOURCE_FILE, SOURCE_EXECUTABLE, SOURCE_LINK, SOURCE_FOLDER };

struct source_entry {
	const char *path; /* from the repository's root; valid during the callback only */
	enum source_mode mode;
	char oid[SOURCE_OID_SIZE]; /* the blob's or tree's id in hex */
	uint64_t size;		   /* of a file or of a link's text, 0 for a folder */
};

/* mirror: a bare repository; commit: 40 hexadecimal digits. */
bool source_tree_open(const char *mirror, const char *commit, struct source_tree **out,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;
void source_tree_free(struct source_tree *tree);
/* The id of the commit's tree in hex. */
const char *source_tree_tree_id(const struct source_tree *tree);

/* What stands at path. entry->path borrows path. */
bool source_tree_stat(struct source_tree *tree, const char *path, struct source_entry *entry,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A file's content, or a link's text (the caller looks at the mode when that matters);
 * NUL-terminated beyond len. Freed with g_free(). */
bool source_tree_read(struct source_tree *tree, const char *path, size_t max, char **bytes,
		      size_t *len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Files and links below folder, in the byte order of their paths; folders are not reported. False
 * from the callback, with error set, ends the walk. */
typedef bool (*source_walk_fn)(const struct source_entry *entry, void *user, GError **error);
bool source_tree_walk(struct source_tree *tree, const char *folder, source_walk_fn each, void *user,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(source_tree_auto, source_tree_free)
