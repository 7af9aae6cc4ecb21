/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of desired/reader-folder.c on a folder made for the purpose. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "desired/reader.h"

struct fixture {
	char *folder;
	struct reader *reader;
};

static char *in(const struct fixture *f, const char *name)
{
	return g_build_filename(f->folder, name, NULL);
}

static void make_folder(const struct fixture *f, const char *name)
{
	g_autofree char *path = in(f, name);

	g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
}

static void make_file(const struct fixture *f, const char *name, mode_t mode)
{
	g_autofree char *path = in(f, name);

	g_assert_true(g_file_set_contents(path, "text", 4, NULL));
	g_assert_cmpint(chmod(path, mode), ==, 0);
}

static void make_link(const struct fixture *f, const char *name, const char *to)
{
	g_autofree char *path = in(f, name);

	g_assert_cmpint(symlink(to, path), ==, 0);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	f->folder = g_dir_make_tmp("assent-XXXXXX", NULL);
	g_assert_nonnull(f->folder);
	make_folder(f, "a");
	make_folder(f, "a/empty");
	make_folder(f, ".git");
	make_file(f, ".git/config", 0644);
	make_file(f, "a/file", 0644);
	make_file(f, "a/run", 0755);
	make_link(f, "link", "a");
	make_link(f, "a/out", "/etc/passwd");
	f->reader = reader_open_folder(f->folder, NULL);
	g_assert_nonnull(f->reader);
}

static void remove_all(const char *path)
{
	g_autoptr(GDir) dir = NULL;
	struct stat st;

	g_assert_cmpint(lstat(path, &st), ==, 0);
	dir = S_ISDIR(st.st_mode) ? g_dir_open(path, 0, NULL) : NULL;
	for (const char *n = dir != NULL ? g_dir_read_name(dir) : NULL; n != NULL;
	     n = g_dir_read_name(dir)) {
		g_autofree char *inner = g_build_filename(path, n, NULL);

		remove_all(inner);
	}
	g_assert_cmpint(remove(path), ==, 0);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	reader_free(f->reader);
	remove_all(f->folder);
	g_free(f->folder);
}

static enum reader_type type_at(struct fixture *f, const char *path)
{
	struct reader_entry entry = {0};

	g_assert_true(reader_stat(f->reader, path, &entry, NULL));
	return entry.type;
}

static void test_stat_follows_no_link(struct fixture *f, gconstpointer data)
{
	struct reader_entry entry = {0};

	g_assert_cmpint(type_at(f, ""), ==, READER_FOLDER);
	g_assert_cmpint(type_at(f, "a"), ==, READER_FOLDER);
	g_assert_cmpint(type_at(f, "link"), ==, READER_LINK);
	g_assert_cmpint(type_at(f, "link/file"), ==, READER_ABSENT);
	g_assert_cmpint(type_at(f, "a/file/x"), ==, READER_ABSENT);
	g_assert_cmpint(type_at(f, "nope"), ==, READER_ABSENT);
	g_assert_cmpint(type_at(f, ".git"), ==, READER_ABSENT);
	g_assert_cmpint(type_at(f, ".git/config"), ==, READER_ABSENT);
	g_assert_true(reader_stat(f->reader, "a/run", &entry, NULL));
	g_assert_true(entry.executable);
	g_assert_cmpuint(entry.size, ==, 4);
	g_assert_cmpstr(entry.oid, ==, "");
}

static void test_read_gives_files_and_the_texts_of_links(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *file = NULL, *link = NULL, *none = NULL;
	size_t len = 0;

	g_assert_true(reader_read(f->reader, "a/file", 4, &file, &len, NULL));
	g_assert_cmpstr(file, ==, "text");
	g_assert_true(reader_read(f->reader, "a/out", 100, &link, &len, NULL));
	g_assert_cmpstr(link, ==, "/etc/passwd");
	g_assert_false(reader_read(f->reader, "a/file", 3, &none, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_false(reader_read(f->reader, "link/file", 100, &none, &len, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_false(reader_read(f->reader, "nope", 100, &none, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static bool note(void *data, const struct reader_entry *entry, GError **error)
{
	g_string_append_printf(data, "%s %d\n", entry->path, entry->type);
	return true;
}

static bool refuse(void *data, const struct reader_entry *entry, GError **error)
{
	return fail(error, BASE_ERROR, BASE_ERROR_CANCELLED, "enough");
}

static void test_walk_tells_files_and_links(struct fixture *f, gconstpointer data)
{
	g_autoptr(GString) all = g_string_new(NULL), some = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *fifo = in(f, "a/fifo");

	g_assert_true(reader_walk(f->reader, "", note, all, NULL));
	g_assert_cmpstr(all->str, ==, "a/file 1\na/out 2\na/run 1\nlink 2\n");
	g_assert_true(reader_walk(f->reader, "a", note, some, NULL));
	g_assert_cmpstr(some->str, ==, "a/file 1\na/out 2\na/run 1\n");
	g_assert_false(reader_walk(f->reader, "link", note, some, &error));
	g_clear_error(&error);
	g_assert_false(reader_walk(f->reader, "a", refuse, NULL, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
	g_clear_error(&error);
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_false(reader_walk(f->reader, "a", note, some, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/reader/stat-follows-no-link", struct fixture, NULL, set_up,
		   test_stat_follows_no_link, tear_down);
	g_test_add("/reader/read-gives-files-and-the-texts-of-links", struct fixture, NULL, set_up,
		   test_read_gives_files_and_the_texts_of_links, tear_down);
	g_test_add("/reader/walk-tells-files-and-links", struct fixture, NULL, set_up,
		   test_walk_tells_files_and_links, tear_down);
	return g_test_run();
}
