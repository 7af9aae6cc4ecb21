/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What leads back, judged by what is there: nothing is remembered but what was there before. */
#include <string.h>

#include "kube/owned.h"
#include "worker/target/kubernetes-group.h"

static bool is_same(const struct kube_item *item)
{
	return g_strcmp0(kube_item_uid(item), item->step->change->observed.object_uid) == 0;
}

/* It says so, and the server remembers us: a mark can be copied, or come with a backup. */
static bool is_made_by_us(const struct kube_item *item)
{
	g_autoptr(kube_value_auto) owned = kube_owned_by(item->now, KUBERNETES_MANAGER);

	return kube_item_is_ours(item, item->now) && owned != NULL;
}

/* The plan has made it. What others have put into it goes with it. */
static enum kube_back created(const struct kube_item *item, const char **why)
{
	if (item->now == NULL || kube_item_is_going(item->now)) {
		return KUBE_BACK_NOTHING;
	}
	if (!is_made_by_us(item)) {
		*why = "somebody else has made it, so it stays";
		return KUBE_BACK_LEAVE;
	}
	return KUBE_BACK_DELETE;
}

static bool owns_the_same(const struct kube_item *item)
{
	g_autoptr(kube_value_auto) was = kube_owned_by(item->before, KUBERNETES_MANAGER);
	g_autoptr(kube_value_auto) is = kube_owned_by(item->now, KUBERNETES_MANAGER);

	return was == NULL || is == NULL ? was == is : kube_value_equal(was, is);
}

static enum kube_back updated(const struct kube_item *item, const char **why)
{
	if (item->now == NULL || kube_item_is_going(item->now)) {
		*why = "somebody has deleted it since";
		return KUBE_BACK_LEAVE;
	}
	if (!is_same(item)) {
		*why = "somebody has made it anew since";
		return KUBE_BACK_LEAVE;
	}
	if (item->before == NULL) {
		*why = "what it was is not kept";
		return KUBE_BACK_LEAVE;
	}
	return owns_the_same(item) ? KUBE_BACK_NOTHING : KUBE_BACK_APPLY;
}

/* The plan has deleted it, or was about to. */
static enum kube_back removed(const struct kube_item *item, const char **why)
{
	if (item->now != NULL && is_same(item)) {
		if (!kube_item_is_going(item->now)) {
			return KUBE_BACK_NOTHING;
		}
		*why = "it is still being deleted, and can be made again only after that";
		return KUBE_BACK_LEAVE;
	}
	if (item->now != NULL) {
		*why = "somebody has made it anew since";
		return KUBE_BACK_LEAVE;
	}
	if (item->before == NULL) {
		*why = "what it was is not kept";
		return KUBE_BACK_LEAVE;
	}
	return KUBE_BACK_CREATE;
}

static enum kube_back replaced(const struct kube_item *item, const char **why)
{
	if (item->now == NULL || is_same(item) || !is_made_by_us(item)) {
		return removed(item, why);
	}
	if (item->before == NULL) {
		*why = "what it was is not kept";
		return KUBE_BACK_LEAVE;
	}
	return KUBE_BACK_SWAP;
}

enum kube_back kube_back_decide(const struct kube_item *item, const char **why)
{
	*why = NULL;
	switch (item->step->change->action) {
	case ACTION_CREATE:
		return created(item, why);
	case ACTION_UPDATE:
		return updated(item, why);
	case ACTION_REPLACE:
		return replaced(item, why);
	case ACTION_REMOVE:
		return removed(item, why);
	case ACTION_START:
	case ACTION_STOP:
	case ACTION_RESTART:
	case ACTION_RELOAD:
	case ACTION_ENABLE:
	case ACTION_DISABLE:
	case ACTION_RUN:
		break;
	}
	*why = "the plan does with it what nobody can";
	return KUBE_BACK_LEAVE;
}
