/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Read access to a tree: paths and bounds are checked here. */
#include "worker/source/tree.h"

#include "worker/source/name.h"
#include "worker/source/tree-git.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

struct source_tree {
	struct tree_git *git;
	char tree_id[SOURCE_OID_SIZE];
};

struct tree_walk {
	source_walk_fn each;
	void *user;
	unsigned count; /* entries so far, folders included */
};

void tree_row_clear(void *row)
{
	g_free(((struct tree_row *)row)->name);
}

bool source_tree_open(const char *mirror, const char *commit, struct source_tree **out,
		      GError **error)
{
	g_autofree struct source_tree *tree = g_new0(struct source_tree, 1);

	if (!tree_git_new(mirror, commit, &tree->git, tree->tree_id, error)) {
		return false;
	}
	*out = g_steal_pointer(&tree);
	return true;
}

void source_tree_free(struct source_tree *tree)
{
	if (tree != NULL) {
		tree_git_free(tree->git);
		g_free(tree);
	}
}

const char *source_tree_tree_id(const struct source_tree *tree)
{
	return tree->tree_id;
}

bool source_tree_stat(struct source_tree *tree, const char *path, struct source_entry *entry,
		      GError **error)
{
	struct source_entry found = {0};

	if (!name_check_path(path, error) || !tree_git_stat(tree->git, path, &found, error)) {
		return false;
	}
	found.path = path;
	*entry = found;
	return true;
}

bool source_tree_read(struct source_tree *tree, const char *path, size_t max, char **bytes,
		      size_t *len, GError **error)
{
	struct source_entry entry;

	if (!source_tree_stat(tree, path, &entry, error)) {
		return false;
	}
	if (entry.mode == SOURCE_FOLDER) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "'%s' is a folder", path);
	}
	if (entry.size > max) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "'%s' has %" PRIu64 " bytes; at most %zu are allowed", path, entry.size,
			    max);
	}
	return tree_git_read(tree->git, &entry, max, bytes, len, error);
}

static bool walk_folder(struct source_tree *tree, const char *folder, unsigned depth,
			struct tree_walk *walk, GError **error);

static bool walk_row(struct source_tree *tree, const char *folder, const struct tree_row *row,
		     unsigned depth, struct tree_walk *walk, GError **error)
{
	g_autofree char *path = name_join(folder, row->name);
	struct source_entry entry = row->entry;

	if (strlen(path) > SOURCE_MAX_PATH) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "a path below '%s' is longer than %d bytes", folder, SOURCE_MAX_PATH);
	}
	if (++walk->count > SOURCE_MAX_ENTRIES) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "more than %d files and folders",
			    SOURCE_MAX_ENTRIES);
	}
	if (entry.mode == SOURCE_FOLDER) {
		return walk_folder(tree, path, depth + 1, walk, error);
	}
	entry.path = path;
	return walk->each(&entry, walk->user, error);
}

static bool walk_folder(struct source_tree *tree, const char *folder, unsigned depth,
			struct tree_walk *walk, GError **error)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct tree_row));

	g_array_set_clear_func(rows, tree_row_clear);
	if (depth > SOURCE_MAX_DEPTH) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "'%s' is deeper than %d folders",
			    folder, SOURCE_MAX_DEPTH);
	}
	if (!tree_git_list(tree->git, folder, rows, error)) {
		return false;
	}
	for (unsigned i = 0; i < rows->len; i++) {
		struct tree_row *row = &g_array_index(rows, struct tree_row, i);

		if (!walk_row(tree, folder, row, depth, walk, error)) {
			return false;
		}
	}
	return true;
}

bool source_tree_walk(struct source_tree *tree, const char *folder, source_walk_fn each, void *user,
		      GError **error)
{
	struct tree_walk walk = {.each = each, .user = user};
	struct source_entry entry;

	if (!source_tree_stat(tree, folder, &entry, error)) {
		return false;
	}
	if (entry.mode != SOURCE_FOLDER) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "'%s' is not a folder", folder);
	}
	return walk_folder(tree, folder, 1, &walk, error);
}
