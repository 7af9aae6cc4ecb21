/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Takes typed values out of YAML nodes, and reports what is left over. */
#include "base/yaml.h"

#include <inttypes.h>
#include <errno.h>
#include <string.h>

void yaml_fail(const struct yaml_node *node, struct diag_list *diags, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	diag_add(diags, node->file, node->line, node->column, "%s", message);
}

struct yaml_node *yaml_get(struct yaml_node *map, const char *key)
{
	for (guint i = 0; i < map->keys->len; i++) {
		const struct yaml_node *k = map->keys->pdata[i];

		if (strcmp(k->value, key) == 0) {
			struct yaml_node *value = map->items->pdata[i];

			value->used = true;
			return value;
		}
	}
	return NULL;
}

static const char *type_name(const struct yaml_node *node)
{
	static const char *const names[] = {"a text", "a map", "a list"};

	return names[node->type];
}

static bool word_in(const char *word, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(word, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

const char *yaml_text(const struct yaml_node *node, const char *what, struct diag_list *diags)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};

	if (node->type != YAML_SCALAR) {
		yaml_fail(node, diags, "'%s' must be a text, not %s", what, type_name(node));
		return NULL;
	}
	if (!node->quoted && word_in(node->value, nulls)) {
		if (node->length == 0) {
			yaml_fail(node, diags, "'%s' has no value: an empty text is \"\"", what);
		} else {
			yaml_fail(node, diags, "'%s' has no value: quote %s to mean the text", what,
				  node->value);
		}
		return NULL;
	}
	if (strlen(node->value) != node->length) {
		yaml_fail(node, diags, "'%s' must not contain a NUL character", what);
		return NULL;
	}
	return node->value;
}

const char *yaml_get_string(struct yaml_node *map, const char *key, const char *dflt,
			    struct diag_list *diags)
{
	const struct yaml_node *node = yaml_get(map, key);

	return node != NULL ? yaml_text(node, key, diags) : dflt;
}

bool yaml_get_bool(struct yaml_node *map, const char *key, bool dflt, struct diag_list *diags)
{
	const struct yaml_node *node = yaml_get(map, key);

	if (node == NULL) {
		return dflt;
	}
	if (node->type == YAML_SCALAR && !node->quoted) {
		if (strcmp(node->value, "true") == 0) {
			return true;
		}
		if (strcmp(node->value, "false") == 0) {
			return false;
		}
	}
	yaml_fail(node, diags, "'%s' must be true or false, without quotes", key);
	return dflt;
}

/* Decimal digits, no sign but '-', no leading zero. */
static bool parse_int(const char *text, int64_t *out)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	char *end = NULL;

	if (!g_ascii_isdigit(digits[0]) || (digits[0] == '0' && digits[1] != '\0')) {
		return false;
	}
	for (const char *p = digits; *p != '\0'; p++) {
		if (!g_ascii_isdigit(*p)) {
			return false;
		}
	}
	errno = 0;
	*out = g_ascii_strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

int64_t yaml_get_int(struct yaml_node *map, const char *key, int64_t min, int64_t max, int64_t dflt,
		     struct diag_list *diags)
{
	const struct yaml_node *node = yaml_get(map, key);
	int64_t value;

	if (node == NULL) {
		return dflt;
	}
	if (node->type != YAML_SCALAR || node->quoted || !parse_int(node->value, &value)) {
		yaml_fail(node, diags, "'%s' must be a whole number", key);
		return dflt;
	}
	if (value < min || value > max) {
		yaml_fail(node, diags, "'%s' must be from %" PRId64 " to %" PRId64, key, min, max);
		return dflt;
	}
	return value;
}

bool yaml_duration(const char *text, int64_t *seconds)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t len = strlen(text);
	g_autofree char *number = NULL;
	int64_t count;

	if (len < 2 || len > 10 || text[0] == '-') {
		return false;
	}
	number = g_strndup(text, len - 1);
	if (!parse_int(number, &count)) {
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (units[i].letter == text[len - 1]) {
			*seconds = count * units[i].seconds;
			return true;
		}
	}
	return false;
}

