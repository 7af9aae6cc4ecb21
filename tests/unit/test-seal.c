/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/seal.c and base/seal-keys.c. */
#include "base/seal.h"

#include <string.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "temp-dir.h"

#define CONTENT "hunter2 is what nobody may read"

struct fixture {
	char *dir, *file;
	struct seal_keys *keys;
	struct seal_public to;
};

static void set_up(struct fixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	(void)unused;
	f->dir = temp_new();
	f->file = g_build_filename(f->dir, "seal.key", NULL);
	g_assert_true(seal_keys_renew(f->file, "web1", false, &error));
	g_assert_true(seal_keys_load(f->file, false, &f->keys, &error));
	seal_keys_public(f->keys, 0, &f->to);
}

static void tear_down(struct fixture *f, const void *unused)
{
	(void)unused;
	seal_keys_free(f->keys);
	g_free(f->file);
	temp_free(f->dir);
}

static char *write_one(const struct fixture *f, const char *label, const char *content,
		       size_t content_len, size_t *len)
{
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	g_assert_true(seal_write(&f->to, 1, label, content, content_len, &text, len, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(strlen(text), ==, *len);
	return text;
}

/* The error's code, or -1 when it opens. */
static int open_code(const char *text, size_t len, const struct seal_keys *keys)
{
	g_autoptr(seal_bytes_auto) bytes = NULL;
	g_autoptr(GError) error = NULL;

	if (seal_take(text, len, keys, "web1", "shop", "/etc/db", &bytes, &error)) {
		return -1;
	}
	g_assert_null(bytes);
	g_assert_true(error->domain == BASE_ERROR);
	g_assert_null(strstr(error->message, "hunter2"));
	return error->code;
}

static void test_round(struct fixture *f, const void *unused)
{
	static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, SEAL_MAX_CONTENT};

	(void)unused;
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *content = g_malloc(sizes[i] + 1);
		g_autofree char *text = NULL;
		g_autoptr(seal_bytes_auto) bytes = NULL;
		g_autoptr(GError) error = NULL;
		size_t len, got;

		randombytes_buf(content, sizes[i]);
		text = write_one(f, NULL, content, sizes[i], &len);
		g_assert_cmpuint(len, <=, SEAL_MAX_SIZE);
		g_assert_true(seal_take(text, len, f->keys, "a", "b", "c", &bytes, &error));
		g_assert_cmpmem(seal_bytes_get(bytes, NULL), sizes[i], content, sizes[i]);
		seal_bytes_get(bytes, &got);
		g_assert_cmpuint(got, ==, sizes[i]);
	}
}

static void test_too_large(struct fixture *f, const void *unused)
{
	g_autofree char *content = g_malloc0(SEAL_MAX_CONTENT + 1);
	g_autoptr(GError) error = NULL;
	char *text = NULL;
	size_t len;

	(void)unused;
	g_assert_false(
		seal_write(&f->to, 1, NULL, content, SEAL_MAX_CONTENT + 1, &text, &len, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
	g_assert_null(text);
}

/* Of two passwords nobody sees which is longer. */
static void test_length_is_hidden(struct fixture *f, const void *unused)
{
	size_t one, other;
	g_autofree char *a = write_one(f, NULL, "x", 1, &one);
	g_autofree char *b = write_one(f, NULL, CONTENT, strlen(CONTENT), &other);

	(void)unused;
	g_assert_cmpuint(strlen(a), ==, one);
	g_assert_cmpuint(strlen(b), ==, other);
	g_assert_cmpuint(one, ==, other);
}

/* Whatever byte is another one, it is refused. */
static void test_every_byte(struct fixture *f, const void *unused)
{
	size_t len;
	g_autofree char *text = write_one(f, "web1", CONTENT, strlen(CONTENT), &len);

	(void)unused;
	g_assert_cmpint(open_code(text, len, f->keys), ==, -1);
	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			text[i] ^= (char)(1 << bit);
			g_assert_cmpint(open_code(text, len, f->keys), >=, 0);
			text[i] ^= (char)(1 << bit);
		}
	}
	for (size_t i = 0; i < len; i++) {
		g_assert_cmpint(open_code(text, i, f->keys), ==, BASE_ERROR_MALFORMED);
	}
	g_assert_cmpint(open_code(text, len, f->keys), ==, -1);
}

