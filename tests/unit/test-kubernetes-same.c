/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What dry runs have found to be the same, remembered. */
#include "worker/target/kubernetes-same.h"

#include <glib/gstdio.h>
#include <string.h>

#include "temp-dir.h"

#define NOW 1800000000
#define COUNT 3

static struct hash number(unsigned n)
{
	struct hash hash;

	hash_bytes(&hash, &n, sizeof(n));
	return hash;
}

/* What asked for n is remembered with seen n + 1000. */
static void put(struct same_cache *cache, unsigned n)
{
	const struct hash asked = number(n), seen = number(n + 1000);

	same_cache_put(cache, &asked, &seen);
}

static bool has(const struct same_cache *cache, unsigned asked, unsigned seen)
{
	const struct hash a = number(asked), s = number(seen);

	g_assert_true(same_cache_may_have(cache, &a) || !same_cache_has(cache, &a, &s));
	return same_cache_has(cache, &a, &s);
}

static void store(struct same_cache *cache)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(same_cache_store(cache, &error));
	g_assert_no_error(error);
}

static char *filled(const char *dir)
{
	char *file = g_build_filename(dir, "cache", NULL);
	g_autoptr(same_cache_auto) cache = same_cache_load(file, NOW);

	for (unsigned i = 0; i < COUNT; i++) {
		put(cache, i);
	}
	store(cache);
	return file;
}

static void write_file(const char *file, const char *text, gsize len)
{
	FILE *out = fopen(file, "w");

	g_assert_nonnull(out);
	g_assert_cmpuint(fwrite(text, 1, len, out), ==, len);
	g_assert_cmpint(fclose(out), ==, 0);
}

static unsigned count(const char *file, int64_t now)
{
	g_autoptr(same_cache_auto) cache = same_cache_load(file, now);
	unsigned found = 0;

	for (unsigned i = 0; i < COUNT; i++) {
		found += has(cache, i, i + 1000);
	}
	return found;
}

static void test_remembers(void)
{
	char *dir = temp_new();
	g_autofree char *file = filled(dir);
	g_autoptr(same_cache_auto) cache = same_cache_load(file, NOW + 1);

	g_assert_cmpuint(count(file, NOW), ==, COUNT);
	g_assert_false(has(cache, 2, 1003));
	g_assert_false(has(cache, COUNT, COUNT + 1000));
	/* Of one thing that was asked for, what was seen last. */
	{
		const struct hash asked = number(2), seen = number(7);

		same_cache_put(cache, &asked, &seen);
	}
	g_assert_false(has(cache, 2, 1002));
	g_assert_true(has(cache, 2, 7));
	store(cache);
	g_assert_cmpuint(count(file, NOW + 1), ==, COUNT - 1);
	temp_free(dir);
}

/* However often it was of use, and whatever was put since. */
static void test_ages(void)
{
	char *dir = temp_new();
	g_autofree char *file = filled(dir);

	g_assert_cmpuint(count(file, NOW + SAME_SECONDS - 1), ==, COUNT);
	{
		g_autoptr(same_cache_auto) cache = same_cache_load(file, NOW + SAME_SECONDS - 1);

		g_assert_true(has(cache, 1, 1001));
		put(cache, COUNT);
		store(cache);
	}
	g_assert_cmpuint(count(file, NOW + SAME_SECONDS - 1), ==, COUNT);
	g_assert_cmpuint(count(file, NOW + SAME_SECONDS), ==, 0);
	g_assert_cmpuint(count(file, NOW - 1), ==, 0);
	temp_free(dir);
}

/* Whatever byte is another one, or however much is missing: nothing is known. */
static void test_damaged(void)
{
	char *dir = temp_new();
	g_autofree char *file = filled(dir), *text = NULL;
	gsize len;

	g_assert_true(g_file_get_contents(file, &text, &len, NULL));
	for (gsize i = 0; i < len; i++) {
		text[i] ^= 4;
		write_file(file, text, len);
		text[i] ^= 4;
		g_assert_cmpuint(count(file, NOW), ==, 0);
	}
	for (gsize i = 0; i < len; i++) {
		write_file(file, text, i);
		g_assert_cmpuint(count(file, NOW), ==, 0);
	}
	write_file(file, text, len);
	g_assert_cmpuint(count(file, NOW), ==, COUNT);
	g_assert_cmpint(g_unlink(file), ==, 0);
	g_assert_cmpuint(count(file, NOW), ==, 0);
	temp_free(dir);
}

/* Nothing new, nothing written; and a folder that is not there is an error. */
static void test_store(void)
{
	char *dir = temp_new();
	g_autofree char *file = g_build_filename(dir, "none", "cache", NULL);
	g_autoptr(same_cache_auto) cache = same_cache_load(file, NOW);
	g_autoptr(GError) error = NULL;

	store(cache);
	put(cache, 1);
	g_assert_false(same_cache_store(cache, &error));
	g_assert_nonnull(error);
	temp_free(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kubernetes-same/remembers", test_remembers);
	g_test_add_func("/kubernetes-same/ages", test_ages);
	g_test_add_func("/kubernetes-same/damaged", test_damaged);
	g_test_add_func("/kubernetes-same/store", test_store);
	return g_test_run();
}
