/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads YAML text into nodes, from libyaml's events. The getters are in yaml-get.c. */
#include "base/yaml.h"

#include <string.h>
#include <yaml.h>

const struct yaml_limits yaml_default_limits = {
	.max_size = (size_t)256 << 10,
	.max_depth = 32,
	.max_nodes = 100000,
};

struct reading {
	yaml_parser_t parser;
	yaml_event_t event; /* the one being looked at */
	const char *file;   /* GRefString */
	const char *text;
	size_t len;
	const struct yaml_limits *limits;
	unsigned depth, nodes;
	struct diag_list *diags;
};

static struct yaml_node *read_node(struct reading *r);

static void complain(struct reading *r, yaml_mark_t mark, const char *message)
{
	diag_add(r->diags, r->file, (unsigned)mark.line + 1, (unsigned)mark.column + 1, "%s",
		 message);
}

/* About the byte at this offset; columns are counted in characters, as libyaml's marks are. */
static void complain_byte(struct diag_list *diags, const char *file, const char *text,
			  size_t offset, const char *problem)
{
	unsigned line = 1, column = 1;

	for (const char *p = text; p < text + offset; p++) {
		column = *p == '\n' ? 1 : column + ((*p & 0xc0) != 0x80);
		line += *p == '\n';
	}
	diag_add(diags, file, line, column, "not YAML: %s", problem);
}

/* libyaml's own words for the problem, in one line. */
static void complain_parser(struct reading *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem != NULL ? p->problem : "not readable";

	if (p->error == YAML_READER_ERROR) {
		/* The reader is ahead of the marks and knows an offset only. */
		complain_byte(r->diags, r->file, r->text, MIN(p->problem_offset, r->len), problem);
		return;
	}
	diag_add(r->diags, r->file, (unsigned)p->problem_mark.line + 1,
		 (unsigned)p->problem_mark.column + 1, "not YAML: %s%s%s",
		 p->context != NULL ? p->context : "", p->context != NULL ? ", " : "", problem);
}

static bool next_event(struct reading *r)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event) != 1) {
		complain_parser(r);
		return false;
	}
	return true;
}

static struct yaml_node *node_new(struct reading *r, enum yaml_type type)
{
	struct yaml_node *node = g_new0(struct yaml_node, 1);

	node->type = type;
	node->file = g_ref_string_acquire((char *)r->file);
	node->line = (unsigned)r->event.start_mark.line + 1;
	node->column = (unsigned)r->event.start_mark.column + 1;
	if (type != YAML_SCALAR) {
		node->items = g_ptr_array_new();
	}
	if (type == YAML_MAP) {
		node->keys = g_ptr_array_new();
	}
	return node;
}

static void free_all(GPtrArray *nodes)
{
	for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
		yaml_node_free(nodes->pdata[i]);
	}
	g_clear_pointer(&nodes, g_ptr_array_unref);
}

void yaml_node_free(struct yaml_node *node)
{
	if (node == NULL) {
		return;
	}
	free_all(node->items);
	free_all(node->keys);
	g_ref_string_release((char *)node->file);
	g_free(node->value);
	g_free(node);
}

static void refuse_properties(struct reading *r, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL) {
		complain(r, r->event.start_mark, "anchors are not supported: repeat the value");
	}
	if (tag != NULL) {
		complain(r, r->event.start_mark,
			 "tags are not supported: quote a text that begins with '!'");
	}
}

static struct yaml_node *read_scalar(struct reading *r)
{
	struct yaml_node *node = node_new(r, YAML_SCALAR);

	refuse_properties(r, r->event.data.scalar.anchor, r->event.data.scalar.tag);
	node->length = r->event.data.scalar.length;
	node->value = g_malloc(node->length + 1);
	memcpy(node->value, r->event.data.scalar.value, node->length);
	node->value[node->length] = '\0';
	node->quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return node;
}

/* An alias has no value of its own; it is said and read as an empty text. */
static struct yaml_node *read_alias(struct reading *r)
{
	struct yaml_node *node = node_new(r, YAML_SCALAR);

	complain(r, r->event.start_mark,
		 "aliases are not supported: repeat the value, or quote a text that begins with "
		 "'*'");
	node->value = g_strdup("");
	node->quoted = true; /* it is not null, nobody knows what it is */
	return node;
}

static bool same_key(const struct yaml_node *a, const struct yaml_node *b)
{
	return a->length == b->length && memcmp(a->value, b->value, a->length) == 0;
}

static guint key_hash(gconstpointer data)
{
	return g_str_hash(((const struct yaml_node *)data)->value);
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return same_key(a, b);
}

/* False: the key was reported, and its value shall not count. */
static bool check_key(struct reading *r, GHashTable *seen, struct yaml_node *key)
{
	const struct yaml_node *first;

	if (key->type != YAML_SCALAR) {
		yaml_fail(key, r->diags, "a key must be a word, not a map or list");
		return false;
	}
	if (strcmp(key->value, "<<") == 0 && !key->quoted) {
		yaml_fail(key, r->diags, "merge keys ('<<') are not supported");
		return false;
	}
	if (strlen(key->value) != key->length) {
		yaml_fail(key, r->diags, "a key must not contain a NUL character");
		return false;
	}
	first = g_hash_table_lookup(seen, key);
	if (first != NULL) {
		yaml_fail(key, r->diags, "duplicate key '%s': it stands in line %u already",
			  key->value, first->line);
		return false;
	}
	g_hash_table_add(seen, key);
	return true;
}

