/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cluster's list of the stack's objects, before and after a change. */
#include <string.h>

#include "base/error.h"
#include "worker/target/kubernetes-group.h"

const char *kube_list_namespace(const struct kube_group *group)
{
	return inventory_namespace(
		host_cluster_settings(group->run->host, cluster_name(group->cluster)),
		group->cluster);
}

/* The label of each object names the list; and the plan, the label. */
static bool check_set(const struct kube_group *group, const struct inventory *list, GError **error)
{
	for (guint i = 0; i < group->items->len; i++) {
		const struct kube_item *item = kube_group_item(group, i);

		if (g_strcmp0(item->object->set, list->set) != 0) {
			return fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED,
				    "'%s' is of another set than '%s', which is that of namespace "
				    "'%s'",
				    item->step->change->id, list->set, list->namespace);
		}
	}
	return true;
}

static void add_all(const struct kube_group *group, struct inventory *list)
{
	for (guint i = 0; i < group->items->len; i++) {
		const struct kube_item *item = kube_group_item(group, i);

		if (item->step->change->action == ACTION_CREATE && item->now == NULL) {
			inventory_drop(list, item->id); // an earlier one's uid
		}
		if (!kube_item_goes(item)) {
			inventory_put(list, item->id, kube_item_uid(item));
		}
	}
}

/* The namespace of the list comes by this plan: it is made first. */
static bool make_namespace(struct kube_group *group, const char *namespace, GError **error)
{
	g_autoptr(GPtrArray) one = g_ptr_array_new();

	for (guint i = 0; i < group->items->len; i++) {
		struct kube_item *item = kube_group_item(group, i);

		if (item->id->group[0] == '\0' && strcmp(item->id->kind, "Namespace") == 0 &&
		    strcmp(item->id->name, namespace) == 0 && item->now == NULL &&
		    item->body != NULL) {
			g_ptr_array_add(one, item);
		}
	}
	if (one->len == 0) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "the cluster '%s' has no namespace '%s', where the list of the "
			    "stack's objects is to be",
			    cluster_name(group->cluster), namespace);
	}
	if (!kube_apply_all(group, one, KUBE_HOW_CREATE, true, error)) {
		return false;
	}
	return ((struct kube_item *)one->pdata[0])->problem == NULL ||
	       fail(error, TARGET_ERROR, TARGET_ERROR_FAILED, "namespace '%s': %s", namespace,
		    ((struct kube_item *)one->pdata[0])->problem);
}

static bool store(struct kube_group *group, struct inventory *list, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (inventory_store(group->cluster, list, &problem)) {
		return true;
	}
	if (!g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return make_namespace(group, list->namespace, error) &&
	       inventory_store(group->cluster, list, error);
}

#define TRIES 5 /* while somebody else writes */

static bool was_stale(const GError *problem, unsigned try)
{
	return g_error_matches(problem, INVENTORY_ERROR, INVENTORY_ERROR_STALE) && try + 1 < TRIES;
}

static bool load(struct kube_group *group, struct inventory **list, GError **error)
{
	return inventory_load(group->cluster, group->owner, kube_list_namespace(group), list,
			      error);
}

static bool goes(const struct kube_group *group, const struct kube_id *id)
{
	for (guint i = 0; i < group->items->len; i++) {
		const struct kube_item *item = kube_group_item(group, i);

		if (kube_item_goes(item) && kube_id_equal(item->id, id)) {
			return true;
		}
	}
	return false;
}

/* Does the plan remove the namespace that the list is in? */
static bool loses_place(const struct kube_group *group, const struct inventory *list)
{
	const struct kube_id place = {.group = (char *)"",
				      .version = (char *)"v1",
				      .kind = (char *)"Namespace",
				      .namespace = (char *)"",
				      .name = list->namespace};

	return goes(group, &place);
}

/* Then nothing may be left that it would have to name. */
static bool check_place(const struct kube_group *group, const struct inventory *list,
			GError **error)
{
	for (guint i = 0; loses_place(group, list) && i < list->entries->len; i++) {
		const struct inventory_entry *entry = list->entries->pdata[i];

		if (!goes(group, entry->id) && strcmp(entry->id->namespace, list->namespace) != 0) {
			return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
				    "the plan removes the namespace '%s', in which the list of "
				    "the stack's objects is; others would still be there",
				    list->namespace);
		}
	}
	return true;
}

static bool widen(struct kube_group *group, GError **error)
{
	g_autoptr(inventory_auto) read = NULL, wide = NULL;

	if (!load(group, &read, error) || !check_set(group, read, error)) {
		return false;
	}
	wide = inventory_dup(read);
	add_all(group, wide);
	return check_place(group, wide, error) &&
	       ((wide->uid != NULL && inventory_equal(read, wide)) || store(group, wide, error));
}

bool kube_list_widen(struct kube_group *group, GError **error)
{
	for (unsigned try = 0;; try++) {
		g_autoptr(GError) problem = NULL;

		if (widen(group, &problem)) {
			return true;
		}
		if (!was_stale(problem, try)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
	}
}

/* Of which it is not known for certain how they are now. */
static bool look_at_doubtful(struct kube_group *group, GError **error)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new();

	for (guint i = 0; i < group->items->len; i++) {
		struct kube_item *item = kube_group_item(group, i);

		if (item->problem != NULL || (kube_item_goes(item) && item->now != NULL)) {
			g_ptr_array_add(items, item);
		}
	}
	return items->len == 0 || kube_group_look(group, items, error);
}

static void put_all(const struct kube_group *group, struct inventory *list)
{
	for (guint i = 0; i < group->items->len; i++) {
		const struct kube_item *item = kube_group_item(group, i);

		if (item->now != NULL && kube_item_is_ours(item, item->now)) {
			inventory_put(list, item->id, kube_item_uid(item));
		} else if (!item->again) { // else it may be there, for all that is known
			inventory_drop(list, item->id);
		}
	}
}

/* Is the namespace gone, or about to go, by this plan? */
static bool has_no_place(const struct kube_group *group, const struct inventory *list)
{
	for (guint i = 0; i < group->items->len; i++) {
		const struct kube_item *item = kube_group_item(group, i);

		if (item->id->group[0] == '\0' && strcmp(item->id->kind, "Namespace") == 0 &&
		    strcmp(item->id->name, list->namespace) == 0) {
			return item->now == NULL || kube_item_is_going(item->now);
		}
	}
	return false;
}

bool kube_list_settle(struct kube_group *group, GError **error)
{
	if (!look_at_doubtful(group, error)) {
		return false;
	}
	for (unsigned try = 0;; try++) {
		g_autoptr(inventory_auto) list = NULL, before = NULL;
		g_autoptr(GError) problem = NULL;

		if (!load(group, &list, error)) {
			return false;
		}
		if (has_no_place(group, list) || (list->uid == NULL && !loses_place(group, list))) {
			return true; // it has gone with its namespace, or was never made
		}
		before = inventory_dup(list);
		put_all(group, list);
		if (inventory_equal(before, list) ||
		    inventory_store(group->cluster, list, &problem)) {
			return true;
		}
		if (!was_stale(problem, try)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
	}
}
