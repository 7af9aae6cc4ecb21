/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Holds an object against a JSON Schema of ours, as far as such schemas go:
 * every member is described, everything required is there, null is where it
 * may be, and a text with an enum is one of it.
 *
 *	schema_check(&schema, &object);
 */
#include <glib.h>

#include "core/json.h"

static inline gboolean schema_has(struct json_obj *schema, const char *list, const char *text)
{
	struct json_arr arr;
	size_t n = json_arr_get(schema, list, 64, &arr);

	for (size_t i = 0; i < n; i++) {
		if (g_strcmp0(json_arr_str(&arr, i, 64), text) == 0) {
			return TRUE;
		}
	}
	return FALSE;
}

static inline void schema_check(struct json_obj *schema, struct json_obj *value);

static inline void schema_check_member(struct json_obj *sub, struct json_obj *value,
				       const char *name)
{
	struct json_obj child, items;
	struct json_arr arr;
	size_t n;

	g_test_message("described: %s", name);
	if (json_is_null(value, name)) {
		g_assert_true(schema_has(sub, "type", "null"));
	} else if (json_has(sub, "enum")) {
		g_assert_true(schema_has(sub, "enum", json_str(value, name, 64)));
	} else if (json_has(sub, "properties")) {
		g_assert_true(json_obj_get(value, name, &child));
		schema_check(sub, &child);
	} else if (json_has(sub, "items") && json_obj_get(sub, "items", &items) &&
		   json_has(&items, "properties")) {
		n = json_arr_get(value, name, 64, &arr);
		for (size_t j = 0; j < n; j++) {
			g_assert_true(json_arr_obj(&arr, j, &child));
			schema_check(&items, &child);
		}
	}
}

static inline void schema_check(struct json_obj *schema, struct json_obj *value)
{
	struct json_obj properties, sub;
	struct json_arr required;
	size_t n;

	if (!json_has(schema, "properties")) {
		return;
	}
	g_assert_true(json_obj_get(schema, "properties", &properties));
	n = json_arr_get(schema, "required", 64, &required);
	for (size_t i = 0; i < n; i++) {
		const char *name = json_arr_str(&required, i, 64);

		g_test_message("required: %s", name);
		g_assert_true(json_has(value, name));
	}
	for (size_t i = 0; i < json_names(value); i++) {
		const char *name = json_name(value, i);

		g_assert_true(json_obj_get(&properties, name, &sub));
		schema_check_member(&sub, value, name);
	}
}
