/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libcurl's multi interface in the GLib main loop. */
#include "base/http-client.h"

#include <glib-unix.h>
#include <sodium.h>
#include <string.h>

#include "base/curl.h"
#include "base/http.h"

#define DEFAULT_TIMEOUT 15L
#define CONNECT_TIMEOUT 10L
#define RETRY_AFTER_MAX INT64_C(86400)

struct http_client {
	CURLM *multi;
	guint timer, reap;
	GHashTable *watches;  /* descriptor to source id */
	GPtrArray *under_way; /* struct request */
	unsigned last;
};

struct request {
	struct http_client *client;
	unsigned id;
	CURL *curl;
	struct curl_slist *headers;
	GString *answer;
	size_t max;
	http_client_line_fn line;
	int64_t retry_after;
	bool too_large, done;
	CURLcode code;
	char detail[CURL_ERROR_SIZE];
	char *where;
	http_done_fn report;
	void *user;
};

static void wipe(char *text, size_t len)
{
	if (text != NULL) {
		sodium_memzero(text, len);
	}
}

void http_send_clear(struct http_send *send)
{
	for (char **h = send->headers; h != NULL && *h != NULL; h++) {
		wipe(*h, strlen(*h));
	}
	if (send->url != NULL) {
		wipe(send->url, strlen(send->url));
	}
	wipe(send->body, send->body_len);
	g_strfreev(send->headers);
	g_free(send->method);
	g_free(send->url);
	g_free(send->content_type);
	g_free(send->body);
	g_free(send->ca_file);
	g_free(send->socket);
	*send = (struct http_send){0};
}

char *http_client_display(const char *url)
{
	g_autofree char *clean = http_url_display(url);
	const char *host = strstr(clean, "://");

	if (host == NULL) {
		return g_strdup("an address");
	}
	host += 3;
	return g_strndup(clean, (size_t)(host - clean) + strcspn(host, "/?#"));
}

char *http_client_join(const char *base, const char *path)
{
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/') {
		len--;
	}
	return g_strdup_printf("%.*s%s", (int)len, base, path);
}

bool http_client_is_url(const char *url)
{
	static const char *const near[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

	for (const char *p = url; *p != '\0'; p++) {
		if (!g_ascii_isgraph(*p) || *p == '@' || *p == '#' || p - url > 2000) {
			return false;
		}
	}
	for (size_t i = 0; i < G_N_ELEMENTS(near); i++) {
		if (g_str_has_prefix(url, near[i]) && strchr(":/?", url[strlen(near[i])]) != NULL) {
			return true;
		}
	}
	return g_str_has_prefix(url, "https://") && strlen(url) > strlen("https://");
}

static void request_free(struct request *r)
{
	if (r->curl != NULL) {
		if (!r->done) {
			curl_multi_remove_handle(r->client->multi, r->curl);
		}
		curl_easy_cleanup(r->curl);
	}
	for (struct curl_slist *h = r->headers; h != NULL; h = h->next) {
		wipe(h->data, strlen(h->data));
	}
	curl_slist_free_all(r->headers);
	g_string_free(r->answer, TRUE);
	g_free(r->where);
	g_free(r);
}

static void report(struct request *r)
{
	struct http_received answer = {.body = "", .retry_after = r->retry_after};
	g_autofree char *problem = NULL;

	if (r->code == CURLE_OK) {
		curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &answer.status);
		answer.body = r->answer->str;
		answer.len = r->answer->len;
	} else if (r->too_large) {
		problem = g_strdup_printf("the answer of %s is longer than %zu bytes", r->where,
					  r->max);
	} else {
		/* the detail may show the path of a URL in a few cases: its class is enough */
		problem = g_strdup_printf("no answer from %s: %s", r->where,
					  curl_easy_strerror(r->code));
	}
	answer.problem = problem;
	r->report(&answer, r->user);
}

static struct request *steal_done(struct http_client *client)
{
	for (unsigned i = 0; i < client->under_way->len; i++) {
		struct request *r = g_ptr_array_index(client->under_way, i);

		if (r->done) {
			return g_ptr_array_steal_index(client->under_way, i);
		}
	}
	return NULL;
}

