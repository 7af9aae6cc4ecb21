/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the table of keys says to people and editors: sample, schema, manual. */
#include <inttypes.h>
#include <string.h>

#include "base/conf-table.h"
#include "base/conf.h"
#include "base/yaml.h"
#include "core/json.h"

#define NAME_PATTERN "^[a-z0-9][a-z0-9._-]{0,63}$"

/* The names that the sample uses where the table has '*'. */
static const struct {
	const char *section, *name;
} samples[] = {{"labels", "role"},
	       {"stacks", "web"},
	       {"people", "alice"},
	       {"groups", "ops"},
	       {"kubernetes.clusters", "prod"},
	       {"kubernetes.renderers", "helm"}};

static const char *sample_name(const char *section)
{
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		if (strcmp(samples[i].section, section) == 0) {
			return samples[i].name;
		}
	}
	return "name";
}

static bool has_rows(const struct conf_key *row)
{
	return row->type == CONF_SECTION || row->type == CONF_MAP || row->type == CONF_LIST;
}

static char *duration_text(int64_t seconds)
{
	static const struct {
		int64_t seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};

	for (size_t i = 0; i < G_N_ELEMENTS(units) && seconds > 0; i++) {
		if (seconds % units[i].seconds == 0) {
			return g_strdup_printf("%" PRId64 "%c", seconds / units[i].seconds,
					       units[i].letter);
		}
	}
	return g_strdup("0s");
}

static char *bytes_text(int64_t bytes)
{
	static const char units[] = " KMG";
	size_t unit = 0;

	while (bytes % 1024 == 0 && unit < 3 && bytes > 0) {
		bytes /= 1024;
		unit++;
	}
	return unit == 0 ? g_strdup_printf("%" PRId64, bytes)
			 : g_strdup_printf("%" PRId64 "%c", bytes, units[unit]);
}

static char *range_shape(const struct conf_key *row)
{
	g_autofree char *min = NULL;
	g_autofree char *max = NULL;

	if (row->type == CONF_COUNT) {
		return g_strdup_printf("a whole number from %" PRId64 " to %" PRId64, row->min,
				       row->max);
	}
	if (row->type == CONF_DURATION) {
		min = duration_text(row->min);
		max = duration_text(row->max);
		return g_strdup_printf("a duration from %s to %s", min, max);
	}
	min = bytes_text(row->min);
	max = bytes_text(row->max);
	return g_strdup_printf("a number of bytes (K, M, G) from %s to %s", min, max);
}

char *conf_key_shape(const struct conf_key *row)
{
	g_autofree char *words = NULL;

	switch (row->type) {
	case CONF_TEXT:
		return g_strdup(row->shape != NULL ? row->shape : "a text");
	case CONF_PATH:
		return g_strdup("a path, relative to the folder of this file; ~/ is the home");
	case CONF_WORD:
		words = g_strjoinv(", ", (char **)row->words);
		return g_strdup_printf("one of %s", words);
	case CONF_SECRET:
		return g_strdup("file:PATH or credential:NAME (of systemd)");
	case CONF_NAMES:
		if (row->words == NULL) {
			return row->shape != NULL
				       ? g_strdup_printf("a list, or one: %s", row->shape)
				       : g_strdup("a list of texts, or one");
		}
		words = g_strjoinv(", ", (char **)row->words);
		return g_strdup_printf("a list of these, or one: %s", words);
	case CONF_BOOL:
		return g_strdup("true or false");
	case CONF_COUNT:
	case CONF_DURATION:
	case CONF_BYTES:
		return range_shape(row);
	case CONF_SECTION:
		return g_strdup("a section");
	case CONF_MAP:
		return g_strdup("entries by name");
	case CONF_LIST:
		return g_strdup("a list");
	}
	g_assert_not_reached();
}

/* The sample: settings behind one '#', prose behind two. */

static void put_prose(GString *out, unsigned indent, const struct conf_key *row)
{
	g_autofree char *shape = has_rows(row) ? NULL : conf_key_shape(row);

	g_string_append_printf(out, "## %*s%s", (int)indent, "", row->help);
	if (shape != NULL) {
		g_string_append_printf(out, " (%s)", shape);
	}
	g_string_append_c(out, '\n');
}

static void put_rows(GString *out, const char *section, unsigned indent, const char *agent);

