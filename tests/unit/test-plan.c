/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/plan.h: a plan survives writing and reading, and nothing else is one. */
#include "base/autoptr.h"
#include "unit/plans.h"
#include "unit/vectors.h"

static void survives_writing_and_reading(void)
{
	struct plan_rig rig;
	struct hash digest;
	char *again = NULL;
	size_t len;

	plan_rig_init(&rig, 2, false);
	hash_bytes(&digest, rig.text, rig.len);
	g_assert_true(hash_equal(&digest, &rig.plan->digest));
	g_assert_cmpint(plan_write(&again, &len, rig.plan, NULL), ==, 0);
	g_assert_cmpmem(again, len, rig.text, rig.len);
	g_assert_cmpint(rig.plan->policy.required, ==, 2);
	g_assert_cmpstr(rig.plan->policy.from[1], ==, "bob");
	g_assert_null(rig.plan->policy.from[2]);
	g_assert_cmpuint(rig.plan->changes[0].risk, ==, RISK_ROOT | RISK_EXECUTABLE);
	g_assert_cmpint(rig.plan->changes[0].desired.gid, ==, -1);
	g_assert_null(rig.plan->base_commit);
	free(again);
	plan_rig_clear(&rig);
}

static void channels_are_stated_where_it_matters(void)
{
	static const struct {
		const char *text;
		unsigned channels; /* 0: refused */
	} cases[] = {
		{"", CHANNEL_BIT(CHANNEL_SIGNATURE)},
		{"\"channels\":[\"signature\"],", 0}, // one plan has one form
		{"\"channels\":[\"slack\",\"page\"],",
		 CHANNEL_BIT(CHANNEL_SLACK) | CHANNEL_BIT(CHANNEL_PAGE)},
		{"\"channels\":[],", 0},
		{"\"channels\":[\"page\",\"slack\"],", 0},
		{"\"channels\":[\"slack\",\"slack\"],", 0},
		{"\"channels\":[\"pigeon\"],", 0},
		{"\"channels\":\"slack\",", 0},
	};
	struct plan_rig rig;
	g_auto(GStrv) parts = NULL;

	plan_rig_init(&rig, 1, false);
	parts = g_strsplit(rig.text, "\"from\":", 2);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
			g_strconcat(parts[0], cases[i].text, "\"from\":", parts[1], NULL);
		struct plan *plan = NULL;
		int rc = plan_parse(&plan, text, strlen(text), NULL);

		g_test_message("%s", cases[i].text);
		g_assert_true((rc == 0) == (cases[i].channels != 0));
		if (rc == 0) {
			g_assert_cmphex(plan->policy.channels, ==, cases[i].channels);
		}
		plan_free(plan);
	}
	plan_rig_clear(&rig);
	plan_rig_init_policy(&rig, &(struct plan_policy){.required = 1,
							 .channels = CHANNEL_BIT(CHANNEL_SLACK),
							 .quiet = 60});
	g_assert_cmpint(rig.plan->policy.quiet, ==, 60);
	g_assert_nonnull(strstr(rig.text, "\"channels\":[\"slack\"]"));
	plan_rig_clear(&rig);
}

static void every_cut_and_flip_is_refused(void)
{
	struct plan_rig rig;
	struct plan *plan = NULL;

	plan_rig_init(&rig, 1, false);
	for (size_t i = 0; i < rig.len; i++) {
		g_assert_cmpint(plan_parse(&plan, rig.text, i, NULL), <, 0);
		rig.text[i] ^= 1;
		g_assert_cmpint(plan_verify(&plan, rig.text, rig.len, rig.armor, strlen(rig.armor),
					    &rig.plan_public, NULL),
				<, 0);
		rig.text[i] ^= 1;
	}
	g_assert_null(plan);
	plan_rig_clear(&rig);
}

static void only_the_plan_key_in_its_namespace_counts(void)
{
	struct plan_rig rig;
	struct plan *plan = NULL;
	char *armor = NULL;

	plan_rig_init(&rig, 1, false);
	g_assert_cmpint(secret_sshsig(rig.alice, SSHSIG_NS_PLAN, rig.text, rig.len, &armor, NULL),
			==, 0);
	g_assert_cmpint(
		plan_verify(&plan, rig.text, rig.len, armor, strlen(armor), &rig.plan_public, NULL),
		==, ASSENT_EUNTRUSTED);
	free(armor);
	g_assert_cmpint(
		secret_sshsig(rig.plan_key, SSHSIG_NS_APPROVAL, rig.text, rig.len, &armor, NULL),
		==, 0);
	g_assert_cmpint(
		plan_verify(&plan, rig.text, rig.len, armor, strlen(armor), &rig.plan_public, NULL),
		==, ASSENT_ESIGNATURE);
	free(armor);
	g_assert_null(plan);
	plan_rig_clear(&rig);
}

