/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What is to become of what differs (doc/worker.md, "Drift"). Rules and arithmetic
 * only; plan-drift.c knows where the changes come from.
 *
 *	fields = drift_fields(change, &whole)
 *	class = drift_judge(rules, change, resource, &ignored)      each change by itself
 *	drift_mask(change, ignored)
 *	drift_settle(items, count)                                  and what hangs together
 *
 * After items were lowered (what cannot be proved is no DRIFT_FIX), they are settled again.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/plan.h"

/* From the least that is done by itself to the most. */
enum drift_class { DRIFT_IGNORE, DRIFT_REPORT, DRIFT_PROPOSE, DRIFT_FIX };
extern const char *const drift_class_names[]; /* NULL-terminated, in this order */
extern const char *const drift_field_names[]; /* "content", ... by bit number, NULL */

struct drift_rule {
	const char *kind, *path, *resource; /* NULL: any; the last two are patterns */
	unsigned fields;		    /* bits; 0: any */
	enum drift_class class;
};
struct drift_rules {
	enum drift_class dflt;
	struct drift_rule *rules;
	size_t count;
};
/* How a change came to be. */
enum drift_cause {
	DRIFT_OWN,
	DRIFT_BECAUSE, /* only because of what `because` names */
	DRIFT_BENEATH, /* a folder, only for what is made in it */
	DRIFT_BATCH,   /* a package, only for others of the same manager */
	DRIFT_RELOAD,  /* units are read again: goes with what needs it, see drift_settle() */
};
struct drift_item {
	struct plan_change *change;
	char *resource; /* to which it belongs, plan_change_resource(); owned by the caller */
	enum drift_cause cause;
	enum drift_class class;
	unsigned fields;
	bool unproven; /* was DRIFT_FIX, and no plan proves it */
};

/* What differs; whole: all of it, since it is of another type, or not there. */
unsigned drift_fields(const struct plan_change *change, bool *whole);
/* ignored: fields that are to be left as they are. */
enum drift_class drift_judge(const struct drift_rules *rules, const struct plan_change *change,
			     const char *resource, unsigned *ignored);
/* These stay as they are. */
void drift_mask(struct plan_change *change, unsigned ignored);
/* In the order of the plan. Classes only become less. DRIFT_RELOAD is left alone. */
void drift_settle(struct drift_item *items, size_t count);
