/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two values side by side. */
#include "kube/diff.h"

#include <string.h>

struct diff {
	GPtrArray *out;
	GString *path;
	bool full;
};

static void difference_free(void *data)
{
	struct kube_difference *difference = data;

	g_free(difference->path);
	g_free(difference->old);
	g_free(difference->new);
	g_free(difference);
}

static char *text_of(const struct kube_value *value)
{
	size_t len;

	return value != NULL ? kube_value_canonical(value, &len) : NULL;
}

/* Takes both texts. NULL when there is no room. */
static struct kube_difference *add(struct diff *d, char *old, char *new)
{
	struct kube_difference *difference = g_new0(struct kube_difference, 1);

	if (d->out->len + 1 >= KUBE_DIFF_MAX) {
		if (!d->full) {
			d->full = true;
			difference->more = true;
			difference->path = g_strdup("");
			g_ptr_array_add(d->out, difference);
			difference = NULL;
		}
		g_free(difference);
		g_free(old);
		g_free(new);
		return NULL;
	}
	difference->path = g_strdup(d->path->str);
	difference->old = old;
	difference->new = new;
	g_ptr_array_add(d->out, difference);
	return difference;
}

static bool is_simple(const char *name)
{
	return name[0] != '\0' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_$") ==
		       strlen(name);
}

static void append_name(GString *path, const char *name)
{
	g_autoptr(kube_value_auto) value = NULL;
	g_autofree char *quoted = NULL;

	if (is_simple(name)) {
		g_string_append_printf(path, ".%s", name);
		return;
	}
	value = kube_value_string(name, -1);
	quoted = text_of(value);
	g_string_append_printf(path, "[%s]", quoted);
}

static void compare(struct diff *d, const struct kube_value *old, const struct kube_value *new);

static void compare_maps(struct diff *d, const struct kube_value *old, const struct kube_value *new)
{
	size_t i = 0, j = 0, before = d->path->len;

	while (i < kube_value_count(old) || j < kube_value_count(new)) {
		const char *left = kube_value_name(old, i), *right = kube_value_name(new, j);
		int order = left == NULL ? 1 : right == NULL ? -1 : strcmp(left, right);

		append_name(d->path, order <= 0 ? left : right);
		compare(d, order <= 0 ? kube_value_item(old, i) : NULL,
			order >= 0 ? kube_value_item(new, j) : NULL);
		g_string_truncate(d->path, before);
		i += order <= 0;
		j += order >= 0;
	}
}

/* What names the items of lists, as the server's own types have it. */
static const char *const list_keys[][2] = {
	{"name", NULL},	      {"containerPort", "protocol"},
	{"port", "protocol"}, {"mountPath", NULL},
	{"devicePath", NULL}, {"topologyKey", "whenUnsatisfiable"},
	{"uid", NULL},	      {"type", NULL},
	{"ip", NULL},
};

/* 'name="web"'; NULL when the item has no such name. */
static char *key_of(const struct kube_value *item, const char *const *keys)
{
	GString *key = g_string_new(NULL);

	for (size_t i = 0; i < 2 && keys[i] != NULL; i++) {
		const struct kube_value *value = kube_value_get(item, keys[i]);
		g_autofree char *text = NULL;

		if (!kube_value_is(value, KUBE_STRING) && !kube_value_is(value, KUBE_NUMBER)) {
			g_string_free(key, TRUE);
			return NULL;
		}
		text = text_of(value);
		g_string_append_printf(key, "%s%s=%s", i > 0 ? "," : "", keys[i], text);
	}
	return g_string_free(key, FALSE);
}

/* From keys to items, in order in names; NULL unless each has one of its own. */
static GHashTable *keyed(const struct kube_value *list, const char *const *keys, GPtrArray *names)
{
	g_autoptr(GHashTable) table = g_hash_table_new(g_str_hash, g_str_equal);

	for (size_t i = 0; i < kube_value_count(list); i++) {
		char *key = key_of(kube_value_item(list, i), keys);

		if (key == NULL) {
			return NULL;
		}
		g_ptr_array_add(names, key);
		if (!g_hash_table_insert(table, key, kube_value_item(list, i))) {
			return NULL;
		}
	}
	return g_steal_pointer(&table);
}

/* The names of those that are in other, too. */
static char *common(const GPtrArray *names, GHashTable *other)
{
	g_autoptr(kube_value_auto) list = kube_value_list();

	for (size_t i = 0; i < names->len; i++) {
		if (g_hash_table_contains(other, names->pdata[i])) {
			kube_value_add(list, kube_value_string(names->pdata[i], -1));
		}
	}
	return text_of(list);
}

static void compare_item(struct diff *d, const char *key, const struct kube_value *old,
			 const struct kube_value *new)
{
	size_t before = d->path->len;

	g_string_append_printf(d->path, "[%s]", key);
	compare(d, old, new);
	g_string_truncate(d->path, before);
}

static bool compare_keyed(struct diff *d, const struct kube_value *old,
			  const struct kube_value *new, const char *const *keys)
{
	g_autoptr(GPtrArray) old_names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) new_names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) left = keyed(old, keys, old_names);
	g_autoptr(GHashTable) right = left != NULL ? keyed(new, keys, new_names) : NULL;
	g_autofree char *before = NULL, *after = NULL;

	if (left == NULL || right == NULL) {
		return false;
	}
	for (size_t i = 0; i < old_names->len; i++) {
		const char *key = old_names->pdata[i];

		compare_item(d, key, g_hash_table_lookup(left, key),
			     g_hash_table_lookup(right, key));
	}
	for (size_t i = 0; i < new_names->len; i++) {
		const char *key = new_names->pdata[i];

		if (!g_hash_table_contains(left, key)) {
			compare_item(d, key, NULL, g_hash_table_lookup(right, key));
		}
	}
	before = common(old_names, right);
	after = common(new_names, left);
	if (strcmp(before, after) != 0) {
		struct kube_difference *difference =
			add(d, g_steal_pointer(&before), g_steal_pointer(&after));

		if (difference != NULL) {
			difference->order = true;
		}
	}
	return true;
}

static void compare_lists(struct diff *d, const struct kube_value *old,
			  const struct kube_value *new)
{
	size_t count = MAX(kube_value_count(old), kube_value_count(new));

	for (size_t i = 0; i < G_N_ELEMENTS(list_keys); i++) {
		if (compare_keyed(d, old, new, list_keys[i])) {
			return;
		}
	}
	for (size_t i = 0; i < count; i++) {
		g_autofree char *key = g_strdup_printf("%zu", i);

		compare_item(d, key, kube_value_item(old, i), kube_value_item(new, i));
	}
}

static void compare(struct diff *d, const struct kube_value *old, const struct kube_value *new)
{
	enum kube_type type = kube_value_type(old);

	if (d->full || kube_value_equal(old, new)) {
		return;
	}
	if (old != NULL && new != NULL && type == kube_value_type(new)) {
		if (type == KUBE_MAP) {
			compare_maps(d, old, new);
			return;
		}
		if (type == KUBE_LIST) {
			compare_lists(d, old, new);
			return;
		}
	}
	(void)add(d, text_of(old), text_of(new));
}

GPtrArray *kube_diff(const struct kube_value *old, const struct kube_value *new)
{
	struct diff d = {
		.out = g_ptr_array_new_with_free_func(difference_free),
		.path = g_string_new(NULL),
	};

	compare(&d, old, new);
	g_string_free(d.path, TRUE);
	return d.out;
}
