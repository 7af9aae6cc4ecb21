/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log entries for tests: sorted and folded as a replay does. */
#include "fold-entry.h"

#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"

static char *canonical(const char *text)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	autocfree char *out = NULL;
	struct assent_error err;
	size_t len;

	if (json_doc_parse(&doc, text, strlen(text), 0, &err) != 0) {
		g_error("%s: %s", text, err.text);
	}
	json_w_value(w, NULL, json_doc_value(doc));
	g_assert_cmpint(json_writer_finish(w, &out, &len, NULL), ==, 0);
	return g_strdup(out);
}

char *fold_line(const struct fold *fold, const char *type, const char *stack, int64_t time,
		const char *fields)
{
	g_autofree char *of =
		stack != NULL ? g_strdup_printf(",\"stack\":\"%s\"", stack) : g_strdup("");
	g_autofree char *text = g_strdup_printf(
		"{\"seq\":%" PRIu64 ",\"time\":%" PRId64 ",\"type\":\"%s\",\"v\":1%s%s%s}",
		fold->size, time, type, of, fields[0] != '\0' ? "," : "", fields);

	return canonical(text);
}

bool fold_text(struct fold *fold, const char *type, const char *stack, int64_t time,
	       const char *fields, GError **error)
{
	g_autofree char *sorted = fold_line(fold, type, stack, time, fields);
	struct assent_error err;
	struct entry entry;
	bool ok;

	if (entry_parse(&entry, sorted, strlen(sorted), &err) != 0) {
		g_error("%s: %s", sorted, err.text);
	}
	ok = fold_entry(fold, &entry, error);
	entry_clear(&entry);
	return ok;
}

void fold_ok(struct fold *fold, const char *type, const char *stack, int64_t time,
	     const char *fields)
{
	GError *error = NULL;
	bool ok = fold_text(fold, type, stack, time, fields, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
}
