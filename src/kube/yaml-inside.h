/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the files of the YAML reader share; for nobody else. */
#include <yaml.h>

#include "kube/reading.h"

struct kube_yaml {
	yaml_parser_t parser;
	yaml_event_t event; /* the one being looked at */
	struct kube_reading common;
	unsigned depth;
	bool in_key;
	bool is_float;	     /* the last scalar was a number with a fraction or exponent */
	GHashTable *by_name; /* of this document: name to struct anchor, the last of that name */
	GPtrArray *anchors;  /* all of them */
	GPtrArray *dropped;  /* values that are not in the tree, but may have an anchor */
	/* A character and its byte, to find others from. */
	size_t seen_index, seen_byte;
};

static inline struct kube_place kube_yaml_place(yaml_mark_t mark)
{
	return (struct kube_place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

/* yaml.c: says why the parser stopped. */
void kube_yaml_explain(struct kube_yaml *y);
/* What libyaml accepts in the current event, and the ecosystem's reader does not; or NULL. */
const char *kube_yaml_escape_problem(struct kube_yaml *y);
/* Is a lone '!' before the current scalar, which libyaml does not tell? */
bool kube_yaml_has_bare_tag(struct kube_yaml *y);

/* yaml-node.c. The next event; false after a diagnostic. */
bool kube_yaml_next(struct kube_yaml *y);
/* The value that begins with the current event; NULL: reading cannot go on, which was told. */
struct kube_value *kube_yaml_read(struct kube_yaml *y);

/* yaml-map.c: the members of a map that is being read. */
struct kube_yaml_map;
struct kube_yaml_map *kube_yaml_map_new(void);
void kube_yaml_map_free(struct kube_yaml_map *map);
typedef struct kube_yaml_map kube_yaml_map_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kube_yaml_map_auto, kube_yaml_map_free)
/* Takes value and is true, or says what is wrong. A value that gives way goes to dropped. */
bool kube_yaml_map_add(struct kube_yaml_map *map, struct kube_reading *r, struct kube_place at,
		       const char *name, struct kube_value *value, GPtrArray *dropped);
/* "<<: value"; depth is that of the members. False: reading cannot go on. */
bool kube_yaml_map_merge(struct kube_yaml_map *map, struct kube_reading *r, struct kube_place at,
			 const struct kube_value *value, bool by_alias, unsigned depth);
/* All of it as a value; map is empty then. */
struct kube_value *kube_yaml_map_finish(struct kube_yaml_map *map);
/* The name that a value is as a key; written: as it stands there, NULL for an alias. NULL with a
 * diagnostic. */
char *kube_yaml_key(struct kube_reading *r, struct kube_place at, const struct kube_value *key,
		    const char *written, bool is_float);
