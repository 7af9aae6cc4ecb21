/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * One request, as the handlers see it: what was asked, and the ways to answer.
 * A handler answers exactly once, or waits with call_wait().
 *
 * What came by TCP is the front's (front.h) until call_leave(), and again after
 * call_return(); in between a reply is kept in the call, and sent there.
 */
#include <microhttpd.h>

#include "agent/agent.h"
#include "base/net.h"
#include "core/json.h"

#define CALL_ARGS 3

struct doors;
struct front;
struct listener;
struct route;

struct call {
	struct agent *agent;
	struct MHD_Connection *connection;
	struct listener *listener;
	const char *method, *url, *version;
	GString *body; /* as it came, byte by byte */
	size_t body_max, discarded;
	char *args[CALL_ARGS]; /* what the stars of the route stand for */
	enum MHD_Result sent;  /* of the answer */
	unsigned status;       /* of the answer, 0: none yet */
	size_t answer_len;
	const char *style; /* of a page, for its policy */
	bool forms;
	GPtrArray *headers; /* of the answer: name, value ... */
	bool waits;	    /* answered when the stack of args[0] rests */
	gint64 until;	    /* monotonic microseconds */
	bool parked;	    /* suspended */
	bool too_large;
	bool overloaded;       /* the bodies of all calls are too much */
	struct stream *stream; /* of /v1/events */
	/* What came by TCP. */
	bool web;
	bool secure;		  /* by TLS up to here */
	bool proxied;		  /* handed on by a proxy of trusted-proxy */
	char peer[NET_TEXT_SIZE]; /* who asks, behind the proxy if there is one */
	const struct route *route;
	char *why;    /* it was refused; for the log */
	bool quiet;   /* not for the log */
	gint64 began; /* monotonic microseconds */
	void *visit;  /* of the listener's kind */
	void (*after)(void *user);
	void *after_user;
	struct front *front;	       /* NULL: the call is the main loop's alone */
	bool away;		       /* not with the front */
	struct MHD_Response *response; /* that is kept, NULL: none */
	struct doors *doors;	       /* of a callback that waits for an answer at once */
	GSource *deadline;	       /* for that, NULL: none */
};

/* NULL when absent. */
const char *call_query(const struct call *call, const char *name);
/* NULL when absent, and when given more than once: then nobody knows which one counts. */
const char *call_header(const struct call *call, const char *name);
unsigned call_header_count(const struct call *call, const char *name);
/* A field of the answer that comes next. */
void call_add_header(struct call *call, const char *name, const char *value);
void call_reply(struct call *call, unsigned status, const char *type, const void *data, size_t len);
/* Calls after(user) once, in the main loop, when the answer has gone out or can no longer: for work
 * that must not delay it. There is one such work at most. */
void call_after(struct call *call, void (*after)(void *user), void *user);
void call_do_after(struct call *call);
/* In the front, from answer(): suspends the connection. The call is whose it is handed to next. */
void call_leave(struct call *call);
/* By whoever has it then: answer() follows in the front, which must call call_arrive(). */
void call_return(struct call *call);
/* False when the call was not away; else what was replied is sent now. */
bool call_arrive(struct call *call);
/* A page. style: the sources of its style sheet in CSP, "'sha256-...'", or NULL; forms: it has some
 * that are sent to us. */
void call_page(struct call *call, unsigned status, const char *html, const char *style, bool forms);
/* Why the call is refused, for the log alone. */
void call_note(struct call *call, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A field of a url-encoded body, g_free(); NULL when it is absent, there twice, or not UTF-8. */
char *call_form(const struct call *call, const char *name);
/* Is the header Content-Type this one, whatever its parameters? */
bool call_is_type(const char *header, const char *type);
/* Begins an answer: inside an object with schema_version. */
struct json_writer *call_json(void);
/* Ends the object and sends it. */
void call_send(struct call *call, unsigned status, struct json_writer *w);
void call_fail(struct call *call, unsigned status, const char *code, const char *message,
	       const char *hint);
/* The body as a JSON object; false when it has been answered with an error. */
bool call_body(struct call *call, struct json_doc **doc, struct json_obj *root);
