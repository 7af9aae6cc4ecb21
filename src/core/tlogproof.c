/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading, writing and verifying tlog-proof files. */
#include "core/tlogproof.h"

#include <inttypes.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/text.h"

#define HEADER "c2sp.org/tlog-proof@v1"
#define HASH_BASE64_LEN 44

static bool starts(const char *line, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

static int read_path(struct tlog_proof *proof, const char **text, size_t *left,
		     struct assent_error *err)
{
	const char *line;
	size_t len, hash_len;

	for (;;) {
		if (!text_line(text, left, &line, &len)) {
			return core_fail(err, ASSENT_EMALFORMED, "proof without a checkpoint");
		}
		if (len == 0) {
			return 0;
		}
		if (proof->count == MERKLE_MAX_PROOF) {
			return core_fail(err, ASSENT_ELIMIT, "proof with more than %d hashes",
					 MERKLE_MAX_PROOF);
		}
		if (len != HASH_BASE64_LEN ||
		    !text_base64_decode(proof->path[proof->count].bytes, HASH_SIZE, &hash_len, line,
					len) ||
		    hash_len != HASH_SIZE) {
			return core_fail(err, ASSENT_EMALFORMED, "line in a proof is not a hash");
		}
		proof->count++;
	}
}

int tlog_proof_parse(struct tlog_proof *out, const char *text, size_t len, struct assent_error *err)
{
	struct tlog_proof proof = {0};
	const char *line;
	size_t line_len;
	int rc;

	if (len > TLOG_PROOF_MAX_SIZE) {
		return core_fail(err, ASSENT_ELIMIT, "proof is too large");
	}
	if (!text_line(&text, &len, &line, &line_len) || line_len != strlen(HEADER) ||
	    memcmp(line, HEADER, line_len) != 0) {
		return core_fail(err, ASSENT_EMALFORMED, "not a tlog-proof@v1 file");
	}
	if (!text_line(&text, &len, &line, &line_len)) {
		return core_fail(err, ASSENT_EMALFORMED, "proof without an index");
	}
	/* Data for the entry's owner, which nothing authenticates. */
	if (starts(line, line_len, "extra ") && !text_line(&text, &len, &line, &line_len)) {
		return core_fail(err, ASSENT_EMALFORMED, "proof without an index");
	}
	if (!starts(line, line_len, "index ") ||
	    !text_decimal(&proof.index, line + 6, line_len - 6, INT64_MAX)) {
		return core_fail(err, ASSENT_EMALFORMED, "proof without an index");
	}
	rc = read_path(&proof, &text, &len, err);
	if (rc != 0) {
		return rc;
	}
	proof.note = text;
	proof.note_len = len;
	*out = proof;
	return 0;
}

int tlog_proof_write(char **out, size_t *len, const struct tlog_proof *proof,
		     struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf b = {0};
	char *text;

	buf_printf(&b, HEADER "\nindex %" PRIu64 "\n", proof->index);
	for (size_t i = 0; i < proof->count; i++) {
		buf_base64(&b, proof->path[i].bytes, HASH_SIZE);
		buf_byte(&b, '\n');
	}
	buf_byte(&b, '\n');
	buf_add(&b, proof->note, proof->note_len);
	text = buf_steal(&b, len);
	if (text == NULL) {
		return core_fail_memory(err);
	}
	*out = text;
	return 0;
}

int tlog_proof_verify(const struct tlog_proof *proof, const void *entry, size_t len,
		      const struct note_key *log, struct checkpoint *cp, struct assent_error *err)
{
	struct checkpoint found;
	struct hash leaf;
	int rc = checkpoint_verify(&found, proof->note, proof->note_len, log, err);

	if (rc != 0) {
		return rc;
	}
	merkle_leaf(&leaf, entry, len);
	rc = merkle_verify_inclusion(&leaf, proof->index, found.size, proof->path, proof->count,
				     &found.root, err);
	if (rc == 0 && cp != NULL) {
		*cp = found;
	}
	return rc;
}
