/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers to one request. */
#include "agent/http/call.h"

#include <string.h>

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
	for (unsigned i = 0; call->headers != NULL && i < call->headers->len; i += 2) {
		MHD_add_response_header(response, g_ptr_array_index(call->headers, i),
					g_ptr_array_index(call->headers, i + 1));
	}
	call->status = status;
	call->answer_len = len;
	call->sent = MHD_queue_response(call->connection, status, response);
	MHD_destroy_response(response);
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

void call_fail(struct call *call, unsigned status, const char *code, const char *message,
	       const char *hint)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *valid = g_utf8_make_valid(message, -1);
	autocfree char *text = NULL;
	size_t len = 0;

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
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text,
			  "send one JSON object, see doc/api.yaml");
		return false;
	}
	json_doc_root(*doc, root);
	return true;
}
