/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/http/html.c. */
#include "agent/http/html.h"

#include <string.h>

static void expect(struct html *h, const char *want)
{
	size_t len;
	g_autofree char *text = html_finish(h, &len);

	g_assert_cmpstr(text, ==, want);
	g_assert_cmpuint(len, ==, strlen(want));
	g_assert_true(g_utf8_validate(text, (gssize)len, NULL));
}

static void test_texts_are_escaped(void)
{
	struct html *h = html_new();

	html_open(h, "p", NULL);
	html_text(h, "<script>alert(\"1\" & '2')</script>");
	html_close(h, "p");
	expect(h, "<p>&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;</p>");
}

static void test_attributes_are_escaped(void)
{
	struct html *h = html_new();

	html_void(h, "input", "name", "x", "value", "\"><b onclick='x'>\xe2\x80\xae", NULL);
	html_leaf(h, "b", "c", "x");
	expect(h,
	       "<input name=\"x\" value=\"&quot;&gt;&lt;b onclick=&#39;x&#39;&gt;&lt;U+202E&gt;\"/>"
	       "<b class=\"c\">x</b>");
}

static void test_what_misleads_is_marked(void)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
	} rows[] = {
		{"a\xe2\x80\xae"
		 "b",
		 5, "a<span class=\"odd\">&lt;U+202E&gt;</span>b"},
		{"a\xe2\x80\x8b", 4, "a<span class=\"odd\">&lt;U+200B&gt;</span>"},
		{"\0x", 2, "<span class=\"odd\">&lt;U+0000&gt;</span>x"},
		{"\x1b[1m", 4, "<span class=\"odd\">&lt;U+001B&gt;</span>[1m"},
		{"\xff\xfe", 2,
		 "<span class=\"odd\">&lt;FF&gt;</span><span class=\"odd\">&lt;FE&gt;</span>"},
		{"\xe2\x80", 2,
		 "<span class=\"odd\">&lt;E2&gt;</span><span class=\"odd\">&lt;80&gt;</span>"},
		{"<U+202E>", 8, "&lt;U+202E&gt;"}, // a text cannot look like the mark
		{"gr\xc3\xbcn \xe6\xbc\xa2", 9, "gr\xc3\xbcn \xe6\xbc\xa2"},
		{"a\tb", 3, "a\tb"},
		{"a\nb", 3, "a<span class=\"odd\">&lt;U+000A&gt;</span>b"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct html *h = html_new();

		html_bytes(h, rows[i].text, rows[i].len, true);
		g_assert_cmpint(html_odd(h) > 0, ==, strstr(rows[i].want, "odd") != NULL);
		expect(h, rows[i].want);
	}
}

static void test_any_bytes_give_a_document(void)
{
	struct html *h = html_new();
	g_autofree char *text = NULL;
	char bytes[256];
	size_t len;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (char)i;
	}
	html_bytes(h, bytes, sizeof(bytes), false);
	g_assert_cmpuint(html_odd(h), ==, 32 + 1 + 128);
	text = html_finish(h, &len);
	g_assert_true(g_utf8_validate(text, (gssize)len, NULL));
}

static void test_a_format_is_escaped_as_a_whole(void)
{
	struct html *h = html_new();

	html_say(h, "%d <%s>", 7, "&");
	expect(h, "7 &lt;&amp;&gt;");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/html/texts-are-escaped", test_texts_are_escaped);
	g_test_add_func("/html/attributes-are-escaped", test_attributes_are_escaped);
	g_test_add_func("/html/what-misleads-is-marked", test_what_misleads_is_marked);
	g_test_add_func("/html/any-bytes-give-a-document", test_any_bytes_give_a_document);
	g_test_add_func("/html/a-format-is-escaped-as-a-whole",
			test_a_format_is_escaped_as_a_whole);
	return g_test_run();
}
