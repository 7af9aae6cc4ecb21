/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers to one request. */
#include "agent/http/call.h"

#include <stdarg.h>
#include <string.h>

#include "agent/http/front.h"
#include "agent/http/listener.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"

const char *call_query(const struct call *call, const char *name)
{
	return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct seeker {
	const char *name, *value;
	unsigned count;
};

static enum MHD_Result count_header(void *cls, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct seeker *seeker = cls;

	(void)kind;
	if (g_ascii_strcasecmp(name, seeker->name) == 0) {
		seeker->value = value;
		seeker->count++;
	}
	return MHD_YES;
}

static struct seeker seek(const struct call *call, const char *name)
{
	struct seeker seeker = {.name = name};

	MHD_get_connection_values(call->connection, MHD_HEADER_KIND, count_header, &seeker);
	return seeker;
}

const char *call_header(const struct call *call, const char *name)
{
	struct seeker seeker = seek(call, name);

	return seeker.count == 1 ? seeker.value : NULL;
}

unsigned call_header_count(const struct call *call, const char *name)
{
	return seek(call, name).count;
}

void call_add_header(struct call *call, const char *name, const char *value)
{
	if (call->headers == NULL) {
		call->headers = g_ptr_array_new_with_free_func(g_free);
	}
	g_ptr_array_add(call->headers, g_strdup(name));
	g_ptr_array_add(call->headers, g_strdup(value));
}

/* All that a browser must know of every answer by TCP. */
static void protect(const struct call *call, struct MHD_Response *response)
{
	static const char *const fixed[][2] = {
		{"X-Content-Type-Options", "nosniff"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	};
	g_autofree char *policy = g_strdup_printf(
		"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action %s%s%s",
		call->forms ? "'self'" : "'none'", call->style != NULL ? "; style-src " : "",
		call->style != NULL ? call->style : "");

	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++) {
		MHD_add_response_header(response, fixed[i][0], fixed[i][1]);
	}
	MHD_add_response_header(response, "Content-Security-Policy", policy);
	/* Without a referrer a browser sends "Origin: null" with a form, which tells nothing. */
	MHD_add_response_header(response, "Referrer-Policy",
				call->forms ? "same-origin" : "no-referrer");
}

void call_reply(struct call *call, unsigned status, const char *type, const void *data, size_t len)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, (void *)data, MHD_RESPMEM_MUST_COPY);

	if (response == NULL) {
		call->sent = MHD_NO;
		return;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (call->web) {
		protect(call, response);
	}
	for (unsigned i = 0; call->headers != NULL && i < call->headers->len; i += 2) {
		MHD_add_response_header(response, g_ptr_array_index(call->headers, i),
					g_ptr_array_index(call->headers, i + 1));
	}
	call->status = status;
	call->answer_len = len;
	if (call->away) {
		g_assert(call->response == NULL);
		call->response = response;
		return;
	}
	call->sent = MHD_queue_response(call->connection, status, response);
	MHD_destroy_response(response);
}

void call_page(struct call *call, unsigned status, const char *html, const char *style, bool forms)
{
	call->style = style;
	call->forms = forms;
	call_reply(call, status, "text/html; charset=utf-8", html, strlen(html));
}

void call_after(struct call *call, void (*after)(void *user), void *user)
{
	g_assert(call->after == NULL);
	call->after = after;
	call->after_user = user;
}

void call_do_after(struct call *call)
{
	if (call->after != NULL && call->front != NULL) {
		front_tell(call->front, call->after, call->after_user);
	} else if (call->after != NULL) {
		call->after(call->after_user);
	}
}

void call_leave(struct call *call)
{
	call->away = true;
	call->sent = MHD_YES;
	MHD_suspend_connection(call->connection);
}

static void come_back(void *user)
{
	struct call *call = user;

	if (call->deadline != NULL) {
		g_source_destroy(call->deadline);
		g_clear_pointer(&call->deadline, g_source_unref);
	}
	listener_wake(call->listener, call->connection);
}

void call_return(struct call *call)
{
	front_do(call->front, come_back, call);
}

bool call_arrive(struct call *call)
{
	if (!call->away) {
		return false;
	}
	call->away = false;
	call->sent = MHD_NO;
	if (call->response != NULL) {
		call->sent = MHD_queue_response(call->connection, call->status, call->response);
		g_clear_pointer(&call->response, MHD_destroy_response);
	}
	return true;
}

