/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Paths that a manifest writes: those of the host, and those of the repository.
 */
#include <glib.h>

#define PATHS_MAX 4095
#define PATHS_MAX_NAME 255

/* The absolute path on the host, without "//", "." and final slash; NULL with *problem set (to be
 * freed). '~' is home, which may be NULL. '..' and control characters are refused. */
char *paths_target(const char *text, const char *home, char **problem) G_GNUC_WARN_UNUSED_RESULT;
/* The text of a link: '~/' is expanded, the rest stays as it is. */
char *paths_link(const char *text, const char *home, char **problem) G_GNUC_WARN_UNUSED_RESULT;
/* A path in the repository, from its root. text is relative to folder, or begins with '/' and is
 * relative to top; it must not leave top. Both are repository paths, "" for the root. */
char *paths_source(const char *text, const char *folder, const char *top, char **problem)
	G_GNUC_WARN_UNUSED_RESULT;
/* The folder that holds a repository path: "" or without final slash. */
char *paths_folder(const char *path);
/* "a/b"; a alone or b alone when the other is empty. */
char *paths_join(const char *a, const char *b);
