/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telling dnf or zypper to do what was planned, and no more. */
#include "worker/target/rpm.h"

void rpm_call_init(struct rpm_call *call, const struct package_run *run, const struct rpm_way *way)
{
	*call = (struct rpm_call){.run = run, .way = way};
	call->in = g_ptr_array_new_with_free_func(g_free);
	call->out = g_ptr_array_new_with_free_func(g_free);
}

void rpm_call_clear(struct rpm_call *call)
{
	g_clear_pointer(&call->in, g_ptr_array_unref);
	g_clear_pointer(&call->out, g_ptr_array_unref);
}

/* All of them with call->exact, else those that were asked for. */
static bool add_changes(struct rpm_call *call, const GPtrArray *changes, GError **error)
{
	g_ptr_array_set_size(call->in, 0);
	g_ptr_array_set_size(call->out, 0);
	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		call->ignore_holds = call->ignore_holds || c->held;
		if (c->implied && !call->exact) {
			continue;
		}
		if (c->to == NULL) {
			g_ptr_array_add(call->out, call->way->spec(c->name, c->from, c->arch));
		} else if (!call->way->add_version(call, c->name, c->to, c->arch, error)) {
			return false;
		}
	}
	return true;
}

static bool try_plan(struct rpm_call *call, const GPtrArray *changes, bool exact, GError **error)
{
	g_autoptr(GPtrArray) now = NULL;

	call->exact = exact;
	if (!add_changes(call, changes, error) || call->in->len + call->out->len == 0) {
		return false;
	}
	return call->way->ask(call, &now, error) &&
	       rpm_same(changes, now, call->way->differs, error);
}

/* What nobody asked for shall come and go by itself, then the manager knows that nobody did; where
 * that gives something else, all is named. */
bool rpm_choose(struct rpm_call *call, const GPtrArray *changes, GError **error)
{
	bool implied = false;

	for (guint i = 0; i < changes->len; i++) {
		implied = implied || ((const struct package_change *)changes->pdata[i])->implied;
	}
	return (implied && try_plan(call, changes, false, NULL)) ||
	       try_plan(call, changes, true, error);
}
