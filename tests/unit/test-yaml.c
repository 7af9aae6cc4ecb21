/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/yaml.c, yaml-get.c and diag.c. */
#include <string.h>

#include "base/yaml.h"

typedef struct diag_list diags_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(diags_auto, diag_list_clear)

/* The diagnostics for a text that must be refused. */
static char *refused(const char *text, size_t len)
{
	g_auto(diags_auto) diags = {0};
	struct yaml_node *root;

	diag_list_init(&diags);
	root = yaml_parse("f", text, len, &yaml_default_limits, &diags);
	g_assert_null(root);
	g_assert_cmpuint(diags.items->len, >, 0);
	return diag_text(&diags);
}

static void check_refused(const char *text, const char *expected)
{
	g_autofree char *got = refused(text, strlen(text));

	g_assert_cmpstr(got, ==, expected);
}

static struct yaml_node *parsed(const char *text)
{
	g_auto(diags_auto) diags = {0};
	g_autofree char *problems = NULL;
	struct yaml_node *root;

	diag_list_init(&diags);
	root = yaml_parse("f", text, strlen(text), &yaml_default_limits, &diags);
	problems = diag_text(&diags);
	g_assert_cmpstr(problems, ==, "");
	g_assert_nonnull(root);
	return root;
}

static void test_nodes_know_their_place(void)
{
	g_autoptr(yaml_auto) root = parsed("a: 1\nb:\n  - x\n  - {c: 'yes'}\n");
	struct yaml_node *list, *item, *c;

	g_assert_cmpint(root->type, ==, YAML_MAP);
	g_assert_cmpuint(root->keys->len, ==, 2);
	list = yaml_get(root, "b");
	g_assert_cmpint(list->type, ==, YAML_LIST);
	item = list->items->pdata[1];
	g_assert_cmpuint(item->line, ==, 4);
	g_assert_cmpuint(item->column, ==, 5);
	c = yaml_get(item, "c");
	g_assert_true(c->quoted);
	g_assert_cmpstr(c->value, ==, "yes");
	g_assert_cmpuint(c->column, ==, 9);
	g_assert_cmpstr(c->file, ==, "f");
	g_assert_false(yaml_get(root, "a")->quoted);
}

static void test_a_richer_yaml_is_refused(void)
{
	check_refused("a: &x 1\n", "f:1:4: anchors are not supported: repeat the value\n");
	check_refused("a: !!str 1\n",
		      "f:1:4: tags are not supported: quote a text that begins with '!'\n");
	check_refused("a: 1\n---\nb: 2\n", "f:2:1: a second document ('---') is not supported\n");
	check_refused("%YAML 1.1\n---\na: 1\n",
		      "f:1:1: directives (lines with '%') are not supported\n");
	check_refused("? [a]\n: 1\n", "f:1:3: a key must be a word, not a map or list\n");
	check_refused("a: 1\n<<: {b: 1}\n", "f:2:1: merge keys ('<<') are not supported\n");
	check_refused("a: 1\nb: 2\na: 3\n",
		      "f:3:1: duplicate key 'a': it stands in line 1 already\n");
	check_refused("", "f:1:1: the file is empty\n");
	check_refused("# only a comment\n", "f:1:1: the file is empty\n");
	check_refused("\"a\\0b\": 1\n", "f:1:1: a key must not contain a NUL character\n");
}

static void test_all_faults_are_told_at_once(void)
{
	check_refused("a: &x 1\nb: *x\na: !t 2\n",
		      "f:1:4: anchors are not supported: repeat the value\n"
		      "f:2:4: aliases are not supported: repeat the value, or quote a text that "
		      "begins with '*'\n"
		      "f:3:1: duplicate key 'a': it stands in line 1 already\n"
		      "f:3:4: tags are not supported: quote a text that begins with '!'\n");
}

static void test_broken_text_is_refused_with_its_place(void)
{
	g_autofree char *flow = refused("a: [1,\nb: }\n", 12);
	static const char cut[] = "# \xc3\xbc\na: b\nc: \xc3\xbc\xff\n", ctrl[] = "a: b\nc: \x01\n";
	g_autofree char *utf8 = refused(cut, sizeof(cut) - 1);
	g_autofree char *control = refused(ctrl, sizeof(ctrl) - 1);
	g_autofree char *nul = refused("a: 1\nb\0: 2\n", 11);

	g_assert_true(g_str_has_prefix(flow, "f:2:"));
	g_assert_true(g_str_has_prefix(utf8, "f:3:5: not YAML: "));
	g_assert_cmpstr(control, ==, "f:2:4: not YAML: control characters are not allowed\n");
	g_assert_cmpstr(nul, ==, "f:2:2: not YAML: a NUL byte\n");
}