/* The rig's text with one piece replaced must not parse. */
static void refuse(const struct plan_rig *rig, const char *from, const char *to)
{
	g_auto(GStrv) parts = g_strsplit(rig->text, from, 2);
	g_autofree char *text = NULL;
	struct assent_error err = {0};
	struct plan *plan = NULL;

	g_assert_nonnull(parts[1]);
	text = g_strconcat(parts[0], to, parts[1], NULL);
	g_assert_cmpint(plan_parse(&plan, text, strlen(text), &err), <, 0);
	g_test_message("%s", err.text);
}

static void nonsense_is_refused(void)
{
	static const char *const edits[][2] = {
		{"\"v\":1}", "\"v\":2}"},
		{"\"type\":\"plan\"", "\"type\":\"plane\""},
		{"\"seq\":7", "\"seq\":0"},
		{"\"path\":\"/srv/x\"", "\"path\":\"srv/x\""},
		{"\"path\":\"/srv/x\"", "\"path\":\"/srv/../x\""},
		{"\"path\":\"/srv/x\"", "\"path\":\"/srv//x\""},
		{"\"path\":\"/srv/x\"", "\"path\":\"/srv/x/\""},
		{"\"action\":\"create\"", "\"action\":\"destroy\""},
		{"[\"root\",\"executable\"]", "[\"executable\",\"root\"]"},
		{"[\"root\",\"executable\"]", "[\"root\",\"root\"]"},
		{"\"nonce\":\"00", "\"nonce\":\"0g"},
		{"\"mode\":493", "\"mode\":32768"},
		{"{\"type\":\"absent\"}", "{\"mode\":1,\"type\":\"absent\"}"},
		{"{\"type\":\"absent\"}", "{\"link\":\"a\",\"type\":\"file\"}"},
		{"\"expires\":1767229200", "\"expires\":1"},
		{"\"commits_total\":1", "\"commits_total\":0"},
		{"\"authors\":[\"bob@example.com\"],", ""},
		{"[\"bob@example.com\"],\"authors_total\":1", "[],\"authors_total\":0"},
		{"[\"bob@example.com\"]", "[\"eve@example.com\"]"},
		{"[\"bob@example.com\"]", "[\"bob@example.com\",\"a@example.com\"]"},
		{"\"authors_total\":1", "\"authors_total\":0"},
		{"\"base\":null,", ""},
		{"\"base\":null", "\"base\":1"},
		{"\"author_may_approve\":false", "\"author_may_approve\":0"},
		{"\"signature\":\"none\"", "\"signature\":\"fine\""},
		{"\"required\":1", "\"required\":-1"},
		{"\"reason\":\"commit\"", "\"reason\":\"whim\""},
	};
	struct plan_rig rig;

	plan_rig_init(&rig, 1, false);
	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		refuse(&rig, edits[i][0], edits[i][1]);
	}
	plan_rig_clear(&rig);
}

static void paths_may_be_any_bytes(void)
{
	struct plan plan, *back = NULL;
	struct plan_change change;
	struct plan_commit commit;
	char *text = NULL;
	size_t len;

	plan_rig_sample(&plan, &change, &commit);
	change.path = "/srv/\xff\n";
	change.id = "file:/srv/\xff\n";
	change.root = "/srv";
	commit.author_name = "Ren\xe9";
	g_assert_cmpint(plan_write(&text, &len, &plan, NULL), ==, 0);
	g_assert_cmpint(plan_parse(&back, text, len, NULL), ==, 0);
	g_assert_cmpstr(back->changes[0].path, ==, change.path);
	g_assert_cmpstr(back->commits[0].author_name, ==, commit.author_name);
	plan_free(back);
	free(text);
	change.root = "/srv/x";
	g_assert_cmpint(plan_write(&text, &len, &plan, NULL), ==, ASSENT_EMALFORMED);
}

