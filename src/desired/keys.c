/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of the manifest's keys, and getters that keep to them. */
#include "desired/keys.h"

#include <string.h>

/* What every resource may have. */
#define COMMON                                                                                     \
	{"hosts", KEYS_TEXTS, .help = "the hosts that this is meant for"},                         \
		{"after", KEYS_TEXTS, .help = "resources that come first, like file:~/x"},         \
	{                                                                                          \
		"notify", KEYS_TEXTS, .help = "resources that are told when this one changed"      \
	}
#define OWNERS                                                                                     \
	{"owner", KEYS_TEXT, .help = "user name or number"},                                       \
	{                                                                                          \
		"group", KEYS_TEXT, .help = "group name or number"                                 \
	}

static const struct keys_row manifest_rows[] = {
	{"vars", KEYS_VARS, .help = "variables, for ${name}"},
	{"overrides", KEYS_OVERRIDES, .help = "other values of variables for some hosts"},
	{"include", KEYS_INCLUDE, .help = "further files beneath the stack's folder"},
	{"resources", KEYS_RESOURCES, .help = "what shall be on the host"},
	{"checks", KEYS_CHECKS, .help = "what must answer after a change"},
	{"on-failure", KEYS_CHOICE, .dflt = "rollback", .choices = {"rollback", "stop"},
	 .help = "what happens when a step or a check fails"},
	{"prune", KEYS_BOOL, .dflt = "false",
	 .help = "remove what the commit before declared and this one does not"},
	{NULL},
};
static const struct keys_row include_rows[] = {
	{"file", KEYS_TEXT, .required = true, .help = "the file to include"},
	{"hosts", KEYS_TEXTS, .help = "the hosts that it is meant for"},
	{NULL},
};
static const struct keys_row override_rows[] = {
	{"hosts", KEYS_TEXTS, .required = true, .help = "the hosts that it is meant for"},
	{"vars", KEYS_VARS, .required = true, .help = "the values there"},
	{NULL},
};
static const struct keys_row file_rows[] = {
	{"file", KEYS_TEXT, .required = true, .help = "path of the file on the host"},
	{"source", KEYS_TEXT, .help = "file of the repository that has the content"},
	{"content", KEYS_TEXT, .help = "the content itself, instead of source"},
	{"template", KEYS_BOOL, .dflt = "false", .help = "replace ${name} in the content"},
	{"mode", KEYS_MODE, .help = "permissions, quoted: \"0640\""},
	OWNERS,
	COMMON,
	{NULL},
};
static const struct keys_row tree_rows[] = {
	{"tree", KEYS_TEXT, .required = true, .help = "path of the folder on the host"},
	{"source", KEYS_TEXT, .required = true, .help = "folder of the repository to mirror"},
	{"prune", KEYS_BOOL, .dflt = "false", .help = "remove what the source does not have"},
	{"file-mode", KEYS_MODE, .help = "permissions of all its files, quoted"},
	{"folder-mode", KEYS_MODE, .help = "permissions of all its folders, quoted"},
	OWNERS,
	COMMON,
	{NULL},
};
static const struct keys_row directory_rows[] = {
	{"directory", KEYS_TEXT, .required = true, .help = "path of the directory on the host"},
	{"mode", KEYS_MODE, .help = "permissions, quoted: \"0750\""},
	OWNERS,
	COMMON,
	{NULL},
};
static const struct keys_row link_rows[] = {
	{"link", KEYS_TEXT, .required = true, .help = "path of the symbolic link on the host"},
	{"to", KEYS_TEXT, .required = true, .help = "what it points to"},
	COMMON,
	{NULL},
};
static const struct keys_row http_rows[] = {
	{"http", KEYS_TEXT, .required = true, .help = "URL that must answer with success"},
	{"within", KEYS_DURATION, .dflt = "30s", .help = "how long it may take"},
	{"hosts", KEYS_TEXTS, .help = "the hosts that this is meant for"},
	{NULL},
};
static const struct keys_row tcp_rows[] = {
	{"tcp", KEYS_TEXT, .required = true, .help = "HOST:PORT that must accept a connection"},
	{"within", KEYS_DURATION, .dflt = "30s", .help = "how long it may take"},
	{"hosts", KEYS_TEXTS, .help = "the hosts that this is meant for"},
	{NULL},
};

const struct keys_table keys_manifest = {"manifest", manifest_rows};
const struct keys_table keys_include = {"include", include_rows};
const struct keys_table keys_override = {"override", override_rows};
const struct keys_table keys_resources[] = {
	{"file", file_rows}, {"tree", tree_rows}, {"directory", directory_rows},
	{"link", link_rows}, {NULL, NULL},
};
const struct keys_table keys_checks[] = {
	{"http", http_rows},
	{"tcp", tcp_rows},
	{NULL, NULL},
};

const struct keys_table *keys_find(const struct keys_table *tables, const char *name)
{
	for (; tables->name != NULL; tables++) {
		if (strcmp(tables->name, name) == 0) {
			return tables;
		}
	}
	return NULL;
}

const struct keys_row *keys_row(const struct keys_table *table, const char *name)
{
	for (const struct keys_row *row = table->rows; row->name != NULL; row++) {
		if (strcmp(row->name, name) == 0) {
			return row;
		}
	}
	return NULL;
}

struct yaml_node *keys_get(struct yaml_node *map, const struct keys_table *table, const char *key)
{
	g_assert(keys_row(table, key) != NULL);
	return yaml_get(map, key);
}

const char *keys_text(struct yaml_node *map, const struct keys_table *table, const char *key,
		      struct diag_list *diags)
{
	g_assert(keys_row(table, key) != NULL);
	return yaml_get_string(map, key, NULL, diags);
}

bool keys_bool(struct yaml_node *map, const struct keys_table *table, const char *key,
	       struct diag_list *diags)
{
	const struct keys_row *row = keys_row(table, key);

	g_assert(row != NULL && row->dflt != NULL);
	return yaml_get_bool(map, key, strcmp(row->dflt, "true") == 0, diags);
}

char **keys_texts(struct yaml_node *map, const struct keys_table *table, const char *key,
		  struct diag_list *diags)
{
	g_assert(keys_row(table, key) != NULL);
	return yaml_get_strings(map, key, diags);
}

int keys_mode(struct yaml_node *map, const struct keys_table *table, const char *key,
	      struct diag_list *diags)
{
	const struct yaml_node *node = keys_get(map, table, key);
	int mode = 0;

	if (node == NULL) {
		return -1;
	}
	if (node->type != YAML_SCALAR || node->length != 4 ||
	    strspn(node->value, "01234567") != 4) {
		yaml_fail(node, diags, "'%s' must be four octal digits in quotes, like \"0640\"",
			  key);
		return -1;
	}
	if (!node->quoted) {
		/* YAML's readers do not agree on what 0640 without quotes is. */
		yaml_fail(node, diags, "'%s' must be quoted: \"%s\"", key, node->value);
		return -1;
	}
	for (size_t i = 0; i < 4; i++) {
		mode = mode * 8 + (node->value[i] - '0');
	}
	return mode;
}

void keys_end(struct yaml_node *map, const struct keys_table *table, struct diag_list *diags)
{
	const char *known[32] = {NULL};
	size_t count = 0;

	for (const struct keys_row *row = table->rows; row->name != NULL; row++) {
		g_assert(count + 1 < G_N_ELEMENTS(known));
		known[count++] = row->name;
		if (row->required && yaml_get(map, row->name) == NULL) {
			yaml_fail(map, diags, "'%s' is missing: %s", row->name, row->help);
		}
	}
	yaml_end(map, known, diags);
}
