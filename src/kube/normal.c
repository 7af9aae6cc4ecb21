/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Noise removed, secrets masked, and the digest of what was seen. */
#include "kube/normal.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "core/text.h"
#include "kube/answer.h"

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"
#define MAX_STEPS 6

void kube_normal_strip(struct kube_value *object, bool has_status)
{
	static const char *const names[] = {"managedFields",	 "resourceVersion",
					    "generation",	 "uid",
					    "creationTimestamp", "selfLink",
					    "deletionTimestamp", "deletionGracePeriodSeconds"};
	struct kube_value *metadata = kube_value_get(object, "metadata");

	for (size_t i = 0; kube_value_is(metadata, KUBE_MAP) && i < G_N_ELEMENTS(names); i++) {
		kube_value_set(metadata, names[i], NULL);
	}
	if (has_status && kube_value_is(object, KUBE_MAP)) {
		kube_value_set(object, "status", NULL);
	}
}

static bool is_kind(const struct kube_value *object, const char *version, const char *kind)
{
	return g_strcmp0(kube_value_str_at(object, "apiVersion", NULL), version) == 0 &&
	       g_strcmp0(kube_value_str_at(object, "kind", NULL), kind) == 0;
}

static struct kube_value *step(const struct kube_value *object, const char *const *path,
			       size_t count)
{
	struct kube_value *at = (struct kube_value *)object;

	for (size_t i = 0; i < count; i++) {
		at = kube_value_get(at, path[i]);
	}
	return at;
}

#define JOB_LABELS(label)                                                                          \
	{"batch/v1", "Job", {"metadata", "labels", label}},                                        \
		{"batch/v1", "Job", {"spec", "selector", "matchLabels", label}},                   \
	{                                                                                          \
		"batch/v1", "Job",                                                                 \
		{                                                                                  \
			"spec", "template", "metadata", "labels", label                            \
		}                                                                                  \
	}

static const struct {
	const char *version, *kind;
	const char *path[MAX_STEPS];
} generated[] = {
	{"v1", "Service", {"spec", "clusterIP"}},
	{"v1", "Service", {"spec", "clusterIPs"}},
	{"v1", "Service", {"spec", "healthCheckNodePort"}},
	JOB_LABELS("controller-uid"),
	JOB_LABELS("batch.kubernetes.io/controller-uid"),
};

/* A port of a Service is its number and protocol; manifests may leave out the latter. */
static const struct kube_value *find_port(const struct kube_value *object,
					  const struct kube_value *port)
{
	const struct kube_value *ports = kube_value_at(object, "spec", "ports", NULL);
	const char *protocol = kube_value_str_at(port, "protocol", NULL);

	for (size_t i = 0; i < kube_value_count(ports); i++) {
		const struct kube_value *other = kube_value_item(ports, i);
		const char *its = kube_value_str_at(other, "protocol", NULL);

		if (kube_value_equal(kube_value_get(other, "port"), kube_value_get(port, "port")) &&
		    strcmp(its != NULL ? its : "TCP", protocol != NULL ? protocol : "TCP") == 0) {
			return other;
		}
	}
	return NULL;
}

static void drop_node_ports(struct kube_value *wanted, const struct kube_value *manifest,
			    const struct kube_value *live)
{
	const struct kube_value *ports = kube_value_at(wanted, "spec", "ports", NULL);

	for (size_t i = 0; i < kube_value_count(ports); i++) {
		struct kube_value *port = kube_value_item(ports, i);

		if (kube_value_get(find_port(manifest, port), "nodePort") == NULL &&
		    kube_value_get(find_port(live, port), "nodePort") == NULL &&
		    kube_value_is(port, KUBE_MAP)) {
			kube_value_set(port, "nodePort", NULL);
		}
	}
}

/* clusterIP and clusterIPs are two ways to say the same. */
static bool says_address(const struct kube_value *object)
{
	return kube_value_at(object, "spec", "clusterIP", NULL) != NULL ||
	       kube_value_at(object, "spec", "clusterIPs", NULL) != NULL;
}

