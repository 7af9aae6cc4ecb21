/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of objects by their fields' owners. */
#include "kube/owned.h"

#include <string.h>

/* A set of fields is what fieldsV1 holds: {"f:spec": {".": {}, "f:replicas": {}}}, where
 * k:{"name":"x"} is the item of a list with that key, v:"x" a value in a list, and i:0 a place in
 * one. {} is the field with all that is in it. */

static bool is_all(const struct kube_value *fields)
{
	return kube_value_count(fields) == 0;
}

static bool parse_key(const char *key, struct kube_value **out)
{
	return kube_value_parse(key + 2, strlen(key + 2), 1 << 16, out, NULL);
}

static bool item_has(const struct kube_value *item, const struct kube_value *key)
{
	for (size_t i = 0; i < kube_value_count(key); i++) {
		if (!kube_value_equal(kube_value_get(item, kube_value_name(key, i)),
				      kube_value_item(key, i))) {
			return false;
		}
	}
	return kube_value_is(item, KUBE_MAP) && kube_value_count(key) > 0;
}

static struct kube_value *part_of(const struct kube_value *value, const struct kube_value *fields);

/* What fields say of an item; NULL when they do not name it. */
static struct kube_value *item_part(const struct kube_value *item, size_t at,
				    const struct kube_value *fields)
{
	for (size_t i = 0; i < kube_value_count(fields); i++) {
		const char *name = kube_value_name(fields, i);
		const struct kube_value *inner = kube_value_item(fields, i);
		g_autoptr(kube_value_auto) key = NULL;
		struct kube_value *part;

		if (g_str_has_prefix(name, "i:") &&
		    g_ascii_strtoull(name + 2, NULL, 10) == (guint64)at) {
			return part_of(item, inner);
		}
		if ((!g_str_has_prefix(name, "k:") && !g_str_has_prefix(name, "v:")) ||
		    !parse_key(name, &key)) {
			continue;
		}
		if (name[0] == 'v' && kube_value_equal(item, key)) {
			return kube_value_dup(item);
		}
		if (name[0] == 'k' && item_has(item, key)) {
			part = part_of(item, inner);
			/* The server knows the item by them, whether they were asked for or not. */
			for (size_t k = 0;
			     kube_value_is(part, KUBE_MAP) && k < kube_value_count(key); k++) {
				kube_value_set(part, kube_value_name(key, k),
					       kube_value_dup(kube_value_item(key, k)));
			}
			return part;
		}
	}
	return NULL;
}

/* With nothing in it, it is there only if it was asked for itself. */
static struct kube_value *filled(struct kube_value *value, const struct kube_value *fields)
{
	if (kube_value_count(value) > 0 || kube_value_get(fields, ".") != NULL) {
		return value;
	}
	kube_value_free(value);
	return NULL;
}

static struct kube_value *list_part(const struct kube_value *list, const struct kube_value *fields)
{
	struct kube_value *out = kube_value_list();

	for (size_t i = 0; i < kube_value_count(list); i++) {
		struct kube_value *part = item_part(kube_value_item(list, i), i, fields);

		if (part != NULL) {
			kube_value_add(out, part);
		}
	}
	return filled(out, fields);
}

static struct kube_value *part_of(const struct kube_value *value, const struct kube_value *fields)
{
	struct kube_value *out;

	if (value == NULL || is_all(fields)) {
		return value != NULL ? kube_value_dup(value) : NULL;
	}
	if (kube_value_is(value, KUBE_LIST)) {
		return list_part(value, fields);
	}
	if (!kube_value_is(value, KUBE_MAP)) {
		return kube_value_dup(value);
	}
	out = kube_value_map();
	for (size_t i = 0; i < kube_value_count(fields); i++) {
		const char *name = kube_value_name(fields, i);
		struct kube_value *part = NULL;

		if (g_str_has_prefix(name, "f:")) {
			part = part_of(kube_value_get(value, name + 2), kube_value_item(fields, i));
		}
		if (part != NULL) {
			kube_value_set(out, name + 2, part);
		}
	}
	return filled(out, fields);
}

/* Adds b to a. */
static void unite(struct kube_value *a, const struct kube_value *b)
{
	for (size_t i = 0; i < kube_value_count(b); i++) {
		const char *name = kube_value_name(b, i);
		const struct kube_value *more = kube_value_item(b, i);
		struct kube_value *have = kube_value_get(a, name);

		if (have == NULL || (is_all(more) && strcmp(name, ".") != 0)) {
			kube_value_set(a, name, kube_value_dup(more));
		} else if (!is_all(have)) {
			unite(have, more);
		}
	}
}

