/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * SHA-256 digests and their texts. A digest is written "sha256:" and 64
 * lowercase hexadecimal digits wherever a person or a document sees it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sodium.h>

#define HASH_SIZE 32
#define HASH_TEXT_SIZE (7 + 64 + 1) /* with the final NUL */

struct hash {
	uint8_t bytes[HASH_SIZE];
};

/* Piece by piece: init, update as often as needed, final once. */
struct hash_state {
	crypto_hash_sha256_state sha256;
};
void hash_init(struct hash_state *state);
void hash_update(struct hash_state *state, const void *data, size_t len);
void hash_final(struct hash_state *state, struct hash *out);
void hash_bytes(struct hash *out, const void *data, size_t len);
/* out receives HASH_TEXT_SIZE bytes. */
void hash_text(char *out, const struct hash *hash);
/* Accepts exactly the form that hash_text() writes. */
bool hash_parse(struct hash *out, const char *text);
bool hash_equal(const struct hash *a, const struct hash *b);
