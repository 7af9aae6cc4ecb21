/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Whose files a program with raised rights reads for somebody: it opens them
 * with that user's rights, so that nobody learns through it what he could not
 * read himself, and devices, foreign folders and file systems that root may not
 * enter are what they are for him. Nothing but the opening is done so.
 *
 * NULL, or one that is not known: with our own rights.
 */
#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct caller {
	bool known;
	uid_t uid;
	gid_t gid;
};

/* The variables that sudo, pkexec, run0 and doas set, whatever their caller's environment holds;
 * NULL-terminated. */
extern const char *const caller_marks[];

void caller_enter(const struct caller *caller);
/* Keeps errno. */
void caller_leave(const struct caller *caller);
/* The whole file, read once; a link in its place is not followed. */
bool caller_read(const struct caller *caller, const char *path, size_t max, char **text,
		 size_t *len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
