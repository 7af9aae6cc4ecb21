/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of changes, and which of them need which. */
#include <stdlib.h>
#include <string.h>

#include "base/autoptr.h"
#include "worker/plan.h"

struct ordering {
	struct planner *p;
	GPtrArray *out;	      /* struct plan_item */
	GHashTable *waiting;  /* path to struct plan_item that is not in out yet */
	GHashTable *changed;  /* ids of resources that changes belong to */
	GHashTable *resource; /* id to struct desired_resource */
	GPtrArray **needs;    /* by position: ids, borrowed; NULL: none */
};

static int descending(gconstpointer a, gconstpointer b)
{
	const struct plan_item *const *x = a, *const *y = b;

	return strcmp((*y)->change.path, (*x)->change.path);
}

static int compare_ids(gconstpointer a, gconstpointer b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static void add_changed(GHashTable *changed, GPtrArray *items)
{
	for (guint i = 0; i < items->len; i++) {
		const struct plan_item *item = items->pdata[i];
		autocfree char *id = plan_change_resource(&item->change);

		g_hash_table_add(changed, g_strdup(id));
	}
}

/* The ids, sorted and none twice, kept by the planner. A few lists in a manifest may come to more
 * than fits into memory, so that none is made once they are more than a plan may have. */
static const char **keep_ids(struct planner *p, GPtrArray *ids)
{
	const char **list;
	guint count = 0;

	if (ids == NULL || ids->len == 0 || p->ids_size > PLAN_MAX_SIZE) {
		return NULL;
	}
	list = plan_keep_list(p, ids->len);
	g_ptr_array_sort(ids, compare_ids);
	for (guint i = 0; i < ids->len; i++) {
		if (count == 0 || strcmp(list[count - 1], ids->pdata[i]) != 0) {
			p->ids_size += strlen(ids->pdata[i]);
			list[count++] = plan_keep(p, ids->pdata[i]);
		}
	}
	return list;
}

static void add_need(GHashTable *seen, GPtrArray *ids, char *id)
{
	if (g_hash_table_add(seen, id)) {
		g_ptr_array_add(ids, id);
	}
}

/* What a resource comes after, through those that do not change. None twice: many ways may lead to
 * one, and more to what that one comes after. */
static void find_needs(struct ordering *o, const struct desired_resource *r)
{
	g_autoptr(GHashTable) seen = NULL;
	GPtrArray *ids = NULL;

	for (char **id = r->after; id != NULL && *id != NULL; id++) {
		const struct desired_resource *other = g_hash_table_lookup(o->resource, *id);
		GPtrArray *further = other != NULL ? o->needs[other->position] : NULL;

		if (ids == NULL) {
			ids = g_ptr_array_new();
			seen = g_hash_table_new(g_str_hash, g_str_equal);
		}
		if (g_hash_table_contains(o->changed, *id)) {
			add_need(seen, ids, *id);
			continue;
		}
		for (guint i = 0; further != NULL && i < further->len; i++) {
			add_need(seen, ids, further->pdata[i]);
		}
	}
	o->needs[r->position] = ids;
}

static void find_all_needs(struct ordering *o)
{
	const GPtrArray *resources = o->p->desired->resources;

	o->needs = g_new0(GPtrArray *, resources->len + 1);
	for (guint i = 0; i < resources->len; i++) {
		struct desired_resource *r = resources->pdata[i];

		g_hash_table_insert(o->resource, r->id, r);
		find_needs(o, r);
	}
}

/* What is said of a resource's items, besides what they say themselves. */
static void set_needs(struct ordering *o, struct plan_item *item, const struct desired_resource *r)
{
	GPtrArray *found = r != NULL ? o->needs[r->position] : NULL;
	g_autoptr(GPtrArray) all = g_ptr_array_new();

	if (found != NULL) {
		g_ptr_array_extend(all, found, NULL, NULL);
	}
	for (const char **id = item->change.because; id != NULL && *id != NULL; id++) {
		g_ptr_array_add(all, (gpointer)*id);
	}
	for (const char **id = item->change.needs; id != NULL && *id != NULL; id++) {
		g_ptr_array_add(all, (gpointer)*id);
	}
	item->change.needs = keep_ids(o->p, all);
}

/* The item, after the folders it needs; a folder that is implied needs what made it so. */
static void emit(struct ordering *o, struct plan_item *item, const struct desired_resource *r)
{
	g_autofree char *folder = NULL;
	struct plan_item *above;

	if (item->change.path == NULL) {
		set_needs(o, item, r);
		g_ptr_array_add(o->out, item);
		return;
	}
	if (!g_hash_table_remove(o->waiting, item->change.path)) {
		return;
	}
	folder = g_path_get_dirname(item->change.path);
	above = g_hash_table_lookup(o->waiting, folder);
	if (above != NULL) {
		emit(o, above, above->resource != NULL ? above->resource : r);
	}
	set_needs(o, item, r);
	g_ptr_array_add(o->out, item);
}

/* The items in the order of their resources. */
static void emit_resources(struct ordering *o)
{
	guint count = o->p->desired->resources->len;
	g_autofree GPtrArray **lists = g_new0(GPtrArray *, count + 1);
	GPtrArray *const sources[] = {o->p->acts, o->p->changes};

	for (int own = 0; own <= 1; own++) {
		for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
			for (guint k = 0; k < sources[i]->len; k++) {
				struct plan_item *item = sources[i]->pdata[k];
				const struct desired_resource *r =
					own ? item->resource : item->place;

				if (r == NULL || (own && item->place != NULL)) {
					continue;
				}
				if (lists[r->position] == NULL) {
					lists[r->position] = g_ptr_array_new();
				}
				g_ptr_array_add(lists[r->position], item);
			}
		}
	}
	for (guint i = 0; i < count; i++) {
		for (guint k = 0; lists[i] != NULL && k < lists[i]->len; k++) {
			struct plan_item *item = lists[i]->pdata[k];

			emit(o, item, item->resource);
		}
		if (lists[i] != NULL) {
			g_ptr_array_unref(lists[i]);
		}
	}
	/* Implied, and nothing in them changes. */
	for (guint i = 0; i < o->p->changes->len; i++) {
		emit(o, o->p->changes->pdata[i], NULL);
	}
}

