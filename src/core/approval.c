/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Approvals: one signature, and whether all of them together allow a plan. */
#include "core/approval.h"

#include <string.h>
#include <strings.h>

#include "core/fail.h"

#define CLOCK_SLACK 300 /* seconds that a clock may have been set back since the plan */

static int verify_signed(struct sshsig *sig, const struct statement *st,
			 const struct approval_trust *trust, struct assent_error *err)
{
	CLEANUP(free_p) char *text = NULL;
	const struct signer *signer;
	size_t len = 0;
	int rc = statement_text(&text, &len, st, err);

	if (rc == 0) {
		rc = signers_find(&signer, trust->signers, st->approver, &sig->key,
				  SSHSIG_NS_APPROVAL, trust->now, err);
	}
	return rc == 0 ? sshsig_verify(sig, SSHSIG_NS_APPROVAL, text, len, err) : rc;
}

/* The agent took the decision while the plan was open, and not in the future. */
static int check_time(const struct plan *plan, const struct attestation *by, int64_t now,
		      struct assent_error *err)
{
	if (by->time < plan->created - CLOCK_SLACK || by->time > plan->expires ||
	    by->time > now + CLOCK_SLACK) {
		return core_fail(err, ASSENT_EEXPIRED, "attested at a time that cannot be");
	}
	return 0;
}

static int verify_attested(struct sshsig *sig, const struct statement *st, const struct plan *plan,
			   const struct attestation *by, const struct approval_trust *trust,
			   struct assent_error *err)
{
	CLEANUP(free_p) char *text = NULL;
	size_t len = 0;
	int rc = attestation_text(&text, &len, st, by, err);

	if (rc != 0) {
		return rc;
	}
	if ((trust->attested & CHANNEL_BIT(by->channel)) == 0) {
		return core_fail(err, ASSENT_EUNTRUSTED, "nothing attested by channel '%s' counts",
				 channel_names[by->channel]);
	}
	if (trust->agent_key == NULL || !ssh_key_equal(&sig->key, trust->agent_key)) {
		return core_fail(err, ASSENT_EUNTRUSTED, "not attested by the agent of the plan");
	}
	rc = sshsig_verify(sig, SSHSIG_NS_ATTESTATION, text, len, err);
	return rc == 0 ? check_time(plan, by, trust->now, err) : rc;
}

int approval_verify(struct ssh_key *key, const struct plan *plan, const struct approval *a,
		    const struct approval_trust *trust, struct assent_error *err)
{
	struct statement st = {.agent = plan->agent,
			       .stack = plan->stack,
			       .approver = a->person,
			       .verdict = a->verdict,
			       .plan = plan->digest,
			       .seq = plan->seq,
			       .expires = plan->expires,
			       .reason = a->reason};
	struct sshsig sig;
	int rc = sshsig_parse(&sig, a->armor, strlen(a->armor), err);

	if (rc == 0 && a->by.channel == CHANNEL_SIGNATURE) {
		rc = verify_signed(&sig, &st, trust, err);
	} else if (rc == 0) {
		rc = verify_attested(&sig, &st, plan, &a->by, trust, err);
	}
	if (rc != 0) {
		return core_prefix(err, rc, "approval of '%.100s'", a->person);
	}
	*key = sig.key;
	return 0;
}

static bool stands_in(const char *const *people, const char *person)
{
	for (size_t i = 0; people != NULL && people[i] != NULL; i++) {
		if (strcmp(people[i], person) == 0) {
			return true;
		}
	}
	return false;
}

static int check_glass(const struct plan *plan, const struct approval *vote,
		       const struct approval_trust *trust, struct assent_error *err)
{
	if (!trust->break_glass) {
		return core_fail(err, ASSENT_EUNTRUSTED,
				 "'%.100s' breaks the glass, which is not allowed here",
				 vote->person);
	}
	if (!stands_in(plan->policy.break_glass, vote->person)) {
		return core_fail(err, ASSENT_EUNTRUSTED,
				 "'%.100s' may not break the glass for this plan", vote->person);
	}
	return 0;
}

static bool wrote(const struct plan_commit *commit, const char *email)
{
	return strcasecmp(commit->author_email, email) == 0 ||
	       strcasecmp(commit->committer_email, email) == 0;
}

