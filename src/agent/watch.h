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
 *	watch_stop(unit)
 */
#include "agent/agent.h"

void watch_start(struct agent_unit *unit);
void watch_stop(struct agent_unit *unit);
void watch_settle(struct agent_unit *unit);
void watch_listed(struct agent_unit *unit);
void watch_name(struct agent_unit *unit);
void watch_applied(struct agent_unit *unit);
/* Why not all is watched, NULL: all is, or it shall not be. */
const char *watch_problem(const struct agent_unit *unit);
