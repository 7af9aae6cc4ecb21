/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The agent's own keys: making, keeping and using them. Part of the programs,
 * never of libassent, which verifies only.
 *
 * A struct secret holds the 64-byte Ed25519 secret key in guarded memory that
 * is wiped when freed.
 */
#include "core/note.h"
#include "core/sshsig.h"

struct secret;
void secret_free(struct secret *s);
int secret_generate(struct secret **out, struct assent_error *err) ASSENT_CHECKED;
/* The same seed gives the same key. */
int secret_from_seed(struct secret **out, const uint8_t seed[static 32], struct assent_error *err)
	ASSENT_CHECKED;
void secret_public(const struct secret *s, uint8_t pk[static 32]);
/* OpenSSH private key file (openssh-key-v1, no passphrase), as ssh-keygen writes it. The text is
 * wiped and freed with secret_text_free(). */
int secret_to_openssh(const struct secret *s, const char *comment, char **out,
		      struct assent_error *err) ASSENT_CHECKED;
int secret_from_openssh(struct secret **out, const char *text, size_t len, struct assent_error *err)
	ASSENT_CHECKED;
/* "PRIVATE+KEY+name+id+base64", the note signer key of the Go tools. */
int secret_to_note(const struct secret *s, const char *name, char **out, struct assent_error *err)
	ASSENT_CHECKED;
int secret_from_note(struct secret **out, char **name, const char *text, size_t len,
		     struct assent_error *err) ASSENT_CHECKED;
void secret_text_free(char *text);

/* Armored SSH signature of msg (sha512). Freed with free(). */
int secret_sshsig(const struct secret *s, const char *ns, const void *msg, size_t len, char **armor,
		  struct assent_error *err) ASSENT_CHECKED;
/* A signed note: text (ending in newline), blank line, one signature line. Freed with free(). */
int secret_sign_note(const struct secret *s, const char *name, const char *text, char **note,
		     struct assent_error *err) ASSENT_CHECKED;
