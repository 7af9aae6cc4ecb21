/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Starts a stack's jobs: scratch files, request, deadline. How they end is told
 * by results.h. False only when the state folder or the log fails.
 */
#include "agent/agent.h"

/* For agent_scratch(). */
#define LAUNCH_DIFF_DRAFT "diff/draft.json"
#define LAUNCH_DIFF_OBJECTS "diff/objects"

bool launch_fetch(struct agent_unit *unit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* As launch_plan(), beside the stack's own job and with files of its own. adopt: it only says what
 * there is to take over. */
bool launch_diff(struct agent_unit *unit, bool adopt, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool launch_plan(struct agent_unit *unit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool launch_apply(struct agent_unit *unit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool launch_undo(struct agent_unit *unit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool launch_recover(struct agent_unit *unit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
