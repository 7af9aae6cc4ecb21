/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Does a set of signed statements allow a plan? Used by the agent before it
 * applies, by the worker again, and by an auditor afterwards.
 */
#include "core/plan.h"
#include "core/signers.h"
#include "core/statement.h"

struct approval {
	const char *person; /* principal */
	enum verdict verdict;
	const char *reason;
	const char *armor; /* SSH signature of the statement */
};

/* One signature: the statement is recomputed from plan and approval and verified against signers
 * at now. key receives the key that signed. */
int approval_verify(struct ssh_key *key, const struct plan *plan, const struct approval *a,
		    const struct signers *signers, int64_t now, struct assent_error *err)
	ASSENT_CHECKED;

/* The whole rule: plan not expired at now; signers is the list whose digest the plan pins (after a
 * change of the list a new plan is needed); every vote by a person of policy.from; distinct people
 * and distinct keys; no rejection; no author of the commits unless allowed (emails: NULL-terminated
 * list per person, see approval_person); at least max(policy.required, minimum) votes. */
struct approval_person {
	const char *name;
	const char *const *emails; /* NULL-terminated */
};
/* Why the author rule keeps this person from approving the plan, as the end of a sentence that
 * begins with the person; NULL when it does not. Where a plan has more authors than it lists nobody
 * can be told apart, so nobody may approve. */
const char *approval_author_problem(const struct plan *plan, const char *person,
				    const struct approval_person *people, size_t people_count);
int approval_quorum(const struct plan *plan, const struct approval *votes, size_t count,
		    const struct signers *signers, const struct approval_person *people,
		    size_t people_count, int64_t minimum, int64_t now, struct assent_error *err)
	ASSENT_CHECKED;
