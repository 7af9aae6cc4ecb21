/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tests of include/assent through the shared library. What is verified is made
 * with the signing half, which this program has beside it.
 */
#include "assent/assent.h"
#include "core/record.h"
#include "core/tlogproof.h"
#include "unit/plans.h"
#include "unit/vectors.h"

#define ORIGIN "gate.example.com/log1"

static void check(int rc, const struct assent_error *err)
{
	if (rc != 0) {
		g_error("%d %s", rc, err->text);
	}
}

static assent_log_key *log_key(void)
{
	g_autofree char *text = NULL;
	assent_log_key *key = NULL;
	struct assent_error err;
	size_t len;

	text = vector_load("note/log.vkey", &len);
	check(assent_log_key_parse(&key, g_strchomp(text), &err), &err);
	g_assert_cmpstr(assent_log_key_name(key), ==, ORIGIN);
	return key;
}

static void version_is_that_of_the_headers(void)
{
	g_assert_cmpstr(assent_version(), ==, ASSENT_VERSION_TEXT);
}

static void digests(void)
{
	char text[ASSENT_DIGEST_TEXT_SIZE];
	struct assent_digest a, b;
	struct assent_error err;

	assent_digest_of(&a, "abc", 3);
	assent_digest_text(text, &a);
	check(assent_digest_parse(&b, text, &err), &err);
	g_assert_cmpmem(a.bytes, 32, b.bytes, 32);
	g_assert_cmpint(assent_digest_parse(&b, "abc", &err), ==, ASSENT_EMALFORMED);
	g_assert_cmpint(assent_digest_parse(&b, "abc", NULL), ==, ASSENT_EMALFORMED);
}

/* The agent's word is verified by the key that verified the plan, and counts where that says so. */
static void attested_votes(const struct plan_rig *rig, const assent_plan *plan,
			   const assent_signers *signers)
{
	struct attestation by = {.channel = CHANNEL_SLACK, .time = PLAN_TIME + 1};
	struct assent_vote vote = {.person = "alice",
				   .decision = ASSENT_APPROVE,
				   .reason = "",
				   .channel = "slack",
				   .time = PLAN_TIME + 1};
	struct assent_error err;
	char *good, *forged;

	assent_digest_of(&vote.evidence, "{}", 2);
	hash_bytes(&by.evidence, "{}", 2);
	good = plan_rig_attest(rig, "alice", rig->plan_key, &by);
	forged = plan_rig_attest(rig, "alice", rig->alice, &by);
	vote.signature = good;
	check(assent_vote_verify(plan, &vote, signers, PLAN_TIME, &err), &err);
	g_assert_cmpint(assent_quorum_verify(plan, &vote, 1, signers, 1, PLAN_TIME, &err), ==,
			ASSENT_EUNTRUSTED); // this plan takes signatures alone
	vote.channel = NULL;
	g_assert_cmpint(assent_vote_verify(plan, &vote, signers, PLAN_TIME, &err), ==,
			ASSENT_EUNTRUSTED);
	vote.channel = "pigeon";
	g_assert_cmpint(assent_vote_verify(plan, &vote, signers, PLAN_TIME, &err), ==,
			ASSENT_EMALFORMED);
	vote.channel = "slack";
	vote.signature = forged;
	g_assert_cmpint(assent_vote_verify(plan, &vote, signers, PLAN_TIME, &err), ==,
			ASSENT_EUNTRUSTED);
	free(good);
	free(forged);
}

