/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written as the body of an apply is the same value to a reader of JSON and to one of YAML
 * 1.1, which is what stands behind application/apply-patch+yaml. */
#include <string.h>

#include "kube-reading.h"
#include "kube/number.h"

static struct kube_value *read_again(const char *body, size_t len)
{
	const struct kube_source source = {
		.file = "f",
		.text = body,
		.len = len,
		.limits = &kube_limits_default,
	};
	g_autoptr(GPtrArray) documents = g_ptr_array_new();
	g_auto(diags_auto) diags = {0};

	diag_list_init(&diags);
	if (!kube_yaml_parse(&source, documents, &diags)) {
		g_autofree char *problems = diag_text(&diags);

		g_error("%s in %s", problems, body);
	}
	g_assert_cmpuint(documents->len, ==, 1);
	return documents->pdata[0];
}

static void check(const struct kube_value *value)
{
	g_autoptr(kube_value_auto) yaml = NULL, json = NULL;
	g_autofree char *body = NULL;
	g_autoptr(GError) error = NULL;
	size_t len;

	g_assert_true(kube_value_apply_body(value, &body, &len, &error));
	g_assert_no_error(error);
	g_assert_true(kube_value_parse(body, len, len, &json, &error));
	g_assert_true(kube_value_equal(json, value));
	yaml = read_again(body, len);
	g_assert_true(kube_value_equal(yaml, value));
}

static void test_every_character(void)
{
	g_autoptr(kube_value_auto) list = kube_value_list();

	for (gunichar c = 0; c < 0x110000; c += 0x100) {
		GString *text = g_string_new(NULL);

		for (gunichar k = c; k < c + 0x100 && (c < 0xd800 || c >= 0xe000); k++) {
			g_string_append_unichar(text, k);
			g_string_append(text, k % 3 == 0 ? " " : k % 3 == 1 ? "\n" : "");
		}
		kube_value_add(list, kube_value_string(text->str, (gssize)text->len));
		g_string_free(text, TRUE);
	}
	check(list);
}

static void test_every_character_in_keys(void)
{
	g_autoptr(kube_value_auto) map = kube_value_map();

	for (gunichar c = 1; c < 0x3000; c++) {
		char name[8] = "";

		g_unichar_to_utf8(c, name);
		kube_value_set(map, name, kube_value_string("-", -1));
	}
	check(map);
}

static void test_keys_up_to_their_limit(void)
{
	static const struct {
		const char *part;
		unsigned fits;
	} cases[] = {{"k", 1022}, {"€", 1022}, {"\x01", 170}, {"\"", 511}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_value_auto) map = kube_value_map();
		g_autoptr(GError) error = NULL;
		g_autofree char *body = NULL;
		GString *name = g_string_new(NULL);
		size_t len;

		for (unsigned k = 0; k < cases[i].fits; k++) {
			g_string_append(name, cases[i].part);
		}
		kube_value_set(map, name->str, kube_value_int(1));
		check(map);
		g_string_append(name, cases[i].part);
		kube_value_set(map, name->str, kube_value_int(1));
		g_assert_false(kube_value_apply_body(map, &body, &len, &error));
		g_string_free(name, TRUE);
	}
}

/* Words that mean something to YAML, and numbers at their edges. */
static const char *const words[] = {
	"",	 "~",	  "null", "yes", "on",	"y",  "true", "0777",	    "1e3", ".inf", "<<",
	"=",	 "- a",	  "a: b", "#",	 " #c", "&a", "*a",   "!!int",	    "|",   ">",	   "---",
	"...",	 "%YAML", "@",	  "`",	 "{}",	"[",  "\t",   "\r\n",	    " a ", "'",	   "\"",
	"a\nb ", "\\",	  "${x}", "-",	 "?",	":",  ",",    "2001-01-01",
};
static const char *const numbers[] = {
	"0",
	"-1",
	"9223372036854775807",
	"-9223372036854775808",
	"18446744073709551615",
	"1e+21",
	"1.5e-7",
	"0.1",
	"5e-324",
	"1.7976931348623157e+308",
};

static struct kube_value *any_value(GRand *rand, unsigned depth)
{
	gint32 what = g_rand_int_range(rand, 0, depth > 0 ? 7 : 5);
	struct kube_value *value;

	switch (what) {
	case 0:
		return kube_value_null();
	case 1:
		return kube_value_bool(g_rand_boolean(rand));
	case 2:
		return kube_value_number(numbers[g_rand_int_range(rand, 0, G_N_ELEMENTS(numbers))]);
	case 3:
	case 4:
		return kube_value_string(words[g_rand_int_range(rand, 0, G_N_ELEMENTS(words))], -1);
	default:
		break;
	}
	value = what == 5 ? kube_value_list() : kube_value_map();
	for (gint32 i = g_rand_int_range(rand, 0, 6); i > 0; i--) {
		struct kube_value *item = any_value(rand, depth - 1);

		if (what == 5) {
			kube_value_add(value, item);
		} else {
			kube_value_set(value, words[g_rand_int_range(rand, 0, G_N_ELEMENTS(words))],
				       item);
		}
	}
	return value;
}

static void test_any_value(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(20261128);

	for (unsigned i = 0; i < 3000; i++) {
		g_autoptr(kube_value_auto) value = any_value(rand, 6);

		check(value);
	}
}

/* A double keeps its value through the text, and the text is the shortest. */
static void test_any_number(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(20261128);

	for (unsigned i = 0; i < 20000; i++) {
		guint64 bits = (guint64)g_rand_int(rand) << 32 | g_rand_int(rand);
		g_autofree char *text = NULL;
		g_autofree char *again = NULL;
		double number;

		memcpy(&number, &bits, sizeof(number));
		text = kube_number_of_double(number);
		if (text == NULL) {
			g_assert_cmpuint(bits >> 52 & 0x7ff, ==, 0x7ff);
			continue;
		}
		g_assert_true(kube_value_is_number(text));
		g_assert_true(g_ascii_strtod(text, NULL) == number);
		again = kube_number_of_decimal(text);
		g_assert_cmpstr(again, ==, text);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/roundtrip/every-character", test_every_character);
	g_test_add_func("/kube/roundtrip/every-character-in-keys", test_every_character_in_keys);
	g_test_add_func("/kube/roundtrip/keys-up-to-their-limit", test_keys_up_to_their_limit);
	g_test_add_func("/kube/roundtrip/any-value", test_any_value);
	g_test_add_func("/kube/roundtrip/any-number", test_any_number);
	return g_test_run();
}
