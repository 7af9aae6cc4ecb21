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
	int rc = approval_quorum(rig->plan, v->list, v->count, rig->signers, NULL, 0, minimum, now,
				 &err);

	g_test_message("%d %s", rc, err.text);
	return rc;
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
	struct ssh_key key;
	struct votes v = {0};
	struct plan other;

	plan_rig_init(&rig, 1, true);
	add(&v, &rig, "alice", rig.alice, VERDICT_APPROVE);
	g_assert_cmpint(approval_verify(&key, rig.plan, &v.list[0], rig.signers, NOW, NULL), ==, 0);
	v.list[0].reason = "other";
	g_assert_cmpint(approval_verify(&key, rig.plan, &v.list[0], rig.signers, NOW, NULL), ==,
			ASSENT_ESIGNATURE);
	v.list[0].verdict = VERDICT_REJECT;
	g_assert_cmpint(approval_verify(&key, rig.plan, &v.list[0], rig.signers, NOW, NULL), ==,
			ASSENT_ESIGNATURE);
	v.list[0].verdict = VERDICT_APPROVE;
	v.list[0].reason = "";
	other = *rig.plan;
	other.digest.bytes[31] ^= 1;
	g_assert_cmpint(approval_verify(&key, &other, &v.list[0], rig.signers, NOW, NULL), ==,
			ASSENT_ESIGNATURE);
	other = *rig.plan;
	other.expires++;
	g_assert_cmpint(approval_verify(&key, &other, &v.list[0], rig.signers, NOW, NULL), ==,
			ASSENT_ESIGNATURE);
	other = *rig.plan;
	other.seq++;
	g_assert_cmpint(approval_verify(&key, &other, &v.list[0], rig.signers, NOW, NULL), ==,
			ASSENT_ESIGNATURE);
	other = *rig.plan;
	other.stack = "db";
	g_assert_cmpint(approval_verify(&key, &other, &v.list[0], rig.signers, NOW, NULL), ==,
			ASSENT_ESIGNATURE);
	other = *rig.plan;
	other.agent = "web2.example.org";
	g_assert_cmpint(approval_verify(&key, &other, &v.list[0], rig.signers, NOW, NULL), ==,
			ASSENT_ESIGNATURE);
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
	g_assert_cmpint(
		approval_quorum(rig.plan, v.list, v.count, rig.signers, people, 1, 0, NOW, NULL),
		==, ASSENT_EUNTRUSTED);
	people[0].name = "alice";
	g_assert_cmpint(
		approval_quorum(rig.plan, v.list, v.count, rig.signers, people, 1, 0, NOW, NULL),
		==, 0);
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
	g_assert_cmpint(
		approval_quorum(&plan, v.list, v.count, rig.signers, people, 1, 0, NOW, NULL), ==,
		0);
	set_authors(&plan, authors, 2, 2);
	g_assert_cmpint(
		approval_quorum(&plan, v.list, v.count, rig.signers, people, 1, 0, NOW, NULL), ==,
		ASSENT_EUNTRUSTED);
	set_authors(&plan, authors + 1, 1, 2); // one is not listed: it may be anybody
	g_assert_cmpint(
		approval_quorum(&plan, v.list, v.count, rig.signers, people, 1, 0, NOW, NULL), ==,
		ASSENT_EUNTRUSTED);
	plan.policy.author_may_approve = true;
	g_assert_cmpint(
		approval_quorum(&plan, v.list, v.count, rig.signers, people, 1, 0, NOW, NULL), ==,
		0);
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
		g_assert_cmpint(approval_quorum(&other, v.list, v.count, rig.signers, NULL, 0, 0,
						NOW, NULL),
				==, ASSENT_EUNTRUSTED);
	}
	drop(&v);
	plan_rig_clear(&rig);
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
	g_test_add_func("/approval/another-approver-list-is-refused",
			another_approver_list_is_refused);
	g_test_add_func("/approval/people-outside-the-policy-are-refused",
			people_outside_the_policy_are_refused);
	return g_test_run();
}
