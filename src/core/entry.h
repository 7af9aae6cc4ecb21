/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Log entries (doc/formats.md 4): one canonical JSON object per event, at most
 * 65,535 bytes. This module knows their common head; each type's own fields
 * are read through entry_fields().
 */
#include "core/json.h"

#define ENTRY_MAX_SIZE 65535

enum entry_type {
	ENTRY_GENESIS,
	ENTRY_POLICY,
	ENTRY_COMMIT,
	ENTRY_PLAN,
	ENTRY_APPROVAL,
	ENTRY_CLOSED,
	ENTRY_APPLY_START,
	ENTRY_APPLY_DONE,
	ENTRY_BLOCKED,
	ENTRY_UNBLOCKED,
	ENTRY_DRIFT,
	ENTRY_SUSPEND,
	ENTRY_RESUME,
	ENTRY_NOTE,
	ENTRY_REWRITTEN,
	ENTRY_ROLLBACK,
	ENTRY_UNPIN,
	ENTRY_TRY,
	ENTRY_RETURN,
	ENTRY_ALERT,
};
/* "genesis", ... with '-' as in "apply-start"; NULL-terminated */
extern const char *const entry_type_names[];

struct entry {
	enum entry_type type;
	uint64_t seq;		/* index in the log */
	int64_t time;		/* POSIX seconds, never less than its predecessor's */
	const char *stack;	/* NULL for entries of the agent */
	struct json_doc *doc;	/* owned */
	struct json_obj fields; /* head already read; borrowed from doc */
};

int entry_parse(struct entry *out, const void *bytes, size_t len, struct assent_error *err)
	ASSENT_CHECKED;
void entry_clear(struct entry *entry);
