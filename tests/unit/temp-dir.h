/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* A folder of a test's own: temp_new() makes it, temp_free() removes all of it. */
#include <errno.h>
#include <ftw.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>

static inline char *temp_new(void)
{
	g_autoptr(GError) error = NULL;
	char *dir = g_dir_make_tmp("assent-test-XXXXXX", &error);

	g_assert_no_error(error);
	return dir;
}

static inline int temp_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static inline void temp_free(char *dir)
{
	g_assert_cmpint(nftw(dir, temp_remove, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
	g_free(dir);
}

/* Writes DIR/name with mode 0644. g_free(). */
static inline char *temp_file(const char *dir, const char *name, const char *text)
{
	g_autoptr(GError) error = NULL;
	char *path = g_build_filename(dir, name, NULL);

	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_chmod(path, 0644), ==, 0);
	return path;
}
