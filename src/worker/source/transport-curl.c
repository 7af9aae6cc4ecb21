/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Smart HTTP for libgit2 over libcurl: TLS, proxies, credentials, timeouts, bounds. */
#include "worker/source/remote.h"

#include "worker/job.h"
#include "worker/source/credentials.h"
#include "worker/source/transport-curl-error.h"

#include "base/autoptr.h"
#include "base/curl.h"
#include "base/error.h"
#include "base/http.h"

#include <string.h>

#define BUFFER_HIGH ((size_t)1 << 20)  /* the transfer waits above this */
#define REQUEST_MAX ((size_t)64 << 20) /* of one negotiation round */
#define REDIRECTS_MAX 5
#define LOW_SPEED_LIMIT 64L /* bytes per second */

static const char info_refs[] = "/info/refs?service=git-upload-pack";

/* One per connection to a server; survives the requests of a fetch. */
struct http_transport {
	git_smart_subtransport parent;
	struct connection *c;
	CURLM *multi;
	char *base; /* URL of the repository, after redirects, without user */
	struct credentials credentials;
	bool has_credentials;
	long auth; /* CURLAUTH_*, 0: none sent */
};

/* One request and its answer. */
struct http_stream {
	git_smart_subtransport_stream parent;
	struct http_transport *t;
	CURL *curl;
	struct curl_slist *headers;
	GByteArray *request;
	GByteArray *answer;
	size_t given; /* of answer, to libgit2 */
	char detail[CURL_ERROR_SIZE];
	char *challenge; /* schemes of WWW-Authenticate, lower case */
	bool is_ls, started, done, paused, checked;
};

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
	static const char name[] = "www-authenticate:";
	struct http_stream *s = user;
	size_t len = size * count;

	if (len > sizeof(name) && g_ascii_strncasecmp(data, name, sizeof(name) - 1) == 0) {
		g_autofree char *value =
			g_ascii_strdown(data + sizeof(name) - 1, (gssize)(len - sizeof(name) + 1));
		g_autofree char *before = g_steal_pointer(&s->challenge);

		s->challenge =
			g_strconcat(before == NULL ? "" : before, " ", g_strstrip(value), NULL);
	}
	return len;
}

static long status_of(const struct http_stream *s)
{
	long status = 0;

	curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct http_stream *s = user;
	size_t len = size * count;

	if (s->answer->len - s->given > BUFFER_HIGH) {
		s->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (connection_received(s->t->c, len) < 0) {
		return CURL_WRITEFUNC_ERROR;
	}
	/* The page of an error is not Git's; nobody reads it. */
	if (status_of(s) == 200) {
		g_byte_array_append(s->answer, (const guint8 *)data, len);
	}
	return len;
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t d, curl_off_t e)
{
	struct http_stream *s = user;

	return connection_check(s->t->c) < 0;
}

static void set_limits(struct http_stream *s)
{
	const struct source_remote *remote = s->t->c->remote;
	CURL *curl = s->curl;

	curl_prepare(curl, remote->ca_file);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)remote->connect_timeout);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_LIMIT);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)remote->low_speed_time);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s);
	if (remote->proxy != NULL) {
		curl_easy_setopt(curl, CURLOPT_PROXY, remote->proxy);
	}
}

static void set_auth(struct http_stream *s)
{
	const struct credentials *credentials = &s->t->credentials;

	if (s->t->auth == 0) {
		return;
	}
	curl_easy_setopt(s->curl, CURLOPT_HTTPAUTH, s->t->auth);
	if (s->t->auth == (long)CURLAUTH_BEARER) {
		curl_easy_setopt(s->curl, CURLOPT_XOAUTH2_BEARER, credentials->secret);
		return;
	}
	curl_easy_setopt(s->curl, CURLOPT_USERNAME,
			 credentials->username != NULL ? credentials->username : "x-access-token");
	curl_easy_setopt(s->curl, CURLOPT_PASSWORD, credentials->secret);
}

