/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Why a plan needs what it needs: rule by rule as the configuration says now,
 * beside the policy that stands in the plan, who has voted, who still can, and
 * what is missing. Read only.
 */
#include "agent/agent.h"

/* The members of an answer. */
bool explain_members(struct json_writer *w, const struct agent_unit *unit,
		     const struct fold_plan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
