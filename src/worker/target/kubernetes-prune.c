/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deleting objects: those that the plan removes, and what must make room. */
#include <string.h>

#include "base/error.h"
#include "worker/target/kubernetes-group.h"

/* What the objects own goes in the background; it is the server's garbage then. */
static char *options(const char *uid)
{
	g_autoptr(kube_value_auto) map = kube_value_map();
	struct kube_value *conditions = kube_value_map();
	size_t len;

	kube_value_set(map, "apiVersion", kube_value_string("v1", -1));
	kube_value_set(map, "kind", kube_value_string("DeleteOptions", -1));
	kube_value_set(map, "propagationPolicy", kube_value_string("Background", -1));
	kube_value_set(conditions, "uid", kube_value_string(uid, -1));
	kube_value_set(map, "preconditions", conditions);
	return kube_value_canonical(map, &len);
}

static void take_answer(struct kube_group *group, struct cluster_call *call)
{
	struct kube_item *item = call->user;

	switch (call->answer->class) {
	case KUBE_NOT_FOUND:
	case KUBE_NO_NAMESPACE:
	case KUBE_NOT_SERVED:
		return; // gone with something else
	case KUBE_RECREATED:
	case KUBE_STALE:
	case KUBE_GONE:
		kube_item_fail(item, g_strdup("is not the object that the plan saw"));
		return;
	default:
		if (kube_answer_is_good(call->answer)) {
			kube_item_changed(item, false);
		} else {
			item->again |= call->answer->class == KUBE_UNAUTHENTICATED ||
				       call->answer->retry != KUBE_RETRY_NEVER;
			kube_item_fail(item, cluster_call_problem(group->cluster, call));
		}
	}
}

static bool delete_all(struct kube_group *group, GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	struct cluster_limits limits;

	kube_group_limits(group, &limits);
	for (guint i = 0; i < items->len; i++) {
		struct kube_item *item = items->pdata[i];
		struct cluster_call *call;

		if (item->problem != NULL || kube_item_uid(item) == NULL) {
			continue;
		}
		call = cluster_call_new("DELETE", kube_item_path(item, NULL));
		call->body = options(kube_item_uid(item));
		call->body_len = strlen(call->body);
		call->resource = item->object->resource;
		call->secret = item->secret;
		call->again = true; // the uid sees to it
		call->user = item;
		item->tried = true;
		g_ptr_array_add(calls, call);
	}
	if (!cluster_run(group->cluster, calls, &limits, error)) {
		return false;
	}
	for (guint i = 0; i < calls->len; i++) {
		take_answer(group, calls->pdata[i]);
	}
	return true;
}

/* Who was deleted and stands there still waits for somebody: finalizers. */
static void remark_left(struct kube_item *item)
{
	const struct kube_value *list = kube_value_at(item->now, "metadata", "finalizers", NULL);
	const char *first = kube_value_str(kube_value_item(list, 0));

	if (item->problem == NULL && item->now != NULL && kube_item_is_going(item->now)) {
		kube_item_remark(item, g_strdup_printf("is being deleted; it is not gone yet%s%s",
						       first != NULL ? ", it waits for " : "",
						       first != NULL ? first : ""));
	}
}

bool kube_prune_all(struct kube_group *group, GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) sent = g_ptr_array_new();

	if (items->len == 0) {
		return true;
	}
	if (!delete_all(group, items, error)) {
		return false;
	}
	for (guint i = 0; i < items->len; i++) {
		if (((struct kube_item *)items->pdata[i])->problem == NULL) {
			g_ptr_array_add(sent, items->pdata[i]);
		}
	}
	if (!kube_wait_gone(group, sent, error)) {
		return false;
	}
	for (guint i = 0; i < sent->len; i++) {
		remark_left(sent->pdata[i]);
	}
	return true;
}

/* It must say itself that it is ours, and nobody may have protected it since. */
static void judge(const struct kube_group *group, struct kube_item *item)
{
	const struct kube_prune_of of = {.id = item->id,
					 .uid = item->step->change->observed.object_uid,
					 .owner = group->owner,
					 .set = item->object->set != NULL ? item->object->set : ""};
	enum kube_prune verdict = kube_order_judge_prune(item->now, &of);

	if (verdict != KUBE_PRUNE_ALLOWED) {
		kube_item_fail(item,
			       g_strdup_printf("is not removed: %s", kube_prune_text(verdict)));
	}
}

static bool prune_stage(struct kube_group *group, enum kube_stage stage, GError **error)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new();

	for (guint i = 0; i < group->items->len; i++) {
		struct kube_item *item = kube_group_item(group, i);

		if (kube_item_goes(item) && item->step->outcome != STEP_DONE &&
		    item->problem == NULL && kube_order_stage(item->id) == stage) {
			g_ptr_array_add(items, item);
		}
	}
	if (items->len == 0) {
		return true;
	}
	if (!kube_group_look(group, items, error)) {
		return false;
	}
	for (guint i = items->len; i-- > 0;) {
		struct kube_item *item = items->pdata[i];

		if (item->now == NULL) {
			g_ptr_array_remove_index(items, i); // went with another
		} else {
			judge(group, item);
		}
	}
	kube_group_tell(group, "removing objects", 0, items->len);
	return kube_prune_all(group, items, error);
}

bool kube_prune_run(struct kube_group *group, GError **error)
{
	static const enum kube_stage stages[] = {KUBE_STAGE_HOOKS, KUBE_STAGE_REST,
						 KUBE_STAGE_CLASSES, KUBE_STAGE_GROUND};

	for (guint i = 0; i < G_N_ELEMENTS(stages); i++) {
		g_autofree char *problem = NULL;

		if (!prune_stage(group, stages[i], error)) {
			return false;
		}
		problem = kube_group_problem(group);
		if (problem != NULL) {
			return true;
		}
	}
	return true;
}
