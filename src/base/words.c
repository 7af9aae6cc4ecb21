/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quoting of arguments for whoever reads them. */
#include "base/words.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

static bool is_plain(const char *word)
{
	return word[0] != '\0' &&
	       word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "_-./:=,@%+")] == '\0';
}

/* Between '': what is visible and means itself; all else as $'\xHH' or $'\uHHHH'. */
static void append_quoted(GString *out, const char *word)
{
	const char *end = word + strlen(word);

	g_string_append(out, "$'");
	while (word < end) {
		gunichar c = g_utf8_get_char_validated(word, end - word);
		bool valid = c != (gunichar)-1 && c != (gunichar)-2;
		size_t len = valid ? (size_t)(g_utf8_next_char(word) - word) : 1;
		g_autoptr(GString) shown = g_string_new(NULL);

		if (*word == '\'' || *word == '\\') {
			g_string_append_printf(out, "\\%c", *word);
		} else if (valid && text_append(shown, word, len, 0) == 0) {
			g_string_append(out, shown->str);
		} else if (c == '\n') {
			g_string_append(out, "\\n");
		} else if (c == '\t') {
			g_string_append(out, "\\t");
		} else if (valid && c >= 0x80) {
			g_string_append_printf(out, c > 0xffff ? "\\U%08X" : "\\u%04X", c);
		} else {
			g_string_append_printf(out, "\\x%02X", (unsigned char)*word);
		}
		word += len;
	}
	g_string_append_c(out, '\'');
}

/* 'x' unless something in it is not what it seems. */
static void append_word(GString *out, const char *word)
{
	g_autoptr(GString) shown = g_string_new(NULL);

	if (is_plain(word)) {
		g_string_append(out, word);
	} else if (strchr(word, '\'') == NULL && text_append(shown, word, strlen(word), 0) == 0) {
		g_string_append_printf(out, "'%s'", word);
	} else {
		append_quoted(out, word);
	}
}

void words_append(GString *out, const char **words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (i > 0) {
			g_string_append_c(out, ' ');
		}
		append_word(out, words[i]);
	}
}

static void add_words(GPtrArray *lines, const char *label, const char **words)
{
	GString *line;

	if (words == NULL) {
		return;
	}
	line = g_string_new(label);
	g_string_append_c(line, ' ');
	words_append(line, words);
	g_ptr_array_add(lines, g_string_free(line, FALSE));
}

static void add_word(GPtrArray *lines, const char *label, const char *word)
{
	const char *words[] = {word, NULL};

	if (word != NULL) {
		add_words(lines, label, words);
	}
}

GPtrArray *words_of_exec(const struct plan_exec *exec)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

	add_words(lines, "run", exec->run);
	add_word(lines, "user", exec->user);
	add_word(lines, "directory", exec->directory);
	for (size_t i = 0; exec->env != NULL && exec->env[i] != NULL; i++) {
		add_word(lines, "env", exec->env[i]);
	}
	add_words(lines, "unless", exec->unless);
	add_word(lines, "creates", exec->creates);
	g_ptr_array_add(lines, g_strdup_printf("timeout %" PRId64 "s", exec->timeout));
	return lines;
}

void words_append_section(GString *out, const char *name, const struct plan_exec *exec)
{
	g_autoptr(GPtrArray) lines = words_of_exec(exec);
	const char *words[] = {name, NULL};

	g_string_append(out, "command ");
	words_append(out, words);
	g_string_append_c(out, '\n');
	for (guint i = 0; i < lines->len; i++) {
		g_string_append_printf(out, "+%s\n", (const char *)lines->pdata[i]);
	}
}
