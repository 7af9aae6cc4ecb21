/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/template.c. */
#include <string.h>

#include "base/template.h"

struct record {
	GString *problems;
};

static const char *lookup(const char *name, void *data)
{
	if (strcmp(name, "a") == 0) {
		return "${b}";
	}
	return strcmp(name, "label.rack-no") == 0 ? "7" : NULL;
}

static void problem(unsigned line, unsigned column, const char *message, void *data)
{
	struct record *r = data;

	g_string_append_printf(r->problems, "%u:%u %s\n", line, column, message);
}

static char *expand(const char *text, size_t max, char **problems)
{
	struct record r = {.problems = g_string_new(NULL)};
	const struct template_source source = {
		.lookup = lookup, .problem = problem, .data = &r, .max = max};
	char *out = template_expand(text, strlen(text), &source, NULL);

	*problems = g_string_free(r.problems, FALSE);
	g_assert_true((out == NULL) == ((*problems)[0] != '\0'));
	return out;
}

static void check(const char *text, const char *expected, const char *expected_problems)
{
	g_autofree char *problems = NULL, *out = expand(text, 100, &problems);

	g_assert_cmpstr(out, ==, expected);
	g_assert_cmpstr(problems, ==, expected_problems);
}

static void test_names_are_replaced(void)
{
	check("", "", "");
	check("$", "$", "");
	check("$$ $a ${a}$", "$$ $a ${b}$", "");
	check("${label.rack-no}", "7", "");
	check("$${a} $$${a} {}", "${a} $${a} {}", "");
}

static void test_faults_have_their_place(void)
{
	static const char syntax[] =
		"'${' is not followed by a name and '}': a literal '${' is written '$${'";
	g_autofree char *first = g_strdup_printf("1:1 %s\n", syntax);
	g_autofree char *later = g_strdup_printf("2:2 %s\n2:6 unknown variable 'x'\n", syntax);

	check("${", NULL, first);
	check("${}", NULL, first);
	check("${a", NULL, first);
	check("${a b}", NULL, first);
	check("a\n\xc3\xa4${ }${x}", NULL, later);
	check("${x}\n${y}", NULL, "1:1 unknown variable 'x'\n2:1 unknown variable 'y'\n");
}

static void test_the_result_is_bounded(void)
{
	g_autofree char *none = NULL, *some = NULL;
	g_autofree char *good = expand("${a}${a}", 8, &none);
	g_autofree char *bad = expand("${a}${a}", 7, &some);

	g_assert_cmpstr(good, ==, "${b}${b}");
	g_assert_null(bad);
	g_assert_cmpstr(some, ==, "1:9 too long after its variables were put in\n");
}

static void test_what_is_text(void)
{
	g_assert_true(template_is_text("", 0));
	g_assert_true(template_is_text("\xc3\xa4\n\x01", 4));
	g_assert_false(template_is_text("a\0b", 3));
	g_assert_false(template_is_text("\xff", 1));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/template/names-are-replaced", test_names_are_replaced);
	g_test_add_func("/template/faults-have-their-place", test_faults_have_their_place);
	g_test_add_func("/template/the-result-is-bounded", test_the_result_is_bounded);
	g_test_add_func("/template/what-is-text", test_what_is_text);
	return g_test_run();
}
