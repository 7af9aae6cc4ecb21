/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the values that Kubernetes' documents are read into. */
#include "kube/value.h"

#include <string.h>

#include "base/error.h"
#include "base/yaml.h"

static struct kube_value *parsed(const char *text)
{
	g_autoptr(GError) error = NULL;
	struct kube_value *value = NULL;
	bool ok = kube_value_parse(text, strlen(text), KUBE_VALUE_MAX_SIZE, &value, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	return value;
}

static char *canonical(const struct kube_value *value)
{
	size_t len;
	char *text = kube_value_canonical(value, &len);

	g_assert_cmpuint(strlen(text), ==, len);
	return text;
}

static void test_canonical(void)
{
	static const char *const cases[][2] = {
		{" { \"b\" : 1 , \"a\" : [ true , false , null , { } , [ ] ] } ",
		 "{\"a\":[true,false,null,{},[]],\"b\":1}"},
		{"9223372036854775807", "9223372036854775807"},
		{"-18446744073709551616", "-18446744073709551616"},
		{"[1.50,1e3,-0.0E+7,0]", "[1.50,1e3,-0.0E+7,0]"},
		{"\"\\u0041\\/\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f\"",
		 "\"A/\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\""},
		{"\"\\ud83d\\ude00 \xc3\xa9 \\u00e9\"", "\"\xf0\x9f\x98\x80 \xc3\xa9 \xc3\xa9\""},
		{"\"a\\u0000b\"", "\"a\\u0000b\""},
		{"\"\"", "\"\""},
		{"{\"\xc3\xa9\":1,\"z\":2,\"\":3}", "{\"\":3,\"z\":2,\"\xc3\xa9\":1}"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_value_auto) value = parsed(cases[i][0]);
		g_autofree char *text = canonical(value);
		g_autoptr(kube_value_auto) again = parsed(text);
		g_autoptr(kube_value_auto) copy = kube_value_dup(value);

		g_assert_cmpstr(text, ==, cases[i][1]);
		g_assert_true(kube_value_equal(value, again));
		g_assert_true(kube_value_equal(value, copy));
	}
}

static void test_refused(void)
{
	static const char *const cases[] = {
		"",
		" ",
		"{",
		"[",
		"[1",
		"[1,",
		"[1,]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":1,\"a\":1}",
		"{\"a\":1,\"b\":2,\"\\u0061\":3}",
		"{\"a\\u0000\":1}",
		"01",
		"-",
		"-01",
		"1.",
		".5",
		"1e",
		"1e+",
		"+1",
		"0x1",
		"NaN",
		"tru",
		"nul",
		"True",
		"\"",
		"\"a",
		"\"\\",
		"\"\\\"",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"\\ud83d\"",
		"\"\\ud83dx\"",
		"\"\\ud83d\\u0041\"",
		"\"\\ude00\"",
		"\"\n\"",
		"\"\x01\"",
		"\"\xff\"",
		"\"\xc0\x80\"",
		"\"\xed\xa0\x80\"",
		"1 2",
		"{}x",
		"\xef\xbb\xbf{}",
		"'a'",
		"/**/1",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		struct kube_value *value = NULL;

		g_test_message("case %zu", i);
		g_assert_false(kube_value_parse(cases[i], strlen(cases[i]), KUBE_VALUE_MAX_SIZE,
						&value, &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
		g_assert_null(value);
	}
}

static bool nested(unsigned depth, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(kube_value_auto) value = NULL;

	for (unsigned i = 0; i < depth; i++) {
		g_string_append(text, i % 2 == 0 ? "[" : "{\"a\":");
	}
	g_string_append(text, "1");
	for (unsigned i = depth; i-- > 0;) {
		g_string_append(text, i % 2 == 0 ? "]" : "}");
	}
	return kube_value_parse(text->str, text->len, KUBE_VALUE_MAX_SIZE, &value, error);
}

static void test_limits(void)
{
	g_autoptr(GError) deep = NULL, many = NULL, large = NULL;
	g_autoptr(kube_value_auto) value = NULL;
	g_autoptr(GString) text = g_string_new("[");

	g_assert_true(nested(KUBE_VALUE_MAX_DEPTH, NULL));
	g_assert_false(nested(KUBE_VALUE_MAX_DEPTH + 1, &deep));
	g_assert_error(deep, BASE_ERROR, BASE_ERROR_LIMIT);

	for (unsigned i = 0; i < KUBE_VALUE_MAX_NODES; i++) {
		g_string_append(text, i > 0 ? ",1" : "1");
	}
	g_string_append(text, "]");
	g_assert_false(kube_value_parse(text->str, text->len, KUBE_VALUE_MAX_SIZE, &value, &many));
	g_assert_error(many, BASE_ERROR, BASE_ERROR_LIMIT);

	g_assert_true(kube_value_parse("[1]", 3, 3, &value, NULL));
	g_clear_pointer(&value, kube_value_free);
	g_assert_false(kube_value_parse("[12]", 4, 3, &value, &large));
	g_assert_error(large, BASE_ERROR, BASE_ERROR_LIMIT);
}

/* An error stands in logs: a Secret's text must not. */
static void test_errors_repeat_nothing(void)
{
	static const char *const cases[] = {"{\"hidden\":\"hidden\",\"hidden\":1}", "\"hidden\\x\"",
					    "{\"hidden\":hidden}"};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		struct kube_value *value = NULL;

		g_assert_false(kube_value_parse(cases[i], strlen(cases[i]), KUBE_VALUE_MAX_SIZE,
						&value, &error));
		g_assert_null(strstr(error->message, "hidden"));
	}
}

static void test_getters(void)
{
	g_autoptr(kube_value_auto) value = parsed(
		"{\"metadata\":{\"name\":\"web\",\"n\":\"a\\u0000b\"},\"list\":[1,\"x\",true],"
		"\"big\":9223372036854775807,\"more\":9223372036854775808,\"part\":1.0,"
		"\"not\":false,\"nothing\":null}");
	struct kube_value *list = kube_value_get(value, "list");
	int64_t number = 7;
	size_t len = 0;

	g_assert_cmpstr(kube_value_str_at(value, "metadata", "name", NULL), ==, "web");
	g_assert_null(kube_value_str_at(value, "metadata", "name", "more", NULL));
	g_assert_null(kube_value_str_at(value, "metadata", "n", NULL));
	g_assert_nonnull(kube_value_text(kube_value_at(value, "metadata", "n", NULL), &len));
	g_assert_cmpuint(len, ==, 3);
	g_assert_null(kube_value_at(value, "absent", "name", NULL));
	g_assert_null(kube_value_get(list, "0"));
	g_assert_cmpuint(kube_value_count(list), ==, 3);
	g_assert_null(kube_value_item(list, 3));
	g_assert_true(kube_value_is_true(kube_value_item(list, 2)));
	g_assert_false(kube_value_is_true(kube_value_item(list, 0)));
	g_assert_false(kube_value_is_true(kube_value_get(value, "not")));
	g_assert_true(kube_value_get_int(kube_value_get(value, "big"), &number));
	g_assert_cmpint(number, ==, INT64_MAX);
	g_assert_false(kube_value_get_int(kube_value_get(value, "more"), &number));
	g_assert_false(kube_value_get_int(kube_value_get(value, "part"), &number));
	g_assert_false(kube_value_get_int(kube_value_item(list, 1), &number));
	g_assert_false(kube_value_get_int(NULL, &number));
	g_assert_cmpint(number, ==, INT64_MAX);
	g_assert_true(kube_value_is(kube_value_get(value, "nothing"), KUBE_NULL));
	g_assert_false(kube_value_is(kube_value_get(value, "absent"), KUBE_NULL));
	g_assert_cmpint(kube_value_type(NULL), ==, KUBE_NULL);
	g_assert_cmpuint(kube_value_count(NULL) + kube_value_place(NULL).line, ==, 0);
}

static void test_changes(void)
{
	g_autoptr(kube_value_auto) map = kube_value_map(), list = kube_value_list();
	g_autofree char *text = NULL, *sealed = NULL;
	g_autoptr(kube_value_auto) other = kube_value_map();
	const char *twice = NULL;

	kube_value_set(map, "b", kube_value_int(INT64_MIN));
	kube_value_set(map, "c", kube_value_bool(true));
	kube_value_set(map, "a", kube_value_string("x\0y", 3));
	kube_value_set(map, "c", kube_value_number("1.50"));
	kube_value_set(map, "d", kube_value_null());
	kube_value_set(map, "e", kube_value_string("gone", -1));
	kube_value_set(map, "e", NULL);
	kube_value_set(map, "absent", NULL);
	g_assert_null(kube_value_steal(map, "e"));
	kube_value_add(list, kube_value_steal(map, "d"));
	kube_value_set(map, "l", kube_value_dup(list));
	text = canonical(map);
	g_assert_cmpstr(text, ==,
			"{\"a\":\"x\\u0000y\",\"b\":-9223372036854775808,\"c\":1.50,\"l\":[null]}");

	kube_value_append(other, "z", kube_value_int(1));
	kube_value_append(other, "y", kube_value_int(2));
	g_assert_true(kube_value_seal(other, &twice));
	sealed = canonical(other);
	g_assert_cmpstr(sealed, ==, "{\"y\":2,\"z\":1}");
	kube_value_append(other, "y", kube_value_int(2));
	g_assert_false(kube_value_seal(other, &twice));
	g_assert_cmpstr(twice, ==, "y");
}

static void test_equal(void)
{
	static const char *const cases[] = {
		"null",
		"true",
		"false",
		"0",
		"1",
		"1.0",
		"\"1\"",
		"\"\"",
		"[]",
		"[1]",
		"[1,2]",
		"[2,1]",
		"{}",
		"[null]",
		"{\"a\":1}",
		"{\"a\":2}",
		"{\"b\":1}",
		"{\"a\":null}",
		"[[]]",
		"[{}]",
		"{\"a\":[]}",
		"\"a\\u0000\"",
		"\"a\"",
		"9223372036854775807",
		"9223372036854775806",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_value_auto) a = parsed(cases[i]);

		for (size_t j = 0; j < G_N_ELEMENTS(cases); j++) {
			g_autoptr(kube_value_auto) b = parsed(cases[j]);

			g_assert_true(kube_value_equal(a, b) == (i == j));
		}
		g_assert_false(kube_value_equal(a, NULL));
	}
	g_assert_true(kube_value_equal(NULL, NULL));
}

static void test_apply_body(void)
{
	g_autoptr(kube_value_auto) value = parsed(
		"{\"k\":\"\\u007f\\u0080\\u0085\\u009f\\u00a0\\u2028\\u2029\\ufeff\\ufffe\\uffff"
		"\\ud83d\\ude00\\u0000\\n\\t\\/\\\"\\\\\xc3\xa9\",\"n\":9223372036854775807}");
	g_autoptr(kube_value_auto) again = NULL, map = kube_value_map();
	g_autofree char *text = NULL, *name = g_strnfill(1023, 'k'), *longer = NULL;
	g_autoptr(GError) error = NULL;
	size_t len;

	g_assert_true(kube_value_apply_body(value, &text, &len, NULL));
	g_assert_cmpstr(text, ==,
			"{\"k\":\"\\u007f\\u0080\\u0085\\u009f\xc2\xa0\\u2028\\u2029\\ufeff\\ufffe"
			"\\uffff\xf0\x9f\x98\x80\\u0000\\u000a\\u0009/\\\"\\\\\xc3\xa9\","
			"\"n\":9223372036854775807}");
	again = parsed(text);
	g_assert_true(kube_value_equal(value, again));

	kube_value_set(map, "a", kube_value_int(1));
	kube_value_set(map, name + 1, kube_value_int(1));
	g_assert_true(kube_value_apply_body(map, &longer, &len, NULL));
	kube_value_set(map, name, kube_value_int(1));
	g_clear_pointer(&longer, g_free);
	g_assert_false(kube_value_apply_body(map, &longer, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
	g_assert_null(longer);
}

/* As a parser of YAML 1.1 reads it, every character is what it was. */
static void test_apply_body_as_yaml(void)
{
	static const gunichar edges[] = {0x20,	 0x7e,	  0x7f,	   0x80,     0x85,    0x9f,
					 0xa0,	 0x2027,  0x2028,  0x2029,   0x202a,  0xd7ff,
					 0xe000, 0xfdd0,  0xfefe,  0xfeff,   0xfffd,  0xfffe,
					 0xffff, 0x10000, 0x1f600, 0x10fffe, 0x10ffff};
	g_autoptr(kube_value_auto) list = kube_value_list();
	g_autoptr(yaml_auto) tree = NULL;
	g_autofree char *body = NULL;
	struct diag_list diags;
	size_t len;

	for (gunichar c = 0; c < 0x20 + G_N_ELEMENTS(edges); c++) {
		char text[16] = "a ";
		int size = g_unichar_to_utf8(c < 0x20 ? c : edges[c - 0x20], text + 2);

		g_strlcpy(text + 2 + size, " b", sizeof(text) - 2 - (size_t)size);
		kube_value_add(list, kube_value_string(text, size + 4));
	}
	kube_value_add(list, kube_value_string("\\ \" / ' # : - yes ~ 0777 %TAG ---", -1));
	g_assert_true(kube_value_apply_body(list, &body, &len, NULL));
	diag_list_init(&diags);
	tree = yaml_parse("body", body, len, &yaml_default_limits, &diags);
	g_assert_cmpuint(diags.items->len, ==, 0);
	g_assert_nonnull(tree);
	g_assert_cmpuint(tree->items->len, ==, kube_value_count(list));
	for (guint i = 0; i < tree->items->len; i++) {
		const struct yaml_node *item = tree->items->pdata[i];
		size_t size = 0;
		const char *text = kube_value_text(kube_value_item(list, i), &size);

		g_assert_cmpmem(item->value, item->length, text, size);
	}
	diag_list_clear(&diags);
}

static void check_place(const struct kube_value *value, unsigned line, unsigned column)
{
	g_assert_cmpuint(kube_value_place(value).line, ==, line);
	g_assert_cmpuint(kube_value_place(value).column, ==, column);
}

static void test_values_of_files_know_their_place(void)
{
	static const char text[] = " {\"é\": [1,\n  {\"b\": \"x\"}]}\n\n[true] {\"a\":\n 1 x";
	g_autoptr(kube_value_auto) first = NULL;
	g_autoptr(kube_value_auto) second = NULL;
	g_autoptr(kube_value_auto) third = NULL;
	g_autoptr(GError) error = NULL;
	struct kube_place at = {1, 1};
	const struct kube_value *list;
	size_t offset = 0;

	g_assert_true(kube_value_parse_next(text, strlen(text), &offset, &at, &first, &error));
	list = kube_value_get(first, "é");
	check_place(first, 1, 2);
	check_place(list, 1, 8);
	check_place(kube_value_item(list, 0), 1, 9);
	check_place(kube_value_get(kube_value_item(list, 1), "b"), 2, 9);
	g_assert_true(kube_value_parse_next(text, strlen(text), &offset, &at, &second, &error));
	check_place(kube_value_item(second, 0), 4, 2);
	g_assert_false(kube_value_parse_next(text, strlen(text), &offset, &at, &third, &error));
	g_assert_cmpstr(error->message, ==, "not JSON: no ',' or '}'");
	g_assert_cmpuint(at.line, ==, 5);
	g_assert_cmpuint(at.column, ==, 4);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/value/canonical", test_canonical);
	g_test_add_func("/kube/value/refused", test_refused);
	g_test_add_func("/kube/value/limits", test_limits);
	g_test_add_func("/kube/value/errors-repeat-nothing", test_errors_repeat_nothing);
	g_test_add_func("/kube/value/getters", test_getters);
	g_test_add_func("/kube/value/changes", test_changes);
	g_test_add_func("/kube/value/equal", test_equal);
	g_test_add_func("/kube/value/apply-body", test_apply_body);
	g_test_add_func("/kube/value/apply-body-as-yaml", test_apply_body_as_yaml);
	g_test_add_func("/kube/value/values-of-files-know-their-place",
			test_values_of_files_know_their_place);
	return g_test_run();
}
