/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent's API on its Unix socket (doc/api.yaml): libmicrohttpd inside the
 * main loop, without threads. Only the agent's own user and root are served.
 *
 *	http_open(agent, path, &server, &error)     listens; sets agent->watch
 *	http_close(server)
 *
 * Adding a route: a row in routes.c, its handler, a path in doc/api.yaml.
 */
#include <glib.h>
#include <microhttpd.h>
#include <stdbool.h>

#include "agent/agent.h"

#define HTTP_BODY_MAX ((size_t)64 << 10)
#define HTTP_CONNECTIONS 64
#define HTTP_TIMEOUT 30	   /* seconds without a byte */
#define HTTP_WAIT_MAX 3600 /* seconds that a caller may wait */

struct http_server;
bool http_open(struct agent *agent, const char *path, struct http_server **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void http_close(struct http_server *server);
