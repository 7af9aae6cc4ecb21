/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON in files of our own. */
#include "base/json-file.h"

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

bool json_file_store(const char *file, struct json_writer *w, const char *what, GError **error)
{
	autocfree char *text = NULL;
	struct assent_error err;
	size_t len;

	if (json_writer_finish(w, &text, &len, &err) != 0) {
		return fail_core(error, &err, "%s", what);
	}
	return file_replace(file, text, len, 0600, error);
}

bool json_file_load(const char *file, size_t max, const char *what, struct json_doc **out,
		    GError **error)
{
	g_autofree char *text = NULL;
	struct assent_error err;
	size_t len = 0;

	if (!file_read(file, max, &text, &len, error)) {
		return false;
	}
	return json_doc_parse(out, text, len, JSON_CANONICAL, &err) == 0 ||
	       fail_core(error, &err, "%s '%s'", what, file);
}
