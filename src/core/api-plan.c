/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public face of plans and approvals. */
#include "core/api.h"
#include "core/fail.h"

int assent_plan_verify(assent_plan **out, const void *bytes, size_t len, const char *signature,
		       size_t signature_len, const assent_key *key, struct assent_error *err)
{
	CLEANUP(free_p) assent_plan *plan = calloc(1, sizeof(*plan));
	int rc;

	if (plan == NULL) {
		return core_fail_memory(err);
	}
	rc = plan_verify(&plan->plan, bytes, len, signature, signature_len, &key->key, err);
	if (rc != 0) {
		return rc;
	}
	plan->key = key->key;
	*out = steal(&plan);
	return 0;
}

void assent_plan_free(assent_plan *plan)
{
	if (plan != NULL) {
		plan_free(plan->plan);
		free(plan);
	}
}

void assent_plan_digest(const assent_plan *plan, struct assent_digest *out)
{
	api_digest(out, &plan->plan->digest);
}

const char *assent_plan_agent(const assent_plan *plan)
{
	return plan->plan->agent;
}

const char *assent_plan_stack(const assent_plan *plan)
{
	return plan->plan->stack;
}

const char *assent_plan_reason(const assent_plan *plan)
{
	return plan->plan->reason;
}

const char *assent_plan_commit(const assent_plan *plan)
{
	return plan->plan->target_commit;
}

const char *assent_plan_tree(const assent_plan *plan)
{
	return plan->plan->target_tree;
}

int64_t assent_plan_seq(const assent_plan *plan)
{
	return plan->plan->seq;
}

int64_t assent_plan_created(const assent_plan *plan)
{
	return plan->plan->created;
}

int64_t assent_plan_expires(const assent_plan *plan)
{
	return plan->plan->expires;
}

int64_t assent_plan_required(const assent_plan *plan)
{
	return plan->plan->policy.required;
}

void assent_plan_approvers(const assent_plan *plan, struct assent_digest *out)
{
	api_digest(out, &plan->plan->policy.approvers);
}

size_t assent_plan_change_count(const assent_plan *plan)
{
	return plan->plan->changes_count;
}

_Static_assert(ASSENT_RISK_DELETION == RISK_DELETION && ASSENT_RISK_SECRET == RISK_SECRET &&
		       ASSENT_RISK_ROOT == RISK_ROOT && ASSENT_RISK_EXECUTABLE == RISK_EXECUTABLE &&
		       ASSENT_RISK_CLUSTER == RISK_CLUSTER,
	       "risks have the same bits");

/* NULL, and err says so, when there is no such change. */
static const struct plan_change *find_change(const assent_plan *plan, size_t index,
					     struct assent_error *err)
{
	if (index >= plan->plan->changes_count) {
		(void)core_fail(err, ASSENT_EFAILED, "plan has no change %zu", index);
		return NULL;
	}
	return &plan->plan->changes[index];
}

int assent_plan_change(const assent_plan *plan, size_t index, struct assent_change *out,
		       struct assent_error *err)
{
	const struct plan_change *change = find_change(plan, index, err);

	if (change == NULL) {
		return ASSENT_EFAILED;
	}
	*out = (struct assent_change){.action = plan_action_names[change->action],
				      .id = change->id,
				      .kind = change->kind,
				      .path = change->path,
				      .risk = change->risk};
	api_digest(&out->diff, &change->diff);
	return 0;
}

int assent_plan_change_details(const assent_plan *plan, size_t index,
			       struct assent_change_details *out, struct assent_error *err)
{
	const struct plan_change *change = find_change(plan, index, err);

	if (change == NULL) {
		return ASSENT_EFAILED;
	}
	*out = (struct assent_change_details){.manager = change->manager,
					      .implied = change->implied,
					      .version_before = change->observed.version,
					      .version_after = change->desired.version,
					      .outside_commit = change->outside_commit,
					      .outside_time = change->outside_time};
	if (change->exec != NULL) {
		out->directory = change->exec->directory;
		out->user = change->exec->user;
		out->creates = change->exec->creates;
		out->timeout = change->exec->timeout;
	}
	return 0;
}

