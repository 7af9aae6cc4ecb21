/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree of a commit, through libgit2; every tree object is checked before it is believed. */
#include "worker/source/tree-git.h"

#include "worker/source/name.h"
#include "worker/source/repo.h"

#include "base/error.h"

#include <string.h>

struct tree_git {
	git_repository *repository;
	git_odb *odb;
	git_oid root;
	/* Checked trees by id, so that a flat folder of 10,000 files is parsed once, not per file.
	 */
	GHashTable *trees;
};

static guint oid_hash(gconstpointer key)
{
	guint hash;

	memcpy(&hash, ((const git_oid *)key)->id, sizeof(hash));
	return hash;
}

static gboolean oid_equal(gconstpointer a, gconstpointer b)
{
	return git_oid_equal(a, b);
}

void tree_git_free(struct tree_git *s)
{
	g_hash_table_unref(s->trees);
	git_odb_free(s->odb);
	git_repository_free(s->repository);
	g_free(s);
	git_libgit2_shutdown();
}

/* Git's order: by byte, a folder as if its name ended in '/'. */
static int compare_entries(const git_tree_entry *a, const git_tree_entry *b)
{
	const char *an = git_tree_entry_name(a), *bn = git_tree_entry_name(b);
	size_t al = strlen(an), bl = strlen(bn), shared = MIN(al, bl);
	int order = memcmp(an, bn, shared);
	unsigned char ac, bc;

	if (order != 0) {
		return order;
	}
	ac = al > shared ? an[shared] : git_tree_entry_type(a) == GIT_OBJECT_TREE ? '/' : '\0';
	bc = bl > shared ? bn[shared] : git_tree_entry_type(b) == GIT_OBJECT_TREE ? '/' : '\0';
	return ac - bc;
}

/* Asked only of what is used: a submodule beside the stack's folder is nobody's business. */
static const char *mode_problem(const git_tree_entry *entry)
{
	switch ((int)git_tree_entry_filemode_raw(entry)) {
	case GIT_FILEMODE_BLOB:
	case GIT_FILEMODE_BLOB_EXECUTABLE:
	case GIT_FILEMODE_LINK:
	case GIT_FILEMODE_TREE:
		return NULL;
	case GIT_FILEMODE_COMMIT:
		return "submodules are not supported";
	default:
		return "a mode that is neither file, executable file, link nor folder";
	}
}

static bool check_tree(const git_tree *tree, const char *path, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	size_t count = git_tree_entrycount(tree);

	for (size_t i = 0; i < count; i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		const char *name = git_tree_entry_name(entry);
		g_autofree char *full = name_join(path, name);
		const char *problem = name_problem(name);

		if (problem != NULL) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    "the repository's '%s' is refused: %s", full, problem);
		}
		if (!g_hash_table_add(names, (char *)name)) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    "the repository's '%s' is refused: the name stands there twice",
				    full);
		}
		if (i > 0 && compare_entries(git_tree_entry_byindex(tree, i - 1), entry) >= 0) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    "the repository's '%s' is refused: its folder is not sorted",
				    full);
		}
	}
	return true;
}

/* Borrowed from the cache. */
static bool load_tree(struct tree_git *s, const git_oid *oid, const char *path, git_tree **out,
		      GError **error)
{
	g_autoptr(git_tree_auto) tree = NULL;
	git_tree *known = g_hash_table_lookup(s->trees, oid);
	int code;

	if (known != NULL) {
		*out = known;
		return true;
	}
	code = git_tree_lookup(&tree, s->repository, oid);
	if (code < 0) {
		return fail_git(error, code, "cannot read the folder '%s' of the repository", path);
	}
	if (git_tree_entrycount(tree) > SOURCE_MAX_ENTRIES) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "the folder '%s' has more than %d entries", path, SOURCE_MAX_ENTRIES);
	}
	if (!check_tree(tree, path, error)) {
		return false;
	}
	*out = tree;
	g_hash_table_insert(s->trees, (git_oid *)git_tree_id(tree), tree);
	tree = NULL;
	return true;
}

static bool entry_from_git(struct tree_git *s, const git_tree_entry *from, const char *path,
			   struct source_entry *entry, GError **error)
{
	const char *problem = mode_problem(from);
	git_object_t type;
	size_t size = 0;
	int code = 0;

