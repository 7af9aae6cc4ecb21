/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The common head of log entries. */
#include "core/entry.h"

#include "core/fail.h"

const char *const entry_type_names[] = {
	"genesis",    "policy",	  "commit",    "plan",	"approval", "closed", "apply-start",
	"apply-done", "blocked",  "unblocked", "drift", "suspend",  "resume", "note",
	"rewritten",  "rollback", "unpin",     "try",	"return",   "alert",  NULL,
};

#define STACK_NAME_MAX 255

int entry_parse(struct entry *out, const void *bytes, size_t len, struct assent_error *err)
{
	struct entry entry = {0};
	int rc, type;

	if (len > ENTRY_MAX_SIZE) {
		return core_fail(err, ASSENT_ELIMIT, "entry larger than %d bytes", ENTRY_MAX_SIZE);
	}
	rc = json_doc_parse(&entry.doc, bytes, len, JSON_CANONICAL, err);
	if (rc != 0) {
		return rc;
	}
	json_doc_root(entry.doc, &entry.fields);
	entry.seq = (uint64_t)json_int(&entry.fields, "seq", 0, JSON_MAX_INT);
	entry.time = json_int(&entry.fields, "time", 0, JSON_MAX_INT);
	type = json_enum(&entry.fields, "type", entry_type_names);
	(void)json_int(&entry.fields, "v", 1, 1);
	entry.stack = json_str_opt(&entry.fields, "stack", STACK_NAME_MAX);
	rc = json_doc_status(entry.doc, err);
	if (rc != 0) {
		json_doc_free(entry.doc);
		return rc;
	}
	entry.type = (enum entry_type)type;
	*out = entry;
	return 0;
}

void entry_clear(struct entry *entry)
{
	if (entry != NULL) {
		json_doc_free(entry->doc);
		*entry = (struct entry){0};
	}
}
