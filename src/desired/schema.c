/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the manifest's JSON Schema from the tables of its keys. */
#include "desired/schema.h"

#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "core/json.h"
#include "desired/keys.h"

static void write_ref(struct json_writer *w, const char *key, const char *name)
{
	g_autofree char *path = g_strconcat("#/$defs/", name, NULL);

	if (key != NULL) {
		json_w_object(w, key);
	}
	json_w_str(w, "$ref", path);
	if (key != NULL) {
		json_w_end(w);
	}
}

static void write_list_of(struct json_writer *w, const char *name)
{
	json_w_str(w, "type", "array");
	write_ref(w, "items", name);
}

static void write_choices(struct json_writer *w, const struct keys_row *row)
{
	json_w_array(w, "enum");
	for (size_t i = 0; i < G_N_ELEMENTS(row->choices) && row->choices[i] != NULL; i++) {
		json_w_str(w, NULL, row->choices[i]);
	}
	json_w_end(w);
}

/* A pattern says nothing of a number. */
static void write_text_or_number(struct json_writer *w, const char *pattern)
{
	json_w_array(w, "type");
	json_w_str(w, NULL, "string");
	json_w_str(w, NULL, "integer");
	json_w_end(w);
	json_w_str(w, "pattern", pattern);
}

static void write_type(struct json_writer *w, const struct keys_row *row)
{
	switch (row->type) {
	case KEYS_TEXT:
		write_ref(w, NULL, "text");
		break;
	case KEYS_TEXTS:
		write_ref(w, NULL, "texts");
		break;
	case KEYS_WORDS:
		write_list_of(w, "text");
		break;
	case KEYS_BOOL:
		json_w_str(w, "type", "boolean");
		break;
	case KEYS_MODE:
		json_w_str(w, "type", "string");
		json_w_str(w, "pattern", "^[0-7]{4}$");
		break;
	case KEYS_DURATION:
		json_w_str(w, "type", "string");
		json_w_str(w, "pattern", "^(0|[1-9][0-9]*)[smhd]$");
		break;
	case KEYS_NUMBER:
		json_w_str(w, "type", "integer");
		json_w_int(w, "minimum", row->min);
		json_w_int(w, "maximum", row->max);
		break;
	case KEYS_BYTES:
		write_text_or_number(w, "^(0|[1-9][0-9]*)[KMG]?$");
		break;
	case KEYS_CHOICE:
		write_choices(w, row);
		break;
	case KEYS_SECRETS:
	case KEYS_ENV:
		json_w_str(w, "type", "object");
		write_ref(w, "additionalProperties", "text");
		break;
	case KEYS_VARS:
		write_ref(w, NULL, "vars");
		break;
	case KEYS_INCLUDE:
		write_ref(w, NULL, "includes");
		break;
	case KEYS_OVERRIDES:
		write_list_of(w, "override");
		break;
	case KEYS_RESOURCES:
		write_list_of(w, "resource");
		break;
	case KEYS_CHECKS:
		write_list_of(w, "check");
		break;
	}
}

static void write_default(struct json_writer *w, const struct keys_row *row)
{
	if (row->dflt == NULL) {
		return;
	}
	if (row->type == KEYS_BOOL) {
		json_w_bool(w, "default", strcmp(row->dflt, "true") == 0);
	} else if (row->type == KEYS_NUMBER) {
		json_w_int(w, "default", g_ascii_strtoll(row->dflt, NULL, 10));
	} else {
		json_w_str(w, "default", row->dflt);
	}
}

static void write_required(struct json_writer *w, const struct keys_table *table)
{
	bool any = false;

	for (const struct keys_row *row = table->rows; row->name != NULL; row++) {
		if (row->required && !any) {
			json_w_array(w, "required");
			any = true;
		}
		if (row->required) {
			json_w_str(w, NULL, row->name);
		}
	}
	if (any) {
		json_w_end(w);
	}
}

static void write_table(struct json_writer *w, const struct keys_table *table)
{
	json_w_str(w, "type", "object");
	json_w_object(w, "properties");
	for (const struct keys_row *row = table->rows; row->name != NULL; row++) {
		json_w_object(w, row->name);
		write_type(w, row);
		json_w_str(w, "description", row->help);
		write_default(w, row);
		json_w_end(w);
	}
	json_w_end(w);
	write_required(w, table);
	json_w_bool(w, "additionalProperties", false);
}