static void plans_and_votes(void)
{
	struct plan_rig rig;
	assent_key *key = NULL;
	assent_signers *signers = NULL;
	assent_plan *plan = NULL;
	struct assent_digest list, named;
	struct assent_change change;
	struct assent_error err;
	struct assent_vote vote = {.person = "alice", .decision = ASSENT_APPROVE, .reason = ""};
	char *line, *armor, *statement = NULL;
	size_t len;

	plan_rig_init(&rig, 1, true);
	line = plan_rig_key_line(rig.plan_key);
	check(assent_key_parse(&key, line, &err), &err);
	check(assent_signers_parse(&signers, rig.signers_text, strlen(rig.signers_text), &err),
	      &err);
	g_assert_true(g_str_has_prefix(assent_key_fingerprint(key), "SHA256:"));
	g_assert_true(assent_signers_has(signers, "alice"));
	g_assert_false(assent_signers_has(signers, "carol"));
	check(assent_plan_verify(&plan, rig.text, rig.len, rig.armor, strlen(rig.armor), key, &err),
	      &err);
	assent_signers_digest(signers, &list);
	assent_plan_approvers(plan, &named);
	g_assert_cmpmem(list.bytes, 32, named.bytes, 32);
	assent_plan_digest(plan, &named);
	g_assert_cmpmem(named.bytes, 32, rig.plan->digest.bytes, 32);
	g_assert_cmpstr(assent_plan_agent(plan), ==, "web1.example.org");
	g_assert_cmpstr(assent_plan_stack(plan), ==, "web");
	g_assert_cmpstr(assent_plan_reason(plan), ==, "commit");
	g_assert_cmpstr(assent_plan_commit(plan), ==, assent_plan_tree(plan));
	g_assert_cmpint(assent_plan_seq(plan), ==, 7);
	g_assert_cmpint(assent_plan_created(plan), ==, PLAN_TIME);
	g_assert_cmpint(assent_plan_expires(plan), ==, PLAN_TIME + 3600);
	g_assert_cmpint(assent_plan_required(plan), ==, 1);
	g_assert_cmpuint(assent_plan_change_count(plan), ==, 1);
	check(assent_plan_change(plan, 0, &change, &err), &err);
	g_assert_cmpstr(change.action, ==, "create");
	g_assert_cmpstr(change.path, ==, "/srv/x");
	g_assert_cmpuint(change.risk, ==, ASSENT_RISK_ROOT | ASSENT_RISK_EXECUTABLE);
	g_assert_cmpint(assent_plan_change(plan, 1, &change, &err), ==, ASSENT_EFAILED);

	armor = plan_rig_vote(&rig, "alice", rig.alice, VERDICT_APPROVE, "");
	vote.signature = armor;
	check(assent_vote_verify(plan, &vote, signers, PLAN_TIME, &err), &err);
	check(assent_quorum_verify(plan, &vote, 1, signers, 1, PLAN_TIME, &err), &err);
	g_assert_cmpint(assent_quorum_verify(plan, &vote, 1, signers, 2, PLAN_TIME, &err), ==,
			ASSENT_EUNTRUSTED);
	g_assert_cmpint(assent_quorum_verify(plan, NULL, 0, signers, 0, PLAN_TIME, &err), ==,
			ASSENT_EUNTRUSTED);
	vote.reason = "changed";
	g_assert_cmpint(assent_vote_verify(plan, &vote, signers, PLAN_TIME, &err), ==,
			ASSENT_ESIGNATURE);
	vote.decision = (enum assent_decision)7;
	g_assert_cmpint(assent_vote_verify(plan, &vote, signers, PLAN_TIME, &err), ==,
			ASSENT_EFAILED);
	check(assent_statement(&statement, &len, plan, "alice", ASSENT_REJECT, "no", &err), &err);
	g_assert_nonnull(strstr(statement, "\"decision\":\"reject\""));
	g_assert_cmpuint(strlen(statement), ==, len);
	assent_free(statement);
	attested_votes(&rig, plan, signers);
	free(armor);
	free(line);
	assent_plan_free(plan);
	assent_signers_free(signers);
	assent_key_free(key);
	plan_rig_clear(&rig);
}

/* tests/data/plans/acts.json, which test-plan-acts makes, signed by the rig's key. */
static assent_plan *load_acts(const struct plan_rig *rig)
{
	g_autofree char *file =
		g_test_build_filename(G_TEST_DIST, "data", "plans", "acts.json", NULL);
	g_autofree char *text = NULL;
	assent_plan *plan = NULL;
	assent_key *key = NULL;
	struct assent_error err;
	char *line, *armor = NULL;
	gsize len;

	g_assert_true(g_file_get_contents(file, &text, &len, NULL));
	g_assert_cmpint(secret_sshsig(rig->plan_key, SSHSIG_NS_PLAN, text, len, &armor, NULL), ==,
			0);
	line = plan_rig_key_line(rig->plan_key);
	check(assent_key_parse(&key, line, &err), &err);
	check(assent_plan_verify(&plan, text, len, armor, strlen(armor), key, &err), &err);
	assent_key_free(key);
	free(line);
	free(armor);
	return plan;
}

