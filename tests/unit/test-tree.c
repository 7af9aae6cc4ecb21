/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/source/tree.c: the same answers from Git and from a directory, hostile trees. */
#include "worker/source/tree.h"

#include "worker/source/name.h"
#include "worker/source/repo.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct rig {
	char *dir, *mirror, *plain;
	git_repository *repository;
	char commit[SOURCE_OID_SIZE], tree[SOURCE_OID_SIZE];
};

/* A raw tree object: modes, names and ids as they are given. */
struct item {
	const char *mode, *name;
	git_oid oid;
};

static git_oid put(struct rig *rig, git_object_t type, const void *data, size_t len)
{
	g_autoptr(git_odb_auto) odb = NULL;
	git_oid oid;

	g_assert_cmpint(git_repository_odb(&odb, rig->repository), ==, 0);
	g_assert_cmpint(git_odb_write(&oid, odb, data, len, type), ==, 0);
	return oid;
}

static git_oid blob(struct rig *rig, const char *text)
{
	return put(rig, GIT_OBJECT_BLOB, text, strlen(text));
}

static git_oid tree(struct rig *rig, const struct item *items, size_t count)
{
	g_autoptr(GString) raw = g_string_new(NULL);

	for (size_t i = 0; i < count; i++) {
		g_string_append_printf(raw, "%s %s", items[i].mode, items[i].name);
		g_string_append_c(raw, '\0');
		g_string_append_len(raw, (const char *)items[i].oid.id, 20);
	}
	return put(rig, GIT_OBJECT_TREE, raw->str, raw->len);
}

static void commit(struct rig *rig, const git_oid *root)
{
	g_autofree char *text = NULL;
	git_oid oid;

	git_oid_tostr(rig->tree, sizeof(rig->tree), root);
	text = g_strdup_printf("tree %s\nauthor a <a@x> 1 +0000\ncommitter a <a@x> 1 +0000\n\nc\n",
			       rig->tree);
	oid = put(rig, GIT_OBJECT_COMMIT, text, strlen(text));
	git_oid_tostr(rig->commit, sizeof(rig->commit), &oid);
}

/* a, a.b, a/ would sort as a.b, a/b, ax: the folder's slash counts. */
static void fill(struct rig *rig)
{
	struct item inner[] = {{"100644", "b", blob(rig, "bee\n")},
			       {"100755", "run", blob(rig, "#!/bin/sh\n")}};
	git_oid sub = tree(rig, inner, 2);
	struct item top[] = {{"100644", "a.b", blob(rig, "")},
			     {"40000", "a", sub},
			     {"100644", "ax", blob(rig, "x")},
			     {"120000", "link", blob(rig, "a/b")}};
	git_oid root = tree(rig, top, 4);

	commit(rig, &root);
}

static void rig_up(struct rig *rig, const void *data)
{
	GError *error = NULL;

	rig->dir = g_dir_make_tmp("assent-tree-XXXXXX", NULL);
	rig->mirror = g_build_filename(rig->dir, "m.git", NULL);
	rig->plain = g_build_filename(rig->dir, "plain", NULL);
	g_assert_cmpint(g_mkdir(rig->plain, 0700), ==, 0);
	g_assert_true(repo_setup(&error));
	g_assert_no_error(error);
	g_assert_cmpint(git_repository_init(&rig->repository, rig->mirror, 1), ==, 0);
	fill(rig);
}

static void rig_down(struct rig *rig, const void *data)
{
	g_autofree char *quoted = g_shell_quote(rig->dir);
	g_autofree char *command = g_strconcat("rm -rf ", quoted, NULL);

	git_repository_free(rig->repository);
	g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
	g_free(rig->dir);
	g_free(rig->mirror);
	g_free(rig->plain);
}

static struct source_tree *open_tree(struct rig *rig)
{
	struct source_tree *opened = NULL;
	GError *error = NULL;

