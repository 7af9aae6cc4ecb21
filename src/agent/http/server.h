/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent's API on its Unix socket (doc/api.yaml), for its own user and root,
 * and what others reach by TCP (web.h) when the configuration says so.
 *
 *	http_open(agent, path, &server, &error)     listens; sets agent->watch
 *	http_prepare(server, conf, &error)          before a new configuration counts
 *	http_commit(server, take)                   when that is decided
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
/* Makes what the section http of conf asks for; what serves now stays until http_commit(). */
bool http_prepare(struct http_server *server, const struct conf *conf, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* take: the prepared one serves from here on; else it is dropped. */
void http_commit(struct http_server *server, bool take);
void http_close(struct http_server *server);
