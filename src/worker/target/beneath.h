/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The folders that hold targets, reached without being led astray.
 *
 * With a root (a mirrored tree) nothing beneath the root is reached through a
 * link, ever: openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
 * RESOLVE_NO_MAGICLINKS), or component by component with O_NOFOLLOW where the
 * kernel or a filter has no openat2.
 *
 * Above the root, and for a path without one, a link is followed only when
 * both the link and the folder that holds it belong to root or to the user who
 * runs this process, and nobody else may rename things in that folder (it is
 * not writable for group and others, or it is sticky). So /var/run works, and
 * a link that somebody planted in /tmp or in a shared folder does not. The
 * last component of a root is never followed.
 *
 *	struct beneath *b = beneath_new(0);
 *	if (beneath_parent(b, root, path, &dirfd, &name, &error)) ... fstatat(dirfd, name, ...)
 *
 * BENEATH_ERROR_ABSENT: a folder on the way is missing, or is no folder.
 * BENEATH_ERROR_LINK: there is a link on the way that must not be followed.
 */
#include <glib.h>
#include <stdbool.h>

#define BENEATH_ERROR beneath_error_quark()
GQuark beneath_error_quark(void);
enum beneath_error { BENEATH_ERROR_FAILED, BENEATH_ERROR_ABSENT, BENEATH_ERROR_LINK };

enum beneath_flags {
	BENEATH_KEEP = 1 << 0,	       /* keep the last folder and root open: to look only */
	BENEATH_BY_COMPONENT = 1 << 1, /* as if there were no openat2 */
	BENEATH_NO_LINKS = 1 << 2,     /* none is followed, above the root neither */
};

struct beneath;
struct beneath *beneath_new(unsigned flags);
void beneath_free(struct beneath *b);
/* The folder that holds path (O_PATH; borrowed until the next call) and path's last component
 * (borrowed from path). Both absolute and clean; root NULL: none; path may be the root itself. */
bool beneath_parent(struct beneath *b, const char *root, const char *path, int *dirfd,
		    const char **name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The folder path itself. */
bool beneath_folder(struct beneath *b, const char *root, const char *path, int *dirfd,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* path is root or lies below it. */
bool beneath_is_within(const char *path, const char *root);

typedef struct beneath beneath_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(beneath_auto, beneath_free)
