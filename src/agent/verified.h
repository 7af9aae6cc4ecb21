/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Whether commits were verified as the configuration demands it.
 *
 * The worker verifies when it fetches, and the log keeps what it found with the
 * list of commits. What was found under an older configuration, that demanded
 * less, does not do: nothing is planned of it, and a plan made of it is renewed.
 * Commits that were applied before (drift, rollback, return) are verified no
 * more.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/conf.h"
#include "core/plan.h"

bool verified_demands(const struct conf_source *source);
/* Do both demand the same, by the same files? */
bool verified_same(const struct conf_source *a, const struct conf_source *b);
/* reason: of the plan that is to be made; commits: the list, NULL: there is none. */
bool verified_commits(const struct conf_source *source, const char *reason, const char *commits,
		      size_t len);
bool verified_plan(const struct conf_source *source, const struct plan *plan);
