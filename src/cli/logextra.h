/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Files in a log's folder that the checkpoint does not speak of. Narrower
 * partial tiles of earlier sizes may stay and must agree with the tree;
 * anything beyond the signed size is not part of the log.
 */
#include "cli/logcheck.h"

/* levels: GArray of struct hash per level, from the leaves up. Nothing to do for a URL. */
bool log_extra_check(struct log_source *source, const GPtrArray *levels, const struct note_key *key,
		     struct log_report *report, GError **error) G_GNUC_WARN_UNUSED_RESULT;
