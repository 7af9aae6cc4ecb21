/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * JSON, read strictly and written canonically. The only door to cJSON.
 *
 * Reading: json_doc_parse() checks length, depth, UTF-8, duplicate names,
 * control characters and trailing bytes before anything is believed. Values
 * are then taken by typed getters that mark what they read; the first error
 * sticks to the document and later getters return harmless values, so that a
 * parser is straight-line code with one check at its end:
 *
 *	json_doc_parse(&doc, bytes, len, JSON_CANONICAL, err);
 *	json_doc_root(doc, &o);
 *	p->id = json_str(&o, "id", 64);
 *	json_obj_end(&o);               -- unread names are an error
 *	return json_doc_status(doc, err);
 *
 * Strings and child values are borrowed from the document.
 *
 * Writing: struct json_writer appends to a growing buffer with a sticky error.
 * With JSON_CANONICAL names must come in ascending byte order (a program error
 * otherwise) and must be [a-z0-9_]; the result is RFC 8785 restricted to
 * integers. Without it the order is free.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assent/error.h"

#define JSON_MAX_INT INT64_C(9007199254740991) /* 2^53 - 1 */
#define JSON_MAX_DEPTH 16
#define JSON_MAX_SIZE ((size_t)64 << 20)

enum json_flags {
	JSON_CANONICAL = 1 << 0, /* the bytes must be in the canonical form of doc/formats.md */
	JSON_FLOATS = 1 << 1,	 /* allow fractions and exponents (foreign documents only) */
};

struct json_doc;
struct json_value; /* a node; borrowed from its document */

struct json_obj {
	struct json_doc *doc;
	const struct json_value *value; /* NULL: absent or after an error */
	const struct json_obj *parent;
	const char *name; /* in the parent, for messages */
	size_t index;	  /* in an array */
	uint64_t seen;	  /* getters use it; objects have at most 64 names we know */
};

struct json_arr {
	struct json_obj *owner;
	const struct json_value *value;
	const char *name;
	size_t count;
	const struct json_value *next; /* the element that stands at next_index */
	size_t next_index;
};

int json_doc_parse(struct json_doc **out, const void *bytes, size_t len, unsigned flags,
		   struct assent_error *err) ASSENT_CHECKED;
void json_doc_free(struct json_doc *doc);
/* An error of the document when the root is not an object. */
void json_doc_root(struct json_doc *doc, struct json_obj *out);
/* The root, whatever it is. */
const struct json_value *json_doc_value(const struct json_doc *doc);
/* 0, or the first error met by a getter or json_obj_end(), with the value's path. */
int json_doc_status(const struct json_doc *doc, struct assent_error *err) ASSENT_CHECKED;
/* Record a semantic error found by the caller, prefixed by the path of o. */
void json_obj_fail(struct json_obj *o, const char *name, const char *problem);

bool json_has(const struct json_obj *o, const char *name);
/* There and null; marks nothing as read. */
bool json_is_null(const struct json_obj *o, const char *name);
/* max: longest string in bytes. The plain getter requires the name, _opt gives NULL or dflt. */
const char *json_str(struct json_obj *o, const char *name, size_t max);
const char *json_str_opt(struct json_obj *o, const char *name, size_t max);
int64_t json_int(struct json_obj *o, const char *name, int64_t min, int64_t max);
int64_t json_int_opt(struct json_obj *o, const char *name, int64_t min, int64_t max, int64_t dflt);
bool json_bool(struct json_obj *o, const char *name);
bool json_bool_opt(struct json_obj *o, const char *name, bool dflt);
/* A value of a fixed set: index into names (NULL-terminated), -1 after an error. */
int json_enum(struct json_obj *o, const char *name, const char *const *names);
/* Bytes that may not be UTF-8: NAME as a string, or NAME_b64 as base64. Free with free(). */
char *json_bytes_dup(struct json_obj *o, const char *name, size_t max, size_t *len);
/* False when absent or null (an error for the plain getter). */
bool json_obj_get(struct json_obj *o, const char *name, struct json_obj *child);
bool json_obj_get_opt(struct json_obj *o, const char *name, struct json_obj *child);
/* Returns the count; an absent array of _opt counts 0. */
size_t json_arr_get(struct json_obj *o, const char *name, size_t max, struct json_arr *arr);
size_t json_arr_get_opt(struct json_obj *o, const char *name, size_t max, struct json_arr *arr);
bool json_arr_obj(struct json_arr *arr, size_t i, struct json_obj *child);
const char *json_arr_str(struct json_arr *arr, size_t i, size_t max);
int64_t json_arr_int(struct json_arr *arr, size_t i, int64_t min, int64_t max);
/* The names of an object whose names are data: how many, and the i-th (NULL beyond). */
size_t json_names(const struct json_obj *o);
const char *json_name(const struct json_obj *o, size_t i);
/* Any value, for copying with json_w_value(); NULL when absent. Marks the name as read. */
const struct json_value *json_any(struct json_obj *o, const char *name);
/* Fails the document when a name was not read. */
void json_obj_end(struct json_obj *o);
/* Accept unknown names (foreign documents). */
void json_obj_ignore_rest(struct json_obj *o);

struct json_writer;
struct json_writer *json_writer_new(unsigned flags); /* NULL only without memory */
void json_writer_free(struct json_writer *w);
/* name is NULL inside an array and for the root. */
void json_w_object(struct json_writer *w, const char *name);
void json_w_array(struct json_writer *w, const char *name);
void json_w_end(struct json_writer *w);
void json_w_str(struct json_writer *w, const char *name, const char *s); /* must be UTF-8 */
/* "NAME" when the bytes are UTF-8 without NUL and control characters, else "NAME_b64". */
void json_w_bytes(struct json_writer *w, const char *name, const void *data, size_t len);
void json_w_int(struct json_writer *w, const char *name, int64_t n);
void json_w_bool(struct json_writer *w, const char *name, bool b);
void json_w_null(struct json_writer *w, const char *name);
/* A parsed value again, names sorted as RFC 8785 says. */
void json_w_value(struct json_writer *w, const char *name, const struct json_value *v);
/* The finished text, to be freed with free(); NUL-terminated, *len without it. Frees the writer. */
int json_writer_finish(struct json_writer *w, char **out, size_t *len, struct assent_error *err)
	ASSENT_CHECKED;
