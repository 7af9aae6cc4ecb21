/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a plan needs, from the agent's own configuration and never from the
 * commit under review.
 *
 * For each change every rule that matches counts, and the stack's own approval
 * where none does. The strictest of all changes is the plan's: the largest
 * number of approvals, only people whom all accept, authors only where all let
 * them, the shortest time. So a plan needs no approval only when each of its
 * changes matches rules that require none.
 *
 * Deletions have a threshold that no rule can lift: more than
 * POLICY_DELETIONS of them, or more than POLICY_DELETIONS_FEW that are over a
 * quarter of what the manifest declares, need at least one approval.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "core/statement.h"

#define POLICY_DELETIONS 10
#define POLICY_DELETIONS_FEW 3

struct policy_change {
	const char *kind, *path, *action; /* path NULL when the kind has none */
	unsigned risk;			  /* enum plan_risk bits */
};
struct policy {
	int64_t required, expires; /* expires: seconds from the plan's making */
	char **from;		   /* principals, sorted */
	bool author_may_approve;
	unsigned channels; /* CHANNEL_BIT()s */
};

/* resources: how many the manifest declares. home: what ~ means in a rule's path. False when nobody
 * could ever approve such a plan. */
bool policy_of(const struct conf *conf, const struct conf_stack *stack, const char *home,
	       const struct policy_change *changes, size_t count, int64_t resources,
	       struct policy *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void policy_clear(struct policy *policy);
/* "*" and "?" within a name, "**" across names; pattern may begin with "~/". */
bool policy_path_matches(const char *pattern, const char *path, const char *home);
