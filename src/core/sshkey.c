/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Public SSH keys: the two kinds we take, in their three spellings. */
#include "core/sshsig.h"

#include <sodium.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/text.h"

#define BLOB_MAX 512

static const char *const type_names[] = {"ssh-ed25519", "sk-ssh-ed25519@openssh.com"};

static int unsupported(const uint8_t *type, size_t len, struct assent_error *err)
{
	if (!text_is_plain(type, len)) {
		return core_fail(err, ASSENT_EMALFORMED, "key type is not text");
	}
	return core_fail(err, ASSENT_EUNSUPPORTED,
			 "key type '%.*s' is not supported (use ssh-ed25519 or "
			 "sk-ssh-ed25519@openssh.com)",
			 (int)(len < 64 ? len : 64), (const char *)type);
}

static int read_application(struct ssh_key *key, struct wire *w, struct assent_error *err)
{
	size_t len;
	const uint8_t *text = wire_string(w, &len);

	if (text == NULL || len == 0 || len >= sizeof(key->application) ||
	    !text_is_plain(text, len)) {
		return core_fail(err, ASSENT_EMALFORMED, "bad application in a FIDO key");
	}
	memcpy(key->application, text, len);
	return 0;
}

int ssh_key_from_blob(struct ssh_key *out, const uint8_t *blob, size_t len,
		      struct assent_error *err)
{
	struct ssh_key key = {0};
	struct wire w = {.at = blob, .left = len};
	const uint8_t *type, *pk;
	size_t type_len, pk_len;
	int rc;

	type = wire_string(&w, &type_len);
	if (type == NULL) {
		return core_fail(err, ASSENT_EMALFORMED, "public key is cut off");
	}
	if (type_len == strlen(type_names[0]) && memcmp(type, type_names[0], type_len) == 0) {
		key.type = SSH_ED25519;
	} else if (type_len == strlen(type_names[1]) &&
		   memcmp(type, type_names[1], type_len) == 0) {
		key.type = SSH_SK_ED25519;
	} else {
		return unsupported(type, type_len, err);
	}
	pk = wire_string(&w, &pk_len);
	if (pk == NULL || pk_len != sizeof(key.pk)) {
		return core_fail(err, ASSENT_EMALFORMED, "public key has a wrong length");
	}
	memcpy(key.pk, pk, pk_len);
	if (key.type == SSH_SK_ED25519) {
		rc = read_application(&key, &w, err);
		if (rc != 0) {
			return rc;
		}
	}
	if (!wire_done(&w)) {
		return core_fail(err, ASSENT_EMALFORMED, "bytes after the public key");
	}
	/* One constant signature holds for every message under a small-order key, and ssh-keygen
	 * takes it. */
	if (crypto_core_ed25519_is_valid_point(key.pk) != 1) {
		return core_fail(err, ASSENT_EMALFORMED, "public key is not a valid Ed25519 point");
	}
	*out = key;
	return 0;
}

int ssh_key_to_blob(const struct ssh_key *key, uint8_t **out, size_t *len, struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf b = {0};
	char *blob;

	buf_wire(&b, type_names[key->type], strlen(type_names[key->type]));
	buf_wire(&b, key->pk, sizeof(key->pk));
	if (key->type == SSH_SK_ED25519) {
		buf_wire(&b, key->application, strlen(key->application));
	}
	blob = buf_steal(&b, len);
	if (blob == NULL) {
		return core_fail_memory(err);
	}
	*out = (uint8_t *)blob;
	return 0;
}

int ssh_key_parse_line(struct ssh_key *out, const char *line, struct assent_error *err)
{
	uint8_t blob[BLOB_MAX];
	struct ssh_key key;
	size_t type_len = strcspn(line, " "), base64_len, blob_len;
	const char *base64;
	int rc;

	if (line[type_len] != ' ' || type_len == 0) {
		return core_fail(err, ASSENT_EMALFORMED, "expected 'type base64'");
	}
	if (!(strlen(type_names[0]) == type_len && memcmp(line, type_names[0], type_len) == 0) &&
	    !(strlen(type_names[1]) == type_len && memcmp(line, type_names[1], type_len) == 0)) {
		return unsupported((const uint8_t *)line, type_len, err);
	}
	base64 = line + type_len + 1;
	base64_len = strcspn(base64, " \n");
	if (base64[base64_len] == '\n' && base64[base64_len + 1] != '\0') {
		return core_fail(err, ASSENT_EMALFORMED, "more than one line");
	}
	if (!text_base64_decode(blob, sizeof(blob), &blob_len, base64, base64_len)) {
		return core_fail(err, ASSENT_EMALFORMED, "public key is not base64, or too long");
	}
	rc = ssh_key_from_blob(&key, blob, blob_len, err);
	if (rc != 0) {
		return rc;
	}
	if (strlen(type_names[key.type]) != type_len ||
	    memcmp(line, type_names[key.type], type_len) != 0) {
		return core_fail(err, ASSENT_EMALFORMED, "key type and key do not match");
	}
	*out = key;
	return 0;
}

int ssh_key_line(char **out, const struct ssh_key *key, struct assent_error *err)
{
	CLEANUP(free_p) uint8_t *blob = NULL;
	CLEANUP(buf_clear) struct buf b = {0};
	size_t len;
	char *line;
	int rc = ssh_key_to_blob(key, &blob, &len, err);

	if (rc != 0) {
		return rc;
	}
	buf_printf(&b, "%s ", type_names[key->type]);
	buf_base64(&b, blob, len);
	line = buf_steal(&b, NULL);
	if (line == NULL) {
		return core_fail_memory(err);
	}
	*out = line;
	return 0;
}

void ssh_key_fingerprint(char out[static SSH_FINGERPRINT_SIZE], const struct ssh_key *key)
{
	crypto_hash_sha256_state state;
	uint8_t digest[crypto_hash_sha256_BYTES];
	const char *type = type_names[key->type];
	const char *parts[] = {type, (const char *)key->pk, key->application};
	size_t lens[] = {strlen(type), sizeof(key->pk), strlen(key->application)};
	size_t count = key->type == SSH_SK_ED25519 ? 3 : 2;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < count; i++) {
		uint8_t size[4] = {0, 0, 0, (uint8_t)lens[i]};

		crypto_hash_sha256_update(&state, size, sizeof(size));
		crypto_hash_sha256_update(&state, (const uint8_t *)parts[i], lens[i]);
	}
	crypto_hash_sha256_final(&state, digest);
	memcpy(out, "SHA256:", 7);
	sodium_bin2base64(out + 7, SSH_FINGERPRINT_SIZE - 7, digest, sizeof(digest),
			  sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

bool ssh_key_equal(const struct ssh_key *a, const struct ssh_key *b)
{
	return a->type == b->type && memcmp(a->pk, b->pk, sizeof(a->pk)) == 0 &&
	       strcmp(a->application, b->application) == 0;
}

const char *ssh_key_type_name(const struct ssh_key *key)
{
	return type_names[key->type];
}
