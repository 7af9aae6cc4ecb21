/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Reading the test vectors in tests/data/vectors, and the throwaway keys they
 * were made with (seed = SHA-256 of "throwaway test key: NAME").
 */
#include <glib.h>
#include <string.h>

#include "core/hash.h"
#include "core/json.h"
#include "core/sign.h"

/* Both NUL-terminated beyond len; g_free(). */
char *vector_load(const char *path, size_t *len);
/* The same of other projects' vectors, which are not part of this one: below the folder that
 * ASSENT_UPSTREAM_VECTORS names; without it the test is skipped and NULL comes back. */
char *upstream_load(const char *path, size_t *len);
/* Names in a folder that start with prefix, sorted; at least one. */
GPtrArray *vector_names(const char *folder, const char *prefix);
/* Never trust such a key outside tests. secret_free(). */
struct secret *vector_secret(const char *name);
size_t vector_hex(uint8_t *out, size_t size, const char *hex);
void vector_hash(struct hash *out, const char *hex);
/* A vector file in JSON, whose root is an object; or an array, given as member "list". */
struct json_doc *vector_json(const char *path, struct json_obj *root);
/* The same from its text, which is stripped. */
struct json_doc *vector_json_text(const char *name, char *text, struct json_obj *root);
