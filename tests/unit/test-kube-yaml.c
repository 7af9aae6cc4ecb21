/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of src/kube/yaml*.c, json.c, reading.c, scalar.c, number.c. What the server makes of
 * scalars and structures is in test-kube-tables.c. */
#include <string.h>

#include "kube/number.h"
#include "kube-reading.h"

static struct kube_source source_of(const char *file, const char *text)
{
	return (struct kube_source){
		.file = file,
		.text = text,
		.len = strlen(text),
		.limits = &kube_limits_default,
	};
}

static void check(const char *text, const char *expected)
{
	const struct kube_source source = source_of("f", text);
	g_autofree char *got = read_with(&source);

	g_assert_cmpstr(got, ==, expected);
}

static void check_json(const char *text, const char *expected)
{
	const struct kube_source source = source_of("f.json", text);
	g_autofree char *got = read_with(&source);

	g_assert_cmpstr(got, ==, expected);
}

static void check_number(char *got, const char *expected)
{
	g_assert_cmpstr(got, ==, expected);
	g_free(got);
}

static void test_numbers(void)
{
	check_number(kube_number_of_integer("9223372036854775807"), "9223372036854775807");
	check_number(kube_number_of_integer("-9223372036854775808"), "-9223372036854775808");
	check_number(kube_number_of_integer("-9223372036854775809"), NULL);
	check_number(kube_number_of_integer("18446744073709551615"), "18446744073709551615");
	check_number(kube_number_of_integer("18446744073709551616"), NULL);
	check_number(kube_number_of_integer("+9223372036854775808"), NULL);
	check_number(kube_number_of_integer("-0x10"), "-16");
	check_number(kube_number_of_integer("-0"), "0");
	check_number(kube_number_of_integer("0x"), NULL);
	check_number(kube_number_of_integer("09"), NULL);
	check_number(kube_number_of_integer(""), NULL);
	check_number(kube_number_of_decimal("1e21"), "1e+21");
	check_number(kube_number_of_decimal("1e20"), "100000000000000000000");
	check_number(kube_number_of_decimal("123456789.125"), "123456789.125");
	check_number(kube_number_of_decimal("0.000001"), "0.000001");
	check_number(kube_number_of_decimal("-1.5E-7"), "-1.5e-7");
	check_number(kube_number_of_decimal("5e-324"), "5e-324");
	check_number(kube_number_of_decimal("1.7976931348623157e308"), "1.7976931348623157e+308");
	check_number(kube_number_of_decimal("1e309"), NULL);
	check_number(kube_number_of_decimal("1e"), NULL);
	check_number(kube_number_of_decimal("."), NULL);
	check_number(kube_number_of_decimal("inf"), NULL);
	check_number(kube_number_of_json("9007199254740993"), "9007199254740993");
	check_number(kube_number_of_json("1.0"), "1");
	check_number(kube_number_of_json("-0.0"), "0");
}

static void test_documents(void)
{
	check("", "");
	check("# nothing\n", "");
	check("---\n---\n# c\n---\na: 1\n...\n---\nb: 2\n", "null\nnull\n{\"a\":1}\n{\"b\":2}\n");
	check("\xef\xbb\xbf"
	      "a: 1\r\nb: |\r\n  x\r\n  y\r\n",
	      "{\"a\":1,\"b\":\"x\\ny\\n\"}\n");
	check("a: |\n  ---\n  x\n", "{\"a\":\"---\\nx\\n\"}\n");
	check("a: 1\n---foo\n",
	      "f:2:1: a line must not begin with '---' and more: some tools begin a document "
	      "there; "
	      "indent it\n"
	      "f:3:1: not YAML: could not find expected ':': write ': ' behind the key, and indent "
	      "what goes on\n");
	check("--- {a: 1}\n",
	      "f:1:5: some tools drop what follows '---': begin it on the next line\n");
	check("a: 1\n...\nb: 2\n",
	      "f:3:1: not YAML: did not find expected <document start>: begin a document with "
	      "'---', and indent what belongs to the lines above\n");
	check("%YAML 1.2\n---\na: 1\n",
	      "f:1:1: Kubernetes reads YAML 1.1: remove the line with '%YAML'\n");
	check("a: 1\n\xef\xbb\xbf"
	      "b: 2\n",
	      "f:2:1: a byte order mark inside of the file: remove it\n"
	      "f:2:2: not YAML: did not find expected key: indent as the lines above, and look for "
	      "a quote too many\n");
}