static void test_surplus(struct fixture *f, const void *unused)
{
	static const char *const wrong[] = {"%s\n", "\n%s", "%s%s", " %s", "%s-"};
	size_t len;
	g_autofree char *text = write_one(f, NULL, CONTENT, strlen(CONTENT), &len);

	(void)unused;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_auto(GStrv) parts = g_strsplit(wrong[i], "%s", -1);
		g_autofree char *other = g_strjoinv(text, parts);

		g_assert_cmpint(open_code(other, strlen(other), f->keys), ==, BASE_ERROR_MALFORMED);
	}
}

/* A recipient cannot be taken out, and the content of one not be put into another. */
static void test_mixed(struct fixture *f, const void *unused)
{
	size_t len;
	g_autofree char *a = write_one(f, NULL, CONTENT, strlen(CONTENT), &len);
	g_autofree char *b = write_one(f, NULL, CONTENT, strlen(CONTENT), &len);
	const char *body = strstr(b, "\n\n");
	g_autofree char *head = g_strndup(a, (size_t)(strstr(a, "\n\n") - a));
	g_autofree char *mixed = g_strconcat(head, body, NULL);

	(void)unused;
	g_assert_cmpint(open_code(mixed, strlen(mixed), f->keys), ==, BASE_ERROR_MALFORMED);
}

static void test_label(struct fixture *f, const void *unused)
{
	static const struct {
		const char *label;
		bool good;
	} cases[] = {
		{"web1", true},
		{"web2", false},
		{"web*", true},
		{"web1/shop", true},
		{"web1/blog", false},
		{"*/shop", true},
		{"web1/shop:/etc/db", true},
		{"web1/shop:/etc/other", false},
		{"web1/shop:db", false},
		{"web1/*:/etc/*", true},
		{"web1/shop:/*", false},
		{"*/*:/**", true},
	};

	(void)unused;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		size_t len;
		g_autofree char *text =
			write_one(f, cases[i].label, CONTENT, strlen(CONTENT), &len);

		g_assert_cmpint(open_code(text, len, f->keys), ==,
				cases[i].good ? -1 : BASE_ERROR_FAILED);
	}
}

