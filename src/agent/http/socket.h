/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Sockets to listen on: a Unix one in a folder that nobody else can write, and TCP. */
#include <glib.h>
#include <stdbool.h>

#include "base/net.h"

/* Makes the folder (0700) where missing; takes away a socket that nobody answers on. */
bool socket_listen(const char *path, int *fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* name is for messages. */
bool socket_listen_tcp(const struct net_endpoint *endpoint, const char *name, int *fd,
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Is the other end our own user or root? */
bool socket_peer_is_ours(int fd);