	if (problem != NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "the repository's '%s' is refused: %s", path, problem);
	}
	switch ((int)git_tree_entry_filemode_raw(from)) {
	case GIT_FILEMODE_TREE:
		entry->mode = SOURCE_FOLDER;
		break;
	case GIT_FILEMODE_LINK:
		entry->mode = SOURCE_LINK;
		break;
	case GIT_FILEMODE_BLOB_EXECUTABLE:
		entry->mode = SOURCE_EXECUTABLE;
		break;
	default:
		entry->mode = SOURCE_FILE;
	}
	git_oid_tostr(entry->oid, sizeof(entry->oid), git_tree_entry_id(from));
	if (entry->mode == SOURCE_FOLDER) {
		return true;
	}
	code = git_odb_read_header(&size, &type, s->odb, git_tree_entry_id(from));
	if (code < 0) {
		return fail_git(error, code, "cannot read '%s' of the repository", path);
	}
	if (type != GIT_OBJECT_BLOB) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "the repository's '%s' is refused: it is not a file's content", path);
	}
	entry->size = size;
	return true;
}

bool tree_git_stat(struct tree_git *s, const char *path, struct source_entry *entry, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	g_autoptr(GString) walked = g_string_new(NULL);
	const git_oid *oid = &s->root;

	entry->mode = SOURCE_FOLDER;
	git_oid_tostr(entry->oid, sizeof(entry->oid), oid);
	for (size_t i = 0; parts[i] != NULL; i++) {
		const git_tree_entry *found;
		git_tree *tree;

		if (entry->mode != SOURCE_FOLDER) {
			return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
				    "'%s' is not in the repository: '%s' is not a folder", path,
				    walked->str);
		}
		if (!load_tree(s, oid, walked->str, &tree, error)) {
			return false;
		}
		found = git_tree_entry_byname(tree, parts[i]);
		if (found == NULL) {
			return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
				    "'%s' is not in the repository", path);
		}
		g_string_append_printf(walked, "%s%s", i == 0 ? "" : "/", parts[i]);
		if (!entry_from_git(s, found, walked->str, entry, error)) {
			return false;
		}
		oid = git_tree_entry_id(found);
	}
	return true;
}

bool tree_git_read(struct tree_git *s, const struct source_entry *entry, size_t max, char **bytes,
		   size_t *len, GError **error)
{
	g_autoptr(git_odb_object_auto) object = NULL;
	git_oid oid;
	int code;

	git_oid_fromstr(&oid, entry->oid);
	code = git_odb_read(&object, s->odb, &oid);
	if (code < 0) {
		return fail_git(error, code, "cannot read '%s' of the repository", entry->path);
	}
	if (git_odb_object_type(object) != GIT_OBJECT_BLOB || git_odb_object_size(object) > max) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "the repository's '%s' is not what its header says", entry->path);
	}
	*len = git_odb_object_size(object);
	*bytes = g_malloc(*len + 1);
	memcpy(*bytes, git_odb_object_data(object), *len);
	(*bytes)[*len] = '\0';
	return true;
}

bool tree_git_list(struct tree_git *s, const char *folder, GArray *entries, GError **error)
{
	struct source_entry where = {0};
	git_tree *tree;
	git_oid oid;

	if (folder[0] == '\0') {
		oid = s->root;
	} else if (!tree_git_stat(s, folder, &where, error)) {
		return false;
	} else {
		git_oid_fromstr(&oid, where.oid);
	}
	if (!load_tree(s, &oid, folder, &tree, error)) {
		return false;
	}
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *from = git_tree_entry_byindex(tree, i);
		struct tree_row row = {0};
		g_autofree char *full = name_join(folder, git_tree_entry_name(from));

		if (!entry_from_git(s, from, full, &row.entry, error)) {
			return false;
		}
		row.name = g_strdup(git_tree_entry_name(from));
		g_array_append_val(entries, row);
	}
	return true;
}

bool tree_git_new(const char *mirror, const char *commit, struct tree_git **out, char *tree_id,
		  GError **error)
{
	g_autoptr(git_repository_auto) repository = NULL;
	g_autoptr(git_commit_auto) object = NULL;
	g_autoptr(git_odb_auto) odb = NULL;
	struct tree_git *s;
	git_oid oid;
	int code;

	if (!repo_oid_parse(&oid, commit, error) || !repo_open(mirror, &repository, error)) {
		return false;
	}
	code = git_commit_lookup(&object, repository, &oid);
	code = code < 0 ? code : git_repository_odb(&odb, repository);
	if (code < 0) {
		return fail_git(error, code, "cannot read commit %s in '%s'", commit, mirror);
	}
	s = g_new0(struct tree_git, 1);
	s->root = *git_commit_tree_id(object);
	s->repository = g_steal_pointer(&repository);
	s->odb = g_steal_pointer(&odb);
	s->trees = g_hash_table_new_full(oid_hash, oid_equal, NULL, (GDestroyNotify)git_tree_free);
	git_oid_tostr(tree_id, SOURCE_OID_SIZE, &s->root);
	*out = s;
	return true;
}
