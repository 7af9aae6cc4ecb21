/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/objects.c. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/objects.h"

/* SHA-256 of "abc", from FIPS 180-2. */
#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

struct fixture {
	char *dir, *path;
	struct hash abc;
};

static void set_up(struct fixture *f, const void *data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	f->dir = g_dir_make_tmp("assent-objects-XXXXXX", NULL);
	g_assert_true(objects_store(f->dir, "abc", 3, &f->abc, &error));
	f->path = objects_path(f->dir, &f->abc);
}

static void tear_down(struct fixture *f, const void *data)
{
	g_autofree char *folder = g_path_get_dirname(f->path);

	(void)data;
	g_remove(f->path);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
	g_assert_cmpint(g_rmdir(f->dir), ==, 0);
	g_free(f->dir);
	g_free(f->path);
}

static void damage(struct fixture *f)
{
	g_assert_true(file_replace(f->path, "abd", 3, 0600, NULL));
}

static void test_stored_under_its_digest(struct fixture *f, const void *data)
{
	char text[HASH_TEXT_SIZE];
	g_autofree char *bytes = NULL;
	g_autoptr(GError) error = NULL;
	size_t len;

	(void)data;
	hash_text(text, &f->abc);
	g_assert_cmpstr(text, ==, ABC);
	g_assert_true(g_str_has_suffix(f->path, "/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9c"
						"b410ff61f20015ad"));
	g_assert_true(objects_has(f->dir, &f->abc));
	g_assert_true(objects_load(f->dir, &f->abc, 3, &bytes, &len, &error));
	g_assert_cmpmem(bytes, len, "abc", 3);
}

static void test_second_store_keeps_the_file(struct fixture *f, const void *data)
{
	struct stat before, after;
	struct hash again;

	(void)data;
	g_assert_cmpint(stat(f->path, &before), ==, 0);
	g_assert_true(objects_store(f->dir, "abc", 3, &again, NULL));
	g_assert_cmpint(stat(f->path, &after), ==, 0);
	g_assert_cmpuint(before.st_ino, ==, after.st_ino);
}

static void test_damage_is_found_and_repaired(struct fixture *f, const void *data)
{
	g_autofree char *bytes = NULL;
	g_autoptr(GError) error = NULL;
	struct hash again;
	size_t len;

	(void)data;
	damage(f);
	g_assert_false(objects_load(f->dir, &f->abc, 100, &bytes, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
	g_assert_true(objects_store(f->dir, "abc", 3, &again, NULL));
	g_assert_true(objects_load(f->dir, &f->abc, 100, &bytes, &len, NULL));
}

static void test_copy_checks_the_digest(struct fixture *f, const void *data)
{
	g_autofree char *name = NULL;
	g_autoptr(GError) error = NULL;
	autofd fd = g_file_open_tmp("assent-copy-XXXXXX", &name, NULL);
	char got[4] = "";

	(void)data;
	g_assert_cmpint(fd, >=, 0);
	g_assert_true(objects_copy(f->dir, &f->abc, 3, fd, &error));
	g_assert_cmpint(pread(fd, got, 4, 0), ==, 3);
	g_assert_cmpstr(got, ==, "abc");
	g_assert_false(objects_copy(f->dir, &f->abc, 2, fd, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
	g_clear_error(&error);
	damage(f);
	g_assert_false(objects_copy(f->dir, &f->abc, 3, fd, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
	g_remove(name);
}

static void test_absent_is_said(struct fixture *f, const void *data)
{
	g_autofree char *bytes = NULL;
	g_autoptr(GError) error = NULL;
	struct hash other;
	size_t len;

	(void)data;
	hash_bytes(&other, "x", 1);
	g_assert_false(objects_has(f->dir, &other));
	g_assert_false(objects_load(f->dir, &other, 9, &bytes, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

#define ADD(name, function) g_test_add(name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/objects/stored-under-its-digest", test_stored_under_its_digest);
	ADD("/objects/second-store-keeps-the-file", test_second_store_keeps_the_file);
	ADD("/objects/damage-is-found-and-repaired", test_damage_is_found_and_repaired);
	ADD("/objects/copy-checks-the-digest", test_copy_checks_the_digest);
	ADD("/objects/absent-is-said", test_absent_is_said);
	return g_test_run();
}
