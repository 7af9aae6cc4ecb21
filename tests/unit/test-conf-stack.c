/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what a stack's configuration says of drift, suspension, order and signatures. */
#include <string.h>

#include "conf-place.h"

static void test_reconcile_keys_are_read(void)
{
	const char *text =
		"agent: a\n" PEOPLE "retention: {plans: 3, age: 1d}\n"
		"stacks:\n"
		"  base: {source: {url: \"https://h/r.git\"}, approval: {from: [alice]}}\n"
		"  web:\n"
		"    source: {url: \"https://h/r.git\", fallbacks: [\"https://m/r.git\"],\n"
		"      verify: all, signers: s, signatures: 2}\n"
		"    approval: {from: [alice]}\n"
		"    after: [base]\n"
		"    on-drift: fix\n"
		"    drift-rules:\n"
		"      - {path: \"/x/**\", fields: [mode], on-drift: ignore}\n"
		"    suspend: {until: true, longest: 1h}\n";
	struct place p = place_new(text);
	g_autoptr(conf_auto) conf = load_good(&p);
	const struct conf_stack *web = g_ptr_array_index(conf->stacks, 1);
	const struct conf_drift_rule *rule = g_ptr_array_index(web->drift_rules, 0);

	g_assert_cmpint(conf->retention.plans, ==, 3);
	g_assert_cmpint(conf->retention.age, ==, 86400);
	g_assert_cmpstr(web->source.fallbacks[0], ==, "https://m/r.git");
	g_assert_cmpstr(web->source.verify, ==, "all");
	g_assert_cmpint(web->source.signatures, ==, 2);
	g_assert_cmpstr(web->after[0], ==, "base");
	g_assert_cmpstr(web->on_drift, ==, "fix");
	g_assert_cmpstr(rule->path, ==, "/x/**");
	g_assert_cmpstr(rule->fields[0], ==, "mode");
	g_assert_cmpstr(rule->on_drift, ==, "ignore");
	g_assert_true(web->suspend.until);
	g_assert_cmpint(web->suspend.longest, ==, 3600);
	place_free(&p);
}

static void test_problems_are_named(void)
{
#define STACK "    source: {url: \"https://h/r.git\"}\n    approval: {from: [alice]}\n"
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{"  web:\n" STACK "    after: [gone]\n", "there is no stack 'gone'"},
		{"  web:\n" STACK "    after: [web]\n", "stack 'web' waits for itself"},
		{"  a:\n" STACK "    after: [b]\n  b:\n" STACK "    after: [c]\n  c:\n" STACK
		 "    after: [a]\n",
		 "stack 'b' waits for itself"},
		{"  web:\n" STACK "    drift-rules: [{on-drift: fix}]\n", "says what it is for"},
		{"  web:\n" STACK "    drift-rules: [{path: /x}]\n", "'on-drift' is missing"},
		{"  web:\n" STACK
		 "    drift-rules: [{path: /x, fields: [colour], on-drift: fix}]\n",
		 "fields"},
		{"  web:\n    source: {url: \"https://h/r.git\", verify: head}\n"
		 "    approval: {from: [alice]}\n",
		 "'verify' needs 'signers' or 'openpgp-keys'"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
			g_strconcat("agent: a\n" PEOPLE "stacks:\n", cases[i].text, NULL);
		struct place p = place_new(text);
		g_autofree char *problems = NULL;

		g_assert_null(load(&p, &problems));
		g_test_message("%s", problems);
		g_assert_nonnull(strstr(problems, cases[i].problem));
		place_free(&p);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/conf-stack/keys-are-read", test_reconcile_keys_are_read);
	g_test_add_func("/conf-stack/problems-are-named", test_problems_are_named);
	return g_test_run();
}
