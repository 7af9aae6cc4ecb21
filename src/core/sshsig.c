/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenSSH's detached signatures: container, armor, verification. */
#include "core/sshsig.h"

#include <sodium.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/text.h"

#define MAGIC "SSHSIG"
#define MAGIC_LEN 6
#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END "-----END SSH SIGNATURE-----\n"
#define TOUCHED 0x01
/* ssh-keygen wraps at 70, PROTOCOL.sshsig recommends 76; nothing else is read. */
#define WIDTH_KEYGEN 70
#define WIDTH_PROTOCOL 76

static bool hash_is_known(const char *hash_alg)
{
	return strcmp(hash_alg, "sha512") == 0 || strcmp(hash_alg, "sha256") == 0;
}

/* "string type || string sig [|| flags || counter]", all of it. */
static int read_inner(struct sshsig *sig, const uint8_t *inner, size_t len,
		      struct assent_error *err)
{
	struct wire w = {.at = inner, .left = len};
	const uint8_t *bytes;
	size_t bytes_len;

	if (!wire_expect(&w, ssh_key_type_name(&sig->key))) {
		return core_fail(err, ASSENT_EMALFORMED, "signature type does not match the key");
	}
	bytes = wire_string(&w, &bytes_len);
	if (bytes == NULL || bytes_len != sizeof(sig->sig)) {
		return core_fail(err, ASSENT_EMALFORMED, "signature has a wrong length");
	}
	memcpy(sig->sig, bytes, sizeof(sig->sig));
	if (sig->key.type == SSH_SK_ED25519) {
		sig->flags = wire_byte(&w);
		sig->counter = wire_u32(&w);
	}
	if (!wire_done(&w)) {
		return core_fail(err, ASSENT_EMALFORMED,
				 "signature is cut off or followed by bytes");
	}
	return 0;
}

static int read_text(struct wire *w, char *out, size_t size, const char *what,
		     struct assent_error *err)
{
	size_t len;
	const uint8_t *text = wire_string(w, &len);

	if (text == NULL || len == 0 || len >= size || !text_is_plain(text, len)) {
		return core_fail(err, ASSENT_EMALFORMED, "bad %s in a signature", what);
	}
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

static int read_blob(struct sshsig *sig, const uint8_t *blob, size_t len, struct assent_error *err)
{
	struct wire w = {.at = blob, .left = len};
	const uint8_t *part;
	size_t part_len;
	int rc;

	part = wire_bytes(&w, MAGIC_LEN);
	if (part == NULL || memcmp(part, MAGIC, MAGIC_LEN) != 0) {
		return core_fail(err, ASSENT_EMALFORMED, "not an SSH signature");
	}
	if (wire_u32(&w) != 1) {
		return core_fail(err, ASSENT_EUNSUPPORTED,
				 "SSH signature of a version other than 1");
	}
	part = wire_string(&w, &part_len);
	if (part == NULL) {
		return core_fail(err, ASSENT_EMALFORMED, "SSH signature is cut off");
	}
	rc = ssh_key_from_blob(&sig->key, part, part_len, err);
	if (rc != 0) {
		return rc;
	}
	rc = read_text(&w, sig->ns, sizeof(sig->ns), "namespace", err);
	if (rc != 0) {
		return rc;
	}
	part = wire_string(&w, &part_len);
	if (part == NULL || part_len != 0) {
		return core_fail(err, ASSENT_EMALFORMED,
				 "reserved field of an SSH signature is not empty");
	}
	rc = read_text(&w, sig->hash_alg, sizeof(sig->hash_alg), "hash name", err);
	if (rc != 0) {
		return rc;
	}
	if (!hash_is_known(sig->hash_alg)) {
		return core_fail(err, ASSENT_EUNSUPPORTED, "hash '%s' in an SSH signature",
				 sig->hash_alg);
	}
	part = wire_string(&w, &part_len);
	if (part == NULL || !wire_done(&w)) {
		return core_fail(err, ASSENT_EMALFORMED,
				 "SSH signature is cut off or followed by bytes");
	}
	return read_inner(sig, part, part_len, err);
}

static void put_armor(struct buf *b, const char *base64, size_t len, size_t width)
{
	buf_text(b, BEGIN);
	for (size_t at = 0; at < len; at += width) {
		buf_add(b, base64 + at, len - at < width ? len - at : width);
		buf_byte(b, '\n');
	}
	buf_text(b, END);
}

static bool armor_is(const char *armor, size_t len, const char *base64, size_t base64_len,
		     size_t width)
{
	CLEANUP(buf_clear) struct buf b = {0};

	put_armor(&b, base64, base64_len, width);
	return !b.failed && b.len == len && memcmp(b.data, armor, len) == 0;
}

/* The base64 between the lines of an armor whose bytes are exactly as one of two writers makes
 * them. */
static int strip_armor(char *base64, size_t *base64_len, const char *armor, size_t len,
		       struct assent_error *err)
{
	const size_t head = sizeof(BEGIN) - 1, tail = sizeof(END) - 1;
	size_t n = 0;

