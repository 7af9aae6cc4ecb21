/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Rows of the tables of paths: routes.c for the socket, web.c for TCP. A '*' in
 * a pattern stands for one segment of the path; a table ends with a NULL method.
 */
#include "agent/http/call.h"

enum route_flags {
	ROUTE_FORM = 1 << 0,	    /* a page's form: from our own origin, url-encoded */
	ROUTE_PAGE = 1 << 2,	    /* read by a person: in their language */
	ROUTE_SECRET_PATH = 1 << 1, /* the path is no one's business: logged as the pattern */
};

struct route {
	const char *method, *pattern;
	void (*handle)(struct call *call);
	size_t body_max; /* of TCP: bytes; on the socket HTTP_BODY_MAX holds */
	unsigned flags;
	const char *door; /* whose callbacks the front may answer by itself, see notify/door.h */
};

/* Fills the call's args. NULL: no such path, or (known) none of this method. */
const struct route *route_find(const struct route *table, struct call *call, const char *method,
			       bool *known);
/* The methods of the call's path, as in the header Allow; g_free(). */
char *route_methods(const struct route *table, struct call *call);
