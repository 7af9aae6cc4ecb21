/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the names that come near command lines. */
#include "desired/names.h"

#include <string.h>

static void test_packages(void)
{
	static const char *const good[] = {
		"a",	      "nginx",	      "libstdc++6", "g++",   "python3.11-dev",
		"libc6:i386", "glibc.x86_64", "7zip",	    "a:any", "Mesa_dri",
		"x:linux-any"};
	static const char *const bad[] = {
		"",	"-y",  "--force", "a b", "a=1", "a/stable", "a*",   "a?",    "a;b",
		"a\nb", "a-",  ".a",	  "+a",	 "a:",	":a",	    "a:-x", "a:b:c", "$a",
		"a,b",	"a~b", "a:b-",	  "a'",	 "a\"", "a(b)",	    "^a",   "a\\",   "\xc3\xa9"};
	g_autofree char *longest = g_strnfill(NAMES_MAX, 'a');
	g_autofree char *longer = g_strnfill(NAMES_MAX + 1, 'a');

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_assert_cmpstr(names_package_problem(good[i], NULL), ==, NULL);
		g_assert_cmpstr(names_package_problem(good[i], "apt"), ==, NULL);
		g_assert_true((strchr(good[i], ':') == NULL) ==
			      (names_package_problem(good[i], "dnf") == NULL));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_nonnull(names_package_problem(bad[i], NULL));
	}
	g_assert_null(names_package_problem(longest, NULL));
	g_assert_nonnull(names_package_problem(longer, NULL));
}

static void test_conditions(void)
{
	static const char *const good[][2] = {
		{"1", "=1"},
		{"=1", "=1"},
		{">= 1.22 ,<2", ">=1.22, <2"},
		{"<=2:1.0~rc1-3+b1", "<=2:1.0~rc1-3+b1"},
		{">1^git5_a", ">1^git5_a"},
	};
	static const char *const bad[] = {"",	 ",",  "1,",  ",1",  "==1", "=>1",
					  "!=1", "~1", "=-1", "= ",  "1 2", "1;2",
					  "1*",	 ">",  "$x",  "1\n", "<>1", "1,,2"};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		const char *problem = NULL;
		g_autofree char *got = names_conditions(good[i][0], &problem);

		g_assert_cmpstr(got, ==, good[i][1]);
		g_assert_null(problem);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		const char *problem = NULL;
		g_autofree char *got = names_conditions(bad[i], &problem);

		if (strcmp(bad[i], "1\n") == 0) {
			/* White space at its ends is none of a version's. */
			g_assert_cmpstr(got, ==, "=1");
			continue;
		}
		g_assert_cmpstr(got, ==, NULL);
		g_assert_nonnull(problem);
	}
}

static void test_units(void)
{
	static const char *const good[][3] = {
		{"app", "app.service", NULL},
		{"app.v2", "app.v2.service", NULL},
		{"app.timer", "app.timer", NULL},
		{"a@b", "a@b.service", "a@.service"},
		{"a@b.c@d.socket", "a@b.c@d.socket", "a@.socket"},
		{"a@", "a@.service", NULL},
		{"srv-x\\x2dy.mount", "srv-x\\x2dy.mount", NULL},
		{"dbus-org.freedesktop.x1", "dbus-org.freedesktop.x1.service", NULL},
	};
	static const char *const bad[] = {"",	  "-x",	 ".service", "@a",	"a b",	"a/b",
					  "../a", "a\\", "a\\x2",    "a\\n",	"a*",	"a?",
					  "a[b]", "a;b", "a.device", "a.scope", "a\nb", "\\x2da",
					  "a%i",  "a,b", "\xc3\xa9"};
	g_autofree char *long_name = g_strnfill(NAMES_MAX - 7, 'a');
	const char *ignored = NULL;
	g_autofree char *too_long = names_unit(long_name, &ignored);

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		const char *problem = NULL;
		g_autofree char *got = names_unit(good[i][0], &problem);
		g_autofree char *template = names_unit_template(got);

		g_assert_cmpstr(got, ==, good[i][1]);
		g_assert_cmpstr(template, ==, good[i][2]);
		g_assert_true(names_unit_is_template(got) == (strcmp(good[i][0], "a@") == 0));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		const char *problem = NULL;

		g_assert_null(names_unit(bad[i], &problem));
		g_assert_nonnull(problem);
	}
	g_assert_null(too_long);
}

static void test_other_names(void)
{
	g_assert_null(names_command_problem("migrate-2.x_y"));
	g_assert_nonnull(names_command_problem(""));
	g_assert_nonnull(names_command_problem("-x"));
	g_assert_nonnull(names_command_problem("a/b"));
	g_assert_nonnull(names_command_problem("a:b"));
	g_assert_true(names_env_is_valid("_A1"));
	g_assert_false(names_env_is_valid(""));
	g_assert_false(names_env_is_valid("1A"));
	g_assert_false(names_env_is_valid("A=B"));
	g_assert_true(names_account_is_valid("www-data"));
	g_assert_true(names_account_is_valid("0"));
	g_assert_false(names_account_is_valid("4294967295"));
	g_assert_false(names_account_is_valid("-x"));
	g_assert_false(names_account_is_valid(""));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/names/packages", test_packages);
	g_test_add_func("/names/conditions", test_conditions);
	g_test_add_func("/names/units", test_units);
	g_test_add_func("/names/others", test_other_names);
	return g_test_run();
}