/* From the loop, one after the other: what a report does may send or cancel others. */
static gboolean reap(void *user)
{
	struct http_client *client = user;
	struct request *r;

	client->reap = 0;
	while ((r = steal_done(client)) != NULL) {
		report(r);
		request_free(r);
	}
	return G_SOURCE_REMOVE;
}

static void collect(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		struct request *r = NULL;

		if (message->msg != CURLMSG_DONE) {
			continue;
		}
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&r);
		r->code = message->data.result;
		r->done = true;
		curl_multi_remove_handle(client->multi, r->curl);
		if (client->reap == 0) {
			client->reap = g_idle_add(reap, client);
		}
	}
}

static gboolean on_ready(gint fd, GIOCondition condition, void *user)
{
	struct http_client *client = user;
	int what = 0, running;

	what |= (condition & (G_IO_IN | G_IO_HUP)) != 0 ? CURL_CSELECT_IN : 0;
	what |= (condition & G_IO_OUT) != 0 ? CURL_CSELECT_OUT : 0;
	what |= (condition & (G_IO_ERR | G_IO_NVAL)) != 0 ? CURL_CSELECT_ERR : 0;
	curl_multi_socket_action(client->multi, fd, what, &running);
	collect(client);
	return G_SOURCE_CONTINUE;
}

static void unwatch(void *id)
{
	g_source_remove(GPOINTER_TO_UINT(id));
}

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *user, void *socket)
{
	struct http_client *client = user;
	GIOCondition condition = 0;

	(void)curl;
	(void)socket;
	g_hash_table_remove(client->watches, GINT_TO_POINTER(fd));
	if (what == CURL_POLL_REMOVE) {
		return 0;
	}
	condition |= what != CURL_POLL_OUT ? G_IO_IN : 0;
	condition |= what != CURL_POLL_IN ? G_IO_OUT : 0;
	g_hash_table_insert(client->watches, GINT_TO_POINTER(fd),
			    GUINT_TO_POINTER(g_unix_fd_add(fd, condition, on_ready, client)));
	return 0;
}

static gboolean on_timeout(void *user)
{
	struct http_client *client = user;
	int running;

	client->timer = 0;
	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(client);
	return G_SOURCE_REMOVE;
}

static int on_timer(CURLM *multi, long wait, void *user)
{
	struct http_client *client = user;

	(void)multi;
	g_clear_handle_id(&client->timer, g_source_remove);
	if (wait >= 0) {
		client->timer = g_timeout_add((guint)wait, on_timeout, client);
	}
	return 0;
}

struct http_client *http_client_new(void)
{
	struct http_client *client = g_new0(struct http_client, 1);

	client->multi = curl_multi_init();
	if (client->multi == NULL) {
		g_error("cannot start an HTTP client");
	}
	client->watches = g_hash_table_new_full(NULL, NULL, NULL, unwatch);
	client->under_way = g_ptr_array_new();
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	return client;
}

void http_client_free(struct http_client *client)
{
	if (client == NULL) {
		return;
	}
	for (unsigned i = 0; i < client->under_way->len; i++) {
		request_free(g_ptr_array_index(client->under_way, i));
	}
	curl_multi_cleanup(client->multi);
	g_clear_handle_id(&client->timer, g_source_remove);
	g_clear_handle_id(&client->reap, g_source_remove);
	g_hash_table_unref(client->watches);
	g_ptr_array_unref(client->under_way);
	g_free(client);
}

/* Whatever else is answered is no stream. */
static bool is_stream(const struct request *r)
{
	long status = 0;

	curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
	return r->line != NULL && status == 200;
}

