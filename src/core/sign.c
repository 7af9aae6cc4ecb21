/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's own keys: making them, keeping them in text, signing with them. */
#include "core/sign.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/fail.h"
#include "core/text.h"

#define OPENSSH_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define OPENSSH_END "-----END OPENSSH PRIVATE KEY-----\n"
#define OPENSSH_MAGIC "openssh-key-v1" /* its NUL is part of it */
#define OPENSSH_WIDTH 70
#define NOTE_PREFIX "PRIVATE+KEY+"
#define KEY_TEXT_MAX 4096

struct secret {
	uint8_t sk[crypto_sign_SECRETKEYBYTES]; /* seed, then public key */
};

static int secret_new(struct secret **out, struct assent_error *err)
{
	if (sodium_init() < 0) {
		return core_fail(err, ASSENT_EFAILED, "cannot start libsodium");
	}
	*out = sodium_malloc(sizeof(**out));
	return *out != NULL ? 0 : core_fail_memory(err);
}

void secret_free(struct secret *s)
{
	sodium_free(s);
}

static void secret_free_p(struct secret **s)
{
	secret_free(*s);
}

int secret_generate(struct secret **out, struct assent_error *err)
{
	CLEANUP(secret_free_p) struct secret *s = NULL;
	uint8_t pk[crypto_sign_PUBLICKEYBYTES];
	int rc = secret_new(&s, err);

	if (rc != 0) {
		return rc;
	}
	if (crypto_sign_keypair(pk, s->sk) != 0) {
		return core_fail(err, ASSENT_EFAILED, "cannot make a key");
	}
	*out = steal(&s);
	return 0;
}

int secret_from_seed(struct secret **out, const uint8_t seed[static 32], struct assent_error *err)
{
	CLEANUP(secret_free_p) struct secret *s = NULL;
	uint8_t pk[crypto_sign_PUBLICKEYBYTES];
	int rc = secret_new(&s, err);

	if (rc != 0) {
		return rc;
	}
	if (crypto_sign_seed_keypair(pk, s->sk, seed) != 0) {
		return core_fail(err, ASSENT_EFAILED, "cannot make a key from its seed");
	}
	*out = steal(&s);
	return 0;
}

void secret_public(const struct secret *s, uint8_t pk[static 32])
{
	memcpy(pk, s->sk + crypto_sign_SEEDBYTES, crypto_sign_PUBLICKEYBYTES);
}

void secret_text_free(char *text)
{
	if (text != NULL) {
		sodium_memzero(text, strlen(text));
		free(text);
	}
}

static struct ssh_key public_key(const struct secret *s)
{
	struct ssh_key key = {.type = SSH_ED25519};

	secret_public(s, key.pk);
	return key;
}

/* The part that a passphrase would encrypt, padded to the cipher's block of 8. */
static void put_private(struct buf *b, const struct secret *s, const char *comment)
{
	uint32_t check = randombytes_random();

	buf_u32(b, check);
	buf_u32(b, check);
	buf_wire(b, "ssh-ed25519", 11);
	buf_wire(b, s->sk + crypto_sign_SEEDBYTES, crypto_sign_PUBLICKEYBYTES);
	buf_wire(b, s->sk, sizeof(s->sk));
	buf_wire(b, comment, strlen(comment));
	for (uint8_t pad = 1; b->len % 8 != 0; pad++) {
		buf_byte(b, pad);
	}
}

int secret_to_openssh(const struct secret *s, const char *comment, char **out,
		      struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf blob = {0}, inner = {0}, base64 = {0}, text = {0};
	CLEANUP(free_p) uint8_t *pub = NULL;
	struct ssh_key key = public_key(s);
	size_t pub_len;
	char *result;
	int rc = ssh_key_to_blob(&key, &pub, &pub_len, err);

	if (rc != 0) {
		return rc;
	}
	put_private(&inner, s, comment);
	buf_add(&blob, OPENSSH_MAGIC, sizeof(OPENSSH_MAGIC));
	buf_wire(&blob, "none", 4);
	buf_wire(&blob, "none", 4);
	buf_wire(&blob, "", 0);
	buf_u32(&blob, 1);
	buf_wire(&blob, pub, pub_len);
	buf_wire(&blob, inner.data, inner.len);
	buf_base64(&base64, blob.data, blob.len);
	buf_text(&text, OPENSSH_BEGIN);
	for (size_t at = 0; at < base64.len; at += OPENSSH_WIDTH) {
		buf_add(&text, base64.data + at,
			base64.len - at < OPENSSH_WIDTH ? base64.len - at : OPENSSH_WIDTH);
		buf_byte(&text, '\n');
	}
	buf_text(&text, OPENSSH_END);
	if (blob.failed || inner.failed || base64.failed) {
		return core_fail_memory(err);
	}
	result = buf_steal(&text, NULL);
	if (result == NULL) {
		return core_fail_memory(err);
	}
	*out = result;
	return 0;
}

