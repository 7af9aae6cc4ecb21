/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Does a plan only put back what people approved (doc/formats.md 2, "restores")?
 *
 *	restore_check(plan, named, count, &err)
 *
 * named are the plans that it names, verified by the caller: signed by the same
 * agent, and approved. That is all that is asked of them here; whether they were
 * applied only a log can tell. Who looks for plans to be named asks change by change:
 *
 *	restore_open(&evidence, plans, count, returns, &err)
 *	why = restore_problem(evidence, change)
 *	restore_free(evidence)
 */
#include "core/plan.h"

struct restore;

/* returns: for a plan of reason `return`, which puts back what the trials among the plans had
 * observed. The plans are borrowed. */
int restore_open(struct restore **out, const struct plan *const *plans, size_t count, bool returns,
		 struct assent_error *err) ASSENT_CHECKED;
void restore_free(struct restore *restore);
/* NULL: what it wants was approved; else why not, as the end of a sentence that begins with its id.
 */
const char *restore_problem(const struct restore *restore, const struct plan_change *change);
/* Do both run exactly the same? */
bool restore_same_check(const struct plan_check *a, const struct plan_check *b);
/* The whole rule, in both directions: the plan names exactly these, of its own agent and stack and
 * all older than itself, of which none restores itself; each of its changes is proved by them, and
 * so is each command that it would run as a check. */
int restore_check(const struct plan *plan, const struct plan *const *named, size_t count,
		  struct assent_error *err) ASSENT_CHECKED;
/* Is this change of the kind that no plan can prove? NULL: it is not; else why, as above. */
const char *restore_unprovable(const struct plan_change *change);
/* What is said of units that are read again: it belongs to what else is done. */
bool restore_is_reload(const struct plan_change *change);
