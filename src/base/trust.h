/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The trust file (doc/worker.md): all that a worker believes. Agents' plan
 * keys, the approver list, the least quorum, the channels that agents may
 * attest, people's e-mail addresses, and what may be changed.
 *
 * trust_load() reads both files through secure_read() and fails as a whole;
 * trust_load_root(), for a worker whose rights were raised, takes nothing but
 * files of root (secure_read_root()).
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/approval.h"
#include "core/signers.h"
#include "core/sshsig.h"

struct trust_agent {
	char *name;
	struct ssh_key key;
};
struct trust {
	GArray *agents;	      /* struct trust_agent */
	char *approvers_file; /* absolute */
	struct signers *signers;
	int64_t minimum;   /* least number of approvals; 0: what a plan says is enough */
	unsigned attested; /* CHANNEL_BIT()s that an agent may vouch for; 0: signatures alone */
	bool break_glass;  /* a plan may name people who decide for all */
	bool restore;	   /* what was approved before may be put back without being asked again */
	GArray *people;	   /* struct approval_person, for approval_quorum() */
	char **paths;	   /* patterns of what may be changed (base/glob.h); NULL: not stated */
	char **kinds;	   /* kinds of resources that may be; NULL: not stated */
	/* Patterns of names (of programs: of paths) of what else may be changed or run; NULL: not
	 * stated. */
	char **packages, **services, **commands;
	char *seal_key; /* absolute; file of the keys that open secrets (base/seal.h); or NULL */
	bool setuid;	/* files may run as their owner or group */
};

bool trust_load(const char *file, struct trust **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool trust_load_root(const char *file, struct trust **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void trust_free(struct trust *trust);
/* NULL when the agent is not trusted. */
const struct ssh_key *trust_agent_key(const struct trust *trust, const char *agent);
/* The text of a trust file, for `assent init` and `assent trust`. plan_key: "ssh-ed25519 AAAA...".
 * g_free(). */
char *trust_text(const char *agent, const char *plan_key, const char *approvers, int64_t minimum);

typedef struct trust trust_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(trust_auto, trust_free)