int assent_plan_change_list(const assent_plan *plan, size_t index, enum assent_change_list list,
			    const char *const **out, struct assent_error *err)
{
	static const struct plan_exec nothing;
	const struct plan_change *change = find_change(plan, index, err);
	const struct plan_exec *exec;
	const char **texts = NULL;

	if (change == NULL) {
		return ASSENT_EFAILED;
	}
	exec = change->exec != NULL ? change->exec : &nothing;
	switch (list) {
	case ASSENT_LIST_NEEDS:
		texts = change->needs;
		break;
	case ASSENT_LIST_BECAUSE:
		texts = change->because;
		break;
	case ASSENT_LIST_RUN:
		texts = exec->run;
		break;
	case ASSENT_LIST_UNLESS:
		texts = exec->unless;
		break;
	case ASSENT_LIST_ENV:
		texts = exec->env;
		break;
	default: /* from other programs; they may be newer than this library */
		return core_fail(err, ASSENT_EFAILED, "no list %d", (int)list);
	}
	*out = (const char *const *)texts;
	return 0;
}

static int check_decision(enum assent_decision decision, struct assent_error *err)
{
	if (decision != ASSENT_APPROVE && decision != ASSENT_REJECT &&
	    decision != ASSENT_BREAK_GLASS) {
		return core_fail(err, ASSENT_EFAILED, "decision %d", (int)decision);
	}
	return 0;
}

int assent_statement(char **out, size_t *len, const assent_plan *plan, const char *person,
		     enum assent_decision decision, const char *reason, struct assent_error *err)
{
	struct statement st = {.agent = plan->plan->agent,
			       .stack = plan->plan->stack,
			       .approver = person,
			       .verdict = (enum verdict)decision,
			       .plan = plan->plan->digest,
			       .seq = plan->plan->seq,
			       .expires = plan->plan->expires,
			       .reason = reason};
	int rc = check_decision(decision, err);

	return rc != 0 ? rc : statement_text(out, len, &st, err);
}

static int read_vote(struct approval *out, const struct assent_vote *vote, struct assent_error *err)
{
	struct approval approval = {.person = vote->person,
				    .verdict = (enum verdict)vote->decision,
				    .reason = vote->reason,
				    .armor = vote->signature};
	int rc = check_decision(vote->decision, err);

	if (rc != 0) {
		return rc;
	}
	if (vote->channel != NULL) {
		if (!channel_find(vote->channel, &approval.by.channel)) {
			return core_fail(err, ASSENT_EMALFORMED, "unknown channel '%.32s'",
					 vote->channel);
		}
		api_hash(&approval.by.evidence, &vote->evidence);
		approval.by.time = vote->time;
	}
	*out = approval;
	return 0;
}

static struct approval_trust trust_of(const assent_plan *plan, const assent_signers *signers,
				      int64_t minimum, int64_t now)
{
	return (struct approval_trust){.signers = signers->list,
				       .agent_key = &plan->key,
				       .attested = CHANNELS_ATTESTED,
				       .break_glass = true,
				       .minimum = minimum,
				       .now = now};
}

int assent_vote_verify(const assent_plan *plan, const struct assent_vote *vote,
		       const assent_signers *signers, int64_t now, struct assent_error *err)
{
	struct approval_trust trust = trust_of(plan, signers, 0, now);
	struct approval approval;
	struct ssh_key key;
	int rc = read_vote(&approval, vote, err);

	return rc != 0 ? rc : approval_verify(&key, plan->plan, &approval, &trust, err);
}

int assent_quorum_verify(const assent_plan *plan, const struct assent_vote *votes, size_t count,
			 const assent_signers *signers, int64_t minimum, int64_t now,
			 struct assent_error *err)
{
	struct approval_trust trust = trust_of(plan, signers, minimum, now);
	CLEANUP(free_p) struct approval *list = NULL;
	int rc;

	list = calloc(count + 1, sizeof(*list));
	if (list == NULL) {
		return core_fail_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		rc = read_vote(&list[i], &votes[i], err);
		if (rc != 0) {
			return rc;
		}
	}
	return approval_quorum(plan->plan, list, count, &trust, err);
}