static void put_below(GString *out, const struct conf_key *row, const char *name, unsigned indent,
		      const char *agent)
{
	g_autofree char *item = g_strconcat(row->path, ".*", NULL);

	g_string_append_printf(out, "#%*s%s:\n", (int)indent, "", name);
	if (row->type == CONF_LIST) {
		g_string_append_printf(out, "#%*s-\n", (int)indent + 2, "");
		put_rows(out, item, indent + 4, agent);
	} else {
		put_rows(out, row->path, indent + 2, agent);
	}
}

static void put_row(GString *out, const struct conf_key *row, const char *section, const char *name,
		    unsigned indent, const char *agent)
{
	g_autofree char *computed = row->computed != NULL ? row->computed() : NULL;
	const char *value = computed != NULL ? computed : row->dflt;

	if (strcmp(name, "*") == 0) {
		name = sample_name(section);
	} else {
		put_prose(out, indent, row);
	}
	if (has_rows(row)) {
		put_below(out, row, name, indent, agent);
	} else if (strcmp(row->path, "agent") == 0) {
		g_string_append_printf(out, "agent: %s\n", agent);
	} else {
		g_string_append_printf(out, "#%*s%s: %s\n", (int)indent, "", name,
				       value != NULL ? value : row->example);
	}
}

static void put_rows(GString *out, const char *section, unsigned indent, const char *agent)
{
	for (const struct conf_key *row = conf_keys; row->path != NULL; row++) {
		const char *name = conf_key_in(row, section);

		if (name != NULL) {
			if (indent == 0) {
				g_string_append_c(out, '\n');
			}
			put_row(out, row, section, name, indent, agent);
		}
	}
}

char *conf_sample(const char *agent)
{
	GString *out = g_string_new("## Configuration of assentd; see assentd.yaml(5). To set "
				    "something, take away one '#'.\n"
				    "## What is shown is the default, or an example where there is "
				    "none.\n");

	put_rows(out, "", 0, agent);
	return g_string_free(out, FALSE);
}

/* The schema, for editors. */

static void schema_rows(struct json_writer *w, const char *section);

static void schema_below(struct json_writer *w, const struct conf_key *row)
{
	g_autofree char *item = g_strconcat(row->path, ".*", NULL);
	const struct conf_key *below = conf_keys;

	while (below->path != NULL && strcmp(below->path, item) != 0) {
		below++;
	}
	if (row->type == CONF_SECTION) {
		schema_rows(w, row->path);
		return;
	}
	json_w_str(w, "type", row->type == CONF_MAP ? "object" : "array");
	if (row->type == CONF_MAP) {
		json_w_object(w, "propertyNames");
		json_w_str(w, "pattern", NAME_PATTERN);
		json_w_end(w);
	}
	json_w_object(w, row->type == CONF_MAP ? "additionalProperties" : "items");
	if (below->type == CONF_NAMES) {
		json_w_str(w, "type", "array");
		json_w_object(w, "items");
		json_w_str(w, "type", "string");
		json_w_end(w);
	} else if (below->type == CONF_TEXT) {
		json_w_str(w, "type", "string");
	} else {
		schema_rows(w, item);
	}
	json_w_end(w);
}

static void schema_words(struct json_writer *w, const struct conf_key *row)
{
	json_w_array(w, "enum");
	for (size_t i = 0; row->words[i] != NULL; i++) {
		json_w_str(w, NULL, row->words[i]);
	}
	json_w_end(w);
}

static void schema_names(struct json_writer *w, const struct conf_key *row)
{
	g_autofree char *words = row->words != NULL ? g_strjoinv("|", (char **)row->words) : NULL;
	g_autofree char *pattern = g_strdup_printf("^(%s)$", words);

	json_w_array(w, "type");
	json_w_str(w, NULL, "string");
	json_w_str(w, NULL, "array");
	json_w_end(w);
	json_w_object(w, "items");
	if (row->words != NULL) {
		schema_words(w, row);
	} else {
		json_w_str(w, "type", "string");
	}
	json_w_end(w);
	if (row->words != NULL) {
		json_w_str(w, "pattern", pattern); // of one that is no list
		json_w_int(w, "minItems", 1);
	}
}

