/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Does a set of signed statements allow a plan? Used by the agent before it
 * applies, by the worker again, and by an auditor afterwards.
 *
 * A vote is signed by a person's own key, or attested by the agent, whose plan
 * key then signs what it was told by a channel (core/statement.h). The latter
 * counts only where both the plan's policy and the verifier accept the channel.
 */
#include "core/plan.h"
#include "core/signers.h"
#include "core/statement.h"

struct approval {
	const char *person; /* principal */
	enum verdict verdict;
	const char *reason;
	const char *armor; /* SSH signature of the statement, or of the attestation */
	struct attestation by;
};
struct approval_person {
	const char *name;
	const char *const *emails; /* NULL-terminated */
};
/* What the verifier believes, and when. */
struct approval_trust {
	const struct signers *signers;
	const struct ssh_key *agent_key; /* that signed the plan; NULL: nothing is attested */
	unsigned attested;		 /* CHANNEL_BIT()s that it accepts besides signatures */
	bool break_glass;		 /* whom the plan lets do so may decide for all */
	const struct approval_person *people; /* addresses, for the author rule */
	size_t people_count;
	int64_t minimum; /* of votes, whatever the plan says */
	int64_t now;
};

/* One signature: the statement is recomputed from plan and approval and verified against the
 * person's keys, or the agent's where the vote is attested. key receives the key that signed. */
int approval_verify(struct ssh_key *key, const struct plan *plan, const struct approval *a,
		    const struct approval_trust *trust, struct assent_error *err) ASSENT_CHECKED;

/* Why the author rule keeps this person from approving the plan, as the end of a sentence that
 * begins with the person; NULL when it does not. Where a plan has more authors than it lists nobody
 * can be told apart, so nobody may approve. */
const char *approval_author_problem(const struct plan *plan, const char *person,
				    const struct approval_person *people, size_t people_count);
/* The whole rule: plan not expired at now; signers is the list whose digest the plan pins (after a
 * change of the list a new plan is needed); every vote by a person of policy.from and by a channel
 * of policy.channels; distinct people, whatever the channel, and distinct keys; no rejection; no
 * author of the commits unless allowed; at least max(policy.required, minimum) votes, or, where the
 * plan has a quiet time and minimum is 0, that time since it was made. A vote that breaks the
 * glass, signed by a person of policy.break_glass, stands for all the others, besides which its
 * person may have approved; channels and the author rule do not apply to it. */
int approval_quorum(const struct plan *plan, const struct approval *votes, size_t count,
		    const struct approval_trust *trust, struct assent_error *err) ASSENT_CHECKED;
/* The same of a plan that was approved some time ago, as proof of that: it may have expired, and
 * the list may be a newer one, but each vote counts by what is believed now, and silence is no
 * vote. */
int approval_quorum_past(const struct plan *plan, const struct approval *votes, size_t count,
			 const struct approval_trust *trust, struct assent_error *err)
	ASSENT_CHECKED;
