/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a sealed secret, and as a recipient. */
#include <glib.h>

#include "base/seal.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"seal", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *line = g_strndup((const char *)data, size);
	g_autoptr(seal_box_auto) box = NULL;
	g_autoptr(GError) error = NULL;
	struct seal_public to;
	size_t count;

	if (seal_public_parse(line, &to, NULL)) {
		g_autofree char *again = seal_public_text(&to);

		g_assert_cmpstr(again, ==, line);
	}
	if (!seal_parse((const char *)data, size, &box, &error)) {
		g_assert_nonnull(error);
		return 0;
	}
	g_assert_no_error(error);
	seal_box_recipients(box, &count);
	g_assert_cmpuint(count, >=, 1);
	g_assert_cmpuint(count, <=, SEAL_MAX_RECIPIENTS);
	return 0;
}
