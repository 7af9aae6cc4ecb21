/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The package changes of one manager in a plan: one transaction. For
 * package.c and package-undo.c.
 */
#include "worker/target/target.h"

struct package_group {
	const struct package_ops *ops;
	struct target_run *run;
	struct package_run how;
	guint first, count; /* steps of run->steps */
};

/* The group that the step belongs to. */
bool package_group_find(struct target_run *run, const struct step *step, struct package_group *out,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;
struct step *package_group_step(const struct package_group *g, guint i);
bool package_group_list(const struct package_group *g, const struct package_list **out,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What the manager's list says of the package that a change is about. */
struct plan_state package_state(const struct package_ops *ops, const struct package_list *list,
				const struct plan_change *change);
/* The change of a package from what is there now; to NULL: removal. Freed by the caller. */
struct package_change *package_group_change(const struct package_group *g,
					    const struct package_list *list,
					    const struct plan_change *change, const char *to);
/* Does the manager's simulation do exactly these changes? Otherwise TARGET_ERROR_CHANGED says what
 * it does instead. Digests are compared where both sides have one. */
bool package_group_simulate(const struct package_group *g, const struct package_list *list,
			    const GPtrArray *changes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Holds and releases what is to be so, among what is there. want: of a change, 0, 1, or -1. */
bool package_group_hold(const struct package_group *g,
			int (*want)(const struct plan_change *change), GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

bool package_undo(struct target_run *run, struct step *step, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
