/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/text.c. */
#include "base/text.h"

#include <string.h>

static void test_what_misleads_is_escaped(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"plain /etc/x", "plain /etc/x"},   {"grün 漢字 é", "grün 漢字 é"},
		{"\033[31mred", "<U+001B>[31mred"}, {"a\nb\r", "a<U+000A>b<U+000D>"},
		{"tab\there", "tab<U+0009>here"},   {"\177", "<U+007F>"},
		{"\302\233", "<U+009B>"},	   /* C1: a terminal's CSI */
		{"a\342\200\256b", "a<U+202E>b"},  /* right-to-left override */
		{"a\342\201\246b", "a<U+2066>b"},  /* isolate */
		{"a\342\200\213b", "a<U+200B>b"},  /* zero width space */
		{"a\302\240b", "a<U+00A0>b"},	   /* no-break space */
		{"a\343\205\244b", "a<U+3164>b"},  /* Hangul filler */
		{"a\357\270\217", "a<U+FE0F>"},	   /* variation selector */
		{"\363\240\201\201", "<U+E0041>"}, /* tag character */
		{"\356\200\200", "<U+E000>"},	   /* private use */
		{"bad \377 byte", "bad <FF> byte"}, {"cut \342\200", "cut <E2><80>"},
		{"\355\240\200", "<ED><A0><80>"}, /* a surrogate in UTF-8 */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *got = text_escape(rows[i].text, -1, 0);

		g_assert_cmpstr(got, ==, rows[i].want);
	}
}

static void test_flags_and_lengths(void)
{
	g_autofree char *tabs = text_escape("a\tb", -1, TEXT_TABS);
	g_autofree char *ascii = text_escape("gr\303\274n", -1, TEXT_ASCII);
	g_autofree char *nul = text_escape("a\0b", 3, 0);
	g_autofree char *none = text_escape(NULL, -1, 0);
	g_autoptr(GString) counted = g_string_new(NULL);

	g_assert_cmpstr(tabs, ==, "a\tb");
	g_assert_cmpstr(ascii, ==, "gr<U+00FC>n");
	g_assert_true(strstr(nul, "<") != NULL && nul[0] == 'a' && strchr(nul, 'b') != NULL);
	g_assert_cmpstr(none, ==, "");
	g_assert_cmpuint(text_append(counted, "\1x\377", 3, 0), ==, 2);
}

/* Whoever writes French has no-break spaces in sentences; elsewhere they are as odd as ever. */
static void test_sentences(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"plan\302\240: non", "plan : non"},
		{"vraiment\342\200\257?", "vraiment ?"},
		{"\302\253\302\240a\302\240\302\273", "\302\253 a \302\273"},
		{"a\302\240b", "a<U+00A0>b"},
		{"a\302\240", "a<U+00A0>"},
		{"a\342\200\203:", "a<U+2003>:"}, /* an em space is nobody's */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *got = text_escape(rows[i].text, -1, TEXT_SENTENCE);

		g_assert_cmpstr(got, ==, rows[i].want);
	}
}

static void test_columns_are_counted_and_cut(void)
{
	g_autofree char *cut = text_cut("abcdef", 4, false);
	g_autofree char *wide = text_cut("漢字漢字", 5, false);
	g_autofree char *whole = text_cut("abc", 3, false);
	g_autofree char *ascii = text_cut("abcdef", 4, true);

	g_assert_cmpuint(text_width("漢字"), ==, 4);
	g_assert_cmpuint(text_width("e\314\201"), ==, 1);
	g_assert_cmpstr(cut, ==, "abc…");
	g_assert_cmpstr(wide, ==, "漢字…");
	g_assert_cmpstr(whole, ==, "abc");
	g_assert_cmpstr(ascii, ==, "abc~");
}

static void test_durations_and_ages(void)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} rows[] = {{-5, "0s"},	    {0, "0s"},	  {119, "119s"},   {120, "2m"},
		    {7199, "119m"}, {7200, "2h"}, {172799, "47h"}, {172800, "2d"}};
	g_autofree char *past = text_age(1000, 1300), *future = text_age(8200, 1000),
			*now = text_age(7, 7);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *got = text_duration(rows[i].seconds);

		g_assert_cmpstr(got, ==, rows[i].want);
	}
	g_assert_cmpstr(past, ==, "5m ago");
	g_assert_cmpstr(future, ==, "in 2h");
	g_assert_cmpstr(now, ==, "now");
}

static void test_times_are_read(void)
{
	int64_t when = 0;

	g_assert_true(text_parse_time("2026-01-01T00:00:00Z", &when));
	g_assert_cmpint(when, ==, 1767225600);
	g_assert_false(text_parse_time("yesterday", &when));
	g_assert_false(text_parse_time("", &when));
}

static void test_ids_are_shortened(void)
{
	g_autofree char *plan = text_short_id("sha256:0123456789abcdef0123");
	g_autofree char *commit = text_short_id("fedcba98765432100");
	g_autofree char *tiny = text_short_id("abc");

	g_assert_cmpstr(plan, ==, "0123456789ab");
	g_assert_cmpstr(commit, ==, "fedcba987654");
	g_assert_cmpstr(tiny, ==, "abc");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/what-misleads-is-escaped", test_what_misleads_is_escaped);
	g_test_add_func("/text/flags-and-lengths", test_flags_and_lengths);
	g_test_add_func("/text/spaces-of-sentences", test_sentences);
	g_test_add_func("/text/columns-are-counted-and-cut", test_columns_are_counted_and_cut);
	g_test_add_func("/text/durations-and-ages", test_durations_and_ages);
	g_test_add_func("/text/times-are-read", test_times_are_read);
	g_test_add_func("/text/ids-are-shortened", test_ids_are_shortened);
	return g_test_run();
}