void call_note(struct call *call, const char *format, ...)
{
	va_list args;

	g_free(call->why);
	va_start(args, format);
	call->why = g_strdup_vprintf(format, args);
	va_end(args);
}

bool call_is_type(const char *header, const char *type)
{
	size_t len = strcspn(header, "; \t");

	return len == strlen(type) && g_ascii_strncasecmp(header, type, len) == 0;
}

static char *decode_field(const char *text, size_t len)
{
	g_autofree char *raw = g_strndup(text, len);
	g_autofree char *decoded = NULL;

	g_strdelimit(raw, "+", ' ');
	decoded = g_uri_unescape_string(raw, NULL); // NULL for %00 and what is no escape
	return decoded != NULL && g_utf8_validate(decoded, -1, NULL) ? g_steal_pointer(&decoded)
								     : NULL;
}

char *call_form(const struct call *call, const char *name)
{
	const char *end = call->body->str + call->body->len;
	char *found = NULL;

	if (memchr(call->body->str, '\0', call->body->len) != NULL) {
		return NULL;
	}
	for (const char *p = call->body->str; p < end; p += strcspn(p, "&") + 1) {
		size_t len = strcspn(p, "&"), key_len = MIN(strcspn(p, "="), len);
		g_autofree char *key = decode_field(p, key_len);

		if (g_strcmp0(key, name) != 0) {
			continue;
		}
		if (found != NULL) {
			g_free(found);
			return NULL;
		}
		found = key_len < len ? decode_field(p + key_len + 1, len - key_len - 1)
				      : g_strdup("");
		if (found == NULL) {
			return NULL;
		}
	}
	return found;
}

struct json_writer *call_json(void)
{
	struct json_writer *w = json_writer_new(0);

	json_w_object(w, NULL);
	json_w_int(w, "schema_version", 1);
	return w;
}

void call_send(struct call *call, unsigned status, struct json_writer *w)
{
	autocfree char *text = NULL;
	struct assent_error err;
	size_t len = 0;

	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &err) != 0) {
		log_event(EV_HTTP, NULL, NULL, "cannot answer %s: %s", call->url, err.text);
		call_fail(call, MHD_HTTP_INTERNAL_SERVER_ERROR, "failed", "the answer has no form",
			  "see the agent's log");
		return;
	}
	call_reply(call, status, "application/json", text, len);
}

static bool wants_page(const struct call *call)
{
	const char *accept = call->web ? call_header(call, MHD_HTTP_HEADER_ACCEPT) : NULL;

	return accept != NULL && strstr(accept, "text/html") != NULL;
}

static void fail_page(struct call *call, unsigned status, const char *message, const char *hint)
{
	g_autofree char *html = g_markup_printf_escaped(
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width\">"
		"<meta name=\"color-scheme\" content=\"light dark\">"
		"<title>%u</title></head>\n<body><main><h1>%s</h1><p>%s</p></main></body></html>\n",
		status, message, hint != NULL ? hint : "");

	call_page(call, status, html, NULL, false);
}

void call_fail(struct call *call, unsigned status, const char *code, const char *message,
	       const char *hint)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *valid = g_utf8_make_valid(message, -1);
	autocfree char *text = NULL;
	size_t len = 0;

	if (wants_page(call)) {
		json_writer_free(w);
		fail_page(call, status, valid, hint);
		return;
	}
	json_w_object(w, NULL);
	json_w_object(w, "error");
	json_w_str(w, "code", code);
	json_w_str(w, "message", valid);
	json_w_str(w, "hint", hint != NULL ? hint : "");
	json_w_end(w);
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, NULL) == 0) {
		call_reply(call, status, "application/json", text, len);
	} else {
		call_reply(call, status, "text/plain", code, strlen(code));
	}
}

bool call_body(struct call *call, struct json_doc **doc, struct json_obj *root)
{
	struct assent_error err;

	if (json_doc_parse(doc, call->body->str, call->body->len, 0, &err) != 0) {
		call_note(call, "malformed: %s", err.text);
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text,
			  "send one JSON object, see doc/api.yaml");
		return false;
	}
	json_doc_root(*doc, root);
	return true;
}
