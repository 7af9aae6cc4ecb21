/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Sealed secrets (doc/formats.md, "Sealed secrets"): a text for the repository
 * that only those can read who have the secret key of one of its recipients.
 *
 *	seal_write()		content, recipients' public keys, and what it is for, to the text
 *	seal_parse()		the text to a box; looks at the form only and needs no key
 *	seal_open()		the box to its content, by a secret key
 *	seal_keys_load()	an agent's secret keys, newest first
 *	seal_digest_begin()	the keyed digest that stands in plans for a secret's content
 *
 * Secret keys and contents live in guarded memory that is wiped when it is
 * freed. No error has anything of a content. One that no key opens is
 * BASE_ERROR_NOT_FOUND, anything that is not as it was written BASE_ERROR_MALFORMED.
 */
#include <glib.h>
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"

#define SEAL_MAX_CONTENT ((size_t)1 << 20)
#define SEAL_MAX_SIZE ((size_t)2 << 20) /* of the text */
#define SEAL_MAX_RECIPIENTS 100
#define SEAL_MAX_KEYS 16
#define SEAL_MAX_LABEL 4096
#define SEAL_MAX_NAME 64
#define SEAL_KEY_SIZE 32
#define SEAL_ID_SIZE 17 /* of a key's id, with its NUL */

/* A recipient. */
struct seal_public {
	uint8_t key[SEAL_KEY_SIZE];
	char name[SEAL_MAX_NAME + 1]; /* for people only */
};
/* "assent-seal1 BASE64 NAME"; the name may be missing. */
bool seal_public_parse(const char *line, struct seal_public *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
char *seal_public_text(const struct seal_public *public); /* g_free() */
void seal_public_id(const struct seal_public *public, char out[static SEAL_ID_SIZE]);
bool seal_name_is_valid(const char *name);

/* Content in guarded memory; NUL-terminated beyond its length. */
struct seal_bytes;
const char *seal_bytes_get(const struct seal_bytes *bytes, size_t *len);
struct seal_bytes *seal_bytes_new(const void *data, size_t len);
void seal_bytes_free(struct seal_bytes *bytes);

struct seal_keys;
/* The file is its owner's alone. for_root: that is root, of it and of the folders above it. */
bool seal_keys_load(const char *file, bool for_root, struct seal_keys **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Puts a new key in front; makes the file. The others stay if keep. Of both: another user's file is
 * left alone. */
bool seal_keys_renew(const char *file, const char *name, bool keep, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Only the newest stays. */
bool seal_keys_drop(const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void seal_keys_free(struct seal_keys *keys);
size_t seal_keys_count(const struct seal_keys *keys);
/* From 0, the newest. */
void seal_keys_public(const struct seal_keys *keys, size_t i, struct seal_public *out);
const char *seal_keys_id(const struct seal_keys *keys, size_t i);
/* For seal_open(); borrowed. */
const uint8_t *seal_keys_secret(const struct seal_keys *keys, size_t i);
/* Exactly the base64 of want bytes; of both files of this module. */
bool seal_base64(const char *text, size_t len, uint8_t *out, size_t want) G_GNUC_WARN_UNUSED_RESULT;

/* One line of text without blanks at its ends. */
bool seal_label_is_valid(const char *label);
/* label: what it is for, see seal_label_allows(); NULL: anything. g_free() *text. */
bool seal_write(const struct seal_public *to, size_t count, const char *label, const void *data,
		size_t len, char **text, size_t *text_len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Does it begin as one, whole or not? */
bool seal_begins(const char *text, size_t len);

struct seal_box;
bool seal_parse(const char *text, size_t len, struct seal_box **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void seal_box_free(struct seal_box *box);
const char *seal_box_label(const struct seal_box *box); /* NULL: none */
const struct seal_public *seal_box_recipients(const struct seal_box *box, size_t *count);
bool seal_open(const struct seal_box *box, const struct seal_keys *keys, struct seal_bytes **out,
	       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Is it for this? The label is a pattern (base/glob.h) of AGENT, AGENT/STACK, or
 * AGENT/STACK:WHERE, where WHERE is the path of a file on the host, a secret's name, or a value of
 * a Secret: "k8s:CLUSTER/NAMESPACE/Secret/NAME/KEY". */
bool seal_label_allows(const char *label, const char *agent, const char *stack, const char *where);
/* seal_parse(), seal_label_allows() and seal_open(). */
bool seal_take(const char *text, size_t len, const struct seal_keys *keys, const char *agent,
	       const char *stack, const char *where, struct seal_bytes **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* HMAC-SHA-256 by a key that is derived from the secret key with this id. */
struct seal_digest {
	crypto_auth_hmacsha256_state state;
};
/* False: there is no such key. */
bool seal_digest_begin(struct seal_digest *digest, const struct seal_keys *keys, const char *id)
	G_GNUC_WARN_UNUSED_RESULT;
void seal_digest_update(struct seal_digest *digest, const void *data, size_t len);
void seal_digest_end(struct seal_digest *digest, struct hash *out);

typedef struct seal_bytes seal_bytes_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(seal_bytes_auto, seal_bytes_free)
typedef struct seal_keys seal_keys_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(seal_keys_auto, seal_keys_free)
typedef struct seal_box seal_box_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(seal_box_auto, seal_box_free)
