/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of a stack's objects, and its form as ConfigMaps. */
#include "cluster/inventory.h"

#include <string.h>

#include "base/error.h"
#include "core/hash.h"

#define FORMAT "1"
#define NAME_DIGITS 12
#define NAME_STACK 40 /* characters of the stack's name in that of the ConfigMap */

static void entry_free(gpointer data)
{
	struct inventory_entry *entry = data;

	kube_id_free(entry->id);
	g_free(entry->uid);
	g_free(entry);
}

static void part_free(gpointer data)
{
	struct inventory_part *part = data;

	g_free(part->name);
	g_free(part->digest);
	g_free(part);
}

static void hex_of(const void *data, size_t len, char out[static HASH_TEXT_SIZE])
{
	struct hash hash;

	hash_bytes(&hash, data, len);
	hash_text(out, &hash);
}

/* Whatever a stack is called, a ConfigMap may not be called so: the digits tell apart. */
char *inventory_name(const char *owner)
{
	const char *slash = strrchr(owner, '/');
	g_autofree char *stack = g_ascii_strdown(slash != NULL ? slash + 1 : owner, -1);
	char digest[HASH_TEXT_SIZE];

	for (char *p = stack; *p != '\0'; p++) {
		*p = g_ascii_isalnum(*p) ? *p : '-';
	}
	if (strlen(stack) > NAME_STACK) {
		stack[NAME_STACK] = '\0';
	}
	hex_of(owner, strlen(owner), digest);
	return g_strdup_printf("assent-%s-%.*s", stack, NAME_DIGITS, digest + strlen("sha256:"));
}

char *inventory_set_id(const char *owner, const char *namespace)
{
	g_autofree char *name = inventory_name(owner);

	return kube_id_applyset(name, namespace, "ConfigMap", "");
}

struct inventory *inventory_new(const char *owner, const char *namespace)
{
	struct inventory *inventory = g_new0(struct inventory, 1);

	inventory->owner = g_strdup(owner);
	inventory->namespace = g_strdup(namespace);
	inventory->name = inventory_name(owner);
	inventory->set = inventory_set_id(owner, namespace);
	inventory->entries = g_ptr_array_new_with_free_func(entry_free);
	inventory->parts = g_ptr_array_new_with_free_func(part_free);
	return inventory;
}

void inventory_free(struct inventory *inventory)
{
	if (inventory == NULL) {
		return;
	}
	g_free(inventory->owner);
	g_free(inventory->namespace);
	g_free(inventory->name);
	g_free(inventory->set);
	g_free(inventory->uid);
	g_free(inventory->resource_version);
	g_ptr_array_unref(inventory->entries);
	g_ptr_array_unref(inventory->parts);
	g_free(inventory);
}

