/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of a stack's objects, from and to the cluster. */
#include <string.h>

#include "base/error.h"
#include "cluster/cluster.h"
#include "cluster/inventory.h"

#define MANAGER "assent"

G_DEFINE_QUARK(inventory - error - quark, inventory_error)

static const struct kube_kind config_map = {.group = (char *)"",
					    .version = (char *)"v1",
					    .kind = (char *)"ConfigMap",
					    .resource = (char *)"configmaps",
					    .namespaced = true};

const char *inventory_namespace(const struct cluster_settings *settings,
				const struct cluster *cluster)
{
	return settings != NULL && settings->inventory != NULL ? settings->inventory
							       : cluster_namespace(cluster);
}

static bool make_call(const char *method, const char *namespace, const char *name,
		      const char *query, struct cluster_call **out, GError **error)
{
	g_autofree char *path = NULL;

	if (!kube_discovery_path(&config_map, namespace, name, NULL, &path, error)) {
		return false;
	}
	*out = cluster_call_new(method, g_strconcat(path, query, NULL));
	(*out)->resource = "configmaps";
	return true;
}

/* *value NULL: there is none. */
static bool get(struct cluster *cluster, const char *namespace, const char *name,
		struct kube_value **value, GError **error)
{
	g_autoptr(cluster_call_auto) call = NULL;
	g_autoptr(GError) problem = NULL;

	*value = NULL;
	if (!make_call("GET", namespace, name, "", &call, error)) {
		return false;
	}
	if (!cluster_run_one(cluster, call, NULL, &problem)) {
		if (call->answer == NULL || (call->answer->class != KUBE_NOT_FOUND &&
					     call->answer->class != KUBE_NO_NAMESPACE)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		return true;
	}
	*value = g_steal_pointer(&call->value);
	return true;
}

static bool load_parts(struct cluster *cluster, struct inventory *inventory, GError **error)
{
	for (guint i = 0; i < inventory->parts->len; i++) {
		const struct inventory_part *part = inventory->parts->pdata[i];
		g_autoptr(kube_value_auto) map = NULL;

		if (!get(cluster, inventory->namespace, part->name, &map, error)) {
			return false;
		}
		if (map == NULL) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    "the inventory has a part, '%s', that is not there",
				    part->name);
		}
		if (!inventory_read_part(inventory, part, map, error)) {
			return false;
		}
	}
	return true;
}

bool inventory_load(struct cluster *cluster, const char *owner, const char *namespace,
		    struct inventory **out, GError **error)
{
	g_autoptr(inventory_auto) inventory = inventory_new(owner, namespace);
	g_autoptr(kube_value_auto) map = NULL;

	if (!get(cluster, namespace, inventory->name, &map, error)) {
		return fail_prefix(error, "the list of the stack's objects");
	}
	if (map != NULL &&
	    (!inventory_read(inventory, map, error) || !load_parts(cluster, inventory, error))) {
		return fail_prefix(error, "cluster '%s'", cluster_name(cluster));
	}
	if (map == NULL && !inventory_find_lost(cluster, inventory, error)) {
		return false;
	}
	*out = g_steal_pointer(&inventory);
	return true;
}

static bool is_stale(const struct cluster_call *call)
{
	enum kube_class class = call->answer != NULL ? call->answer->class : KUBE_FAILED;

	return class == KUBE_STALE || class == KUBE_GONE || class == KUBE_RECREATED;
}

static bool apply(struct cluster *cluster, const struct inventory *inventory,
		  struct kube_value *map, struct kube_value **now, GError **error)
{
	const char *name = kube_value_str_at(map, "metadata", "name", NULL);
	g_autoptr(cluster_call_auto) call = NULL;

	if (!make_call("PATCH", inventory->namespace, name,
		       "?fieldManager=" MANAGER "&force=false&fieldValidation=Strict", &call,
		       error) ||
	    !kube_value_apply_body(map, &call->body, &call->body_len, error)) {
		return false;
	}
	call->content_type = "application/apply-patch+yaml";
	if (!cluster_run_one(cluster, call, NULL, error)) {
		if (call->answer != NULL && call->answer->class == KUBE_NO_NAMESPACE) {
			g_clear_error(error);
			return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
				    "the cluster '%s' has no namespace '%s'", cluster_name(cluster),
				    inventory->namespace);
		}
		if (is_stale(call)) {
			g_clear_error(error);
			return fail(error, INVENTORY_ERROR, INVENTORY_ERROR_STALE,
				    "somebody else has written the list of the stack's objects");
		}
		return fail_prefix(error, "the list of the stack's objects");
	}
	*now = g_steal_pointer(&call->value);
	return true;
}

static bool is_named(const GPtrArray *parts, const char *name)
{
	for (guint i = 0; i < parts->len; i++) {
		if (strcmp(((const struct inventory_part *)parts->pdata[i])->name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Nobody names them any more; one that stays is of no harm. */
static void drop_parts(struct cluster *cluster, const struct inventory *inventory,
		       const GPtrArray *before)
{
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	g_autoptr(GError) ignored = NULL;

	for (guint i = 0; i < before->len; i++) {
		const struct inventory_part *part = before->pdata[i];
		struct cluster_call *call;

		if (!is_named(inventory->parts, part->name) &&
		    make_call("DELETE", inventory->namespace, part->name, "", &call, NULL)) {
			g_ptr_array_add(calls, call);
		}
	}
	if (calls->len > 0 && !cluster_run(cluster, calls, NULL, &ignored)) {
		g_debug("%s", ignored->message);
	}
}

/* What the cluster has now is what was written: uid, version and names of parts. */
static bool remember(struct inventory *inventory, const struct kube_value *now, GError **error)
{
	g_autoptr(inventory_auto) back = inventory_new(inventory->owner, inventory->namespace);
	g_autoptr(GPtrArray) before = NULL;

	if (!inventory_read(back, now, error)) {
		return false;
	}
	g_free(inventory->uid);
	g_free(inventory->resource_version);
	inventory->uid = g_steal_pointer(&back->uid);
	inventory->resource_version = g_steal_pointer(&back->resource_version);
	before = inventory->parts;
	inventory->parts = g_steal_pointer(&back->parts);
	back->parts = g_steal_pointer(&before);
	return true;
}

bool inventory_store(struct cluster *cluster, struct inventory *inventory, GError **error)
{
	g_autoptr(GPtrArray) maps = inventory_write(inventory);
	g_autoptr(inventory_auto) before = inventory_dup(inventory);

	for (guint i = 0; i < maps->len; i++) {
		g_autoptr(kube_value_auto) now = NULL;

		if (!apply(cluster, inventory, maps->pdata[i], &now, error)) {
			return false;
		}
		if (i == maps->len - 1 && !remember(inventory, now, error)) {
			return false;
		}
	}
	drop_parts(cluster, inventory, before->parts);
	return true;
}
