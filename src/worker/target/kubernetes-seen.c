/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is an object still what it was when it was compared with the plan? */
#include <string.h>

#include "kube/normal.h"
#include "worker/target/kubernetes-group.h"

static struct kube_value *normal(const struct kube_item *item, const struct kube_value *object)
{
	struct kube_value *value = kube_value_dup(object);

	kube_value_set(kube_value_get(value, "metadata"), "managedFields", NULL);
	kube_normal_strip(value, item->object->has_status);
	return value;
}

static bool is_same(const struct kube_item *item)
{
	g_autoptr(kube_value_auto) was = normal(item, item->before);
	g_autoptr(kube_value_auto) is = normal(item, item->now);

	return kube_value_equal(was, is);
}

static bool has_text(const struct kube_value *a, const struct kube_value *b, const char *name)
{
	return g_strcmp0(kube_value_str_at(a, name, NULL), kube_value_str_at(b, name, NULL)) == 0;
}

static bool is_in(const struct kube_value *list, const struct kube_value *entry)
{
	for (size_t i = 0; i < kube_value_count(list); i++) {
		const struct kube_value *other = kube_value_item(list, i);

		if (has_text(entry, other, "manager") && has_text(entry, other, "operation") &&
		    has_text(entry, other, "time") && has_text(entry, other, "subresource")) {
			return true;
		}
	}
	return false;
}

static bool is_ours(const struct kube_value *entry)
{
	return g_strcmp0(kube_value_str_at(entry, "manager", NULL), KUBERNETES_MANAGER) == 0 &&
	       g_strcmp0(kube_value_str_at(entry, "operation", NULL), "Apply") == 0;
}

/* Has anybody else written to it since, by what the server remembers? */
static bool others_came(const struct kube_item *item)
{
	const struct kube_value *was =
		kube_value_at(item->before, "metadata", "managedFields", NULL);
	const struct kube_value *is = kube_value_at(item->now, "metadata", "managedFields", NULL);

	for (size_t i = 0; i < kube_value_count(is); i++) {
		const struct kube_value *entry = kube_value_item(is, i);
		const char *sub = kube_value_str_at(entry, "subresource", NULL);

		if ((sub == NULL || sub[0] == '\0') && !is_ours(entry) && !is_in(was, entry)) {
			return true;
		}
	}
	return false;
}

/* An earlier try may have changed it, but for what goes: that is deleted, or not touched. */
void kube_seen_check(const struct kube_group *group, struct kube_item *item)
{
	const char *uid = kube_value_str_at(item->before, "metadata", "uid", NULL);

	if (item->now == NULL || item->before == NULL || g_strcmp0(uid, kube_item_uid(item)) != 0 ||
	    is_same(item)) {
		return;
	}
	if (group->fresh || kube_item_goes(item) || others_came(item)) {
		kube_item_fail(item, g_strdup("was changed by somebody since it was compared with "
					      "the plan"));
	}
}
