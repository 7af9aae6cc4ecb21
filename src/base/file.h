/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Whole files: read with a bound, replaced atomically, made durable.
 *
 * file_replace_at() writes a temporary file beside the target, syncs it,
 * renames it over the target and syncs the folder. An fsync error is returned
 * and must be treated as fatal by the caller, never retried.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* text is NUL-terminated beyond len. Refuses anything but a regular file. */
bool file_read_at(int dirfd, const char *path, size_t max, char **text, size_t *len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool file_read(const char *path, size_t max, char **text, size_t *len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The same for one that is open; path is for messages. */
bool file_read_fd(int fd, const char *path, size_t max, char **text, size_t *len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The same for a file that holds a secret: refuses one that others than its owner may read. */
bool file_read_secret(const char *path, size_t max, char **text, size_t *len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool file_replace_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool file_replace(const char *path, const void *data, size_t len, mode_t mode, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Atomic, but durable only after file_sync_all(): for many files at once. */
bool file_replace_unsynced(const char *path, const void *data, size_t len, mode_t mode,
			   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Syncs the file system that holds the open file or folder. */
bool file_sync_all(int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Missing folders are made with mode; each new one is synced into its parent. */
bool file_mkdirs(const char *path, mode_t mode, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool file_sync_dir(int dirfd, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* write() until done. */
bool file_write_all(int fd, const void *data, size_t len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* An exclusive lock held by the descriptor; fails at once with BASE_ERROR_TIMEOUT when taken. */
bool file_lock(const char *path, int *fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* prefix and 16 random hexadecimal digits; g_free(). */
char *file_temp_name(const char *prefix);