void kube_normal_generated(struct kube_value *wanted, const struct kube_value *manifest,
			   const struct kube_value *live)
{
	for (size_t i = 0; i < G_N_ELEMENTS(generated); i++) {
		const char *const *path = generated[i].path;
		struct kube_value *parent;
		size_t count = 0;

		while (count < MAX_STEPS && path[count] != NULL) {
			count++;
		}
		if (!is_kind(wanted, generated[i].version, generated[i].kind) ||
		    step(manifest, path, count) != NULL || step(live, path, count) != NULL) {
			continue;
		}
		if (g_str_has_prefix(path[count - 1], "clusterIP") &&
		    (says_address(manifest) || says_address(live))) {
			continue;
		}
		parent = step(wanted, path, count - 1);
		if (kube_value_is(parent, KUBE_MAP)) {
			kube_value_set(parent, path[count - 1], NULL);
		}
	}
	if (is_kind(wanted, "v1", "Service")) {
		drop_node_ports(wanted, manifest, live);
	}
}

bool kube_normal_is_secret(const struct kube_value *object)
{
	return is_kind(object, "v1", "Secret");
}

/* Standard base64 of a text, as a value. */
static struct kube_value *encoded(const char *text, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *base64 = g_malloc(size);
	struct kube_value *value;

	(void)sodium_bin2base64(base64, size, (const unsigned char *)text, len,
				sodium_base64_VARIANT_ORIGINAL);
	value = kube_value_string(base64, -1);
	sodium_memzero(base64, size);
	g_free(base64);
	return value;
}

bool kube_normal_data(struct kube_value *manifest, GError **error)
{
	const struct kube_value *strings = kube_value_get(manifest, "stringData");
	struct kube_value *data = kube_value_get(manifest, "data");

	if (!kube_normal_is_secret(manifest) || strings == NULL) {
		return true;
	}
	if ((!kube_value_is(strings, KUBE_MAP) && !kube_value_is(strings, KUBE_NULL)) ||
	    (data != NULL && !kube_value_is(data, KUBE_MAP) && !kube_value_is(data, KUBE_NULL))) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "data or stringData of a Secret is no map");
	}
	for (size_t i = 0; i < kube_value_count(strings); i++) {
		if (!kube_value_is(kube_value_item(strings, i), KUBE_STRING)) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    "stringData '%s' of a Secret is no text",
				    kube_value_name(strings, i));
		}
	}
	if (!kube_value_is(data, KUBE_MAP)) {
		kube_value_set(manifest, "data", kube_value_map());
		data = kube_value_get(manifest, "data");
	}
	for (size_t i = 0; i < kube_value_count(strings); i++) {
		size_t len = 0;
		const char *text = kube_value_text(kube_value_item(strings, i), &len);

		kube_value_set(data, kube_value_name(strings, i), encoded(text, len));
	}
	kube_value_set(manifest, "stringData", NULL);
	return true;
}

/* What is no base64 (the server would refuse it) is masked as it stands. */
static char *mask_text(const struct kube_value *value, bool base64, kube_mask_fn *fn, void *data)
{
	size_t len = 0, content_len = 0;
	const char *text = kube_value_text(value, &len);
	uint8_t *content;
	char *masked;

	if (text == NULL) {
		return NULL;
	}
	content = g_malloc(len + 1);
	if (!base64 || !text_base64_decode(content, len + 1, &content_len, text, len)) {
		memcpy(content, text, len);
		content_len = len;
	}
	masked = fn(content, content_len, data);
	sodium_memzero(content, len + 1);
	g_free(content);
	return masked;
}

