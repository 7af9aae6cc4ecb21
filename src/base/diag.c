/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Problems found in a file, each with its place. */
#include "base/yaml.h"

#include <string.h>

static void diag_free(void *data)
{
	struct diag *diag = data;

	g_free(diag->file);
	g_free(diag->message);
	g_free(diag);
}

void diag_list_init(struct diag_list *list)
{
	list->items = g_ptr_array_new_with_free_func(diag_free);
}

void diag_list_clear(struct diag_list *list)
{
	g_clear_pointer(&list->items, g_ptr_array_unref);
}

/* Escapes what a terminal or a log line would act on. */
static char *printable(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_new(NULL);

	for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
			g_string_append_printf(out, "\\x%02x", c);
		} else if (g_unichar_type(c) == G_UNICODE_FORMAT || c == 0x2028 || c == 0x2029) {
			g_string_append_printf(out, "\\u%04x", c);
		} else {
			g_string_append_unichar(out, c);
		}
	}
	return g_string_free(out, FALSE);
}

static void add(struct diag_list *list, const char *file, unsigned line, unsigned column,
		const char *message)
{
	struct diag *diag = g_new0(struct diag, 1);

	diag->file = printable(file);
	diag->line = line;
	diag->column = column;
	diag->message = printable(message);
	g_ptr_array_add(list->items, diag);
}

void diag_add(struct diag_list *list, const char *file, unsigned line, unsigned column,
	      const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	if (list->items->len >= DIAG_MAX) {
		return;
	}
	if (list->items->len == DIAG_MAX - 1) {
		add(list, file, line, column, "too many problems, the rest is not shown");
		return;
	}
	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	add(list, file, line, column, message);
}

static int by_place(const void *a, const void *b)
{
	const struct diag *x = *(struct diag *const *)a, *y = *(struct diag *const *)b;
	int files = strcmp(x->file, y->file);

	if (files != 0) {
		return files;
	}
	if (x->line != y->line) {
		return x->line < y->line ? -1 : 1;
	}
	if (x->column != y->column) {
		return x->column < y->column ? -1 : 1;
	}
	return strcmp(x->message, y->message);
}

void diag_list_sort(struct diag_list *list)
{
	g_ptr_array_sort(list->items, by_place);
}

char *diag_text(const struct diag_list *list)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_sized_new(list->items->len);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < list->items->len; i++) {
		g_ptr_array_add(sorted, list->items->pdata[i]);
	}
	g_ptr_array_sort(sorted, by_place);
	for (guint i = 0; i < sorted->len; i++) {
		const struct diag *d = sorted->pdata[i];

		g_string_append_printf(text, "%s:%u:%u: %s\n", d->file, d->line, d->column,
				       d->message);
	}
	return g_string_free(text, FALSE);
}
