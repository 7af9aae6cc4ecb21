/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/approval.h: no quorum without enough valid votes of distinct people. */
#include "unit/plans.h"
#include "unit/vectors.h"

#define NOW (PLAN_TIME + 10)

struct votes {
	struct approval list[4];
	size_t count;
};

static void add(struct votes *v, const struct plan_rig *rig, const char *person,
		const struct secret *key, enum verdict verdict)
{
	const char *reason = verdict == VERDICT_REJECT ? "no" : "";

	v->list[v->count++] =
		(struct approval){.person = person,
				  .verdict = verdict,
				  .reason = reason,
				  .armor = plan_rig_vote(rig, person, key, verdict, reason)};
}

static void drop(struct votes *v)
{
	while (v->count > 0) {
		free((char *)v->list[--v->count].armor);
	}
}

static int quorum(const struct plan_rig *rig, const struct votes *v, int64_t minimum, int64_t now)
{
	struct assent_error err = {0};
	struct approval_trust trust = {.signers = rig->signers, .minimum = minimum, .now = now};
	int rc = approval_quorum(rig->plan, v->list, v->count, &trust, &err);

	g_test_message("%d %s", rc, err.text);
	return rc;
}

/* people: one, or NULL. */
static int quorum_of(const struct plan_rig *rig, const struct plan *plan, const struct votes *v,
		     const struct approval_person *people)
{
	struct approval_trust trust = {.signers = rig->signers,
				       .people = people,
				       .people_count = people != NULL,
				       .now = NOW};

	return approval_quorum(plan, v->list, v->count, &trust, NULL);
}

static int verify(const struct plan_rig *rig, const struct plan *plan, const struct approval *vote)
{
	struct approval_trust trust = {.signers = rig->signers, .now = NOW};
	struct ssh_key key;

	return approval_verify(&key, plan, vote, &trust, NULL);
}

static void enough_votes_allow(void)
{
	struct plan_rig rig;
	struct votes v = {0};

	plan_rig_init(&rig, 2, true);
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, ASSENT_EUNTRUSTED);
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, ASSENT_EUNTRUSTED);
	add(&v, &rig, "bob", rig.bob, VERDICT_APPROVE);
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, 0);
	g_assert_cmpint(quorum(&rig, &v, 3, NOW), ==, ASSENT_EUNTRUSTED);
	drop(&v);
	plan_rig_clear(&rig);
}

static void minimum_holds_whatever_the_plan_says(void)
{
	struct plan_rig rig;
	struct votes v = {0};

	plan_rig_init(&rig, 0, true);
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, 0);
	g_assert_cmpint(quorum(&rig, &v, 1, NOW), ==, ASSENT_EUNTRUSTED);
	plan_rig_clear(&rig);
}

static void one_person_counts_once(void)
{
	struct plan_rig rig;
	struct votes v = {0};

	plan_rig_init(&rig, 2, true);
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, ASSENT_EUNTRUSTED);
	drop(&v);
	plan_rig_clear(&rig);
}

static void signatures_of_others_fail(void)
{
	struct plan_rig rig;
	struct votes v = {0};
	struct secret *mallory = vector_secret("mallory");

	plan_rig_init(&rig, 1, true);
	add(&v, &rig, "alice", mallory, VERDICT_APPROVE);
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, ASSENT_EUNTRUSTED);
	drop(&v);
	add(&v, &rig, "alice", rig.bob, VERDICT_APPROVE);
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, ASSENT_EUNTRUSTED);
	drop(&v);
	add(&v, &rig, "carol", rig.alice, VERDICT_APPROVE);
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, ASSENT_EUNTRUSTED);
	drop(&v);
	secret_free(mallory);
	plan_rig_clear(&rig);
}

