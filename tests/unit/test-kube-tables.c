/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a real API server made of YAML, and what src/kube/yaml.c makes of the same: each row of the
 * three tables in tests/data/kubernetes. */
#include <string.h>

#include "kube/source.h"

typedef struct diag_list diags_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(diags_auto, diag_list_clear)

/* Rows where another answer than the server's is meant. */
static const struct exception {
	const char *table, *name;
	bool taken; /* by us, and not by the server */
	const char *result, *reason;
} exceptions[] = {
	{"yaml-02", "merge-key", true, "{\"base\":{\"a\":1,\"b\":2},\"v\":{\"a\":1,\"b\":3}}",
	 "strict validation calls each override of a merged key a duplicate; the body that we send "
	 "has no merge keys any more"},
	{"yaml-02", "merge-list", true,
	 "{\"x\":{\"a\":1},\"true\":{\"a\":2,\"c\":3},\"v\":{\"a\":1,\"c\":3}}",
	 "likewise, among the maps of a list"},
	{"yaml-02", "dup-key-int-vs-str", false, NULL,
	 "the keys 1 and \"1\" become the same text, and one would be lost"},
	{"yaml-03", "merge-key-after-override", false, NULL,
	 "the specification and the server do not agree which value counts"},
	{"yaml-03", "dup-key", false, NULL, "a key that stands twice is a mistake"},
	{"yaml-03", "dup-bool-key", false, NULL, "likewise, when both become the text true"},
};

/* Keys that the tables cut short, by their length. */
static const struct long_key {
	const char *name;
	size_t len;
} long_keys[] = {
	{"json-long-key-1000", 1000},
	{"json-long-key-1100", 1100},
	{"json-key-1024", 1022},
	{"json-key-1023", 1023},
};

static struct kube_value *load_table(const char *name)
{
	g_autofree char *path =
		g_test_build_filename(G_TEST_DIST, "data", "kubernetes", name, NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	struct kube_value *table = NULL;
	size_t len;

	g_assert_true(g_file_get_contents(path, &text, &len, NULL));
	g_assert_true(kube_value_parse(text, len, len, &table, &error));
	return table;
}

/* The first document, or NULL with diagnostics that know their place. */
static struct kube_value *read_yaml(const char *text, size_t len, char **problems)
{
	const struct kube_source source = {
		.file = "f",
		.text = text,
		.len = len,
		.limits = &kube_limits_default,
	};
	g_autoptr(GPtrArray) documents = g_ptr_array_new();
	g_auto(diags_auto) diags = {0};
	struct kube_value *first = NULL;
	bool good;

