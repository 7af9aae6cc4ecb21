/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes: foreign things in mirrored trees, and what the last commit declared alone. */
#include "worker/plan.h"

#include <string.h>

#include "base/error.h"

#define MAX_DEPTH 128

/* resource: whose change it is; NULL: nobody's. */
static void add_removal(struct planner *p, const struct desired_resource *resource,
			const char *kind, const char *root, const char *path,
			const struct observed *now)
{
	struct plan_item *item;

	if (g_hash_table_contains(p->removed, path)) {
		return;
	}
	item = g_new0(struct plan_item, 1);
	item->resource = resource;
	item->before = *now;
	item->change.path = plan_keep(p, path);
	item->change.id = plan_id(p, now->state.type, path);
	item->change.kind = kind;
	item->change.root = root != NULL ? plan_keep(p, root) : NULL;
	item->change.action = ACTION_REMOVE;
	item->change.observed = now->state;
	item->change.desired = PLAN_STATE(STATE_ABSENT);
	g_ptr_array_add(p->removals, item);
	g_hash_table_insert(p->removed, (gpointer)item->change.path, item);
}

/* One walk through a folder whose contents go. */
struct sweep {
	struct planner *p;
	const struct desired_resource *resource;
	const char *kind, *root;
	dev_t dev;
	bool keep_declared;
	unsigned depth;
};

static bool sweep_folder(struct sweep *s, const char *folder, bool *all, GError **error);

static void keep(struct sweep *s, const char *path, const char *why, bool *all)
{
	g_autofree char *shown = g_utf8_make_valid(path, -1);

	plan_warn(s->p, "'%s' is left alone: %s", shown, why);
	*all = false;
}

/* A folder that stays and was compared: only what is in it matters. */
static bool sweep_declared(struct sweep *s, const char *path, GError **error)
{
	struct stat st;
	bool ignored = true;

	if (!observe_stat(s->p->observer, s->root, path, &st, error)) {
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		return true;
	}
	if (st.st_dev != s->dev) {
		keep(s, path, "another file system is mounted there", &ignored);
		return true;
	}
	return sweep_folder(s, path, &ignored, error);
}

/* Everything at path; *all becomes false when something stays. */
static bool sweep_path(struct sweep *s, const char *path, bool *all, GError **error)
{
	bool declared = s->keep_declared && desired_declares(s->p->desired, path);
	const struct want *want = declared ? g_hash_table_lookup(s->p->by_path, path) : NULL;
	struct observed now;
	bool emptied = true;

	if (want != NULL && want->type != STATE_DIRECTORY) {
		*all = false; /* was looked at when it was compared, and a folder there emptied */
		return true;
	}
	if (declared) {
		*all = false;
		return sweep_declared(s, path, error);
	}
	if (!observe_path(s->p->observer, s->root, path, &now, error)) {
		return false;
	}
	if (now.state.type == STATE_OTHER) {
		keep(s, path, "a device, socket or pipe", all);
		return true;
	}
	if (now.state.type == STATE_DIRECTORY) {
		if (now.st.st_dev != s->dev) {
			keep(s, path, "another file system is mounted there", all);
			return true;
		}
		if (!sweep_folder(s, path, &emptied, error)) {
			return false;
		}
	}
	if (!emptied) {
		*all = false;
	} else if (now.state.type != STATE_ABSENT) {
		add_removal(s->p, s->resource, s->kind, s->root, path, &now);
	}
	return true;
}

static bool sweep_folder(struct sweep *s, const char *folder, bool *all, GError **error)
{
	g_autoptr(GPtrArray) names = NULL;
	bool ok = true;

	if (s->depth >= MAX_DEPTH || s->p->removals->len > PLAN_MAX_CHANGES) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "'%s' holds too much, or too deep, to be pruned", s->root);
	}
	if (!observe_names(s->p->observer, s->root, folder, &names, error)) {
		return false;
	}
	s->depth++;
	for (guint i = 0; ok && names != NULL && i < names->len; i++) {
		g_autofree char *path = g_strconcat(folder, "/", names->pdata[i], NULL);

		/* What a halted apply keeps goes with its journal, before this plan is applied. */
		ok = step_owns_name(names->pdata[i]) || sweep_path(s, path, all, error);
	}
	s->depth--;
	return ok;
}