static void statement_binds_every_part(void)
{
	struct plan_rig rig;
	struct votes v = {0};
	struct plan other;

	plan_rig_init(&rig, 1, true);
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	g_assert_cmpint(verify(&rig, rig.plan, &v.list[0]), ==, 0);
	v.list[0].reason = "other";
	g_assert_cmpint(verify(&rig, rig.plan, &v.list[0]), ==, ASSENT_ESIGNATURE);
	v.list[0].verdict = VERDICT_REJECT;
	g_assert_cmpint(verify(&rig, rig.plan, &v.list[0]), ==, ASSENT_ESIGNATURE);
	v.list[0].verdict = VERDICT_APPROVE;
	v.list[0].reason = "";
	other = *rig.plan;
	other.digest.bytes[31] ^= 1;
	g_assert_cmpint(verify(&rig, &other, &v.list[0]), ==, ASSENT_ESIGNATURE);
	other = *rig.plan;
	other.expires++;
	g_assert_cmpint(verify(&rig, &other, &v.list[0]), ==, ASSENT_ESIGNATURE);
	other = *rig.plan;
	other.seq++;
	g_assert_cmpint(verify(&rig, &other, &v.list[0]), ==, ASSENT_ESIGNATURE);
	other = *rig.plan;
	other.stack = "db";
	g_assert_cmpint(verify(&rig, &other, &v.list[0]), ==, ASSENT_ESIGNATURE);
	other = *rig.plan;
	other.agent = "web2.example.org";
	g_assert_cmpint(verify(&rig, &other, &v.list[0]), ==, ASSENT_ESIGNATURE);
	drop(&v);
	plan_rig_clear(&rig);
}

static void a_rejection_stops(void)
{
	struct plan_rig rig;
	struct votes v = {0};

	plan_rig_init(&rig, 1, true);
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	add(&v, &rig, "bob", rig.bob, VERDICT_REJECT);
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, ASSENT_EUNTRUSTED);
	drop(&v);
	plan_rig_clear(&rig);
}

static void time_is_checked(void)
{
	struct plan_rig rig;
	struct votes v = {0};

	plan_rig_init(&rig, 1, true);
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	g_assert_cmpint(quorum(&rig, &v, 0, rig.plan->expires - 1), ==, 0);
	g_assert_cmpint(quorum(&rig, &v, 0, rig.plan->expires), ==, ASSENT_EEXPIRED);
	g_assert_cmpint(quorum(&rig, &v, 0, PLAN_TIME - 86400), ==, ASSENT_EEXPIRED);
	drop(&v);
	plan_rig_clear(&rig);
}

static void authors_do_not_count(void)
{
	static const char *const emails[] = {"other@example.com", "Bob@Example.com", NULL};
	struct approval_person people[] = {{.name = "bob", .emails = emails}};
	struct plan_rig rig;
	struct votes v = {0};

	plan_rig_init(&rig, 1, false);
	add(&v, &rig, "bob", rig.bob, VERDICT_APPROVE);
	g_assert_cmpint(quorum_of(&rig, rig.plan, &v, people), ==, ASSENT_EUNTRUSTED);
	people[0].name = "alice";
	g_assert_cmpint(quorum_of(&rig, rig.plan, &v, people), ==, 0);
	rig.plan->commits[0].signer = "bob";
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, ASSENT_EUNTRUSTED);
	drop(&v);
	plan_rig_clear(&rig);
}

static void set_authors(struct plan *plan, const char **authors, size_t count, int64_t total)
{
	plan->authors = authors;
	plan->authors_count = count;
	plan->authors_total = total;
}

/* A plan shows the newest commits only, and counts the authors of all. */
static void authors_of_older_commits_do_not_count(void)
{
	static const char *authors[] = {"Alice@example.com", "bob@example.com"};
	static const char *const emails[] = {"alice@example.com", NULL};
	struct approval_person people[] = {{.name = "alice", .emails = emails}};
	struct plan_rig rig;
	struct plan plan;
	struct votes v = {0};

	plan_rig_init(&rig, 1, false);
	plan = *rig.plan;
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	g_assert_cmpint(quorum_of(&rig, &plan, &v, people), ==, 0);
	set_authors(&plan, authors, 2, 2);
	g_assert_cmpint(quorum_of(&rig, &plan, &v, people), ==, ASSENT_EUNTRUSTED);
	set_authors(&plan, authors + 1, 1, 2); // one is not listed: it may be anybody
	g_assert_cmpint(quorum_of(&rig, &plan, &v, people), ==, ASSENT_EUNTRUSTED);
	plan.policy.author_may_approve = true;
	g_assert_cmpint(quorum_of(&rig, &plan, &v, people), ==, 0);
	drop(&v);
	plan_rig_clear(&rig);
}

