/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets that two sides share. */
#include "base/shared-secret.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

struct shared_secret {
	size_t len;
	char text[];
};

struct shared_secret *shared_secret_new(const void *data, size_t len)
{
	size_t align = G_ALIGNOF(struct shared_secret);
	struct shared_secret *secret;

	g_assert(sodium_init() >= 0);
	/* What sodium_malloc() gives ends at a page, and begins where the size says. */
	secret = sodium_malloc((sizeof(*secret) + len + align) / align * align);
	g_assert(secret != NULL);
	secret->len = len;
	memcpy(secret->text, data, len);
	secret->text[len] = '\0';
	return secret;
}

void shared_secret_free(struct shared_secret *secret)
{
	sodium_free(secret);
}

bool shared_secret_load(const char *path, struct shared_secret **out, GError **error)
{
	char *text = NULL;
	size_t size, len;
	bool ok = true;

	if (!file_read_secret(path, SHARED_SECRET_MAX, &text, &size, error)) {
		return false;
	}
	len = size;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
		len--;
	}
	if (len == 0) {
		ok = fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			  "'%s' is empty: put the secret there", path);
	} else if (strcspn(text, "\r\n") < len || strlen(text) != size) {
		ok = fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			  "'%s' must be one line, the secret", path);
	} else {
		*out = shared_secret_new(text, len);
	}
	sodium_memzero(text, size);
	g_free(text);
	return ok;
}

const char *shared_secret_get(const struct shared_secret *secret, size_t *len)
{
	if (len != NULL) {
		*len = secret->len;
	}
	return secret->text;
}

bool shared_secret_is(const struct shared_secret *secret, const void *data, size_t len)
{
	return len == secret->len && sodium_memcmp(secret->text, data, len) == 0;
}

void shared_secret_hmac(const struct shared_secret *secret,
			const struct shared_secret_piece *pieces, size_t count,
			uint8_t out[static SHARED_SECRET_HMAC])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, (const uint8_t *)secret->text, secret->len);
	for (size_t i = 0; i < count; i++) {
		crypto_auth_hmacsha256_update(&state, pieces[i].data, pieces[i].len);
	}
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}