	diag_list_init(&diags);
	good = kube_yaml_parse(&source, documents, &diags);
	*problems = diag_text(&diags);
	g_assert_cmpint(good, ==, diags.items->len == 0);
	for (guint i = 0; i < documents->len; i++) {
		if (good && i == 0) {
			first = documents->pdata[i];
		} else {
			kube_value_free(documents->pdata[i]);
		}
	}
	for (guint i = 0; i < diags.items->len; i++) {
		const struct diag *diag = diags.items->pdata[i];

		g_assert_cmpuint(diag->line, >, 0);
		g_assert_cmpuint(diag->column, >, 0);
	}
	return first;
}

static bool is_exact(const struct kube_value *value)
{
	int64_t number;

	return kube_value_get_int(value, &number);
}

/* Beyond 64 bits the server gives the nearest double; the tables were written by another program,
 * which spells exponents otherwise. */
static bool same_number(const struct kube_value *a, const struct kube_value *b)
{
	size_t len;

	if (is_exact(a) || is_exact(b)) {
		return kube_value_equal(a, b);
	}
	return g_ascii_strtod(kube_value_text(a, &len), NULL) ==
	       g_ascii_strtod(kube_value_text(b, &len), NULL);
}

static bool same(const struct kube_value *a, const struct kube_value *b)
{
	if (kube_value_type(a) != kube_value_type(b) ||
	    kube_value_count(a) != kube_value_count(b)) {
		return false;
	}
	if (kube_value_is(a, KUBE_NUMBER)) {
		return same_number(a, b);
	}
	if (kube_value_count(a) == 0) {
		return kube_value_equal(a, b);
	}
	for (size_t i = 0; i < kube_value_count(a); i++) {
		if (g_strcmp0(kube_value_name(a, i), kube_value_name(b, i)) != 0 ||
		    !same(kube_value_item(a, i), kube_value_item(b, i))) {
			return false;
		}
	}
	return true;
}

static void check_same(const char *name, const struct kube_value *got,
		       const struct kube_value *expected)
{
	if (!same(got, expected)) {
		size_t len;
		g_autofree char *a = kube_value_canonical(got, &len);
		g_autofree char *b = kube_value_canonical(expected, &len);

		g_error("%s: %s, not %s", name, a, b);
	}
}

static void check_row(const char *name, const char *text, size_t len, const char *part,
		      const struct kube_value *expected)
{
	g_autofree char *problems = NULL;
	g_autoptr(kube_value_auto) got = read_yaml(text, len, &problems);

	if (expected == NULL && got != NULL) {
		g_error("%s: taken", name);
	}
	if (expected != NULL && got == NULL) {
		g_error("%s: refused: %s", name, problems);
	}
	if (expected != NULL) {
		check_same(name, kube_value_get(got, part), expected);
	}
	if (g_test_verbose() && got == NULL) {
		g_test_message("%s: %s", name, problems);
	}
}

static void test_scalars(void)
{
	g_autoptr(kube_value_auto) table = load_table("yaml-01-scalars-sent-as-apply-yaml.json");

	g_assert_cmpuint(kube_value_count(table), ==, 121);
	for (size_t i = 0; i < kube_value_count(table); i++) {
		const struct kube_value *row = kube_value_item(table, i);
		const char *yaml = kube_value_str_at(row, "yaml", NULL);
		const char *raw = kube_value_str_at(row, "json_raw", NULL);
		g_autoptr(kube_value_auto) expected = NULL;
		g_autofree char *text = g_strdup_printf("apiVersion: example.org/v1\n"
							"kind: Blob\n"
							"metadata:\n"
							"  name: t\n"
							"  namespace: demo\n"
							"spec:\n"
							"  v: %s\n",
							yaml);

		g_assert_true((raw != NULL) != (kube_value_get(row, "error") != NULL));
		if (raw != NULL) {
			g_assert_true(kube_value_parse(raw, strlen(raw), 1000, &expected, NULL));
		}
		check_row(yaml, text, strlen(text), "spec", expected);
	}
}

/* The body of a row, as it was sent. */
static char *row_body(const char *name, const struct kube_value *row, size_t *len)
{
	const char *body = kube_value_text(kube_value_get(row, "body"), len);

	for (size_t i = 0; i < G_N_ELEMENTS(long_keys); i++) {
		if (strcmp(long_keys[i].name, name) == 0) {
			const char *spec = strstr(body, "{\"kkk");
			g_autofree char *key = g_strnfill(long_keys[i].len, 'k');
			char *whole =
				g_strdup_printf("%.*s{\"%s\":1}}", (int)(spec - body), body, key);

			g_assert_true(g_str_has_suffix(body, "..."));
			*len = strlen(whole);
			return whole;
		}
	}
	g_assert_false(g_str_has_suffix(body, "..."));
	return g_memdup2(body, *len + 1);
}

static const struct exception *find_exception(const char *table, const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(exceptions); i++) {
		if (strncmp(exceptions[i].table, table, 7) == 0 &&
		    strcmp(exceptions[i].name, name) == 0) {
			return &exceptions[i];
		}
	}
	return NULL;
}

static unsigned check_structure(const char *file, const struct kube_value *row)
{
	const char *name = kube_value_str_at(row, "case", NULL);
	const struct kube_value *spec = kube_value_get(row, "spec");
	const struct exception *exception = find_exception(file, name);
	g_autoptr(kube_value_auto) other = NULL;
	size_t len;
	g_autofree char *body = row_body(name, row, &len);

	g_assert_true((spec != NULL) != (kube_value_get(row, "error") != NULL));
	if (exception == NULL) {
		check_row(name, body, len, "spec", spec);
		return 0;
	}
	g_assert_cmpint(exception->taken, ==, spec == NULL);
	if (exception->result != NULL) {
		g_assert_true(kube_value_parse(exception->result, strlen(exception->result), 1000,
					       &other, NULL));
	}
	check_row(name, body, len, "spec", other);
	g_test_message("%s %s: %s", exception->table, name, exception->reason);
	return 1;
}

static void check_structures(const char *file, size_t rows, unsigned expected)
{
	g_autoptr(kube_value_auto) table = load_table(file);
	unsigned other = 0;

	g_assert_cmpuint(kube_value_count(table), ==, rows);
	for (size_t i = 0; i < kube_value_count(table); i++) {
		other += check_structure(file, kube_value_item(table, i));
	}
	g_assert_cmpuint(other, ==, expected);
}

static void test_structures(void)
{
	check_structures("yaml-02-structure-sent-as-apply-yaml.json", 51, 3);
}

static void test_structures_ignore(void)
{
	check_structures("yaml-03-structure-fieldValidation-Ignore.json", 23, 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/tables/scalars", test_scalars);
	g_test_add_func("/kube/tables/structures", test_structures);
	g_test_add_func("/kube/tables/structures-without-validation", test_structures_ignore);
	return g_test_run();
}
