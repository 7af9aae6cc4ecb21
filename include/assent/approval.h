/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Approvals: signed statements of people about one plan, and whether all of
 * them together allow it.
 */
#ifndef ASSENT_APPROVAL_H
#define ASSENT_APPROVAL_H

#include <stddef.h>
#include <stdint.h>

#include <assent/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who breaks the glass stands in the plan's policy for it, and decides for all. */
enum assent_decision { ASSENT_APPROVE = 0, ASSENT_REJECT = 1, ASSENT_BREAK_GLASS = 2 };

/* One signed decision; all strings are the caller's. */
struct assent_vote {
	const char *person; /* principal of the approver list */
	enum assent_decision decision;
	const char *reason;    /* UTF-8, "" for none; at most 2000 bytes */
	const char *signature; /* armored SSH signature, namespace assent.approval.v1 */
	/* Of a decision that the agent attests; NULL and 0 for one that its person signed. */
	const char *channel;	       /* "slack" ... as doc/formats.md lists them */
	struct assent_digest evidence; /* of what the channel delivered */
	int64_t time;		       /* when the agent took it */
};

/*
 * The exact bytes that person signs about plan, without a final newline; free them with
 * assent_free(). ASSENT_EMALFORMED for a rejection without a reason or a text that is not UTF-8,
 * ASSENT_ELIMIT for a reason that is too long.
 */
ASSENT_API int assent_statement(char **out, size_t *len, const assent_plan *plan,
				const char *person, enum assent_decision decision,
				const char *reason, struct assent_error *err) ASSENT_CHECKED;

/*
 * One vote: the statement is made again from plan and vote, and its signature verified by the key
 * that signers gives to that person at now (POSIX seconds). A FIDO key must have been touched.
 *
 * A vote that names a channel is attested: its signature, in the namespace assent.attestation.v1,
 * must be by the key that verified the plan. Whoever believes people's own keys only passes no such
 * vote.
 *
 * ASSENT_ESIGNATURE, ASSENT_EUNTRUSTED (not that person's key), ASSENT_EEXPIRED (the key's time),
 * ASSENT_EMALFORMED, ASSENT_EUNSUPPORTED.
 */
ASSENT_API int assent_vote_verify(const assent_plan *plan, const struct assent_vote *vote,
				  const assent_signers *signers, int64_t now,
				  struct assent_error *err) ASSENT_CHECKED;

/*
 * The whole rule. 0 when every vote is a valid approval by a person who may approve this plan, by a
 * channel that the plan accepts, all of distinct people and distinct keys, at least as many as the
 * plan and minimum ask for, none of them by an author of its commits unless the plan allows it;
 * when signers is the list that the plan names; and when the plan has not expired at now.
 *
 * An author is known by a principal that is an e-mail address of a commit, or by the commit's own
 * signature; an agent knows more addresses of its people than its documents tell.
 *
 * ASSENT_EEXPIRED, ASSENT_EMISMATCH (another approver list), ASSENT_EUNTRUSTED (a rejection, too
 * few, twice the same, not allowed), and what assent_vote_verify() gives.
 */
ASSENT_API int assent_quorum_verify(const assent_plan *plan, const struct assent_vote *votes,
				    size_t count, const assent_signers *signers, int64_t minimum,
				    int64_t now, struct assent_error *err) ASSENT_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
