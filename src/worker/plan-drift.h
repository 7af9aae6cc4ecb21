/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The plan job's part in drift and in putting things back: what is wanted of
 * it, which changes the draft holds, what the agent is told of the others
 * (doc/worker.md, "Drift"). Rules stand in drift.h, proofs in plan-restore.h.
 */
#include "worker/drift.h"
#include "worker/plan.h"

struct drift_request {
	struct drift_rules rules;
	bool restore;	     /* whoever applies takes plans that restore */
	GHashTable *objects; /* ids of objects of clusters, the only ones looked at; NULL: all */
};

/* The members drift and return of the request. */
void plan_drift_read(struct planner *p, struct json_obj *from);
void plan_drift_clear(struct planner *p);
/* Is an object of a cluster to be looked at? id: as of its change. */
bool plan_drift_looks_at(const struct planner *p, const char *id);
/* Takes out of items what the draft is not to hold, sets what it restores, tells of all in the
 * result. After plan_outside(). Nothing to do when the request says nothing of it. */
void plan_drift(struct planner *p, GPtrArray *items);