static void emit_free_acts(struct ordering *o, bool last)
{
	for (guint i = 0; i < o->p->acts->len; i++) {
		struct plan_item *item = o->p->acts->pdata[i];

		if (item->resource == NULL && item->place == NULL && item->last == last) {
			emit(o, item, NULL);
		}
	}
}

GPtrArray *plan_order(struct planner *p)
{
	struct ordering o = {
		.p = p,
		.out = g_ptr_array_new(),
		.waiting = g_hash_table_new(g_str_hash, g_str_equal),
		.changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.resource = g_hash_table_new(g_str_hash, g_str_equal),
	};

	add_changed(o.changed, p->changes);
	add_changed(o.changed, p->acts);
	find_all_needs(&o);
	for (guint i = 0; i < p->changes->len; i++) {
		struct plan_item *item = p->changes->pdata[i];

		g_hash_table_insert(o.waiting, (gpointer)item->change.path, item);
	}
	emit_free_acts(&o, false);
	g_ptr_array_sort(p->removals, descending);
	g_ptr_array_extend(o.out, p->removals, NULL, NULL);
	emit_resources(&o);
	emit_free_acts(&o, true);
	for (guint i = 0; i < p->desired->resources->len; i++) {
		if (o.needs[i] != NULL) {
			g_ptr_array_unref(o.needs[i]);
		}
	}
	g_free(o.needs);
	g_hash_table_unref(o.resource);
	g_hash_table_unref(o.changed);
	g_hash_table_unref(o.waiting);
	return o.out;
}

static void free_list(gpointer list)
{
	g_ptr_array_unref(list);
}

/* Whom each resource hears of. */
static GHashTable *notifiers_new(const struct desired *desired)
{
	GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);

	for (guint i = 0; i < desired->resources->len; i++) {
		struct desired_resource *r = desired->resources->pdata[i];

		for (char **id = r->notify; id != NULL && *id != NULL; id++) {
			GPtrArray *list = g_hash_table_lookup(all, *id);

			if (list == NULL) {
				list = g_ptr_array_new();
				g_hash_table_insert(all, *id, list);
			}
			g_ptr_array_add(list, r);
		}
	}
	return all;
}

/* What was added since the last call. An item that is put before others has no resource, and moves
 * only some that are known already past the mark. */
static void note_changed(struct planner *p)
{
	GPtrArray *const sources[] = {p->removals, p->changes, p->acts};

	for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
		guint *noted = &p->noted[i];

		for (; *noted < sources[i]->len; ++*noted) {
			const struct plan_item *item = sources[i]->pdata[*noted];

			if (item->resource != NULL) {
				g_hash_table_add(p->changed, (gpointer)item->resource);
			}
		}
	}
}

const char **plan_notified(struct planner *p, const char *id)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	const GPtrArray *list;

	if (p->notifiers == NULL) {
		p->notifiers = notifiers_new(p->desired);
		p->changed = g_hash_table_new(NULL, NULL);
	}
	note_changed(p);
	list = g_hash_table_lookup(p->notifiers, id);
	for (guint i = 0; list != NULL && i < list->len; i++) {
		const struct desired_resource *r = list->pdata[i];

		if (g_hash_table_contains(p->changed, r)) {
			g_ptr_array_add(ids, r->id);
		}
	}
	return keep_ids(p, ids);
}
