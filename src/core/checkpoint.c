/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C2SP checkpoints: the text of a log's signed note. */
#include <inttypes.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/note.h"
#include "core/text.h"

#define ROOT_BASE64_LEN 44

int checkpoint_parse(struct checkpoint *out, const char *text, size_t len, struct assent_error *err)
{
	struct checkpoint cp = {0};
	const char *line;
	size_t line_len, root_len;

	if (!text_line(&text, &len, &line, &line_len) || line_len == 0 ||
	    line_len > NOTE_NAME_MAX || !text_is_plain(line, line_len)) {
		return core_fail(err, ASSENT_EMALFORMED, "checkpoint without an origin");
	}
	memcpy(cp.origin, line, line_len);
	if (!text_line(&text, &len, &line, &line_len) ||
	    !text_decimal(&cp.size, line, line_len, INT64_MAX)) {
		return core_fail(err, ASSENT_EMALFORMED, "checkpoint without a tree size");
	}
	if (!text_line(&text, &len, &line, &line_len) || line_len != ROOT_BASE64_LEN ||
	    !text_base64_decode(cp.root.bytes, HASH_SIZE, &root_len, line, line_len) ||
	    root_len != HASH_SIZE) {
		return core_fail(err, ASSENT_EMALFORMED, "checkpoint without a root hash");
	}
	while (text_line(&text, &len, &line, &line_len)) {
		if (line_len == 0) {
			return core_fail(err, ASSENT_EMALFORMED, "empty line in a checkpoint");
		}
	}
	if (len != 0) {
		return core_fail(err, ASSENT_EMALFORMED, "checkpoint does not end with a newline");
	}
	*out = cp;
	return 0;
}

int checkpoint_text(char **out, const struct checkpoint *cp, struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf b = {0};
	char *text;

	buf_printf(&b, "%s\n%" PRIu64 "\n", cp->origin, cp->size);
	buf_base64(&b, cp->root.bytes, HASH_SIZE);
	buf_byte(&b, '\n');
	text = buf_steal(&b, NULL);
	if (text == NULL) {
		return core_fail_memory(err);
	}
	*out = text;
	return 0;
}

int checkpoint_verify(struct checkpoint *out, const char *note, size_t len,
		      const struct note_key *log, struct assent_error *err)
{
	struct checkpoint cp;
	size_t text_len = 0;
	int rc;

	if (log->type != NOTE_ED25519) {
		return core_fail(err, ASSENT_EUNTRUSTED, "a witness's key cannot sign for a log");
	}
	rc = note_verify(&text_len, NULL, NULL, note, len, log, 1, err);
	if (rc != 0) {
		return rc;
	}
	rc = checkpoint_parse(&cp, note, text_len, err);
	if (rc != 0) {
		return rc;
	}
	if (strcmp(cp.origin, log->name) != 0) {
		return core_fail(err, ASSENT_EMISMATCH,
				 "checkpoint is of '%.80s', the key of '%.80s'", cp.origin,
				 log->name);
	}
	*out = cp;
	return 0;
}
