/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of approval statements and attestations. */
#include "core/statement.h"

#include <string.h>

#include "core/fail.h"
#include "core/json.h"
#include "core/text.h"

#define NAME_MAX_BYTES 255

const char *const verdict_names[] = {"approve", "reject", "break-glass", NULL};
const char *const channel_names[] = {"signature", "slack", "mattermost", "ntfy",
				     "webhook",	  "page",  "desktop",	 NULL};

bool channel_find(const char *name, enum channel *out)
{
	for (int i = 0; channel_names[i] != NULL; i++) {
		if (strcmp(channel_names[i], name) == 0) {
			*out = (enum channel)i;
			return true;
		}
	}
	return false;
}

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
	if (st->verdict != VERDICT_APPROVE && len == 0) {
		return core_fail(err, ASSENT_EMALFORMED, "a %s needs a reason",
				 st->verdict == VERDICT_REJECT ? "rejection" : "break-glass");
	}
	if (st->seq < 1 || st->expires < 0) {
		return core_fail(err, ASSENT_EMALFORMED, "sequence number or expiry out of range");
	}
	return 0;
}

/* by: NULL for what a person signs. */
static void write_statement(struct json_writer *w, const struct statement *st,
			    const struct attestation *by)
{
	char digest[HASH_TEXT_SIZE];

	json_w_object(w, NULL);
	json_w_str(w, "agent", st->agent);
	json_w_str(w, "approver", st->approver);
	if (by != NULL) {
		json_w_str(w, "channel", channel_names[by->channel]);
	}
	json_w_str(w, "decision", verdict_names[st->verdict]);
	if (by != NULL) {
		hash_text(digest, &by->evidence);
		json_w_str(w, "evidence", digest);
	}
	json_w_int(w, "expires", st->expires);
	hash_text(digest, &st->plan);
	json_w_str(w, "plan", digest);
	json_w_str(w, "reason", st->reason);
	json_w_int(w, "seq", st->seq);
	json_w_str(w, "stack", st->stack);
	if (by != NULL) {
		json_w_int(w, "time", by->time);
	}
	json_w_str(w, "type", by != NULL ? "attestation" : "approval");
	json_w_int(w, "v", 1);
	json_w_end(w);
}

static int finish(char **out, size_t *len, const struct statement *st, const struct attestation *by,
		  struct assent_error *err)
{
	struct json_writer *w;
	int rc = check(st, err);

	if (rc != 0) {
		return rc;
	}
	w = json_writer_new(JSON_CANONICAL);
	if (w == NULL) {
		return core_fail_memory(err);
	}
	write_statement(w, st, by);
	return json_writer_finish(w, out, len, err);
}

int statement_text(char **out, size_t *len, const struct statement *st, struct assent_error *err)
{
	return finish(out, len, st, NULL, err);
}

int attestation_text(char **out, size_t *len, const struct statement *st,
		     const struct attestation *by, struct assent_error *err)
{
	if (by->channel <= CHANNEL_SIGNATURE || by->channel >= CHANNELS) {
		return core_fail(err, ASSENT_EMALFORMED,
				 "a signature is made by a person and never attested");
	}
	if (st->verdict == VERDICT_BREAK_GLASS) {
		return core_fail(err, ASSENT_EMALFORMED, "a break-glass is never attested");
	}
	if (by->time < 0) {
		return core_fail(err, ASSENT_EMALFORMED, "time out of range");
	}
	return finish(out, len, st, by, err);
}

static void read_attestation(struct attestation *by, struct json_obj *o)
{
	static const char *const types[] = {"attestation", NULL};
	int channel = json_enum(o, "channel", channel_names);

	(void)json_enum(o, "type", types);
	if (channel == CHANNEL_SIGNATURE) {
		json_obj_fail(o, "channel", "is not attested");
	}
	by->channel = channel < 0 ? CHANNEL_SIGNATURE : (enum channel)channel;
	if (!hash_parse(&by->evidence, json_str(o, "evidence", HASH_TEXT_SIZE))) {
		json_obj_fail(o, "evidence", "not a digest (sha256:...)");
	}
	by->time = json_int(o, "time", 0, JSON_MAX_INT);
	json_obj_ignore_rest(o);
}

int attestation_parse(struct attestation *out, const char *text, size_t len,
		      struct assent_error *err)
{
	struct attestation by = {0};
	struct json_doc *doc = NULL;
	struct json_obj o;
	int rc = json_doc_parse(&doc, text, len, JSON_CANONICAL, err);

	if (rc == 0) {
		json_doc_root(doc, &o);
		read_attestation(&by, &o);
		rc = json_doc_status(doc, err);
	}
	json_doc_free(doc);
	if (rc != 0) {
		return core_prefix(err, rc, "attestation");
	}
	*out = by;
	return 0;
}
