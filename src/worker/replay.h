/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a privileged worker has applied last of a stack, so that an older plan
 * with good votes is not applied once more by whoever kept it.
 *
 * A file in the stack's folder (worker/privilege.h) for each key of an agent:
 * "begun SEQ PLAN" before anything becomes visible, "applied SEQ PLAN" when all
 * is in place for good. A plan is taken when its number is greater than the
 * last, or when it is the very plan that was begun and came to nothing. The
 * journal's lock must be held.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/plan.h"

struct replay {
	char *folder;
	const struct ssh_key *key; /* borrowed; that signed the plan */
};

bool replay_check(const struct replay *replay, const struct plan *plan, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Durable when it returns. */
bool replay_note(const struct replay *replay, const struct plan *plan, bool applied, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
