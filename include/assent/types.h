/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Digests, and freeing what the library allocated as plain memory.
 *
 * A digest is SHA-256. Its text is "sha256:" and 64 lowercase hexadecimal
 * digits; that is how documents and people write it.
 */
#ifndef ASSENT_TYPES_H
#define ASSENT_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include <assent/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ASSENT_DIGEST_SIZE 32
#define ASSENT_DIGEST_TEXT_SIZE 72 /* with the final NUL */

struct assent_digest {
	uint8_t bytes[ASSENT_DIGEST_SIZE];
};

/* The digest of len bytes at data. */
ASSENT_API void assent_digest_of(struct assent_digest *out, const void *data, size_t len);
/* Writes ASSENT_DIGEST_TEXT_SIZE bytes to text. */
ASSENT_API void assent_digest_text(char *text, const struct assent_digest *digest);
/* Reads exactly that form. ASSENT_EMALFORMED for any other. */
ASSENT_API int assent_digest_parse(struct assent_digest *out, const char *text,
				   struct assent_error *err) ASSENT_CHECKED;
/* Frees a text that a function of this library returned. NULL is accepted. */
ASSENT_API void assent_free(void *memory);

#ifdef __cplusplus
}
#endif
#endif