int64_t yaml_get_duration(struct yaml_node *map, const char *key, int64_t min, int64_t max,
			  int64_t dflt, struct diag_list *diags)
{
	const struct yaml_node *node = yaml_get(map, key);
	int64_t value;

	if (node == NULL) {
		return dflt;
	}
	if (node->type != YAML_SCALAR || strlen(node->value) != node->length ||
	    !yaml_duration(node->value, &value)) {
		yaml_fail(node, diags,
			  "'%s' must be a duration: a whole number and s, m, h or d, like 30s",
			  key);
		return dflt;
	}
	if (value < min || value > max) {
		yaml_fail(node, diags, "'%s' must be from %" PRId64 "s to %" PRId64 "s", key, min,
			  max);
		return dflt;
	}
	return value;
}

static struct yaml_node *get_typed(struct yaml_node *map, const char *key, enum yaml_type type,
				   const char *wanted, struct diag_list *diags)
{
	struct yaml_node *node = yaml_get(map, key);

	if (node != NULL && node->type != type) {
		yaml_fail(node, diags, "'%s' must be %s, not %s", key, wanted, type_name(node));
		return NULL;
	}
	return node;
}

struct yaml_node *yaml_get_map(struct yaml_node *map, const char *key, struct diag_list *diags)
{
	return get_typed(map, key, YAML_MAP, "a map", diags);
}

struct yaml_node *yaml_get_list(struct yaml_node *map, const char *key, struct diag_list *diags)
{
	return get_typed(map, key, YAML_LIST, "a list", diags);
}

char **yaml_get_strings(struct yaml_node *map, const char *key, struct diag_list *diags)
{
	const struct yaml_node *node = yaml_get(map, key);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	const char *text;

	if (node == NULL) {
		return NULL;
	}
	if (node->type == YAML_MAP) {
		yaml_fail(node, diags, "'%s' must be a text or a list of texts, not a map", key);
		return NULL;
	}
	if (node->type == YAML_SCALAR) {
		text = yaml_text(node, key, diags);
		if (text != NULL) {
			g_strv_builder_add(builder, text);
		}
	}
	for (guint i = 0; node->type == YAML_LIST && i < node->items->len; i++) {
		text = yaml_text(node->items->pdata[i], key, diags);
		if (text != NULL) {
			g_strv_builder_add(builder, text);
		}
	}
	return g_strv_builder_end(builder);
}

/* Edits (insert, delete, change a letter) from a to b, for words of at most 63 bytes. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[64];
	size_t width = strlen(b);

	for (size_t j = 0; j <= width; j++) {
		row[j] = (unsigned)j;
	}
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= width; j++) {
			unsigned change = corner + (a[i - 1] == b[j - 1] ? 0 : 1);

			corner = row[j];
			row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[width];
}

const char *yaml_nearest(const char *word, const char *const *known)
{
	size_t len = strlen(word);
	unsigned best = len < 4 ? 2 : 3; /* closer than this */
	const char *found = NULL;

	if (len > 63) {
		return NULL;
	}
	for (size_t i = 0; known != NULL && known[i] != NULL; i++) {
		unsigned d = strlen(known[i]) < 64 ? distance(word, known[i]) : best;

		if (d < best && d < len) {
			best = d;
			found = known[i];
		}
	}
	return found;
}

void yaml_end(struct yaml_node *map, const char *const *known, struct diag_list *diags)
{
	for (guint i = 0; i < map->keys->len; i++) {
		const struct yaml_node *key = map->keys->pdata[i];
		const struct yaml_node *value = map->items->pdata[i];
		const char *near;

		if (value->used) {
			continue;
		}
		near = yaml_nearest(key->value, known);
		if (near != NULL) {
			yaml_fail(key, diags, "unknown key '%s': did you mean '%s'?", key->value,
				  near);
		} else {
			yaml_fail(key, diags, "unknown key '%s'", key->value);
		}
	}
}
