/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Notices that something was changed at places on this host, by inotify(7).
 *
 *	watcher_new(touched, &user)        nothing is watched yet
 *	watcher_set(w, places, n)          these from now on; true when one is new
 *	touched(user)                      from the main loop, once for a burst
 *	watcher_drain(w)                   what has happened so far is known
 *	watcher_free(w)
 *
 * A place is a path, or a folder of which every name matters. Of a path also
 * the folders above it are watched, for the next name on the way: it may be
 * missing, or a folder above may be moved away. A burst ends when it was quiet
 * for WATCHER_QUIET, and is told after WATCHER_LONGEST at the latest.
 *
 * What the kernel cannot tell (its queue was full, a limit was reached, a
 * folder went) is told as a change, so that somebody looks; watcher_problem()
 * says what is not watched. Places that are missing or could not be watched are
 * tried again by the next watcher_set().
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define WATCHER_QUIET 200    /* milliseconds */
#define WATCHER_LONGEST 1000 /* the same */
#define WATCHER_NAMES 1000   /* of a folder; with more of them every name matters */

struct watcher;
struct watcher_place {
	const char *path; /* absolute, without "..", "." and double slashes */
	bool whole;	  /* a folder of which every name matters */
};

struct watcher *watcher_new(void (*touched)(void *user), void *user);
void watcher_free(struct watcher *watcher);
/* True when something is watched that was not before: what happened there meanwhile is unknown. */
bool watcher_set(struct watcher *watcher, const struct watcher_place *places, size_t count);
/* Reads what the kernel has to tell, and forgets it. */
void watcher_drain(struct watcher *watcher);
/* Why not all is watched; NULL: all is. */
const char *watcher_problem(const struct watcher *watcher);
/* Folders that are watched. */
size_t watcher_folders(const struct watcher *watcher);
/* For tests: as if the kernel's queue had run full. */
void watcher_overflow(struct watcher *watcher);