static bool has_author(const struct plan *plan, const char *email)
{
	for (size_t i = 0; i < plan->authors_count; i++) {
		if (strcasecmp(plan->authors[i], email) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < plan->commits_count; i++) {
		if (wrote(&plan->commits[i], email)) {
			return true;
		}
	}
	return false;
}

/* By registered address, by a principal that is an address, or by a commit's own signature. */
static bool is_author(const struct plan *plan, const char *person,
		      const struct approval_person *people, size_t people_count)
{
	if (has_author(plan, person)) {
		return true;
	}
	for (size_t i = 0; i < plan->commits_count; i++) {
		const char *signer = plan->commits[i].signer;

		if (signer != NULL && strcmp(signer, person) == 0) {
			return true;
		}
	}
	for (size_t p = 0; p < people_count; p++) {
		if (strcmp(people[p].name, person) != 0 || people[p].emails == NULL) {
			continue;
		}
		for (size_t e = 0; people[p].emails[e] != NULL; e++) {
			if (has_author(plan, people[p].emails[e])) {
				return true;
			}
		}
	}
	return false;
}

static bool is_pusher(const struct plan *plan, const char *person,
		      const struct approval_person *people, size_t people_count)
{
	const struct plan pushed = {.authors = plan->pushers, .authors_count = plan->pushers_count};

	return is_author(&pushed, person, people, people_count);
}

const char *approval_author_problem(const struct plan *plan, const char *person,
				    const struct approval_person *people, size_t people_count)
{
	if (plan->policy.author_may_approve) {
		return NULL;
	}
	if (is_pusher(plan, person, people, people_count)) { // one of the authors, then
		return "wrote or pushed one of the commits and may not approve them";
	}
	if (is_author(plan, person, people, people_count)) {
		return "wrote one of the commits and may not approve them";
	}
	if ((uint64_t)plan->authors_total > plan->authors_count) {
		return "may have written one of the commits, whose authors are too many to list";
	}
	return NULL;
}

static int check_vote(const struct plan *plan, const struct approval *vote,
		      const struct approval_trust *trust, struct assent_error *err)
{
	const char *problem;

	if (vote->verdict == VERDICT_BREAK_GLASS) {
		return check_glass(plan, vote, trust, err);
	}
	if (vote->verdict != VERDICT_APPROVE) {
		return core_fail(err, ASSENT_EUNTRUSTED, "'%.100s' rejected the plan",
				 vote->person);
	}
	if (!stands_in(plan->policy.from, vote->person)) {
		return core_fail(err, ASSENT_EUNTRUSTED,
				 "'%.100s' is not among those who may approve this plan",
				 vote->person);
	}
	if ((plan->policy.channels & CHANNEL_BIT(vote->by.channel)) == 0) {
		return core_fail(err, ASSENT_EUNTRUSTED,
				 "'%.100s' decided by channel '%s', which this plan does not take",
				 vote->person, channel_names[vote->by.channel]);
	}
	problem = approval_author_problem(plan, vote->person, trust->people, trust->people_count);
	if (problem != NULL) {
		return core_fail(err, ASSENT_EUNTRUSTED, "'%.100s' %s", vote->person, problem);
	}
	return 0;
}

static int check_distinct(const struct approval *votes, const struct ssh_key *keys, size_t last,
			  struct assent_error *err)
{
	for (size_t i = 0; i < last; i++) {
		if (votes[i].verdict != votes[last].verdict) {
			continue; // who has approved may break the glass, too
		}
		if (strcmp(votes[i].person, votes[last].person) == 0) {
			return core_fail(err, ASSENT_EUNTRUSTED, "'%.100s' voted twice",
					 votes[last].person);
		}
		/* All that is attested has the agent's key. */
		if (votes[last].by.channel == CHANNEL_SIGNATURE &&
		    memcmp(keys[i].pk, keys[last].pk, sizeof(keys[i].pk)) == 0) {
			return core_fail(err, ASSENT_EUNTRUSTED,
					 "'%.100s' and '%.100s' signed with the same key",
					 votes[i].person, votes[last].person);
		}
	}
	return 0;
}

/* Is it the plan's time, and the plan's list? */
static int check_plan(const struct plan *plan, const struct approval_trust *trust,
		      struct assent_error *err)
{
	if (trust->now >= plan->expires) {
		return core_fail(err, ASSENT_EEXPIRED, "the plan has expired");
	}
	if (trust->now < plan->created - CLOCK_SLACK) {
		return core_fail(err, ASSENT_EEXPIRED, "the plan was made in the future");
	}
	if (!hash_equal(&trust->signers->digest, &plan->policy.approvers)) {
		return core_fail(err, ASSENT_EMISMATCH,
				 "the approver list is not the one that the plan names");
	}
	return 0;
}

static int check_count(const struct plan *plan, const struct approval *votes, size_t total,
		       bool past, const struct approval_trust *trust, struct assent_error *err)
{
	size_t count = 0;
	int64_t required =
		plan->policy.required > trust->minimum ? plan->policy.required : trust->minimum;

	bool quiet = !past && plan->policy.quiet > 0 && trust->minimum == 0 &&
		     trust->now >= plan->created + plan->policy.quiet;

	for (size_t i = 0; i < total; i++) {
		if (votes[i].verdict == VERDICT_BREAK_GLASS) {
			return 0;
		}
		count++;
	}
	if (required > 0 && (uint64_t)required > count && !quiet) {
		return core_fail(err, ASSENT_EUNTRUSTED, "%zu of %lld approvals", count,
				 (long long)required);
	}
	return 0;
}

/* Each vote by itself, and none twice. */
static int check_votes(const struct plan *plan, const struct approval *votes, size_t count,
		       const struct approval_trust *trust, struct assent_error *err)
{
	CLEANUP(free_p) struct ssh_key *keys = NULL;
	int rc;

	if (count > SIZE_MAX / sizeof(*keys) - 1) {
		return core_fail(err, ASSENT_ELIMIT, "too many approvals");
	}
	keys = calloc(count + 1, sizeof(*keys));
	if (keys == NULL) {
		return core_fail_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		rc = approval_verify(&keys[i], plan, &votes[i], trust, err);
		if (rc == 0) {
			rc = check_vote(plan, &votes[i], trust, err);
		}
		if (rc == 0) {
			rc = check_distinct(votes, keys, i, err);
		}
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

int approval_quorum(const struct plan *plan, const struct approval *votes, size_t count,
		    const struct approval_trust *trust, struct assent_error *err)
{
	int rc = check_plan(plan, trust, err);

	if (rc == 0) {
		rc = check_votes(plan, votes, count, trust, err);
	}
	return rc == 0 ? check_count(plan, votes, count, false, trust, err) : rc;
}

int approval_quorum_past(const struct plan *plan, const struct approval *votes, size_t count,
			 const struct approval_trust *trust, struct assent_error *err)
{
	int rc = check_votes(plan, votes, count, trust, err);

	return rc == 0 ? check_count(plan, votes, count, true, trust, err) : rc;
}