static void pushers_are_authors(void)
{
	static const char *const edits[][2] = {
		{"\"pushers\":[\"alice\",\"bob@example.com\"]", "\"pushers\":[]"},
		{"\"pushers\":[\"alice\",", "\"pushers\":[\"eve\","},
		{"\"pushers\":[\"alice\",\"bob@example.com\"]",
		 "\"pushers\":[\"bob@example.com\",\"alice\"]"},
		{"\"pushers\":[\"alice\",", "\"pushers\":[\"alice\",\"alice\","},
		{"\"pushers\":[\"alice\",", "\"pushers\":[7,"},
	};
	const char *authors[] = {"alice", "bob@example.com"};
	struct plan plan, *back = NULL;
	struct plan_change change;
	struct plan_commit commit;
	struct plan_rig rig = {0};

	plan_rig_sample(&plan, &change, &commit);
	plan.authors = plan.pushers = authors;
	plan.authors_count = plan.pushers_count = 2;
	plan.authors_total = 2;
	g_assert_cmpint(plan_write(&rig.text, &rig.len, &plan, NULL), ==, 0);
	g_assert_cmpint(plan_parse(&back, rig.text, rig.len, NULL), ==, 0);
	g_assert_cmpuint(back->pushers_count, ==, 2);
	g_assert_cmpstr(back->pushers[0], ==, "alice");
	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		refuse(&rig, edits[i][0], edits[i][1]);
	}
	plan_free(back);
	free(rig.text);
}

static void rewritten_history_is_told(void)
{
	static const char *const edits[][2] = {
		{"\"person\":\"alice\",", ""},
		{"\"person\":\"alice\"", "\"person\":\"\""},
		{"\"reason\":\"a secret\"", "\"reason\":\"a\\nb\""},
		{"\"reason\":\"a secret\",", ""},
		{"\"total\":7}", "\"total\":0}"},
		{",\"total\":7}", "}"},
		{"\"total\":7}", "\"total\":7,\"why\":1}"},
		{"\"rewritten\":{", "\"rewritten\":null,\"rewrittenx\":{"},
	};
	struct plan plan, *back = NULL;
	struct plan_change change;
	struct plan_commit commit, gone;
	struct plan_rig rig = {0};

	plan_rig_sample(&plan, &change, &commit);
	gone = commit;
	gone.author_email = "somebody@example.org"; // need not be among those who may not approve
	plan.is_rewritten = true;
	plan.rewritten = (struct plan_rewritten){
		.commits = &gone, .commits_count = 1, .total = 7, .person = "alice"};
	plan.rewritten.reason = "a secret";
	g_assert_cmpint(plan_write(&rig.text, &rig.len, &plan, NULL), ==, ASSENT_EMALFORMED);
	plan.base_commit = plan.base_tree = plan.target_tree; // without a base nothing is gone
	g_assert_cmpint(plan_write(&rig.text, &rig.len, &plan, NULL), ==, 0);
	g_assert_cmpint(plan_parse(&back, rig.text, rig.len, NULL), ==, 0);
	g_assert_true(back->is_rewritten);
	g_assert_cmpstr(back->rewritten.person, ==, "alice");
	g_assert_cmpstr(back->rewritten.reason, ==, "a secret");
	g_assert_cmpstr(back->rewritten.commits[0].author_email, ==, gone.author_email);
	g_assert_cmpint(back->rewritten.total, ==, 7);
	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		refuse(&rig, edits[i][0], edits[i][1]);
	}
	plan_free(back);
	free(rig.text);
	/* the mirror has nothing of them any more */
	plan.rewritten = (struct plan_rewritten){.total = -1, .person = "alice", .reason = "why"};
	g_assert_cmpint(plan_write(&rig.text, &rig.len, &plan, NULL), ==, 0);
	g_assert_cmpint(plan_parse(&back, rig.text, rig.len, NULL), ==, 0);
	g_assert_cmpint(back->rewritten.total, ==, -1);
	plan_free(back);
	free(rig.text);
}

