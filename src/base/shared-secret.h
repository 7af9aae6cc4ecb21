/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A secret that two sides share, from a file: a hook's, a token, a password. It
 * lives in guarded memory that is wiped when freed, and is never printed.
 *
 *	shared_secret_load(path, &secret, &error)  0600, one line, its newline is no part
 *	shared_secret_is(secret, bytes, len)       in constant time
 *	shared_secret_hmac(secret, pieces, n, mac) HMAC-SHA256
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHARED_SECRET_MAX 4096
#define SHARED_SECRET_HMAC 32

struct shared_secret;
struct shared_secret_piece {
	const void *data;
	size_t len;
};

bool shared_secret_load(const char *path, struct shared_secret **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
struct shared_secret *shared_secret_new(const void *data, size_t len);
void shared_secret_free(struct shared_secret *secret);
/* NUL-terminated beyond the length; len may be NULL. */
const char *shared_secret_get(const struct shared_secret *secret, size_t *len);
bool shared_secret_is(const struct shared_secret *secret, const void *data, size_t len);
void shared_secret_hmac(const struct shared_secret *secret,
			const struct shared_secret_piece *pieces, size_t count,
			uint8_t out[static SHARED_SECRET_HMAC]);

typedef struct shared_secret shared_secret_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(shared_secret_auto, shared_secret_free)