static int read_private(struct secret *s, struct wire *w, struct assent_error *err)
{
	const uint8_t *pk, *sk;
	size_t pk_len, sk_len, comment_len;
	uint8_t pad = 1, derived[crypto_sign_PUBLICKEYBYTES];
	uint32_t check = wire_u32(w);

	if (check != wire_u32(w) || !wire_expect(w, "ssh-ed25519")) {
		return core_fail(err, ASSENT_EUNSUPPORTED, "private key is not an ssh-ed25519 key");
	}
	pk = wire_string(w, &pk_len);
	sk = wire_string(w, &sk_len);
	(void)wire_string(w, &comment_len);
	if (w->failed || pk_len != crypto_sign_PUBLICKEYBYTES || sk_len != sizeof(s->sk) ||
	    w->left >= 8) {
		return core_fail(err, ASSENT_EMALFORMED, "private key is damaged");
	}
	while (w->left > 0) {
		if (wire_byte(w) != pad++) {
			return core_fail(err, ASSENT_EMALFORMED, "private key is damaged");
		}
	}
	(void)crypto_sign_seed_keypair(derived, s->sk, sk);
	if (memcmp(derived, pk, pk_len) != 0 || sodium_memcmp(s->sk, sk, sk_len) != 0) {
		return core_fail(err, ASSENT_EMALFORMED, "private and public key do not match");
	}
	return 0;
}

static int read_openssh(struct secret *s, const uint8_t *blob, size_t len, struct assent_error *err)
{
	struct wire w = {.at = blob, .left = len}, inner;
	const uint8_t *magic = wire_bytes(&w, sizeof(OPENSSH_MAGIC)), *part;
	size_t part_len;

	if (magic == NULL || memcmp(magic, OPENSSH_MAGIC, sizeof(OPENSSH_MAGIC)) != 0) {
		return core_fail(err, ASSENT_EMALFORMED, "not an OpenSSH private key");
	}
	if (!wire_expect(&w, "none") || !wire_expect(&w, "none") || !wire_expect(&w, "")) {
		return core_fail(err, ASSENT_EUNSUPPORTED, "private key has a passphrase");
	}
	if (wire_u32(&w) != 1) {
		return core_fail(err, ASSENT_EUNSUPPORTED, "file holds more than one key");
	}
	(void)wire_string(&w, &part_len); /* the public key stands in the private part again */
	part = wire_string(&w, &part_len);
	if (part == NULL || !wire_done(&w)) {
		return core_fail(err, ASSENT_EMALFORMED, "private key is cut off");
	}
	inner = (struct wire){.at = part, .left = part_len};
	return read_private(s, &inner, err);
}

int secret_from_openssh(struct secret **out, const char *text, size_t len, struct assent_error *err)
{
	const size_t head = sizeof(OPENSSH_BEGIN) - 1, tail = sizeof(OPENSSH_END) - 1;
	CLEANUP(buf_clear) struct buf base64 = {0};
	CLEANUP(secret_free_p) struct secret *s = NULL;
	uint8_t bytes[KEY_TEXT_MAX];
	size_t bytes_len = 0;
	int rc;

	if (len > KEY_TEXT_MAX || len < head + tail || memcmp(text, OPENSSH_BEGIN, head) != 0 ||
	    memcmp(text + len - tail, OPENSSH_END, tail) != 0) {
		return core_fail(err, ASSENT_EMALFORMED, "not an OpenSSH private key file");
	}
	for (size_t i = head; i < len - tail; i++) {
		if (text[i] != '\n') {
			buf_byte(&base64, (uint8_t)text[i]);
		}
	}
	rc = secret_new(&s, err);
	if (rc != 0) {
		return rc;
	}
	if (base64.failed ||
	    !text_base64_decode(bytes, sizeof(bytes), &bytes_len, base64.data, base64.len)) {
		rc = core_fail(err, ASSENT_EMALFORMED, "private key is not base64");
	} else {
		rc = read_openssh(s, bytes, bytes_len, err);
	}
	sodium_memzero(bytes, sizeof(bytes));
	if (rc == 0) {
		*out = steal(&s);
	}
	return rc;
}

int secret_to_note(const struct secret *s, const char *name, char **out, struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf text = {0}, seed = {0};
	uint8_t pk[crypto_sign_PUBLICKEYBYTES];
	struct note_key key;
	char *result;
	int rc;

	secret_public(s, pk);
	rc = note_key_init(&key, name, NOTE_ED25519, pk, err);
	if (rc != 0) {
		return rc;
	}
	buf_byte(&seed, NOTE_ED25519);
	buf_add(&seed, s->sk, crypto_sign_SEEDBYTES);
	buf_printf(&text, NOTE_PREFIX "%s+%08" PRIx32 "+", name, key.id);
	buf_base64(&text, seed.data, seed.len);
	result = buf_steal(&text, NULL);
	if (result == NULL || seed.failed) {
		secret_text_free(result);
		return core_fail_memory(err);
	}
	*out = result;
	return 0;
}

