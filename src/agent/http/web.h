/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What others reach by TCP, when the configuration has a section http: push
 * hooks, chat callbacks, pages. The socket's own paths never appear here.
 *
 * Before any handler runs, a call has passed the limits of number, time, rate,
 * method, path and size, its Host is one of ours, and a form (ROUTE_FORM) comes
 * from a page of ours. Then
 *
 *	call->peer, call->proxied     who asks, and whether a trusted proxy says so
 *	call_header(call, "X-...")    NULL when it is there twice
 *	call->body                    byte by byte as it was sent
 *	call_form(call, "reason")     a field of a form
 *	call_note(call, "...")        why it was refused: for the log, not for the peer
 *	call_add_header(), call_page(), call_reply(), call_fail()
 *
 * Up to there, and for callbacks that it may answer, a call is the front's
 * (front.h); handlers run in the main loop.
 *
 * Adding a path: a row in web.c, its handler, a line in doc/http.md, a path in
 * doc/web-api.yaml.
 *
 *	web_open(agent, conf, before, &web, &error)  takes the port of one before it; serves
 *						     nobody yet
 *	web_serve(web)                               from here on
 *	web_drain(before, web)                       accepts nobody any more
 *	web_close(web)
 */
#include <glib.h>
#include <stdbool.h>

#include "agent/http/route.h"
#include "base/conf.h"

struct web;

extern const struct route web_routes[]; /* ends with a NULL method */

/* before may be NULL. What it needs of conf it copies. */
bool web_open(struct agent *agent, const struct conf *conf, const struct web *before,
	      struct web **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void web_serve(struct web *web);
/* after must outlive it; NULL: none comes. */
void web_drain(struct web *web, const struct web *after);
bool web_is_idle(struct web *web);
void web_close(struct web *web);
/* Where others find path: "/plans/..." below public-url, or at listen. g_free(). */
char *web_link(const struct conf_http *http, const char *path);
