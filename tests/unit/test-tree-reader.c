/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/tree-reader.c: a desired state read from a commit. */
#include "worker/tree-reader.h"

#include <string.h>

#include "desired/desired.h"
#include "temp-dir.h"
#include "worker/source/repo.h"

typedef struct diag_list diags_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(diags_auto, diag_list_clear)

static const struct desired_env env = {.agent = "web1", .stack = "web", .home = "/home/me"};

struct rig {
	char *dir;
	git_repository *repository;
	git_treebuilder *top, *www;
	struct source_tree *tree;
	struct reader *reader;
};

static void rig_up(struct rig *rig, const void *data)
{
	rig->dir = temp_new();
	g_assert_true(repo_setup(NULL));
	g_assert_cmpint(git_repository_init(&rig->repository, rig->dir, 1), ==, 0);
	g_assert_cmpint(git_treebuilder_new(&rig->top, rig->repository, NULL), ==, 0);
	g_assert_cmpint(git_treebuilder_new(&rig->www, rig->repository, NULL), ==, 0);
}

static void rig_down(struct rig *rig, const void *data)
{
	reader_free(rig->reader);
	source_tree_free(rig->tree);
	git_treebuilder_free(rig->top);
	git_treebuilder_free(rig->www);
	git_repository_free(rig->repository);
	temp_free(rig->dir);
}

static void put(struct rig *rig, git_treebuilder *folder, const char *name, const char *text,
		git_filemode_t mode)
{
	git_oid id;

	g_assert_cmpint(git_blob_create_from_buffer(&id, rig->repository, text, strlen(text)), ==,
			0);
	g_assert_cmpint(git_treebuilder_insert(NULL, folder, name, &id, mode), ==, 0);
}

/* Commits what was put, and opens the commit for reading. */
static void open_commit(struct rig *rig)
{
	git_signature *who = NULL;
	git_tree *root = NULL;
	git_oid id;
	char commit[SOURCE_OID_SIZE];
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(git_treebuilder_write(&id, rig->www), ==, 0);
	g_assert_cmpint(git_treebuilder_insert(NULL, rig->top, "www", &id, GIT_FILEMODE_TREE), ==,
			0);
	g_assert_cmpint(git_treebuilder_write(&id, rig->top), ==, 0);
	g_assert_cmpint(git_tree_lookup(&root, rig->repository, &id), ==, 0);
	g_assert_cmpint(git_signature_new(&who, "a", "a@example.org", 1, 0), ==, 0);
	g_assert_cmpint(
		git_commit_create(&id, rig->repository, NULL, who, who, NULL, "c", root, 0, NULL),
		==, 0);
	git_oid_tostr(commit, sizeof(commit), &id);
	git_signature_free(who);
	git_tree_free(root);
	g_assert_true(source_tree_open(rig->dir, commit, &rig->tree, &error));
	g_assert_no_error(error);
	rig->reader = tree_reader_new(rig->tree);
}

static void test_a_commit_gives_a_desired_state(struct rig *rig, const void *data)
{
	g_auto(diags_auto) diags = {0};
	g_autoptr(desired_auto) d = NULL;
	g_autoptr(GError) error = NULL;
	const struct desired_resource *file, *tree;
	const struct desired_entry *entry;

	put(rig, rig->top, DESIRED_MANIFEST,
	    "resources:\n- {file: ~/run, source: run}\n- {tree: ~/www, source: www}\n",
	    GIT_FILEMODE_BLOB);
	put(rig, rig->top, "run", "go\n", GIT_FILEMODE_BLOB_EXECUTABLE);
	put(rig, rig->www, "a", "text\n", GIT_FILEMODE_BLOB);
	put(rig, rig->www, "b", "a", GIT_FILEMODE_LINK);
	open_commit(rig);
	diag_list_init(&diags);
	g_assert_true(desired_load(rig->reader, "", &env, &d, &diags, &error));
	file = d->resources->pdata[0];
	tree = d->resources->pdata[1];
	g_assert_true(file->content.executable);
	g_assert_cmpuint(file->content.size, ==, 3);
	g_assert_cmpuint(strlen(file->content.oid), ==, 40);
	g_assert_cmpuint(tree->entries->len, ==, 2);
	entry = tree->entries->pdata[0];
	/* What "echo text | git hash-object --stdin" says. */
	g_assert_cmpstr(entry->content.oid, ==, "8e27be7d6154a1f68ea9160ef0e18691d20560dc");
	g_assert_cmpstr(entry->content.path, ==, "www/a");
	entry = tree->entries->pdata[1];
	g_assert_cmpint(entry->type, ==, READER_LINK);
	g_assert_cmpstr(entry->link, ==, "a");
}

static void test_a_refused_tree_is_a_diagnostic(struct rig *rig, const void *data)
{
	g_auto(diags_auto) diags = {0};
	g_autoptr(desired_auto) d = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	git_oid module = {{1}};

	put(rig, rig->top, DESIRED_MANIFEST, "resources: [{tree: ~/www, source: www}]\n",
	    GIT_FILEMODE_BLOB);
	g_assert_cmpint(git_treebuilder_insert(NULL, rig->www, "sub", &module, GIT_FILEMODE_COMMIT),
			==, 0);
	open_commit(rig);
	diag_list_init(&diags);
	g_assert_false(desired_load(rig->reader, "", &env, &d, &diags, &error));
	g_assert_no_error(error);
	text = diag_text(&diags);
	g_assert_true(g_str_has_prefix(text, "assent.yaml:1:35: "));
	g_assert_nonnull(strstr(text, "www/sub"));
}

static void test_a_missing_manifest_is_a_diagnostic(struct rig *rig, const void *data)
{
	g_auto(diags_auto) diags = {0};
	g_autoptr(desired_auto) d = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	put(rig, rig->www, "a", "text\n", GIT_FILEMODE_BLOB);
	open_commit(rig);
	diag_list_init(&diags);
	g_assert_false(desired_load(rig->reader, "www", &env, &d, &diags, &error));
	g_assert_no_error(error);
	text = diag_text(&diags);
	g_assert_cmpstr(text, ==,
			"www/assent.yaml:1:1: cannot read 'www/assent.yaml': no such file in the "
			"repository\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/tree-reader/a-commit-gives-a-desired-state", struct rig, NULL, rig_up,
		   test_a_commit_gives_a_desired_state, rig_down);
	g_test_add("/tree-reader/a-refused-tree-is-a-diagnostic", struct rig, NULL, rig_up,
		   test_a_refused_tree_is_a_diagnostic, rig_down);
	g_test_add("/tree-reader/a-missing-manifest-is-a-diagnostic", struct rig, NULL, rig_up,
		   test_a_missing_manifest_is_a_diagnostic, rig_down);
	return g_test_run();
}
