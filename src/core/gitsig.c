/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict reading of signed commits. */
#include "core/gitsig.h"

#include <stdbool.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/text.h"

#define NAME "gpgsig"
#define NAME_LEN 6

static bool line_is(const char *line, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

static void put_line(struct buf *b, const char *line, size_t len)
{
	buf_add(b, line, len);
	buf_byte(b, '\n');
}

/* Headers up to the empty line; the signature's lines go to armor, all others to payload. */
static int read_headers(const char **text, size_t *left, struct buf *payload, struct buf *armor,
			struct assent_error *err)
{
	const char *line;
	size_t len;
	bool inside = false, first = true;

	while (text_line(text, left, &line, &len)) {
		if (len == 0) {
			put_line(payload, "", 0);
			return 0;
		}
		if (first && !line_is(line, len, "tree ")) {
			return core_fail(err, ASSENT_EMALFORMED, "not a commit");
		}
		first = false;
		if (line[0] == ' ') {
			put_line(inside ? armor : payload, line + (inside ? 1 : 0),
				 len - (inside ? 1 : 0));
			continue;
		}
		inside = line_is(line, len, NAME " ");
		if (line_is(line, len, NAME) && (!inside || armor->len != 0)) {
			return core_fail(err, ASSENT_EMALFORMED,
					 "commit with a second or unknown signature header");
		}
		if (inside) {
			put_line(armor, line + NAME_LEN + 1, len - NAME_LEN - 1);
		} else {
			put_line(payload, line, len);
		}
	}
	return core_fail(err, ASSENT_EMALFORMED, "commit without an end of its headers");
}

int gitsig_parse(struct gitsig *out, const char *raw, size_t len, struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf payload = {0}, armor = {0};
	struct gitsig sig = {0};
	int rc;

	if (memchr(raw, '\0', len) != NULL) {
		return core_fail(err, ASSENT_EMALFORMED, "NUL byte in a commit");
	}
	rc = read_headers(&raw, &len, &payload, &armor, err);
	if (rc != 0) {
		return rc;
	}
	buf_add(&payload, raw, len);
	if (armor.len != 0) {
		sig.armor = buf_steal(&armor, &sig.armor_len);
		if (sig.armor == NULL) {
			return core_fail_memory(err);
		}
	}
	sig.payload = buf_steal(&payload, &sig.payload_len);
	if (sig.payload == NULL || armor.failed) {
		gitsig_clear(&sig);
		return core_fail_memory(err);
	}
	*out = sig;
	return 0;
}

void gitsig_clear(struct gitsig *sig)
{
	if (sig != NULL) {
		free(sig->payload);
		free(sig->armor);
		*sig = (struct gitsig){0};
	}
}