/* Takes from a what is in b. */
static void subtract(struct kube_value *a, const struct kube_value *b)
{
	for (size_t i = kube_value_count(a); i-- > 0;) {
		const char *name = kube_value_name(a, i);
		struct kube_value *have = kube_value_item(a, i);
		const struct kube_value *less = kube_value_get(b, name);

		if (less == NULL) {
			continue;
		}
		if (!is_all(have) && !is_all(less)) {
			subtract(have, less);
		}
		if (is_all(have) || is_all(less)) {
			kube_value_set(a, name, NULL);
		}
	}
}

enum whose { OWN, OTHERS, ALL };

/* The fields of all entries of those, subresources aside; NULL: none. */
static struct kube_value *fields_of(const struct kube_value *object, const char *manager,
				    enum whose whose)
{
	const struct kube_value *list = kube_value_at(object, "metadata", "managedFields", NULL);
	struct kube_value *out = NULL;

	for (size_t i = 0; i < kube_value_count(list); i++) {
		const struct kube_value *entry = kube_value_item(list, i);
		const struct kube_value *fields = kube_value_get(entry, "fieldsV1");
		const char *sub = kube_value_str_at(entry, "subresource", NULL);
		bool own = whose != ALL &&
			   g_strcmp0(kube_value_str_at(entry, "manager", NULL), manager) == 0 &&
			   g_strcmp0(kube_value_str_at(entry, "operation", NULL), "Apply") == 0;

		if (!kube_value_is(fields, KUBE_MAP) || is_all(fields) ||
		    (sub != NULL && sub[0] != '\0') || own != (whose == OWN)) {
			continue;
		}
		if (out == NULL) {
			out = kube_value_map();
		}
		unite(out, fields);
	}
	return out;
}

static void copy(struct kube_value *to, const struct kube_value *from, const char *name)
{
	const struct kube_value *value = kube_value_get(from, name);

	if (value != NULL) {
		kube_value_set(to, name, kube_value_dup(value));
	}
}

/* The fields' part of the object, with what names it. Takes fields. */
static struct kube_value *body_of(const struct kube_value *object, struct kube_value *fields)
{
	static const char *const servers[] = {"uid",	       "resourceVersion",
					      "generation",    "creationTimestamp",
					      "managedFields", "deletionTimestamp"};
	struct kube_value *body = part_of(object, fields), *metadata;

	kube_value_free(fields);
	body = body != NULL ? body : kube_value_map();
	copy(body, object, "apiVersion");
	copy(body, object, "kind");
	if (!kube_value_is(kube_value_get(body, "metadata"), KUBE_MAP)) {
		kube_value_set(body, "metadata", kube_value_map());
	}
	metadata = kube_value_get(body, "metadata");
	for (size_t i = 0; i < G_N_ELEMENTS(servers); i++) {
		kube_value_set(metadata, servers[i], NULL);
	}
	copy(metadata, kube_value_get(object, "metadata"), "name");
	copy(metadata, kube_value_get(object, "metadata"), "namespace");
	return body;
}

struct kube_value *kube_owned_by(const struct kube_value *object, const char *manager)
{
	struct kube_value *fields = fields_of(object, manager, OWN);

	return fields != NULL ? body_of(object, fields) : NULL;
}

struct kube_value *kube_owned_by_all(const struct kube_value *object)
{
	struct kube_value *fields = fields_of(object, NULL, ALL);

	if (fields == NULL) { // nothing is known of it
		fields = kube_value_map();
		kube_value_set(fields, "f:metadata", kube_value_map());
		for (size_t i = 0; i < kube_value_count(object); i++) {
			g_autofree char *name = g_strconcat("f:", kube_value_name(object, i), NULL);

			kube_value_set(fields, name, kube_value_map());
		}
		kube_value_set(fields, "f:status", NULL);
	}
	return body_of(object, fields);
}

struct kube_value *kube_owned_back(const struct kube_value *before, const struct kube_value *now,
				   const char *manager)
{
	g_autoptr(kube_value_auto) others = fields_of(now, manager, OTHERS);
	g_autoptr(kube_value_auto) had = fields_of(before, manager, OWN);
	struct kube_value *fields = fields_of(now, manager, OWN);

	if (fields == NULL) {
		fields = kube_value_map();
	} else if (others != NULL) {
		subtract(fields, others);
	}
	if (had != NULL) {
		unite(fields, had);
	}
	if (is_all(fields)) { // it would mean everything
		kube_value_set(fields, "f:apiVersion", kube_value_map());
	}
	return body_of(before, fields);
}
