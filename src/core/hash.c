/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 by libsodium, and the text form of digests. */
#include "core/hash.h"

#include <string.h>

static const char prefix[] = "sha256:";

void hash_init(struct hash_state *state)
{
	crypto_hash_sha256_init(&state->sha256);
}

void hash_update(struct hash_state *state, const void *data, size_t len)
{
	crypto_hash_sha256_update(&state->sha256, data, len);
}

void hash_final(struct hash_state *state, struct hash *out)
{
	crypto_hash_sha256_final(&state->sha256, out->bytes);
}

void hash_bytes(struct hash *out, const void *data, size_t len)
{
	crypto_hash_sha256(out->bytes, data, len);
}

void hash_text(char *out, const struct hash *hash)
{
	memcpy(out, prefix, sizeof(prefix));
	sodium_bin2hex(out + sizeof(prefix) - 1, 2 * HASH_SIZE + 1, hash->bytes, HASH_SIZE);
}

bool hash_parse(struct hash *out, const char *text)
{
	const size_t skip = sizeof(prefix) - 1;
	struct hash hash;

	if (strncmp(text, prefix, skip) != 0 || strlen(text) != HASH_TEXT_SIZE - 1) {
		return false;
	}
	if (strspn(text + skip, "0123456789abcdef") != 2 * (size_t)HASH_SIZE ||
	    sodium_hex2bin(hash.bytes, HASH_SIZE, text + skip, 2 * (size_t)HASH_SIZE, NULL, NULL,
			   NULL) != 0) {
		return false;
	}
	*out = hash;
	return true;
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
	return memcmp(a->bytes, b->bytes, HASH_SIZE) == 0;
}
