/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a plan needs, from the agent's own configuration and never from the
 * commit under review.
 *
 * For each change every rule that matches counts, and the stack's own approval
 * where none does. The strictest of all changes is the plan's: the largest
 * number of approvals, only people whom all accept, only channels that all
 * accept, authors only where all let them, the shortest time to decide and the
 * longest quiet time (none where one of them has none). So a plan needs no
 * approval only when each of its changes matches rules that require none.
 *
 * Two things no rule can lift by the way:
 * - Deletions have thresholds. More than the first, or more than
 *   POLICY_DELETIONS_FEW that are over a share of what the manifest declares,
 *   are many, and many need at least one approval.
 * - Many deletions, a rewritten history, and changes of the risks secret, root
 *   and cluster that need an approval at all, take signatures alone and no
 *   silence, unless a rule that matches that very risk names channels. A
 *   rewritten history needs at least one approval, as many deletions do.
 *
 * A plan that only puts back what was approved and applied before (its member
 * restores) needs nobody, unless it is one of many deletions.
 *
 * Besides the risks that stand in a plan (core/plan.h) there are classes that
 * only policy knows; see enum policy_class.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "core/plan.h"
#include "core/signers.h"
#include "core/statement.h"

#define POLICY_DELETIONS_FEW 3

/* Bits beside enum plan_risk. */
enum policy_class {
	POLICY_SIZE = 1 << 16,	       /* of each change of a plan with many */
	POLICY_UNSIGNED = 1 << 17,     /* of each change of a plan with a commit not well signed */
	POLICY_INTERRUPTION = 1 << 18, /* what starts, stops or restarts */
	POLICY_HISTORY = 1 << 19,      /* of each change of a plan of a rewritten history */
};

struct policy_change {
	const char *kind, *path, *action; /* path NULL when the kind has none */
	unsigned risk;			  /* enum plan_risk bits */
	const char *id;
};
/* What is judged. */
struct policy_input {
	const struct policy_change *changes;
	size_t count;
	/* Checks that run a command, as if it were a change of kind "command": they do what they
	 * will, and are nobody's change. */
	const struct policy_change *checks;
	size_t checks_count;
	int64_t resources;	       /* how many the manifest declares */
	bool has_unsigned;	       /* commits without a good signature */
	bool restores;		       /* each change puts back what was approved */
	bool is_rewritten;	       /* the commit does not descend from the one applied last */
	const char *home;	       /* what ~ means in a rule's path */
	const struct signers *signers; /* who can sign; NULL: everybody */
};
/* Why a plan needs what it needs: one row for each rule that had a say. */
struct policy_reason {
	const struct conf_rule *rule;	      /* borrowed from conf; NULL: no rule */
	const struct conf_approval *approval; /* what it asks for; NULL: a built-in restriction */
	const char *built_in;		      /* what that is */
	size_t changes;			      /* how many it is about */
	char *first;			      /* the id of the first of them, NULL where unknown */
};
struct policy {
	int64_t required, expires; /* expires: seconds from the plan's making */
	char **from;		   /* principals, sorted */
	bool author_may_approve;
	unsigned channels;  /* CHANNEL_BIT()s */
	int64_t quiet;	    /* seconds, 0: only people approve */
	char **break_glass; /* who may decide for all, sorted */
	GPtrArray *reasons; /* struct policy_reason; in the order of their first change */
};

/* False when nobody could ever approve such a plan. */
bool policy_of(const struct conf *conf, const struct conf_stack *stack,
	       const struct policy_input *in, struct policy *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void policy_clear(struct policy *policy);
/* "*" and "?" within a name, "**" across names; pattern may begin with "~/". */
bool policy_path_matches(const char *pattern, const char *path, const char *home);
