/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a server is reached: its address, its name in TLS, a proxy, and what libcurl says of it. */
#include <string.h>

#include "base/curl.h"
#include "base/error.h"
#include "cluster/inside.h"
#include "cluster/proxy.h"

#define KEEPALIVE 30L
#define KEEPALIVE_GAP 10L

/* An address as it stands in a URL. */
static char *bracketed(const char *host)
{
	return strchr(host, ':') != NULL ? g_strdup_printf("[%s]", host) : g_strdup(host);
}

/* libcurl has one name for SNI, the certificate and the URL: so the URL has that of TLS, and is
 * led to where the server is. */
static void lead(struct cluster_route *route, const GUri *uri, const char *tls_name)
{
	g_autofree char *host = bracketed(g_uri_get_host((GUri *)uri));
	g_autofree char *name = bracketed(tls_name);
	int port = g_uri_get_port((GUri *)uri) > 0 ? g_uri_get_port((GUri *)uri) : 443;
	g_autofree char *to = g_strdup_printf("%s:%d:%s:%d", name, port, host, port);

	route->base = g_strdup_printf("https://%s:%d%s", name, port, g_uri_get_path((GUri *)uri));
	route->connect_to = curl_slist_append(NULL, to);
	route->host_header = port == 443 ? g_strdup_printf("Host: %s", host)
					 : g_strdup_printf("Host: %s:%d", host, port);
}

void cluster_route_init(struct cluster_route *route, const struct kube_config *config)
{
	g_autoptr(GUri) uri = g_uri_parse(config->server, G_URI_FLAGS_ENCODED_PATH, NULL);
	g_auto(GStrv) env = g_get_environ();

	*route = (struct cluster_route){0};
	if (config->tls_server_name != NULL && g_str_has_prefix(config->server, "https://")) {
		lead(route, uri, config->tls_server_name);
	} else {
		route->base = g_strdup(config->server);
	}
	if (config->proxy != NULL) {
		route->proxy = proxy_for_curl(config->proxy);
	} else {
		route->proxy = proxy_from_env((const char *const *)env, g_uri_get_scheme(uri),
					      g_uri_get_host(uri), g_uri_get_port(uri));
	}
}

void cluster_route_clear(struct cluster_route *route)
{
	g_free(route->base);
	g_free(route->host_header);
	g_free(route->proxy);
	curl_slist_free_all(route->connect_to);
	*route = (struct cluster_route){0};
}

static void set_blob(CURL *curl, CURLoption option, const struct seal_bytes *bytes)
{
	size_t len;
	const char *data = seal_bytes_get(bytes, &len);
	struct curl_blob blob = {(void *)data, len, CURL_BLOB_NOCOPY};

	curl_easy_setopt(curl, option, &blob);
}

void cluster_prepare(CURL *curl, const struct cluster *c, const struct credentials *credentials)
{
	curl_prepare(curl, NULL);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CLUSTER_CONNECT);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, KEEPALIVE);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_GAP);
	curl_easy_setopt(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(curl, CURLOPT_PROXY, c->route.proxy);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (c->route.connect_to != NULL) {
		curl_easy_setopt(curl, CURLOPT_CONNECT_TO, c->route.connect_to);
	}
	if (!c->config->no_compression) {
		curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
	}
	if (c->config->insecure) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
		curl_easy_setopt(curl, CURLOPT_PROXY_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_PROXY_SSL_VERIFYHOST, 0L);
	}
	if (credentials->ca != NULL) {
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
		set_blob(curl, CURLOPT_CAINFO_BLOB, credentials->ca);
		/* As Go does; the certificate and its key are for the server alone. */
		curl_easy_setopt(curl, CURLOPT_PROXY_CAPATH, NULL);
		set_blob(curl, CURLOPT_PROXY_CAINFO_BLOB, credentials->ca);
	}
	if (credentials->cert != NULL) {
		set_blob(curl, CURLOPT_SSLCERT_BLOB, credentials->cert);
		set_blob(curl, CURLOPT_SSLKEY_BLOB, credentials->key);
		/* Else OpenSSL asks the terminal about an encrypted one. */
		curl_easy_setopt(curl, CURLOPT_KEYPASSWD, "");
	}
}

