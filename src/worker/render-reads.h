/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a renderer may read of this host besides /usr: the configuration names it.
 *
 *	render_reads(reads, hidden, &real, error)
 *
 * Each path is judged by where it leads, links followed. It must be out of others'
 * reach, and neither be, hold nor be beneath what no renderer may see: /proc, /sys,
 * /dev, /run, and `hidden`, which are the agent's own folders and files.
 */
#include <glib.h>
#include <stdbool.h>

/* Absolute paths, lists that end with NULL; either may be NULL. *real: where each of reads leads,
 * in their order; free with g_strfreev(). */
bool render_reads(const char *const *reads, const char *const *hidden, char ***real, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
