/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From libyaml's events to values: scalars, lists, anchors. */
#include <string.h>

#include "kube/scalar.h"
#include "kube/yaml-inside.h"

#define MERGE_TAG "tag:yaml.org,2002:merge"

struct anchor {
	struct kube_value *value; /* borrowed; NULL while it is being read */
};

static struct kube_place here(const struct kube_yaml *y)
{
	return kube_yaml_place(y->event.start_mark);
}

/* False, so that a caller can return it. */
static bool complain(struct kube_yaml *y, const char *message)
{
	kube_reading_fail(&y->common, here(y), "%s", message);
	return false;
}

bool kube_yaml_next(struct kube_yaml *y)
{
	yaml_event_delete(&y->event);
	if (yaml_parser_parse(&y->parser, &y->event) != 1) {
		kube_yaml_explain(y);
		return false;
	}
	return true;
}

/* What leaves the tree stays until the document ends: an alias may still mean it. */
static void drop(struct kube_yaml *y, struct kube_value *value)
{
	g_ptr_array_add(y->dropped, value);
}

/* NULL without an anchor. It is of this name until the next one. */
static struct anchor *begin_anchor(struct kube_yaml *y, const yaml_char_t *name)
{
	struct anchor *anchor;

	if (name == NULL) {
		return NULL;
	}
	anchor = g_new0(struct anchor, 1);
	g_ptr_array_add(y->anchors, anchor);
	g_hash_table_replace(y->by_name, g_strdup((const char *)name), anchor);
	return anchor;
}

static struct kube_value *end_anchor(struct anchor *anchor, struct kube_value *value)
{
	if (anchor != NULL) {
		anchor->value = value;
	}
	return value;
}

static struct kube_value *read_alias(struct kube_yaml *y)
{
	const char *name = (const char *)y->event.data.alias.anchor;
	const struct anchor *anchor = g_hash_table_lookup(y->by_name, name);
	struct kube_value *copy;

	if (anchor == NULL) {
		kube_reading_fail(&y->common, here(y),
				  "no anchor '&%s' stands before this alias in its document; quote "
				  "a text that begins with '*'",
				  name);
		return NULL;
	}
	if (anchor->value == NULL) {
		kube_reading_fail(&y->common, here(y), "the anchor '&%s' contains itself", name);
		return NULL;
	}
	copy = kube_reading_copy(&y->common, anchor->value, here(y), y->depth + 1);
	if (copy != NULL) {
		kube_value_set_place(copy, here(y));
	}
	return copy;
}

static struct kube_value *scalar_value(struct kube_yaml *y, struct kube_scalar *scalar, bool plain)
{
	g_autofree char *text = g_steal_pointer(&scalar->text);

	switch (scalar->type) {
	case KUBE_NULL:
		return kube_value_null();
	case KUBE_BOOL:
		return kube_value_bool(scalar->truth);
	case KUBE_NUMBER:
		return kube_value_number(text);
	case KUBE_STRING:
		if (y->in_key) {
			return kube_value_string(text, (gssize)scalar->len);
		}
		return kube_reading_string(&y->common, text, scalar->len, plain, here(y));
	case KUBE_LIST:
	case KUBE_MAP:
		break;
	}
	g_assert_not_reached();
}

/* What the event's scalar is; false with a diagnostic. */
static bool resolve(struct kube_yaml *y, struct kube_scalar *scalar, bool *plain)
{
	const char *tag = (const char *)y->event.data.scalar.tag;
	const char *text = (const char *)y->event.data.scalar.value;
	size_t len = y->event.data.scalar.length;
	const char *problem = kube_yaml_escape_problem(y);

	*plain = tag == NULL && y->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		 !kube_yaml_has_bare_tag(y);
	if (problem == NULL) {
		problem = kube_scalar_resolve(tag, *plain, text, len, scalar);
	}
	return problem == NULL || complain(y, problem);
}

/* A scalar that is wrong was told and is read as null, so that those behind it are told, too. */
static struct kube_value *read_scalar(struct kube_yaml *y)
{
	struct anchor *anchor = begin_anchor(y, y->event.data.scalar.anchor);
	struct kube_value *value = NULL;
	struct kube_scalar scalar;
	bool plain;

	if (!kube_reading_count(&y->common, here(y), y->event.data.scalar.length, y->depth + 1)) {
		return NULL;
	}
	if (resolve(y, &scalar, &plain)) {
		y->is_float = scalar.is_float;
		value = scalar_value(y, &scalar, plain);
	}
	if (value == NULL) {
		value = kube_value_null();
	}
	kube_value_set_place(value, here(y));
	return end_anchor(anchor, value);
}

