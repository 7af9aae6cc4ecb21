/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which resource waits for which (edges.c finds it out) and the order that
 * follows (order.c). Nothing outside src/desired/ includes this.
 */
#include "desired/load.h"

enum edge_why {
	EDGE_AFTER,
	EDGE_NOTIFY,  /* what notifies comes before what it notifies */
	EDGE_FOLDER,  /* a folder before what lies beneath it */
	EDGE_PACKAGE, /* a package before the service of its name */
	EDGE_UNIT,    /* a file of a unit before its service */
};
/* from waits for to. */
struct edge {
	struct desired_resource *from, *to;
	enum edge_why why;
	bool removed;
};

/* Resolves `after` and `notify`, and adds what follows from the resources themselves; sets r->after
 * and r->notify. Positions must be those in resources. Gives struct edge. */
GPtrArray *edges_find(struct load *l);