	if (len > SSHSIG_MAX_ARMOR) {
		return core_fail(err, ASSENT_ELIMIT, "SSH signature larger than %d bytes",
				 SSHSIG_MAX_ARMOR);
	}
	if (len < head + tail || memcmp(armor, BEGIN, head) != 0 ||
	    memcmp(armor + len - tail, END, tail) != 0) {
		return core_fail(err, ASSENT_EMALFORMED, "not an armored SSH signature");
	}
	for (size_t i = head; i < len - tail; i++) {
		if (armor[i] != '\n') {
			base64[n++] = armor[i];
		}
	}
	if (!armor_is(armor, len, base64, n, WIDTH_KEYGEN) &&
	    !armor_is(armor, len, base64, n, WIDTH_PROTOCOL)) {
		return core_fail(err, ASSENT_EMALFORMED,
				 "SSH signature is not wrapped as ssh-keygen does it");
	}
	*base64_len = n;
	return 0;
}

int sshsig_parse(struct sshsig *out, const char *armor, size_t len, struct assent_error *err)
{
	char base64[SSHSIG_MAX_ARMOR];
	uint8_t blob[SSHSIG_MAX_ARMOR];
	size_t base64_len = 0, blob_len;
	struct sshsig sig = {0};
	int rc = strip_armor(base64, &base64_len, armor, len, err);

	if (rc != 0) {
		return rc;
	}
	if (!text_base64_decode(blob, sizeof(blob), &blob_len, base64, base64_len)) {
		return core_fail(err, ASSENT_EMALFORMED, "SSH signature is not base64");
	}
	rc = read_blob(&sig, blob, blob_len, err);
	if (rc != 0) {
		return rc;
	}
	*out = sig;
	return 0;
}

int sshsig_signed_bytes(uint8_t **out, size_t *out_len, const char *ns, const char *hash_alg,
			const void *msg, size_t len, struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf b = {0};
	uint8_t digest[crypto_hash_sha512_BYTES];
	size_t digest_len;
	char *bytes;

	if (!hash_is_known(hash_alg)) {
		return core_fail(err, ASSENT_EUNSUPPORTED, "hash '%s' for an SSH signature",
				 hash_alg);
	}
	if (strcmp(hash_alg, "sha512") == 0) {
		crypto_hash_sha512(digest, msg, len);
		digest_len = crypto_hash_sha512_BYTES;
	} else {
		crypto_hash_sha256(digest, msg, len);
		digest_len = crypto_hash_sha256_BYTES;
	}
	buf_text(&b, MAGIC);
	buf_wire(&b, ns, strlen(ns));
	buf_wire(&b, "", 0);
	buf_wire(&b, hash_alg, strlen(hash_alg));
	buf_wire(&b, digest, digest_len);
	bytes = buf_steal(&b, out_len);
	if (bytes == NULL) {
		return core_fail_memory(err);
	}
	*out = (uint8_t *)bytes;
	return 0;
}

/* What a security key signs instead of the bytes themselves. */
static void fido_bytes(uint8_t out[static 69], const struct sshsig *sig, const uint8_t *bytes,
		       size_t len)
{
	crypto_hash_sha256(out, (const uint8_t *)sig->key.application,
			   strlen(sig->key.application));
	out[32] = sig->flags;
	out[33] = (uint8_t)(sig->counter >> 24);
	out[34] = (uint8_t)(sig->counter >> 16);
	out[35] = (uint8_t)(sig->counter >> 8);
	out[36] = (uint8_t)sig->counter;
	crypto_hash_sha256(out + 37, bytes, len);
}

int sshsig_verify(const struct sshsig *sig, const char *ns, const void *msg, size_t len,
		  struct assent_error *err)
{
	CLEANUP(free_p) uint8_t *bytes = NULL;
	uint8_t fido[69];
	const uint8_t *data;
	size_t bytes_len, data_len;
	int rc;

