/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maps of YAML: what may be a key, keys that stand twice, and "<<". */
#include <string.h>

#include "kube/yaml-inside.h"

struct member {
	struct kube_value *value;
	struct kube_place place;
	unsigned merge; /* which "<<" brought it, from 1; 0: it stands there itself */
};

struct kube_yaml_map {
	GHashTable *members; /* name to struct member */
	unsigned merges;
};

static void member_free(void *data)
{
	struct member *member = data;

	kube_value_free(member->value);
	g_free(member);
}

struct kube_yaml_map *kube_yaml_map_new(void)
{
	struct kube_yaml_map *map = g_new0(struct kube_yaml_map, 1);

	map->members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, member_free);
	return map;
}

void kube_yaml_map_free(struct kube_yaml_map *map)
{
	if (map != NULL) {
		g_hash_table_unref(map->members);
		g_free(map);
	}
}

static void insert(struct kube_yaml_map *map, const char *name, struct kube_place at,
		   struct kube_value *value, unsigned merge)
{
	struct member *member = g_new0(struct member, 1);

	member->value = value;
	member->place = at;
	member->merge = merge;
	g_hash_table_insert(map->members, g_strdup(name), member);
}

bool kube_yaml_map_add(struct kube_yaml_map *map, struct kube_reading *r, struct kube_place at,
		       const char *name, struct kube_value *value, GPtrArray *dropped)
{
	struct member *old = g_hash_table_lookup(map->members, name);

	if (old == NULL) {
		insert(map, name, at, value, 0);
		return true;
	}
	if (old->merge == 0) {
		kube_reading_fail(r, at,
				  "duplicate key '%s': it stands in line %u already; remove one",
				  name, old->place.line);
		return false;
	}
	g_ptr_array_add(dropped, old->value);
	*old = (struct member){.value = value, .place = at};
	return true;
}

static bool merge_member(struct kube_yaml_map *map, struct kube_reading *r, struct kube_place at,
			 const char *name, const struct kube_value *value, unsigned depth)
{
	const struct member *old = g_hash_table_lookup(map->members, name);
	struct kube_value *copy;

	if (old != NULL && old->merge == map->merges) {
		return true; /* an earlier one of the list wins */
	}
	if (old != NULL) {
		kube_reading_fail(r, at,
				  "'<<' would replace the key '%s' of line %u, on which readers "
				  "do not agree: put one '<<' first",
				  name, old->place.line);
		return true;
	}
	if (!kube_reading_count_text(r, at, strlen(name))) {
		return false;
	}
	copy = kube_reading_copy(r, value, at, depth);
	if (copy != NULL) {
		insert(map, name, at, copy, map->merges);
	}
	return copy != NULL;
}

static bool merge_map(struct kube_yaml_map *map, struct kube_reading *r, struct kube_place at,
		      const struct kube_value *from, unsigned depth)
{
	if (!kube_value_is(from, KUBE_MAP)) {
		kube_reading_fail(r, at, "'<<' needs a map, an alias of one, or a list of those");
		return true;
	}
	for (size_t i = 0; i < kube_value_count(from); i++) {
		if (!merge_member(map, r, at, kube_value_name(from, i), kube_value_item(from, i),
				  depth)) {
			return false;
		}
	}
	return true;
}

bool kube_yaml_map_merge(struct kube_yaml_map *map, struct kube_reading *r, struct kube_place at,
			 const struct kube_value *value, bool by_alias, unsigned depth)
{
	map->merges++;
	if (!kube_value_is(value, KUBE_LIST) || by_alias) {
		return merge_map(map, r, at, value, depth);
	}
	for (size_t i = 0; i < kube_value_count(value); i++) {
		if (!merge_map(map, r, at, kube_value_item(value, i), depth)) {
			return false;
		}
	}
	return true;
}

struct kube_value *kube_yaml_map_finish(struct kube_yaml_map *map)
{
	struct kube_value *value = kube_value_map();
	GHashTableIter iter;
	const char *twice;
	void *name, *data;

	g_hash_table_iter_init(&iter, map->members);
	while (g_hash_table_iter_next(&iter, &name, &data)) {
		struct member *member = data;

		kube_value_append(value, name, g_steal_pointer(&member->value));
	}
	g_hash_table_remove_all(map->members);
	if (!kube_value_seal(value, &twice)) {
		g_assert_not_reached();
	}
	return value;
}

/* Go writes a number with a fraction anew, with the digits of a float of 32 bits: only where that
 * is what stands there, a person meant it. */
static bool is_plain_fraction(const char *text)
{
	const char *digits = text + (text[0] == '-');
	size_t len = strlen(digits);

	return len <= 7 && strspn(digits, "0123456789.") == len && strchr(digits, '.') != NULL &&
	       !g_str_has_prefix(digits, "0.0000");
}

static char *number_key(struct kube_reading *r, struct kube_place at, const char *number,
			const char *written, bool is_float)
{
	bool exact = written != NULL && strcmp(number, written) == 0;

	if (is_float || strpbrk(number, ".e") != NULL) {
		if (!exact || !is_plain_fraction(number)) {
			kube_reading_fail(r, at,
					  "the key would be read as a number and become another "
					  "text: quote it");
			return NULL;
		}
	} else if (number[0] != '-' && g_ascii_strtoull(number, NULL, 10) > G_MAXINT64) {
		kube_reading_fail(r, at, "the number is too large for a key: quote it");
		return NULL;
	}
	return g_strdup(number);
}

char *kube_yaml_key(struct kube_reading *r, struct kube_place at, const struct kube_value *key,
		    const char *written, bool is_float)
{
	const char *text;
	size_t len;

	switch (kube_value_type(key)) {
	case KUBE_NULL:
		kube_reading_fail(r, at, "a key must not be null: quote it, if it is a text");
		return NULL;
	case KUBE_BOOL:
		return g_strdup(kube_value_is_true(key) ? "true" : "false");
	case KUBE_NUMBER:
		return number_key(r, at, kube_value_text(key, &len), written, is_float);
	case KUBE_STRING:
		text = kube_value_text(key, &len);
		return kube_reading_key(r, text, len, at) ? g_strdup(text) : NULL;
	case KUBE_LIST:
	case KUBE_MAP:
		kube_reading_fail(r, at,
				  "a key must be a word, not a map or list; quote a text that "
				  "begins with '{' or '['");
		return NULL;
	}
	g_assert_not_reached();
}
