/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Applying the objects of a plan, stage by stage. */
#include <string.h>

#include "base/error.h"
#include "worker/target/kubernetes-group.h"

#define NOT_YET_SERVED 10 /* seconds that a kind may take to be served everywhere */

/* No object has this one; with it, an apply makes what is not there and touches nothing that is. */
#define NO_VERSION "1"

/* What others own is taken over only as it was seen: no conflict would tell of their changes. */
static bool takes_over(const struct kube_item *item, bool force)
{
	return force && item->object->force && item->before != NULL;
}

static const char *version_of(const struct kube_value *object)
{
	return kube_value_str_at(object, "metadata", "resourceVersion", NULL);
}

static void set_version(const struct kube_item *item, struct kube_value *metadata, bool force)
{
	const char *version = version_of(item->now);

	if (takes_over(item, force) && version != NULL) {
		kube_value_set(metadata, "resourceVersion", kube_value_string(version, -1));
	}
}

static bool make_call(struct kube_item *item, enum kube_how how, bool force, GPtrArray *calls,
		      GError **error)
{
	g_autoptr(kube_value_auto) body = kube_value_dup(item->body);
	struct kube_value *metadata = kube_value_get(body, "metadata");
	g_autofree char *query = NULL;
	struct cluster_call *call;

	if (how == KUBE_HOW_CREATE) {
		kube_value_set(metadata, "resourceVersion", kube_value_string(NO_VERSION, -1));
	} else {
		kube_value_set(metadata, "uid", kube_value_string(kube_item_uid(item), -1));
		set_version(item, metadata, force);
	}
	query = g_strdup_printf("fieldManager=%s&force=%s&fieldValidation=Strict",
				KUBERNETES_MANAGER,
				force && item->object->force ? "true" : "false");
	call = cluster_call_new("PATCH", kube_item_path(item, query));
	call->content_type = "application/apply-patch+yaml";
	call->resource = item->object->resource;
	call->secret = item->secret;
	call->again = true; // the same again makes the same
	call->user = item;
	item->tried = true;
	g_ptr_array_add(calls, call);
	return kube_value_apply_body(body, &call->body, &call->body_len, error) ||
	       fail_prefix(error, "%s", item->step->change->id);
}

/* What the server says of one. True: once more, later. */
static bool take_answer(struct kube_group *group, struct cluster_call *call, enum kube_how how,
			bool force)
{
	struct kube_item *item = call->user;
	bool same;

	if (call->answer->class == KUBE_NOT_SERVED ||
	    (call->answer->class == KUBE_STALE && how == KUBE_HOW_APPLY &&
	     takes_over(item, force))) {
		return true;
	}
	if (!kube_answer_is_good(call->answer) || call->value == NULL) {
		if (how == KUBE_HOW_CREATE &&
		    (call->answer->class == KUBE_STALE || call->answer->class == KUBE_EXISTS)) {
			kube_item_fail(item, g_strdup("somebody else has made it meanwhile"));
		} else {
			item->again |= call->answer->class == KUBE_UNAUTHENTICATED ||
				       call->answer->retry != KUBE_RETRY_NEVER;
			kube_item_fail(item, cluster_call_problem(group->cluster, call));
		}
		return false;
	}
	item->applied = true;
	same = g_strcmp0(version_of(item->now), version_of(call->value)) == 0;
	kube_item_see(item, g_steal_pointer(&call->value));
	if (!same) {
		kube_item_changed(item, true);
	}
	if (call->warnings != NULL && call->warnings->len > 0) {
		kube_item_remark(item, g_strdup(call->warnings->pdata[0]));
	}
	return false;
}

static bool apply_once(struct kube_group *group, GPtrArray *items, enum kube_how how, bool force,
		       GPtrArray *later, GError **error)
{
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	struct cluster_limits limits;

	kube_group_limits(group, &limits);
	for (guint i = 0; i < items->len; i++) {
		if (!make_call(items->pdata[i], how, force, calls, error)) {
			return false;
		}
	}
	if (!cluster_run(group->cluster, calls, &limits, error)) {
		return false;
	}
	for (guint i = 0; i < calls->len; i++) {
		struct cluster_call *call = calls->pdata[i];

		if (take_answer(group, call, how, force)) {
			g_ptr_array_add(later, call->user);
		}
	}
	return true;
}

static void drop_failed(GPtrArray *items)
{
	for (guint i = items->len; i-- > 0;) {
		if (((struct kube_item *)items->pdata[i])->problem != NULL) {
			g_ptr_array_remove_index(items, i);
		}
	}
}

