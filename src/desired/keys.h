/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The keys of the manifest, in tables: what the reader accepts, what the JSON
 * Schema says and what the tests demand of doc/manifest.md.
 *
 * To add a key: one row here, one getter in the reader (a getter refuses to be
 * asked for a key without row), one line in doc/manifest.md, and
 * doc/manifest.schema.json anew: assent lint --schema prints it. The tests tell
 * what was forgotten.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/yaml.h"

enum keys_type {
	KEYS_TEXT,
	KEYS_TEXTS, /* a text or a list of texts */
	KEYS_WORDS, /* a list of texts */
	KEYS_BOOL,
	KEYS_MODE,
	KEYS_DURATION,
	KEYS_NUMBER,
	KEYS_BYTES,
	KEYS_CHOICE,
	KEYS_ENV,
	KEYS_VARS,
	KEYS_SECRETS,
	KEYS_INCLUDE,
	KEYS_OVERRIDES,
	KEYS_RESOURCES,
	KEYS_CHECKS,
};
struct keys_row {
	const char *name;
	enum keys_type type;
	bool required;
	const char *dflt; /* as it is written in a manifest; NULL: none */
	const char *help;
	const char *choices[4]; /* of KEYS_CHOICE */
	int64_t min, max;	/* of KEYS_DURATION (seconds), KEYS_NUMBER, KEYS_BYTES */
};
struct keys_table {
	const char *name; /* a kind of resource or check, or "manifest", "include", "override" */
	const struct keys_row *rows; /* ends with a row without name; the first names the kind */
};

extern const struct keys_table keys_manifest, keys_include, keys_override;
/* Each ends with a table without name. */
extern const struct keys_table keys_resources[], keys_checks[];

const struct keys_table *keys_find(const struct keys_table *tables, const char *name);
const struct keys_row *keys_row(const struct keys_table *table, const char *name);

struct yaml_node *keys_get(struct yaml_node *map, const struct keys_table *table, const char *key);
const char *keys_text(struct yaml_node *map, const struct keys_table *table, const char *key,
		      struct diag_list *diags);
bool keys_bool(struct yaml_node *map, const struct keys_table *table, const char *key,
	       struct diag_list *diags);
char **keys_texts(struct yaml_node *map, const struct keys_table *table, const char *key,
		  struct diag_list *diags);
/* A quoted octal number; -1 when absent or wrong. */
int keys_mode(struct yaml_node *map, const struct keys_table *table, const char *key,
	      struct diag_list *diags);
/* 0, 1, or -1 when absent or wrong; the row has no default. */
int keys_flag(struct yaml_node *map, const struct keys_table *table, const char *key,
	      struct diag_list *diags);
/* One of the row's choices; its default, or NULL without one, when absent or wrong. */
const char *keys_choice(struct yaml_node *map, const struct keys_table *table, const char *key,
			struct diag_list *diags);
/* A duration in seconds, a number, or a size in bytes, as the row has it; its default, or 0 without
 * one, when absent or wrong. */
int64_t keys_number(struct yaml_node *map, const struct keys_table *table, const char *key,
		    struct diag_list *diags);
/* The node of KEYS_WORDS or KEYS_ENV; NULL when absent or wrong. */
struct yaml_node *keys_words(struct yaml_node *map, const struct keys_table *table, const char *key,
			     struct diag_list *diags);
struct yaml_node *keys_env(struct yaml_node *map, const struct keys_table *table, const char *key,
			   struct diag_list *diags);
/* Unknown keys, and required ones that are missing. */
void keys_end(struct yaml_node *map, const struct keys_table *table, struct diag_list *diags);
