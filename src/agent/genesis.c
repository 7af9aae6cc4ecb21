/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log's first entry and the approver lists. */
#include "agent/genesis.h"

#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/objects.h"
#include "base/secure.h"

bool genesis_load(struct store *store, const char *file, struct signers **out, GError **error)
{
	g_autofree char *text = NULL;
	struct assent_error err;
	struct signers *signers;
	struct hash ignored;
	size_t len;

	if (!secure_read(file, SIGNERS_MAX_SIZE, &text, &len, error)) {
		return fail_prefix(error, "approver list");
	}
	if (signers_parse(&signers, text, len, &err) != 0) {
		return fail_core(error, &err, "approver list '%s'", file);
	}
	if (!objects_store(store_objects(store), text, len, &ignored, error)) {
		signers_free(signers);
		return false;
	}
	*out = signers;
	return true;
}

static bool append_genesis(struct agent *agent, GError **error)
{
	struct record record = {.type = ENTRY_GENESIS};
	g_autofree char *plan_key = store_plan_key_line(agent->store);
	g_autofree char *vkey = store_log_vkey(agent->store);

	record.u.genesis.agent = agent->conf->agent;
	record.u.genesis.allowed_signers = agent->signers->digest;
	record.u.genesis.log_key = vkey;
	record.u.genesis.plan_key = plan_key;
	return agent_append(agent, NULL, &record, error);
}

static bool append_policy(struct agent *agent, GError **error)
{
	struct record record = {.type = ENTRY_POLICY};

	record.u.policy.allowed_signers = agent->signers->digest;
	return agent_append(agent, NULL, &record, error);
}

bool genesis_record(struct agent *agent, GError **error)
{
	char digest[HASH_TEXT_SIZE];

	if (agent->fold->size == 0) {
		return append_genesis(agent, error);
	}
	hash_text(digest, &agent->signers->digest);
	return strcmp(digest, agent->fold->signers) == 0 || append_policy(agent, error);
}