static const char *const *list_of(const assent_plan *plan, size_t index,
				  enum assent_change_list list)
{
	const char *const *texts = NULL;
	struct assent_error err;

	check(assent_plan_change_list(plan, index, list, &texts, &err), &err);
	return texts;
}

static void packages_services_and_commands(void)
{
	struct assent_change_details d;
	struct plan_rig rig;
	struct assent_error err;
	const char *const *texts = NULL;
	assent_plan *plan;

	plan_rig_init(&rig, 1, true);
	plan = load_acts(&rig);
	check(assent_plan_change_details(plan, 0, &d, &err), &err);
	g_assert_cmpstr(d.manager, ==, "apt");
	g_assert_cmpint(d.implied, ==, 0);
	g_assert_cmpstr(d.version_before, ==, "1:1.0~rc1-1");
	g_assert_cmpstr(d.version_after, ==, "2.0-1");
	g_assert_null(d.outside_commit);
	g_assert_cmpint(d.timeout, ==, 0);
	g_assert_null(list_of(plan, 0, ASSENT_LIST_NEEDS));
	g_assert_null(list_of(plan, 0, ASSENT_LIST_RUN));
	check(assent_plan_change_details(plan, 1, &d, &err), &err);
	g_assert_cmpint(d.implied, ==, 1);
	g_assert_null(d.version_after);
	check(assent_plan_change_details(plan, 2, &d, &err), &err);
	g_assert_cmpstr(d.user, ==, "app");
	g_assert_cmpstr(d.directory, ==, "/opt/app");
	g_assert_cmpstr(d.creates, ==, "/var/lib/app/migrated");
	g_assert_cmpint(d.timeout, ==, 600);
	g_assert_cmpstr(list_of(plan, 2, ASSENT_LIST_RUN)[1], ==, "--to");
	g_assert_null(list_of(plan, 2, ASSENT_LIST_RUN)[4]);
	g_assert_cmpstr(list_of(plan, 2, ASSENT_LIST_UNLESS)[1], ==, "--check");
	g_assert_cmpstr(list_of(plan, 2, ASSENT_LIST_ENV)[1], ==, "B=c=d");
	check(assent_plan_change_details(plan, 3, &d, &err), &err);
	g_assert_cmpstr(d.manager, ==, "user");
	g_assert_cmpstr(list_of(plan, 3, ASSENT_LIST_NEEDS)[1], ==, "package:app");
	g_assert_cmpstr(list_of(plan, 3, ASSENT_LIST_BECAUSE)[1], ==, "tree:/srv/www");
	check(assent_plan_change_details(plan, 4, &d, &err), &err);
	g_assert_cmpstr(d.outside_commit, ==, PLAN_BASE);
	g_assert_cmpint(d.outside_time, ==, PLAN_TIME - 100);
	g_assert_cmpint(assent_plan_change_details(plan, 5, &d, &err), ==, ASSENT_EFAILED);
	g_assert_cmpint(assent_plan_change_list(plan, 5, ASSENT_LIST_RUN, &texts, &err), ==,
			ASSENT_EFAILED);
	g_assert_cmpint(assent_plan_change_list(plan, 0, (enum assent_change_list)7, &texts, &err),
			==, ASSENT_EFAILED);
	assent_plan_free(plan);
	plan_rig_clear(&rig);
}

/* A witness's add-checkpoint request: "old N", hashes, an empty line, a checkpoint. */
struct request {
	uint64_t old;
	struct assent_digest proof[64];
	size_t count;
	assent_checkpoint *checkpoint; /* NULL when it does not verify, for the reason in rc */
	int rc;
};

