/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the test vectors. */
#include "unit/vectors.h"

char *vector_load(const char *path, size_t *len)
{
	g_autofree char *full = g_test_build_filename(G_TEST_DIST, "data", "vectors", path, NULL);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	g_file_get_contents(full, &text, len, &error);
	g_assert_no_error(error);
	return text;
}

char *upstream_load(const char *path, size_t *len)
{
	const char *top = g_getenv("ASSENT_UPSTREAM_VECTORS");
	g_autofree char *full = NULL;
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	if (top == NULL) {
		g_test_skip("ASSENT_UPSTREAM_VECTORS is not set");
		return NULL;
	}
	full = g_build_filename(top, path, NULL);
	g_file_get_contents(full, &text, len, &error);
	g_assert_no_error(error);
	return text;
}

GPtrArray *vector_names(const char *folder, const char *prefix)
{
	g_autofree char *full = g_test_build_filename(G_TEST_DIST, "data", "vectors", folder, NULL);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(full, 0, NULL);
	const char *name;

	g_assert_nonnull(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		if (g_str_has_prefix(name, prefix)) {
			g_ptr_array_add(names, g_strdup(name));
		}
	}
	g_assert_cmpuint(names->len, >, 0);
	return names;
}

struct secret *vector_secret(const char *name)
{
	g_autofree char *text = g_strdup_printf("throwaway test key: %s", name);
	struct secret *secret = NULL;
	struct hash seed;

	hash_bytes(&seed, text, strlen(text));
	g_assert_cmpint(secret_from_seed(&secret, seed.bytes, NULL), ==, 0);
	return secret;
}

size_t vector_hex(uint8_t *out, size_t size, const char *hex)
{
	size_t len = 0;

	g_assert_cmpint(sodium_hex2bin(out, size, hex, strlen(hex), NULL, &len, NULL), ==, 0);
	return len;
}

void vector_hash(struct hash *out, const char *hex)
{
	g_assert_cmpuint(vector_hex(out->bytes, HASH_SIZE, hex), ==, HASH_SIZE);
}

struct json_doc *vector_json_text(const char *name, char *text, struct json_obj *root)
{
	g_autofree char *wrapped = g_strstrip(text)[0] == '['
					   ? g_strdup_printf("{\"list\":%s}", text)
					   : g_strdup(text);
	struct json_doc *doc = NULL;
	struct assent_error err = {0};

	if (json_doc_parse(&doc, wrapped, strlen(wrapped), 0, &err) != 0) {
		g_error("%s: %s", name, err.text);
	}
	json_doc_root(doc, root);
	return doc;
}

struct json_doc *vector_json(const char *path, struct json_obj *root)
{
	size_t len;
	g_autofree char *text = vector_load(path, &len);

	return vector_json_text(path, text, root);
}
