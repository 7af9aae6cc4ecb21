/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a fuzz target over its corpus, without a fuzzing engine; always the same inputs. */
#include <glib.h>
#include <string.h>

#include "fuzz.h"

#define CUTS 64
#define CHANGES 64

/* A copy of its own, so that reading one byte too far is found. */
static void run(const char *data, size_t size)
{
	uint8_t *copy = g_malloc(size > 0 ? size : 1);

	if (size > 0) {
		memcpy(copy, data, size);
	}
	g_assert_cmpint(LLVMFuzzerTestOneInput(copy, size), ==, 0);
	g_free(copy);
}

static void run_cut(const char *data, size_t size)
{
	for (size_t i = 0; i < CUTS; i++) {
		run(data, size * i / CUTS);
	}
}

static void run_changed(const char *data, size_t size, guint32 seed)
{
	static const char bytes[] = "\0\n\t {}[]:,-#&*!|>'\"%@`~$\\\177\200\377";
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);

	for (unsigned i = 0; i < CHANGES && size > 0; i++) {
		char *changed = g_memdup2(data, size);
		gint32 count = g_rand_int_range(rand, 1, 4);

		for (gint32 k = 0; k < count; k++) {
			changed[g_rand_int_range(rand, 0, (gint32)size)] =
				bytes[g_rand_int_range(rand, 0, sizeof(bytes) - 1)];
		}
		run(changed, size);
		g_free(changed);
	}
}

static void test_folder(gconstpointer name)
{
	g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "data", name, NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	unsigned count = 0;

	g_assert_nonnull(dir);
	for (const char *file = g_dir_read_name(dir); file != NULL; file = g_dir_read_name(dir)) {
		g_autofree char *path = g_build_filename(folder, file, NULL);
		g_autofree char *data = NULL;
		size_t size = 0;

		if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
			continue;
		}
		g_assert_true(g_file_get_contents(path, &data, &size, NULL));
		run(data, size);
		run_cut(data, size);
		run_changed(data, size, g_str_hash(file));
		count++;
	}
	g_assert_cmpuint(count, >, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; fuzz_corpus[i] != NULL; i++) {
		g_autofree char *test = g_strdup_printf("/fuzz/%s", fuzz_corpus[i]);

		g_test_add_data_func(test, fuzz_corpus[i], test_folder);
	}
	return g_test_run();
}
