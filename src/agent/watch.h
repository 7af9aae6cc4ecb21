/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A stack's places under watch: what a plan job has listed (doc/worker.md,
 * "plan", `watch`), watched until the next list. What is noticed becomes
 * STACK_TOUCHED.
 *
 *	watch_start(unit)     at start and after a reload: by the configuration and the last list
 *	watch_settle(unit)    a plan job starts: what has happened so far it will see
 *	watch_listed(unit)    and has left its list
 *	watch_name(unit)      who did what unit->drift tells, where that is known
 *	watch_applied(unit)   an apply has ended: what has happened so far was our own, and is
 *	                      looked at once
 *	watch_objects(unit)   a look for drift starts: which objects of clusters it is to be about
 *	watch_stop(unit)
 *
 * Objects of clusters are followed by cluster-watch.h, which tells here what
 * happened to them. A look that this asks for is about these and about what was
 * found to differ before; all of them are looked at each drift-interval.
 */
#include "agent/agent.h"

/* What a cluster told of an object; all borrowed. */
struct watch_hint {
	const char *id;	     /* of the change */
	const char *manager; /* whose traces are new, NULL: not known */
	const char *subresource;
	int64_t time; /* 0: not known */
	bool own;     /* nobody's but those of our own applies */
};
void watch_hinted(struct agent_unit *unit, const struct watch_hint *hint);
/* A cluster's objects are followed from now on (begun), or the problem is another. */
void watch_followed(struct agent_unit *unit, bool begun);
/* Ids, sorted; NULL: all objects. g_ptr_array_unref(). */
GPtrArray *watch_objects(struct agent_unit *unit);

void watch_start(struct agent_unit *unit);
void watch_stop(struct agent_unit *unit);
void watch_settle(struct agent_unit *unit);
void watch_listed(struct agent_unit *unit);
void watch_name(struct agent_unit *unit);
void watch_applied(struct agent_unit *unit);
/* Why not all is watched, NULL: all is, or it shall not be. */
const char *watch_problem(const struct agent_unit *unit);
