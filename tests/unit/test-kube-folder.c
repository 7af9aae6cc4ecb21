/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of src/kube/folder.c, over the readers of src/desired. */
#include <string.h>

#include "desired/reader.h"
#include "kube-reading.h"
#include "kube/folder.h"
#include "memory-reader.h"

/* desired/reader.h as struct kube_files; what desired itself will have. */
struct passing {
	kube_found_fn *found;
	void *data;
};

static bool pass(void *data, const struct reader_entry *entry, GError **error)
{
	struct passing *p = data;

	return p->found(entry->path, entry->type == READER_LINK, p->data, error);
}

static bool walk(void *data, const char *folder, kube_found_fn *found, void *found_data,
		 GError **error)
{
	struct passing p = {found, found_data};

	return reader_walk(data, folder, pass, &p, error);
}

static bool read_file(void *data, const char *path, size_t max, char **bytes, size_t *len,
		      GError **error)
{
	return reader_read(data, path, max, bytes, len, error);
}

static void object_free(void *object)
{
	kube_object_free(object);
}

/* "file:line id" for each object, or the problems, or "error: ...". g_free() */
static char *gather(struct reader *reader, const char *path, bool is_file)
{
	const struct kube_files files = {.walk = walk, .read = read_file, .data = reader};
	g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func(object_free);
	g_auto(diags_auto) diags = {0};
	g_autoptr(GError) error = NULL;
	GString *out;
	bool good;

	diag_list_init(&diags);
	good = is_file ? kube_folder_read_file(&files, path, NULL, objects, &diags, &error)
		       : kube_folder_read(&files, path, NULL, objects, &diags, &error);
	if (error != NULL) {
		g_assert_false(good);
		return g_strdup_printf("error: %s", error->message);
	}
	g_assert_cmpint(good, ==, diags.items->len == 0);
	if (!good) {
		return diag_text(&diags);
	}
	out = g_string_new(NULL);
	for (guint i = 0; i < objects->len; i++) {
		const struct kube_object *object = objects->pdata[i];
		g_autofree char *id = kube_id_plan(object->id, "c");

		g_string_append_printf(out, "%s:%u %s\n", object->file, object->place.line, id);
	}
	return g_string_free(out, FALSE);
}

static void check(struct memory_reader *m, const char *folder, const char *expected)
{
	g_autofree char *got = gather(&m->reader, folder, false);

	g_assert_cmpstr(got, ==, expected);
}

static void add(struct memory_reader *m, const char *path, const char *name)
{
	g_autofree char *text = g_strdup_printf(
		g_str_has_suffix(path, ".json")
			? "{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":\"%s\"}}"
			: "apiVersion: v1\nkind: A\nmetadata: {name: %s}\n",
		name);

	memory_reader_add(m, path, READER_FILE, text, strlen(text));
}

static void test_which_files(void)
{
	struct memory_reader m;

	memory_reader_init(&m);
	add(&m, "k/b.yaml", "b");
	add(&m, "k/a.yml", "a");
	add(&m, "k/sub/c.json", "c");
	add(&m, "k/sub/deep/d.yaml", "d");
	add(&m, "k/B.yaml", "upper");
	add(&m, "k/README.md", "no");
	add(&m, "k/x.yaml.orig", "no");
	add(&m, "k/x.YAML", "no");
	add(&m, "k/.hidden.yaml", "no");
	add(&m, "k/.github/x.yaml", "seen");
	add(&m, "k/sub/.x/y/z.yaml", "no");
	add(&m, "other/x.yaml", "no");
	add(&m, "k.yaml", "no");
	memory_reader_add(&m, "k/kustomization.yaml", READER_FILE, "resources: [b.yaml]\n", 20);
	memory_reader_add(&m, "k/sub/kustomization.yml", READER_FILE, "resources: [c]\n", 15);
	check(&m, "k",
	      "k/B.yaml:1 k8s:c/A/upper\n"
	      "k/a.yml:1 k8s:c/A/a\n"
	      "k/b.yaml:1 k8s:c/A/b\n"
	      "k/sub/c.json:1 k8s:c/A/c\n"
	      "k/sub/deep/d.yaml:1 k8s:c/A/d\n");
	/* The folder's own name may begin with a dot. */
	check(&m, "k/.github", "k/.github/x.yaml:1 k8s:c/A/seen\n");
	memory_reader_clear(&m);
}

static void test_nothing_is_a_problem(void)
{
	struct memory_reader m;

	memory_reader_init(&m);
	memory_reader_add(&m, "k/empty.yaml", READER_FILE, "# nothing\n", 10);
	check(&m, "k", "k:1:1: no object here: it needs files that end in .yaml, .yml or .json\n");
	memory_reader_clear(&m);
}

