/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree of values, without reading and writing. */
#include "kube/value.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "kube/value-inside.h"

struct kube_value *value_new(enum kube_type type)
{
	struct kube_value *value = g_new0(struct kube_value, 1);

	value->type = type;
	return value;
}

static struct kube_value *with_text(enum kube_type type, const char *text, size_t len)
{
	struct kube_value *value = value_new(type);

	value->text = g_malloc(len + 1);
	memcpy(value->text, text, len);
	value->text[len] = '\0';
	value->count = len;
	return value;
}

struct kube_value *kube_value_null(void)
{
	return value_new(KUBE_NULL);
}

struct kube_value *kube_value_bool(bool truth)
{
	struct kube_value *value = value_new(KUBE_BOOL);

	value->truth = truth;
	return value;
}

struct kube_value *kube_value_number(const char *text)
{
	g_assert(kube_value_is_number(text));
	return with_text(KUBE_NUMBER, text, strlen(text));
}

struct kube_value *kube_value_int(int64_t number)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_MODIFIER "d", number);

	return with_text(KUBE_NUMBER, text, strlen(text));
}

struct kube_value *kube_value_string(const char *text, gssize len)
{
	return with_text(KUBE_STRING, text, len < 0 ? strlen(text) : (size_t)len);
}

struct kube_value *kube_value_list(void)
{
	return value_new(KUBE_LIST);
}

struct kube_value *kube_value_map(void)
{
	return value_new(KUBE_MAP);
}

void kube_value_free(struct kube_value *value)
{
	if (value == NULL) {
		return;
	}
	if (value->text != NULL) {
		sodium_memzero(value->text, value->count);
		g_free(value->text);
	} else {
		for (size_t i = 0; i < value->count; i++) {
			kube_value_free(value->items[i]);
			if (value->names != NULL) {
				g_free(value->names[i]);
			}
		}
		g_free(value->items);
		g_free(value->names);
	}
	g_free(value);
}

struct kube_value *kube_value_dup(const struct kube_value *value)
{
	struct kube_value *copy;

	if (value->text != NULL) {
		copy = with_text(value->type, value->text, value->count);
	} else {
		copy = value_new(value->type);
		copy->truth = value->truth;
	}
	copy->place = value->place;
	for (size_t i = 0; value->text == NULL && i < value->count; i++) {
		if (value->type == KUBE_MAP) {
			kube_value_append(copy, value->names[i], kube_value_dup(value->items[i]));
		} else {
			kube_value_add(copy, kube_value_dup(value->items[i]));
		}
	}
	copy->unsealed = value->unsealed;
	return copy;
}

void kube_value_set_place(struct kube_value *value, struct kube_place place)
{
	value->place = place;
}

struct kube_place kube_value_place(const struct kube_value *value)
{
	return value != NULL ? value->place : (struct kube_place){0, 0};
}

enum kube_type kube_value_type(const struct kube_value *value)
{
	return value != NULL ? value->type : KUBE_NULL;
}

bool kube_value_is(const struct kube_value *value, enum kube_type type)
{
	return value != NULL && value->type == type;
}

const char *kube_value_type_name(enum kube_type type)
{
	static const char *const names[] = {
		[KUBE_NULL] = "null",	  [KUBE_BOOL] = "true or false", [KUBE_NUMBER] = "a number",
		[KUBE_STRING] = "a text", [KUBE_LIST] = "a list",	 [KUBE_MAP] = "a map",
	};

	return names[type];
}

const char *kube_value_text(const struct kube_value *value, size_t *len)
{
	if (value == NULL || value->text == NULL) {
		return NULL;
	}
	*len = value->count;
	return value->text;
}

const char *kube_value_str(const struct kube_value *value)
{
	if (!kube_value_is(value, KUBE_STRING) || strlen(value->text) != value->count) {
		return NULL;
	}
	return value->text;
}

bool kube_value_get_int(const struct kube_value *value, int64_t *out)
{
	long long number;
	char *end;

	if (!kube_value_is(value, KUBE_NUMBER)) {
		return false;
	}
	errno = 0;
	number = strtoll(value->text, &end, 10);
	if (*end != '\0' || errno != 0) {
		return false;
	}
	*out = number;
	return true;
}

bool kube_value_is_true(const struct kube_value *value)
{
	return kube_value_is(value, KUBE_BOOL) && value->truth;
}

size_t kube_value_count(const struct kube_value *value)
{
	return kube_value_is(value, KUBE_LIST) || kube_value_is(value, KUBE_MAP) ? value->count : 0;
}

struct kube_value *kube_value_item(const struct kube_value *value, size_t i)
{
	return i < kube_value_count(value) ? value->items[i] : NULL;
}

const char *kube_value_name(const struct kube_value *map, size_t i)
{
	return kube_value_is(map, KUBE_MAP) && i < map->count ? map->names[i] : NULL;
}

