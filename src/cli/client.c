/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to the agent and what comes back. */
#include "cli/client.h"

struct client {
	char *socket;
};

struct client *client_new(const char *socket)
{
	struct client *client = g_new0(struct client, 1);

	client->socket = g_strdup(socket);
	return client;
}

void client_free(struct client *client)
{
	if (client != NULL) {
		g_free(client->socket);
		g_free(client);
	}
}
