/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Elements, attributes and texts, escaped. */
#include "agent/http/html.h"

#include <string.h>

#include "base/text.h"

#define DEPTH_MAX 32

struct html {
	GString *out, *scratch;
	const char *open[DEPTH_MAX];
	unsigned depth, odd;
};

struct html *html_new(void)
{
	struct html *h = g_new0(struct html, 1);

	h->out = g_string_new(NULL);
	h->scratch = g_string_new(NULL);
	return h;
}

void html_free(struct html *h)
{
	if (h == NULL) {
		return;
	}
	if (h->out != NULL) {
		g_string_free(h->out, TRUE);
	}
	g_string_free(h->scratch, TRUE);
	g_free(h);
}

char *html_finish(struct html *h, size_t *len)
{
	char *text;

	g_assert(h->depth == 0);
	*len = h->out->len;
	text = g_string_free(g_steal_pointer(&h->out), FALSE);
	html_free(h);
	return text;
}

static void put_ascii(GString *out, char c)
{
	switch (c) {
	case '&':
		g_string_append(out, "&amp;");
		break;
	case '<':
		g_string_append(out, "&lt;");
		break;
	case '>':
		g_string_append(out, "&gt;");
		break;
	case '"':
		g_string_append(out, "&quot;");
		break;
	case '\'':
		g_string_append(out, "&#39;");
		break;
	default:
		g_string_append_c(out, c);
	}
}

/* What text_append() made of one odd character: "<U+202E>", marked where that is possible. */
static void put_odd(struct html *h, bool marked)
{
	h->odd++;
	if (marked) {
		g_string_append(h->out, "<span class=\"odd\">");
	}
	for (const char *p = h->scratch->str; *p != '\0'; p++) {
		put_ascii(h->out, *p);
	}
	if (marked) {
		g_string_append(h->out, "</span>");
	}
}

/* Length of the character at text, 1 for a byte that is none. */
static size_t char_size(const char *text, size_t len)
{
	gunichar c = g_utf8_get_char_validated(text, (gssize)len);
	bool is_char = c != 0 && c != (gunichar)-1 && c != (gunichar)-2;

	return is_char ? (size_t)(g_utf8_next_char(text) - text) : 1;
}

static void put(struct html *h, const char *text, size_t len, bool tabs, bool marked)
{
	size_t size;

	for (size_t i = 0; i < len; i += size) {
		size = 1;
		if ((text[i] >= 0x20 && text[i] < 0x7f) || (tabs && text[i] == '\t')) {
			put_ascii(h->out, text[i]);
			continue;
		}
		size = char_size(text + i, len - i);
		g_string_truncate(h->scratch, 0);
		if (text[i] == '\0') { // text_append() depends on GLib's version here
			g_string_append(h->scratch, "<U+0000>");
			put_odd(h, marked);
		} else if (text_append(h->scratch, text + i, size, 0) > 0) {
			put_odd(h, marked);
		} else {
			g_string_append_len(h->out, text + i, (gssize)size);
		}
	}
}

static void put_tag(struct html *h, const char *tag, const char *const *attributes, const char *end)
{
	g_string_append_printf(h->out, "<%s", tag);
	for (; attributes[0] != NULL; attributes += 2) {
		g_string_append_printf(h->out, " %s=\"", attributes[0]);
		put(h, attributes[1], strlen(attributes[1]), false, false);
		g_string_append_c(h->out, '"');
	}
	g_string_append(h->out, end);
}

static void push(struct html *h, const char *tag)
{
	g_assert(h->depth < DEPTH_MAX);
	h->open[h->depth++] = tag;
}

void html_open_with(struct html *h, const char *tag, const char *const *attributes)
{
	put_tag(h, tag, attributes, ">");
	push(h, tag);
}

void html_void_with(struct html *h, const char *tag, const char *const *attributes)
{
	put_tag(h, tag, attributes, "/>"); // a reader of XML can follow, too
}

void html_close(struct html *h, const char *tag)
{
	g_assert(h->depth > 0 && strcmp(h->open[h->depth - 1], tag) == 0);
	h->depth--;
	g_string_append_printf(h->out, "</%s>", tag);
}

void html_leaf(struct html *h, const char *tag, const char *class, const char *text)
{
	if (class != NULL) {
		html_open(h, tag, "class", class, NULL);
	} else {
		html_open(h, tag, NULL);
	}
	html_text(h, text);
	html_close(h, tag);
}

void html_text(struct html *h, const char *text)
{
	if (text != NULL) {
		put(h, text, strlen(text), false, true);
	}
}

void html_bytes(struct html *h, const char *text, size_t len, bool tabs)
{
	put(h, text, len, tabs, true);
}

void html_say(struct html *h, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	html_text(h, text);
}

void html_literal(struct html *h, const char *markup)
{
	g_string_append(h->out, markup);
}

size_t html_size(const struct html *h)
{
	return h->out->len;
}

unsigned html_odd(const struct html *h)
{
	return h->odd;
}

void html_set_odd(struct html *h, unsigned odd)
{
	h->odd = odd;
}
