/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What the API shows of the agent's state, as JSON. Read only. Each writes one
 * value under name (NULL inside an array); times are RFC 3339 in UTC.
 */
#include "agent/agent.h"

void view_stack(struct json_writer *w, const char *name, const struct agent_unit *unit);
/* Members instead of an object, for an answer that is the stack itself. */
void view_stack_members(struct json_writer *w, const struct agent_unit *unit);
void view_plan(struct json_writer *w, const char *name, const struct fold_plan *plan);
void view_plan_members(struct json_writer *w, const struct fold_plan *plan);
bool view_info_members(struct json_writer *w, const struct agent *agent, GError **error);