static void test_problems_know_place_and_remedy(void)
{
	check("a:\n  - b: 1\n\tc: 2\n", "f:3:1: not YAML: found a tab character that violates "
					"indentation: indent with blanks, not tabs\n");
	check("a: b: c\n",
	      "f:1:5: not YAML: mapping values are not allowed in this context: quote a text with "
	      "': ' in it, or indent as the lines above\n");
	check("a: \"x\n", "f:2:1: not YAML: found unexpected end of stream: look for a quote or "
			  "bracket that is "
			  "not closed\n");
	check("é: [\x7f]\n", "f:1:5: not YAML: control characters are not allowed: write it as \\x "
			     "and two digits, "
			     "in double quotes\n");
	check("a: \"b\\/c\"\n",
	      "f:1:4: '\\/' is an escape of JSON, not of YAML 1.1: write '/', or name the file "
	      ".json\n");
	check("a: \"b\\\\/c\"\n", "{\"a\":\"b\\\\/c\"}\n");
	check("é: \"é\"\nb: \"é\\/\"\n",
	      "f:2:4: '\\/' is an escape of JSON, not of YAML 1.1: write '/', or name the file "
	      ".json\n");
	/* Several of a file at once. */
	check("a: .inf\na: 1\n? [x]\n: 2\n",
	      "f:1:4: no number of JSON: quote it, if it is a text\n"
	      "f:2:1: duplicate key 'a': it stands in line 1 already; remove one\n"
	      "f:3:3: a key must be a word, not a map or list; quote a text that begins with '{' "
	      "or "
	      "'['\n");
}

static void test_nul_bytes_are_found(void)
{
	const struct kube_source source = {
		.file = "f",
		.text = "a: 1\nb: \0x",
		.len = 10,
		.limits = &kube_limits_default,
	};
	g_autofree char *got = read_with(&source);

	g_assert_cmpstr(got, ==, "f:2:4: a NUL byte: the file must be text in UTF-8\n");
	check("a: \"x\\0y\"\n", "{\"a\":\"x\\u0000y\"}\n");
	check("\"x\\0y\": a\n", "f:1:1: a key must not contain a NUL character\n");
}

static void test_keys(void)
{
	g_autofree char *word = g_strnfill(1023, 'k');
	g_autofree char *text = g_strdup_printf("? %s\n: 1\n", word);

	check("1.5: a\n10: b\n0x1F: c\non: d\n2001-01-01: e\n!!str 1.10: f\n",
	      "{\"1.10\":\"f\",\"1.5\":\"a\",\"10\":\"b\",\"2001-01-01\":\"e\",\"31\":\"c\","
	      "\"true\":\"d\"}\n");
	check("1.10: a\n",
	      "f:1:1: the key would be read as a number and become another text: quote "
	      "it\n");
	check("1e3: a\n", "f:1:1: the key would be read as a number and become another text: quote "
			  "it\n");
	check("123456.7: a\n", "f:1:1: the key would be read as a number and become another text: "
			       "quote it\n");
	check("18446744073709551615: a\n", "f:1:1: the number is too large for a key: quote it\n");
	check("{1: a, \"1\": b}\n",
	      "f:1:8: duplicate key '1': it stands in line 1 already; remove one\n");
	check("~: a\n", "f:1:1: a key must not be null: quote it, if it is a text\n");
	check(text, "f:1:3: the key is too long: an API server reads at most 1022 characters\n");
}

static void test_tags(void)
{
	check("[!!str 1, !!int \"0x10\", !!float 3, !!bool \"on\", !!null \"\", !x y, ! 12, ! "
	      "\"3\", "
	      "&a ! 4, !!binary aGk=, !!binary \"aG\\nk=\"]\n",
	      "[\"1\",16,3,true,null,\"y\",\"12\",\"3\",\"4\",\"hi\",\"hi\"]\n");
	check("[!!int 1.5,\n !!bool 1,\n !!null x,\n !!float y,\n !!int \"5\\0\"]\n",
	      "f:1:2: not a whole number, as its tag says\n"
	      "f:2:2: not true or false, as its tag says\n"
	      "f:3:2: not null, as its tag says\n"
	      "f:4:2: not a number, as its tag says\n"
	      "f:5:2: not a whole number, as its tag says\n");
	check("[!!binary x,\n !!binary /w==,\n !!timestamp 2001-01-01]\n",
	      "f:1:2: not base64, as its tag says\n"
	      "f:2:2: binary data cannot stand in an object: keep it in base64, without the tag\n"
	      "f:3:2: an object has no dates: quote the text, without the tag\n");
}

