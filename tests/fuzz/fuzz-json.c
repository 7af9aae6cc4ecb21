/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as JSON: what is canonical is written again byte for byte. */
#include <glib.h>
#include <stdlib.h>

#include "core/json.h"
#include "fuzz.h"

const char *const fuzz_corpus[] = {"entries", "plans", "vectors/jcs", "vectors/sshsig", NULL};

static char *rewrite(const struct json_doc *doc, unsigned flags, size_t *len)
{
	struct json_writer *w = json_writer_new(flags);
	char *text = NULL;

	json_w_value(w, NULL, json_doc_value(doc));
	return json_writer_finish(w, &text, len, NULL) == 0 ? text : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_doc *doc = NULL;
	size_t len;
	char *text;

	if (json_doc_parse(&doc, data, size, JSON_CANONICAL, NULL) == 0) {
		text = rewrite(doc, JSON_CANONICAL, &len);
		g_assert(text != NULL);
		g_assert_cmpmem(text, len, data, size);
		free(text);
		json_doc_free(doc);
	}
	if (json_doc_parse(&doc, data, size, 0, NULL) == 0) {
		text = rewrite(doc, 0, &len);
		g_assert(text != NULL && g_utf8_validate(text, (gssize)len, NULL));
		free(text);
		json_doc_free(doc);
	}
	if (json_doc_parse(&doc, data, size, JSON_FLOATS, NULL) == 0) {
		json_doc_free(doc);
	}
	return 0;
}
