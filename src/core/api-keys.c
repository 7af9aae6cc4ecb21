/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public face of digests, keys and approver lists. */
#include "core/api.h"

#include <string.h>

#include "core/fail.h"

const char *assent_version(void)
{
	return ASSENT_VERSION_TEXT;
}

void assent_free(void *memory)
{
	free(memory);
}

void assent_digest_of(struct assent_digest *out, const void *data, size_t len)
{
	struct hash hash;

	hash_bytes(&hash, data, len);
	api_digest(out, &hash);
}

void assent_digest_text(char *text, const struct assent_digest *digest)
{
	struct hash hash;

	api_hash(&hash, digest);
	hash_text(text, &hash);
}

int assent_digest_parse(struct assent_digest *out, const char *text, struct assent_error *err)
{
	struct hash hash;

	if (!hash_parse(&hash, text)) {
		return core_fail(err, ASSENT_EMALFORMED, "not a digest (sha256:...)");
	}
	api_digest(out, &hash);
	return 0;
}

int assent_key_parse(assent_key **out, const char *line, struct assent_error *err)
{
	CLEANUP(free_p) assent_key *key = calloc(1, sizeof(*key));
	int rc;

	if (key == NULL) {
		return core_fail_memory(err);
	}
	rc = ssh_key_parse_line(&key->key, line, err);
	if (rc != 0) {
		return rc;
	}
	ssh_key_fingerprint(key->fingerprint, &key->key);
	*out = steal(&key);
	return 0;
}

void assent_key_free(assent_key *key)
{
	free(key);
}

const char *assent_key_fingerprint(const assent_key *key)
{
	return key->fingerprint;
}

int assent_signers_parse(assent_signers **out, const char *text, size_t len,
			 struct assent_error *err)
{
	CLEANUP(free_p) assent_signers *signers = calloc(1, sizeof(*signers));
	int rc;

	if (signers == NULL) {
		return core_fail_memory(err);
	}
	rc = signers_parse(&signers->list, text, len, err);
	if (rc != 0) {
		return rc;
	}
	*out = steal(&signers);
	return 0;
}

void assent_signers_free(assent_signers *signers)
{
	if (signers != NULL) {
		signers_free(signers->list);
		free(signers);
	}
}

void assent_signers_digest(const assent_signers *signers, struct assent_digest *out)
{
	api_digest(out, &signers->list->digest);
}

bool assent_signers_has(const assent_signers *signers, const char *principal)
{
	return signers_has_principal(signers->list, principal);
}

int assent_log_key_parse(assent_log_key **out, const char *vkey, struct assent_error *err)
{
	CLEANUP(free_p) assent_log_key *key = calloc(1, sizeof(*key));
	int rc;

	if (key == NULL) {
		return core_fail_memory(err);
	}
	rc = note_key_parse(&key->key, vkey, err);
	if (rc != 0) {
		return rc;
	}
	*out = steal(&key);
	return 0;
}

void assent_log_key_free(assent_log_key *key)
{
	free(key);
}

const char *assent_log_key_name(const assent_log_key *key)
{
	return key->key.name;
}