static void test_merge(void)
{
	check("a: &a {x: 1, v: 2}\nb: {<<: *a, v: 3}\nc: {<<: [*a, {v: 4, z: 5}], w: 6}\n",
	      "{\"a\":{\"v\":2,\"x\":1},\"b\":{\"v\":3,\"x\":1},\"c\":{\"v\":2,\"w\":6,\"x\":1,"
	      "\"z\":5}}\n");
	check("{<<: {a: 1}, <<: {b: 2}, \"<<\": 3, ! <<: 4}\n",
	      "f:1:35: duplicate key '<<': it stands in line 1 already; remove one\n");
	check("a: &a {x: 1}\nb: {x: 2, <<: *a}\n", "f:2:11: '<<' would replace the key 'x' of line "
						   "2, on which readers do not agree: put "
						   "one '<<' first\n");
	check("a: {<<: {x: 1},\n <<: {x: 2}}\n",
	      "f:2:2: '<<' would replace the key 'x' of line 1, on which readers do not agree: put "
	      "one '<<' first\n");
	check("a: &a [{x: 1}]\nb: {<<: *a}\nc: {<<: 5}\nd: {<<: [*a]}\n",
	      "f:2:5: '<<' needs a map, an alias of one, or a list of those\n"
	      "f:3:5: '<<' needs a map, an alias of one, or a list of those\n"
	      "f:4:5: '<<' needs a map, an alias of one, or a list of those\n");
}

static void test_anchors(void)
{
	check("a: &a [1, {b: 2}]\nc: *a\n? &k d\n: *k\n",
	      "{\"a\":[1,{\"b\":2}],\"c\":[1,{\"b\":2}],\"d\":\"d\"}\n");
	check("[&a 1, &a 2, *a, &a [&a 3, *a], *a]\n", "[1,2,2,[3,3],3]\n");
	/* The value that a duplicate or a merge removes still has its anchor. */
	check("a: 1\nb: {<<: {x: &x {v: 1}}, x: 2}\nc: *x\n",
	      "{\"a\":1,\"b\":{\"x\":2},\"c\":{\"v\":1}}\n");
	check("a: *b\n", "f:1:4: no anchor '&b' stands before this alias in its document; quote a "
			 "text that begins with '*'\n");
	check("&a a: 1\n---\nb: *a\n", "f:3:4: no anchor '&a' stands before this alias in its "
				       "document; quote a text that begins with '*'\n");
	check("&a [*a]\n", "f:1:5: the anchor '&a' contains itself\n");
}

static void test_limits(void)
{
	const struct kube_limits limits = {
		.max_size = 200,
		.max_depth = 4,
		.max_values = 30,
		.max_text = 100,
	};
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"[[[[]]]]", "[[[[]]]]\n"},
		{"[[[[1]]]]", "f:1:5: nested too deeply: at most 4 levels\n"},
		{"a: &a [[[]]]\nb: [*a]\n", "f:2:5: nested too deeply: at most 4 levels\n"},
		{"a: &a [1,1,1,1,1]\nb: [*a,*a,*a,*a]\n",
		 "f:2:14: too many values, with those that aliases repeat: at most 30 here; "
		 "split it, or use fewer aliases\n"},
		{"a: &a x0123456789012345678901234567890123456789\nb: [*a,*a]\n",
		 "f:2:8: too much text, with what aliases repeat: at most 100 bytes here; "
		 "split it, or use fewer aliases\n"},
		{"a: &a {x123456789012345678901234567890123456789: 1}\nb: {<<: *a}\nc: {<<: *a}\n",
		 "f:2:5: too much text, with what aliases repeat: at most 100 bytes here; "
		 "split it, or use fewer aliases\n"},
	};
	g_autofree char *large = g_strnfill(201, ' ');
	struct kube_source source = source_of("f", large);
	g_autofree char *got = NULL;

	source.limits = &limits;
	got = read_with(&source);
	g_assert_cmpstr(got, ==,
			"f:1:1: the file is too large: 201 bytes, at most 200; split it\n");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *one = NULL;

		source.text = cases[i].text;
		source.len = strlen(cases[i].text);
		one = read_with(&source);
		g_assert_cmpstr(one, ==, cases[i].expected);
	}
}

static void test_json(void)
{
	check_json("{\"b\": \"\\/\\ud83d\\ude00\", \"a\": [1.0, 1e3, 9223372036854775807]}\n[]\n",
		   "{\"a\":[1,1000,9223372036854775807],\"b\":\"/😀\"}\n[]\n");
	check_json("{\"a\":\n1e400}", "f.json:2:1: the number is too large: quote it, if it is a "
				      "text\n");
	check_json("{\"a\": 1,\n \"a\": 2}", "f.json:2:9: not JSON: a name stands there twice\n");
	check_json("{a: 1}", "f.json:1:2: not JSON: no string\n");
	check_json("", "f.json:1:1: not JSON: no value\n");
}

