/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of cli/out.c, cli/table.c and cli/problem.c: each prints in a process of its own. */
#include "cli/out.h"

#include <locale.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "cli/problem.h"

static void print_table(enum out_colour colour)
{
	struct out *out = out_new(&(struct out_options){.colour = colour});
	g_autoptr(table_auto) table = table_new("STACK", "STATE", "WHY", NULL);

	table_add(table, "web", "pending", "a reason that nobody cuts when no screen is there",
		  NULL);
	table_add(table, "漢字", NULL, "x\033[2Jy", NULL);
	table_print(table, out);
	out_styled(out, STYLE_BAD, "bad %d", 7);
	out_printf(out, "\n");
	g_assert_true(out_free(out));
}

static void test_a_table_has_columns(void)
{
	if (g_test_subprocess()) {
		print_table(OUT_COLOUR_AUTO);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stdout(
		"*STACK  STATE    WHY\n"
		"web    pending  a reason that nobody cuts when no screen is there\n"
		"漢字   -        x<U+001B>*2Jy\n"
		"bad 7\n*");
}

static void test_an_empty_table_is_nothing(void)
{
	if (g_test_subprocess()) {
		struct out *out = out_new(&(struct out_options){0});
		g_autoptr(table_auto) table = table_new("STACK", NULL);

		table_print(table, out);
		g_assert_true(out_free(out));
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stdout_unmatched("*STACK*");
}

/* What the option and the variables say, and whether there is colour on a pipe. */
static const struct {
	const char *no_color, *force;
	enum out_colour option;
	bool colour;
} colours[] = {
	{NULL, NULL, OUT_COLOUR_AUTO, false}, {NULL, "1", OUT_COLOUR_AUTO, true},
	{NULL, "0", OUT_COLOUR_AUTO, false},  {"1", "1", OUT_COLOUR_AUTO, false},
	{"", "1", OUT_COLOUR_AUTO, true},     {"1", NULL, OUT_COLOUR_ALWAYS, true},
	{NULL, "1", OUT_COLOUR_NEVER, false},
};

static void test_colour_follows_the_rules(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);

	if (g_test_subprocess()) {
		g_unsetenv("NO_COLOR");
		g_unsetenv("CLICOLOR_FORCE");
		if (colours[i].no_color != NULL) {
			g_setenv("NO_COLOR", colours[i].no_color, TRUE);
		}
		if (colours[i].force != NULL) {
			g_setenv("CLICOLOR_FORCE", colours[i].force, TRUE);
		}
		print_table(colours[i].option);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	if (colours[i].colour) {
		g_test_trap_assert_stdout("*\033?1;31mbad 7\033?0m*");
	} else {
		g_test_trap_assert_stdout_unmatched("*\033*");
	}
}

static void test_json_is_one_document(void)
{
	if (g_test_subprocess()) {
		struct out *out =
			out_new(&(struct out_options){.json = true, .colour = OUT_COLOUR_ALWAYS});
		struct json_writer *w = out_json_begin(out);

		json_w_str(w, "x", "a\033b");
		g_assert_true(out_json_end(out, w, NULL));
		out_note(out, "talk is not for programs");
		g_assert_true(out_free(out));
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stdout("*{\"schema_version\":1,\"x\":\"a\\u001bb\"}\n*");
	g_test_trap_assert_stderr_unmatched("*talk*");
}

static void print_error(bool json)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(problem(&error, EXIT_USAGE, "bad-thing", "do this\ninstead",
			       "it is \033 \377 bad"));
	g_assert_cmpint(problem_exit(error), ==, EXIT_USAGE);
	out_error(json, error);
}

static void test_an_error_is_a_line_and_a_hint(void)
{
	if (g_test_subprocess()) {
		print_error(false);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("*assent: it is <U+001B> <FF> bad\ndo this\ninstead\n*");
}

static void test_an_error_is_json(void)
{
	if (g_test_subprocess()) {
		print_error(true);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr(
		"*\"error\":{\"code\":\"bad-thing\",\"message\":\"it is \\u001b * "
		"bad\",\"hint\":\"do this\\ninstead\"}}\n*");
}

static void test_other_errors_are_failures(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(fail(&error, BASE_ERROR, BASE_ERROR_LIMIT, "too large"));
	g_assert_cmpint(problem_exit(error), ==, EXIT_REFUSED);
	g_assert_cmpstr(problem_name(error), ==, "failed");
	g_assert_null(problem_hint(error));
}

int main(int argc, char **argv)
{
	(void)setlocale(LC_ALL, "");
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/out/a-table-has-columns", test_a_table_has_columns);
	g_test_add_func("/out/an-empty-table-is-nothing", test_an_empty_table_is_nothing);
	for (size_t i = 0; i < G_N_ELEMENTS(colours); i++) {
		g_autofree char *name = g_strdup_printf("/out/colour-follows-the-rules/%zu", i);

		g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_colour_follows_the_rules);
	}
	g_test_add_func("/out/json-is-one-document", test_json_is_one_document);
	g_test_add_func("/out/an-error-is-a-line-and-a-hint", test_an_error_is_a_line_and_a_hint);
	g_test_add_func("/out/an-error-is-json", test_an_error_is_json);
	g_test_add_func("/out/other-errors-are-failures", test_other_errors_are_failures);
	return g_test_run();
}