static void request_read(struct request *r, const char *text, const assent_log_key *key)
{
	g_auto(GStrv) halves = g_strsplit(text, "\n\n", 2);
	g_auto(GStrv) lines = g_strsplit(halves[0], "\n", -1);
	size_t len;

	*r = (struct request){0};
	g_assert_true(g_str_has_prefix(lines[0], "old "));
	r->old = g_ascii_strtoull(lines[0] + 4, NULL, 10);
	for (unsigned i = 1; lines[i] != NULL; i++) {
		g_autofree guchar *bytes = g_base64_decode(lines[i], &len);

		g_assert_cmpuint(len, ==, 32);
		g_assert_cmpuint(r->count, <, 64);
		memcpy(r->proof[r->count++].bytes, bytes, 32);
	}
	r->rc = assent_checkpoint_verify(&r->checkpoint, halves[1], strlen(halves[1]), key, NULL);
}

static void request_load(struct request *r, const char *path)
{
	size_t len;
	g_autofree char *text = vector_load(path, &len);
	assent_log_key *key = log_key();

	request_read(r, text, key);
	assent_log_key_free(key);
}

static void logs_grow(void)
{
	struct assent_digest root;
	struct assent_error err;
	struct request a, b;

	request_load(&a, "witness/req1-old0-size256.txt");
	request_load(&b, "witness/req2-old256-size300.txt");
	g_assert_cmpstr(assent_checkpoint_origin(a.checkpoint), ==, ORIGIN);
	g_assert_cmpuint(assent_checkpoint_size(a.checkpoint), ==, 256);
	g_assert_cmpuint(assent_checkpoint_size(b.checkpoint), ==, 300);
	assent_checkpoint_root(b.checkpoint, &root);
	check(assent_consistency_verify(a.checkpoint, b.checkpoint, b.proof, b.count, &err), &err);
	g_assert_cmpint(
		assent_consistency_verify(b.checkpoint, a.checkpoint, b.proof, b.count, &err), ==,
		ASSENT_EMISMATCH);
	b.proof[0].bytes[0] ^= 1;
	g_assert_cmpint(
		assent_consistency_verify(a.checkpoint, b.checkpoint, b.proof, b.count, &err), ==,
		ASSENT_EMISMATCH);
	g_assert_cmpint(assent_consistency_verify(a.checkpoint, b.checkpoint, b.proof, 65, &err),
			==, ASSENT_ELIMIT);
	assent_checkpoint_free(a.checkpoint);
	assent_checkpoint_free(b.checkpoint);
}

/* What a witness answers that knows one checkpoint of the log, or none. */
static int witness_status(const struct request *r, const assent_checkpoint *known)
{
	if (r->checkpoint == NULL) {
		return 403;
	}
	if (r->old != (known != NULL ? assent_checkpoint_size(known) : 0)) {
		return 409;
	}
	if (known == NULL) {
		return r->count == 0 ? 200 : 422;
	}
	return assent_consistency_verify(known, r->checkpoint, r->proof, r->count, NULL) == 0 ? 200
											      : 422;
}

static void witness_requests(void)
{
	static const struct {
		const char *path, *known;
		int status;
	} all[] = {
		{"witness/req1-old0-size256.txt", NULL, 200},
		{"witness/req2-old256-size300.txt", "witness/req1-old0-size256.txt", 200},
		{"witness/req3-old0-again-expect409-body-300.txt",
		 "witness/req2-old256-size300.txt", 409},
		{"witness/req3-old0-again-expect409-body-300.txt", NULL, 200},
		{"witness/req4-bad-proof-expect422.txt", "witness/req1-old0-size256.txt", 422},
		{"witness/req5-fork-same-size-expect422.txt", "witness/req2-old256-size300.txt",
		 422},
		{"witness/req6-unsigned-by-log-expect403.txt", "witness/req1-old0-size256.txt",
		 403},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		struct request r, known = {0};

		g_test_message("%s after %s", all[i].path, all[i].known);
		request_load(&r, all[i].path);
		if (all[i].known != NULL) {
			request_load(&known, all[i].known);
			g_assert_nonnull(known.checkpoint);
		}
		g_assert_cmpint(witness_status(&r, known.checkpoint), ==, all[i].status);
		g_assert_cmpint(r.rc, ==, all[i].status == 403 ? ASSENT_EUNTRUSTED : 0);
		assent_checkpoint_free(r.checkpoint);
		assent_checkpoint_free(known.checkpoint);
	}
}

