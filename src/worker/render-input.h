/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Writes a folder of the commit into an empty folder of ours, for a renderer that
 * is going to read it: files and links, with fixed modes and bounds.
 *
 * A link is written when its text stays inside the folder. One that leaves it is an
 * error where the renderer works (ask->folder), and is left out elsewhere in root:
 * it may be meant for something else.
 */
#include "worker/render.h"

/* dir exists. digest is that of everything written, of their names and modes. */
bool render_input_write(const struct render_ask *ask, const char *dir, uid_t uid,
			struct hash *digest, GError **error) G_GNUC_WARN_UNUSED_RESULT;
