/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads plans, their signatures and votes back from log and object store. */
#include "agent/evidence.h"

#include <inttypes.h>
#include <string.h>

#include "agent/leader.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/objects.h"

/* The signature that stands in an entry. */
static bool read_sig(struct agent *agent, uint64_t seq, char **out, GError **error)
{
	g_autofree char *raw = NULL;
	struct assent_error err;
	struct record record;
	struct entry entry;
	size_t len;

	if (!store_read(agent->store, seq, &raw, &len, error)) {
		return false;
	}
	if (entry_parse(&entry, raw, len, &err) != 0) {
		return fail_core(error, &err, "log entry %" PRIu64, seq);
	}
	if (record_read(&record, &entry, &err) != 0) {
		entry_clear(&entry);
		return fail_core(error, &err, "log entry %" PRIu64, seq);
	}
	if (record.type == ENTRY_PLAN) {
		*out = g_strdup(record.u.plan.sig);
	} else if (record.type == ENTRY_APPROVAL) {
		*out = g_strdup(record.u.approval.sig);
	} else {
		entry_clear(&entry);
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "log entry %" PRIu64 " holds no signature", seq);
	}
	entry_clear(&entry);
	return true;
}

bool evidence_plan_signature(struct agent *agent, const struct fold_plan *plan, char **out,
			     GError **error)
{
	return read_sig(agent, plan->entry, out, error);
}

bool evidence_plan_text(struct agent *agent, const struct fold_plan *plan, char **text, size_t *len,
			GError **error)
{
	struct hash digest;

	if (!hash_parse(&digest, plan->id)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "bad plan id '%s'", plan->id);
	}
	return objects_load(store_objects(agent->store), &digest, PLAN_MAX_SIZE, text, len, error);
}

bool evidence_plan(struct agent *agent, const struct fold_plan *plan, struct plan **out,
		   GError **error)
{
	g_autofree char *text = NULL;
	g_autofree char *sig = NULL;
	struct assent_error err;
	size_t len;

	if (!evidence_plan_text(agent, plan, &text, &len, error) ||
	    !evidence_plan_signature(agent, plan, &sig, error)) {
		return fail_prefix(error, "plan %s", plan->id);
	}
	if (plan_verify(out, text, len, sig, strlen(sig), &agent->plan_key, &err) != 0) {
		return fail_core(error, &err, "plan %s", plan->id);
	}
	return true;
}

static bool load(void *user, const struct fold_plan *plan, struct plan **out, GError **error)
{
	return evidence_plan(user, plan, out, error);
}

static bool signature(void *user, const struct fold_vote *vote, char **out, GError **error)
{
	return read_sig(user, vote->entry, out, error);
}

static bool append(void *user, enum entry_type type, const char *stack, const char *fields,
		   GError **error)
{
	const struct agent *agent = user;

	if (leader_waits(agent)) { // its plans are closed or another's; nobody decides on them here
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "nothing is decided here: %s",
			    leader_reason(agent));
	}
	return agent_append_text(user, type, stack, fields, error);
}

static bool attest(void *user, const char *text, size_t len, char **armor, GError **error)
{
	struct agent *agent = user;
	autocfree char *made = NULL;
	struct assent_error err;

	if (secret_sshsig(store_plan_key(agent->store), SSHSIG_NS_ATTESTATION, text, len, &made,
			  &err) != 0) {
		return fail_core(error, &err, "attestation");
	}
	*armor = g_strdup(made);
	return true;
}

static bool keep(void *user, const char *evidence, GError **error)
{
	struct agent *agent = user;
	struct hash ignored;

	return objects_store(store_objects(agent->store), evidence, strlen(evidence), &ignored,
			     error);
}

void evidence_world(struct agent *agent, struct decide_world *out)
{
	*out = (struct decide_world){
		.fold = agent->fold,
		.signers = agent->signers,
		.people = (const struct approval_person *)(void *)agent->people->data,
		.people_count = agent->people->len,
		.agent_key = &agent->plan_key,
		.now = agent_now(),
		.load = load,
		.signature = signature,
		.attest = attest,
		.keep = keep,
		.append = append,
		.user = agent,
	};
}
