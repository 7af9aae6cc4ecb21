/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A list that is not in the cluster: made again from what bears the stack's label and mark. */
#include "cluster/inventory.h"

#include <string.h>

#include "base/error.h"
#include "cluster/cluster.h"

#define ACCEPT "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
#define PAGE "500"
#define VERBS (KUBE_VERB_LIST | KUBE_VERBS_APPLY)

struct search {
	struct cluster *cluster;
	struct inventory *inventory;
	const struct kube_kind *kind; /* of what is read */
	unsigned failed;	      /* collections that did not answer as they should */
	char *problem;		      /* of the first of them */
};

/* The mark names its own object, so that what a controller has copied from it is none of ours. */
static void take(struct search *s, struct kube_value *object)
{
	const struct kube_id group = {.group = s->kind->group, .version = s->kind->version};
	g_autofree char *version = kube_id_version(&group);
	g_autoptr(kube_id_auto) id = NULL;
	const char *mark = kube_value_str_at(object, "metadata", "annotations", KUBE_ID_MARK, NULL);
	const char *set = kube_value_str_at(object, "metadata", "labels", KUBE_ID_PART_OF, NULL);

	kube_value_set(object, "apiVersion", kube_value_string(version, -1));
	kube_value_set(object, "kind", kube_value_string(s->kind->kind, -1));
	if (g_strcmp0(set, s->inventory->set) == 0 && kube_id_from_object(object, &id, NULL) &&
	    kube_id_judge_mark(mark, s->inventory->owner, id) == KUBE_MARK_OURS) {
		inventory_put(s->inventory, id, kube_value_str_at(object, "metadata", "uid", NULL));
	}
}

static bool take_item(struct kube_value *item, void *user)
{
	take(user, item);
	kube_value_free(item);
	return true;
}

/* *call NULL: it cannot be asked for there. */
static struct cluster_call *ask(const struct search *s, const struct kube_kind *kind,
				const char *namespace)
{
	g_autofree char *path = NULL;
	struct cluster_call *call;

	if (!kube_discovery_path(kind, namespace, NULL, NULL, &path, NULL)) {
		return NULL;
	}
	call = cluster_call_new("GET",
				g_strdup_printf("%s?labelSelector=applyset.kubernetes.io%%2Fpart-of"
						"%%3D%s&limit=" PAGE,
						path, s->inventory->set));
	call->accept = ACCEPT;
	call->resource = kind->resource;
	call->user = (void *)kind;
	return call;
}

static void note_failure(struct search *s, const struct cluster_call *call)
{
	s->failed++;
	if (s->problem == NULL) {
		s->problem = cluster_call_problem(s->cluster, call);
	}
}

/* More than a page is read from its beginning. */
static bool read_list(struct search *s, const struct cluster_call *call, GError **error)
{
	const char *rest = kube_value_str_at(call->value, "metadata", "continue", NULL);
	struct kube_value *items = kube_value_get(call->value, "items");

	s->kind = call->user;
	if (rest != NULL && rest[0] != '\0') {
		g_autofree char *path =
			g_strndup(call->path, strlen(call->path) - strlen("&limit=" PAGE));

		return cluster_list(s->cluster, path, NULL, take_item, s, NULL, error);
	}
	for (size_t i = 0; i < kube_value_count(items); i++) {
		g_autoptr(kube_value_auto) item = kube_value_take_item(items, i);

		if (kube_value_is(item, KUBE_MAP)) {
			take(s, item);
		}
	}
	return true;
}

/* Kinds that may not be listed go to refused. */
static bool read_lists(struct search *s, GPtrArray *calls, GPtrArray *refused, GError **error)
{
	if (calls->len > 0 && !cluster_run(s->cluster, calls, NULL, error)) {
		return false;
	}
	for (guint i = 0; i < calls->len; i++) {
		const struct cluster_call *call = calls->pdata[i];
		enum kube_class class = call->answer->class;

		if (kube_answer_is_good(call->answer) && call->value != NULL) {
			if (!read_list(s, call, error)) {
				return false;
			}
		} else if (class == KUBE_FORBIDDEN) {
			g_ptr_array_add(refused, call->user);
		} else if (class != KUBE_NOT_FOUND && class != KUBE_NOT_SERVED) {
			note_failure(s, call);
		}
	}
	return true;
}

static bool search(struct search *s, GError **error)
{
	g_autoptr(GPtrArray) all = cluster_calls_new(), here = cluster_calls_new();
	g_autoptr(GPtrArray) refused = g_ptr_array_new(), kinds = NULL;
	const struct kube_discovery *discovery;
	struct cluster_call *call;

	if (!cluster_discovery(s->cluster, &discovery, error)) {
		return false;
	}
	kinds = kube_discovery_kinds(discovery);
	for (guint i = 0; i < kinds->len; i++) {
		const struct kube_kind *kind = kinds->pdata[i];

		call = (kind->verbs & VERBS) == VERBS ? ask(s, kind, "") : NULL;
		if (call != NULL) {
			g_ptr_array_add(all, call);
		}
	}
	if (!read_lists(s, all, refused, error)) {
		return false;
	}
	/* Who has rights in namespaces only may look there. */
	for (guint i = 0; i < refused->len; i++) {
		const struct kube_kind *kind = refused->pdata[i];

		call = kind->namespaced ? ask(s, kind, s->inventory->namespace) : NULL;
		if (call != NULL) {
			g_ptr_array_add(here, call);
		}
	}
	s->inventory->unseen = refused->len;
	return read_lists(s, here, refused, error);
}

bool inventory_find_lost(struct cluster *cluster, struct inventory *inventory, GError **error)
{
	struct search s = {.cluster = cluster, .inventory = inventory};
	g_autofree char *problem = NULL;
	bool good = search(&s, error);

	problem = s.problem;
	inventory->lost = good && inventory->entries->len > 0;
	/* Else what was not seen would be forgotten with the next list that is written. */
	if (inventory->lost && s.failed > 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "the list of the stack's objects is not there, and cannot be made "
			    "again from their labels: %s",
			    problem);
	}
	return good;
}
