/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Reads a page as a strict reader does and fails the test for anything that
 * pages do not have: scripts, foreign resources, event handlers, styles of
 * their own, links that leave the agent.
 *
 *	struct markup m;
 *	markup_check(&m, text, len);
 *	...m.text (all texts, a newline after each element), m.elements...
 *	markup_clear(&m);
 */
#include <glib.h>
#include <string.h>

struct markup {
	GString *text;
	GHashTable *elements; /* name to count */
	GHashTable *ids;
	unsigned style;
};

static inline gboolean markup_is_one_of(const char *name, const char *list)
{
	g_auto(GStrv) names = g_strsplit(list, " ", -1);

	return g_strv_contains((const char *const *)names, name);
}

static inline void markup_start(GMarkupParseContext *context, const char *name,
				const char **attributes, const char **values, gpointer user,
				GError **error)
{
	struct markup *m = user;

	(void)context;
	(void)error;
	if (!markup_is_one_of(name,
			      "html head meta title style body header main section div h1 h2 h3 p "
			      "a ul ol li dl dt dd table caption thead tbody tr th td span b "
			      "strong code del ins time details summary form input label "
			      "textarea button br")) {
		g_error("a page has the element <%s>", name);
	}
	for (size_t i = 0; attributes[i] != NULL; i++) {
		if (!markup_is_one_of(
			    attributes[i],
			    "lang charset name content class id role href scope colspan "
			    "datetime type value for checked method action maxlength open "
			    "tabindex aria-label")) {
			g_error("a page has the attribute %s", attributes[i]);
		}
		if (strcmp(attributes[i], "href") == 0 || strcmp(attributes[i], "action") == 0) {
			g_assert_null(strchr(values[i], ':')); // relative, no javascript:
			g_assert_false(g_str_has_prefix(values[i], "/"));
		}
		if (strcmp(attributes[i], "id") == 0) {
			g_assert_true(g_hash_table_add(m->ids, g_strdup(values[i])));
		}
	}
	m->style += strcmp(name, "style") == 0;
	g_hash_table_insert(
		m->elements, g_strdup(name),
		GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(m->elements, name)) + 1));
}

static inline void markup_text(GMarkupParseContext *context, const char *text, gsize len,
			       gpointer user, GError **error)
{
	struct markup *m = user;

	(void)error;
	if (strcmp(g_markup_parse_context_get_element(context), "style") != 0) {
		g_string_append_len(m->text, text, (gssize)len);
	}
}

static inline void markup_end(GMarkupParseContext *context, const char *name, gpointer user,
			      GError **error)
{
	(void)context;
	(void)error;
	if (!markup_is_one_of(name, "span b strong code del ins a time")) {
		g_string_append_c(((struct markup *)user)->text, '\n');
	}
}

static inline void markup_check(struct markup *m, const char *text, size_t len)
{
	static const GMarkupParser parser = {markup_start, markup_end, markup_text, NULL, NULL};
	GMarkupParseContext *context;
	GError *error = NULL;

	*m = (struct markup){.text = g_string_new(NULL)};
	m->elements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	m->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_assert_cmpuint(strlen(text), ==, len);
	g_assert_true(g_utf8_validate(text, (gssize)len, NULL));
	g_assert_true(g_str_has_prefix(text, "<!DOCTYPE html>\n"));
	context = g_markup_parse_context_new(&parser, 0, m, NULL);
	if (!g_markup_parse_context_parse(context, text, (gssize)len, &error) ||
	    !g_markup_parse_context_end_parse(context, &error)) {
		g_error("%s", error->message);
	}
	g_markup_parse_context_free(context);
	g_assert_cmpuint(m->style, ==, 1);
}

static inline unsigned markup_count(const struct markup *m, const char *name)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(m->elements, name));
}

static inline gboolean markup_says(const struct markup *m, const char *text)
{
	return strstr(m->text->str, text) != NULL;
}

static inline void markup_clear(struct markup *m)
{
	g_string_free(m->text, TRUE);
	g_hash_table_unref(m->elements);
	g_hash_table_unref(m->ids);
}
