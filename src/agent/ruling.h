/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent's policy, applied to what it has: a draft on its way to a plan, or a
 * plan that was made before. The latter tells whether a plan may still be
 * applied after the configuration has changed, and why it needs what it needs.
 */
#include "agent/agent.h"
#include "agent/policy.h"

/* commits: the list's JSON, NULL for none. */
bool ruling_of_draft(const struct agent_unit *unit, const struct draft *draft, const char *commits,
		     size_t len, struct policy *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool ruling_of_plan(const struct agent_unit *unit, const struct plan *plan, struct policy *out,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Is what the plan says of its policy still what the configuration says? Its expiry is its own. */
bool ruling_holds(const struct agent_unit *unit, const struct plan *plan);
