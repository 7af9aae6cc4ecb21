/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A worker that has more rights than whoever started it (sudo, pkexec, run0):
 * its caller owns the agent's account and is not believed in anything.
 *
 * privilege_detect() is right on the side of caution. Rights count as raised
 * when the process is root and anything speaks for somebody else behind it:
 * the argument `apply`, a mark that sudo, pkexec, run0 or doas leaves (the
 * caller can add one, and cannot take one away), a parent that is not root, a
 * standard input that is not root's, or a real user other than the effective.
 * What is left is root itself, which needs no worker to do as it likes.
 *
 * privilege_harden() comes before anything is opened or looked up.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/caller.h"

/* Where root's own files are: fixed when the worker is built. */
struct privilege_places {
	const char *trust; /* the trust file */
	const char *state; /* folder of journals and of what was applied */
};
struct privilege {
	bool raised;
	struct caller caller; /* whose the paths of a request are */
	const struct privilege_places *places;
};

/* asked: by the argument. False: this process must not go on, for the reason given. */
bool privilege_detect(struct privilege *out, bool asked, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Nothing of the caller's stays but the three descriptors: no environment, no other files, no
 * folder, groups, limits, or signals. */
bool privilege_harden(GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The folder of a stack of an agent, for root's eyes; g_free(). False when it is no name or when
 * somebody else might write there. make: else *folder is NULL when it is missing. */
bool privilege_folder(const struct privilege *privilege, const char *agent, const char *stack,
		      bool make, char **folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