/* Where the name stands, or would. */
static bool find(const struct kube_value *map, const char *name, size_t *at)
{
	size_t low = 0, high = map->count;

	g_assert(map->type == KUBE_MAP && !map->unsealed);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(map->names[middle], name);

		if (order == 0) {
			*at = middle;
			return true;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	*at = low;
	return false;
}

struct kube_value *kube_value_get(const struct kube_value *map, const char *name)
{
	size_t at;

	return kube_value_is(map, KUBE_MAP) && find(map, name, &at) ? map->items[at] : NULL;
}

struct kube_value *kube_value_walk(const struct kube_value *map, const char *const *names)
{
	struct kube_value *at = (struct kube_value *)map;

	for (size_t i = 0; names[i] != NULL; i++) {
		at = kube_value_get(at, names[i]);
	}
	return at;
}

/* Room for one more. */
static void grow(struct kube_value *value)
{
	if (value->count == value->room) {
		value->room = value->room > 0 ? value->room * 2 : 4;
		value->items = g_renew(struct kube_value *, value->items, value->room);
		if (value->type == KUBE_MAP) {
			value->names = g_renew(char *, value->names, value->room);
		}
	}
}

void kube_value_add(struct kube_value *list, struct kube_value *item)
{
	g_assert(list->type == KUBE_LIST && item != NULL);
	grow(list);
	list->items[list->count++] = item;
}

struct kube_value *kube_value_steal(struct kube_value *map, const char *name)
{
	struct kube_value *stolen;
	size_t at, behind;

	if (!kube_value_is(map, KUBE_MAP) || !find(map, name, &at)) {
		return NULL;
	}
	stolen = map->items[at];
	g_free(map->names[at]);
	behind = --map->count - at;
	memmove(map->names + at, map->names + at + 1, behind * sizeof(*map->names));
	memmove(map->items + at, map->items + at + 1, behind * sizeof(struct kube_value *));
	return stolen;
}

void kube_value_set(struct kube_value *map, const char *name, struct kube_value *item)
{
	size_t at, behind;

	if (item == NULL) {
		kube_value_free(kube_value_steal(map, name));
		return;
	}
	if (find(map, name, &at)) {
		kube_value_free(map->items[at]);
		map->items[at] = item;
		return;
	}
	grow(map);
	behind = map->count++ - at;
	memmove(map->names + at + 1, map->names + at, behind * sizeof(*map->names));
	memmove(map->items + at + 1, map->items + at, behind * sizeof(struct kube_value *));
	map->names[at] = g_strdup(name);
	map->items[at] = item;
}

struct kube_value *kube_value_take_item(struct kube_value *list, size_t i)
{
	struct kube_value *item;

	g_assert(i < list->count);
	item = list->items[i];
	list->items[i] = kube_value_null();
	return item;
}

void kube_value_append(struct kube_value *map, const char *name, struct kube_value *item)
{
	value_append(map, g_strdup(name), item);
}

void value_append(struct kube_value *map, char *name, struct kube_value *item)
{
	g_assert(map->type == KUBE_MAP && item != NULL);
	grow(map);
	map->names[map->count] = name;
	map->items[map->count++] = item;
	map->unsealed = true;
}

struct member {
	char *name;
	struct kube_value *item;
};

static int compare_members(const void *a, const void *b)
{
	const struct member *left = a, *right = b;

	return strcmp(left->name, right->name);
}

bool kube_value_seal(struct kube_value *map, const char **twice)
{
	g_autofree struct member *members = g_new(struct member, map->count + 1);

	g_assert(map->type == KUBE_MAP);
	for (size_t i = 0; i < map->count; i++) {
		members[i] = (struct member){map->names[i], map->items[i]};
	}
	qsort(members, map->count, sizeof(*members), compare_members);
	for (size_t i = 0; i < map->count; i++) {
		map->names[i] = members[i].name;
		map->items[i] = members[i].item;
	}
	map->unsealed = false;
	for (size_t i = 1; i < map->count; i++) {
		if (strcmp(map->names[i - 1], map->names[i]) == 0) {
			*twice = map->names[i];
			return false;
		}
	}
	return true;
}

static bool equal_items(const struct kube_value *a, const struct kube_value *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (a->type == KUBE_MAP && strcmp(a->names[i], b->names[i]) != 0) {
			return false;
		}
		if (!kube_value_equal(a->items[i], b->items[i])) {
			return false;
		}
	}
	return true;
}

bool kube_value_equal(const struct kube_value *a, const struct kube_value *b)
{
	if (a == NULL || b == NULL) {
		return a == b;
	}
	if (a->type != b->type || a->count != b->count || a->truth != b->truth) {
		return false;
	}
	g_assert(!a->unsealed && !b->unsealed);
	if (a->text != NULL) {
		return memcmp(a->text, b->text, a->count) == 0;
	}
	return equal_items(a, b);
}
