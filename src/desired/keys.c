/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of the manifest's keys, and getters that keep to them. */
#include "desired/keys.h"

#include <inttypes.h>
#include <string.h>

#include "base/conf-table.h"

/* What every resource may have. */
#define COMMON                                                                                     \
	{"hosts", KEYS_TEXTS, .help = "the hosts that this is meant for"},                         \
		{"after", KEYS_TEXTS, .help = "resources that come first, like file:~/x"},         \
	{                                                                                          \
		"notify", KEYS_TEXTS, .help = "services and commands to tell of a change"          \
	}
#define OWNERS                                                                                     \
	{"owner", KEYS_TEXT, .help = "user name or number"},                                       \
	{                                                                                          \
		"group", KEYS_TEXT, .help = "group name or number"                                 \
	}

/* How a command is run. */
#define RUN(time)                                                                                  \
	{"run", KEYS_WORDS, .help = "program and arguments; no shell looks at them"},              \
		{"shell", KEYS_TEXT, .help = "text for /bin/sh -c, instead of run"},               \
		{"user", KEYS_TEXT, .help = "the user who runs it"},                               \
		{"directory", KEYS_TEXT, .help = "where it is run"},                               \
		{"env", KEYS_ENV, .help = "variables of its environment"},                         \
		{"timeout", KEYS_DURATION, .dflt = (time),                                         \
		 .min = 1,  .max = 86400,  .help = "how long it may take"},                        \
	{                                                                                          \
		"output", KEYS_BYTES, .dflt = "64K", .min = 1, .max = 16 << 20,                    \
				      .help = "how much it may print"                              \
	}
#define SCOPE                                                                                      \
	{                                                                                          \
		"scope", KEYS_CHOICE, .dflt = "system", .choices = {"system", "user"},             \
				      .help = "the manager that has it"                            \
	}
/* What every check may have. */
#define CHECK                                                                                      \
	{"within", KEYS_DURATION, .dflt = "30s",                                                   \
	 .min = 1, .max = 3600,	  .help = "how long it may take"},                                 \
		{"interval", KEYS_DURATION, .dflt = "1s",                                          \
		 .min = 1,   .max = 3600,   .help = "time between two tries"},                     \
		{"successes", KEYS_NUMBER, .dflt = "1",                                            \
		 .min = 1,    .max = 100,  .help = "how often in a row it must succeed"},          \
	{                                                                                          \
		"hosts", KEYS_TEXTS, .help = "the hosts that this is meant for"                    \
	}

