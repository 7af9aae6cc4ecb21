/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading the certificate and its key. */
#include "agent/http/tls.h"

#include <microhttpd.h>
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

#define PEM_MAX ((size_t)256 << 10)

static bool load_key(const char *path, struct shared_secret **out, GError **error)
{
	char *text;
	size_t len;
	bool ok;

	if (!file_read_secret(path, PEM_MAX, &text, &len, error)) {
		return fail_prefix(error, "tls-key");
	}
	ok = strstr(text, "PRIVATE KEY-----") != NULL && strlen(text) == len;
	if (ok) {
		*out = shared_secret_new(text, len);
	}
	sodium_memzero(text, len);
	g_free(text);
	return ok || fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			  "tls-key: there is no private key in PEM in '%s'", path);
}

bool tls_load(struct tls *tls, const struct conf_http *http, GError **error)
{
	struct tls loaded = {NULL, NULL};
	size_t len;

	if (http->tls_cert == NULL) {
		*tls = loaded;
		return true;
	}
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "this libmicrohttpd was built without TLS: take away tls-cert and "
			    "tls-key, and put a reverse proxy that speaks TLS before 'listen'");
	}
	if (!file_read(http->tls_cert, PEM_MAX, &loaded.certificate, &len, error)) {
		return fail_prefix(error, "tls-cert");
	}
	if (strlen(loaded.certificate) != len ||
	    strstr(loaded.certificate, "-----BEGIN CERTIFICATE-----") == NULL) {
		tls_clear(&loaded);
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "tls-cert: there is no certificate in PEM in '%s'", http->tls_cert);
	}
	if (!load_key(http->tls_key, &loaded.key, error)) {
		tls_clear(&loaded);
		return false;
	}
	*tls = loaded;
	return true;
}

void tls_clear(struct tls *tls)
{
	g_clear_pointer(&tls->certificate, g_free);
	g_clear_pointer(&tls->key, shared_secret_free);
}
