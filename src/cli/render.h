/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A plan on the screen. Everything comes from the verified plan in struct
 * review, only the votes come from the agent's word; everything is escaped.
 * Removals are counted and stand first, and every change is listed with its
 * path, its modes and owners: a summary alone is never shown.
 */
#include "cli/out.h"
#include "cli/review.h"

/* Who, what commit, which policy, votes, expiry. now: POSIX seconds. */
void render_head(struct out *out, const struct review *review, int64_t now);
/* All changes, removals first. */
void render_changes(struct out *out, const struct plan *plan);
/* The whole diff, change by change in the order of render_changes(). */
void render_diff(struct out *out, const struct review *review);
/* Removals among the plan's changes. */
size_t render_count_removals(const struct plan *plan);
