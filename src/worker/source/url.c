/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking the address of a repository apart. */
#include "worker/source/url.h"

#include "worker/job.h"

#include "base/error.h"
#include "base/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>

typedef CURLU curlu_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(curlu_auto, curl_url_cleanup)

static const struct {
	const char *prefix;
	unsigned port;
} schemes[] = {
	[SCHEME_HTTP] = {"http://", 80},
	[SCHEME_HTTPS] = {"https://", 443},
	[SCHEME_SSH] = {"ssh://", 0},
	[SCHEME_FILE] = {"file://", 0},
};

void source_url_clear(struct source_url *url)
{
	g_clear_pointer(&url->user, g_free);
	g_clear_pointer(&url->host, g_free);
	g_clear_pointer(&url->path, g_free);
	g_clear_pointer(&url->plain, g_free);
}

static bool refuse(const char *text, const char *why, GError **error)
{
	g_autofree char *shown = http_url_display(text);

	return fail(error, JOB_ERROR, JOB_ERROR_USAGE, "the URL '%s' is refused: %s", shown, why);
}

static char *get_part(CURLU *parts, CURLUPart which, unsigned flags)
{
	char *text = NULL, *copy;

	if (curl_url_get(parts, which, &text, flags) != CURLUE_OK) {
		return NULL;
	}
	copy = g_strdup(text);
	curl_free(text);
	return copy;
}

/* "user@host:path", the scp form; false when text has another. */
static bool split_scp(const char *text, struct source_url *out)
{
	const char *at, *colon, *host = text, *slash = strchr(text, '/');

	colon = strchr(text[0] == '[' ? text + strcspn(text, "]") : text, ':');
	at = strchr(text, '@');
	if (at != NULL && colon != NULL && at < colon) {
		host = at + 1;
	}
	if (host[0] == '[') {
		const char *end = strchr(host, ']');

		colon = end != NULL && end[1] == ':' ? end + 1 : NULL;
	}
	/* "ext::command" is git's way to name a helper program. */
	if (colon == NULL || colon[1] == ':' || (slash != NULL && slash < colon)) {
		return false;
	}
	out->user = host == text ? NULL : g_strndup(text, host - text - 1);
	out->host = host[0] == '[' ? g_strndup(host + 1, colon - host - 2)
				   : g_strndup(host, colon - host);
	out->path = g_strdup(colon + 1);
	out->plain = g_strdup(host);
	return true;
}

static unsigned port_of(CURLU *parts, unsigned dflt)
{
	g_autofree char *port = get_part(parts, CURLUPART_PORT, 0);

	return port == NULL ? dflt : (unsigned)g_ascii_strtoull(port, NULL, 10);
}

static char *path_of(CURLU *parts, enum source_scheme scheme)
{
	/* What goes to a server over HTTP stays as it is written. */
	bool http = scheme == SCHEME_HTTP || scheme == SCHEME_HTTPS;
	g_autofree char *path = get_part(parts, CURLUPART_PATH, http ? 0 : CURLU_URLDECODE);
	g_autofree char *query = http ? get_part(parts, CURLUPART_QUERY, 0) : NULL;

	if (path == NULL) {
		return NULL;
	}
	if (scheme == SCHEME_SSH && g_str_has_prefix(path, "/~")) {
		return g_strdup(path + 1);
	}
	return query == NULL ? g_steal_pointer(&path) : g_strconcat(path, "?", query, NULL);
}

static void strip_brackets(char *host)
{
	size_t len = host == NULL ? 0 : strlen(host);

	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		memmove(host, host + 1, len - 2);
		host[len - 2] = '\0';
	}
}

static bool split_url(const char *text, enum source_scheme scheme, struct source_url *out,
		      GError **error)
{
	g_autoptr(curlu_auto) parts = curl_url();
	g_autofree char *password = NULL;
	CURLUcode code = curl_url_set(parts, CURLUPART_URL, text,
				      CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);

	if (code != CURLUE_OK) {
		return refuse(text, curl_url_strerror(code), error);
	}
	password = get_part(parts, CURLUPART_PASSWORD, 0);
	if (password != NULL) {
		return refuse(text,
			      "it holds a password; put that into a file of its own "
			      "(mode 0600) and name the file in the configuration",
			      error);
	}
	out->scheme = scheme;
	out->user = get_part(parts, CURLUPART_USER, CURLU_URLDECODE);
	out->port = port_of(parts, schemes[scheme].port);
	out->path = path_of(parts, scheme);
	out->host = get_part(parts, CURLUPART_HOST, 0);
	strip_brackets(out->host);
	out->plain = http_url_display(text);
	return true;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			return true;
		}
	}
	return false;
}

/* A host, user or path that ssh, git or a shell would take for something else. */
static const char *problem_of(const struct source_url *url)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._:-%";

	if (url->path == NULL || has_control(url->path)) {
		return "its path is not usable";
	}
	if (url->scheme == SCHEME_FILE) {
		return url->host != NULL			     ? "a host makes no sense in it"
		       : url->path[0] == '/' && url->path[1] != '\0' ? NULL
								     : "it names no folder";
	}
	if (url->host == NULL || url->host[0] == '\0' || url->host[0] == '-' ||
	    strspn(url->host, fine) != strlen(url->host)) {
		return "its host name is not one";
	}
	if (url->user != NULL &&
	    (url->user[0] == '\0' || url->user[0] == '-' || has_control(url->user))) {
		return "its user name is not one";
	}
	if (url->scheme == SCHEME_SSH &&
	    (url->path[0] == '\0' || url->path[0] == '-' || strcmp(url->path, "/") == 0)) {
		return "its path is not one of a repository";
	}
	return NULL;
}

static bool split(const char *text, struct source_url *out, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
		if (g_ascii_strncasecmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0) {
			return split_url(text, (enum source_scheme)i, out, error);
		}
	}
	if (strstr(text, "://") == NULL && split_scp(text, out)) {
		out->scheme = SCHEME_SSH;
		return true;
	}
	return refuse(text, "use https://, ssh://, host:path, http:// or file:///", error);
}

bool source_url_parse(const char *text, struct source_url *out, GError **error)
{
	g_auto(source_url_auto) url = {0};
	const char *problem;

	if (strlen(text) > SOURCE_URL_MAX || has_control(text)) {
		return fail(error, JOB_ERROR, JOB_ERROR_USAGE,
			    "the URL is longer than %d bytes or has control characters",
			    SOURCE_URL_MAX);
	}
	if (!split(text, &url, error)) {
		return false;
	}
	problem = problem_of(&url);
	if (problem != NULL) {
		return refuse(text, problem, error);
	}
	*out = url;
	url = (source_url_auto){0};
	return true;
}

bool source_url_is_loopback(const struct source_url *url)
{
	struct in_addr v4;

	if (url->host == NULL) {
		return false;
	}
	/* A name may begin with "127." too. */
	if (inet_pton(AF_INET, url->host, &v4) == 1) {
		return ntohl(v4.s_addr) >> 24 == 127;
	}
	return g_ascii_strcasecmp(url->host, "localhost") == 0 || strcmp(url->host, "::1") == 0;
}

bool source_url_may_redirect(const struct source_url *from, const struct source_url *to)
{
	if (to->host == NULL || g_ascii_strcasecmp(from->host, to->host) != 0) {
		return false;
	}
	if (from->scheme == to->scheme) {
		return from->port == to->port;
	}
	return from->scheme == SCHEME_HTTP && to->scheme == SCHEME_HTTPS &&
	       (from->port == to->port || (from->port == 80 && to->port == 443));
}
