/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan, its keys and its approvals, made at run time. */
#include "unit/plans.h"

#include <glib.h>
#include <string.h>

#include "unit/vectors.h"

#define OID "1111111111111111111111111111111111111111"

char *plan_rig_key_line(const struct secret *secret)
{
	struct ssh_key key = {.type = SSH_ED25519};
	char *line = NULL;

	secret_public(secret, key.pk);
	g_assert_cmpint(ssh_key_line(&line, &key, NULL), ==, 0);
	return line;
}

void plan_rig_sample(struct plan *plan, struct plan_change *change, struct plan_commit *commit)
{
	static const char *from[] = {"alice", "bob", NULL};
	static const char *authors[] = {"bob@example.com"};

	*commit = (struct plan_commit){.id = OID,
				       .author_name = "Bob",
				       .author_email = "bob@example.com",
				       .committer_name = "Bob",
				       .committer_email = "bob@example.com",
				       .subject = "Add x",
				       .time = PLAN_TIME - 60,
				       .signature = "none"};
	*change = (struct plan_change){
		.id = "file:/srv/x",
		.kind = "file",
		.path = "/srv/x",
		.action = ACTION_CREATE,
		.risk = RISK_ROOT | RISK_EXECUTABLE,
		.observed = {.type = STATE_ABSENT, .size = -1, .mode = -1, .uid = -1, .gid = -1},
		.desired = {.type = STATE_FILE, .size = 3, .mode = 0755, .uid = 0, .gid = -1}};
	hash_bytes(&change->desired.digest, "abc", 3);
	hash_bytes(&change->diff, PLAN_DIFF, strlen(PLAN_DIFF));
	change->diff_size = (int64_t)strlen(PLAN_DIFF);
	*plan = (struct plan){.agent = "web1.example.org",
			      .stack = "web",
			      .nonce = "00112233445566778899aabbccddeeff",
			      .reason = "commit",
			      .repository = "https://git.example.org/ops.git",
			      .ref = "refs/heads/main",
			      .path = "hosts/web1",
			      .seq = 7,
			      .created = PLAN_TIME,
			      .expires = PLAN_TIME + 3600,
			      .target_commit = OID,
			      .target_tree = OID,
			      .policy = {.required = 1, .from = from},
			      .on_failure = "rollback",
			      .authors = authors,
			      .authors_count = 1,
			      .authors_total = 1,
			      .commits = commit,
			      .commits_count = 1,
			      .commits_total = 1,
			      .changes = change,
			      .changes_count = 1,
			      .diff = change->diff,
			      .diff_size = change->diff_size};
}

void plan_rig_init(struct plan_rig *rig, int64_t required, bool author_may_approve)
{
	const struct plan_policy policy = {
		.required = required,
		.author_may_approve = author_may_approve,
		.channels = CHANNEL_BIT(CHANNEL_SIGNATURE),
	};

	plan_rig_init_policy(rig, &policy);
}

static void init(struct plan_rig *rig, const struct plan_policy *policy, bool is_rewritten)
{
	struct assent_error err = {0};
	struct plan_change change;
	struct plan_commit commit;
	struct plan plan;
	const char **from;
	char *a, *b;

	*rig = (struct plan_rig){.plan_key = vector_secret("agent-plan"),
				 .alice = vector_secret("alice"),
				 .bob = vector_secret("bob")};
	a = plan_rig_key_line(rig->alice);
	b = plan_rig_key_line(rig->bob);
	rig->signers_text = g_strdup_printf("alice namespaces=\"%s\" %s\n"
					    "bob namespaces=\"%s\",valid-before=\"20300101Z\" %s\n",
					    SSHSIG_NS_APPROVAL, a, SSHSIG_NS_APPROVAL, b);
	free(a);
	free(b);
	g_assert_cmpint(
		signers_parse(&rig->signers, rig->signers_text, strlen(rig->signers_text), &err),
		==, 0);
	plan_rig_sample(&plan, &change, &commit);
	from = plan.policy.from;
	plan.policy = *policy;
	plan.policy.from = from;
	plan.policy.approvers = rig->signers->digest;
	if (is_rewritten) {
		plan.base_commit = plan.base_tree = PLAN_BASE;
		plan.is_rewritten = true;
		plan.rewritten = (struct plan_rewritten){.person = "bob", .reason = "why"};
	}
	g_assert_cmpint(plan_write(&rig->text, &rig->len, &plan, &err), ==, 0);
	g_assert_cmpint(secret_sshsig(rig->plan_key, SSHSIG_NS_PLAN, rig->text, rig->len,
				      &rig->armor, &err),
			==, 0);
	rig->plan_public.type = SSH_ED25519;
	secret_public(rig->plan_key, rig->plan_public.pk);
	g_assert_cmpint(plan_verify(&rig->plan, rig->text, rig->len, rig->armor, strlen(rig->armor),
				    &rig->plan_public, &err),
			==, 0);
}

void plan_rig_init_policy(struct plan_rig *rig, const struct plan_policy *policy)
{
	init(rig, policy, false);
}

void plan_rig_init_rewritten(struct plan_rig *rig, const struct plan_policy *policy)
{
	init(rig, policy, true);
}

void plan_rig_clear(struct plan_rig *rig)
{
	plan_free(rig->plan);
	free(rig->armor);
	free(rig->text);
	signers_free(rig->signers);
	g_free(rig->signers_text);
	secret_free(rig->plan_key);
	secret_free(rig->alice);
	secret_free(rig->bob);
}

static struct statement statement_of(const struct plan_rig *rig, const char *person,
				     enum verdict verdict, const char *reason)
{
	return (struct statement){.agent = rig->plan->agent,
				  .stack = rig->plan->stack,
				  .approver = person,
				  .verdict = verdict,
				  .plan = rig->plan->digest,
				  .seq = rig->plan->seq,
				  .expires = rig->plan->expires,
				  .reason = reason};
}

char *plan_rig_attest(const struct plan_rig *rig, const char *person, const struct secret *key,
		      const struct attestation *by)
{
	struct statement st = statement_of(rig, person, VERDICT_APPROVE, "");
	char *text = NULL, *armor = NULL;
	size_t len;

	g_assert_cmpint(attestation_text(&text, &len, &st, by, NULL), ==, 0);
	g_assert_cmpint(secret_sshsig(key, SSHSIG_NS_ATTESTATION, text, len, &armor, NULL), ==, 0);
	free(text);
	return armor;
}

char *plan_rig_vote(const struct plan_rig *rig, const char *person, const struct secret *key,
		    enum verdict verdict, const char *reason)
{
	struct statement st = statement_of(rig, person, verdict, reason);
	char *text = NULL, *armor = NULL;
	size_t len;

	g_assert_cmpint(statement_text(&text, &len, &st, NULL), ==, 0);
	g_assert_cmpint(secret_sshsig(key, SSHSIG_NS_APPROVAL, text, len, &armor, NULL), ==, 0);
	free(text);
	return armor;
}