/* By name where the agent knows whose address or login it is, else by the address alone. */
static void pushers_do_not_count(void)
{
	static const char *const emails[] = {"al@example.com", NULL};
	const struct approval_person people = {.name = "alice", .emails = emails};
	static const char *by_name[] = {"alice", "bob@example.com"};
	static const char *by_mail[] = {"Al@example.com", "bob@example.com"};
	struct plan_rig rig;
	struct votes v = {0};
	struct plan plan;

	plan_rig_init(&rig, 1, false);
	plan = *rig.plan;
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	g_assert_cmpint(quorum_of(&rig, &plan, &v, NULL), ==, 0);
	set_authors(&plan, by_name, 2, 2);
	plan.pushers = by_name;
	plan.pushers_count = 1;
	g_assert_cmpint(quorum_of(&rig, &plan, &v, NULL), ==, ASSENT_EUNTRUSTED);
	g_assert_cmpstr(approval_author_problem(&plan, "alice", NULL, 0), ==,
			"wrote or pushed one of the commits and may not approve them");
	g_assert_null(approval_author_problem(&plan, "bob", NULL, 0));
	set_authors(&plan, by_mail, 2, 2);
	plan.pushers = by_mail;
	g_assert_cmpint(quorum_of(&rig, &plan, &v, &people), ==, ASSENT_EUNTRUSTED);
	g_assert_cmpint(quorum_of(&rig, &plan, &v, NULL), ==, 0);
	plan.policy.author_may_approve = true;
	g_assert_cmpint(quorum_of(&rig, &plan, &v, &people), ==, 0);
	drop(&v);
	plan_rig_clear(&rig);
}

static void another_approver_list_is_refused(void)
{
	struct plan_rig rig;
	struct votes v = {0};

	plan_rig_init(&rig, 1, true);
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	rig.signers->digest.bytes[0] ^= 1;
	g_assert_cmpint(quorum(&rig, &v, 0, NOW), ==, ASSENT_EMISMATCH);
	drop(&v);
	plan_rig_clear(&rig);
}

static void people_outside_the_policy_are_refused(void)
{
	static const char *only_bob[] = {"bob", NULL};
	struct plan_rig rig;
	struct votes v = {0};

	plan_rig_init(&rig, 1, true);
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	{
		struct plan other = *rig.plan;

		other.policy.from = only_bob;
		g_assert_cmpint(quorum_of(&rig, &other, &v, NULL), ==, ASSENT_EUNTRUSTED);
	}
	drop(&v);
	plan_rig_clear(&rig);
}

/* A plan that takes slack and page besides signatures, and what its agent attests about it. */
struct desk {
	struct plan_rig rig;
	struct plan plan;
	struct approval_trust trust;
	struct votes v;
};

static void desk_init(struct desk *d, int64_t required)
{
	*d = (struct desk){0};
	plan_rig_init(&d->rig, required, true);
	d->plan = *d->rig.plan;
	d->plan.policy.channels = CHANNEL_BIT(CHANNEL_SIGNATURE) | CHANNEL_BIT(CHANNEL_SLACK) |
				  CHANNEL_BIT(CHANNEL_PAGE);
	d->trust = (struct approval_trust){.signers = d->rig.signers,
					   .agent_key = &d->rig.plan_public,
					   .attested = CHANNEL_BIT(CHANNEL_SLACK),
					   .now = NOW};
}

static void desk_clear(struct desk *d)
{
	drop(&d->v);
	plan_rig_clear(&d->rig);
}

static void add_attested(struct desk *d, const char *person, const struct secret *key,
			 enum channel channel)
{
	struct approval *vote = &d->v.list[d->v.count++];

	*vote = (struct approval){
		.person = person, .reason = "", .by = {.channel = channel, .time = NOW - 1}};
	hash_bytes(&vote->by.evidence, "{}", 2);
	vote->armor = plan_rig_attest(&d->rig, person, key, &vote->by);
}

static int desk_quorum(const struct desk *d)
{
	struct assent_error err = {0};
	int rc = approval_quorum(&d->plan, d->v.list, d->v.count, &d->trust, &err);

	g_test_message("%d %s", rc, err.text);
	return rc;
}

static void attested_votes_count_where_both_agree(void)
{
	struct desk d;

	desk_init(&d, 1);
	add_attested(&d, "alice", d.rig.plan_key, CHANNEL_SLACK);
	g_assert_cmpint(desk_quorum(&d), ==, 0);
	d.plan.policy.channels = CHANNEL_BIT(CHANNEL_SIGNATURE);
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	d.plan.policy.channels |= CHANNEL_BIT(CHANNEL_SLACK);
	d.trust.attested = CHANNELS_ATTESTED & ~CHANNEL_BIT(CHANNEL_SLACK);
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	d.trust.attested = 0;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	d.trust.attested = CHANNELS_ATTESTED;
	d.trust.agent_key = NULL;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	desk_clear(&d);
}

