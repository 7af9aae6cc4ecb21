/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/shared-secret.c. */
#include "base/shared-secret.h"

#include <string.h>

#include "base/error.h"
#include "temp-dir.h"
#include "vectors.h"

static void test_hmac_vectors(void)
{
	struct json_obj root;
	struct json_doc *doc = vector_json("webhook/rfc4231.json", &root);
	struct json_arr list;
	size_t n = json_arr_get(&root, "list", 100, &list);

	g_assert_cmpuint(n, ==, 5);
	for (size_t i = 0; i < n; i++) {
		g_autoptr(shared_secret_auto) secret = NULL;
		uint8_t key[256], message[256], want[SHARED_SECRET_HMAC], mac[SHARED_SECRET_HMAC];
		struct shared_secret_piece pieces[2];
		struct json_obj item;
		size_t len;

		g_assert_true(json_arr_obj(&list, i, &item));
		len = vector_hex(key, sizeof(key), json_str(&item, "key_hex", 600));
		secret = shared_secret_new(key, len);
		len = vector_hex(message, sizeof(message), json_str(&item, "msg_hex", 600));
		vector_hex(want, sizeof(want), json_str(&item, "mac_hex", 64));
		pieces[0] = (struct shared_secret_piece){message, len / 3};
		pieces[1] = (struct shared_secret_piece){message + len / 3, len - len / 3};
		shared_secret_hmac(secret, pieces, 2, mac);
		g_assert_cmpmem(mac, sizeof(mac), want, sizeof(want));
	}
	json_doc_free(doc);
}

static char *place(const char *dir, const char *text, gssize len, int mode)
{
	char *path = g_build_filename(dir, "secret", NULL);

	g_assert_true(g_file_set_contents(path, text, len, NULL));
	g_assert_cmpint(g_chmod(path, mode), ==, 0);
	return path;
}

static void test_load(void)
{
	static const struct {
		const char *text;
		gssize len;
		int mode;
		const char *want, *problem;
	} cases[] = {
		{"s3cret\n", -1, 0600, "s3cret", NULL},
		{"s3cret", -1, 0400, "s3cret", NULL},
		{" s3 cret\r\n", -1, 0600, " s3 cret", NULL},
		{"", 0, 0600, NULL, "is empty"},
		{"\n", -1, 0600, NULL, "is empty"},
		{"a\nb\n", -1, 0600, NULL, "one line"},
		{"a\0b\n", 4, 0600, NULL, "one line"},
		{"s3cret\n", -1, 0640, NULL, "others"},
		{"s3cret\n", -1, 0604, NULL, "others"},
	};
	char *dir = temp_new();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = place(dir, cases[i].text, cases[i].len, cases[i].mode);
		g_autoptr(shared_secret_auto) secret = NULL;
		g_autoptr(GError) error = NULL;
		size_t len;

		if (cases[i].want != NULL) {
			g_assert_true(shared_secret_load(path, &secret, &error));
			g_assert_cmpstr(shared_secret_get(secret, &len), ==, cases[i].want);
			g_assert_cmpuint(len, ==, strlen(cases[i].want));
			continue;
		}
		g_assert_false(shared_secret_load(path, &secret, &error));
		g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, cases[i].problem));
		g_assert_null(strstr(error->message, "s3cret"));
	}
	temp_free(dir);
}

static void test_compare(void)
{
	g_autoptr(shared_secret_auto) secret = shared_secret_new("abc", 3);

	g_assert_true(shared_secret_is(secret, "abc", 3));
	g_assert_false(shared_secret_is(secret, "abd", 3));
	g_assert_false(shared_secret_is(secret, "abcd", 4));
	g_assert_false(shared_secret_is(secret, "ab", 2));
	g_assert_false(shared_secret_is(secret, "", 0));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/shared-secret/hmac-vectors", test_hmac_vectors);
	g_test_add_func("/shared-secret/load", test_load);
	g_test_add_func("/shared-secret/compare", test_compare);
	return g_test_run();
}
