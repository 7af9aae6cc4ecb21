/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Folders that tests may fill; scratch_free() removes them with what they hold. */
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static inline char *scratch_new(void)
{
	g_autofree char *made = g_dir_make_tmp("assent-XXXXXX", NULL);
	char *real;

	g_assert_nonnull(made);
	real = realpath(made, NULL);
	g_assert_nonnull(real);
	return real;
}

static inline void scratch_remove(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0) {
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		GDir *d;
		const char *name;

		(void)chmod(path, 0700);
		d = g_dir_open(path, 0, NULL);
		while (d != NULL && (name = g_dir_read_name(d)) != NULL) {
			g_autofree char *child = g_build_filename(path, name, NULL);

			scratch_remove(child);
		}
		if (d != NULL) {
			g_dir_close(d);
		}
	}
	g_assert_cmpint(remove(path), ==, 0);
}

static inline void scratch_free(char *dir)
{
	scratch_remove(dir);
	free(dir);
}

static inline void scratch_folder(const char *dir, const char *rel)
{
	g_autofree char *path = g_build_filename(dir, rel, NULL);

	g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
}

static inline void scratch_file(const char *dir, const char *rel, const char *text)
{
	g_autofree char *path = g_build_filename(dir, rel, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(chmod(path, 0644), ==, 0);
}
