/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* A Unix socket to listen on, in a folder that nobody else can write. */
#include <glib.h>
#include <stdbool.h>

/* Makes the folder (0700) where missing; takes away a socket that nobody answers on. */
bool socket_listen(const char *path, int *fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Is the other end our own user or root? */
bool socket_peer_is_ours(int fd);