/* Two checkpoints of one size and two roots, both signed: the log has lied to somebody. */
static void forks_are_found(void)
{
	static const char *const paths[] = {"checkpoint/log-only.txt",
					    "checkpoint/equivocation-same-size-other-root.txt"};
	assent_checkpoint *side[2] = {NULL, NULL};
	assent_log_key *key = log_key();
	struct assent_error err;

	for (unsigned i = 0; i < 2; i++) {
		size_t len;
		g_autofree char *note = vector_load(paths[i], &len);

		check(assent_checkpoint_verify(&side[i], note, len, key, &err), &err);
	}
	check(assent_consistency_verify(side[0], side[0], NULL, 0, &err), &err);
	g_assert_cmpint(assent_consistency_verify(side[0], side[1], NULL, 0, &err), ==,
			ASSENT_EMISMATCH);
	assent_checkpoint_free(side[0]);
	assent_checkpoint_free(side[1]);
	assent_log_key_free(key);
}

/* The requests with which torchwood tries its witness, in their order, and the answers it gives. */
static void upstream_requests(void)
{
	static const char vkey[] =
		"sigsum.org/v1/tree/"
		"4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562+5202289b+"
		"Af/cLU2Y5BJNP+r3iMDC+av9eWCD0fBJVDfzAux5zxAP";
	/* The second one's base64 has bits behind its end, which torchwood does not look at. */
	static const int rc[] = {0, ASSENT_EMALFORMED, ASSENT_EUNTRUSTED, 0, 0, 0, 0, 0, 0};
	size_t len;
	g_autofree char *text = upstream_load("upstream-litewitness/add-checkpoint.hurl", &len);
	g_auto(GStrv) parts = NULL;
	assent_checkpoint *known = NULL;
	assent_log_key *key = NULL;
	struct assent_error err;

	if (text == NULL) {
		return;
	}
	check(assent_log_key_parse(&key, vkey, &err), &err);
	parts = g_strsplit(text, "```\n", -1);
	g_assert_cmpuint(g_strv_length(parts), ==, 2 * G_N_ELEMENTS(rc) + 1);
	for (size_t i = 0; i < G_N_ELEMENTS(rc); i++) {
		const char *answer = parts[2 * i + 2];
		struct request r;
		int status;

		g_test_message("request %d: %.8s", (int)i, answer);
		g_assert_true(g_str_has_prefix(answer, "HTTP "));
		request_read(&r, parts[2 * i + 1], key);
		g_assert_cmpint(r.rc, ==, rc[i]);
		status = witness_status(&r, known);
		g_assert_cmpint(status, ==, g_ascii_strtoll(answer + 5, NULL, 10));
		if (status == 200) {
			assent_checkpoint_free(known);
			known = g_steal_pointer(&r.checkpoint);
		}
		assent_checkpoint_free(r.checkpoint);
	}
	g_assert_cmpuint(assent_checkpoint_size(known), ==, 5);
	assent_checkpoint_free(known);
	assent_log_key_free(key);
}

static void entries_are_included(void)
{
	g_autofree char *text = NULL, *leaf = NULL;
	assent_log_key *key = log_key();
	assent_checkpoint *checkpoint = NULL;
	assent_entry *entry = NULL;
	struct tlog_proof proof;
	struct assent_digest path[64];
	struct assent_error err;
	size_t len, leaf_len;

	text = vector_load("tlog-proof/entry273.tlog-proof", &len);
	leaf = vector_load("tlog-proof/entry273.leaf", &leaf_len);
	g_assert_cmpint(tlog_proof_parse(&proof, text, len, NULL), ==, 0);
	memcpy(path, proof.path, sizeof(proof.path));
	check(assent_checkpoint_verify(&checkpoint, proof.note, proof.note_len, key, &err), &err);
	check(assent_inclusion_verify(checkpoint, 273, leaf, leaf_len, path, proof.count, &err),
	      &err);
	g_assert_cmpint(
		assent_inclusion_verify(checkpoint, 272, leaf, leaf_len, path, proof.count, &err),
		==, ASSENT_EMISMATCH);
	/* It is in the log, but no entry of ours. */
	g_assert_cmpint(assent_entry_verify(&entry, leaf, leaf_len, text, len, key, &err), ==,
			ASSENT_EMALFORMED);
	g_assert_null(entry);
	assent_checkpoint_free(checkpoint);
	assent_log_key_free(key);
}

