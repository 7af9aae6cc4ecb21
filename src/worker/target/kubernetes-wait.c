/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting for objects to become ready, or to be gone. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "kube/ready.h"
#include "worker/target/kubernetes-group.h"

#define FIRST_PAUSE 100 /* ms */
#define LAST_PAUSE 2000
#define STEP_PAUSE 50 /* how often somebody may ask for an end */

bool kube_wait_pause(const struct kube_group *group, unsigned *round)
{
	unsigned length = FIRST_PAUSE << MIN(*round, 5);

	(*round)++;
	for (unsigned left = MIN(length, LAST_PAUSE); left > 0; left -= STEP_PAUSE) {
		if (kube_group_stopped(group)) {
			return false;
		}
		g_usleep(STEP_PAUSE * 1000);
	}
	return true;
}

static bool is_over(const struct kube_item *item, int64_t begin)
{
	return g_get_monotonic_time() - begin >= kube_item_within(item) * G_USEC_PER_SEC;
}

/* A Job that was told to go when it is through has gone. */
static bool may_be_gone(const struct kube_item *item)
{
	return strcmp(item->id->kind, "Job") == 0 &&
	       kube_value_at(item->body, "spec", "ttlSecondsAfterFinished", NULL) != NULL;
}

enum verdict_of_wait { WAITS, READY, BROKEN };

static enum verdict_of_wait judge(struct kube_item *item, const char *uid, char **why)
{
	const struct kube_ready_how how = {.has_status = item->object->has_status,
					   .now = (int64_t)time(NULL)};
	struct kube_ready ready;
	enum verdict_of_wait verdict = WAITS;

	*why = NULL;
	if (item->now == NULL) {
		*why = g_strdup("somebody has removed it");
		return may_be_gone(item) ? READY : BROKEN;
	}
	if (g_strcmp0(uid, kube_item_uid(item)) != 0) {
		*why = g_strdup("somebody has made it anew");
		return BROKEN;
	}
	kube_ready_judge(item->now, &how, &ready);
	switch (ready.state) {
	case KUBE_STATE_READY:
		verdict = READY;
		break;
	case KUBE_STATE_WAITING:
		verdict = ready.needs_user ? READY : WAITS;
		break;
	case KUBE_STATE_FAILED:
	case KUBE_STATE_TERMINATING:
		verdict = BROKEN;
		break;
	}
	*why = g_steal_pointer(&ready.why);
	kube_ready_clear(&ready);
	return verdict;
}

/* Of those that are left; first_why is of one that is waited for. */
static void judge_all(GPtrArray *left, GPtrArray *uids, int64_t begin, char **first)
{
	for (guint i = left->len; i-- > 0;) {
		struct kube_item *item = left->pdata[i];
		g_autofree char *why = NULL;
		enum verdict_of_wait verdict =
			item->problem != NULL ? READY : judge(item, uids->pdata[i], &why);

		if (verdict == WAITS && !is_over(item, begin)) {
			g_free(*first);
			*first = g_strdup_printf("waiting for %s: %s", item->step->change->id, why);
			continue;
		}
		if (verdict == WAITS) {
			kube_item_fail(item,
				       g_strdup_printf("was not ready within %" PRId64 " s: %s",
						       kube_item_within(item), why));
		} else if (verdict == BROKEN) {
			kube_item_fail(item, g_strdup_printf("does not become ready: %s", why));
		}
		g_ptr_array_remove_index(left, i);
		g_ptr_array_remove_index(uids, i);
	}
}

/* Whose wait was cut short by another's failure is not ready either. */
static bool any_failed(const GPtrArray *items)
{
	for (guint i = 0; i < items->len; i++) {
		if (((const struct kube_item *)items->pdata[i])->problem != NULL) {
			return true;
		}
	}
	return false;
}

bool kube_wait_ready(struct kube_group *group, GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) left = g_ptr_array_new();
	g_autoptr(GPtrArray) uids = g_ptr_array_new_with_free_func(g_free);
	int64_t begin = g_get_monotonic_time();
	unsigned round = 0;

	for (guint i = 0; i < items->len; i++) {
		g_ptr_array_add(left, items->pdata[i]);
		g_ptr_array_add(uids, g_strdup(kube_item_uid(items->pdata[i])));
	}
	for (;;) {
		g_autofree char *first = NULL;

		judge_all(left, uids, begin, &first);
		if (left->len == 0 || any_failed(items)) {
			break;
		}
		kube_group_tell(group, first, items->len - left->len, items->len);
		if (!kube_wait_pause(group, &round)) {
			return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
				    "asked to stop while %s", first);
		}
		if (!kube_group_look(group, left, error)) {
			return false;
		}
	}
	for (guint i = 0; i < left->len; i++) {
		kube_item_leave(left->pdata[i], "was not waited for, since another one has failed");
	}
	return true;
}

bool kube_wait_gone(struct kube_group *group, GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) left = g_ptr_array_new();
	int64_t begin = g_get_monotonic_time();
	unsigned round = 0;

	for (guint i = 0; i < items->len; i++) {
		g_ptr_array_add(left, items->pdata[i]);
	}
	for (;;) {
		if (!kube_group_look(group, left, error)) {
			return false;
		}
		for (guint i = left->len; i-- > 0;) {
			struct kube_item *item = left->pdata[i];

			if (item->now == NULL || !kube_item_is_going(item->now) ||
			    item->problem != NULL || is_over(item, begin)) {
				g_ptr_array_remove_index(left, i);
			}
		}
		if (left->len == 0) {
			return true;
		}
		kube_group_tell(group, "waiting until objects are gone", items->len - left->len,
				items->len);
		if (!kube_wait_pause(group, &round)) {
			return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
				    "asked to stop while objects were being deleted");
		}
	}
}
