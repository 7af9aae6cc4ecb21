/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C2SP signed notes, keys and cosignatures. */
#include "core/note.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/text.h"

#define SIGNATURES_MAX 100
#define DASH "\xe2\x80\x94 "
#define ID_LEN 4
#define TIME_LEN 8
#define SIG_LEN crypto_sign_BYTES

/* White space of Unicode beyond ASCII, as UTF-8. */
static const char *const wide_spaces[] = {
	"\xc2\x85",	"\xc2\xa0",	"\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
	"\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
	"\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
	"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
};

bool note_name_is_good(const char *name, size_t len)
{
	char text[NOTE_NAME_MAX + 1];

	if (len == 0 || len > NOTE_NAME_MAX || !text_is_plain(name, len)) {
		return false;
	}
	memcpy(text, name, len);
	text[len] = '\0';
	if (strpbrk(text, " +") != NULL) {
		return false;
	}
	for (size_t i = 0; i < sizeof(wide_spaces) / sizeof(*wide_spaces); i++) {
		if (strstr(text, wide_spaces[i]) != NULL) {
			return false;
		}
	}
	return true;
}

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t key_id(const char *name, uint8_t type, const uint8_t *pk)
{
	struct hash_state state;
	struct hash digest;

	hash_init(&state);
	hash_update(&state, name, strlen(name));
	hash_update(&state, "\n", 1);
	hash_update(&state, &type, 1);
	hash_update(&state, pk, 32);
	hash_final(&state, &digest);
	return big_endian(digest.bytes);
}

int note_key_init(struct note_key *out, const char *name, uint8_t type, const uint8_t pk[static 32],
		  struct assent_error *err)
{
	if (!note_name_is_good(name, strlen(name))) {
		return core_fail(err, ASSENT_EMALFORMED,
				 "key name is empty, too long, or has spaces or '+'");
	}
	if (type != NOTE_ED25519 && type != NOTE_COSIGNATURE) {
		return core_fail(err, ASSENT_EUNSUPPORTED, "note key of type %u", type);
	}
	if (crypto_core_ed25519_is_valid_point(pk) != 1) {
		return core_fail(err, ASSENT_EMALFORMED, "note key is not a valid Ed25519 point");
	}
	*out = (struct note_key){.type = type, .id = key_id(name, type, pk)};
	memcpy(out->name, name, strlen(name));
	memcpy(out->pk, pk, sizeof(out->pk));
	return 0;
}

int note_key_parse(struct note_key *out, const char *vkey, struct assent_error *err)
{
	const char *id = strchr(vkey, '+'), *base64;
	char name[NOTE_NAME_MAX + 1], expected[9];
	uint8_t bytes[33];
	struct note_key key;
	size_t len;
	int rc;

	if (id == NULL || (size_t)(id - vkey) > NOTE_NAME_MAX || strlen(id) < 10 || id[9] != '+') {
		return core_fail(err, ASSENT_EMALFORMED, "not a verifier key (name+id+base64)");
	}
	memcpy(name, vkey, (size_t)(id - vkey));
	name[id - vkey] = '\0';
	base64 = id + 10;
	if (!text_base64_decode(bytes, sizeof(bytes), &len, base64, strlen(base64)) || len < 2) {
		return core_fail(err, ASSENT_EMALFORMED, "verifier key is not base64, or too long");
	}
	if (len != sizeof(bytes)) {
		return core_fail(err, ASSENT_EMALFORMED, "verifier key has a wrong length");
	}
	rc = note_key_init(&key, name, bytes[0], bytes + 1, err);
	if (rc != 0) {
		return rc;
	}
	(void)snprintf(expected, sizeof(expected), "%08" PRIx32, key.id);
	if (memcmp(expected, id + 1, 8) != 0) {
		return core_fail(err, ASSENT_EMISMATCH, "verifier key's id does not match the key");
	}
	*out = key;
	return 0;
}

