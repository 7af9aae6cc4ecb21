/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The list of a stack's applies for its plan jobs (doc/worker.md, "applied"):
 * what the log says of them, in a file, written anew when there is more.
 */
#include "agent/agent.h"

/* *file: the list's path, for g_free(); NULL when nothing was ever applied. */
bool applies_write(struct agent_unit *unit, char **file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
