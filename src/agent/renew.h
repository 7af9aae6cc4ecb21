/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What another configuration means for plans that wait. It may have changed by
 * a reload or while the agent was not running; both are judged by what the
 * plan's own document says, so that they end alike.
 *
 * A plan whose source, policy or approver list is no longer that of the
 * configuration is closed and made anew: nobody approves under rules that no
 * longer hold. The plan of a stack that has gone is closed.
 */
#include "agent/agent.h"

/* Why the unit's open plan must be made anew, as one sentence for g_free(); NULL: it may stay. */
char *renew_outdated(struct agent_unit *unit);
/* The same of a plan that waits; NULL where none does. */
char *renew_reason(struct agent_unit *unit);
/* Closes the plans of stacks that are no longer configured. False when the log cannot be written,
 * or when such a stack is being applied: its end could not be told any more. */
bool renew_orphans(struct agent *agent, GError **error) G_GNUC_WARN_UNUSED_RESULT;
