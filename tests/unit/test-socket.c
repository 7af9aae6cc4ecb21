/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The API's socket: its folder, what stands in its way, and who is let in. */
#include "agent/http/socket.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/file.h"
#include "scratch.h"

static void test_listen(void)
{
	char *dir = scratch_new();
	g_autofree char *path = g_build_filename(dir, "run", "assent", "a.sock", NULL);
	g_autofree char *folder = g_path_get_dirname(path);
	GError *error = NULL;
	struct stat st;
	int fd = -1, again = -1;

	g_assert_true(socket_listen(path, &fd, &error));
	g_assert_no_error(error);
	g_assert_cmpint(stat(folder, &st), ==, 0);
	g_assert_cmphex(st.st_mode & 07777, ==, 0700);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmphex(st.st_mode & 07777, ==, 0600);
	/* somebody answers: hands off */
	g_assert_false(socket_listen(path, &again, &error));
	g_assert_nonnull(strstr(error->message, "another program"));
	g_clear_error(&error);
	/* nobody does: it was left behind */
	close(fd);
	g_assert_true(socket_listen(path, &again, &error));
	g_assert_no_error(error);
	close(again);
	scratch_free(dir);
}

static void test_in_the_way(void)
{
	char *dir = scratch_new();
	g_autofree char *path = g_build_filename(dir, "file", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	size_t len;
	int fd = -1;

	g_assert_true(file_replace(path, "precious", 8, 0600, NULL));
	g_assert_false(socket_listen(path, &fd, &error));
	g_assert_nonnull(strstr(error->message, "is no socket"));
	g_assert_true(file_read(path, 100, &text, &len, NULL));
	g_assert_cmpstr(text, ==, "precious");
	scratch_free(dir);
}

static void test_folder(void)
{
	char *dir = scratch_new();
	g_autofree char *path = g_build_filename(dir, "a.sock", NULL);
	g_autoptr(GError) error = NULL;
	int fd = -1;

	g_assert_cmpint(chmod(dir, 0777), ==, 0);
	g_assert_false(socket_listen(path, &fd, &error));
	g_assert_nonnull(strstr(error->message, "only you can write"));
	scratch_free(dir);
}

static void test_length(void)
{
	g_autofree char *name = g_strnfill(120, 'x');
	g_autofree char *path = g_build_filename("/nowhere", name, NULL);
	g_autoptr(GError) error = NULL;
	int fd = -1;

	g_assert_false(socket_listen(path, &fd, &error));
	g_assert_nonnull(strstr(error->message, "longer than 107 bytes"));
}

static void test_peer(void)
{
	int pair[2];
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	g_assert_true(socket_peer_is_ours(pair[0]));
	g_assert_false(socket_peer_is_ours(file)); // nobody can be told
	close(pair[0]);
	close(pair[1]);
	close(file);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/socket/listens-where-nobody-answers", test_listen);
	g_test_add_func("/socket/keeps-what-is-no-socket", test_in_the_way);
	g_test_add_func("/socket/refuses-a-folder-of-others", test_folder);
	g_test_add_func("/socket/refuses-a-long-path", test_length);
	g_test_add_func("/socket/knows-its-peer", test_peer);
	return g_test_run();
}
