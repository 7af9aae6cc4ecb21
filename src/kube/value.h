/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Values of manifests and of what servers answer: JSON's, kept exactly.
 *
 * Neither core/json.h nor cJSON carry them: a document of ours has 16 levels
 * and integers up to 2^53, an object of a cluster has the schema of a CRD in it
 * and integers of 64 bits, which a double would change on their way from Git
 * to the server. So a number is the text that was read, and is written, hashed
 * and compared as that text; a string has a length and may hold U+0000.
 *
 *	kube_value_parse(bytes, len, max, &value, error)
 *	kube_value_at(value, "metadata", "name", NULL)     -- borrowed, NULL when absent
 *	kube_value_set(map, "status", NULL)                -- takes what it is given
 *	text = kube_value_canonical(value, &len)           -- one text for one value
 *
 * Maps are sorted by the bytes of their names and have no name twice. Whoever
 * builds a large one appends and seals it once; getters want it sealed.
 * A value belongs to the container that it was put into. Texts are wiped when
 * they are freed, since a Secret's may be among them.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KUBE_VALUE_MAX_DEPTH 128
#define KUBE_VALUE_MAX_NODES 4000000
#define KUBE_VALUE_MAX_SIZE ((size_t)64 << 20)

enum kube_type { KUBE_NULL, KUBE_BOOL, KUBE_NUMBER, KUBE_STRING, KUBE_LIST, KUBE_MAP };

struct kube_place {
	unsigned line, column; /* from 1, in characters; 0: unknown */
};

struct kube_value;
struct kube_value *kube_value_null(void);
struct kube_value *kube_value_bool(bool truth);
/* text must be a number as JSON writes it (see kube_value_is_number()). */
struct kube_value *kube_value_number(const char *text);
struct kube_value *kube_value_int(int64_t number);
/* UTF-8; len may be -1. */
struct kube_value *kube_value_string(const char *text, gssize len);
struct kube_value *kube_value_list(void);
struct kube_value *kube_value_map(void);
struct kube_value *kube_value_dup(const struct kube_value *value);
void kube_value_free(struct kube_value *value);
typedef struct kube_value kube_value_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kube_value_auto, kube_value_free)

/* One JSON text of at most max bytes. A name that stands twice in one map, text that is not UTF-8
 * and bytes behind the value are refused: BASE_ERROR_MALFORMED; too long, too deep or too much of
 * it: BASE_ERROR_LIMIT. No error repeats a string of the text. */
bool kube_value_parse(const char *bytes, size_t len, size_t max, struct kube_value **out,
		      GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool kube_value_is_number(const char *text);

/* For files that people write: the value that begins at *offset, whose place is *at (0 and {1, 1}
 * for the first). Its parts know their places. Both come to stand behind it and what is blank
 * there, or *at on the error. */
bool kube_value_parse_next(const char *bytes, size_t len, size_t *offset, struct kube_place *at,
			   struct kube_value **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Where it stands in its file. For messages, part of no comparison. */
void kube_value_set_place(struct kube_value *value, struct kube_place place);
struct kube_place kube_value_place(const struct kube_value *value);

/* Getters accept NULL and give what absence means: KUBE_NULL, NULL, 0. */
enum kube_type kube_value_type(const struct kube_value *value);
bool kube_value_is(const struct kube_value *value, enum kube_type type);
/* "a list", "true or false" ... */
const char *kube_value_type_name(enum kube_type type);
/* A string's or number's text, NUL-terminated beyond len; NULL for others. */
const char *kube_value_text(const struct kube_value *value, size_t *len);
/* A string's; NULL for others and for one with U+0000 in it. */
const char *kube_value_str(const struct kube_value *value);
/* False when it is no integer of 64 bits. */
bool kube_value_get_int(const struct kube_value *value, int64_t *out);
bool kube_value_is_true(const struct kube_value *value);
/* Of a list or map; 0 for others. */
size_t kube_value_count(const struct kube_value *value);
struct kube_value *kube_value_item(const struct kube_value *value, size_t i);
const char *kube_value_name(const struct kube_value *map, size_t i);
struct kube_value *kube_value_get(const struct kube_value *map, const char *name);
/* Names one below the other, ended by NULL. */
struct kube_value *kube_value_walk(const struct kube_value *map, const char *const *names);
/* The same: kube_value_at(map, "metadata", "name", NULL). */
#define kube_value_at(map, ...) kube_value_walk((map), (const char *const[]){__VA_ARGS__})
/* The string that stands there, or NULL. */
#define kube_value_str_at(map, ...) kube_value_str(kube_value_at((map), __VA_ARGS__))

void kube_value_add(struct kube_value *list, struct kube_value *item);
/* Replaces; an item of NULL removes. */
void kube_value_set(struct kube_value *map, const char *name, struct kube_value *item);
/* Takes what stands there out of the map; NULL when absent. */
struct kube_value *kube_value_steal(struct kube_value *map, const char *name);
/* Takes the item out and leaves null in its place. */
struct kube_value *kube_value_take_item(struct kube_value *list, size_t i);
/* For many members: in any order, then sealed. False when a name stands there twice, with the
 * name (borrowed from the map, which is then of no use but for freeing). */
void kube_value_append(struct kube_value *map, const char *name, struct kube_value *item);
bool kube_value_seal(struct kube_value *map, const char **twice) G_GNUC_WARN_UNUSED_RESULT;

bool kube_value_equal(const struct kube_value *a, const struct kube_value *b);
/* Without spaces, names sorted by byte, strings with no escapes but those that JSON demands.
 * g_free(). */
char *kube_value_canonical(const struct kube_value *value, size_t *len);
/* The same value, such that a YAML 1.1 parser reads it as JSON's would: servers have one behind
 * application/apply-patch+yaml, up to 1.36 at least. Escapes are \" \\ and \u00xx, never \/ or a
 * surrogate pair. False when a name is longer than such a parser takes, with the name. */
bool kube_value_apply_body(const struct kube_value *value, char **out, size_t *len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