int note_key_text(char **out, const struct note_key *key, struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf b = {0};
	uint8_t bytes[33];
	char *text;

	bytes[0] = key->type;
	memcpy(bytes + 1, key->pk, sizeof(key->pk));
	buf_printf(&b, "%s+%08" PRIx32 "+", key->name, key->id);
	buf_base64(&b, bytes, sizeof(bytes));
	text = buf_steal(&b, NULL);
	if (text == NULL) {
		return core_fail_memory(err);
	}
	*out = text;
	return 0;
}

/* Splits at the last empty line; *sigs is what follows it. */
static int split(const char *note, size_t len, size_t *text_len, const char **sigs,
		 size_t *sigs_len, struct assent_error *err)
{
	if (len > NOTE_MAX_SIZE) {
		return core_fail(err, ASSENT_ELIMIT, "note larger than %zu bytes", NOTE_MAX_SIZE);
	}
	if (!text_is_utf8(note, len)) {
		return core_fail(err, ASSENT_EMALFORMED, "note is not UTF-8");
	}
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)note[i] < 0x20 && note[i] != '\n') {
			return core_fail(err, ASSENT_EMALFORMED, "control character in a note");
		}
	}
	if (len == 0 || note[len - 1] != '\n') {
		return core_fail(err, ASSENT_EMALFORMED, "note does not end with a newline");
	}
	for (size_t i = len - 1; i > 0; i--) {
		if (note[i] == '\n' && note[i - 1] == '\n') {
			*text_len = i;
			*sigs = note + i + 1;
			*sigs_len = len - i - 1;
			if (*sigs_len == 0) {
				break;
			}
			return 0;
		}
	}
	return core_fail(err, ASSENT_EMALFORMED, "note without signatures");
}

struct signature {
	const char *name;
	size_t name_len;
	uint8_t bytes[256]; /* key id, then the signature */
	size_t len;
};

static int read_signature(struct signature *sig, const char *line, size_t len,
			  struct assent_error *err)
{
	const size_t dash = sizeof(DASH) - 1;
	const char *space;

	if (len <= dash || memcmp(line, DASH, dash) != 0) {
		return core_fail(err, ASSENT_EMALFORMED, "signature line without its dash");
	}
	sig->name = line + dash;
	space = memchr(sig->name, ' ', len - dash);
	if (space == NULL || !note_name_is_good(sig->name, (size_t)(space - sig->name))) {
		return core_fail(err, ASSENT_EMALFORMED, "bad key name in a signature line");
	}
	sig->name_len = (size_t)(space - sig->name);
	space++;
	/* A signature of an unknown kind may be longer (ML-DSA); it is cut, and never looked at. */
	if (len - (size_t)(space - line) > sizeof(sig->bytes)) {
		CLEANUP(free_p) uint8_t *all = malloc(len);

		if (all == NULL) {
			return core_fail_memory(err);
		}
		if (!text_base64_decode(all, len, &sig->len, space, len - (size_t)(space - line)) ||
		    sig->len <= ID_LEN) {
			return core_fail(err, ASSENT_EMALFORMED,
					 "signature is not base64, or too short");
		}
		memcpy(sig->bytes, all, ID_LEN);
		return 0;
	}
	if (!text_base64_decode(sig->bytes, sizeof(sig->bytes), &sig->len, space,
				len - (size_t)(space - line)) ||
	    sig->len <= ID_LEN) {
		return core_fail(err, ASSENT_EMALFORMED, "signature is not base64, or too short");
	}
	return 0;
}

int note_cosigned_text(char **out, size_t *out_len, uint64_t time, const char *text, size_t len,
		       struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf b = {0};
	char *message;

	buf_printf(&b, "cosignature/v1\ntime %" PRIu64 "\n", time);
	buf_add(&b, text, len);
	message = buf_steal(&b, out_len);
	if (message == NULL) {
		return core_fail_memory(err);
	}
	*out = message;
	return 0;
}

