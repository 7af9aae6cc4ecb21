/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables in columns of display cells. */
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/out.h"

#define GAP 2

struct table {
	size_t columns;
	GPtrArray *cells; /* texts, row after row; the headers are the first row */
};

struct table *table_new(const char *header, ...)
{
	struct table *table = g_new0(struct table, 1);
	va_list args;

	table->cells = g_ptr_array_new_with_free_func(g_free);
	va_start(args, header);
	for (const char *h = header; h != NULL; h = va_arg(args, const char *)) {
		g_ptr_array_add(table->cells, g_strdup(h));
		table->columns++;
	}
	va_end(args);
	return table;
}

void table_add(struct table *table, ...)
{
	va_list args;

	va_start(args, table);
	for (size_t i = 0; i < table->columns; i++) {
		const char *cell = va_arg(args, const char *);

		g_ptr_array_add(table->cells, g_strdup(cell != NULL ? cell : "-"));
	}
	va_end(args);
}

void table_free(struct table *table)
{
	if (table != NULL) {
		g_ptr_array_unref(table->cells);
		g_free(table);
	}
}

/* 0: unlimited, because nobody looks at a screen. */
static unsigned screen_width(void)
{
	const char *columns = g_getenv("COLUMNS");
	struct winsize size;
	guint64 n;

	if (isatty(STDOUT_FILENO) != 1) {
		return 0;
	}
	if (columns != NULL && g_ascii_string_to_unsigned(columns, 10, 1, 10000, &n, NULL)) {
		return (unsigned)n;
	}
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 80;
}

static void print_row(const struct table *table, char *const *cells, const unsigned *widths,
		      unsigned screen, struct out *out)
{
	unsigned at = 0;
	bool ascii = (out_text_flags(out) & TEXT_ASCII) != 0;

	for (size_t i = 0; i < table->columns; i++) {
		bool last = i + 1 == table->columns;
		unsigned room = screen > at + GAP ? screen - at : GAP;
		g_autofree char *shown =
			last && screen != 0 ? text_cut(cells[i], room, ascii) : g_strdup(cells[i]);
		unsigned width = text_width(shown);

		out_printf(out, "%s%*s", shown, last ? 0 : (int)(widths[i] - width + GAP), "");
		at += widths[i] + GAP;
	}
	out_write(out, "\n", 1);
}

void table_print(const struct table *table, struct out *out)
{
	size_t rows = table->cells->len / table->columns;
	g_autofree unsigned *widths = g_new0(unsigned, table->columns);
	g_autoptr(GPtrArray) safe = g_ptr_array_new_with_free_func(g_free);

	if (rows < 2) {
		return;
	}
	for (size_t i = 0; i < table->cells->len; i++) {
		char *text = out_safe(out, table->cells->pdata[i]);
		unsigned width = text_width(text);

		g_ptr_array_add(safe, text);
		widths[i % table->columns] = MAX(widths[i % table->columns], width);
	}
	for (size_t r = 0; r < rows; r++) {
		print_row(table, (char **)safe->pdata + r * table->columns, widths, screen_width(),
			  out);
	}
}
