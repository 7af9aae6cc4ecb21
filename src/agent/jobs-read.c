/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a worker's last line. */
#include "agent/jobs-read.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"

#define MESSAGE_MAX 4000
#define DIAGNOSTICS 1000

static void set(struct jobs_reading *out, const char *code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void set(struct jobs_reading *out, const char *code, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list ap;
	char *c;

	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	g_free(out->message);
	g_free(out->code);
	out->message = g_utf8_make_valid(text, (gssize)strnlen(text, MESSAGE_MAX));
	for (c = out->message; *c != '\0'; c++) {
		if (g_ascii_iscntrl(*c)) {
			*c = ' ';
		}
	}
	out->code = g_strdup(code);
	out->result.code = out->code;
	out->result.message = out->message;
	out->result.result = NULL;
}

static void add_diagnostic(GString *text, struct json_obj *o)
{
	const char *file = json_str_opt(o, "file", 4096);
	int64_t line = json_int_opt(o, "line", 0, INT32_MAX, 0);
	int64_t column = json_int_opt(o, "column", 0, INT32_MAX, 0);
	const char *message = json_str(o, "message", MESSAGE_MAX);

	json_obj_end(o);
	if (text->len > 0) {
		g_string_append(text, "; ");
	}
	if (file != NULL && file[0] != '\0') {
		g_string_append_printf(text, "%s:%" PRId64 ":%" PRId64 ": ", file, line, column);
	}
	g_string_append(text, message != NULL ? message : "");
}

static const char *const codes[] = {
	"usage",    "network",	 "auth",    "hostkey", "tls", "timeout",     "limit",  "repository",
	"manifest", "untrusted", "expired", "stale",   "io",  "interrupted", "failed", NULL,
};

static void read_error(struct jobs_reading *out, struct json_obj *o)
{
	g_autoptr(GString) details = g_string_new(NULL);
	int code = json_enum(o, "code", codes);
	const char *message = json_str(o, "message", MESSAGE_MAX);
	struct json_arr arr;
	size_t n = json_arr_get_opt(o, "diagnostics", DIAGNOSTICS, &arr);
	struct assent_error err;
	struct json_obj item;
	size_t i;

	for (i = 0; i < n; i++) {
		if (json_arr_obj(&arr, i, &item)) {
			add_diagnostic(details, &item);
		}
	}
	json_obj_end(o);
	json_obj_end(&out->root);
	if (json_doc_status(out->doc, &err) != 0) {
		set(out, "lost", "the worker's error cannot be read: %s", err.text);
	} else if (details->len > 0) {
		set(out, codes[code], "%s", details->str);
	} else {
		set(out, codes[code], "%s", message);
	}
}

static void read_line(struct jobs_reading *out, const char *line, size_t len, int status)
{
	struct assent_error err;

	if (json_doc_parse(&out->doc, line, len, 0, &err) != 0) {
		set(out, "lost", "the worker's answer cannot be read: %s", err.text);
		return;
	}
	out->result.doc = out->doc;
	json_doc_root(out->doc, &out->root);
	if (json_obj_get_opt(&out->root, "error", &out->child)) {
		read_error(out, &out->child);
	} else if (json_obj_get_opt(&out->root, "result", &out->child) && status == 0) {
		json_obj_end(&out->root);
		out->result.result = &out->child;
	} else {
		set(out, "lost", "the worker ended with code %d and without a result", status);
	}
}

void jobs_read(struct jobs_reading *out, const char *line, size_t len, int status, const char *err,
	       const GError *error)
{
	const char *said = err != NULL ? err : "";

	*out = (struct jobs_reading){0};
	if (error != NULL) {
		set(out,
		    g_error_matches(error, BASE_ERROR, BASE_ERROR_TIMEOUT) ? "timeout" : "lost",
		    "%s", error->message);
	} else if (len == 0) {
		set(out, "lost", "the worker ended with code %d and said nothing%s%.500s", status,
		    said[0] != '\0' ? ": " : "", said);
	} else {
		read_line(out, line, len, status);
	}
}

void jobs_read_not_raised(struct jobs_reading *out, enum elevate how, bool fenced,
			  const char *worker, const char *err)
{
	g_autofree char *hint = elevate_hint(how, fenced, g_get_user_name(), worker);
	g_autofree char *said = g_strstrip(g_strndup(err != NULL ? err : "", 500));

	set(out, "elevate", "cannot become root by %s: %s; %s", elevate_names[how],
	    said[0] != '\0' ? said : "it says nothing", hint);
}

void jobs_read_refused(struct jobs_reading *out, const char *why)
{
	set(out, "untrusted", "%s", why);
}

void jobs_reading_clear(struct jobs_reading *reading)
{
	json_doc_free(reading->doc);
	g_free(reading->message);
	g_free(reading->code);
}
