/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A place where requests come in: libmicrohttpd inside a main loop, without
 * threads of its own, and the life of each call. Who is let in and what is answered
 * is the business of its kind: the socket's (server.c) or that of TCP (web.c).
 *
 *	listener_open(&setup, &listener, &error)
 *	listener_serve(listener)                  from here on, in the context's thread
 *	listener_wake(listener, connection)       resumes a connection that was suspended
 *	listener_drain(listener)                  accepts nobody any more
 *	listener_close(listener)                  NULL is accepted
 *
 * All of this, and what the kind does, happens in the thread that iterates the
 * context; opening and closing while nobody does.
 */
#include <glib.h>
#include <microhttpd.h>
#include <stdbool.h>

#include "agent/http/call.h"

struct listener;

/* All but answer may be NULL. */
struct listener_kind {
	/* Shall there be a connection at all? */
	bool (*admit)(void *user, const struct sockaddr *address);
	/* A connection has begun; what comes back is its visit, until it has ended. */
	void *(*enter)(void *user, int fd, const struct sockaddr *address);
	void (*leave)(void *user, void *visit);
	/* The header is complete, the body has not been read: answers, or lets it come. */
	void (*begin)(struct call *call);
	void (*answer)(struct call *call);
	/* complete: the answer has gone out. */
	void (*ended)(struct call *call, bool complete);
};

struct listener_setup {
	const struct listener_kind *kind;
	struct agent *agent;
	void *user;
	int fd;		       /* listens; the listener's when it could be opened */
	GMainContext *context; /* NULL: the default one */
	unsigned flags;
	const struct MHD_OptionItem *options;
};

bool listener_open(const struct listener_setup *setup, struct listener **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void listener_serve(struct listener *listener);
void *listener_user(const struct listener *listener);
void listener_wake(struct listener *listener, struct MHD_Connection *connection);
void listener_drain(struct listener *listener);
/* Whoever is suspended must have been resumed. */
void listener_close(struct listener *listener);
