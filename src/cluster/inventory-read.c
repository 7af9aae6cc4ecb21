/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading inventories: as they are written, or not at all. */
#include "cluster/inventory.h"

#include <string.h>

#include "base/error.h"
#include "core/hash.h"

#define FORMAT "1"
#define LINE_MAX_SIZE 4096
#define UID_MAX 128

static bool bad(const char *what, GError **error)
{
	return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "the inventory %s", what);
}

/* Takes a member's text out of the line; absent: "". */
static bool take(struct kube_value *line, const char *name, char **out)
{
	g_autoptr(kube_value_auto) value = kube_value_steal(line, name);
	const char *text = value != NULL ? kube_value_str(value) : "";

	*out = g_strdup(text);
	/* Absent is how nothing is written. */
	return text != NULL && (value == NULL) == (text[0] == '\0');
}

/* The same checks as of a manifest, by the same function. */
static bool check_id(const struct kube_id *id, struct kube_id **out)
{
	g_autoptr(kube_value_auto) object = kube_value_map();
	struct kube_value *metadata = kube_value_map();
	g_autofree char *version = kube_id_version(id);

	kube_value_set(object, "apiVersion", kube_value_string(version, -1));
	kube_value_set(object, "kind", kube_value_string(id->kind, -1));
	kube_value_set(metadata, "name", kube_value_string(id->name, -1));
	if (id->namespace[0] != '\0') {
		kube_value_set(metadata, "namespace", kube_value_string(id->namespace, -1));
	}
	kube_value_set(object, "metadata", metadata);
	return kube_id_from_object(object, out, NULL);
}

static bool uid_is_good(const char *uid)
{
	size_t len = strlen(uid);

	return len > 0 && len <= UID_MAX &&
	       strspn(uid, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._:") ==
		       len;
}

static bool read_line(struct inventory *inventory, const char *bytes, size_t len, GError **error)
{
	g_autoptr(kube_value_auto) line = NULL;
	g_autoptr(kube_id_auto) raw = g_new0(struct kube_id, 1), id = NULL;
	g_autofree char *uid = NULL;
	bool ok;

	if (!kube_value_parse(bytes, len, LINE_MAX_SIZE, &line, NULL) ||
	    !kube_value_is(line, KUBE_MAP)) {
		return bad("has a line that is no object of JSON", error);
	}
	ok = take(line, "group", &raw->group);
	ok = take(line, "version", &raw->version) && ok;
	ok = take(line, "kind", &raw->kind) && ok;
	ok = take(line, "namespace", &raw->namespace) && ok;
	ok = take(line, "name", &raw->name) && ok;
	ok = take(line, "uid", &uid) && ok;
	if (!ok || kube_value_count(line) > 0 || (uid[0] != '\0' && !uid_is_good(uid)) ||
	    !check_id(raw, &id)) {
		return bad("has a line that names no object", error);
	}
	if (inventory_find(inventory, id) != NULL) {
		return bad("names an object twice", error);
	}
	if (inventory->entries->len >= INVENTORY_MAX) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "the inventory names more than %d objects", INVENTORY_MAX);
	}
	inventory_put(inventory, id, uid[0] != '\0' ? uid : NULL);
	return true;
}

/* Each line to fn, and nothing after the last. */
static bool each_line(struct inventory *inventory, const char *text,
		      bool (*fn)(struct inventory *inventory, const char *line, size_t len,
				 GError **error),
		      GError **error)
{
	for (const char *at = text, *end; *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		if (end == NULL) {
			return bad("is cut short", error);
		}
		if (!fn(inventory, at, (size_t)(end - at), error)) {
			return false;
		}
	}
	return true;
}

static bool read_part_line(struct inventory *inventory, const char *line, size_t len,
			   GError **error)
{
	g_autofree char *text = g_strndup(line, len);
	char *space = strchr(text, ' ');
	struct inventory_part *part;
	struct hash digest;
	g_autofree char *name = NULL;

	if (space == NULL || !hash_parse(&digest, space + 1)) {
		return bad("names a part that is none", error);
	}
	*space = '\0';
	name = g_strdup_printf("%s-%.16s", inventory->name, space + 1 + strlen("sha256:"));
	if (strcmp(name, text) != 0) {
		return bad("names a part that is none", error);
	}
	if (inventory->parts->len >= INVENTORY_MAX_PARTS) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "the inventory has more than %d parts", INVENTORY_MAX_PARTS);
	}
	part = g_new0(struct inventory_part, 1);
	part->name = g_steal_pointer(&name);
	part->digest = g_strdup(space + 1);
	g_ptr_array_add(inventory->parts, part);
	return true;
}

static bool check_owner(const struct inventory *inventory, const struct kube_value *map,
			const char *name, GError **error)
{
	const struct kube_value *metadata = kube_value_get(map, "metadata");
	const char *owner = kube_value_str_at(metadata, "annotations", INVENTORY_OWNER, NULL);

	if (g_strcmp0(kube_value_str_at(metadata, "name", NULL), name) != 0 ||
	    g_strcmp0(kube_value_str_at(metadata, "namespace", NULL), inventory->namespace) != 0) {
		return bad("is not the one that was asked for", error);
	}
	return g_strcmp0(owner, inventory->owner) == 0 ||
	       fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
		    "the ConfigMap '%s/%s' stands where the inventory of '%s' belongs, and does "
		    "not say that it is that",
		    inventory->namespace, name, inventory->owner);
}

bool inventory_read(struct inventory *inventory, const struct kube_value *map, GError **error)
{
	const struct kube_value *metadata = kube_value_get(map, "metadata");
	const struct kube_value *data = kube_value_get(map, "data");
	const char *format = kube_value_str_at(data, "format", NULL);
	const char *objects = kube_value_str_at(data, "objects", NULL);
	const char *parts = kube_value_str_at(data, "parts", NULL);
	const char *set = kube_value_str_at(metadata, "labels", INVENTORY_SET, NULL);

	if (!check_owner(inventory, map, inventory->name, error)) {
		return false;
	}
	if (g_strcmp0(format, FORMAT) != 0) {
		return bad("has a format that this version does not know", error);
	}
	if (g_strcmp0(set, inventory->set) != 0) {
		return bad("has not the label of its ApplySet", error);
	}
	if (objects == NULL || parts == NULL || kube_value_count(data) != 3) {
		return bad("has not the members that it is to have", error);
	}
	g_free(inventory->uid);
	g_free(inventory->resource_version);
	inventory->uid = g_strdup(kube_value_str_at(metadata, "uid", NULL));
	inventory->resource_version =
		g_strdup(kube_value_str_at(metadata, "resourceVersion", NULL));
	return each_line(inventory, parts, read_part_line, error) &&
	       each_line(inventory, objects, read_line, error);
}

bool inventory_read_part(struct inventory *inventory, const struct inventory_part *part,
			 const struct kube_value *map, GError **error)
{
	const char *objects = kube_value_str_at(map, "data", "objects", NULL);
	struct hash hash;
	char digest[HASH_TEXT_SIZE];

	if (!check_owner(inventory, map, part->name, error)) {
		return false;
	}
	if (objects == NULL) {
		return bad("has a part without lines", error);
	}
	hash_bytes(&hash, objects, strlen(objects));
	hash_text(digest, &hash);
	return strcmp(digest, part->digest) == 0 ? each_line(inventory, objects, read_line, error)
						 : bad("has a part that was changed", error);
}