static const struct keys_row manifest_rows[] = {
	{"vars", KEYS_VARS, .help = "variables, for ${name}"},
	{"secrets", KEYS_SECRETS, .help = "sealed files whose content templates may use"},
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
	{"sealed", KEYS_BOOL, .dflt = "false", .help = "the source is a sealed secret"},
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
static const struct keys_row package_rows[] = {
	{"package", KEYS_TEXTS, .required = true, .help = "name of a package, or several"},
	{"state", KEYS_CHOICE, .dflt = "present", .choices = {"present", "absent"},
	 .help = "installed or not"},
	{"version", KEYS_TEXT, .help = "conditions of its version, like \">=1.22, <2\""},
	{"held", KEYS_BOOL, .help = "keep its version when others are upgraded"},
	{"manager", KEYS_CHOICE, .choices = {"apt", "dnf", "zypper"},
	 .help = "who installs it, instead of the host's own"},
	COMMON,
	{NULL},
};
static const struct keys_row service_rows[] = {
	{"service", KEYS_TEXT, .required = true,
	 .help = "a systemd unit; .service may be left out"},
	SCOPE,
	{"enabled", KEYS_BOOL, .help = "started at boot, or with the user's manager"},
	{"masked", KEYS_BOOL, .help = "made impossible to start"},
	{"state", KEYS_CHOICE, .choices = {"running", "stopped"}, .help = "whether it runs"},
	{"on-change", KEYS_CHOICE, .dflt = "restart", .choices = {"restart", "reload"},
	 .help = "what is done when it is notified"},
	COMMON,
	{NULL},
};
static const struct keys_row command_rows[] = {
	{"command", KEYS_TEXT, .required = true, .help = "a name for it"},
	{"unless", KEYS_WORDS, .help = "not needed when this command succeeds"},
	{"creates", KEYS_TEXT, .help = "not needed when this path exists"},
	{"when", KEYS_CHOICE, .choices = {"notified"},
	 .help = "only when a resource that notifies it changed"},
	RUN("5m"),
	COMMON,
	{NULL},
};
static const struct keys_row kubernetes_rows[] = {
	{"kubernetes", KEYS_TEXT, .required = true,
	 .help = "file or folder of the repository that has the objects"},
	{"context", KEYS_TEXT, .help = "the cluster, instead of the stack's only one"},
	{"namespace", KEYS_TEXT, .help = "of objects that name none"},
	{"template", KEYS_BOOL, .dflt = "false", .help = "replace ${name} in texts of the objects"},
	{"render", KEYS_TEXT, .help = "the renderer that makes the objects out of the folder"},
	{"values", KEYS_TEXTS, .help = "files of the repository for the renderer"},
	{"prune", KEYS_BOOL, .dflt = "false",
	 .help = "remove what was there before and is no more"},
	{"wait", KEYS_BOOL, .dflt = "true", .help = "wait until the objects are ready"},
	{"within", KEYS_DURATION, .dflt = "5m", .min = 1, .max = 86400,
	 .help = "how long that may take"},
	{"force-conflicts", KEYS_BOOL, .dflt = "false",
	 .help = "take over fields that another manager owns"},
	{"replace", KEYS_BOOL, .dflt = "false",
	 .help = "delete and make again what cannot be changed"},
	COMMON,
	{NULL},
};
static const struct keys_row http_rows[] = {
	{"http", KEYS_TEXT, .required = true, .help = "URL that must answer with success"},
	{"status", KEYS_NUMBER, .min = 100, .max = 599,
	 .help = "status of the answer, instead of any from 200 to 299"},
	{"body", KEYS_TEXT, .help = "text that the answer must contain"},
	{"ca", KEYS_TEXT, .help = "file of the authorities to trust, on the host"},
	CHECK,
	{NULL},
};
static const struct keys_row tcp_rows[] = {
	{"tcp", KEYS_TEXT, .required = true, .help = "HOST:PORT that must accept a connection"},
	CHECK,
	{NULL},
};
static const struct keys_row command_check_rows[] = {
	{"command", KEYS_TEXT, .required = true, .help = "a name for a command that must succeed"},
	RUN("30s"),
	CHECK,
	{NULL},
};
static const struct keys_row service_check_rows[] = {
	{"service", KEYS_TEXT, .required = true, .help = "a systemd unit that must be active"},
	SCOPE,
	CHECK,
	{NULL},
};

const struct keys_table keys_manifest = {"manifest", manifest_rows};
const struct keys_table keys_include = {"include", include_rows};
const struct keys_table keys_override = {"override", override_rows};
const struct keys_table keys_resources[] = {
	{"file", file_rows},
	{"tree", tree_rows},
	{"directory", directory_rows},
	{"link", link_rows},
	{"package", package_rows},
	{"service", service_rows},
	{"command", command_rows},
	{"kubernetes", kubernetes_rows},
	{NULL, NULL},
};
const struct keys_table keys_checks[] = {
	{"http", http_rows},
	{"tcp", tcp_rows},
	{"command", command_check_rows},
	{"service", service_check_rows},
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

int keys_flag(struct yaml_node *map, const struct keys_table *table, const char *key,
	      struct diag_list *diags)
{
	const struct keys_row *row = keys_row(table, key);

	g_assert(row != NULL && row->type == KEYS_BOOL && row->dflt == NULL);
	if (yaml_get(map, key) == NULL) {
		return -1;
	}
	/* What is wrong is told once. */
	return yaml_get_bool(map, key, false, diags) ? 1 : 0;
}

static char *choices_text(const struct keys_row *row)
{
	GString *text = g_string_new(row->choices[0]);

	for (size_t i = 1; i < G_N_ELEMENTS(row->choices) && row->choices[i] != NULL; i++) {
		bool last = i + 1 == G_N_ELEMENTS(row->choices) || row->choices[i + 1] == NULL;

		g_string_append_printf(text, "%s%s", last ? " or " : ", ", row->choices[i]);
	}
	return g_string_free(text, FALSE);
}

const char *keys_choice(struct yaml_node *map, const struct keys_table *table, const char *key,
			struct diag_list *diags)
{
	const struct keys_row *row = keys_row(table, key);
	const char *text = keys_text(map, table, key, diags);
	g_autofree char *choices = NULL;

	g_assert(row->type == KEYS_CHOICE);
	for (size_t i = 0; text != NULL && i < G_N_ELEMENTS(row->choices); i++) {
		if (g_strcmp0(text, row->choices[i]) == 0) {
			return row->choices[i];
		}
	}
	if (text != NULL) {
		choices = choices_text(row);
		yaml_fail(yaml_get(map, key), diags, "'%s' must be %s", key, choices);
	}
	return row->dflt;
}

static int64_t get_bytes(struct yaml_node *map, const struct keys_row *row, int64_t dflt,
			 struct diag_list *diags)
{
	const struct yaml_node *node = yaml_get(map, row->name);
	int64_t value = 0;

	if (node == NULL) {
		return dflt;
	}
	if (node->type != YAML_SCALAR || strlen(node->value) != node->length ||
	    !conf_bytes(node->value, &value)) {
		yaml_fail(node, diags, "'%s' must be a number of bytes, like 65536 or 64K",
			  row->name);
		return dflt;
	}
	if (value < row->min || value > row->max) {
		yaml_fail(node, diags, "'%s' must be from %" PRId64 " to %" PRId64 " bytes",
			  row->name, row->min, row->max);
		return dflt;
	}
	return value;
}

int64_t keys_number(struct yaml_node *map, const struct keys_table *table, const char *key,
		    struct diag_list *diags)
{
	const struct keys_row *row = keys_row(table, key);
	int64_t dflt = 0;
	bool good = true;

	g_assert(row != NULL);
	if (row->type == KEYS_DURATION) {
		good = row->dflt == NULL || yaml_duration(row->dflt, &dflt);
	} else {
		good = row->dflt == NULL || conf_bytes(row->dflt, &dflt);
	}
	g_assert(good);
	if (row->type == KEYS_DURATION) {
		return yaml_get_duration(map, key, row->min, row->max, dflt, diags);
	}
	if (row->type == KEYS_BYTES) {
		return get_bytes(map, row, dflt, diags);
	}
	g_assert(row->type == KEYS_NUMBER);
	return yaml_get_int(map, key, row->min, row->max, dflt, diags);
}

struct yaml_node *keys_words(struct yaml_node *map, const struct keys_table *table, const char *key,
			     struct diag_list *diags)
{
	g_assert(keys_row(table, key) != NULL);
	return yaml_get_list(map, key, diags);
}

struct yaml_node *keys_env(struct yaml_node *map, const struct keys_table *table, const char *key,
			   struct diag_list *diags)
{
	g_assert(keys_row(table, key) != NULL);
	return yaml_get_map(map, key, diags);
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
