/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a worker's progress. */
#include "agent/progress.h"

#include "base/autoptr.h"
#include "core/json.h"

#define LINE_MAX_BYTES 16384
#define TEXT_MAX_BYTES 4096

void progress_write(struct json_writer *w, const char *line, size_t len)
{
	static const char *const events[] = {"progress", NULL};
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root;
	const char *text;
	int64_t done, total;

	if (len == 0 || len > LINE_MAX_BYTES || json_doc_parse(&doc, line, len, 0, NULL) != 0) {
		json_w_null(w, "progress");
		return;
	}
	json_doc_root(doc, &root);
	json_enum(&root, "event", events);
	text = json_str(&root, "text", TEXT_MAX_BYTES);
	done = json_int(&root, "done", 0, JSON_MAX_INT);
	total = json_int(&root, "total", 0, JSON_MAX_INT);
	if (json_doc_status(doc, NULL) != 0) {
		json_w_null(w, "progress");
		return;
	}
	json_w_object(w, "progress");
	json_w_str(w, "text", text);
	json_w_int(w, "done", done);
	json_w_int(w, "total", total);
	json_w_end(w);
}
