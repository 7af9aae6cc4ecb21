/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A plan to try things on, made and signed at run time, and approvals of it.
 */
#include "core/approval.h"
#include "core/plan.h"
#include "core/sign.h"

#define PLAN_TIME 1767225600
#define PLAN_DIFF "--- /dev/null\n+++ /srv/x\n@@ -0,0 +1 @@\n+abc\n"

struct plan_rig {
	struct secret *plan_key, *alice, *bob;
	struct ssh_key plan_public;
	char *signers_text; /* alice and bob may approve */
	struct signers *signers;
	char *text; /* the plan's bytes */
	size_t len;
	char *armor;
	struct plan *plan; /* as verified */
};

/* required: people needed of alice and bob. The commit's author is bob@example.com. */
void plan_rig_init(struct plan_rig *rig, int64_t required, bool author_may_approve);
/* The same with all of a policy but who may approve. */
void plan_rig_init_policy(struct plan_rig *rig, const struct plan_policy *policy);
/* The same plan, of a history that was rewritten since PLAN_BASE. */
#define PLAN_BASE "2222222222222222222222222222222222222222"
void plan_rig_init_rewritten(struct plan_rig *rig, const struct plan_policy *policy);
void plan_rig_clear(struct plan_rig *rig);
/* A plan with one created file, changed by the caller before it is written. */
void plan_rig_sample(struct plan *plan, struct plan_change *change, struct plan_commit *commit);
/* The armored statement of person about the rig's plan, signed by key; free(). */
char *plan_rig_vote(const struct plan_rig *rig, const char *person, const struct secret *key,
		    enum verdict verdict, const char *reason);
/* The same as an attestation that person approves. */
char *plan_rig_attest(const struct plan_rig *rig, const char *person, const struct secret *key,
		      const struct attestation *by);
/* "ssh-ed25519 ..." of a secret; free(). */
char *plan_rig_key_line(const struct secret *secret);