static void test_bad_label(struct fixture *f, const void *unused)
{
	static const char *const labels[] = {"", " a", "a ", "a\nto: x", "\xff", "a\x7f"};

	(void)unused;
	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
		g_autoptr(GError) error = NULL;
		char *text = NULL;
		size_t len;

		g_assert_false(seal_write(&f->to, 1, labels[i], "x", 1, &text, &len, &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
	}
}

static void test_several(struct fixture *f, const void *unused)
{
	g_autofree char *file = g_build_filename(f->dir, "other.key", NULL);
	g_autofree char *third = g_build_filename(f->dir, "third.key", NULL);
	g_autoptr(seal_keys_auto) other = NULL;
	g_autoptr(seal_keys_auto) stranger = NULL;
	g_autoptr(seal_box_auto) box = NULL;
	g_autofree char *text = NULL;
	struct seal_public to[2] = {f->to};
	const struct seal_public *listed;
	size_t len, count;

	(void)unused;
	g_assert_true(seal_keys_renew(file, "web2", false, NULL));
	g_assert_true(seal_keys_load(file, false, &other, NULL));
	g_assert_true(seal_keys_renew(third, "web3", false, NULL));
	g_assert_true(seal_keys_load(third, false, &stranger, NULL));
	seal_keys_public(other, 0, &to[1]);
	g_assert_true(seal_write(to, 2, NULL, CONTENT, strlen(CONTENT), &text, &len, NULL));
	g_assert_cmpint(open_code(text, len, f->keys), ==, -1);
	g_assert_cmpint(open_code(text, len, other), ==, -1);
	g_assert_cmpint(open_code(text, len, stranger), ==, BASE_ERROR_NOT_FOUND);
	g_assert_true(seal_parse(text, len, &box, NULL));
	listed = seal_box_recipients(box, &count);
	g_assert_cmpuint(count, ==, 2);
	g_assert_cmpstr(listed[1].name, ==, "web2");
	to[1] = to[0];
	g_assert_false(seal_write(to, 2, NULL, "x", 1, &text, &len, NULL));
	g_assert_false(seal_write(to, 0, NULL, "x", 1, &text, &len, NULL));
}

/* What was sealed for an old key is read until that is dropped. */
static void test_rotation(struct fixture *f, const void *unused)
{
	size_t len;
	g_autofree char *text = write_one(f, NULL, CONTENT, strlen(CONTENT), &len);
	g_autoptr(seal_keys_auto) renewed = NULL;
	g_autoptr(seal_keys_auto) dropped = NULL;
	struct seal_digest digest;

	(void)unused;
	g_assert_true(seal_keys_renew(f->file, "web1", true, NULL));
	g_assert_true(seal_keys_load(f->file, false, &renewed, NULL));
	g_assert_cmpuint(seal_keys_count(renewed), ==, 2);
	g_assert_cmpstr(seal_keys_id(renewed, 1), ==, seal_keys_id(f->keys, 0));
	g_assert_cmpstr(seal_keys_id(renewed, 0), !=, seal_keys_id(f->keys, 0));
	g_assert_cmpint(open_code(text, len, renewed), ==, -1);
	g_assert_true(seal_digest_begin(&digest, renewed, seal_keys_id(f->keys, 0)));
	g_assert_true(seal_keys_drop(f->file, NULL));
	g_assert_true(seal_keys_load(f->file, false, &dropped, NULL));
	g_assert_cmpuint(seal_keys_count(dropped), ==, 1);
	g_assert_cmpint(open_code(text, len, dropped), ==, BASE_ERROR_NOT_FOUND);
	g_assert_false(seal_digest_begin(&digest, dropped, seal_keys_id(f->keys, 0)));
}

static void test_key_files(struct fixture *f, const void *unused)
{
	static const char *const wrong[] = {"", "\n", "assent-seal-key1 AAAA web1\n",
					    "assent-seal1 x\n"};
	g_autoptr(GError) error = NULL;
	struct seal_keys *keys = NULL;

	(void)unused;
	g_assert_cmpint(g_chmod(f->file, 0640), ==, 0);
	g_assert_false(seal_keys_load(f->file, false, &keys, &error));
	g_assert_nonnull(error);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_assert_true(g_file_set_contents(f->file, wrong[i], -1, NULL));
		g_assert_cmpint(g_chmod(f->file, 0600), ==, 0);
		g_assert_false(seal_keys_load(f->file, false, &keys, NULL));
	}
	g_assert_null(keys);
}

static void test_public(struct fixture *f, const void *unused)
{
	static const char *const wrong[] = {
		"",
		"assent-seal1",
		"assent-seal1 ",
		"assent-seal1 AAAA",
		"assent-seal1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= a b",
		"assent-seal2 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
	g_autofree char *line = seal_public_text(&f->to);
	struct seal_public again;
	char id[SEAL_ID_SIZE];

	(void)unused;
	g_assert_true(seal_public_parse(line, &again, NULL));
	g_assert_cmpmem(again.key, SEAL_KEY_SIZE, f->to.key, SEAL_KEY_SIZE);
	g_assert_cmpstr(again.name, ==, "web1");
	seal_public_id(&again, id);
	g_assert_cmpstr(id, ==, seal_keys_id(f->keys, 0));
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_assert_false(seal_public_parse(wrong[i], &again, NULL));
	}
}

