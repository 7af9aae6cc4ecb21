/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which plans that were approved and applied prove a change (core/restore.h).
 *
 *	e = evidence_find(p, items)             reads what was applied, newest first
 *	evidence_name(e, p, some, proved)       of some of these items; p->restores are the plans
 *	evidence_free(e)
 */
#include "worker/plan.h"

struct evidence;

/* items: struct plan_item. NULL: there is none, as nobody knows what was applied. */
struct evidence *evidence_find(struct planner *p, GPtrArray *items);
void evidence_free(struct evidence *evidence);
/* proved: one for each of items, which evidence_find() must have had. */
void evidence_name(const struct evidence *evidence, struct planner *p, GPtrArray *items,
		   bool *proved);
