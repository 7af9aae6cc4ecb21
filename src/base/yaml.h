/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * YAML for configuration and manifests: a strict subset with positions.
 *
 * Bounded size, depth and node count; one document; no anchors, aliases, tags,
 * merge keys or duplicate keys. The result is a tree of nodes that know file,
 * line and column (from 1). Problems do not stop at the first: they gather in a
 * struct diag_list, and getters that consume keys add "unknown key" for the
 * rest, so that a reader sees all errors of a file at once.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct diag {
	char *file;
	unsigned line, column;
	char *message;
};
/* At most DIAG_MAX items; the last one says that there were more. Texts are made
 * printable: control characters of the input never reach a terminal. */
#define DIAG_MAX 1000
struct diag_list {
	GPtrArray *items; /* struct diag */
};
void diag_list_init(struct diag_list *list);
void diag_list_clear(struct diag_list *list);
void diag_add(struct diag_list *list, const char *file, unsigned line, unsigned column,
	      const char *format, ...) G_GNUC_PRINTF(5, 6);
void diag_list_sort(struct diag_list *list);
/* "file:line:column: message" lines, sorted by place. */
char *diag_text(const struct diag_list *list);

enum yaml_type { YAML_SCALAR, YAML_MAP, YAML_LIST };
struct yaml_node {
	enum yaml_type type;
	const char *file; /* counted (GRefString), each node holds one */
	unsigned line, column;
	char *value; /* scalar; NUL-terminated */
	size_t length;
	bool quoted;	  /* so that "yes" and yes differ */
	GPtrArray *items; /* list: struct yaml_node; map: values, in order */
	GPtrArray *keys;  /* map: struct yaml_node scalars */
	bool used;	  /* as a map's value: a getter took it */
};
struct yaml_limits {
	size_t max_size;
	unsigned max_depth, max_nodes;
};
extern const struct yaml_limits yaml_default_limits; /* 256 KiB, 32, 100000 */

/* NULL after an error (which is in diags). file is copied. */
struct yaml_node *yaml_parse(const char *file, const char *text, size_t len,
			     const struct yaml_limits *limits, struct diag_list *diags);
/* The same, but gives the tree in spite of anchors, tags, duplicate keys and the like, so that a
 * reader can report its own errors with them; the caller must refuse the file when diags is not
 * empty. NULL when the text is no YAML or passes a limit. */
struct yaml_node *yaml_parse_all(const char *file, const char *text, size_t len,
				 const struct yaml_limits *limits, struct diag_list *diags);
/* Not yaml_free(): libyaml exports a function of that name and would call ours. */
void yaml_node_free(struct yaml_node *node);
typedef struct yaml_node yaml_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(yaml_auto, yaml_node_free)
void yaml_fail(const struct yaml_node *node, struct diag_list *diags, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* Getters on a map; a wrong type adds a diagnostic and gives NULL or dflt. */
struct yaml_node *yaml_get(struct yaml_node *map, const char *key);
const char *yaml_get_string(struct yaml_node *map, const char *key, const char *dflt,
			    struct diag_list *diags);
/* A node's text; NULL with a diagnostic when it is a map, a list, null or has a NUL inside.
 * what names it in the message. */
const char *yaml_text(const struct yaml_node *node, const char *what, struct diag_list *diags);
bool yaml_get_bool(struct yaml_node *map, const char *key, bool dflt, struct diag_list *diags);
int64_t yaml_get_int(struct yaml_node *map, const char *key, int64_t min, int64_t max, int64_t dflt,
		     struct diag_list *diags);
/* "30s", "5m", "2h", "7d" to seconds. */
int64_t yaml_get_duration(struct yaml_node *map, const char *key, int64_t min, int64_t max,
			  int64_t dflt, struct diag_list *diags);
bool yaml_duration(const char *text, int64_t *seconds);
struct yaml_node *yaml_get_map(struct yaml_node *map, const char *key, struct diag_list *diags);
struct yaml_node *yaml_get_list(struct yaml_node *map, const char *key, struct diag_list *diags);
/* A list of strings, or one string; NULL when absent. Free with g_strfreev(). */
char **yaml_get_strings(struct yaml_node *map, const char *key, struct diag_list *diags);
/* The entry of known nearest to word by edits, or NULL when none is close. */
const char *yaml_nearest(const char *word, const char *const *known);
/* "unknown key 'x'" (with the nearest of known, if close) for whatever no getter took. */
void yaml_end(struct yaml_node *map, const char *const *known, struct diag_list *diags);
