/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The notification server of the session, whichever it is.
 *
 *	server = server_new(on_event, user)      on_event: ALERT_SERVER, _GONE, _SHOWN,
 *	                                         _NOT_SHOWN, _CLOSED, _ACTION, _REPLIED
 *	server_show(), server_close(), server_start()
 *	server_stop(server, done, user)          when all has been sent
 *	server_free(server)
 *
 * No call waits. libnotify 0.8 offers no such thing: its show(), close() and
 * its questions for name and capabilities are synchronous, 25 seconds each
 * when the server hangs. So what goes over the bus is GDBus's here, and
 * libnotify is what it is without a bus: the application's name, urgencies,
 * times of expiry.
 *
 * A question has QUESTION_TIME to be answered. A Notify call has no end: a
 * server that was stopped and goes on later would show a notification whose
 * number we never learned, once for each try. alerts.c has one such call under
 * way for each notification, and after SILENCE_TIME the operators are told.
 */
#include "desktop/alerts.h"

struct server;
typedef void (*server_event_fn)(const struct alert_event *event, void *user);

struct server *server_new(server_event_fn event, void *user);
void server_free(struct server *server);
/* Is answered by ALERT_SHOWN or ALERT_NOT_SHOWN, unless the server goes. */
void server_show(struct server *server, const char *key, uint32_t replaces,
		 const struct words *words);
void server_close(struct server *server, uint32_t id);
/* Asks the bus to start one, where one is installed for that. */
void server_start(struct server *server);
/* For opening the page that a press of id asked for; NULL: none was given. Once. g_free(). */
char *server_take_token(struct server *server, uint32_t id);
void server_stop(struct server *server, void (*done)(void *user), void *user);