/* Whatever stands there that is no text could be one that was meant to be: it is masked, too. */
static void mask_member(struct kube_value *map, const char *name, bool base64, kube_mask_fn *fn,
			void *data)
{
	const struct kube_value *value = kube_value_get(map, name);
	g_autofree char *masked = NULL, *whole = NULL;
	size_t len;

	if (kube_value_is(value, KUBE_NULL)) {
		return;
	}
	masked = mask_text(value, base64, fn, data);
	if (masked == NULL) {
		whole = kube_value_canonical(value, &len);
		masked = fn(whole, len, data);
		sodium_memzero(whole, len);
	}
	kube_value_set(map, name, kube_value_string(masked, -1));
}

static void mask_map(struct kube_value *object, const char *name, bool base64, kube_mask_fn *fn,
		     void *data)
{
	struct kube_value *map = kube_value_get(object, name);

	if (map != NULL && !kube_value_is(map, KUBE_MAP)) {
		mask_member(object, name, base64, fn, data);
		return;
	}
	for (size_t i = 0; i < kube_value_count(map); i++) {
		mask_member(map, kube_value_name(map, i), base64, fn, data);
	}
}

void kube_normal_mask(struct kube_value *object, kube_mask_fn *fn, void *data)
{
	struct kube_value *annotations = kube_value_at(object, "metadata", "annotations", NULL);

	if (!kube_normal_is_secret(object)) {
		return;
	}
	mask_map(object, "data", true, fn, data);
	mask_map(object, "stringData", false, fn, data);
	if (kube_value_get(annotations, LAST_APPLIED) != NULL) {
		mask_member(annotations, LAST_APPLIED, false, fn, data);
	}
}

static struct kube_value *text_value(const char *text)
{
	return text != NULL ? kube_value_string(text, -1) : kube_value_null();
}

static struct kube_value *copy_or_null(const struct kube_value *value)
{
	return value != NULL ? kube_value_dup(value) : kube_value_null();
}

static struct kube_value *id_value(const struct kube_id *id)
{
	struct kube_value *map = kube_value_map();

	kube_value_set(map, "group", text_value(id->group));
	kube_value_set(map, "kind", text_value(id->kind));
	kube_value_set(map, "name", text_value(id->name));
	kube_value_set(map, "namespace", text_value(id->namespace));
	kube_value_set(map, "version", text_value(id->version));
	return map;
}

static int compare_causes(const void *a, const void *b)
{
	const struct kube_cause *left = *(struct kube_cause *const *)a;
	const struct kube_cause *right = *(struct kube_cause *const *)b;
	int order = strcmp(left->field, right->field);

	return order != 0 ? order : g_strcmp0(left->manager, right->manager);
}

/* In one order, whatever the server's. */
static struct kube_value *conflicts_value(const GPtrArray *causes)
{
	struct kube_value *list = kube_value_list();
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();

	for (size_t i = 0; causes != NULL && i < causes->len; i++) {
		g_ptr_array_add(sorted, causes->pdata[i]);
	}
	g_ptr_array_sort(sorted, compare_causes);
	for (size_t i = 0; i < sorted->len; i++) {
		const struct kube_cause *cause = sorted->pdata[i];
		struct kube_value *map = kube_value_map();

		kube_value_set(map, "field", text_value(cause->field));
		kube_value_set(map, "manager", text_value(cause->manager));
		kube_value_add(list, map);
	}
	return list;
}

void kube_normal_digest(const struct kube_observed *observed, struct hash *out)
{
	g_autoptr(kube_value_auto) map = kube_value_map();
	g_autofree char *text = NULL;
	size_t len;

	kube_value_set(map, "cluster", text_value(observed->cluster));
	kube_value_set(map, "conflicts", conflicts_value(observed->conflicts));
	kube_value_set(map, "id", id_value(observed->id));
	kube_value_set(map, "live", copy_or_null(observed->live));
	kube_value_set(map, "uid", text_value(observed->uid));
	kube_value_set(map, "wanted", copy_or_null(observed->wanted));
	text = kube_value_canonical(map, &len);
	hash_bytes(out, text, len);
}
