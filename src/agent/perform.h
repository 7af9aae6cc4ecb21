/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Does what a step asks for: appends entries, starts jobs, publishes plans.
 * Each effect of stack.h has one function here.
 */
#include "agent/agent.h"

/* False when it could not be done; the effects that follow must not be done either. The agent has
 * been told already. */
bool perform(struct agent_unit *unit, enum stack_effect effect, enum stack_phase phase,
	     const char *reason, const struct agent_news *news);