static bool read_items(struct kube_yaml *y, struct kube_value *list)
{
	for (;;) {
		struct kube_value *item;

		if (!kube_yaml_next(y)) {
			return false;
		}
		if (y->event.type == YAML_SEQUENCE_END_EVENT) {
			return true;
		}
		item = kube_yaml_read(y);
		if (item == NULL) {
			return false;
		}
		kube_value_add(list, item);
	}
}

static struct kube_value *read_list(struct kube_yaml *y)
{
	struct anchor *anchor = begin_anchor(y, y->event.data.sequence_start.anchor);
	g_autoptr(kube_value_auto) list = kube_value_list();

	if (!kube_reading_count(&y->common, here(y), 0, y->depth + 1)) {
		return NULL;
	}
	kube_value_set_place(list, here(y));
	y->depth++;
	if (!read_items(y, list)) {
		return NULL;
	}
	y->depth--;
	return end_anchor(anchor, g_steal_pointer(&list));
}

static bool is_merge_key(struct kube_yaml *y)
{
	const char *tag = (const char *)y->event.data.scalar.tag;

	if (y->event.type != YAML_SCALAR_EVENT ||
	    strcmp((const char *)y->event.data.scalar.value, "<<") != 0) {
		return false;
	}
	return tag != NULL ? strcmp(tag, MERGE_TAG) == 0
			   : y->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
				     !kube_yaml_has_bare_tag(y);
}

/* The current event is that of a key. False: reading cannot go on. */
static bool read_merge(struct kube_yaml *y, struct kube_yaml_map *members)
{
	struct kube_place at = here(y);
	struct kube_value *value;
	bool by_alias;

	if (!kube_yaml_next(y)) {
		return false;
	}
	by_alias = y->event.type == YAML_ALIAS_EVENT;
	value = kube_yaml_read(y);
	if (value == NULL) {
		return false;
	}
	drop(y, value);
	return kube_yaml_map_merge(members, &y->common, at, value, by_alias, y->depth + 1);
}

/* *name becomes NULL when it was told that this is no key. False: reading cannot go on. */
static bool read_key(struct kube_yaml *y, char **name)
{
	bool by_alias = y->event.type == YAML_ALIAS_EVENT;
	unsigned before = y->common.diags->items->len;
	g_autofree char *written = NULL;
	struct kube_place at = here(y);
	struct kube_value *key;

	if (y->event.type == YAML_SCALAR_EVENT) {
		written = g_strdup((const char *)y->event.data.scalar.value);
	}
	y->in_key = true;
	y->is_float = false;
	key = kube_yaml_read(y);
	y->in_key = false;
	if (key == NULL) {
		return false;
	}
	drop(y, key);
	if (by_alias && y->common.source->vars != NULL) {
		kube_reading_fail(&y->common, at,
				  "an alias cannot be a key where variables are put in");
	}
	if (y->common.diags->items->len == before) {
		*name = kube_yaml_key(&y->common, at, key, written, y->is_float);
	}
	return true;
}

static bool read_member(struct kube_yaml *y, struct kube_yaml_map *members)
{
	struct kube_place at = here(y);
	g_autofree char *name = NULL;
	struct kube_value *value;

	if (!read_key(y, &name) || !kube_yaml_next(y)) {
		return false;
	}
	value = kube_yaml_read(y);
	if (value == NULL) {
		return false;
	}
	if (name == NULL || !kube_yaml_map_add(members, &y->common, at, name, value, y->dropped)) {
		drop(y, value);
	}
	return true;
}

static bool read_members(struct kube_yaml *y, struct kube_yaml_map *members)
{
	for (;;) {
		if (!kube_yaml_next(y)) {
			return false;
		}
		if (y->event.type == YAML_MAPPING_END_EVENT) {
			return true;
		}
		if (!(is_merge_key(y) ? read_merge(y, members) : read_member(y, members))) {
			return false;
		}
	}
}

static struct kube_value *read_map(struct kube_yaml *y)
{
	struct anchor *anchor = begin_anchor(y, y->event.data.mapping_start.anchor);
	g_autoptr(kube_yaml_map_auto) members = kube_yaml_map_new();
	struct kube_place at = here(y);
	struct kube_value *map;

	if (!kube_reading_count(&y->common, at, 0, y->depth + 1)) {
		return NULL;
	}
	y->depth++;
	if (!read_members(y, members)) {
		return NULL;
	}
	y->depth--;
	map = kube_yaml_map_finish(members);
	kube_value_set_place(map, at);
	return end_anchor(anchor, map);
}

/* The node that begins with the current event; NULL: reading cannot go on, which was told. */
struct kube_value *kube_yaml_read(struct kube_yaml *y)
{
	switch (y->event.type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(y);
	case YAML_ALIAS_EVENT:
		return read_alias(y);
	case YAML_MAPPING_START_EVENT:
		return read_map(y);
	case YAML_SEQUENCE_START_EVENT:
		return read_list(y);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		break;
	}
	g_assert_not_reached();
}