static void test_limits_hold_at_their_edge(void)
{
	const struct yaml_limits limits = {.max_size = 20, .max_depth = 2, .max_nodes = 6};
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{"[[1]]", ""},
		{"[[[1]]]", "f:1:3: nested too deeply\n"},
		{"[1,2,3,4,5]", ""},
		{"[1,2,3,4,5,6]", "f:1:12: too many values in one file\n"},
		{"a: 34567890123456789", ""},
		{"a: 345678901234567890", "f:1:1: the file is too large: 21 bytes, at most 20\n"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(diags_auto) diags = {0};
		g_autoptr(yaml_auto) root = NULL;
		g_autofree char *got = NULL;

		diag_list_init(&diags);
		root = yaml_parse("f", cases[i].text, strlen(cases[i].text), &limits, &diags);
		got = diag_text(&diags);
		g_assert_cmpstr(got, ==, cases[i].problem);
		g_assert_true((root == NULL) == (cases[i].problem[0] != '\0'));
	}
}

static void test_getters_check_types(void)
{
	g_autoptr(yaml_auto) root = parsed("s: text\nq: \"7\"\nn: 7\nneg: -3\noctal: 0640\n"
					   "big: 99999999999999999999\nt: true\ny: yes\n"
					   "tq: \"true\"\nd: 30s\ndd: 5 m\nl: [a, b]\none: a\n"
					   "null: ~\nempty:\nm: {}\nquotednull: \"~\"\n");
	g_auto(diags_auto) diags = {0};
	g_auto(GStrv) two = NULL, one = NULL;
	g_autofree char *problems = NULL;

	diag_list_init(&diags);
	g_assert_cmpstr(yaml_get_string(root, "s", NULL, &diags), ==, "text");
	g_assert_cmpstr(yaml_get_string(root, "absent", "d", &diags), ==, "d");
	g_assert_cmpstr(yaml_get_string(root, "quotednull", NULL, &diags), ==, "~");
	g_assert_cmpint(yaml_get_int(root, "n", 0, 7, 1, &diags), ==, 7);
	g_assert_cmpint(yaml_get_int(root, "neg", -3, 7, 1, &diags), ==, -3);
	g_assert_true(yaml_get_bool(root, "t", false, &diags));
	g_assert_cmpint(yaml_get_duration(root, "d", 1, 60, 1, &diags), ==, 30);
	two = yaml_get_strings(root, "l", &diags);
	one = yaml_get_strings(root, "one", &diags);
	g_assert_cmpuint(g_strv_length(two), ==, 2);
	g_assert_cmpuint(g_strv_length(one), ==, 1);
	g_assert_nonnull(yaml_get_map(root, "m", &diags));
	g_assert_cmpuint(diags.items->len, ==, 0);

	g_assert_null(yaml_get_string(root, "l", NULL, &diags));
	g_assert_null(yaml_get_string(root, "null", NULL, &diags));
	g_assert_null(yaml_get_string(root, "empty", NULL, &diags));
	g_assert_cmpint(yaml_get_int(root, "q", 0, 9, 1, &diags), ==, 1);
	g_assert_cmpint(yaml_get_int(root, "n", 0, 6, 1, &diags), ==, 1);
	g_assert_cmpint(yaml_get_int(root, "octal", 0, 9, 1, &diags), ==, 1);
	g_assert_cmpint(yaml_get_int(root, "big", 0, 9, 1, &diags), ==, 1);
	g_assert_false(yaml_get_bool(root, "y", false, &diags));
	g_assert_false(yaml_get_bool(root, "tq", false, &diags));
	g_assert_cmpint(yaml_get_duration(root, "d", 1, 29, 1, &diags), ==, 1);
	g_assert_cmpint(yaml_get_duration(root, "dd", 1, 999, 1, &diags), ==, 1);
	g_assert_null(yaml_get_map(root, "s", &diags));
	g_assert_null(yaml_get_list(root, "m", &diags));
	g_assert_null(yaml_get_strings(root, "m", &diags));
	problems = diag_text(&diags);
	g_assert_cmpuint(diags.items->len, ==, 14);
	g_assert_nonnull(strstr(problems, "f:10:4: 'd' must be from 1s to 29s\n"));
	g_assert_nonnull(strstr(problems, "f:15:7: 'empty' has no value: "));
	g_assert_nonnull(strstr(problems, "f:8:4: 'y' must be true or false, without quotes\n"));
	g_assert_nonnull(strstr(problems, "f:3:4: 'n' must be from 0 to 6\n"));
	yaml_end(root, NULL, &diags);
	g_assert_cmpuint(diags.items->len, ==, 14);
}