/* Stages before this one may have taken minutes. Those that are not as they were drop out. */
static bool look_before(struct kube_group *group, GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) some = g_ptr_array_new();

	for (guint i = 0; i < items->len; i++) {
		if (takes_over(items->pdata[i], true)) {
			g_ptr_array_add(some, items->pdata[i]);
		}
	}
	if (some->len > 0 && !kube_group_look(group, some, error)) {
		return false;
	}
	for (guint i = 0; i < some->len; i++) {
		struct kube_item *item = some->pdata[i];

		if (item->now == NULL) {
			kube_item_fail(item, g_strdup("is not the object that the plan saw"));
		} else {
			kube_seen_check(group, item);
		}
	}
	drop_failed(items);
	return true;
}

static void give_up(const GPtrArray *items, enum kube_how how, bool force)
{
	for (guint i = 0; i < items->len; i++) {
		struct kube_item *item = items->pdata[i];
		bool stale = how == KUBE_HOW_APPLY && takes_over(item, force);

		kube_item_fail(item, g_strdup(stale ? "is changed again and again"
						    : "the cluster has no such kind"));
	}
}

bool kube_apply_all(struct kube_group *group, GPtrArray *items, enum kube_how how, bool force,
		    GError **error)
{
	g_autoptr(GPtrArray) left = g_ptr_array_copy(items, NULL, NULL);
	int64_t end = g_get_monotonic_time() + NOT_YET_SERVED * G_USEC_PER_SEC;
	unsigned round = 0;

	while (left->len > 0) {
		g_autoptr(GPtrArray) later = g_ptr_array_new();

		if ((how == KUBE_HOW_APPLY && force && !look_before(group, left, error)) ||
		    !apply_once(group, left, how, force, later, error)) {
			return false;
		}
		g_ptr_array_unref(left);
		left = g_steal_pointer(&later);
		if (left->len == 0) {
			break;
		}
		if (g_get_monotonic_time() > end || !kube_wait_pause(group, &round)) {
			give_up(left, how, force);
			break;
		}
	}
	return true;
}

/* The old one goes first, by its uid; what hangs from it goes with it. */
static bool make_room(struct kube_group *group, GPtrArray *items, GError **error)
{
	if (!kube_prune_all(group, items, error)) {
		return false;
	}
	for (guint i = 0; i < items->len; i++) {
		struct kube_item *item = items->pdata[i];

		if (item->problem == NULL && item->now != NULL) {
			kube_item_fail(item, g_strdup("the old one is not gone yet"));
		}
	}
	return true;
}

/* What is to be done with it, by what is there: a second try finds some of the first one's. */
enum task { TASK_CREATE, TASK_APPLY, TASK_SWAP, TASK_NOTHING };

static enum task what_to_do(const struct kube_item *item)
{
	const char *uid = item->step->change->observed.object_uid;

	if (kube_item_goes(item) || item->step->outcome == STEP_DONE || item->problem != NULL) {
		return TASK_NOTHING;
	}
	if (item->now == NULL) {
		return TASK_CREATE;
	}
	return item->step->change->action == ACTION_REPLACE &&
			       g_strcmp0(uid, kube_item_uid(item)) == 0
		       ? TASK_SWAP
		       : TASK_APPLY;
}

static void pick(const struct kube_group *group, enum kube_stage stage, GPtrArray *const *lists)
{
	for (guint i = 0; i < group->items->len; i++) {
		struct kube_item *item = kube_group_item(group, i);
		enum task todo = what_to_do(item);

		if (kube_order_stage(item->id) == stage && todo != TASK_NOTHING) {
			g_ptr_array_add(lists[todo], item);
		}
	}
}

static bool has_crd(const GPtrArray *items)
{
	for (guint i = 0; i < items->len; i++) {
		const struct kube_item *item = items->pdata[i];

		if (strcmp(item->id->kind, "CustomResourceDefinition") == 0) {
			return true;
		}
	}
	return false;
}

/* Without these, those that come later cannot be. */
static bool is_waited_for(const struct kube_item *item)
{
	return item->object->wait || kube_order_stage(item->id) == KUBE_STAGE_GROUND;
}