static void schema_value(struct json_writer *w, const struct conf_key *row)
{
	switch (row->type) {
	case CONF_WORD:
		schema_words(w, row);
		break;
	case CONF_NAMES:
		schema_names(w, row);
		break;
	case CONF_BOOL:
		json_w_str(w, "type", "boolean");
		break;
	case CONF_COUNT:
		json_w_str(w, "type", "integer");
		json_w_int(w, "minimum", row->min);
		json_w_int(w, "maximum", row->max);
		break;
	case CONF_DURATION:
		json_w_str(w, "type", "string");
		json_w_str(w, "pattern", "^(0|[1-9][0-9]*)[smhd]$");
		break;
	case CONF_BYTES:
		json_w_array(w, "type");
		json_w_str(w, NULL, "string");
		json_w_str(w, NULL, "integer");
		json_w_end(w);
		json_w_str(w, "pattern", "^(0|[1-9][0-9]*)[KMG]?$");
		break;
	case CONF_SECRET:
		json_w_str(w, "type", "string");
		json_w_str(w, "pattern", "^(file|credential):.");
		break;
	case CONF_TEXT:
	case CONF_PATH:
		json_w_str(w, "type", "string");
		json_w_int(w, "minLength", 1);
		break;
	case CONF_SECTION:
	case CONF_MAP:
	case CONF_LIST:
		schema_below(w, row);
		break;
	}
}

static void schema_rows(struct json_writer *w, const char *section)
{
	json_w_str(w, "type", "object");
	json_w_bool(w, "additionalProperties", false);
	json_w_object(w, "properties");
	for (const struct conf_key *row = conf_keys; row->path != NULL; row++) {
		const char *name = conf_key_in(row, section);

		if (name != NULL && strcmp(name, "*") != 0) {
			json_w_object(w, name);
			json_w_str(w, "description", row->help);
			schema_value(w, row);
			json_w_end(w);
		}
	}
	json_w_end(w);
	json_w_array(w, "required");
	for (const struct conf_key *row = conf_keys; row->path != NULL; row++) {
		const char *name = conf_key_in(row, section);

		if (name != NULL && row->required) {
			json_w_str(w, NULL, name);
		}
	}
	json_w_end(w);
}

char *conf_schema_json(void)
{
	struct json_writer *w = json_writer_new(0);
	struct assent_error err;
	char *text = NULL, *copy;
	size_t len;

	json_w_object(w, NULL);
	json_w_str(w, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_w_str(w, "title", "Configuration of assentd");
	schema_rows(w, "");
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) != 0) {
		g_error("schema: %s", err.text);
	}
	copy = g_strdup(text);
	free(text);
	return copy;
}

/* The manual's lists. */

static char *default_text(const struct conf_key *row)
{
	if (row->computed != NULL) {
		return g_strdup("depends on the user");
	}
	if (has_rows(row)) {
		return g_strdup("");
	}
	if (row->dflt != NULL) {
		return g_strdup(row->dflt);
	}
	return g_strdup(row->required ? "none, must be given" : "none");
}

char *conf_reference_markdown(void)
{
	GString *out = g_string_new("| key | value | default | changes need | meaning |\n"
				    "| --- | --- | --- | --- | --- |\n");

	for (const struct conf_key *row = conf_keys; row->path != NULL; row++) {
		g_autofree char *shape = conf_key_shape(row);
		g_autofree char *dflt = default_text(row);

		g_string_append_printf(out, "| `%s` | %s | %s | %s | %s |\n", row->path, shape,
				       dflt, row->reload == CONF_RESTART ? "restart" : "reload",
				       row->help);
	}
	return g_string_free(out, FALSE);
}

char *conf_reference_mdoc(void)
{
	GString *out = g_string_new(".Bl -tag -width Ds\n");

	for (const struct conf_key *row = conf_keys; row->path != NULL; row++) {
		g_autofree char *shape = conf_key_shape(row);
		g_autofree char *dflt = default_text(row);

		g_string_append_printf(out, ".It Cm %s\n%s\n", row->path, row->help);
		if (!has_rows(row)) {
			g_string_append_printf(out, "Value: %s.\nDefault: %s.\n", shape, dflt);
		}
		if (row->reload == CONF_RESTART) {
			g_string_append(out, "A change needs a restart.\n");
		}
	}
	g_string_append(out, ".El\n");
	return g_string_free(out, FALSE);
}