CURLM *cluster_multi_new(long connections)
{
	CURLM *multi = curl_multi_init();

	if (multi == NULL) {
		g_error("cannot start an HTTP client");
	}
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
	return multi;
}

/* What people can do about it. detail: libcurl's words help, and have no secret in them. */
static const struct {
	CURLcode code;
	enum base_error as;
	bool passes, detail;
	const char *text;
} problems[] = {
	{CURLE_COULDNT_RESOLVE_HOST, BASE_ERROR_NOT_FOUND, true, false,
	 "the name of its host is not known"},
	{CURLE_COULDNT_RESOLVE_PROXY, BASE_ERROR_NOT_FOUND, true, false,
	 "the name of its proxy is not known"},
	{CURLE_COULDNT_CONNECT, BASE_ERROR_NOT_FOUND, true, false, "nobody answers there"},
	{CURLE_OPERATION_TIMEDOUT, BASE_ERROR_TIMEOUT, true, false, "no answer in time"},
	{CURLE_PEER_FAILED_VERIFICATION, BASE_ERROR_FAILED, false, true,
	 "its certificate is not the one that was expected; look at certificate-authority and "
	 "tls-server-name"},
	{CURLE_SSL_CACERT_BADFILE, BASE_ERROR_FAILED, false, false,
	 "its certificate-authority cannot be used"},
	{CURLE_SSL_CERTPROBLEM, BASE_ERROR_FAILED, false, false,
	 "the client certificate and its key cannot be used, or do not belong together"},
	{CURLE_SSL_CONNECT_ERROR, BASE_ERROR_FAILED, true, true, "TLS does not come about"},
	{CURLE_PROXY, BASE_ERROR_FAILED, true, false, "its proxy refuses"},
	{CURLE_GOT_NOTHING, BASE_ERROR_FAILED, true, false, "the connection was cut"},
	{CURLE_SEND_ERROR, BASE_ERROR_FAILED, true, false, "the connection was cut"},
	{CURLE_RECV_ERROR, BASE_ERROR_FAILED, true, false, "the connection was cut"},
	{CURLE_PARTIAL_FILE, BASE_ERROR_FAILED, true, false, "the answer was cut"},
	{CURLE_HTTP2, BASE_ERROR_FAILED, true, false, "the connection was cut"},
	{CURLE_HTTP2_STREAM, BASE_ERROR_FAILED, true, false, "the answer was cut"},
	{CURLE_BAD_CONTENT_ENCODING, BASE_ERROR_FAILED, false, false,
	 "its answer is packed in a wrong way"},
};

bool cluster_may_pass(CURLcode code)
{
	for (size_t i = 0; i < G_N_ELEMENTS(problems); i++) {
		if (problems[i].code == code) {
			return problems[i].passes;
		}
	}
	return false;
}

static char *proxy_words(CURL *curl)
{
	long code = 0;

	if (curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &code) != CURLE_OK || code == 0 ||
	    code / 100 == 2) {
		return NULL;
	}
	return g_strdup_printf("its proxy refuses (HTTP %ld)%s", code,
			       code == 407 ? ": user and password stand in proxy-url" : "");
}

bool cluster_fail_curl(const struct cluster *c, CURL *curl, CURLcode code, const char *detail,
		       GError **error)
{
	const char *text = curl_easy_strerror(code);
	g_autofree char *proxy = proxy_words(curl), *more = NULL;
	enum base_error as = BASE_ERROR_FAILED;

	for (size_t i = 0; i < G_N_ELEMENTS(problems); i++) {
		if (problems[i].code == code) {
			text = problems[i].text;
			as = problems[i].as;
			more = problems[i].detail && detail[0] != '\0'
				       ? g_strdup_printf(" (%s)", detail)
				       : NULL;
		}
	}
	return fail(error, BASE_ERROR, as, "cluster '%s' at %s: %s%s", c->name, c->server,
		    proxy != NULL ? proxy : text, more != NULL ? more : "");
}