/* name+id+base64, with room for the seed; the id is checked against name and key. */
static int read_note(struct secret *s, char *name, const char *text, struct assent_error *err)
{
	uint8_t bytes[1 + crypto_sign_SEEDBYTES], pk[crypto_sign_PUBLICKEYBYTES];
	const char *id = strchr(text, '+');
	struct note_key key;
	char expected[9];
	size_t len = 0;
	bool good;
	int rc;

	if (id == NULL || (size_t)(id - text) > NOTE_NAME_MAX || strlen(id) < 10 || id[9] != '+') {
		return core_fail(err, ASSENT_EMALFORMED, "not a note signing key");
	}
	good = text_base64_decode(bytes, sizeof(bytes), &len, id + 10, strlen(id + 10)) &&
	       len == sizeof(bytes) && bytes[0] == NOTE_ED25519;
	if (good) {
		(void)crypto_sign_seed_keypair(pk, s->sk, bytes + 1);
	}
	sodium_memzero(bytes, sizeof(bytes));
	if (!good) {
		return core_fail(err, ASSENT_EMALFORMED, "note signing key is damaged");
	}
	memcpy(name, text, (size_t)(id - text));
	name[id - text] = '\0';
	rc = note_key_init(&key, name, NOTE_ED25519, pk, err);
	if (rc != 0) {
		return rc;
	}
	(void)snprintf(expected, sizeof(expected), "%08" PRIx32, key.id);
	if (memcmp(expected, id + 1, 8) != 0) {
		return core_fail(err, ASSENT_EMISMATCH, "note signing key's id does not match");
	}
	return 0;
}

int secret_from_note(struct secret **out, char **name, const char *text, size_t len,
		     struct assent_error *err)
{
	const size_t skip = sizeof(NOTE_PREFIX) - 1;
	CLEANUP(secret_free_p) struct secret *s = NULL;
	char found[NOTE_NAME_MAX + 1], *copy, *name_copy;
	int rc;

	if (len > KEY_TEXT_MAX || len <= skip || memcmp(text, NOTE_PREFIX, skip) != 0 ||
	    memchr(text, '\0', len) != NULL) {
		return core_fail(err, ASSENT_EMALFORMED, "not a note signing key");
	}
	rc = secret_new(&s, err);
	if (rc != 0) {
		return rc;
	}
	copy = strndup(text + skip, len - skip - (text[len - 1] == '\n'));
	if (copy == NULL) {
		return core_fail_memory(err);
	}
	rc = read_note(s, found, copy, err);
	secret_text_free(copy);
	if (rc != 0) {
		return rc;
	}
	name_copy = strdup(found);
	if (name_copy == NULL) {
		return core_fail_memory(err);
	}
	*name = name_copy;
	*out = steal(&s);
	return 0;
}

int secret_sshsig(const struct secret *s, const char *ns, const void *msg, size_t len, char **armor,
		  struct assent_error *err)
{
	struct sshsig sig = {.key = public_key(s), .hash_alg = "sha512"};
	CLEANUP(free_p) uint8_t *bytes = NULL;
	size_t bytes_len;
	int rc;

	if (ns[0] == '\0' || strlen(ns) >= sizeof(sig.ns)) {
		return core_fail(err, ASSENT_EFAILED, "namespace is empty or too long");
	}
	memcpy(sig.ns, ns, strlen(ns));
	rc = sshsig_signed_bytes(&bytes, &bytes_len, ns, sig.hash_alg, msg, len, err);
	if (rc != 0) {
		return rc;
	}
	if (crypto_sign_detached(sig.sig, NULL, bytes, bytes_len, s->sk) != 0) {
		return core_fail(err, ASSENT_EFAILED, "cannot sign");
	}
	return sshsig_armor(armor, &sig, err);
}

int secret_sign_note(const struct secret *s, const char *name, const char *text, char **note,
		     struct assent_error *err)
{
	CLEANUP(buf_clear) struct buf b = {0};
	uint8_t pk[crypto_sign_PUBLICKEYBYTES], line[4 + crypto_sign_BYTES];
	struct note_key key;
	size_t len = strlen(text), text_len;
	char *result;
	int rc;

	secret_public(s, pk);
	rc = note_key_init(&key, name, NOTE_ED25519, pk, err);
	if (rc != 0) {
		return rc;
	}
	line[0] = (uint8_t)(key.id >> 24);
	line[1] = (uint8_t)(key.id >> 16);
	line[2] = (uint8_t)(key.id >> 8);
	line[3] = (uint8_t)key.id;
	if (crypto_sign_detached(line + 4, NULL, (const uint8_t *)text, len, s->sk) != 0) {
		return core_fail(err, ASSENT_EFAILED, "cannot sign");
	}
	buf_printf(&b, "%s\n\xe2\x80\x94 %s ", text, name);
	buf_base64(&b, line, sizeof(line));
	buf_byte(&b, '\n');
	if (b.failed) {
		return core_fail_memory(err);
	}
	/* Whatever a verifier would refuse (no final newline, control characters) is not given out.
	 */
	rc = note_verify(&text_len, NULL, NULL, b.data, b.len, &key, 1, err);
	if (rc == 0 && text_len != len) {
		rc = core_fail(err, ASSENT_EFAILED, "text cannot be signed as a note");
	}
	if (rc != 0) {
		return rc;
	}
	result = buf_steal(&b, NULL);
	if (result == NULL) {
		return core_fail_memory(err);
	}
	*note = result;
	return 0;
}
