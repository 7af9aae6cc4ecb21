/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * One request, as the handlers see it: what was asked, and the ways to answer.
 * A handler answers exactly once, or waits with call_wait().
 */
#include <microhttpd.h>

#include "agent/agent.h"
#include "core/json.h"

#define CALL_ARGS 3

struct call {
	struct agent *agent;
	struct MHD_Connection *connection;
	const char *method, *url;
	GString *body;
	char *args[CALL_ARGS]; /* what the stars of the route stand for */
	enum MHD_Result sent;  /* of the answer */
	bool waits;	       /* answered when the stack of args[0] rests */
	gint64 until;	       /* monotonic microseconds */
	bool parked;	       /* suspended */
	bool too_large;
	struct stream *stream; /* of /v1/events */
};

/* NULL when absent. */
const char *call_query(const struct call *call, const char *name);
void call_reply(struct call *call, unsigned status, const char *type, const void *data, size_t len);
/* Begins an answer: inside an object with schema_version. */
struct json_writer *call_json(void);
/* Ends the object and sends it. */
void call_send(struct call *call, unsigned status, struct json_writer *w);
void call_fail(struct call *call, unsigned status, const char *code, const char *message,
	       const char *hint);
/* The body as a JSON object; false when it has been answered with an error. */
bool call_body(struct call *call, struct json_doc **doc, struct json_obj *root);
