/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/target/beneath.c: each with openat2 and without. */
#include "worker/target/beneath.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"

struct fixture {
	char *dir;
	struct beneath *b;
};

static void set_up(struct fixture *f, const void *data)
{
	f->dir = scratch_new();
	f->b = beneath_new(GPOINTER_TO_UINT(data));
	scratch_folder(f->dir, "root/a/b");
	scratch_folder(f->dir, "elsewhere/b");
}

static void tear_down(struct fixture *f, const void *data)
{
	(void)data;
	beneath_free(f->b);
	scratch_free(f->dir);
}

static char *at(struct fixture *f, const char *rel)
{
	return g_build_filename(f->dir, rel, NULL);
}

/* Does looking up path end in the folder want? */
static void assert_parent(struct fixture *f, const char *root, const char *path, const char *want)
{
	g_autofree char *r = root != NULL ? at(f, root) : NULL;
	g_autofree char *p = at(f, path);
	g_autofree char *w = at(f, want);
	g_autoptr(GError) error = NULL;
	struct stat got, expected;
	const char *name;
	int fd;

	g_assert_true(beneath_parent(f->b, r, p, &fd, &name, &error));
	g_assert_no_error(error);
	g_assert_cmpint(fstat(fd, &got), ==, 0);
	g_assert_cmpint(stat(w, &expected), ==, 0);
	g_assert_cmpuint(got.st_ino, ==, expected.st_ino);
	g_assert_true(g_str_has_suffix(p, name));
}

static void assert_refused(struct fixture *f, const char *root, const char *path, int code)
{
	g_autofree char *r = root != NULL ? at(f, root) : NULL;
	g_autofree char *p = at(f, path);
	g_autoptr(GError) error = NULL;
	const char *name;
	int fd;

	g_assert_false(beneath_parent(f->b, r, p, &fd, &name, &error));
	g_assert_error(error, BENEATH_ERROR, code);
}

static void plant(struct fixture *f, const char *text, const char *rel)
{
	g_autofree char *p = at(f, rel);

	g_assert_cmpint(symlink(text, p), ==, 0);
}

static void test_plain(struct fixture *f, const void *data)
{
	(void)data;
	assert_parent(f, "root", "root/a/b/x", "root/a/b");
	assert_parent(f, "root", "root/x", "root");
	assert_parent(f, "root", "root", ".");
	assert_parent(f, NULL, "root/a/x", "root/a");
}

static void test_absent(struct fixture *f, const void *data)
{
	(void)data;
	scratch_file(f->dir, "root/file", "x");
	assert_refused(f, "root", "root/none/x", BENEATH_ERROR_ABSENT);
	assert_refused(f, "root", "root/file/x", BENEATH_ERROR_ABSENT);
	assert_refused(f, NULL, "none/x", BENEATH_ERROR_ABSENT);
	assert_refused(f, "none", "none/x", BENEATH_ERROR_ABSENT);
}

static void test_planted_link(struct fixture *f, const void *data)
{
	(void)data;
	plant(f, "../elsewhere", "root/link");
	plant(f, "a", "root/inside");
	assert_refused(f, "root", "root/link/x", BENEATH_ERROR_LINK);
	assert_refused(f, "root", "root/link/b/x", BENEATH_ERROR_LINK);
	assert_refused(f, "root", "root/inside/x", BENEATH_ERROR_LINK);
}

static void test_root_that_is_a_link(struct fixture *f, const void *data)
{
	(void)data;
	plant(f, "elsewhere", "fake");
	assert_refused(f, "fake", "fake/x", BENEATH_ERROR_LINK);
}

static void test_own_link_above(struct fixture *f, const void *data)
{
	g_autofree char *absolute = at(f, "root");

	(void)data;
	plant(f, "root/a", "own");
	plant(f, absolute, "absolute");
	plant(f, "../elsewhere/../root/a", "root/dots");
	assert_parent(f, NULL, "own/b/x", "root/a/b");
	assert_parent(f, NULL, "absolute/a/x", "root/a");
	assert_parent(f, NULL, "root/dots/b/x", "root/a/b");
	assert_parent(f, "own/b", "own/b/x", "root/a/b");
}

static void test_shared_folder(struct fixture *f, const void *data)
{
	g_autofree char *shared = at(f, "shared");

	(void)data;
	scratch_folder(f->dir, "shared");
	plant(f, "../root/a", "shared/link");
	g_assert_cmpint(g_chmod(shared, 0777), ==, 0);
	assert_refused(f, NULL, "shared/link/x", BENEATH_ERROR_LINK);
	g_assert_cmpint(g_chmod(shared, 01777), ==, 0);
	assert_parent(f, NULL, "shared/link/x", "root/a");
}

static void test_foreign_link(struct fixture *f, const void *data)
{
	g_autofree char *link = at(f, "foreign");

	(void)data;
	if (geteuid() != 0) {
		g_test_skip("needs root to plant a link as somebody else");
		return;
	}
	plant(f, "root/a", "foreign");
	g_assert_cmpint(lchown(link, 65534, 65534), ==, 0);
	assert_refused(f, NULL, "foreign/x", BENEATH_ERROR_LINK);
}

static void test_endless_links(struct fixture *f, const void *data)
{
	(void)data;
	plant(f, "two", "one");
	plant(f, "one", "two");
	assert_refused(f, NULL, "one/x", BENEATH_ERROR_LINK);
}

/* Not even our own. */
static void test_no_links(struct fixture *f, const void *data)
{
	(void)data;
	plant(f, "elsewhere", "own");
	assert_parent(f, NULL, "elsewhere/b", "elsewhere");
	assert_parent(f, "root", "root/a/b", "root/a");
	assert_refused(f, NULL, "own/b", BENEATH_ERROR_LINK);
	assert_refused(f, "own/b", "own/b/x", BENEATH_ERROR_LINK);
}

static void test_within(void)
{
	g_assert_true(beneath_is_within("/a/b", "/a"));
	g_assert_true(beneath_is_within("/a", "/a"));
	g_assert_true(beneath_is_within("/a", "/"));
	g_assert_false(beneath_is_within("/ab", "/a"));
	g_assert_false(beneath_is_within("/", "/a"));
}

static void add(const char *name, void (*test)(struct fixture *, const void *))
{
	g_autofree char *plain = g_strdup_printf("/beneath/%s", name);
	g_autofree char *slow = g_strdup_printf("/beneath/by-component/%s", name);

	g_test_add(plain, struct fixture, NULL, set_up, test, tear_down);
	g_test_add(slow, struct fixture, GUINT_TO_POINTER(BENEATH_BY_COMPONENT), set_up, test,
		   tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("plain", test_plain);
	add("absent-is-told-apart", test_absent);
	add("planted-link-is-refused", test_planted_link);
	add("root-that-is-a-link-is-refused", test_root_that_is_a_link);
	add("own-link-above-is-followed", test_own_link_above);
	add("link-in-a-shared-folder-is-refused", test_shared_folder);
	add("link-of-somebody-else-is-refused", test_foreign_link);
	add("endless-links-end", test_endless_links);
	g_test_add("/beneath/no-links", struct fixture, GUINT_TO_POINTER(BENEATH_NO_LINKS), set_up,
		   test_no_links, tear_down);
	g_test_add("/beneath/by-component/no-links", struct fixture,
		   GUINT_TO_POINTER(BENEATH_NO_LINKS | BENEATH_BY_COMPONENT), set_up, test_no_links,
		   tear_down);
	g_test_add_func("/beneath/within", test_within);
	return g_test_run();
}