static void draft_becomes_a_plan(void)
{
	struct plan plan, whole, *draft = NULL;
	struct plan_change change;
	struct plan_commit commit;
	char *text = NULL;
	size_t len;

	plan_rig_sample(&plan, &change, &commit);
	g_assert_cmpint(plan_draft_write(&text, &len, &plan, NULL), ==, 0);
	g_assert_cmpint(plan_parse(&draft, text, len, NULL), <, 0);
	g_assert_cmpint(plan_draft_parse(&draft, text, len, NULL), ==, 0);
	free(text);
	g_assert_cmpuint(draft->changes_count, ==, 1);
	g_assert_cmpstr(draft->on_failure, ==, "rollback");
	whole = plan;
	whole.changes = draft->changes;
	g_assert_cmpint(plan_write(&text, &len, &whole, NULL), ==, 0);
	free(text);
	plan_free(draft);
}

/* A secret's state is told by key and digest, and by nothing else of the content. */
static void keyed_states_survive(void)
{
	static const char sealed[] =
		"sha256:00000000000000000000000000000000000000000000000000000000000000ff";
	static const char *const edits[][2] = {
		{"\"keyed\":\"0123456789abcdef:", "\"keyed\":\"0123456789abcdeF:"},
		{"\"keyed\":\"0123456789abcdef:", "\"keyed\":\"0123456789abcdef-"},
		{"\"keyed\":\"0123456789abcdef:", "\"keyed\":\"0123456789abcde:"},
		{"\"keyed\":\"0123456789abcdef:", "\"keyed\":\"0123456789abcdef:0"},
		{"\"keyed\":\"0123456789abcdef:", "\"digest\":\"sha256:"},
		{"\"sealed\":\"sha256:", "\"sealed\":\"sha255:"},
		{",\"type\":\"file\"", ",\"size\":7,\"type\":\"file\""},
	};
	struct plan plan, *draft = NULL;
	struct plan_change change;
	struct plan_commit commit;
	autocfree char *text = NULL;
	const struct plan_state *got;
	size_t len;

	plan_rig_sample(&plan, &change, &commit);
	change.risk |= RISK_SECRET;
	change.observed = PLAN_STATE(STATE_ABSENT);
	change.action = ACTION_CREATE;
	change.desired.type = STATE_FILE;
	change.desired.size = 7;
	change.desired.keyed = "0123456789abcdef";
	change.desired.sealed = sealed;
	g_assert_cmpint(plan_draft_write(&text, &len, &plan, NULL), ==, 0);
	g_assert_null(strstr(text, "\"digest\""));
	g_assert_null(strstr(text, "\"size\""));
	g_assert_cmpint(plan_draft_parse(&draft, text, len, NULL), ==, 0);
	got = &draft->changes[0].desired;
	g_assert_cmpstr(got->keyed, ==, "0123456789abcdef");
	g_assert_cmpstr(got->sealed, ==, sealed);
	g_assert_true(hash_equal(&got->digest, &change.desired.digest));
	g_assert_cmpint(got->size, ==, 0);
	plan_free(draft);
	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		g_auto(GStrv) parts = g_strsplit(text, edits[i][0], 2);
		g_autofree char *other = g_strjoinv(edits[i][1], parts);

		g_assert_nonnull(parts[1]);
		draft = NULL;
		g_assert_cmpint(plan_draft_parse(&draft, other, strlen(other), NULL), <, 0);
	}
}

/* Digests by two keys, or by one and by none, are never taken for the same content. */
static void keyed_states_compare(void)
{
	struct plan_state a = {.type = STATE_FILE, .mode = -1, .uid = -1, .gid = -1}, b;

	a.keyed = "0123456789abcdef";
	b = a;
	b.keyed = g_intern_string("0123456789abcdef");
	g_assert_true(plan_content_equal(&a, &b));
	g_assert_true(plan_state_equal(&a, &b));
	b.sealed = "sha256:x";
	g_assert_true(plan_content_equal(&a, &b));
	b.keyed = "fedcba9876543210";
	g_assert_false(plan_content_equal(&a, &b));
	g_assert_false(plan_state_equal(&a, &b));
	b.keyed = NULL;
	g_assert_false(plan_content_equal(&a, &b));
	g_assert_false(plan_content_equal(&b, &a));
	b = a;
	b.digest.bytes[31] ^= 1;
	g_assert_false(plan_content_equal(&a, &b));
}