/* Neither another agent nor the person's own key can attest, and nobody outside the policy may. */
static void only_the_agent_of_the_plan_attests(void)
{
	struct desk d;
	struct secret *mallory = vector_secret("mallory");

	desk_init(&d, 1);
	add_attested(&d, "alice", mallory, CHANNEL_SLACK);
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	drop(&d.v);
	add_attested(&d, "alice", d.rig.alice, CHANNEL_SLACK);
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	drop(&d.v);
	add_attested(&d, "mallory", d.rig.plan_key, CHANNEL_SLACK);
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	secret_free(mallory);
	desk_clear(&d);
}

/* The one never stands for the other, whoever signs it and whatever it is called. */
static void attestation_is_no_signature(void)
{
	struct desk d;
	struct ssh_key key;
	struct approval vote;

	desk_init(&d, 1);
	add_attested(&d, "alice", d.rig.plan_key, CHANNEL_SLACK);
	vote = d.v.list[0];
	vote.by.channel = CHANNEL_SIGNATURE;
	g_assert_cmpint(approval_verify(&key, &d.plan, &vote, &d.trust, NULL), ==,
			ASSENT_EUNTRUSTED);
	vote.by.channel = CHANNEL_PAGE; // accepted by the plan, but another one was attested
	d.trust.attested = CHANNELS_ATTESTED;
	g_assert_cmpint(approval_verify(&key, &d.plan, &vote, &d.trust, NULL), ==,
			ASSENT_ESIGNATURE);
	drop(&d.v);
	add(&d.v, &d.rig, "alice", d.rig.alice, VERDICT_APPROVE);
	d.v.list[0].by = vote.by;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	drop(&d.v);
	add(&d.v, &d.rig, "alice", d.rig.plan_key, VERDICT_APPROVE); // an approval by the plan key
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	d.v.list[0].by = vote.by;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_ESIGNATURE);
	desk_clear(&d);
}

static void attestation_binds_every_part(void)
{
	struct desk d;
	struct approval vote;
	struct ssh_key key;

	desk_init(&d, 1);
	add_attested(&d, "alice", d.rig.plan_key, CHANNEL_SLACK);
	for (int i = 0; i < 5; i++) {
		struct plan other = d.plan;

		vote = d.v.list[0];
		vote.by.time += i == 0;
		vote.by.evidence.bytes[0] ^= i == 1;
		vote.person = i == 2 ? "bob" : vote.person;
		vote.reason = i == 3 ? "other" : vote.reason;
		other.seq += i == 4;
		g_assert_cmpint(approval_verify(&key, &other, &vote, &d.trust, NULL), ==,
				ASSENT_ESIGNATURE);
	}
	desk_clear(&d);
}

static void attestation_time_must_fit(void)
{
	struct desk d;

	desk_init(&d, 1);
	add_attested(&d, "alice", d.rig.plan_key, CHANNEL_SLACK);
	d.plan.created = NOW + 1000;
	d.trust.now = NOW + 1000;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EEXPIRED);
	d.plan.created = PLAN_TIME;
	d.trust.now = NOW - 1000;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EEXPIRED);
	desk_clear(&d);
}

static const char *boss[] = {"alice", NULL};

/* Who may, decides for all; who only says so does not, and nobody is attested to. */
static void the_glass_is_broken_by_those_who_may(void)
{
	struct desk d;

	desk_init(&d, 2);
	d.plan.policy.break_glass = boss;
	d.trust.break_glass = true;
	d.v.list[0] = (struct approval){
		.person = "alice",
		.verdict = VERDICT_BREAK_GLASS,
		.reason = "fire",
		.armor = plan_rig_vote(&d.rig, "alice", d.rig.alice, VERDICT_BREAK_GLASS, "fire")};
	d.v.count = 1;
	g_assert_cmpint(desk_quorum(&d), ==, 0);
	d.trust.break_glass = false;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	d.trust.break_glass = true;
	d.trust.minimum = 2; // that is what an emergency goes past
	g_assert_cmpint(desk_quorum(&d), ==, 0);
	add(&d.v, &d.rig, "alice", d.rig.alice, VERDICT_APPROVE);
	g_assert_cmpint(desk_quorum(&d), ==, 0);
	d.v.list[0].verdict = VERDICT_APPROVE; // nor does it count as an approval
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_ESIGNATURE);
	d.v.list[0].verdict = VERDICT_BREAK_GLASS;
	d.plan.policy.break_glass = NULL;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	d.plan.policy.break_glass = boss;
	d.trust.now = d.plan.expires + 1;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EEXPIRED);
	d.trust.now = NOW;
	d.v.list[0].by.channel = CHANNEL_SLACK;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EMALFORMED);
	desk_clear(&d);
}