/* Where it stands, or would have to. */
static guint locate(const struct inventory *inventory, const struct kube_id *id, bool *found)
{
	guint low = 0, high = inventory->entries->len;

	*found = false;
	while (low < high) {
		guint middle = low + (high - low) / 2;
		const struct inventory_entry *entry = inventory->entries->pdata[middle];
		int order = kube_id_compare(entry->id, id);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

const struct inventory_entry *inventory_find(const struct inventory *inventory,
					     const struct kube_id *id)
{
	bool found;
	guint at = locate(inventory, id, &found);

	return found ? inventory->entries->pdata[at] : NULL;
}

void inventory_put(struct inventory *inventory, const struct kube_id *id, const char *uid)
{
	bool found;
	guint at = locate(inventory, id, &found);
	struct inventory_entry *entry;

	if (!found) {
		g_ptr_array_insert(inventory->entries, (int)at, g_new0(struct inventory_entry, 1));
	}
	entry = inventory->entries->pdata[at];
	kube_id_free(entry->id);
	entry->id = kube_id_dup(id);
	if (uid != NULL) {
		g_free(entry->uid);
		entry->uid = g_strdup(uid);
	}
}

void inventory_drop(struct inventory *inventory, const struct kube_id *id)
{
	bool found;
	guint at = locate(inventory, id, &found);

	if (found) {
		g_ptr_array_remove_index(inventory->entries, at);
	}
}

struct inventory *inventory_dup(const struct inventory *inventory)
{
	struct inventory *copy = inventory_new(inventory->owner, inventory->namespace);

	copy->uid = g_strdup(inventory->uid);
	copy->resource_version = g_strdup(inventory->resource_version);
	for (guint i = 0; i < inventory->entries->len; i++) {
		const struct inventory_entry *entry = inventory->entries->pdata[i];

		inventory_put(copy, entry->id, entry->uid);
	}
	for (guint i = 0; i < inventory->parts->len; i++) {
		const struct inventory_part *part = inventory->parts->pdata[i];
		struct inventory_part *same = g_new0(struct inventory_part, 1);

		same->name = g_strdup(part->name);
		same->digest = g_strdup(part->digest);
		g_ptr_array_add(copy->parts, same);
	}
	return copy;
}

bool inventory_equal(const struct inventory *a, const struct inventory *b)
{
	if (a->entries->len != b->entries->len) {
		return false;
	}
	for (guint i = 0; i < a->entries->len; i++) {
		const struct inventory_entry *x = a->entries->pdata[i], *y = b->entries->pdata[i];

		if (!kube_id_equal(x->id, y->id) || strcmp(x->id->version, y->id->version) != 0 ||
		    g_strcmp0(x->uid, y->uid) != 0) {
			return false;
		}
	}
	return true;
}

static void set_text(struct kube_value *map, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0') {
		kube_value_set(map, name, kube_value_string(text, -1));
	}
}

/* One line; no group, namespace or uid: no member. */
static void add_line(GString *lines, const struct inventory_entry *entry)
{
	g_autoptr(kube_value_auto) map = kube_value_map();
	g_autofree char *line = NULL;
	size_t len;

	set_text(map, "group", entry->id->group);
	set_text(map, "version", entry->id->version);
	set_text(map, "kind", entry->id->kind);
	set_text(map, "namespace", entry->id->namespace);
	set_text(map, "name", entry->id->name);
	set_text(map, "uid", entry->uid);
	line = kube_value_canonical(map, &len);
	g_string_append(lines, line);
	g_string_append_c(lines, '\n');
}

static struct kube_value *new_map(const struct inventory *inventory, const char *name,
				  struct kube_value *labels, struct kube_value *annotations,
				  struct kube_value *data)
{
	struct kube_value *map = kube_value_map(), *metadata = kube_value_map();

	set_text(map, "apiVersion", "v1");
	set_text(map, "kind", "ConfigMap");
	set_text(metadata, "name", name);
	set_text(metadata, "namespace", inventory->namespace);
	set_text(labels, "app.kubernetes.io/managed-by", "assent");
	kube_value_set(metadata, "labels", labels);
	kube_value_set(metadata, "annotations", annotations);
	kube_value_set(map, "metadata", metadata);
	kube_value_set(map, "data", data);
	return map;
}

static char *part_name(const struct inventory *inventory, const char *digest)
{
	return g_strdup_printf("%s-%.16s", inventory->name, digest + strlen("sha256:"));
}

static void add_part(const struct inventory *inventory, GPtrArray *maps, GString *names,
		     GString *lines)
{
	struct kube_value *labels = kube_value_map(), *annotations = kube_value_map();
	struct kube_value *data = kube_value_map();
	char digest[HASH_TEXT_SIZE];
	g_autofree char *name = NULL;

	hex_of(lines->str, lines->len, digest);
	name = part_name(inventory, digest);
	g_string_append_printf(names, "%s %s\n", name, digest);
	set_text(labels, INVENTORY_OF, inventory->name);
	set_text(annotations, INVENTORY_OWNER, inventory->owner);
	set_text(data, "objects", lines->str);
	g_ptr_array_add(maps, new_map(inventory, name, labels, annotations, data));
	g_string_truncate(lines, 0);
}

static char *joined(GHashTable *set)
{
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(set), (GCompareFunc)strcmp);
	GString *text = g_string_new(NULL);

	for (GList *at = names; at != NULL; at = at->next) {
		g_string_append_printf(text, "%s%s", text->len > 0 ? "," : "",
				       (const char *)at->data);
	}
	return g_string_free(text, FALSE);
}

/* What other tools look for members by. */
static void add_applyset(const struct inventory *inventory, struct kube_value *annotations)
{
	g_autoptr(GHashTable) kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) spaces = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *kinds_text = NULL, *spaces_text = NULL;

	for (guint i = 0; i < inventory->entries->len; i++) {
		const struct kube_id *id =
			((const struct inventory_entry *)inventory->entries->pdata[i])->id;

		g_hash_table_add(kinds, id->group[0] == '\0'
						? g_strdup(id->kind)
						: g_strdup_printf("%s.%s", id->kind, id->group));
		if (id->namespace[0] != '\0' && strcmp(id->namespace, inventory->namespace) != 0) {
			g_hash_table_add(spaces, id->namespace);
		}
	}
	kinds_text = joined(kinds);
	spaces_text = joined(spaces);
	set_text(annotations, INVENTORY_OWNER, inventory->owner);
	set_text(annotations, INVENTORY_TOOLING, "assent/" PACKAGE_VERSION);
	kube_value_set(annotations, INVENTORY_KINDS, kube_value_string(kinds_text, -1));
	kube_value_set(annotations, INVENTORY_NAMESPACES, kube_value_string(spaces_text, -1));
}

GPtrArray *inventory_write(const struct inventory *inventory)
{
	GPtrArray *maps = g_ptr_array_new_with_free_func((GDestroyNotify)kube_value_free);
	struct kube_value *labels = kube_value_map(), *annotations = kube_value_map();
	struct kube_value *data = kube_value_map(), *map, *metadata;
	g_autoptr(GString) lines = g_string_new(NULL), names = g_string_new(NULL);

	for (guint i = 0; i < inventory->entries->len; i++) {
		gsize before = lines->len;

		add_line(lines, inventory->entries->pdata[i]);
		if (lines->len > INVENTORY_PART_SIZE) {
			g_autofree char *last = g_strdup(lines->str + before);

			g_string_truncate(lines, before);
			add_part(inventory, maps, names, lines);
			g_string_append(lines, last);
		}
	}
	set_text(labels, INVENTORY_SET, inventory->set);
	add_applyset(inventory, annotations);
	set_text(data, "format", FORMAT);
	kube_value_set(data, "objects", kube_value_string(lines->str, (gssize)lines->len));
	kube_value_set(data, "parts", kube_value_string(names->str, (gssize)names->len));
	map = new_map(inventory, inventory->name, labels, annotations, data);
	metadata = kube_value_get(map, "metadata");
	set_text(metadata, "uid", inventory->uid);
	set_text(metadata, "resourceVersion", inventory->resource_version);
	g_ptr_array_add(maps, map);
	return maps;
}
