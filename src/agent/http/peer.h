/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who holds the other end of the Unix socket, as the kernel says: a Unix user,
 * and the person of the configuration whose user that is.
 */
#include "agent/http/call.h"

struct peer {
	int64_t uid, pid;
	char *user;	    /* NULL: the user has no name */
	const char *person; /* of the configuration; NULL: nobody's user */
};

/* False when the kernel does not say. */
bool peer_find(const struct call *call, struct peer *out);
/*
 * What an entry of the log calls them: the person, else "unix:" and the user, which no name of
 * the configuration can be; free it. NULL: unknown.
 */
char *peer_name(const struct call *call);
void peer_clear(struct peer *peer);

typedef struct peer peer_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(peer_auto, peer_clear)