static void silence_counts_where_the_plan_says_so(void)
{
	struct desk d;

	desk_init(&d, 2);
	d.plan.policy.quiet = 60;
	d.trust.now = PLAN_TIME + 59;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	d.trust.now = PLAN_TIME + 60;
	g_assert_cmpint(desk_quorum(&d), ==, 0);
	d.trust.minimum = 1; // who verifies wants to see somebody
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	d.trust.minimum = 0;
	d.trust.now = d.plan.expires + 1;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EEXPIRED);
	d.trust.now = PLAN_TIME + 60;
	add(&d.v, &d.rig, "bob", d.rig.bob, VERDICT_REJECT);
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	drop(&d.v);
	add(&d.v, &d.rig, "alice", d.rig.bob, VERDICT_APPROVE); // a forged vote still spoils all
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	desk_clear(&d);
}

static void one_vote_a_person_whatever_the_channel(void)
{
	struct desk d;

	desk_init(&d, 2);
	add_attested(&d, "alice", d.rig.plan_key, CHANNEL_SLACK);
	add(&d.v, &d.rig, "alice", d.rig.alice, VERDICT_APPROVE);
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	drop(&d.v);
	add_attested(&d, "alice", d.rig.plan_key, CHANNEL_SLACK);
	add_attested(&d, "alice", d.rig.plan_key, CHANNEL_PAGE);
	d.trust.attested = CHANNELS_ATTESTED;
	g_assert_cmpint(desk_quorum(&d), ==, ASSENT_EUNTRUSTED);
	drop(&d.v);
	add_attested(&d, "alice", d.rig.plan_key, CHANNEL_SLACK);
	add_attested(&d, "bob", d.rig.plan_key, CHANNEL_SLACK); // the same key, and that is fine
	g_assert_cmpint(desk_quorum(&d), ==, 0);
	drop(&d.v);
	add_attested(&d, "alice", d.rig.plan_key, CHANNEL_SLACK);
	add(&d.v, &d.rig, "bob", d.rig.bob, VERDICT_APPROVE);
	g_assert_cmpint(desk_quorum(&d), ==, 0);
	desk_clear(&d);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/approval/enough-votes-allow", enough_votes_allow);
	g_test_add_func("/approval/minimum-holds-whatever-the-plan-says",
			minimum_holds_whatever_the_plan_says);
	g_test_add_func("/approval/one-person-counts-once", one_person_counts_once);
	g_test_add_func("/approval/signatures-of-others-fail", signatures_of_others_fail);
	g_test_add_func("/approval/statement-binds-every-part", statement_binds_every_part);
	g_test_add_func("/approval/a-rejection-stops", a_rejection_stops);
	g_test_add_func("/approval/time-is-checked", time_is_checked);
	g_test_add_func("/approval/authors-do-not-count", authors_do_not_count);
	g_test_add_func("/approval/authors-of-older-commits-do-not-count",
			authors_of_older_commits_do_not_count);
	g_test_add_func("/approval/pushers-do-not-count", pushers_do_not_count);
	g_test_add_func("/approval/another-approver-list-is-refused",
			another_approver_list_is_refused);
	g_test_add_func("/approval/people-outside-the-policy-are-refused",
			people_outside_the_policy_are_refused);
	g_test_add_func("/approval/attested-votes-count-where-both-agree",
			attested_votes_count_where_both_agree);
	g_test_add_func("/approval/only-the-agent-of-the-plan-attests",
			only_the_agent_of_the_plan_attests);
	g_test_add_func("/approval/attestation-is-no-signature", attestation_is_no_signature);
	g_test_add_func("/approval/attestation-binds-every-part", attestation_binds_every_part);
	g_test_add_func("/approval/attestation-time-must-fit", attestation_time_must_fit);
	g_test_add_func("/approval/one-vote-a-person-whatever-the-channel",
			one_vote_a_person_whatever_the_channel);
	g_test_add_func("/approval/silence-counts-where-the-plan-says-so",
			silence_counts_where_the_plan_says_so);
	g_test_add_func("/approval/the-glass-is-broken-by-those-who-may",
			the_glass_is_broken_by_those_who_may);
	return g_test_run();
}
