/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The ssh-agent (draft-ietf-sshm-ssh-agent): which keys it has, and signatures
 * by them. One connection for one command.
 *
 * Connecting and listing give up after ten seconds; a signature may take as
 * long as a person needs to touch a security key or to answer a prompt.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/sshsig.h"

struct sshagent;

struct sshagent_key {
	char *type;	/* as the key names itself: "ssh-rsa" */
	char *comment;	/* not trusted: escape before showing */
	bool supported; /* key is valid */
	struct ssh_key key;
	GBytes *blob; /* what the agent wants to have back */
};

/* path: the socket; NULL: $SSH_AUTH_SOCK. False with BASE_ERROR_NOT_FOUND when there is none. */
bool sshagent_open(const char *path, struct sshagent **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void sshagent_close(struct sshagent *agent);
/* struct sshagent_key, freed with the array. */
bool sshagent_list(struct sshagent *agent, GPtrArray **keys, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* An armored SSH signature (sha512) of msg in namespace ns, verified. free(). */
bool sshagent_sign(struct sshagent *agent, const struct sshagent_key *key, const char *ns,
		   const void *msg, size_t len, char **armor, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

typedef struct sshagent sshagent_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sshagent_auto, sshagent_close)