static void write_named(struct json_writer *w, const char *prefix, const struct keys_table *table)
{
	g_autofree char *name = g_strconcat(prefix, table->name, NULL);

	json_w_object(w, name);
	write_table(w, table);
	json_w_end(w);
}

/* "name": one of the tables. */
static void write_any_of(struct json_writer *w, const char *name, const char *prefix,
			 const struct keys_table *tables)
{
	json_w_object(w, name);
	json_w_array(w, "oneOf");
	for (; tables->name != NULL; tables++) {
		g_autofree char *one = g_strconcat(prefix, tables->name, NULL);

		json_w_object(w, NULL);
		write_ref(w, NULL, one);
		json_w_end(w);
	}
	json_w_end(w);
	json_w_end(w);
}

static void write_types(struct json_writer *w, const char *key, const char *const *types)
{
	json_w_array(w, key);
	for (; *types != NULL; types++) {
		json_w_str(w, NULL, *types);
	}
	json_w_end(w);
}

/* A text may look like a number or a boolean to an editor: owner: 1000. */
static void write_text_types(struct json_writer *w)
{
	static const char *const scalars[] = {"string", "number", "boolean", NULL};

	json_w_object(w, "text");
	write_types(w, "type", scalars);
	json_w_end(w);
	json_w_object(w, "texts");
	json_w_array(w, "oneOf");
	json_w_object(w, NULL);
	write_ref(w, NULL, "text");
	json_w_end(w);
	json_w_object(w, NULL);
	write_list_of(w, "text");
	json_w_end(w);
	json_w_end(w);
	json_w_end(w);
	json_w_object(w, "vars");
	json_w_str(w, "type", "object");
	json_w_object(w, "propertyNames");
	json_w_str(w, "pattern", "^[A-Za-z_][A-Za-z0-9_]{0,63}$");
	json_w_end(w);
	write_ref(w, "additionalProperties", "text");
	json_w_end(w);
}

/* One item, or a list of items; an item is a text or a map. */
static void write_include_types(struct json_writer *w)
{
	static const char *const names[] = {"text", "include"};

	json_w_object(w, "includes");
	json_w_array(w, "oneOf");
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		json_w_object(w, NULL);
		write_ref(w, NULL, names[i]);
		json_w_end(w);
	}
	json_w_object(w, NULL);
	json_w_str(w, "type", "array");
	json_w_object(w, "items");
	json_w_array(w, "oneOf");
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		json_w_object(w, NULL);
		write_ref(w, NULL, names[i]);
		json_w_end(w);
	}
	json_w_end(w);
	json_w_end(w);
	json_w_end(w);
	json_w_end(w);
	json_w_end(w);
}

static void write_definitions(struct json_writer *w)
{
	json_w_object(w, "$defs");
	write_text_types(w);
	write_include_types(w);
	write_named(w, "", &keys_include);
	write_named(w, "", &keys_override);
	write_any_of(w, "resource", "", keys_resources);
	/* Some checks have the name of a kind of resource. */
	write_any_of(w, "check", "check-", keys_checks);
	for (const struct keys_table *t = keys_resources; t->name != NULL; t++) {
		write_named(w, "", t);
	}
	for (const struct keys_table *t = keys_checks; t->name != NULL; t++) {
		write_named(w, "check-", t);
	}
	json_w_end(w);
}

bool schema_write(char **out, GError **error)
{
	struct json_writer *w = json_writer_new(0);
	struct assent_error core;
	size_t len;

	json_w_object(w, NULL);
	json_w_str(w, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_w_str(w, "$id", SCHEMA_ID);
	json_w_str(w, "title", "assent.yaml");
	json_w_str(w, "description", "What an Assent stack wants on its host");
	write_table(w, &keys_manifest);
	write_definitions(w);
	json_w_end(w);
	if (json_writer_finish(w, out, &len, &core) != 0) {
		return fail_core(error, &core, "schema of the manifest");
	}
	return true;
}