/* Whole lines go, and the beginning of the next one stays. */
static void hand_over_lines(struct request *r)
{
	char *begin = r->answer->str, *end;

	while ((end = memchr(begin, '\n', (size_t)(r->answer->str + r->answer->len - begin))) !=
	       NULL) {
		*end = '\0';
		r->line(begin, (size_t)(end - begin), r->user);
		begin = end + 1;
	}
	g_string_erase(r->answer, 0, begin - r->answer->str);
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct request *r = user;
	size_t len = size * count;

	if (len > r->max - MIN(r->max, r->answer->len)) {
		r->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	g_string_append_len(r->answer, data, (gssize)len);
	if (is_stream(r)) {
		hand_over_lines(r);
	}
	return len;
}

/* Only whole seconds: nobody sends dates to a program that asks too often. */
static size_t on_header(char *data, size_t size, size_t count, void *user)
{
	static const char name[] = "retry-after:";
	struct request *r = user;
	size_t len = size * count;

	if (len > strlen(name) && g_ascii_strncasecmp(data, name, strlen(name)) == 0) {
		g_autofree char *value = g_strndup(data + strlen(name), len - strlen(name));
		guint64 seconds = 0;

		if (g_ascii_string_to_unsigned(g_strstrip(value), 10, 0, G_MAXINT64, &seconds,
					       NULL)) {
			r->retry_after = (int64_t)MIN(seconds, (guint64)RETRY_AFTER_MAX);
		}
	}
	if (len == strlen("\r\n") && is_stream(r)) {
		r->line(NULL, 0, r->user); // the header is complete
	}
	return len;
}

static void set_body(struct request *r, const struct http_send *send)
{
	g_autofree char *type = g_strconcat(
		"Content-Type: ",
		send->content_type != NULL ? send->content_type : "application/json; charset=utf-8",
		NULL);

	r->headers = curl_slist_append(r->headers, type);
	r->headers = curl_slist_append(r->headers, "Expect:");
	for (char **h = send->headers; h != NULL && *h != NULL; h++) {
		r->headers = curl_slist_append(r->headers, *h);
	}
	curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, r->headers);
	if (g_strcmp0(send->method, "GET") == 0) {
		curl_easy_setopt(r->curl, CURLOPT_HTTPGET, 1L);
		return;
	}
	curl_easy_setopt(r->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(r->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)send->body_len);
	curl_easy_setopt(r->curl, CURLOPT_COPYPOSTFIELDS, send->body != NULL ? send->body : "");
	curl_easy_setopt(r->curl, CURLOPT_CUSTOMREQUEST,
			 send->method != NULL ? send->method : "POST");
}

static void set_options(struct request *r, const struct http_send *send)
{
	long timeout = send->timeout != 0   ? (long)send->timeout
		       : send->line != NULL ? 0
					    : DEFAULT_TIMEOUT;
	CURL *curl = r->curl;

	curl_prepare(curl, send->ca_file);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_URL, send->url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
			 timeout != 0 ? MIN(timeout, CONNECT_TIMEOUT) : CONNECT_TIMEOUT);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, r->detail);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, r);
	if (send->socket != NULL) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, send->socket);
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
	}
}

unsigned http_client_send(struct http_client *client, const struct http_send *send,
			  http_done_fn done, void *user)
{
	struct request *r = g_new0(struct request, 1);

	g_assert(send->socket != NULL || http_client_is_url(send->url));
	r->client = client;
	r->id = ++client->last;
	r->curl = curl_easy_init();
	r->answer = g_string_new(NULL);
	r->where = http_client_display(send->url);
	r->max = send->max != 0 ? send->max : HTTP_CLIENT_ANSWER;
	r->line = send->line;
	r->report = done;
	r->user = user;
	if (r->curl == NULL) {
		g_error("cannot start an HTTP request");
	}
	set_options(r, send);
	set_body(r, send);
	g_ptr_array_add(client->under_way, r);
	if (curl_multi_add_handle(client->multi, r->curl) != CURLM_OK) {
		r->code = CURLE_FAILED_INIT;
		r->done = true;
		client->reap = client->reap != 0 ? client->reap : g_idle_add(reap, client);
	}
	return r->id;
}

void http_client_cancel(struct http_client *client, unsigned id)
{
	for (unsigned i = 0; i < client->under_way->len; i++) {
		struct request *r = g_ptr_array_index(client->under_way, i);

		if (r->id == id) {
			g_ptr_array_remove_index(client->under_way, i);
			request_free(r);
			return;
		}
	}
}
