/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/file.c. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

struct fixture {
	char *dir;
};

static void set_up(struct fixture *f, const void *data)
{
	(void)data;
	f->dir = g_dir_make_tmp("assent-file-XXXXXX", NULL);
	g_assert_nonnull(f->dir);
}

static unsigned count_entries(const char *dir)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	unsigned n = 0;

	while (g_dir_read_name(d) != NULL) {
		n++;
	}
	g_dir_close(d);
	return n;
}

static void remove_all(const char *path)
{
	if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
		GDir *d = g_dir_open(path, 0, NULL);
		const char *name;

		while ((name = g_dir_read_name(d)) != NULL) {
			g_autofree char *child = g_build_filename(path, name, NULL);

			remove_all(child);
		}
		g_dir_close(d);
	}
	g_assert_cmpint(g_remove(path), ==, 0);
}

static void tear_down(struct fixture *f, const void *data)
{
	(void)data;
	remove_all(f->dir);
	g_free(f->dir);
}

static void test_replace_and_read(struct fixture *f, const void *data)
{
	g_autofree char *path = g_build_filename(f->dir, "x", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	struct stat st;
	size_t len;

	(void)data;
	g_assert_true(file_replace(path, "one", 3, 0644, &error));
	g_assert_true(file_replace(path, "two\0!", 5, 0600, &error));
	g_assert_true(file_read(path, 5, &text, &len, &error));
	g_assert_cmpmem(text, len, "two\0!", 5);
	g_assert_cmpint(text[5], ==, 0);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 0600);
	g_assert_cmpint(count_entries(f->dir), ==, 1);
}

static void test_failed_replace_leaves_nothing(struct fixture *f, const void *data)
{
	g_autofree char *path = g_build_filename(f->dir, "d", NULL);
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_true(file_mkdirs(path, 0700, &error));
	g_assert_false(file_replace(path, "x", 1, 0600, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
	g_assert_cmpint(count_entries(f->dir), ==, 1);
}

static void test_too_large_is_refused(struct fixture *f, const void *data)
{
	g_autofree char *path = g_build_filename(f->dir, "x", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	size_t len = 77;

	(void)data;
	g_assert_true(file_replace(path, "12345", 5, 0600, &error));
	g_assert_false(file_read(path, 4, &text, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
	g_assert_null(text);
	g_assert_cmpuint(len, ==, 77);
}

static void test_not_regular_is_refused(struct fixture *f, const void *data)
{
	g_autofree char *path = g_build_filename(f->dir, "fifo", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	size_t len;

	(void)data;
	g_assert_cmpint(mkfifo(path, 0600), ==, 0);
	g_assert_false(file_read(path, 4, &text, &len, &error));
	g_assert_nonnull(strstr(error->message, "not a regular file"));
	g_clear_error(&error);
	g_assert_false(file_read(f->dir, 4, &text, &len, &error));
	g_assert_nonnull(strstr(error->message, "not a regular file"));
}

/* /proc files say size 0 and have bytes all the same. */
static void test_bytes_beyond_the_stated_size(void)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	size_t len = 0;

	g_assert_true(file_read("/proc/self/status", 65536, &text, &len, &error));
	g_assert_cmpuint(len, >, 10);
	g_assert_cmpuint(strlen(text), ==, len);
	g_assert_false(file_read("/proc/self/status", 10, &text, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void test_open_secret_is_refused(struct fixture *f, const void *data)
{
	g_autofree char *path = g_build_filename(f->dir, "key", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	size_t len;

	(void)data;
	g_assert_true(file_replace(path, "s", 1, 0640, &error));
	g_assert_false(file_read_secret(path, 10, &text, &len, &error));
	g_assert_nonnull(strstr(error->message, "chmod 600"));
	g_clear_error(&error);
	g_assert_cmpint(g_chmod(path, 0400), ==, 0);
	g_assert_true(file_read_secret(path, 10, &text, &len, &error));
}

static void test_mkdirs(struct fixture *f, const void *data)
{
	g_autofree char *path = g_build_filename(f->dir, "a/b//c/", NULL);
	g_autofree char *file = g_build_filename(f->dir, "file", NULL);
	g_autofree char *below = g_build_filename(f->dir, "file/x", NULL);
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_true(file_mkdirs(path, 0700, &error));
	g_assert_true(g_file_test(path, G_FILE_TEST_IS_DIR));
	g_assert_true(file_mkdirs(path, 0700, &error));
	g_assert_true(file_replace(file, "", 0, 0600, &error));
	g_assert_false(file_mkdirs(below, 0700, &error));
	g_assert_nonnull(error);
}

static void test_second_lock_is_refused(struct fixture *f, const void *data)
{
	g_autofree char *path = g_build_filename(f->dir, "lock", NULL);
	g_autoptr(GError) error = NULL;
	autofd first = -1;
	int fd = -1, second = -1;

	(void)data;
	g_assert_true(file_lock(path, &fd, &error));
	first = fd;
	g_assert_false(file_lock(path, &second, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT);
	g_assert_cmpint(second, ==, -1);
}

#define ADD(name, function) g_test_add(name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/file/replace-and-read", test_replace_and_read);
	ADD("/file/failed-replace-leaves-nothing", test_failed_replace_leaves_nothing);
	ADD("/file/too-large-is-refused", test_too_large_is_refused);
	ADD("/file/not-regular-is-refused", test_not_regular_is_refused);
	g_test_add_func("/file/bytes-beyond-the-stated-size", test_bytes_beyond_the_stated_size);
	ADD("/file/open-secret-is-refused", test_open_secret_is_refused);
	ADD("/file/mkdirs", test_mkdirs);
	ADD("/file/second-lock-is-refused", test_second_lock_is_refused);
	return g_test_run();
}
