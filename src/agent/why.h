/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Everything by which a stack decides what it does next, for `assent why`: what
 * keeps it, what failed and when it is tried again, what is due.
 */
#include "agent/agent.h"
#include "core/json.h"

/* Members of an open object. */
void why_members(struct json_writer *w, const struct agent_unit *unit);