static void states_compare_what_matters(void)
{
	struct plan_state a = {.type = STATE_FILE, .size = 1, .mode = 0644, .uid = 0, .gid = 0},
			  b = a;

	b.owner = "root";
	g_assert_true(plan_state_equal(&a, &b));
	b.digest.bytes[0] = 1;
	g_assert_false(plan_state_equal(&a, &b));
	b = a;
	b.mode = 0600;
	g_assert_false(plan_state_equal(&a, &b));
	b = a;
	b.xattrs = "sha256:x";
	g_assert_false(plan_state_equal(&a, &b));
	a = (struct plan_state){.type = STATE_LINK, .link = "x", .mode = -1};
	b = a;
	b.link = "y";
	g_assert_false(plan_state_equal(&a, &b));
	b.type = STATE_ABSENT;
	g_assert_false(plan_state_equal(&a, &b));
}

/* What follows "v":1, the last member otherwise. */
static void verification_says_who_vouches(void)
{
#define SEAL "3333333333333333333333333333333333333333"
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{"{\"checked\":2,\"mode\":\"all\",\"seal\":\"" SEAL "\",\"signatures\":2,"
		 "\"signers\":[\"a\",\"b\"]}",
		 true},
		{"{\"checked\":1,\"mode\":\"head\",\"signatures\":1,\"signers\":[\"a\"]}", true},
		{"{\"checked\":1,\"mode\":\"none\",\"signatures\":1,\"signers\":[\"a\"]}", false},
		{"{\"checked\":0,\"mode\":\"head\",\"signatures\":1,\"signers\":[\"a\"]}", false},
		{"{\"checked\":1,\"mode\":\"head\",\"signatures\":0,\"signers\":[]}", false},
		{"{\"checked\":1,\"mode\":\"head\",\"signatures\":2,\"signers\":[\"a\"]}", false},
		{"{\"checked\":1,\"mode\":\"head\",\"signatures\":2,\"signers\":[\"b\",\"a\"]}",
		 false},
		{"{\"checked\":1,\"mode\":\"head\",\"signatures\":2,\"signers\":[\"a\",\"a\"]}",
		 false},
		{"{\"checked\":1,\"mode\":\"all\",\"seal\":\"x\",\"signatures\":1,"
		 "\"signers\":[\"a\"]}",
		 false},
		{"{\"checked\":1,\"mode\":\"head\",\"signatures\":1,\"signers\":[\"a\"],"
		 "\"x\":1}",
		 false},
		{"{}", false},
	};
	struct plan_rig rig;

	plan_rig_init(&rig, 1, false);
	g_assert_true(g_str_has_suffix(rig.text, "\"v\":1}"));
	g_assert_null(rig.plan->verification.mode);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("%.*s,\"verification\":%s}",
							(int)rig.len - 1, rig.text, cases[i].text);
		struct plan *plan = NULL;
		int rc = plan_parse(&plan, text, strlen(text), NULL);

		g_test_message("%s", cases[i].text);
		g_assert_true((rc == 0) == cases[i].good);
		if (rc == 0) {
			char *again = NULL;
			size_t len;

			g_assert_cmpint(plan_write(&again, &len, plan, NULL), ==, 0);
			g_assert_cmpmem(again, len, text, strlen(text));
			free(again);
		}
		plan_free(plan);
	}
	plan_rig_clear(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/plan/survives-writing-and-reading", survives_writing_and_reading);
	g_test_add_func("/plan/every-cut-and-flip-is-refused", every_cut_and_flip_is_refused);
	g_test_add_func("/plan/only-the-plan-key-in-its-namespace-counts",
			only_the_plan_key_in_its_namespace_counts);
	g_test_add_func("/plan/nonsense-is-refused", nonsense_is_refused);
	g_test_add_func("/plan/paths-may-be-any-bytes", paths_may_be_any_bytes);
	g_test_add_func("/plan/draft-becomes-a-plan", draft_becomes_a_plan);
	g_test_add_func("/plan/rewritten-history-is-told", rewritten_history_is_told);
	g_test_add_func("/plan/pushers-are-authors", pushers_are_authors);
	g_test_add_func("/plan/verification-says-who-vouches", verification_says_who_vouches);
	g_test_add_func("/plan/states-compare-what-matters", states_compare_what_matters);
	g_test_add_func("/plan/keyed-states-survive", keyed_states_survive);
	g_test_add_func("/plan/keyed-states-compare", keyed_states_compare);
	g_test_add_func("/plan/channels-are-stated-where-it-matters",
			channels_are_stated_where_it_matters);
	return g_test_run();
}