	g_assert_true(source_tree_open(rig->mirror, rig->commit, &opened, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(source_tree_tree_id(opened), ==, rig->tree);
	return opened;
}

static bool on_entry(const struct source_entry *entry, void *user, GError **error)
{
	g_string_append_printf(user, "%s:%d:%d:%d ", entry->path, entry->mode, (int)entry->size,
			       entry->oid[0] != '\0');
	return true;
}

static void test_walk_is_sorted(struct rig *rig, const void *data)
{
	g_autoptr(source_tree_auto) opened = open_tree(rig);
	g_autoptr(GString) seen = g_string_new(NULL);
	GError *error = NULL;

	g_assert_true(source_tree_walk(opened, "", on_entry, seen, &error));
	g_assert_cmpstr(seen->str, ==, "a.b:0:0:1 a/b:0:4:1 a/run:1:10:1 ax:0:1:1 link:2:3:1 ");
	g_string_truncate(seen, 0);
	g_assert_true(source_tree_walk(opened, "a", on_entry, seen, &error));
	g_assert_true(g_str_has_prefix(seen->str, "a/b:0:4:"));
	g_assert_false(source_tree_walk(opened, "ax", on_entry, seen, &error));
	g_clear_error(&error);
}

static void test_read_is_bounded(struct rig *rig, const void *data)
{
	g_autoptr(source_tree_auto) opened = open_tree(rig);
	g_autofree char *bytes = NULL;
	g_autofree char *link = NULL;
	GError *error = NULL;
	size_t len;

	g_assert_true(source_tree_read(opened, "a/b", 4, &bytes, &len, &error));
	g_assert_cmpmem(bytes, len + 1, "bee\n", 5);
	g_assert_true(source_tree_read(opened, "link", 4, &link, &len, &error));
	g_assert_cmpmem(link, len + 1, "a/b", 4);
	g_assert_false(source_tree_read(opened, "a/b", 3, &bytes, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_false(source_tree_read(opened, "a", 99, &bytes, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
	g_clear_error(&error);
}

static void test_missing_and_escaping_paths(struct rig *rig, const void *data)
{
	static const struct {
		const char *path;
		int code;
	} cases[] = {
		{"nope", BASE_ERROR_NOT_FOUND},	       {"a/nope", BASE_ERROR_NOT_FOUND},
		{"ax/b", BASE_ERROR_NOT_FOUND},	       {"link/x", BASE_ERROR_NOT_FOUND},
		{"../plain/ax", BASE_ERROR_MALFORMED}, {"/etc/passwd", BASE_ERROR_MALFORMED},
		{"a//b", BASE_ERROR_MALFORMED},	       {"a/", BASE_ERROR_MALFORMED},
		{".git/config", BASE_ERROR_MALFORMED}, {"./ax", BASE_ERROR_MALFORMED},
	};

	g_autoptr(source_tree_auto) opened = open_tree(rig);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		struct source_entry entry;

		g_assert_false(source_tree_stat(opened, cases[i].path, &entry, &error));
		g_assert_error(error, BASE_ERROR, cases[i].code);
	}
}

static void refuse(struct rig *rig, const struct item *items, size_t count, const char *why)
{
	git_oid root = tree(rig, items, count);
	g_autoptr(source_tree_auto) opened = NULL;
	g_autoptr(GString) seen = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	struct source_entry entry;

	commit(rig, &root);
	opened = open_tree(rig);
	g_assert_false(source_tree_walk(opened, "", on_entry, seen, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
	g_assert_nonnull(strstr(error->message, why));
	g_assert_cmpstr(seen->str, ==, "");
	g_clear_error(&error);
	g_assert_false(source_tree_stat(opened, items[0].name, &entry, &error));
}

static void test_hostile_trees_are_refused(struct rig *rig, const void *data)
{
	git_oid b = blob(rig, "x");
	struct item sub[] = {{"100644", "f", b}};
	git_oid t = tree(rig, sub, 1);

	refuse(rig, (struct item[]){{"100644", "b", b}, {"100644", "a", b}}, 2, "not sorted");
	refuse(rig, (struct item[]){{"100644", "a", b}, {"100644", "a", b}}, 2, "twice");
	refuse(rig, (struct item[]){{"100644", "a", b}, {"100644", "a.b", b}, {"40000", "a", t}}, 3,
	       "twice");
	refuse(rig, (struct item[]){{"160000", "m", b}}, 1, "submodules");
	refuse(rig, (struct item[]){{"100666", "m", b}}, 1, "a mode");
	refuse(rig, (struct item[]){{"100644", "..", b}}, 1, "not names");
	refuse(rig, (struct item[]){{"40000", ".GIT", t}}, 1, "'.git'");
	refuse(rig, (struct item[]){{"40000", ".g\xe2\x80\x8cit", t}}, 1, "'.git'");
	refuse(rig, (struct item[]){{"40000", "GIT~1 .", t}}, 1, "'.git'");
	refuse(rig, (struct item[]){{"100644", "a/b", b}}, 1, "with '/'");
	refuse(rig, (struct item[]){{"100644", "notblob", t}}, 1, "not a file's content");
}

/* What stands beside the stack's folder is not used, so it need not be fit for use. */
static void test_unused_neighbours_do_no_harm(struct rig *rig, const void *data)
{
	git_oid b = blob(rig, "x");
	struct item sub[] = {{"100644", "f", b}};
	struct item top[] = {
		{"160000", "module", b}, {"100664", "old", b}, {"40000", "web", tree(rig, sub, 1)}};
	git_oid root = tree(rig, top, G_N_ELEMENTS(top));
	g_autoptr(source_tree_auto) opened = NULL;
	g_autoptr(GString) seen = g_string_new(NULL);
	struct source_entry entry;
	GError *error = NULL;

	commit(rig, &root);
	opened = open_tree(rig);
	g_assert_true(source_tree_stat(opened, "web/f", &entry, &error));
	g_assert_true(source_tree_walk(opened, "web", on_entry, seen, &error));
	g_assert_cmpstr(seen->str, ==, "web/f:0:1:1 ");
	g_assert_false(source_tree_stat(opened, "module", &entry, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
	g_clear_error(&error);
}

static void test_names_that_are_fine(void)
{
	static const char *const fine[] = {".github", ".gitignore", "git~12", "a b",
					   "\xff",    "...",	    "-rf",    ".gitx:y"};

	for (size_t i = 0; i < G_N_ELEMENTS(fine); i++) {
		g_assert_null(name_problem(fine[i]));
	}
	g_assert_nonnull(name_problem(".git::$INDEX_ALLOCATION"));
	g_assert_nonnull(name_problem(""));
}

static void test_what_is_no_commit(struct rig *rig, const void *data)
{
	struct source_tree *opened = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(source_tree_open(rig->mirror, "main", &opened, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
	g_clear_error(&error);
	g_assert_false(source_tree_open(rig->mirror, rig->tree, &opened, &error));
	g_clear_error(&error);
	g_assert_false(source_tree_open(rig->plain, rig->commit, &opened, &error));
	g_assert_null(opened);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct rig *rig, const void *data);
	} tests[] = {
		{"/tree/walk-is-sorted", test_walk_is_sorted},
		{"/tree/read-is-bounded", test_read_is_bounded},
		{"/tree/missing-and-escaping-paths", test_missing_and_escaping_paths},
		{"/tree/hostile-trees-are-refused", test_hostile_trees_are_refused},
		{"/tree/unused-neighbours-do-no-harm", test_unused_neighbours_do_no_harm},
		{"/tree/what-is-no-commit", test_what_is_no_commit},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_test_add(tests[i].name, struct rig, NULL, rig_up, tests[i].run, rig_down);
	}
	g_test_add_func("/tree/names-that-are-fine", test_names_that_are_fine);
	return g_test_run();
}
