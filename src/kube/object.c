/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From documents to objects. */
#include "kube/object.h"

#include <sodium.h>
#include <string.h>

#include "kube/types.h"

#define MAX_LIST_DEPTH 8
#define KUSTOMIZE_GROUP "kustomize.config.k8s.io/"

struct gathering {
	const char *file;
	GPtrArray *objects;
	struct diag_list *diags;
};

void kube_object_free(struct kube_object *object)
{
	if (object != NULL) {
		kube_id_free(object->id);
		kube_value_free(object->value);
		g_free(object->file);
		g_free(object);
	}
}

/* False, so that a caller can return it. */
static bool complain(const struct gathering *g, const struct kube_value *value, const char *format,
		     ...) G_GNUC_PRINTF(3, 4);
static bool complain(const struct gathering *g, const struct kube_value *value, const char *format,
		     ...)
{
	struct kube_place at = kube_value_place(value);
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	diag_add(g->diags, g->file, at.line, at.column, "%s", message);
	return false;
}

/* Is there a text? shown: the name in messages. */
static bool check_text(const struct gathering *g, const struct kube_value *map, const char *name,
		       const char *shown)
{
	const struct kube_value *value = kube_value_get(map, name);

	if (value == NULL || kube_value_is(value, KUBE_NULL)) {
		return complain(g, map, "no '%s': each object needs one", shown);
	}
	if (!kube_value_is(value, KUBE_STRING)) {
		return complain(g, value, "'%s' must be a text, not %s: quote it", shown,
				kube_value_type_name(kube_value_type(value)));
	}
	return true;
}

static bool check_metadata(const struct gathering *g, const struct kube_value *object)
{
	const struct kube_value *metadata = kube_value_get(object, "metadata");
	const struct kube_value *namespace = kube_value_get(metadata, "namespace");
	const struct kube_value *generate = kube_value_get(metadata, "generateName");

	if (metadata == NULL || kube_value_is(metadata, KUBE_NULL)) {
		return complain(g, object, "no 'metadata.name': each object needs one");
	}
	if (!kube_value_is(metadata, KUBE_MAP)) {
		return complain(g, metadata, "'metadata' must be a map");
	}
	if (generate != NULL && !kube_value_is(generate, KUBE_NULL)) {
		return complain(g, generate,
				"a name that the server makes cannot be planned: replace "
				"'generateName' by 'name'");
	}
	if (namespace != NULL && !kube_value_is(namespace, KUBE_NULL) &&
	    !check_text(g, metadata, "namespace", "metadata.namespace")) {
		return false;
	}
	return check_text(g, metadata, "name", "metadata.name");
}

/* Fields that belong to the object in the cluster. */
static bool check_server_fields(const struct gathering *g, const struct kube_value *object)
{
	static const char *const names[] = {
		"managedFields", "resourceVersion",   "uid",
		"generation",	 "deletionTimestamp", "deletionGracePeriodSeconds",
		"selfLink",
	};
	bool good = true;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const struct kube_value *value =
			kube_value_get(kube_value_get(object, "metadata"), names[i]);

		if (value != NULL) {
			good = complain(g, value, "only the server sets 'metadata.%s': remove it",
					names[i]);
		}
	}
	return good;
}

static struct kube_id *find_id(const struct gathering *g, const struct kube_value *object)
{
	g_autoptr(GError) error = NULL;
	struct kube_id *id = NULL;

	if (!check_text(g, object, "apiVersion", "apiVersion") ||
	    !check_text(g, object, "kind", "kind") || !check_metadata(g, object)) {
		return NULL;
	}
	if (!kube_id_from_object(object, &id, &error)) {
		complain(g, object, "%s", error->message);
	}
	return id;
}

/* The base64 of a text, or of nothing for null, which a server takes for an empty text. */
static struct kube_value *encode(const struct kube_value *value)
{
	size_t len = 0;
	const char *text = kube_value_text(value, &len);
	size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	struct kube_value *encoded;
	char *out = g_malloc(size);

	sodium_bin2base64(out, size, (const unsigned char *)(text != NULL ? text : ""), len,
			  sodium_base64_VARIANT_ORIGINAL);
	encoded = kube_value_string(out, -1);
	kube_value_set_place(encoded, kube_value_place(value));
	sodium_memzero(out, size);
	g_free(out);
	return encoded;
}

static void move_string_data(struct kube_value *secret)
{
	g_autoptr(kube_value_auto) plain = kube_value_steal(secret, "stringData");
	struct kube_value *data = kube_value_get(secret, "data");

	if (kube_value_count(plain) == 0) {
		return;
	}
	if (!kube_value_is(data, KUBE_MAP)) {
		data = kube_value_map();
		kube_value_set_place(data, kube_value_place(plain));
		kube_value_set(secret, "data", data);
	}
	for (size_t i = 0; i < kube_value_count(plain); i++) {
		kube_value_set(data, kube_value_name(plain, i), encode(kube_value_item(plain, i)));
	}
}

static void drop_if_null(struct kube_value *map, const char *name)
{
	if (kube_value_is(kube_value_get(map, name), KUBE_NULL)) {
		kube_value_set(map, name, NULL);
	}
}

/* What is not ours to say. */
static void clean(struct kube_value *object, const struct kube_id *id)
{
	struct kube_value *metadata = kube_value_get(object, "metadata");
	struct kube_value *template = kube_types_template(object, id);

	kube_value_set(object, "status", NULL);
	kube_value_set(metadata, "creationTimestamp", NULL);
	if (id->namespace[0] == '\0') {
		kube_value_set(metadata, "namespace", NULL); /* null, or an empty text */
	}
	drop_if_null(metadata, "generateName");
	if (kube_value_is(kube_value_get(template, "metadata"), KUBE_MAP)) {
		drop_if_null(kube_value_get(template, "metadata"), "creationTimestamp");
	}
	if (strcmp(id->group, "") == 0 && strcmp(id->kind, "Secret") == 0) {
		move_string_data(object);
	}
}

