/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a server's JSON: it is written again as the same value, in both forms, and whatever
 * it says of objects, errors and kinds is judged without harm. */
#include <glib.h>

#include "fuzz.h"
#include "kube/answer.h"
#include "kube/diff.h"
#include "kube/discovery.h"
#include "kube/id.h"
#include "kube/normal.h"
#include "kube/order.h"
#include "kube/ready.h"

const char *const fuzz_corpus[] = {"kubernetes", NULL};

static void check_same(const struct kube_value *value, const char *text, size_t len)
{
	g_autoptr(kube_value_auto) again = NULL;

	g_assert(g_utf8_validate(text, (gssize)len, NULL));
	g_assert(kube_value_parse(text, len, KUBE_VALUE_MAX_SIZE, &again, NULL));
	g_assert(kube_value_equal(value, again));
}

static void check_written(const struct kube_value *value)
{
	g_autofree char *canonical = NULL, *body = NULL;
	size_t len;

	canonical = kube_value_canonical(value, &len);
	check_same(value, canonical, len);
	if (kube_value_apply_body(value, &body, &len, NULL)) {
		check_same(value, body, len);
	}
}

static char *mask(const void *content, size_t len, void *data)
{
	(void)content;
	(void)len;
	return g_strdup(data);
}

static void judge_object(const struct kube_value *object)
{
	g_autoptr(kube_value_auto) copy = kube_value_dup(object);
	g_autoptr(GPtrArray) differences = NULL;
	struct kube_id *id = NULL;
	struct kube_ready ready;

	kube_ready_judge(object, &(struct kube_ready_how){.has_status = true}, &ready);
	kube_ready_clear(&ready);
	kube_normal_strip(copy, true);
	kube_normal_generated(copy, NULL, NULL);
	if (kube_normal_data(copy, NULL)) {
		check_written(copy);
	}
	kube_normal_mask(copy, mask, (void *)"masked");
	differences = kube_diff(object, copy);
	g_assert((differences->len == 0) == kube_value_equal(object, copy));
	if (kube_id_from_object(object, &id, NULL)) {
		(void)kube_order_judge_prune(object,
					     &(struct kube_prune_of){id, "uid", "owner", "set"});
		kube_id_free(id);
	}
}

static void judge(const struct kube_value *value)
{
	g_autoptr(kube_discovery_auto) discovery = kube_discovery_new();
	g_autoptr(kube_answer_auto) answer = kube_answer_from_status(value);

	g_assert(!kube_answer_is_good(answer));
	if (kube_discovery_read(discovery, value, NULL)) {
		g_ptr_array_unref(kube_discovery_missing(discovery));
	}
	judge_object(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(kube_value_auto) value = NULL;
	const struct kube_value *body;

	if (!kube_value_parse((const char *)data, size, KUBE_VALUE_MAX_SIZE, &value, NULL)) {
		return 0;
	}
	check_written(value);
	body = kube_value_at(value, "response", "body", NULL);
	judge(body != NULL ? body : value);
	return 0;
}
