/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One request and its answer. */
#include "cluster/transfer.h"

#include <sodium.h>
#include <string.h>

#define WARNINGS_MAX 20
#define WARNING_MAX 1000
#define FIRST_SIZE ((size_t)8 << 10)

/* No copy of it stays behind when it grows: it may be a Secret's. */
static bool make_room(struct transfer *t, size_t more)
{
	size_t size = MAX(t->size, FIRST_SIZE);
	char *grown;

	if (more > t->max - MIN(t->max, t->len)) {
		t->too_large = true;
		return false;
	}
	if (t->len + more < t->size) {
		return true;
	}
	while (size <= t->len + more) {
		size *= 2;
	}
	grown = g_malloc(size);
	if (t->body != NULL) {
		memcpy(grown, t->body, t->len);
		sodium_memzero(t->body, t->len);
		g_free(t->body);
	}
	t->body = grown;
	t->size = size;
	return true;
}

bool transfer_take(struct transfer *t, const char *data, size_t len)
{
	if (!make_room(t, len)) {
		return false;
	}
	memcpy(t->body + t->len, data, len);
	t->len += len;
	t->body[t->len] = '\0';
	return true;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	return transfer_take(user, data, size * count) ? size * count : CURL_WRITEFUNC_ERROR;
}

/* The value of a header with this name, else NULL. */
static char *header_value(const char *data, size_t len, const char *name)
{
	size_t named = strlen(name);

	if (len <= named || g_ascii_strncasecmp(data, name, named) != 0 || data[named] != ':') {
		return NULL;
	}
	return g_strstrip(g_strndup(data + named + 1, len - named - 1));
}

/* 299 - "text" */
static void take_warning(struct transfer *t, const char *value)
{
	const char *begin = strchr(value, '"'), *end = strrchr(value, '"');
	g_autofree char *valid = NULL;
	g_autofree char *text = NULL;

	if (begin == NULL || end == begin ||
	    (t->warnings != NULL && t->warnings->len >= WARNINGS_MAX)) {
		return;
	}
	text = g_strndup(begin + 1, MIN((size_t)(end - begin - 1), WARNING_MAX));
	valid = g_utf8_make_valid(text, -1);
	for (char *p = valid; *p != '\0'; p++) {
		*p = g_ascii_iscntrl(*p) ? ' ' : *p;
	}
	if (t->warnings == NULL) {
		t->warnings = g_ptr_array_new_with_free_func(g_free);
	}
	g_ptr_array_add(t->warnings, g_steal_pointer(&valid));
}

/* Whoever warns may repeat values: a policy's message is an expression over the object. */
static void hide(GPtrArray *warnings)
{
	if (warnings != NULL) {
		g_ptr_array_set_size(warnings, 0);
		g_ptr_array_add(warnings, g_strdup("(not shown, for it may quote the secret)"));
	}
}

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
	struct transfer *t = user;
	size_t len = size * count;
	char *value;

	t->has_head |= len == strlen("\r\n");
	if (len > strlen("HTTP/") && memcmp(data, "HTTP/", strlen("HTTP/")) == 0) {
		t->has_head = false;
	}
	if ((value = header_value(data, len, "retry-after")) != NULL) {
		g_free(t->retry_after);
		t->retry_after = value;
	} else if ((value = header_value(data, len, "date")) != NULL) {
		t->date = MAX((int64_t)curl_getdate(value, NULL), 0);
		g_free(value);
	} else if ((value = header_value(data, len, "warning")) != NULL) {
		take_warning(t, value);
		g_free(value);
	}
	return len;
}

/* The call's own lines, then those of the credentials, which stay where they are. */
static void set_headers(struct transfer *t)
{
	const struct cluster_call *call = t->call;
	const char *lines[4];
	size_t n = 0;

	t->accept = g_strconcat(
		"Accept: ", call->accept != NULL ? call->accept : "application/json", NULL);
	lines[n++] = t->accept;
	if (call->body != NULL) {
		t->type = g_strconcat(
			"Content-Type: ",
			call->content_type != NULL ? call->content_type : "application/json", NULL);
		lines[n++] = t->type;
		lines[n++] = "Expect:";
	}
	if (t->cluster->route.host_header != NULL) {
		lines[n++] = t->cluster->route.host_header;
	}
	for (size_t i = 0; i < n; i++) {
		t->nodes[i].data = (char *)lines[i];
		t->nodes[i].next = i + 1 < n ? &t->nodes[i + 1] : t->credentials->headers;
	}
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, &t->nodes[0]);
}

