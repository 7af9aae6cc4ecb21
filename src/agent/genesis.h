/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The approver list in force, and the entries that say so: the log's first one,
 * and one for each change of the list.
 */
#include "agent/agent.h"

/* Reads a list as secure_read() does, and keeps its bytes for those who read the log later. */
bool genesis_load(struct store *store, const char *file, struct signers **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Writes what the log does not say yet: genesis, or that the list is another now. */
bool genesis_record(struct agent *agent, GError **error) G_GNUC_WARN_UNUSED_RESULT;
