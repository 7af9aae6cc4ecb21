/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which of the user's keys signs, and the signature: by the ssh-agent, or by
 * `ssh-keygen -Y sign` with a key file, which asks for its passphrase itself.
 * The approver list decides whom a key stands for; a key of another type is
 * refused by its name.
 *
 *	sign_choose(signers, person, key_file, now, &signer, error)
 *	sign_statement(signer, text, len, &armor, error)     -- verified
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/signers.h"

struct signing; /* a person and the key to sign with */

/* person NULL: whom the user's keys stand for, if that is one. key_file NULL: the ssh-agent's keys,
 * then ~/.ssh/id_ed25519 and id_ed25519_sk. home: where .ssh is. signers is borrowed. */
bool sign_choose(const struct signers *signers, const char *person, const char *key_file,
		 const char *home, int64_t now, struct signing **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void signing_free(struct signing *signing);
const char *signing_person(const struct signing *signing);
const struct ssh_key *signing_key(const struct signing *signing);

/* The person of a list who may sign with key, where that is one; else a problem. */
bool sign_person_of(const struct signers *signers, const struct ssh_key *key, const char **person,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Armored signature of text in the approval namespace, verified. free(). */
bool sign_statement(struct signing *signing, const char *text, size_t len, char **armor,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Is armor an approval signature of text by person at now? */
bool sign_check(const struct signers *signers, const char *person, const char *armor,
		size_t armor_len, const char *text, size_t len, int64_t now, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* A public key file, or the one beside a private key file. */
bool sign_read_public(const char *file, struct ssh_key *key, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

typedef struct signing signing_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(signing_auto, signing_free)
