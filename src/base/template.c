/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replaces ${name} in texts. */
#include "base/template.h"

#include <string.h>

#include "base/seal.h"

#define NAME_MAX_LENGTH 128
#define VALUE_ROOM (SEAL_MAX_CONTENT + 64) /* of the last one, beyond the end */

struct expansion {
	const struct template_source *source;
	const char *end, *at;
	const char *line_start; /* of the line that holds at */
	unsigned line;
	GString *out;
	bool failed;
};

bool template_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 64 || g_ascii_isdigit(name[0])) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isalnum(name[i]) && name[i] != '_') {
			return false;
		}
	}
	return true;
}

bool template_is_text(const char *bytes, size_t len)
{
	return (len == 0 || memchr(bytes, '\0', len) == NULL) &&
	       g_utf8_validate(bytes, (gssize)len, NULL);
}

static void complain(struct expansion *x, const char *message)
{
	glong column = g_utf8_strlen(x->line_start, x->at - x->line_start) + 1;

	x->failed = true;
	x->source->problem(x->line, (unsigned)column, message, x->source->data);
}

/* Names of the program's own variables have dots and dashes: ${label.rack-no}. */
static bool is_name_char(char c)
{
	return g_ascii_isalnum(c) || strchr("_.-/", c) != NULL;
}

/* at stands on "${"; it is left behind the "}". */
static void expand_one(struct expansion *x)
{
	const char *begin = x->at + 2, *p = begin;
	g_autofree char *name = NULL;
	const char *value;

	while (p < x->end && *p != '\0' && is_name_char(*p)) {
		p++;
	}
	name = g_strndup(begin, (size_t)(p - begin));
	if (p == x->end || *p != '}' || p == begin || p - begin > NAME_MAX_LENGTH) {
		complain(x, "'${' is not followed by a name and '}': a literal '${' is written "
			    "'$${'");
		x->at += 2;
		return;
	}
	value = x->source->lookup(name, x->source->data);
	if (value == NULL) {
		g_autofree char *message = g_strdup_printf("unknown variable '%s'", name);

		complain(x, message);
	} else {
		g_string_append(x->out, value);
	}
	x->at = p + 1;
}

static void take_char(struct expansion *x)
{
	g_string_append_c(x->out, *x->at);
	if (*x->at++ == '\n') {
		x->line++;
		x->line_start = x->at;
	}
}

static bool starts(const struct expansion *x, const char *what)
{
	size_t len = strlen(what);

	return (size_t)(x->end - x->at) >= len && memcmp(x->at, what, len) == 0;
}

char *template_expand(const char *text, size_t len, const struct template_source *source,
		      size_t *out_len)
{
	struct expansion x = {
		.source = source,
		.end = text + len,
		.at = text,
		.line_start = text,
		.line = 1,
		/* At its full size at once, so that it never moves. */
		.out = g_string_sized_new(source->secret ? source->max + VALUE_ROOM : len),
	};

	while (x.at < x.end && x.out->len <= source->max) {
		if (starts(&x, "$${")) {
			g_string_append(x.out, "${");
			x.at += 3;
		} else if (starts(&x, "${")) {
			expand_one(&x);
		} else {
			take_char(&x);
		}
	}
	if (x.out->len > source->max) {
		complain(&x, "too long after its variables were put in");
	}
	if (x.failed) {
		if (source->secret) {
			sodium_memzero(x.out->str, x.out->len);
		}
		g_string_free(x.out, TRUE);
		return NULL;
	}
	if (out_len != NULL) {
		*out_len = x.out->len;
	}
	return g_string_free(x.out, FALSE);
}