/* n: 3; t: true; s: a text that would like to be more; yes: "yes". */
static const char *lookup(const char *name, enum kube_var_type *type, void *data)
{
	static const struct {
		const char *name;
		enum kube_var_type type;
		const char *value;
	} vars[] = {
		{"n", KUBE_VAR_NUMBER, "3"},
		{"t", KUBE_VAR_BOOL, "true"},
		{"s", KUBE_VAR_TEXT, "x\"}\n- kind: Evil\n${n}"},
		{"yes", KUBE_VAR_TEXT, "yes"},
		{"bad", KUBE_VAR_NUMBER, "3x"},
	};

	g_assert_null(data);
	for (size_t i = 0; i < G_N_ELEMENTS(vars); i++) {
		if (strcmp(vars[i].name, name) == 0) {
			*type = vars[i].type;
			return vars[i].value;
		}
	}
	return NULL;
}

static const struct kube_vars vars = {.lookup = lookup};

static void check_vars(const char *file, const char *text, const char *expected)
{
	struct kube_source source = source_of(file, text);
	g_autofree char *got = NULL;

	source.vars = &vars;
	got = read_with(&source);
	g_assert_cmpstr(got, ==, expected);
}

static void test_variables(void)
{
	check("a: ${n}\nb: $${n}\n", "{\"a\":\"${n}\",\"b\":\"$${n}\"}\n");
	check_vars("f",
		   "a: ${n}\nb: \"${n}\"\nc: x${n}\nd: ${t}\ne: ${yes}\nf: $${n}\ng: |\n  ${n}\n",
		   "{\"a\":3,\"b\":\"3\",\"c\":\"x3\",\"d\":true,\"e\":\"yes\",\"f\":\"${n}\","
		   "\"g\":\"3\\n\"}\n");
	check_vars("f", "a: ${n}${n}\nb: !!str ${n}\nc: &c ${n}\nd: *c\n",
		   "{\"a\":\"33\",\"b\":\"3\",\"c\":3,\"d\":3}\n");
	check_vars("f", "# ${unknown}\na: 1\n", "{\"a\":1}\n");
	check_vars("f.json", "{\"a\": \"${n}\", \"b\": [\"-${t}-\"]}",
		   "{\"a\":\"3\",\"b\":[\"-true-\"]}\n");
}

static void test_a_variable_adds_no_structure(void)
{
	const char *expected = "{\"a\":\"x\\\"}\\n- kind: Evil\\n${n}\",\"b\":[\"x\\\"}\\n- kind: "
			       "Evil\\n${n}\"]}\n";

	check_vars("f", "a: ${s}\nb: [\"${s}\"]\n", expected);
	check_vars("f.json", "{\"a\": \"${s}\", \"b\": [\"${s}\"]}", expected);
}

static void test_variables_that_are_wrong(void)
{
	check_vars("f", "a: ${no}\nb: [1, ${\nc}]\n",
		   "f:1:4: unknown variable 'no'\n"
		   "f:2:9: not YAML: did not find expected ',' or ']': look at this line and the "
		   "one above\n");
	check_vars("f", "${n}: 1\n", "f:1:1: variables are put into values only, not into a key\n");
	check_vars("f", "a: &a ${s}\n*a : 1\n",
		   "f:2:1: an alias cannot be a key where variables are put in\n");
	check_vars("f", "a: ${bad}\n",
		   "f:1:4: the variable is not of the type that it was declared with\n");
	check_vars("f.json", "{\"${n}\": 1}",
		   "f.json:1:10: variables are put into values only, not into a key\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/yaml/numbers", test_numbers);
	g_test_add_func("/kube/yaml/documents", test_documents);
	g_test_add_func("/kube/yaml/problems-know-place-and-remedy",
			test_problems_know_place_and_remedy);
	g_test_add_func("/kube/yaml/nul-bytes-are-found", test_nul_bytes_are_found);
	g_test_add_func("/kube/yaml/keys", test_keys);
	g_test_add_func("/kube/yaml/tags", test_tags);
	g_test_add_func("/kube/yaml/merge", test_merge);
	g_test_add_func("/kube/yaml/anchors", test_anchors);
	g_test_add_func("/kube/yaml/limits", test_limits);
	g_test_add_func("/kube/yaml/json", test_json);
	g_test_add_func("/kube/yaml/variables", test_variables);
	g_test_add_func("/kube/yaml/a-variable-adds-no-structure",
			test_a_variable_adds_no_structure);
	g_test_add_func("/kube/yaml/variables-that-are-wrong", test_variables_that_are_wrong);
	return g_test_run();
}
