/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The approver list: a strict subset of OpenSSH's allowed_signers, readable by
 * ssh-keygen -Y verify as well (facts: ssh-keygen(1), ALLOWED SIGNERS).
 *
 * Literal principals only, one key per line, ssh-ed25519 or
 * sk-ssh-ed25519@openssh.com, options namespaces (mandatory), valid-after and
 * valid-before (ending in Z). Any line that is not understood, or a key that
 * stands twice, makes the whole list invalid.
 */
#include "core/hash.h"
#include "core/sshsig.h"

#define SIGNERS_MAX_SIZE ((size_t)1 << 20)

struct signer {
	char *principal;      /* one line with several principals becomes several signers */
	char *namespaces;     /* comma list, literal */
	int64_t valid_after;  /* POSIX seconds, INT64_MIN: none */
	int64_t valid_before; /* POSIX seconds, INT64_MAX: none; inclusive */
	struct ssh_key key;
	unsigned line;
};

struct signers {
	struct signer *items;
	size_t count;
	struct hash digest; /* of the file's bytes */
};

int signers_parse(struct signers **out, const char *text, size_t len, struct assent_error *err)
	ASSENT_CHECKED;
void signers_free(struct signers *s);
/* The signer who may sign in ns at now (POSIX seconds) with key as principal (NULL: anybody), or
 * ASSENT_EUNTRUSTED / ASSENT_EEXPIRED with the reason. */
int signers_find(const struct signer **out, const struct signers *s, const char *principal,
		 const struct ssh_key *key, const char *ns, int64_t now, struct assent_error *err)
	ASSENT_CHECKED;
bool signers_has_principal(const struct signers *s, const char *principal);
