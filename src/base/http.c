/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocking HTTP on libcurl, with bounds on everything that comes back. */
#include "base/http.h"

#include "base/autoptr.h"
#include "base/curl.h"
#include "base/error.h"

#include <string.h>

#define DEFAULT_MAX_BODY ((size_t)1 << 20)
#define CONNECT_TIMEOUT 30L

typedef CURL curl_auto;
typedef struct curl_slist curl_slist_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(curl_auto, curl_easy_cleanup)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(curl_slist_auto, curl_slist_free_all)

struct exchange {
	CURL *curl;
	GString *body; /* of a stream: the line under way */
	size_t max;
	bool too_large;
	bool stopped;
	http_line_fn line; /* NULL: the whole body is wanted */
	void *user;
};

char *http_url_display(const char *url)
{
	const char *host = strstr(url, "://");
	const char *end, *at = NULL;

	if (host == NULL) {
		return g_strdup(url);
	}
	host += 3;
	end = host + strcspn(host, "/?#");
	for (const char *p = host; p < end; p++) {
		at = *p == '@' ? p : at;
	}
	if (at == NULL) {
		return g_strdup(url);
	}
	return g_strdup_printf("%.*s%s", (int)(host - url), url, at + 1);
}

/* False when the caller wants no more or a line is too long. */
static bool give_lines(struct exchange *x)
{
	size_t start = 0;
	char *newline;

	while ((newline = memchr(x->body->str + start, '\n', x->body->len - start)) != NULL) {
		size_t len = newline - (x->body->str + start);

		*newline = '\0';
		if (!x->line(x->body->str + start, len, x->user)) {
			x->stopped = true;
			return false;
		}
		start += len + 1;
	}
	g_string_erase(x->body, 0, start);
	return true;
}

static bool is_streaming(struct exchange *x)
{
	long status = 0;

	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	return x->line != NULL && status == 200;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct exchange *x = user;
	size_t len = size * count;

	/* A chunk of a stream may hold many lines: only what remains of it counts. */
	if (!is_streaming(x) && len > x->max - x->body->len) {
		x->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	g_string_append_len(x->body, data, len);
	if (is_streaming(x)) {
		if (!give_lines(x)) {
			return CURL_WRITEFUNC_ERROR;
		}
		if (x->body->len > x->max) {
			x->too_large = true;
			return CURL_WRITEFUNC_ERROR;
		}
	}
	return len;
}

static void set_body(CURL *curl, const struct http_request *request, struct curl_slist **headers)
{
	g_autofree char *type = NULL;

	if (request->body == NULL && strcmp(request->method, "POST") != 0) {
		if (strcmp(request->method, "GET") != 0) {
			curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
		}
		return;
	}
	type = g_strconcat(
		"Content-Type: ",
		request->content_type == NULL ? "application/json" : request->content_type, NULL);
	*headers = curl_slist_append(*headers, type);
	*headers = curl_slist_append(*headers, "Expect:");
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body == NULL ? "" : request->body);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static int on_progress(void *user, curl_off_t down, curl_off_t downed, curl_off_t up,
		       curl_off_t upped)
{
	const struct http_request *request = user;

	return request->stopped(request->stopped_user) ? 1 : 0;
}

static void set_bounds(CURL *curl, const struct http_request *request, bool streams)
{
	long ms =
		request->timeout_ms > 0 ? (long)request->timeout_ms : (long)request->timeout * 1000;

	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, ms == 0 ? CONNECT_TIMEOUT * 1000 : ms);
	if (!streams) {
		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ms);
	}
	if (request->stopped != NULL) {
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)request);
		curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	}
}

static void set_options(CURL *curl, const struct http_request *request, struct exchange *x)
{
	curl_prepare(curl, request->ca_file);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
	set_bounds(curl, request, x->line != NULL);
	if (request->socket != NULL) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->socket);
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
	}
}

static bool fail_curl(CURLcode code, const char *detail, const struct http_request *request,
		      const struct exchange *x, GError **error)
{
	g_autofree char *url = http_url_display(request->url);
	const char *where = request->socket == NULL ? url : request->socket;

	if (x->too_large) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "the answer from '%s' is longer than %zu bytes", where, x->max);
	}
	if (code == CURLE_ABORTED_BY_CALLBACK) {
		return fail(error, BASE_ERROR, BASE_ERROR_CANCELLED, "asked to stop");
	}
	if (code == CURLE_OPERATION_TIMEDOUT && request->timeout_ms > 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_TIMEOUT,
			    "no answer from '%s' within %u milliseconds", where,
			    request->timeout_ms);
	}
	if (code == CURLE_OPERATION_TIMEDOUT) {
		return fail(error, BASE_ERROR, BASE_ERROR_TIMEOUT,
			    "no answer from '%s' within %u seconds", where, request->timeout);
	}
	return fail(error, BASE_ERROR,
		    code == CURLE_COULDNT_CONNECT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_FAILED,
		    "cannot talk to '%s': %s", where,
		    detail[0] != '\0' ? detail : curl_easy_strerror(code));
}

/* status receives the answer's, also after a stop by the caller. */
static bool exchange(const struct http_request *request, struct exchange *x, long *status,
		     char **content_type, GError **error)
{
	g_autoptr(curl_auto) curl = curl_easy_init();
	g_autoptr(curl_slist_auto) headers = NULL;
	char detail[CURL_ERROR_SIZE] = "";
	const char *type = NULL;
	CURLcode code;

	if (curl == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "cannot start an HTTP client");
	}
	x->curl = curl;
	x->max = request->max_body == 0 ? DEFAULT_MAX_BODY : request->max_body;
	set_options(curl, request, x);
	set_body(curl, request, &headers);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK && !x->stopped) {
		return fail_curl(code, detail, request, x, error);
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	if (*status >= 300 && *status < 400 && !request->any_status) {
		g_autofree char *url = http_url_display(request->url);

		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "'%s' redirects (HTTP %ld), which is not followed; use the final URL",
			    url, *status);
	}
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	if (content_type != NULL) {
		*content_type = g_strdup(type);
	}
	return true;
}

void http_answer_clear(struct http_answer *answer)
{
	if (answer->body != NULL) {
		g_string_free(answer->body, TRUE);
		answer->body = NULL;
	}
	g_clear_pointer(&answer->content_type, g_free);
}

bool http_perform(const struct http_request *request, struct http_answer *answer, GError **error)
{
	g_autoptr(GString) body = g_string_new(NULL);
	struct exchange x = {.body = body};
	char *type = NULL;
	long status = 0;

	if (!exchange(request, &x, &status, &type, error)) {
		return false;
	}
	answer->status = status;
	answer->body = g_steal_pointer(&body);
	answer->content_type = type;
	return true;
}

bool http_stream(const struct http_request *request, http_line_fn line, void *user, GError **error)
{
	g_autoptr(GString) body = g_string_new(NULL);
	struct exchange x = {.body = body, .line = line, .user = user};
	long status = 0;

	if (!exchange(request, &x, &status, NULL, error)) {
		return false;
	}
	if (status != 200) {
		g_autofree char *url = http_url_display(request->url);

		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "'%s' answers HTTP %ld", url,
			    status);
	}
	if (!x.stopped && body->len > 0) {
		line(body->str, body->len, user);
	}
	return true;
}