static bool read_map_items(struct reading *r, struct yaml_node *map)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(key_hash, key_equal);

	refuse_properties(r, r->event.data.mapping_start.anchor, r->event.data.mapping_start.tag);
	for (;;) {
		g_autoptr(yaml_auto) key = NULL;
		g_autoptr(yaml_auto) value = NULL;

		if (!next_event(r)) {
			return false;
		}
		if (r->event.type == YAML_MAPPING_END_EVENT) {
			return true;
		}
		key = read_node(r);
		if (key == NULL || !next_event(r)) {
			return false;
		}
		value = read_node(r);
		if (value == NULL) {
			return false;
		}
		if (check_key(r, seen, key)) {
			g_ptr_array_add(map->keys, g_steal_pointer(&key));
			g_ptr_array_add(map->items, g_steal_pointer(&value));
		}
	}
}

static bool read_list_items(struct reading *r, struct yaml_node *list)
{
	refuse_properties(r, r->event.data.sequence_start.anchor, r->event.data.sequence_start.tag);
	for (;;) {
		struct yaml_node *item;

		if (!next_event(r)) {
			return false;
		}
		if (r->event.type == YAML_SEQUENCE_END_EVENT) {
			return true;
		}
		item = read_node(r);
		if (item == NULL) {
			return false;
		}
		g_ptr_array_add(list->items, item);
	}
}

static struct yaml_node *read_collection(struct reading *r)
{
	bool is_map = r->event.type == YAML_MAPPING_START_EVENT;
	g_autoptr(yaml_auto) node = NULL;
	bool good;

	if (r->depth >= r->limits->max_depth) {
		complain(r, r->event.start_mark, "nested too deeply");
		return NULL;
	}
	r->depth++;
	node = node_new(r, is_map ? YAML_MAP : YAML_LIST);
	good = is_map ? read_map_items(r, node) : read_list_items(r, node);
	r->depth--;
	return good ? g_steal_pointer(&node) : NULL;
}

/* The node that begins with the current event. */
static struct yaml_node *read_node(struct reading *r)
{
	if (++r->nodes > r->limits->max_nodes) {
		complain(r, r->event.start_mark, "too many values in one file");
		return NULL;
	}
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r);
	case YAML_ALIAS_EVENT:
		return read_alias(r);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return read_collection(r);
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

static void refuse_directives(struct reading *r)
{
	if (r->event.data.document_start.version_directive != NULL ||
	    r->event.data.document_start.tag_directives.start !=
		    r->event.data.document_start.tag_directives.end) {
		complain(r, r->event.start_mark, "directives (lines with '%') are not supported");
	}
}

/* Stream start, one document, stream end. */
static struct yaml_node *read_stream(struct reading *r)
{
	g_autoptr(yaml_auto) root = NULL;

	if (!next_event(r) || !next_event(r)) {
		return NULL;
	}
	if (r->event.type == YAML_STREAM_END_EVENT) {
		diag_add(r->diags, r->file, 1, 1, "the file is empty");
		return NULL;
	}
	refuse_directives(r);
	if (!next_event(r)) {
		return NULL;
	}
	root = read_node(r);
	if (root == NULL || !next_event(r) || !next_event(r)) {
		return NULL;
	}
	if (r->event.type != YAML_STREAM_END_EVENT) {
		complain(r, r->event.start_mark, "a second document ('---') is not supported");
	}
	return g_steal_pointer(&root);
}

struct yaml_node *yaml_parse_all(const char *file, const char *text, size_t len,
				 const struct yaml_limits *limits, struct diag_list *diags)
{
	struct reading r = {.text = text, .len = len, .limits = limits, .diags = diags};
	const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;
	struct yaml_node *root;

	if (len > limits->max_size) {
		diag_add(diags, file, 1, 1, "the file is too large: %zu bytes, at most %zu", len,
			 limits->max_size);
		return NULL;
	}
	if (nul != NULL) {
		/* libyaml would take it for the end of the text. */
		complain_byte(diags, file, text, (size_t)(nul - text), "a NUL byte");
		return NULL;
	}
	if (yaml_parser_initialize(&r.parser) != 1) {
		diag_add(diags, file, 1, 1, "out of memory");
		return NULL;
	}
	r.file = g_ref_string_new(file);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	root = read_stream(&r);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	g_ref_string_release((char *)r.file);
	return root;
}

struct yaml_node *yaml_parse(const char *file, const char *text, size_t len,
			     const struct yaml_limits *limits, struct diag_list *diags)
{
	guint before = diags->items->len;
	g_autoptr(yaml_auto) root = yaml_parse_all(file, text, len, limits, diags);

	return diags->items->len == before ? g_steal_pointer(&root) : NULL;
}
