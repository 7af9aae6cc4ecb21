/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The credentials of the socket's other end. */
#include "agent/http/peer.h"

#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>

#include "core/text.h"

bool peer_find(const struct call *call, struct peer *out)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const struct conf_person *person;
	const struct passwd *pw;
	struct ucred cred;
	socklen_t len = sizeof(cred);

	*out = (struct peer){0};
	if (info == NULL ||
	    getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
	    len != sizeof(cred)) {
		return false;
	}
	out->uid = cred.uid;
	out->pid = cred.pid;
	pw = getpwuid(cred.uid);
	if (pw != NULL) {
		out->user = g_strdup(pw->pw_name);
		person = conf_person_of_user(call->agent->conf, pw->pw_name);
		out->person = person != NULL ? person->name : NULL;
	}
	return true;
}

char *peer_name(const struct call *call)
{
	g_auto(peer_auto) peer = {0};

	if (call->web || !peer_find(call, &peer)) {
		return NULL;
	}
	if (peer.person != NULL) {
		return g_strdup(peer.person);
	}
	if (peer.user != NULL && text_is_plain(peer.user, strlen(peer.user))) {
		return g_strconcat("unix:", peer.user, NULL);
	}
	return g_strdup_printf("unix:%" PRId64, peer.uid);
}

void peer_clear(struct peer *peer)
{
	g_clear_pointer(&peer->user, g_free);
}
