/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys that are believed: the agent's plan key, the people of the approver
 * list, the log's key. How you came by them decides what all the rest is worth.
 */
#ifndef ASSENT_KEYRING_H
#define ASSENT_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include <assent/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A public SSH key, ssh-ed25519 or sk-ssh-ed25519@openssh.com. */
typedef struct assent_key assent_key;

/*
 * line: "type base64 [comment]", as in a .pub file, ending in at most one newline.
 * ASSENT_EUNSUPPORTED names another type of key; ASSENT_EMALFORMED for everything else that is
 * wrong, small-order keys among it.
 */
ASSENT_API int assent_key_parse(assent_key **out, const char *line, struct assent_error *err)
	ASSENT_CHECKED;
ASSENT_API void assent_key_free(assent_key *key);
/* "SHA256:...", as ssh-keygen -l shows it. Borrowed from key. */
ASSENT_API const char *assent_key_fingerprint(const assent_key *key);

/*
 * The approver list: a strict subset of OpenSSH's allowed_signers. Literal principals, one key a
 * line, options namespaces (mandatory), valid-after and valid-before (ending in Z).
 */
typedef struct assent_signers assent_signers;

/*
 * text: the whole file. One line that is not understood, or a key that stands twice, spoils it:
 * ASSENT_EMALFORMED with the line's number, or ASSENT_EUNSUPPORTED for a type of key, or
 * ASSENT_ELIMIT above 1 MiB or 4096 people.
 */
ASSENT_API int assent_signers_parse(assent_signers **out, const char *text, size_t len,
				    struct assent_error *err) ASSENT_CHECKED;
ASSENT_API void assent_signers_free(assent_signers *signers);
/* Of the file's bytes: what plans and log entries name the list by. */
ASSENT_API void assent_signers_digest(const assent_signers *signers, struct assent_digest *out);
ASSENT_API bool assent_signers_has(const assent_signers *signers, const char *principal);

/* The key that signs a log's checkpoints: a C2SP verifier key. */
typedef struct assent_log_key assent_log_key;

/* vkey: "name+id+base64". ASSENT_EMALFORMED, or ASSENT_EMISMATCH when id and key disagree. */
ASSENT_API int assent_log_key_parse(assent_log_key **out, const char *vkey,
				    struct assent_error *err) ASSENT_CHECKED;
ASSENT_API void assent_log_key_free(assent_log_key *key);
/* The log's name, which is the agent's. */
ASSENT_API const char *assent_log_key_name(const assent_log_key *key);

#ifdef __cplusplus
}
#endif
#endif
