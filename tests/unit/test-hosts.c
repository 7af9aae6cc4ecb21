/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of desired/hosts.c. */
#include "desired/hosts.h"

static void test_globs(void)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{"", "", true},		  {"", "a", false},	  {"*", "", true},
		{"*", "abc", true},	  {"a*c", "abbc", true},  {"a*c", "abcd", false},
		{"a?c", "abc", true},	  {"a?c", "ac", false},	  {"*b*", "abc", true},
		{"a*b*c", "axbxc", true}, {"web", "web1", false}, {"A", "a", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_true(hosts_glob(cases[i].pattern, cases[i].text) == cases[i].match);
	}
}

/* A matcher that tries every way would never come back from this. */
static void test_a_hostile_glob_ends(void)
{
	g_autoptr(GString) pattern = g_string_new(NULL), text = g_string_new(NULL);

	for (unsigned i = 0; i < 400; i++) {
		g_string_append(pattern, "a*");
		g_string_append(text, "aaaaa");
	}
	g_string_append_c(pattern, 'b');
	g_assert_false(hosts_glob(pattern->str, text->str));
}

static void test_terms(void)
{
	static const struct desired_label labels[] = {{"role", "web"}, {"env", "prod"}};
	const struct desired_env env = {
		.agent = "web1.example.org", .labels = labels, .n_labels = 2};
	static const struct {
		const char *term;
		bool match;
	} cases[] = {
		{"web1.example.org", true},
		{"*.example.org", true},
		{"web1", false},
		{"role=web", true},
		{" role = w* ", true},
		{"role=db", false},
		{"rack=*", false},
		{"not rack=*", true},
		{"not role=web", false},
		{"role=web & env=prod", true},
		{"role=web&env=test", false},
		{"web* & not env=test", true},
		{"not web* & env=prod", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *terms[] = {(char *)cases[i].term, NULL};
		g_autofree char *problem = hosts_term_problem(cases[i].term);

		g_assert_null(problem);
		g_assert_true(hosts_match(terms, &env) == cases[i].match);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/hosts/globs", test_globs);
	g_test_add_func("/hosts/a-hostile-glob-ends", test_a_hostile_glob_ends);
	g_test_add_func("/hosts/terms", test_terms);
	return g_test_run();
}