/* A log of one entry, signed here. */
static char *proof_of_one(const char *bytes, size_t *len)
{
	struct checkpoint cp = {.origin = ORIGIN, .size = 1};
	struct secret *secret = vector_secret("log");
	struct tlog_proof proof = {0};
	char *text = NULL, *note = NULL, *out = NULL;

	merkle_leaf(&cp.root, bytes, strlen(bytes));
	g_assert_cmpint(checkpoint_text(&text, &cp, NULL), ==, 0);
	g_assert_cmpint(secret_sign_note(secret, ORIGIN, text, &note, NULL), ==, 0);
	proof.note = note;
	proof.note_len = strlen(note);
	g_assert_cmpint(tlog_proof_write(&out, len, &proof, NULL), ==, 0);
	free(text);
	free(note);
	secret_free(secret);
	return out;
}

static void entries_speak(void)
{
	static const char bytes[] =
		"{\"outcome\":\"expired\",\"plan\":\"sha256:"
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"reason\":"
		"\"\","
		"\"seq\":0,\"stack\":\"web\",\"time\":1767225600,\"type\":\"closed\",\"v\":1}";
	assent_log_key *key = log_key();
	assent_entry *entry = NULL;
	struct assent_digest plan, abc;
	struct assent_error err;
	char *proof, *other;
	size_t len, other_len;

	proof = proof_of_one(bytes, &len);
	check(assent_entry_verify(&entry, bytes, strlen(bytes), proof, len, key, &err), &err);
	g_assert_cmpuint(assent_entry_seq(entry), ==, 0);
	g_assert_cmpint(assent_entry_time(entry), ==, 1767225600);
	g_assert_cmpstr(assent_entry_type(entry), ==, "closed");
	g_assert_cmpstr(assent_entry_stack(entry), ==, "web");
	g_assert_true(assent_entry_plan(entry, &plan));
	assent_digest_of(&abc, "abc", 3);
	g_assert_cmpmem(plan.bytes, 32, abc.bytes, 32);
	assent_entry_free(entry);
	entry = NULL;
	other = proof_of_one("{}", &other_len);
	g_assert_cmpint(
		assent_entry_verify(&entry, bytes, strlen(bytes), other, other_len, key, &err), ==,
		ASSENT_EMISMATCH);
	g_assert_null(entry);
	free(proof);
	free(other);
	assent_log_key_free(key);
}

static void nothing_is_freed_safely(void)
{
	assent_free(NULL);
	assent_key_free(NULL);
	assent_signers_free(NULL);
	assent_log_key_free(NULL);
	assent_plan_free(NULL);
	assent_checkpoint_free(NULL);
	assent_entry_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/libassent/version-is-that-of-the-headers",
			version_is_that_of_the_headers);
	g_test_add_func("/libassent/digests", digests);
	g_test_add_func("/libassent/plans-and-votes", plans_and_votes);
	g_test_add_func("/libassent/packages-services-and-commands",
			packages_services_and_commands);
	g_test_add_func("/libassent/logs-grow", logs_grow);
	g_test_add_func("/libassent/witness-requests", witness_requests);
	g_test_add_func("/libassent/forks-are-found", forks_are_found);
	g_test_add_func("/libassent/upstream-requests", upstream_requests);
	g_test_add_func("/libassent/entries-are-included", entries_are_included);
	g_test_add_func("/libassent/entries-speak", entries_speak);
	g_test_add_func("/libassent/nothing-is-freed-safely", nothing_is_freed_safely);
	return g_test_run();
}
