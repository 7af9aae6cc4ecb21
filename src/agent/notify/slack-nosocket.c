/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instead of slack-socket.c where there is no libsoup. */
#include "agent/notify/slack-socket.h"

bool slack_socket_is_built(void)
{
	return false;
}

struct slack_socket *slack_socket_open(struct notifier *n, const struct shared_secret *token)
{
	(void)n;
	(void)token;
	return NULL;
}

void slack_socket_close(struct slack_socket *socket)
{
	(void)socket;
}