static bool wait_stage(struct kube_group *group, GPtrArray *const *lists, GError **error)
{
	g_autoptr(GPtrArray) wanted = g_ptr_array_new();
	bool crd = false;

	for (guint todo = 0; todo < TASK_NOTHING; todo++) {
		crd |= has_crd(lists[todo]);
		for (guint i = 0; i < lists[todo]->len; i++) {
			struct kube_item *item = lists[todo]->pdata[i];

			if (item->problem == NULL && is_waited_for(item)) {
				g_ptr_array_add(wanted, item);
			}
		}
	}
	if (!kube_wait_ready(group, wanted, error)) {
		return false;
	}
	if (crd) {
		cluster_forget_discovery(group->cluster);
	}
	return true;
}

static bool run_lists(struct kube_group *group, GPtrArray *const *lists, GError **error)
{
	if (!kube_apply_all(group, lists[TASK_CREATE], KUBE_HOW_CREATE, true, error) ||
	    !kube_apply_all(group, lists[TASK_APPLY], KUBE_HOW_APPLY, true, error) ||
	    !make_room(group, lists[TASK_SWAP], error)) {
		return false;
	}
	drop_failed(lists[TASK_SWAP]);
	return kube_apply_all(group, lists[TASK_SWAP], KUBE_HOW_CREATE, true, error) &&
	       wait_stage(group, lists, error);
}

static bool run_stage(struct kube_group *group, enum kube_stage stage, GError **error)
{
	GPtrArray *lists[TASK_NOTHING];
	bool ok;

	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		lists[i] = g_ptr_array_new();
	}
	pick(group, stage, lists);
	ok = run_lists(group, lists, error);
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_ptr_array_unref(lists[i]);
	}
	return ok;
}

/* May it be there as it is? What the plan saw, or what an earlier try has made of it. */
static bool may_be(const struct kube_group *group, const struct kube_item *item)
{
	const char *uid = item->step->change->observed.object_uid;

	if (group->fresh) {
		return g_strcmp0(uid, kube_item_uid(item)) == 0 ||
		       (item->now == NULL && kube_item_goes(item));
	}

	if (uid != NULL && g_strcmp0(uid, kube_item_uid(item)) == 0) {
		return true;
	}
	if (item->now == NULL) {
		return item->step->change->action != ACTION_UPDATE;
	}
	return (item->step->change->action == ACTION_CREATE ||
		item->step->change->action == ACTION_REPLACE) &&
	       kube_item_is_ours(item, item->now);
}

static bool check_all(struct kube_group *group)
{
	bool good = true;

	for (guint i = 0; i < group->items->len; i++) {
		struct kube_item *item = kube_group_item(group, i);

		if (item->problem != NULL || item->step->outcome == STEP_DONE) {
			good &= item->problem == NULL;
			continue;
		}
		if (!may_be(group, item)) {
			kube_item_fail(item, g_strdup("is not the object that the plan saw"));
		}
		kube_seen_check(group, item);
		good &= item->problem == NULL;
	}
	return good;
}

/* Is there anything left to do of it? */
static bool is_left(const struct kube_item *item)
{
	if (item->step->outcome == STEP_DONE) {
		return false;
	}
	return kube_item_goes(item) ? item->now != NULL && !kube_item_is_going(item->now)
				    : !item->applied;
}

static void leave_rest(struct kube_group *group)
{
	g_autofree char *problem = kube_group_problem(group);

	for (guint i = 0; problem != NULL && i < group->items->len; i++) {
		struct kube_item *item = kube_group_item(group, i);

		if (item->problem == NULL && is_left(item)) {
			kube_item_leave(item, "left out, since something before it has failed");
		}
	}
}

static bool run_stages(struct kube_group *group, GError **error)
{
	static const enum kube_stage stages[] = {KUBE_STAGE_GROUND, KUBE_STAGE_CLASSES,
						 KUBE_STAGE_REST, KUBE_STAGE_HOOKS};

	for (guint i = 0; i < G_N_ELEMENTS(stages); i++) {
		g_autofree char *problem = NULL;

		if (!run_stage(group, stages[i], error)) {
			return false;
		}
		problem = kube_group_problem(group);
		if (problem != NULL) {
			return true;
		}
	}
	return kube_prune_run(group, error);
}

bool kube_apply_run(struct kube_group *group, GError **error)
{
	bool ok;

	if (!kube_group_look(group, group->items, error)) {
		return false;
	}
	if (!check_all(group)) {
		leave_rest(group);
		return true;
	}
	if (!kube_list_widen(group, error)) {
		return false;
	}
	ok = run_stages(group, error);
	if (ok) {
		leave_rest(group);
		ok = kube_list_settle(group, error);
	}
	return ok;
}
