/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking back what a plan has done to objects; in whatever state they are found. */
#include <string.h>

#include "base/error.h"
#include "kube/owned.h"
#include "worker/target/kubernetes-group.h"

static void set_body(struct kube_item *item, struct kube_value *body)
{
	kube_value_free(item->body);
	item->body = body;
}

/* What leads back, for each; what cannot be led back is its problem. */
static void decide(struct kube_group *group, const GError *lost, GPtrArray *const *lists)
{
	for (guint i = 0; i < group->items->len; i++) {
		struct kube_item *item = kube_group_item(group, i);
		const char *why;
		enum kube_back back;

		if (item->problem != NULL) {
			continue;
		}
		back = kube_back_decide(item, &why);
		switch (back) {
		case KUBE_BACK_NOTHING:
			break;
		case KUBE_BACK_LEAVE:
			kube_item_fail(item,
				       item->before == NULL && lost != NULL
					       ? g_strdup_printf("%s (%s)", why, lost->message)
					       : g_strdup(why));
			break;
		case KUBE_BACK_APPLY:
			set_body(item,
				 kube_owned_back(item->before, item->now, KUBERNETES_MANAGER));
			g_ptr_array_add(lists[back], item);
			break;
		case KUBE_BACK_CREATE:
		case KUBE_BACK_SWAP:
			set_body(item, kube_owned_by_all(item->before));
			g_ptr_array_add(lists[back], item);
			break;
		case KUBE_BACK_DELETE:
			g_ptr_array_add(lists[back], item);
			break;
		}
	}
}

static void remark_made(struct kube_item *item)
{
	if (item->problem == NULL) {
		kube_item_remark(item,
				 g_strdup(kube_order_is_grave(item->id)
						  ? "was made again, with a new uid; what was in "
						    "it is lost"
						  : "was made again, with a new uid"));
	}
}

static GPtrArray *of_stage(const GPtrArray *items, enum kube_stage stage)
{
	GPtrArray *out = g_ptr_array_new();

	for (guint i = 0; i < items->len; i++) {
		struct kube_item *item = items->pdata[i];

		if (item->problem == NULL && kube_order_stage(item->id) == stage) {
			g_ptr_array_add(out, item);
		}
	}
	return out;
}

static bool make_again(struct kube_group *group, const GPtrArray *items, GError **error)
{
	for (int stage = KUBE_STAGE_GROUND; stage <= KUBE_STAGE_HOOKS; stage++) {
		g_autoptr(GPtrArray) some = of_stage(items, (enum kube_stage)stage);

		if (!kube_apply_all(group, some, KUBE_HOW_CREATE, false, error) ||
		    (stage == KUBE_STAGE_GROUND && !kube_wait_ready(group, some, error))) {
			return false;
		}
		for (guint i = 0; i < some->len; i++) {
			remark_made(some->pdata[i]);
		}
	}
	return true;
}

static bool unmake(struct kube_group *group, const GPtrArray *items, GError **error)
{
	for (int stage = KUBE_STAGE_HOOKS; stage >= KUBE_STAGE_GROUND; stage--) {
		g_autoptr(GPtrArray) some = of_stage(items, (enum kube_stage)stage);

		if (!kube_prune_all(group, some, error)) {
			return false;
		}
	}
	return true;
}

/* What was put in the place of another makes room for it again. */
static bool swap(struct kube_group *group, const GPtrArray *items, GError **error)
{
	if (!unmake(group, items, error)) {
		return false;
	}
	for (guint i = 0; i < items->len; i++) {
		struct kube_item *item = items->pdata[i];

		if (item->problem == NULL && item->now != NULL) {
			kube_item_fail(item, g_strdup("what came in its place is not gone yet"));
		}
	}
	return make_again(group, items, error);
}

static bool take_back(struct kube_group *group, GPtrArray *const *lists, GError **error)
{
	return make_again(group, lists[KUBE_BACK_CREATE], error) &&
	       kube_apply_all(group, lists[KUBE_BACK_APPLY], KUBE_HOW_APPLY, false, error) &&
	       swap(group, lists[KUBE_BACK_SWAP], error) &&
	       unmake(group, lists[KUBE_BACK_DELETE], error);
}

bool kube_undo_run(struct kube_group *group, GError **error)
{
	GPtrArray *lists[KUBE_BACK_LEAVE];
	g_autoptr(GError) lost = NULL;
	bool ok;

	/* Without it, what was made can go all the same; the rest says that it is not kept. */
	(void)!kube_keep_load(group, &lost);
	if (!kube_group_look(group, group->items, error)) {
		return false;
	}
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		lists[i] = g_ptr_array_new();
	}
	decide(group, lost, lists);
	ok = take_back(group, lists, error) && kube_list_settle(group, error);
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_ptr_array_unref(lists[i]);
	}
	return ok;
}
