/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of cli/command.c: the table is sane, commands are found, operands are counted. */
#include "cli/command.h"

#include <string.h>

static bool run_nothing(struct cli *cli, int argc, char **argv, GError **error)
{
	return true;
}

static const struct command log_table[] = {
	{"verify", run_nothing, 0, "DIR", "Verify", NULL},
	{NULL},
};
static const struct command keys_table[] = {
	{"list", run_nothing, 0, "", "List", NULL},
	{NULL},
};
static const struct command table[] = {
	{"status", run_nothing, 0, "[STACK]", "Status", NULL},
	{"log", run_nothing, 0, "[N]", "Log", log_table},
	{"keys", NULL, 0, "", "Keys", keys_table},
	{NULL},
};

static const struct command *find(const char *line, int *used, GError **error)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	g_autoptr(GString) path = g_string_new(NULL);

	return command_find(table, (int)g_strv_length(words), words, used, path, error);
}

static void test_rows_are_found(void)
{
	int used = 0;

	g_assert_true(find("status web", &used, NULL) == &table[0]);
	g_assert_cmpint(used, ==, 1);
	g_assert_true(find("log", &used, NULL) == &table[1]);
	g_assert_true(find("log 7", &used, NULL) == &table[1]);
	g_assert_cmpint(used, ==, 1);
	g_assert_true(find("log verify x", &used, NULL) == &log_table[0]);
	g_assert_cmpint(used, ==, 2);
	g_assert_true(find("keys", &used, NULL) == &table[2]);
}

static void test_the_nearest_is_suggested(void)
{
	static const struct {
		const char *line, *hint;
	} rows[] = {
		{"stauts", "did you mean 'assent status'?"},
		{"keys lisst", "did you mean 'assent keys list'?"},
		{"frobnicate", "'assent --help' lists the commands"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		int used = 0;

		g_assert_null(find(rows[i].line, &used, &error));
		g_assert_error(error, PROBLEM, EXIT_USAGE);
		g_assert_cmpstr(problem_hint(error), ==, rows[i].hint);
	}
}

static void test_operands_are_counted(void)
{
	static const struct {
		const char *args;
		int least, most;
	} rows[] = {{"", 0, 0},		{"PLAN", 1, 1},
		    {"[STACK]", 0, 1},	{"PLAN [PERSON]", 1, 2},
		    {"FILE...", 1, -1}, {"[FILE...]", 0, -1}};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		int least = -2, most = -2;

		command_operands(rows[i].args, &least, &most);
		g_assert_cmpint(least, ==, rows[i].least);
		g_assert_cmpint(most, ==, rows[i].most);
	}
}

static void check_rows(const struct command *rows, const char *group)
{
	for (const struct command *c = rows; c->name != NULL; c++) {
		g_assert_true(c->run != NULL || c->members != NULL);
		g_assert_nonnull(c->args);
		g_assert_cmpuint(strlen(c->summary), >, 5);
		g_assert_cmpuint(strlen(c->summary), <, 70);
		g_assert_false(g_str_has_suffix(c->summary, "."));
		for (const struct command *d = rows; d != c; d++) {
			g_assert_cmpstr(c->name, !=, d->name);
		}
		if (c->members != NULL) {
			g_assert_null(group);
			check_rows(c->members, c->name);
		}
	}
}

static void test_the_table_is_sane(void)
{
	check_rows(command_table, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/command/rows-are-found", test_rows_are_found);
	g_test_add_func("/command/the-nearest-is-suggested", test_the_nearest_is_suggested);
	g_test_add_func("/command/operands-are-counted", test_operands_are_counted);
	g_test_add_func("/command/the-table-is-sane", test_the_table_is_sane);
	return g_test_run();
}