/* Everything in folder, which is root or lies beneath it. */
static bool sweep(struct planner *p, const struct desired_resource *resource, const char *kind,
		  const char *root, const char *folder, bool keep_declared, bool *all,
		  GError **error)
{
	struct sweep s = {.p = p,
			  .resource = resource,
			  .kind = kind,
			  .root = root,
			  .keep_declared = keep_declared};
	struct stat top;

	*all = true;
	if (!observe_stat(p->observer, root, folder, &top, error)) {
		return false;
	}
	if (!S_ISDIR(top.st_mode)) {
		return true;
	}
	s.dev = top.st_dev;
	return sweep_folder(&s, folder, all, error);
}

bool plan_clear_folder(struct planner *p, const struct want *want, GError **error)
{
	bool all;

	if (!sweep(p, want->resource, want->kind, want->root != NULL ? want->root : want->path,
		   want->path, false, &all, error)) {
		return false;
	}
	if (!all) {
		plan_fail(p, want, "a folder is in its place and holds what is not removed");
	}
	return true;
}

static int descending(gconstpointer a, gconstpointer b)
{
	const struct want *const *x = a, *const *y = b;

	return strcmp((*y)->path, (*x)->path);
}

/* Will it be empty once the other removals are done? */
static bool will_be_empty(struct planner *p, const struct want *want, bool *empty, GError **error)
{
	g_autoptr(GPtrArray) names = NULL;

	*empty = true;
	if (!observe_names(p->observer, want->root, want->path, &names, error)) {
		return false;
	}
	for (guint i = 0; *empty && names != NULL && i < names->len; i++) {
		g_autofree char *path = g_strconcat(want->path, "/", names->pdata[i], NULL);

		*empty = g_hash_table_contains(p->removed, path);
	}
	return true;
}

/* One thing that the last commit declared and this one does not. */
static bool remove_vanished(struct planner *p, const struct want *want, GError **error)
{
	g_autofree char *shown = g_utf8_make_valid(want->path, -1);
	struct observed now;
	bool empty = true;

	if (desired_declares(p->desired, want->path) ||
	    g_hash_table_contains(p->removed, want->path)) {
		return true;
	}
	if (!observe_path(p->observer, want->root, want->path, &now, error)) {
		return false;
	}
	if (now.state.type == STATE_ABSENT) {
		return true;
	}
	if (now.state.type != want->type) {
		plan_warn(p, "'%s' is not declared any more, but it is no %s now; left alone",
			  shown, state_type_names[want->type]);
		return true;
	}
	if (want->type == STATE_DIRECTORY && !will_be_empty(p, want, &empty, error)) {
		return false;
	}
	if (!empty) {
		plan_warn(p,
			  "folder '%s' is not declared any more, but it is not empty; left alone",
			  shown);
		return true;
	}
	add_removal(p, NULL, want->kind, want->root, want->path, &now);
	return true;
}

static void free_want(gpointer want)
{
	want_free(want);
}

static bool remove_all_vanished(struct planner *p, const struct desired *base, GError **error)
{
	g_autoptr(GPtrArray) wants = g_ptr_array_new_with_free_func(free_want);

	for (guint i = 0; i < base->resources->len; i++) {
		const struct desired_resource *resource = base->resources->pdata[i];

		const struct target_ops *ops = target_find(desired_kind_name(resource->kind));

		if (!ops->acts) {
			ops->want(resource, wants);
		}
	}
	/* Children before folders. */
	g_ptr_array_sort(wants, descending);
	for (guint i = 0; i < wants->len; i++) {
		struct want *want = wants->pdata[i];

		if (!remove_vanished(p, want, error)) {
			return false;
		}
	}
	return true;
}

bool plan_prune(struct planner *p, GError **error)
{
	bool all;

	for (guint i = 0; i < p->desired->resources->len; i++) {
		const struct desired_resource *r = p->desired->resources->pdata[i];

		if (r->kind == DESIRED_TREE && r->prune &&
		    !sweep(p, r, desired_kind_name(r->kind), r->path, r->path, true, &all, error)) {
			return false;
		}
	}
	if (!p->desired->prune || strcmp(p->base, p->commit) == 0) {
		return true;
	}
	return plan_base(p) == NULL || remove_all_vanished(p, plan_base(p), error);
}