	if (strcmp(sig->ns, ns) != 0) {
		return core_fail(err, ASSENT_ESIGNATURE,
				 "signature is for namespace '%s', expected '%s'", sig->ns, ns);
	}
	rc = sshsig_signed_bytes(&bytes, &bytes_len, ns, sig->hash_alg, msg, len, err);
	if (rc != 0) {
		return rc;
	}
	data = bytes;
	data_len = bytes_len;
	if (sig->key.type == SSH_SK_ED25519) {
		if ((sig->flags & TOUCHED) == 0) {
			return core_fail(err, ASSENT_ESIGNATURE,
					 "the security key was not touched");
		}
		fido_bytes(fido, sig, bytes, bytes_len);
		data = fido;
		data_len = sizeof(fido);
	}
	if (crypto_sign_verify_detached(sig->sig, data, data_len, sig->key.pk) != 0) {
		return core_fail(err, ASSENT_ESIGNATURE,
				 "signature does not match the signed bytes");
	}
	return 0;
}

static void put_inner(struct buf *b, const struct sshsig *sig)
{
	const char *type = ssh_key_type_name(&sig->key);

	buf_wire(b, type, strlen(type));
	buf_wire(b, sig->sig, sizeof(sig->sig));
	if (sig->key.type == SSH_SK_ED25519) {
		buf_byte(b, sig->flags);
		buf_u32(b, sig->counter);
	}
}

int sshsig_armor(char **out, const struct sshsig *sig, struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf blob = {0}, inner = {0}, base64 = {0}, armor = {0};
	CLEANUP(free_p) uint8_t *key = NULL;
	size_t key_len;
	char *text;
	int rc = ssh_key_to_blob(&sig->key, &key, &key_len, err);

	if (rc != 0) {
		return rc;
	}
	put_inner(&inner, sig);
	buf_text(&blob, MAGIC);
	buf_u32(&blob, 1);
	buf_wire(&blob, key, key_len);
	buf_wire(&blob, sig->ns, strlen(sig->ns));
	buf_wire(&blob, "", 0);
	buf_wire(&blob, sig->hash_alg, strlen(sig->hash_alg));
	buf_wire(&blob, inner.data, inner.len);
	buf_base64(&base64, blob.data, blob.len);
	put_armor(&armor, base64.data, base64.len, WIDTH_KEYGEN);
	if (inner.failed || blob.failed || base64.failed) {
		return core_fail_memory(err);
	}
	text = buf_steal(&armor, NULL);
	if (text == NULL) {
		return core_fail_memory(err);
	}
	*out = text;
	return 0;
}

int sshsig_from_inner(struct sshsig *out, const struct ssh_key *key, const char *ns,
		      const char *hash_alg, const uint8_t *inner, size_t len,
		      struct assent_error *err)
{
	struct sshsig sig = {.key = *key};
	int rc;

	if (strlen(ns) == 0 || strlen(ns) >= sizeof(sig.ns) || !hash_is_known(hash_alg)) {
		return core_fail(err, ASSENT_EUNSUPPORTED,
				 "namespace or hash for an SSH signature");
	}
	memcpy(sig.ns, ns, strlen(ns));
	memcpy(sig.hash_alg, hash_alg, strlen(hash_alg));
	rc = read_inner(&sig, inner, len, err);
	if (rc != 0) {
		return rc;
	}
	*out = sig;
	return 0;
}
