/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What the API offers: one row a route, see route.h.
 */
#include "agent/agent.h"
#include "agent/http/route.h"

extern const struct route routes[]; /* ends with a NULL method */

/* Answers the call by the table, unknown paths and methods included. */
void routes_handle(struct call *call);
/* The answer after a wait. */
void routes_rested(struct call *call);
/* The answer to a decision: why it was refused (of decide()), or how the plan stands now. */
void routes_refuse(struct call *call, const GError *error);
void routes_accept(struct call *call, const struct fold_plan *plan);
/* The same, after the plan's stack was told to look again. */
void routes_decided(struct call *call, const struct fold_plan *plan);
/* The stack that is asked to do something, and how long the caller waits; NULL: it was answered. */
struct agent_unit *routes_begin(struct call *call, gint64 *seconds);
/* Tells it, and answers now or when it rests. */
void routes_finish(struct call *call, struct agent_unit *unit, enum stack_event event,
		   gint64 seconds);
/* Provided by the server: answer when the stack of args[0] rests, seconds at most. */
void call_wait(struct call *call, int64_t seconds);
/* Provided by the server: log entries from now on, a line each. */
void call_stream(struct call *call);
