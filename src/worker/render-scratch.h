/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A renderer's folder among the temporary files, for the time of one run.
 *
 *	render_scratch_make(&scratch, error)
 *	... scratch.path, which may be given away to the renderer's user ...
 *	render_scratch_remove(&scratch)
 *
 * Whoever makes one holds a lock on it for as long as it lives. One that nobody
 * holds was left by a worker that was killed; it goes when the next is made, if it
 * has our name, belongs to us (as root: or to a user id of sandboxes), is nobody
 * else's to enter, and holds nothing but what a run puts there.
 */
#include <glib.h>
#include <stdbool.h>

struct render_scratch {
	char *path; /* NULL: none */
	int fd;	    /* holds the lock */
};

bool render_scratch_make(struct render_scratch *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void render_scratch_remove(struct render_scratch *scratch);
