/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors of HTTP transfers. */
#include "worker/source/transport-curl-error.h"

#include "worker/job.h"

#include <string.h>

static int code_of(CURLcode code)
{
	switch ((int)code) {
	case CURLE_OPERATION_TIMEDOUT:
		return JOB_ERROR_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_USE_SSL_FAILED:
		return JOB_ERROR_TLS;
	case CURLE_LOGIN_DENIED:
	case CURLE_AUTH_ERROR:
		return JOB_ERROR_AUTH;
	default:
		return JOB_ERROR_NETWORK;
	}
}

static const char *hint_of(CURLcode code)
{
	switch ((int)code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		return "; nothing was fetched. Correct the certificate, or name the CA that issued "
		       "it";
	case CURLE_SSL_CACERT_BADFILE:
		return "; correct the configured CA file";
	case CURLE_COULDNT_RESOLVE_HOST:
		return "; check the host name and the resolver";
	case CURLE_COULDNT_CONNECT:
		return "; check that the server runs and can be reached";
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return "; the answer is not HTTP";
	default:
		return "";
	}
}

int transport_curl_fail(struct connection *c, CURL *curl, CURLcode code, const char *detail)
{
	long tunnel = 0; // what a proxy answered to CONNECT

	curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	if (tunnel == 407) {
		return transport_curl_fail_status(c, tunnel);
	}
	if (code == CURLE_OPERATION_TIMEDOUT) {
		return connection_fail(
			c, JOB_ERROR_TIMEOUT,
			"'%s' does not answer: %s (limits: %u seconds to connect, %u "
			"seconds of silence)",
			c->url.plain, detail, c->remote->connect_timeout,
			c->remote->low_speed_time);
	}
	return connection_fail(c, code_of(code), "cannot fetch from '%s': %s%s", c->url.plain,
			       detail[0] != '\0' ? detail : curl_easy_strerror(code),
			       hint_of(code));
}

int transport_curl_fail_status(struct connection *c, long status)
{
	switch (status) {
	case 403:
		return connection_fail(c, JOB_ERROR_AUTH,
				       "'%s' forbids reading (HTTP 403); ask for the right to read "
				       "the repository",
				       c->url.plain);
	case 404:
	case 410:
		return connection_fail(
			c, JOB_ERROR_REPOSITORY,
			"'%s' is not there (HTTP %ld); check the address, and the right "
			"to read it: many servers hide what one may not see",
			c->url.plain, status);
	case 407:
		return connection_fail(c, JOB_ERROR_AUTH,
				       "the proxy on the way to '%s' wants a password (HTTP 407)",
				       c->url.plain);
	default:
		return connection_fail(c, JOB_ERROR_NETWORK, "'%s' answers HTTP %ld", c->url.plain,
				       status);
	}
}

/* Media types have no case, and parameters that some proxies add. */
static bool is_type(const char *type, const char *wanted)
{
	size_t len = strcspn(type, "; \t");

	return len == strlen(wanted) && g_ascii_strncasecmp(type, wanted, len) == 0;
}

int transport_curl_check_type(struct connection *c, CURL *curl, bool is_ls)
{
	const char *wanted = is_ls ? "application/x-git-upload-pack-advertisement"
				   : "application/x-git-upload-pack-result";
	const char *type = NULL;

	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	if (type != NULL && is_type(type, wanted)) {
		return 0;
	}
	return connection_fail(c, JOB_ERROR_REPOSITORY,
			       "'%s' does not answer as a Git repository (type '%.80s'); check the "
			       "address",
			       c->url.plain, type == NULL ? "" : type);
}
