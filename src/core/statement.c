/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The approval statement's bytes. */
#include "core/statement.h"

#include <string.h>

#include "core/fail.h"
#include "core/json.h"
#include "core/text.h"

#define NAME_MAX_BYTES 255

const char *const verdict_names[] = {"approve", "reject", NULL};

static bool name_is_good(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX_BYTES && text_is_plain(name, len);
}

static int check(const struct statement *st, struct assent_error *err)
{
	size_t len = strlen(st->reason);

	if (!name_is_good(st->agent) || !name_is_good(st->stack) || !name_is_good(st->approver)) {
		return core_fail(err, ASSENT_EMALFORMED,
				 "agent, stack or approver is empty, too long or not plain text");
	}
	if (len > STATEMENT_REASON_MAX) {
		return core_fail(err, ASSENT_ELIMIT, "reason longer than %d bytes",
				 STATEMENT_REASON_MAX);
	}
	if (!text_is_utf8(st->reason, len)) {
		return core_fail(err, ASSENT_EMALFORMED, "reason is not UTF-8");
	}
	if (st->verdict == VERDICT_REJECT && len == 0) {
		return core_fail(err, ASSENT_EMALFORMED, "a rejection needs a reason");
	}
	if (st->seq < 1 || st->expires < 0) {
		return core_fail(err, ASSENT_EMALFORMED, "sequence number or expiry out of range");
	}
	return 0;
}

int statement_text(char **out, size_t *len, const struct statement *st, struct assent_error *err)
{
	char plan[HASH_TEXT_SIZE];
	struct json_writer *w;
	int rc = check(st, err);

	if (rc != 0) {
		return rc;
	}
	w = json_writer_new(JSON_CANONICAL);
	if (w == NULL) {
		return core_fail_memory(err);
	}
	hash_text(plan, &st->plan);
	json_w_object(w, NULL);
	json_w_str(w, "agent", st->agent);
	json_w_str(w, "approver", st->approver);
	json_w_str(w, "decision", verdict_names[st->verdict]);
	json_w_int(w, "expires", st->expires);
	json_w_str(w, "plan", plan);
	json_w_str(w, "reason", st->reason);
	json_w_int(w, "seq", st->seq);
	json_w_str(w, "stack", st->stack);
	json_w_str(w, "type", "approval");
	json_w_int(w, "v", 1);
	json_w_end(w);
	return json_writer_finish(w, out, len, err);
}