static void test_all_problems_at_once(void)
{
	struct memory_reader m;

	memory_reader_init(&m);
	memory_reader_add(&m, "k/a.yaml", READER_FILE, "a: [\n", 5);
	memory_reader_add(&m, "k/b.json", READER_FILE, "{\"kind\": 1}", 11);
	memory_reader_add(&m, "k/link.yaml", READER_LINK, "../x.yaml", 9);
	memory_reader_add(&m, "k/link", READER_LINK, "../x", 4);
	add(&m, "k/good.yaml", "good");
	check(&m, "k",
	      "k/a.yaml:2:1: not YAML: did not find expected node content: look at this line and "
	      "the one above\n"
	      "k/b.json:1:1: no 'apiVersion': each object needs one\n"
	      "k/link.yaml:1:1: a link is not followed: put the file itself there, or name the "
	      "folder that has it\n");
	memory_reader_clear(&m);
}

static void test_a_single_file(void)
{
	struct memory_reader m;
	g_autofree char *got = NULL;
	g_autofree char *absent = NULL;

	memory_reader_init(&m);
	add(&m, "k/.app", "a");
	got = gather(&m.reader, "k/.app", true);
	g_assert_cmpstr(got, ==, "k/.app:1 k8s:c/A/a\n");
	absent = gather(&m.reader, "k/none.yaml", true);
	g_assert_true(g_str_has_prefix(absent, "error: "));
	memory_reader_clear(&m);
}

static void test_too_large(void)
{
	struct memory_reader m;
	size_t size = ((size_t)8 << 20) + 1;
	g_autofree char *text = g_strnfill(size, '#');

	memory_reader_init(&m);
	memory_reader_add(&m, "k/a.yaml", READER_FILE, text, size);
	check(&m, "k", "k/a.yaml:1:1: the file is too large: at most 8388608 bytes; split it\n");
	/* Eight of them fill the folder's share. */
	for (int i = 0; i < 9; i++) {
		g_autofree char *path = g_strdup_printf("k/%d.yaml", i);

		memory_reader_add(&m, path, READER_FILE, text, size - 1);
	}
	check(&m, "k",
	      "k/8.yaml:1:1: too large with the files before: at most 67108864 bytes in all\n"
	      "k/a.yaml:1:1: too large with the files before: at most 67108864 bytes in all\n");
	memory_reader_clear(&m);
}

static void test_too_many_files(void)
{
	struct memory_reader m;

	memory_reader_init(&m);
	for (int i = 0; i < KUBE_FOLDER_MAX_FILES; i++) {
		g_autofree char *path = g_strdup_printf("k/%d.yaml", i);

		memory_reader_add(&m, path, READER_FILE, "", 0);
	}
	check(&m, "k", "k:1:1: no object here: it needs files that end in .yaml, .yml or .json\n");
	memory_reader_add(&m, "k/more.yaml", READER_FILE, "", 0);
	check(&m, "k", "error: more than 5000 manifests beneath 'k'");
	memory_reader_clear(&m);
}

static void test_too_many_objects(void)
{
	struct memory_reader m;
	GString *text = g_string_new(NULL);

	for (int i = 0; i <= KUBE_FOLDER_MAX_OBJECTS; i++) {
		g_string_append_printf(
			text, "---\n{apiVersion: v1, kind: A, metadata: {name: a%d}}\n", i);
	}
	memory_reader_init(&m);
	memory_reader_add(&m, "a.yaml", READER_FILE, text->str, text->len);
	check(&m, "", "a.yaml:1:1: more than 10000 objects with those of the files before\n");
	memory_reader_clear(&m);
	g_string_free(text, TRUE);
}

/* Few bytes become many values by aliases; not again and again in each file. */
static void test_too_many_values(void)
{
	struct memory_reader m;
	GString *text = g_string_new("- &a [1,1,1,1,1,1,1,1,1,1]\n");

	for (char c = 'b'; c <= 'e'; c++) {
		g_string_append_printf(text, "- &%c [", c);
		for (int i = 0; i < 10; i++) {
			g_string_append_printf(text, "*%c,", c - 1);
		}
		g_string_append(text, "]\n");
	}
	g_string_append(text, "- [*e,*e,*e]\n");
	memory_reader_init(&m);
	for (int i = 0; i < 5; i++) {
		g_autofree char *path = g_strdup_printf("k/%d.yaml", i);

		memory_reader_add(&m, path, READER_FILE, text->str, text->len);
	}
	check(&m, "k",
	      "k/0.yaml:1:1: an object must be a map, not a list\n"
	      "k/1.yaml:1:1: an object must be a map, not a list\n"
	      "k/2.yaml:1:1: an object must be a map, not a list\n"
	      "k/3.yaml:1:1: an object must be a map, not a list\n"
	      "k/4.yaml:6:4: too many values, with those that aliases repeat: at most "
	      "172840 here; split it, or use fewer aliases\n");
	memory_reader_clear(&m);
	g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/folder/which-files", test_which_files);
	g_test_add_func("/kube/folder/nothing-is-a-problem", test_nothing_is_a_problem);
	g_test_add_func("/kube/folder/all-problems-at-once", test_all_problems_at_once);
	g_test_add_func("/kube/folder/a-single-file", test_a_single_file);
	g_test_add_func("/kube/folder/too-large", test_too_large);
	g_test_add_func("/kube/folder/too-many-files", test_too_many_files);
	g_test_add_func("/kube/folder/too-many-objects", test_too_many_objects);
	g_test_add_func("/kube/folder/too-many-values", test_too_many_values);
	return g_test_run();
}