static void set_request(struct transfer *t, unsigned timeout)
{
	const struct cluster_call *call = t->call;
	CURL *curl = t->curl;

	t->url = g_strconcat(t->cluster->route.base, call->path, NULL);
	curl_easy_setopt(curl, CURLOPT_URL, t->url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)timeout);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 0L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->detail);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, t);
	if (call->body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
	} else {
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

/* One that was used before with the same credentials, or a new one. */
static CURL *take_handle(struct cluster *c, const struct credentials *credentials)
{
	CURL *curl;

	if (c->idle_of != credentials->number) {
		g_ptr_array_set_size(c->idle, 0);
		c->idle_of = credentials->number;
	}
	if (c->idle->len > 0) {
		return g_ptr_array_steal_index(c->idle, c->idle->len - 1);
	}
	curl = curl_easy_init();
	if (curl == NULL) {
		g_error("cannot start an HTTP request");
	}
	cluster_prepare(curl, c, credentials);
	return curl;
}

struct transfer *transfer_new(struct cluster *c, struct cluster_call *call,
			      struct credentials *credentials, unsigned timeout, size_t max)
{
	struct transfer *t = g_new0(struct transfer, 1);

	t->cluster = c;
	t->call = call;
	t->credentials = credentials_ref(credentials);
	t->curl = take_handle(c, credentials);
	t->max = max;
	set_request(t, timeout);
	set_headers(t);
	return t;
}

void transfer_free(struct transfer *t)
{
	struct cluster *c = t->cluster;

	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, NULL);
	if (c->idle_of == t->credentials->number && c->idle->len < CLUSTER_STREAMS) {
		g_ptr_array_add(c->idle, t->curl);
	} else {
		curl_easy_cleanup(t->curl);
	}
	if (t->body != NULL) {
		sodium_memzero(t->body, t->len);
	}
	g_free(t->body);
	g_free(t->url);
	g_free(t->accept);
	g_free(t->type);
	g_free(t->retry_after);
	if (t->warnings != NULL) {
		g_ptr_array_unref(t->warnings);
	}
	credentials_unref(t->credentials);
	g_free(t);
}

bool transfer_was_sent(const struct transfer *t)
{
	curl_off_t when = 0;

	return curl_easy_getinfo(t->curl, CURLINFO_PRETRANSFER_TIME_T, &when) != CURLE_OK ||
	       when > 0;
}

static bool is_json(const char *type)
{
	static const char json[] = "application/json";

	return type != NULL && g_ascii_strncasecmp(type, json, strlen(json)) == 0 &&
	       strchr("; \t", type[strlen(json)]) != NULL;
}

/* What answers with a good code and no JSON is not an API server, or something before it. */
static void take_value(struct transfer *t, const char *type)
{
	struct cluster_call *call = t->call;
	struct kube_answer *answer = call->answer;
	g_autoptr(GError) local = NULL;

	if (answer->code == 204 || answer->code == 304) {
		return;
	}
	if (is_json(type) && kube_value_parse(t->body != NULL ? t->body : "", t->len, t->max,
					      &call->value, &local)) {
		return;
	}
	answer->class = KUBE_FAILED;
	g_free(answer->message);
	answer->message = local != NULL
				  ? g_strdup_printf("its answer is no JSON: %s", local->message)
				  : g_strdup("its answer is no JSON: this is no API server, or "
					     "something before it answered");
}

void transfer_answer(struct transfer *t)
{
	struct cluster_call *call = t->call;
	struct kube_reply reply = {
		.retry_after = t->retry_after,
		.body = t->body != NULL ? t->body : "",
		.len = t->len,
		.resource = call->resource,
		.secret = call->secret,
	};
	long code = 0;
	const char *type = NULL;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
	reply.code = (int)code;
	reply.content_type = type;
	kube_answer_free(call->answer);
	call->answer = kube_answer_read(&reply);
	kube_value_free(call->value);
	call->value = NULL;
	if (kube_answer_is_good(call->answer)) {
		take_value(t, type);
	}
	call->date = t->date;
	if (call->warnings != NULL) {
		g_ptr_array_unref(call->warnings);
	}
	call->warnings = g_steal_pointer(&t->warnings);
	if (call->secret) {
		hide(call->warnings);
	}
}