static void set_request(struct http_stream *s)
{
	g_autofree char *url =
		g_strconcat(s->t->base, s->is_ls ? info_refs : "/git-upload-pack", NULL);

	curl_easy_setopt(s->curl, CURLOPT_URL, url);
	curl_easy_setopt(s->curl, CURLOPT_USERAGENT,
			 "git/2.0 (" PACKAGE_NAME " " PACKAGE_VERSION ")");
	curl_easy_setopt(s->curl, CURLOPT_ERRORBUFFER, s->detail);
	curl_easy_setopt(s->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(s->curl, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
	if (s->is_ls) {
		return;
	}
	s->headers = curl_slist_append(s->headers,
				       "Content-Type: application/x-git-upload-pack-request");
	s->headers = curl_slist_append(s->headers, "Accept: application/x-git-upload-pack-result");
	s->headers = curl_slist_append(s->headers, "Expect:");
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(s->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->request->len);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, s->request->data);
}

/* A new request; what an earlier one of this stream left is dropped. */
static int start(struct http_stream *s)
{
	if (s->curl != NULL) {
		curl_multi_remove_handle(s->t->multi, s->curl);
		curl_easy_cleanup(s->curl);
	}
	curl_slist_free_all(s->headers);
	s->headers = NULL;
	g_clear_pointer(&s->challenge, g_free);
	g_byte_array_set_size(s->answer, 0);
	s->given = 0;
	s->done = s->paused = s->checked = false;
	s->detail[0] = '\0';
	s->curl = curl_easy_init();
	if (s->curl == NULL) {
		return connection_fail(s->t->c, JOB_ERROR_FAILED, "cannot start an HTTP client");
	}
	set_limits(s);
	set_request(s);
	set_auth(s);
	s->started = true;
	curl_multi_add_handle(s->t->multi, s->curl);
	return 0;
}

/* Until there is a byte to give or the transfer has ended. */
static int pump(struct http_stream *s)
{
	struct connection *c = s->t->c;
	int running = 1, queued;
	const CURLMsg *message;

	while (!s->done && s->answer->len == s->given) {
		if (s->paused) {
			s->paused = false;
			curl_easy_pause(s->curl, CURLPAUSE_CONT);
		}
		if (curl_multi_perform(s->t->multi, &running) != CURLM_OK) {
			return connection_fail(c, JOB_ERROR_NETWORK, "libcurl cannot go on");
		}
		while ((message = curl_multi_info_read(s->t->multi, &queued)) != NULL) {
			s->done = s->done || message->msg == CURLMSG_DONE;
			if (message->data.result != CURLE_OK) {
				return transport_curl_fail(c, s->curl, message->data.result,
							   s->detail);
			}
		}
		if (s->done || s->answer->len > s->given) {
			break;
		}
		curl_multi_poll(s->t->multi, NULL, 0, MIN(connection_wait(c, 1), 1000), NULL);
		if (connection_check(c) < 0) {
			return -1;
		}
	}
	return 0;
}

/* Where info/refs was redirected to becomes the base of all later requests. */
static int redirect(struct http_stream *s)
{
	struct connection *c = s->t->c;
	g_auto(source_url_auto) from = {0}, to = {0};
	const char *target = NULL;
	g_autofree char *shown = NULL;

	curl_easy_getinfo(s->curl, CURLINFO_REDIRECT_URL, &target);
	shown = http_url_display(target == NULL ? "nowhere" : target);
	if (!s->is_ls || target == NULL || !g_str_has_suffix(target, info_refs) ||
	    !source_url_parse(s->t->base, &from, NULL) || !source_url_parse(target, &to, NULL) ||
	    !source_url_may_redirect(&from, &to)) {
		return connection_fail(c, JOB_ERROR_NETWORK,
				       "'%s' redirects to '%s', which is not followed; if that is "
				       "right, configure the new address",
				       c->url.plain, shown);
	}
	g_free(s->t->base);
	s->t->base = g_strndup(to.plain, strlen(to.plain) - strlen(info_refs));
	return start(s);
}

static int fail_auth(struct http_stream *s)
{
	struct connection *c = s->t->c;

	credentials_reject(&s->t->credentials, c->remote, &c->url);
	return connection_fail(c, JOB_ERROR_AUTH,
			       "'%s' refuses the user name and password or token; correct them, or "
			       "ask for the right to read the repository",
			       c->url.plain);
}

static bool is_safe_for_secrets(const struct http_transport *t)
{
	g_auto(source_url_auto) url = {0};

	return source_url_parse(t->base, &url, NULL) &&
	       (url.scheme == SCHEME_HTTPS || source_url_is_loopback(&url));
}

/* The server wants to know who asks: once, with what is configured. */
static int authenticate(struct http_stream *s)
{
	struct http_transport *t = s->t;
	const char *challenge = s->challenge == NULL ? "" : s->challenge;
	GError *error = NULL;
	bool bearer;

	if (t->auth != 0) {
		return fail_auth(s);
	}
	if (!is_safe_for_secrets(t)) {
		return connection_fail(t->c, JOB_ERROR_AUTH,
				       "'%s' wants a password, which is not sent without "
				       "encryption; use https://",
				       t->c->url.plain);
	}
	if (!t->has_credentials &&
	    !credentials_load(t->c->remote, &t->c->url, &t->credentials, &error)) {
		connection_fail(t->c, error->code, "%s", error->message);
		g_error_free(error);
		return -1;
	}
	t->has_credentials = true;
	bearer = t->credentials.is_token && t->credentials.username == NULL &&
		 (strstr(challenge, "bearer") != NULL || strstr(challenge, "basic") == NULL);
	t->auth = bearer ? (long)CURLAUTH_BEARER : (long)CURLAUTH_BASIC;
	return start(s);
}

/* 0: the body may be read; 1: another request was started. */
static int judge_status(struct http_stream *s, unsigned *redirects)
{
	struct connection *c = s->t->c;
	long status = status_of(s);

	if (status == 200) {
		return transport_curl_check_type(c, s->curl, s->is_ls);
	}
	if (status == 401) {
		return authenticate(s) < 0 ? -1 : 1;
	}
	if (status >= 300 && status < 400 && ++*redirects <= REDIRECTS_MAX) {
		return redirect(s) < 0 ? -1 : 1;
	}
	return transport_curl_fail_status(c, status);
}

static int ensure_answer(struct http_stream *s)
{
	unsigned redirects = 0;
	int verdict;

	if (!s->started && start(s) < 0) {
		return -1;
	}
	while (!s->checked) {
		if (pump(s) < 0) {
			return -1;
		}
		verdict = judge_status(s, &redirects);
		if (verdict < 0) {
			return -1;
		}
		s->checked = verdict == 0;
	}
	return 0;
}

static int stream_read(git_smart_subtransport_stream *stream, char *buffer, size_t size,
		       size_t *bytes_read)
{
	struct http_stream *s = (struct http_stream *)stream;
	size_t len;

	*bytes_read = 0;
	if (ensure_answer(s) < 0 || pump(s) < 0) {
		return -1;
	}
	len = MIN(size, s->answer->len - s->given);
	memcpy(buffer, s->answer->data + s->given, len);
	s->given += len;
	if (s->given == s->answer->len) {
		g_byte_array_set_size(s->answer, 0);
		s->given = 0;
	}
	*bytes_read = len;
	return 0;
}

static int stream_write(git_smart_subtransport_stream *stream, const char *data, size_t len)
{
	struct http_stream *s = (struct http_stream *)stream;

	if (s->started || len > REQUEST_MAX - s->request->len) {
		return connection_fail(s->t->c, JOB_ERROR_LIMIT,
				       "the negotiation with '%s' needs too much",
				       s->t->c->url.plain);
	}
	g_byte_array_append(s->request, (const guint8 *)data, len);
	return 0;
}

static void stream_free(git_smart_subtransport_stream *stream)
{
	struct http_stream *s = (struct http_stream *)stream;

	if (s->curl != NULL) {
		curl_multi_remove_handle(s->t->multi, s->curl);
		curl_easy_cleanup(s->curl);
	}
	curl_slist_free_all(s->headers);
	g_byte_array_unref(s->request);
	g_byte_array_unref(s->answer);
	g_free(s->challenge);
	g_free(s);
}

static int transport_action(git_smart_subtransport_stream **out, git_smart_subtransport *transport,
			    const char *url, git_smart_service_t action)
{
	struct http_transport *t = (struct http_transport *)transport;
	struct http_stream *s;

	if (action != GIT_SERVICE_UPLOADPACK_LS && action != GIT_SERVICE_UPLOADPACK) {
		return connection_fail(t->c, JOB_ERROR_FAILED, "only fetching is done");
	}
	s = g_new0(struct http_stream, 1);
	s->parent.subtransport = transport;
	s->parent.read = stream_read;
	s->parent.write = stream_write;
	s->parent.free = stream_free;
	s->t = t;
	s->is_ls = action == GIT_SERVICE_UPLOADPACK_LS;
	s->request = g_byte_array_new();
	s->answer = g_byte_array_new();
	*out = &s->parent;
	return 0;
}

static int transport_close(git_smart_subtransport *transport)
{
	return 0;
}

static void transport_free(git_smart_subtransport *transport)
{
	struct http_transport *t = (struct http_transport *)transport;

	curl_multi_cleanup(t->multi);
	credentials_clear(&t->credentials);
	g_free(t->base);
	g_free(t);
}

int transport_curl_new(git_smart_subtransport **out, git_transport *owner, void *param)
{
	struct connection *c = param;
	CURLM *multi = curl_multi_init();
	struct http_transport *t;

	if (multi == NULL) {
		return connection_fail(c, JOB_ERROR_FAILED, "cannot start an HTTP client");
	}
	t = g_new0(struct http_transport, 1);
	t->parent.action = transport_action;
	t->parent.close = transport_close;
	t->parent.free = transport_free;
	t->c = c;
	t->multi = multi;
	t->base = g_strdup(c->url.plain);
	if (g_str_has_suffix(t->base, "/")) {
		t->base[strlen(t->base) - 1] = '\0';
	}
	*out = &t->parent;
	return 0;
}
