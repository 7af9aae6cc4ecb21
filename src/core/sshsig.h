/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * OpenSSH signatures (PROTOCOL.sshsig) of Ed25519 and FIDO Ed25519 keys.
 *
 * Parsing is stricter than ssh-keygen: version 1, empty reserved field, exact
 * armor, no trailing bytes. Verifying a FIDO signature demands the touch flag.
 * The header is the whole interface: parse, look at the key, verify.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assent/error.h"

#define SSHSIG_MAX_ARMOR 8192
#define SSHSIG_NS_PLAN "assent.plan.v1"
#define SSHSIG_NS_APPROVAL "assent.approval.v1"
#define SSHSIG_NS_ATTESTATION "assent.attestation.v1"
#define SSHSIG_NS_GIT "git"

enum ssh_key_type { SSH_ED25519, SSH_SK_ED25519 };

struct ssh_key {
	enum ssh_key_type type;
	uint8_t pk[32];
	char application[64]; /* FIDO only, usually "ssh:" */
};

struct sshsig {
	struct ssh_key key;
	char ns[64];	  /* namespace */
	char hash_alg[8]; /* "sha512" or "sha256" */
	uint8_t sig[64];
	uint8_t flags;	  /* FIDO only: 1 touched, 4 user verified */
	uint32_t counter; /* FIDO only */
};

int sshsig_parse(struct sshsig *out, const char *armor, size_t len, struct assent_error *err)
	ASSENT_CHECKED;
/* The structure that the key signs, for message in namespace ns. Freed with free(). */
int sshsig_signed_bytes(uint8_t **out, size_t *out_len, const char *ns, const char *hash_alg,
			const void *msg, size_t len, struct assent_error *err) ASSENT_CHECKED;
/* Does the signature hold for msg in ns by the key it names? Trust is the caller's question. */
int sshsig_verify(const struct sshsig *sig, const char *ns, const void *msg, size_t len,
		  struct assent_error *err) ASSENT_CHECKED;
/* The canonical armor, wrapped at 70 as ssh-keygen does. Freed with free(). */
int sshsig_armor(char **out, const struct sshsig *sig, struct assent_error *err) ASSENT_CHECKED;
/* From an agent's answer: the inner "string type || string sig [|| flags || counter]". */
int sshsig_from_inner(struct sshsig *out, const struct ssh_key *key, const char *ns,
		      const char *hash_alg, const uint8_t *inner, size_t len,
		      struct assent_error *err) ASSENT_CHECKED;

/* Public keys: wire blob, "type base64 [comment]" line, SHA256: fingerprint. */
int ssh_key_from_blob(struct ssh_key *out, const uint8_t *blob, size_t len,
		      struct assent_error *err) ASSENT_CHECKED;
int ssh_key_to_blob(const struct ssh_key *key, uint8_t **out, size_t *len, struct assent_error *err)
	ASSENT_CHECKED;
int ssh_key_parse_line(struct ssh_key *out, const char *line, struct assent_error *err)
	ASSENT_CHECKED;
/* "ssh-ed25519 AAAA..." without comment. Freed with free(). */
int ssh_key_line(char **out, const struct ssh_key *key, struct assent_error *err) ASSENT_CHECKED;
#define SSH_FINGERPRINT_SIZE 51
void ssh_key_fingerprint(char out[static SSH_FINGERPRINT_SIZE], const struct ssh_key *key);
/* "ssh-ed25519" or "sk-ssh-ed25519@openssh.com". */
const char *ssh_key_type_name(const struct ssh_key *key);
bool ssh_key_equal(const struct ssh_key *a, const struct ssh_key *b);
