/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bringing packages back to what was observed, in one transaction. */
#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "worker/target/package-group.h"

/* Whoever has the lock, the state of the host waits for it. */
#define UNDO_LOCK_WAIT (5 * PACKAGE_LOCK_WAIT)
#define UNDO_TRIES 3
#define UNDO_PAUSE_MS 1000 /* between them */

static bool is_back(const struct plan_state *now, const struct plan_change *c)
{
	if (now->type != c->observed.type) {
		return false;
	}
	return now->type == STATE_ABSENT ||
	       (g_strcmp0(now->version, c->observed.version) == 0 &&
		(c->observed.held < 0 || now->held == c->observed.held));
}

static bool all_back(const struct package_group *g, const struct package_list *list)
{
	for (guint i = 0; i < g->count; i++) {
		const struct plan_change *c = package_group_step(g, i)->change;
		struct plan_state now = package_state(g->ops, list, c);

		if (!is_back(&now, c)) {
			return false;
		}
	}
	return true;
}

/* What must change, by version; a hold alone is none of it. */
static GPtrArray *find_changes(const struct package_group *g, const struct package_list *list)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(package_change_destroy);

	for (guint i = 0; i < g->count; i++) {
		const struct plan_change *c = package_group_step(g, i)->change;
		struct plan_state now = package_state(g->ops, list, c);
		const char *to = c->observed.type == STATE_PACKAGE ? c->observed.version : NULL;

		if (now.type != c->observed.type ||
		    (to != NULL && g_strcmp0(now.version, to) != 0)) {
			g_ptr_array_add(out, package_group_change(g, list, c, to));
		}
	}
	return out;
}

static char *note_name(const struct package_group *g, const struct package_change *c)
{
	g_autofree char *label = package_label(c->name, c->arch, c->foreign);

	return g_strconcat("undo ", g->ops->name, " ", label, NULL);
}

/* Leaves out what cannot be had any more. */
static bool drop_lost(const struct package_group *g, GPtrArray *changes, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) table = NULL;

	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		if (c->to != NULL) {
			g_ptr_array_add(names, package_label(c->name, c->arch, c->foreign));
		}
	}
	if (names->len == 0) {
		return true;
	}
	g_ptr_array_add(names, NULL);
	if (!g->ops->available(&g->how, (const char *const *)names->pdata, &table, error)) {
		return false;
	}
	for (guint i = changes->len; i-- > 0;) {
		const struct package_change *c = changes->pdata[i];
		g_autofree char *label = package_label(c->name, c->arch, c->foreign);
		GPtrArray *have = g_hash_table_lookup(table, label);
		g_autofree char *note = NULL, *name = NULL;

		if (c->to == NULL || (have != NULL && g_ptr_array_find_with_equal_func(
							      have, c->to, g_str_equal, NULL))) {
			continue;
		}
		name = note_name(g, c);
		note = g_strdup_printf("neither the sources of %s nor its cache have %s any more",
				       g->ops->name, c->to);
		host_set_note(g->run->host, name, note);
		g_ptr_array_remove_index(changes, i);
	}
	return true;
}

static int observed_held(const struct plan_change *c)
{
	return c->observed.type == STATE_PACKAGE ? c->observed.held : -1;
}

static bool undo_group(const struct package_group *g, GError **error)
{
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GError) broken = NULL;
	g_autofree char *said = NULL;
	const struct package_list *list;

	/* It may fail, for what is broken is what must go. */
	if (!g->ops->repair(&g->how, &broken) &&
	    g_error_matches(broken, PACKAGE_ERROR, PACKAGE_ERROR_BUSY)) {
		g_propagate_error(error, g_steal_pointer(&broken));
		return false;
	}
	host_forget(g->run->host);
	if (!package_group_list(g, &list, error)) {
		return false;
	}
	changes = find_changes(g, list);
	if (!drop_lost(g, changes, error)) {
		return false;
	}
	if (changes->len > 0) {
		bool ok = package_group_simulate(g, list, changes, error) &&
			  g->ops->fetch(&g->how, changes, error) &&
			  g->ops->transact(&g->how, changes, &said, error);

		host_forget(g->run->host);
		if (!ok) {
			return false;
		}
	}
	return package_group_hold(g, observed_held, error);
}

/* Whoever ends all of a service ends its manager, too, just when that takes things back; there is
 * nobody else to do it afterwards. */
static bool undo_persistently(const struct package_group *g, GError **error)
{
	for (unsigned try = 1;; try++) {
		g_autoptr(GError) problem = NULL;

		if (undo_group(g, &problem)) {
			return true;
		}
		if (try == UNDO_TRIES ||
		    g_error_matches(problem, PACKAGE_ERROR, PACKAGE_ERROR_BUSY)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		(void)poll(NULL, 0, UNDO_PAUSE_MS);
	}
}

/* Once for all; why it failed is kept for those that come after. */
static void undo_once(const struct package_group *g)
{
	g_autofree char *name = g_strconcat("undo ", g->ops->name, NULL);
	g_autoptr(GError) problem = NULL;

	if (host_note(g->run->host, name) != NULL) {
		return;
	}
	host_set_note(g->run->host, name,
		      undo_persistently(g, &problem) ? "it is not known why" : problem->message);
}

static const char *why_not(const struct package_group *g, const struct package_list *list,
			   const struct plan_change *c)
{
	struct package_change *change = package_group_change(g, list, c, NULL);
	g_autofree char *own = note_name(g, change);
	g_autofree char *all = g_strconcat("undo ", g->ops->name, NULL);
	const char *note = host_note(g->run->host, own);

	package_change_free(change);
	return note != NULL ? note : host_note(g->run->host, all);
}

/* A manager that has gone on alone may not have begun to change what the list tells. Asked once. */
static bool wait_own(const struct package_group *g, GError **error)
{
	static const char name[] = "undo waits";
	const char *note = host_note(g->run->host, name);
	g_autoptr(GError) problem = NULL;

	if (note == NULL) {
		bool ended = package_wait_own(&g->how, &problem);

		host_set_note(g->run->host, name, ended ? "" : problem->message);
		host_forget(g->run->host);
		note = host_note(g->run->host, name);
	}
	return note[0] == '\0' || fail(error, PACKAGE_ERROR, PACKAGE_ERROR_BUSY, "%s", note);
}

bool package_undo(struct target_run *run, struct step *step, GError **error)
{
	const struct plan_change *c = step->change;
	const struct package_list *list;
	struct package_group g;
	struct plan_state now;

	if (!package_group_find(run, step, &g, error)) {
		return false;
	}
	g.how.stopped = NULL;
	g.how.lock_wait = UNDO_LOCK_WAIT;
	if (!wait_own(&g, error) || !package_group_list(&g, &list, error)) {
		return false;
	}
	if (!all_back(&g, list)) {
		undo_once(&g);
		if (!package_group_list(&g, &list, error)) {
			return false;
		}
	}
	now = package_state(g.ops, list, c);
	return is_back(&now, c) ||
	       fail(error, TARGET_ERROR, TARGET_ERROR_CONFLICT, "stays %s%s: %s",
		    now.type == STATE_ABSENT ? "absent" : now.version,
		    now.held == 1 ? " (held)" : "", why_not(&g, list, c));
}