/* Nobody can guess a content by hashing: another key, another digest. */
static void test_digest(struct fixture *f, const void *unused)
{
	g_autofree char *file = g_build_filename(f->dir, "other.key", NULL);
	g_autoptr(seal_keys_auto) other = NULL;
	struct seal_digest digest;
	struct hash a, b, c, plain;

	(void)unused;
	g_assert_true(seal_keys_renew(file, "", false, NULL));
	g_assert_true(seal_keys_load(file, false, &other, NULL));
	g_assert_true(seal_digest_begin(&digest, f->keys, seal_keys_id(f->keys, 0)));
	seal_digest_update(&digest, "hunter2", 7);
	seal_digest_end(&digest, &a);
	g_assert_true(seal_digest_begin(&digest, f->keys, seal_keys_id(f->keys, 0)));
	seal_digest_update(&digest, "hunt", 4);
	seal_digest_update(&digest, "er2", 3);
	seal_digest_end(&digest, &b);
	g_assert_true(seal_digest_begin(&digest, other, seal_keys_id(other, 0)));
	seal_digest_update(&digest, "hunter2", 7);
	seal_digest_end(&digest, &c);
	hash_bytes(&plain, "hunter2", 7);
	g_assert_true(hash_equal(&a, &b));
	g_assert_false(hash_equal(&a, &c));
	g_assert_false(hash_equal(&a, &plain));
	g_assert_false(seal_digest_begin(&digest, NULL, "x"));
}

#define ADD(path, function)                                                                        \
	g_test_add("/seal/" path, struct fixture, NULL, set_up, function, tear_down)

/* Of the mapping that holds address, what the kernel says; NULL: it does not. */
static char *vm_flags(const void *address)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	bool inside = false;

	if (!g_file_get_contents("/proc/self/smaps", &text, NULL, NULL)) {
		return NULL;
	}
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		char *end = NULL;
		guint64 from = g_ascii_strtoull(*line, &end, 16);

		if (end != *line && *end == '-') {
			guint64 to = g_ascii_strtoull(end + 1, NULL, 16);

			inside = (uintptr_t)address >= from && (uintptr_t)address < to;
		} else if (inside && g_str_has_prefix(*line, "VmFlags:")) {
			return g_strconcat(*line, " ", NULL);
		}
	}
	return NULL;
}

/* Who may take a core of us in spite of all, root for one, gets none of this. */
static void test_not_in_cores(struct fixture *f, const void *unused)
{
	struct seal_bytes *bytes = seal_bytes_new("secret", 6);
	g_autofree char *flags = vm_flags(seal_bytes_get(bytes, NULL));
	g_autofree char *of_keys = vm_flags(seal_keys_secret(f->keys, 0));
	g_autofree char *of_others = vm_flags(f);

	(void)unused;
	seal_bytes_free(bytes);
	if (flags == NULL || of_keys == NULL || of_others == NULL) {
		g_test_skip("the kernel does not say what it would dump");
		return;
	}
	g_assert_nonnull(strstr(flags, " dd "));
	g_assert_nonnull(strstr(of_keys, " dd "));
	g_assert_null(strstr(of_others, " dd "));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("what-is-sealed-opens", test_round);
	ADD("too-large", test_too_large);
	ADD("length-is-hidden", test_length_is_hidden);
	ADD("every-byte-counts", test_every_byte);
	ADD("nothing-around-it", test_surplus);
	ADD("parts-cannot-be-mixed", test_mixed);
	ADD("label", test_label);
	ADD("bad-label", test_bad_label);
	ADD("several-recipients", test_several);
	ADD("rotation", test_rotation);
	ADD("key-files", test_key_files);
	ADD("public-line", test_public);
	ADD("keyed-digest", test_digest);
	ADD("not-in-cores", test_not_in_cores);
	return g_test_run();
}
