/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Writes HTML that nothing can break out of: elements close in order, and
 * every text and attribute value is escaped.
 *
 *	struct html *h = html_new();
 *	html_open(h, "p", "class", "state", NULL);
 *	html_text(h, subject);
 *	html_close(h, "p");
 *	text = html_finish(h, &len);       -- valid UTF-8; g_free()
 *
 * Tags and attribute names are literals of this program. Characters that are
 * invisible or could mislead (base/text.h) and bytes that are not UTF-8 are
 * shown as <U+202E> and <FF>, in texts with a mark that no text can imitate.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

struct html;

struct html *html_new(void);
/* Every element must have been closed. Frees h. */
char *html_finish(struct html *h, size_t *len);
void html_free(struct html *h);

/* Names and values of attributes in turn, then NULL. */
#define html_open(h, tag, ...) html_open_with(h, tag, (const char *const[]){__VA_ARGS__})
void html_open_with(struct html *h, const char *tag, const char *const *attributes);
/* The innermost open element, which must be this one. */
void html_close(struct html *h, const char *tag);
/* An element without an end: input, meta, br ... */
#define html_void(h, tag, ...) html_void_with(h, tag, (const char *const[]){__VA_ARGS__})
void html_void_with(struct html *h, const char *tag, const char *const *attributes);
/* open, text, close; class NULL: none. */
void html_leaf(struct html *h, const char *tag, const char *class, const char *text);

/* NULL is no text. */
void html_text(struct html *h, const char *text);
/* tabs: let them through. */
void html_bytes(struct html *h, const char *text, size_t len, bool tabs);
void html_say(struct html *h, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Markup of this program itself: <!doctype html>, the style sheet. */
void html_literal(struct html *h, const char *markup);

/* Bytes written, and characters that had to be shown by their number so far. */
size_t html_size(const struct html *h);
unsigned html_odd(const struct html *h);
/* For what was written twice. */
void html_set_odd(struct html *h, unsigned odd);
