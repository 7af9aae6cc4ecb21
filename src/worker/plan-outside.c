/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which changes are of what somebody else has changed since it was applied. */
#include "worker/applied.h"
#include "worker/plan.h"

const struct applied *plan_applied(struct planner *p)
{
	g_autoptr(GError) problem = NULL;

	if (!p->known_asked && p->applied != NULL &&
	    !applied_load(p->applied, p->memory, p->objects, &p->known, &problem)) {
		plan_warn(p, "nobody knows what was changed outside: %s", problem->message);
	}
	p->known_asked = true;
	return p->known;
}

static void mark(struct planner *p, const struct applied *applied, struct plan_change *c)
{
	const struct applied_thing *thing = applied_find(applied, c);

	if (thing != NULL && applied_differs(&thing->state, &c->observed)) {
		c->outside_commit = plan_keep(p, thing->commit);
		c->outside_time = thing->time;
	}
}

void plan_outside(struct planner *p, GPtrArray *items)
{
	const struct applied *applied;
	g_autoptr(GError) problem = NULL;

	/* Most plans have nothing to ask about, and are to be quick. */
	if (items->len == 0 && !p->known_asked) {
		return;
	}
	applied = plan_applied(p);
	if (applied == NULL) {
		return;
	}
	for (guint i = 0; i < items->len; i++) {
		mark(p, applied, &((struct plan_item *)items->pdata[i])->change);
	}
	if (p->memory != NULL && !applied_store(applied, p->memory, &problem)) {
		plan_warn(p, "what was applied could not be kept: %s", problem->message);
	}
}