static void test_unknown_keys_are_told_with_the_nearest(void)
{
	static const char *const known[] = {"source", "mode", "owner", NULL};
	g_autoptr(yaml_auto) root = parsed("sorce: 1\nmode: 2\nxyzzy: 3\n");
	g_auto(diags_auto) diags = {0};
	g_autofree char *problems = NULL;

	diag_list_init(&diags);
	g_assert_nonnull(yaml_get(root, "mode"));
	yaml_end(root, known, &diags);
	problems = diag_text(&diags);
	g_assert_cmpstr(problems, ==,
			"f:1:1: unknown key 'sorce': did you mean 'source'?\n"
			"f:3:1: unknown key 'xyzzy'\n");
}

static void test_durations(void)
{
	static const char *const bad[] = {"",	"s",   "30",   "-1s",
					  "1w", "01s", "1.5h", "99999999999d"};
	int64_t s = 0;

	g_assert_true(yaml_duration("0s", &s));
	g_assert_cmpint(s, ==, 0);
	g_assert_true(yaml_duration("5m", &s));
	g_assert_cmpint(s, ==, 300);
	g_assert_true(yaml_duration("2h", &s));
	g_assert_cmpint(s, ==, 7200);
	g_assert_true(yaml_duration("7d", &s));
	g_assert_cmpint(s, ==, 604800);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_false(yaml_duration(bad[i], &s));
	}
}

static void test_diagnostics_are_sorted_bounded_and_printable(void)
{
	g_auto(diags_auto) diags = {0};
	g_autofree char *text = NULL;

	diag_list_init(&diags);
	diag_add(&diags, "b", 1, 1, "third");
	diag_add(&diags, "a", 10, 1, "second");
	diag_add(&diags, "a", 9, 5, "bell \a, escape \033[2J, \xff, \xe2\x80\xae");
	text = diag_text(&diags);
	g_assert_cmpstr(text, ==,
			"a:9:5: bell \\x07, escape \\x1b[2J, \xef\xbf\xbd, \\u202e\n"
			"a:10:1: second\nb:1:1: third\n");
	for (unsigned i = 0; i < 2 * DIAG_MAX; i++) {
		diag_add(&diags, "a", i, 1, "again");
	}
	g_assert_cmpuint(diags.items->len, ==, DIAG_MAX);
	g_assert_cmpstr(((struct diag *)diags.items->pdata[DIAG_MAX - 1])->message, ==,
			"too many problems, the rest is not shown");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/yaml/nodes-know-their-place", test_nodes_know_their_place);
	g_test_add_func("/yaml/a-richer-yaml-is-refused", test_a_richer_yaml_is_refused);
	g_test_add_func("/yaml/all-faults-are-told-at-once", test_all_faults_are_told_at_once);
	g_test_add_func("/yaml/broken-text-is-refused-with-its-place",
			test_broken_text_is_refused_with_its_place);
	g_test_add_func("/yaml/limits-hold-at-their-edge", test_limits_hold_at_their_edge);
	g_test_add_func("/yaml/getters-check-types", test_getters_check_types);
	g_test_add_func("/yaml/unknown-keys-are-told-with-the-nearest",
			test_unknown_keys_are_told_with_the_nearest);
	g_test_add_func("/yaml/durations", test_durations);
	g_test_add_func("/yaml/diagnostics-are-sorted-bounded-and-printable",
			test_diagnostics_are_sorted_bounded_and_printable);
	return g_test_run();
}
