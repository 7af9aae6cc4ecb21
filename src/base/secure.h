/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Files that decide what is trusted: the trust file, the approver list, the
 * configuration.
 *
 * secure_read() opens without following a link at the end and believes the
 * descriptor only: a regular file, owned by root or by us, that nobody else can
 * write, in folders (up to the root) of which the same holds; a folder that
 * others may write must be sticky, and not the last one. The errors say what
 * to do.
 *
 * The functions for root's files are stricter: every folder from / on and the
 * file itself belong to root, nobody else can write them, sticky or not, and
 * there is no link on the way. So whoever may start a program as root cannot
 * choose what it believes.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* text is NUL-terminated beyond len. BASE_ERROR_NOT_FOUND when missing. */
bool secure_read(const char *path, size_t max, char **text, size_t *len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The folder itself: ours or root's, and nobody else can write it. BASE_ERROR_NOT_FOUND when
 * missing. */
bool secure_folder(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Can nobody but root and us put another file (a program, keys) in the place of this one, or write
 * it? Links on the way are followed one by one, and each must be out of others' reach, too. path:
 * absolute. */
bool secure_linked(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As secure_read(), for a file that must be root's alone. path: absolute and clean. */
bool secure_read_root(const char *path, size_t max, char **text, size_t *len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The folder and all above it are root's alone. BASE_ERROR_NOT_FOUND when missing. */
bool secure_folder_root(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