static bool holds(const uint8_t *sig, const char *message, size_t len, const struct note_key *key)
{
	return crypto_sign_verify_detached(sig, (const uint8_t *)message, len, key->pk) == 0;
}

/* One signature of a known key; time is untouched for a plain one. */
static int verify_one(const struct signature *sig, const struct note_key *key, const char *text,
		      size_t text_len, uint64_t *time, struct assent_error *err)
{
	CLEANUP(free_p) char *message = NULL;
	const uint8_t *at = sig->bytes + ID_LEN;
	size_t len = 0;
	uint64_t when;
	int rc;

	if (key->type == NOTE_ED25519) {
		if (sig->len == ID_LEN + SIG_LEN && holds(at, text, text_len, key)) {
			return 0;
		}
		return core_fail(err, ASSENT_ESIGNATURE, "signature of '%.100s' does not hold",
				 key->name);
	}
	if (sig->len != ID_LEN + TIME_LEN + SIG_LEN) {
		return core_fail(err, ASSENT_ESIGNATURE,
				 "cosignature of '%.100s' has a wrong length", key->name);
	}
	when = (uint64_t)big_endian(at) << 32 | big_endian(at + 4);
	if (when == 0 || when > INT64_MAX) {
		return core_fail(err, ASSENT_EMALFORMED, "cosignature of '%.100s' without a time",
				 key->name);
	}
	rc = note_cosigned_text(&message, &len, when, text, text_len, err);
	if (rc != 0) {
		return rc;
	}
	if (!holds(at + TIME_LEN, message, len, key)) {
		return core_fail(err, ASSENT_ESIGNATURE, "cosignature of '%.100s' does not hold",
				 key->name);
	}
	*time = when;
	return 0;
}

struct tally {
	const struct note_key *keys;
	size_t count;
	uint64_t signed_by;
	uint64_t times[64];
};

static int count_signature(struct tally *tally, const struct signature *sig, const char *text,
			   size_t text_len, struct assent_error *err)
{
	uint32_t id = big_endian(sig->bytes);

	for (size_t i = 0; i < tally->count; i++) {
		const struct note_key *key = &tally->keys[i];
		int rc;

		if (key->id != id || strlen(key->name) != sig->name_len ||
		    memcmp(key->name, sig->name, sig->name_len) != 0) {
			continue;
		}
		rc = verify_one(sig, key, text, text_len, &tally->times[i], err);
		if (rc != 0) {
			return rc;
		}
		tally->signed_by |= UINT64_C(1) << i;
	}
	return 0;
}

int note_verify(size_t *text_len, uint64_t *signed_by, uint64_t *times, const char *note,
		size_t len, const struct note_key *keys, size_t count, struct assent_error *err)
{
	struct tally tally = {.keys = keys, .count = count};
	struct signature sig;
	const char *sigs, *line;
	size_t length = 0, left = 0, line_len, lines = 0;
	int rc;

	if (count > 64) {
		return core_fail(err, ASSENT_ELIMIT, "more than 64 keys for a note");
	}
	rc = split(note, len, &length, &sigs, &left, err);
	if (rc != 0) {
		return rc;
	}
	while (text_line(&sigs, &left, &line, &line_len)) {
		if (++lines > SIGNATURES_MAX) {
			return core_fail(err, ASSENT_ELIMIT, "more than %d signatures",
					 SIGNATURES_MAX);
		}
		rc = read_signature(&sig, line, line_len, err);
		if (rc == 0) {
			rc = count_signature(&tally, &sig, note, length, err);
		}
		if (rc != 0) {
			return rc;
		}
	}
	if (tally.signed_by == 0) {
		return core_fail(err, ASSENT_EUNTRUSTED, "note is not signed by a known key");
	}
	*text_len = length;
	if (signed_by != NULL) {
		*signed_by = tally.signed_by;
	}
	if (times != NULL) {
		memcpy(times, tally.times, count * sizeof(*times));
	}
	return 0;
}