static void take_object(const struct gathering *g, struct kube_value *value)
{
	g_autoptr(kube_id_auto) id = find_id(g, value);
	struct kube_object *object;

	if (id == NULL || !check_server_fields(g, value) ||
	    !kube_types_check(value, id, g->file, g->diags)) {
		kube_value_free(value);
		return;
	}
	clean(value, id);
	object = g_new0(struct kube_object, 1);
	object->id = g_steal_pointer(&id);
	object->value = value;
	object->file = g_strdup(g->file);
	object->place = kube_value_place(value);
	g_ptr_array_add(g->objects, object);
}

static bool is_list(const struct kube_value *value)
{
	const char *kind = kube_value_str_at(value, "kind", NULL);

	return kind != NULL && g_str_has_suffix(kind, "List") &&
	       (strcmp(kind, "List") == 0 ||
		kube_value_is(kube_value_get(value, "items"), KUBE_LIST));
}

static void take_document(const struct gathering *g, struct kube_value *value, unsigned depth);

static void take_list(const struct gathering *g, struct kube_value *list, unsigned depth)
{
	struct kube_value *items = kube_value_get(list, "items");

	if (depth > MAX_LIST_DEPTH) {
		complain(g, list, "lists in lists, too deep: at most %d", MAX_LIST_DEPTH);
	} else if (items != NULL && !kube_value_is(items, KUBE_LIST) &&
		   !kube_value_is(items, KUBE_NULL)) {
		complain(g, items, "'items' must be a list");
	} else {
		for (size_t i = 0; i < kube_value_count(items); i++) {
			take_document(g, kube_value_dup(kube_value_item(items, i)), depth);
		}
	}
	kube_value_free(list);
}

/* Takes value. */
static void take_document(const struct gathering *g, struct kube_value *value, unsigned depth)
{
	const char *version = kube_value_str_at(value, "apiVersion", NULL);

	if (kube_value_is(value, KUBE_NULL)) {
		kube_value_free(value);
	} else if (!kube_value_is(value, KUBE_MAP)) {
		complain(g, value, "an object must be a map, not %s",
			 kube_value_type_name(kube_value_type(value)));
		kube_value_free(value);
	} else if (version != NULL && g_str_has_prefix(version, KUSTOMIZE_GROUP)) {
		kube_value_free(value);
	} else if (is_list(value)) {
		take_list(g, value, depth + 1);
	} else {
		take_object(g, value);
	}
}

bool kube_objects_read(const struct kube_source *source, GPtrArray *objects,
		       struct diag_list *diags)
{
	const struct gathering g = {.file = source->file, .objects = objects, .diags = diags};
	bool is_json = g_str_has_suffix(source->file, ".json");
	g_autoptr(GPtrArray) documents = g_ptr_array_new();
	unsigned before = diags->items->len;

	if (is_json) {
		(void)kube_json_parse(source, documents, diags);
	} else {
		(void)kube_yaml_parse(source, documents, diags);
	}
	for (guint i = 0; i < documents->len; i++) {
		take_document(&g, documents->pdata[i], 0);
	}
	return diags->items->len == before;
}

bool kube_object_settle(struct kube_object *object, enum kube_scope scope, const char *namespace,
			struct diag_list *diags)
{
	struct kube_value *metadata = kube_value_get(object->value, "metadata");
	const struct kube_value *own = kube_value_get(metadata, "namespace");
	const struct gathering g = {.file = object->file, .diags = diags};

	if (scope == KUBE_SCOPE_CLUSTER) {
		return own == NULL ||
		       complain(&g, own,
				"objects of kind '%s' belong to no namespace: remove "
				"'metadata.namespace'",
				object->id->kind);
	}
	if (own != NULL) {
		return true;
	}
	if (namespace == NULL) {
		return complain(&g, metadata, "no 'metadata.namespace', and no default for it");
	}
	kube_value_set(metadata, "namespace", kube_value_string(namespace, -1));
	g_free(object->id->namespace);
	object->id->namespace = g_strdup(namespace);
	return true;
}

static int compare_objects(const void *a, const void *b)
{
	const struct kube_object *x = *(struct kube_object *const *)a;
	const struct kube_object *y = *(struct kube_object *const *)b;
	int order = kube_id_compare(x->id, y->id);

	if (order == 0) {
		order = strcmp(x->file, y->file);
	}
	if (order == 0) {
		order = (x->place.line > y->place.line) - (x->place.line < y->place.line);
	}
	return order;
}

bool kube_objects_check_unique(const GPtrArray *objects, struct diag_list *diags)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_sized_new(objects->len);
	bool good = true;

	for (guint i = 0; i < objects->len; i++) {
		g_ptr_array_add(sorted, objects->pdata[i]);
	}
	g_ptr_array_sort(sorted, compare_objects);
	for (guint i = 1; i < sorted->len; i++) {
		const struct kube_object *a = sorted->pdata[i - 1], *b = sorted->pdata[i];

		if (kube_id_equal(a->id, b->id)) {
			g_autofree char *shown = kube_id_text(b->id);

			diag_add(diags, b->file, b->place.line, b->place.column,
				 "'%s' stands in '%s', line %u already: remove one", shown, a->file,
				 a->place.line);
			good = false;
		}
	}
	return good;
}
