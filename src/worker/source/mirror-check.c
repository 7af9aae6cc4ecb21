/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a fetched commit is complete: a server may send a pack that lacks objects. */
#include "worker/source/mirror.h"

#include "worker/source/repo.h"

#include "base/error.h"

#define ENTRIES_MAX 2000000
#define DEPTH_MAX 128

struct check {
	git_repository *repository;
	git_odb *odb;
	GHashTable *seen; /* trees */
	unsigned count;
};

static bool check_tree(struct check *check, const git_oid *oid, unsigned depth, GError **error)
{
	g_autoptr(git_tree_auto) tree = NULL;
	char *hex = git_oid_tostr_s(oid);
	int code;

	if (!g_hash_table_add(check->seen, g_strdup(hex))) {
		return true;
	}
	code = git_tree_lookup(&tree, check->repository, oid);
	if (code < 0) {
		return fail_git(error, code, "a folder is missing");
	}
	check->count += git_tree_entrycount(tree);
	if (depth > DEPTH_MAX || check->count > ENTRIES_MAX) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "more than %d files or %d levels of folders", ENTRIES_MAX, DEPTH_MAX);
	}
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		git_object_t type = git_tree_entry_type(entry);

		if (type == GIT_OBJECT_TREE &&
		    !check_tree(check, git_tree_entry_id(entry), depth + 1, error)) {
			return false;
		}
		if (type == GIT_OBJECT_BLOB &&
		    !git_odb_exists(check->odb, git_tree_entry_id(entry))) {
			return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
				    "the content of '%s' is missing", git_tree_entry_name(entry));
		}
	}
	return true;
}

bool mirror_check(git_repository *repository, const git_oid *commit, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(git_commit_auto) object = NULL;
	g_autoptr(git_odb_auto) odb = NULL;
	struct check check = {.repository = repository, .seen = seen};
	int code = git_commit_lookup(&object, repository, commit);

	code = code < 0 ? code : git_repository_odb(&odb, repository);
	if (code < 0) {
		return fail_git(error, code, "the commit is missing");
	}
	check.odb = odb;
	return check_tree(&check, git_commit_tree_id(object), 0, error);
}
