/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Lines of approver lists and public keys, made from seeds; link libassent_sign. */
#include <glib.h>
#include <string.h>

#include "core/sign.h"
#include "core/sshsig.h"

/* "ssh-ed25519 AAAA..."; g_free(). */
static inline char *seed_key_line(uint8_t seed_byte)
{
	uint8_t seed[32];
	struct assent_error err;
	struct secret *secret = NULL;
	struct ssh_key key = {.type = SSH_ED25519};
	char *line = NULL, *copy;

	memset(seed, seed_byte, sizeof(seed));
	if (secret_from_seed(&secret, seed, &err) != 0) {
		g_error("%s", err.text);
	}
	secret_public(secret, key.pk);
	if (ssh_key_line(&line, &key, &err) != 0) {
		g_error("%s", err.text);
	}
	copy = g_strdup(line);
	free(line);
	secret_free(secret);
	return copy;
}

static inline char *seed_signer_line(const char *principal, uint8_t seed_byte)
{
	g_autofree char *key = seed_key_line(seed_byte);

	return g_strdup_printf("%s namespaces=\"assent.approval.v1\" %s\n", principal, key);
}
