/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The files that the agent itself was told by: has one been changed on disk
 * since it was read? It is told, in the log once per change, and never taken
 * over by itself.
 *
 *	ownconf_start(agent)      after agent_open() and each agent_reload(): what is in force
 *	ownconf_problem(agent)    what differs from it, NULL: nothing
 *	ownconf_stop(agent)
 *
 * The configuration and the approver list count from the next reload on. The
 * trust file is the worker's, which reads it for each job: a change of it is
 * told, too, and counts already.
 */
#include "agent/agent.h"

void ownconf_start(struct agent *agent);
void ownconf_stop(struct agent *agent);
const char *ownconf_problem(const struct agent *agent);
