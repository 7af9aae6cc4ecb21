/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one door: what goes through it, and each way of being refused. */
#include "agent/decide.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "agent/planner.h"
#include "base/autoptr.h"
#include "core/sign.h"
#include "fold-entry.h"
#include "plan-maker.h"

#define NOW INT64_C(1767225700)
enum person { ALICE, BOB, CAROL, DORA, EVE, PEOPLE };
static const char *const names[] = {"alice", "bob", "carol", "dora", "eve"};

struct world {
	struct secret *keys[PEOPLE], *agent;
	struct ssh_key agent_key;
	unsigned kept; /* pieces of evidence */
	char *evidence;
	struct signers *signers;
	struct fold *fold;
	struct decide_world door;
	char *plan_text;
	size_t plan_len;
	char id[HASH_TEXT_SIZE];
	GPtrArray *sigs; /* by index in the log; NULL where an entry has none */
	bool broken;	 /* the log cannot be written */
	unsigned room;	 /* or only so many entries more; 0: no end */
	unsigned writes;
	const char *emails[2];
	struct approval_person people[1];
};

static bool load(void *user, const struct fold_plan *plan, struct plan **out, GError **error)
{
	struct world *w = user;

	return plan_parse(out, w->plan_text, w->plan_len, NULL) == 0;
}

static bool signature(void *user, const struct fold_vote *vote, char **out, GError **error)
{
	struct world *w = user;

	*out = g_strdup(g_ptr_array_index(w->sigs, vote->entry));
	return true;
}

static bool attest(void *user, const char *text, size_t len, char **out, GError **error)
{
	struct world *w = user;
	char *armor = NULL;

	g_assert_cmpint(secret_sshsig(w->agent, SSHSIG_NS_ATTESTATION, text, len, &armor, NULL), ==,
			0);
	*out = g_strdup(armor);
	free(armor);
	return true;
}

static bool keep(void *user, const char *evidence, GError **error)
{
	struct world *w = user;

	w->kept++;
	g_free(w->evidence);
	w->evidence = g_strdup(evidence);
	return true;
}

static char *sig_of(const char *fields)
{
	struct json_doc *doc = NULL;
	struct json_obj o;
	char *sig;

	g_assert_cmpint(json_doc_parse(&doc, fields, strlen(fields), 0, NULL), ==, 0);
	json_doc_root(doc, &o);
	sig = g_strdup(json_str_opt(&o, "sig", SSHSIG_MAX_ARMOR));
	json_doc_free(doc);
	return sig;
}

static void write_entry(struct world *w, const char *type, const char *stack, const char *fields)
{
	g_autofree char *inner = g_strndup(fields + 1, strlen(fields) - 2);

	fold_ok(w->fold, type, stack, NOW, inner);
	g_ptr_array_add(w->sigs, sig_of(fields));
}

static bool append(void *user, enum entry_type type, const char *stack, const char *fields,
		   GError **error)
{
	struct world *w = user;

	if (w->broken || (w->room != 0 && w->writes == w->room)) {
		g_set_error_literal(error, g_quark_from_static_string("disk"), 1, "no space");
		return false;
	}
	w->writes++;
	write_entry(w, entry_type_names[type], stack, fields);
	return true;
}

static void make_people(struct world *w)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (int i = 0; i < PEOPLE; i++) {
		uint8_t seed[32] = {(uint8_t)(i + 1)};
		struct ssh_key key = {.type = SSH_ED25519};
		char *line = NULL;

		g_assert_cmpint(secret_from_seed(&w->keys[i], seed, NULL), ==, 0);
		secret_public(w->keys[i], key.pk);
		g_assert_cmpint(ssh_key_line(&line, &key, NULL), ==, 0);
		if (i != EVE) {
			g_string_append_printf(list, "%s namespaces=\"assent.approval.v1\" %s\n",
					       names[i], line);
		}
		free(line);
	}
	g_assert_cmpint(signers_parse(&w->signers, list->str, list->len, NULL), ==, 0);
}

static void make_plan(struct world *w, int64_t required, unsigned channels)
{
	static char alice[] = "alice", bob[] = "bob", dora[] = "dora";
	static char *from[] = {alice, bob, dora, NULL};
	static char *boss[] = {alice, dora, NULL};
	struct policy policy = {required, 3600, from, false, channels, .break_glass = boss};
	g_autoptr(draft_auto) draft = maker_load(maker_draft);
	g_autofree char *fields = NULL;
	struct planner_input in;
	struct hash digest;
	GError *error = NULL;

	maker_input(&in);
	in.policy = &policy;
	in.approvers = &w->signers->digest;
	in.draft = draft;
	if (!planner_compose(&in, &w->plan_text, &w->plan_len, &error)) {
		g_error("%s", error->message);
	}
	hash_bytes(&digest, w->plan_text, w->plan_len);
	hash_text(w->id, &digest);
	fields = g_strdup_printf("{\"commit\":\"" MAKER_COMMIT "\",\"expires\":%" PRId64
				 ",\"number\":7,\"plan\":\"%s\",\"reason\":\"commit\","
				 "\"required\":%d,\"sig\":\"s\",\"summary\":{\"create\":1}}",
				 in.created + 3600, w->id, (int)required);
	write_entry(w, "plan", "web", fields);
}

static void begin_by(struct world *w, int64_t required, unsigned channels)
{
	const uint8_t seed[32] = {99};

	*w = (struct world){.emails = {"DORA@example.org", NULL}};
	w->people[0] = (struct approval_person){"dora", w->emails};
	w->sigs = g_ptr_array_new_with_free_func(g_free);
	w->fold = fold_new();
	make_people(w);
	make_plan(w, required, channels);
	g_assert_cmpint(secret_from_seed(&w->agent, seed, NULL), ==, 0);
	w->agent_key.type = SSH_ED25519;
	secret_public(w->agent, w->agent_key.pk);
	w->door = (struct decide_world){
		.fold = w->fold,
		.signers = w->signers,
		.people = w->people,
		.people_count = 1,
		.now = NOW,
		.load = load,
		.signature = signature,
		.agent_key = &w->agent_key,
		.attest = attest,
		.keep = keep,
		.append = append,
		.user = w,
	};
}

static void begin_with(struct world *w, int64_t required)
{
	begin_by(w, required, CHANNEL_BIT(CHANNEL_SIGNATURE));
}

static void begin(struct world *w)
{
	begin_with(w, 1);
}

static void finish(struct world *w)
{
	for (int i = 0; i < PEOPLE; i++) {
		secret_free(w->keys[i]);
	}
	secret_free(w->agent);
	g_free(w->evidence);
	signers_free(w->signers);
	fold_free(w->fold);
	g_ptr_array_unref(w->sigs);
	g_free(w->plan_text);
}

/* name's statement, signed by the key of another. */
static char *sign_as(struct world *w, const char *name, enum person key, const char *decision,
		     const char *reason)
{
	g_autoptr(plan_auto) plan = NULL;
	g_autofree char *text = NULL;
	char *armor = NULL, *copy;

	g_assert_cmpint(plan_parse(&plan, w->plan_text, w->plan_len, NULL), ==, 0);
	if (!decide_statement(plan, name, decision, reason, &text, NULL)) {
		return g_strdup("nothing that verifies");
	}
	g_assert_cmpint(
		secret_sshsig(w->keys[key], SSHSIG_NS_APPROVAL, text, strlen(text), &armor, NULL),
		==, 0);
	copy = g_strdup(armor);
	free(armor);
	return copy;
}

/* "ok", or the code of the refusal. */
static const char *say_by(struct world *w, const char *name, enum person key, const char *decision,
			  const char *reason, const char *channel)
{
	g_autofree char *sig = sign_as(w, name, key, decision, reason);
	struct decide_request request = {w->id, name, decision, reason, sig, channel, NULL};
	g_autoptr(GError) error = NULL;
	struct fold_plan *plan = NULL;

	if (decide(&w->door, &request, &plan, &error)) {
		g_assert_cmpstr(plan->id, ==, w->id);
		return "ok";
	}
	g_assert_cmpuint(error->domain, ==, DECIDE_ERROR);
	return decide_error_names[error->code];
}

static const char *say(struct world *w, enum person person, const char *decision,
		       const char *reason)
{
	return say_by(w, names[person], person, decision, reason, "signature");
}

static bool enough(struct world *w)
{
	g_autofree char *why = NULL;
	GError *error = NULL;
	bool yes = false;

	if (!decide_quorum(&w->door, g_ptr_array_index(w->fold->plans, 0), &yes, &why, &error)) {
		g_error("%s", error->message);
	}
	g_assert_true(yes == (why == NULL));
	return yes;
}

static void test_approve(void)
{
	struct world w;

	begin(&w);
	g_assert_false(enough(&w));
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "ok");
	g_assert_true(enough(&w));
	g_assert_cmpuint(w.writes, ==, 1);
	/* said again */
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "ok");
	g_assert_cmpuint(w.writes, ==, 1);
	/* said otherwise */
	g_assert_cmpstr(say(&w, ALICE, "approve", "indeed"), ==, "duplicate");
	g_assert_cmpstr(say(&w, ALICE, "reject", "or not"), ==, "duplicate");
	g_assert_cmpuint(w.writes, ==, 1);
	finish(&w);
}

static void test_quorum(void)
{
	struct world w;

	begin_with(&w, 2);
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "ok");
	g_assert_false(enough(&w));
	g_assert_cmpstr(say(&w, BOB, "approve", "seen"), ==, "ok");
	g_assert_true(enough(&w));
	finish(&w);
}

static void test_nobody_needed(void)
{
	struct world w;

	begin_with(&w, 0);
	g_assert_true(enough(&w));
	w.door.now = NOW + 100000;
	g_assert_false(enough(&w));
	finish(&w);
}

static void test_reject(void)
{
	struct world w;
	const struct fold_plan *plan;

	begin(&w);
	g_assert_cmpstr(say(&w, BOB, "reject", ""), ==, "reason-missing");
	g_assert_cmpstr(say(&w, BOB, "reject", " \n"), ==, "reason-missing");
	g_assert_cmpuint(w.writes, ==, 0);
	g_assert_cmpstr(say(&w, BOB, "reject", "not today"), ==, "ok");
	plan = g_ptr_array_index(w.fold->plans, 0);
	g_assert_cmpint(plan->phase, ==, STACK_PHASE_REJECTED);
	g_assert_cmpstr(plan->end, ==, "bob: not today");
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "closed");
	g_assert_false(enough(&w));
	/* the same rejection again is no news */
	g_assert_cmpstr(say(&w, BOB, "reject", "not today"), ==, "ok");
	g_assert_cmpuint(w.writes, ==, 2);
	finish(&w);
}

/* Nothing may be written by any of these. */
static void test_refusals(void)
{
	struct world w;
	g_autofree char *long_reason = g_strnfill(STATEMENT_REASON_MAX + 1, 'x');

	begin(&w);
	g_assert_cmpstr(say(&w, EVE, "approve", ""), ==, "unknown-person");
	g_assert_cmpstr(say(&w, CAROL, "approve", ""), ==, "not-allowed");
	g_assert_cmpstr(say(&w, CAROL, "reject", "no"), ==, "not-allowed");
	g_assert_cmpstr(say(&w, DORA, "approve", ""), ==, "author");
	g_assert_cmpstr(say_by(&w, "alice", BOB, "approve", "", "signature"), ==, "bad-signature");
	g_assert_cmpstr(say_by(&w, "alice", EVE, "approve", "", "signature"), ==, "bad-signature");
	g_assert_cmpstr(say_by(&w, "alice", ALICE, "approve", "", "slack"), ==,
			"channel-not-allowed");
	g_assert_cmpstr(say(&w, ALICE, "maybe", ""), ==, "malformed");
	g_assert_cmpstr(say(&w, ALICE, "approve", long_reason), ==, "malformed");
	g_assert_cmpuint(w.writes, ==, 0);
	/* an author may well refuse */
	g_assert_cmpstr(say(&w, DORA, "reject", "my mistake"), ==, "ok");
	finish(&w);
}

static void test_signature_of_something_else(void)
{
	struct world w;
	struct decide_request request = {.person = "alice", .channel = "signature", .reason = ""};
	g_autoptr(GError) error = NULL;
	g_autofree char *sig = NULL;
	struct fold_plan *plan;

	begin(&w);
	sig = sign_as(&w, "alice", ALICE, "approve", "for this reason");
	request.plan = w.id;
	request.decision = "approve";
	request.signature = sig;
	g_assert_false(decide(&w.door, &request, &plan, &error));
	g_assert_error(error, DECIDE_ERROR, DECIDE_ERROR_BAD_SIGNATURE);
	g_clear_error(&error);
	request.decision = "reject";
	request.reason = "for this reason";
	g_assert_false(decide(&w.door, &request, &plan, &error));
	g_assert_error(error, DECIDE_ERROR, DECIDE_ERROR_BAD_SIGNATURE);
	g_assert_cmpuint(w.writes, ==, 0);
	finish(&w);
}

static void test_plan_names(void)
{
	static const struct {
		const char *id;
		const char *code;
	} cases[] = {
		{"0000000", "unknown-plan"},
		{"", "unknown-plan"},
		{"sha256:", "unknown-plan"},
		{"zzzzzzzzzz", "unknown-plan"},
	};
	struct world w;

	begin(&w);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct decide_request request = {cases[i].id, "alice",	   "approve", "",
						 "x",	      "signature", NULL};
		g_autoptr(GError) error = NULL;
		struct fold_plan *plan;

		g_assert_false(decide(&w.door, &request, &plan, &error));
		g_assert_cmpstr(decide_error_names[error->code], ==, cases[i].code);
	}
	w.id[7 + 6] = '\0'; // six digits are too few
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "unknown-plan");
	finish(&w);
}

static void test_closed(void)
{
	static const struct {
		const char *outcome, *code;
	} cases[] = {{"superseded", "superseded"}, {"expired", "expired"}, {"void", "closed"}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *fields = NULL;
		struct world w;

		begin(&w);
		fields = g_strdup_printf("{\"outcome\":\"%s\",\"plan\":\"%s\",\"reason\":\"x\"}",
					 cases[i].outcome, w.id);
		write_entry(&w, "closed", "web", fields);
		g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, cases[i].code);
		g_assert_cmpuint(w.writes, ==, 0);
		finish(&w);
	}
}

static void test_expired(void)
{
	struct world w;

	begin(&w);
	w.door.now = 1767225600 + 3600;
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "expired");
	w.door.now--;
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "ok");
	finish(&w);
}

/* What a channel says; sig is what it must not bring. */
static const char *tell(struct world *w, const char *name, const char *channel,
			const char *decision, const char *reason, const char *sig)
{
	struct decide_request request = {w->id, name,	 decision,	    reason,
					 sig,	channel, "{\"ts\":\"1.2\"}"};
	g_autoptr(GError) error = NULL;
	struct fold_plan *plan = NULL;

	if (decide(&w->door, &request, &plan, &error)) {
		return "ok";
	}
	return decide_error_names[error->code];
}

#define DESK                                                                                       \
	(CHANNEL_BIT(CHANNEL_SIGNATURE) | CHANNEL_BIT(CHANNEL_SLACK) | CHANNEL_BIT(CHANNEL_PAGE))

static void test_attested(void)
{
	struct world w;
	const struct fold_plan *plan;
	const struct fold_vote *vote;

	begin_by(&w, 2, DESK);
	plan = g_ptr_array_index(w.fold->plans, 0);
	g_assert_cmpstr(tell(&w, "alice", "slack", "approve", "", NULL), ==, "ok");
	g_assert_cmpuint(w.writes, ==, 1);
	g_assert_cmpstr(w.evidence, ==, "{\"ts\":\"1.2\"}");
	vote = g_ptr_array_index(plan->votes, 0);
	g_assert_cmpint(vote->by.channel, ==, CHANNEL_SLACK);
	g_assert_cmpint(vote->by.time, ==, NOW);
	g_assert_null(vote->fingerprint);
	/* delivered twice */
	g_assert_cmpstr(tell(&w, "alice", "slack", "approve", "", NULL), ==, "ok");
	g_assert_cmpuint(w.writes, ==, 1);
	/* one vote a person, whatever the channel */
	g_assert_cmpstr(tell(&w, "alice", "page", "approve", "", NULL), ==, "duplicate");
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "duplicate");
	g_assert_cmpstr(tell(&w, "alice", "slack", "approve", "why not", NULL), ==, "duplicate");
	g_assert_false(enough(&w));
	g_assert_cmpstr(tell(&w, "bob", "page", "approve", "", NULL), ==, "ok");
	g_assert_true(enough(&w));
	g_assert_cmpuint(w.writes, ==, 2);
	finish(&w);
}

static void test_attested_beside_signed(void)
{
	struct world w;

	begin_by(&w, 2, DESK);
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "ok");
	g_assert_cmpstr(tell(&w, "alice", "slack", "approve", "", NULL), ==, "duplicate");
	g_assert_cmpstr(tell(&w, "bob", "slack", "approve", "", NULL), ==, "ok");
	g_assert_true(enough(&w));
	finish(&w);
}

static void test_attested_refusals(void)
{
	struct world w;

	begin_by(&w, 1, DESK);
	g_assert_cmpstr(tell(&w, "alice", "signature", "approve", "", NULL), ==,
			"channel-not-allowed");
	g_assert_cmpstr(tell(&w, "alice", "slack", "approve", "", "x"), ==, "channel-not-allowed");
	g_assert_cmpstr(tell(&w, "alice", "pigeon", "approve", "", NULL), ==,
			"channel-not-allowed");
	g_assert_cmpstr(tell(&w, "alice", "ntfy", "approve", "", NULL), ==, "channel-not-allowed");
	g_assert_cmpstr(tell(&w, "mallory", "slack", "approve", "", NULL), ==, "unknown-person");
	g_assert_cmpstr(tell(&w, "carol", "slack", "approve", "", NULL), ==, "not-allowed");
	g_assert_cmpstr(tell(&w, "dora", "slack", "approve", "", NULL), ==, "author");
	g_assert_cmpstr(tell(&w, "alice", "slack", "reject", " ", NULL), ==, "reason-missing");
	w.signers->digest.bytes[0] ^= 1;
	g_assert_cmpstr(tell(&w, "alice", "slack", "approve", "", NULL), ==, "closed");
	w.signers->digest.bytes[0] ^= 1;
	g_assert_cmpuint(w.writes, ==, 0);
	g_assert_cmpuint(w.kept, ==, 0); // strangers fill no disk
	/* the desk of a plan that wants signatures is shut */
	finish(&w);
	begin(&w);
	g_assert_cmpstr(tell(&w, "alice", "slack", "approve", "", NULL), ==, "channel-not-allowed");
	g_assert_cmpstr(tell(&w, "alice", "slack", "reject", "no", NULL), ==,
			"channel-not-allowed");
	finish(&w);
}

/* What the door would say: "ok" or the refusal's name. */
static const char *would(struct world *w, const char *name, const char *channel,
			 const char *decision, const char *reason)
{
	struct decide_request request = {w->id, name, decision, reason, NULL, channel, NULL};
	g_autoptr(GError) error = NULL;

	return decide_would(&w->door, &request, NULL, &error) ? "ok"
							      : decide_error_names[error->code];
}

static void test_asked_beforehand(void)
{
	struct world w;

	begin_by(&w, 2, CHANNEL_BIT(CHANNEL_SIGNATURE) | CHANNEL_BIT(CHANNEL_DESKTOP));
	g_assert_cmpstr(would(&w, "alice", "desktop", "approve", ""), ==, "ok");
	g_assert_cmpstr(would(&w, "alice", "desktop", "reject", "-"), ==, "ok");
	g_assert_cmpstr(would(&w, "alice", "slack", "approve", ""), ==, "channel-not-allowed");
	g_assert_cmpstr(would(&w, "alice", "desktop", "break-glass", "-"), ==,
			"channel-not-allowed");
	g_assert_cmpstr(would(&w, "mallory", "desktop", "approve", ""), ==, "unknown-person");
	g_assert_cmpstr(would(&w, "carol", "desktop", "approve", ""), ==, "not-allowed");
	g_assert_cmpstr(would(&w, "dora", "desktop", "approve", ""), ==, "author");
	g_assert_cmpstr(would(&w, "dora", "desktop", "reject", "-"), ==, "ok");
	g_assert_cmpuint(w.writes, ==, 0);
	g_assert_cmpstr(tell(&w, "alice", "desktop", "approve", "", NULL), ==, "ok");
	g_assert_cmpstr(would(&w, "alice", "desktop", "reject", "-"), ==, "duplicate");
	w.door.now = 1767225600 + 3600;
	g_assert_cmpstr(would(&w, "bob", "desktop", "approve", ""), ==, "expired");
	g_assert_cmpuint(w.writes, ==, 1);
	finish(&w);
}

static void test_attested_rejection(void)
{
	struct world w;
	const struct fold_plan *plan;

	begin_by(&w, 1, DESK);
	g_assert_cmpstr(tell(&w, "bob", "slack", "reject", "not today", NULL), ==, "ok");
	plan = g_ptr_array_index(w.fold->plans, 0);
	g_assert_cmpint(plan->phase, ==, STACK_PHASE_REJECTED);
	g_assert_cmpstr(tell(&w, "alice", "slack", "approve", "", NULL), ==, "closed");
	finish(&w);
}

/* A key that is not the agent's attests nothing, not even here. */
static void test_attested_by_another_key(void)
{
	struct world w;

	begin_by(&w, 1, DESK);
	w.agent_key.pk[0] ^= 1;
	g_assert_cmpstr(tell(&w, "alice", "slack", "approve", "", NULL), ==, "bad-signature");
	g_assert_cmpuint(w.writes, ==, 0);
	finish(&w);
}

static void test_break_glass(void)
{
	struct world w;
	const struct fold_plan *plan;

	begin_with(&w, 2);
	plan = g_ptr_array_index(w.fold->plans, 0);
	g_assert_cmpstr(say(&w, ALICE, "break-glass", ""), ==, "reason-missing");
	g_assert_cmpstr(say(&w, BOB, "break-glass", "fire"), ==, "not-allowed");
	g_assert_cmpstr(tell(&w, "alice", "slack", "break-glass", "fire", NULL), ==,
			"channel-not-allowed");
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "ok");
	g_assert_false(enough(&w));
	g_assert_cmpstr(say(&w, ALICE, "break-glass", "fire"), ==, "ok");
	g_assert_cmpint(plan->phase, ==, STACK_PHASE_OPEN); // no rejection
	g_assert_true(enough(&w));
	g_assert_cmpuint(fold_approvals(plan), ==, 1);
	g_assert_cmpstr(fold_stack_get(w.fold, "web")->facts.plan_broken, ==, "alice: fire");
	g_assert_cmpstr(say(&w, ALICE, "break-glass", "again"), ==, "duplicate");
	finish(&w);
	begin_with(&w, 2);
	g_assert_cmpstr(say(&w, DORA, "break-glass", "fire"), ==, "ok"); // the author, in need
	g_assert_true(enough(&w));
	finish(&w);
}

static void test_unwritten(void)
{
	struct world w;

	begin(&w);
	w.broken = true;
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "unwritten");
	g_assert_false(enough(&w));
	finish(&w);
}

/* Killed between the rejection and what follows from it. */
static void test_settle(void)
{
	GError *error = NULL;
	struct fold_plan *plan;
	struct world w;

	begin_with(&w, 2);
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "ok");
	w.room = 2;
	g_assert_cmpstr(say(&w, BOB, "reject", "not today"), ==, "unwritten");
	plan = g_ptr_array_index(w.fold->plans, 0);
	g_assert_cmpint(plan->phase, ==, STACK_PHASE_OPEN);
	g_assert_false(decide_settle(&w.door, plan, &error));
	g_assert_error(error, DECIDE_ERROR, DECIDE_ERROR_UNWRITTEN);
	g_clear_error(&error);
	w.room = 0;
	g_assert_true(decide_settle(&w.door, plan, &error));
	g_assert_cmpint(plan->phase, ==, STACK_PHASE_REJECTED);
	g_assert_cmpstr(plan->end, ==, "bob: not today");
	g_assert_true(decide_settle(&w.door, plan, &error));
	g_assert_cmpuint(w.writes, ==, 3);
	finish(&w);
}

/* Each byte of it takes six in the statement, and more in the entry that holds the statement. */
static void test_longest_reason(void)
{
	g_autofree char *reason = g_strnfill(STATEMENT_REASON_MAX, '\x1b');
	struct world w;

	begin_with(&w, 2);
	g_assert_cmpstr(say(&w, ALICE, "approve", reason), ==, "ok");
	g_assert_cmpuint(fold_approvals(g_ptr_array_index(w.fold->plans, 0)), ==, 1);
	finish(&w);
}

/* The list in force is not the one of the plan: neither an old nor a new key counts. */
static void test_other_list(void)
{
	struct world w;

	begin(&w);
	w.signers->digest.bytes[0] ^= 1;
	g_assert_cmpstr(say(&w, ALICE, "approve", ""), ==, "closed");
	finish(&w);
}

int main(int argc, char **argv)
{
	g_assert_cmpint(sodium_init(), >=, 0);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/decide/approve-once", test_approve);
	g_test_add_func("/decide/a-quorum-of-two", test_quorum);
	g_test_add_func("/decide/nobody-is-needed", test_nobody_needed);
	g_test_add_func("/decide/a-rejection-closes", test_reject);
	g_test_add_func("/decide/refusals", test_refusals);
	g_test_add_func("/decide/a-signature-of-something-else", test_signature_of_something_else);
	g_test_add_func("/decide/names-of-plans", test_plan_names);
	g_test_add_func("/decide/closed-plans", test_closed);
	g_test_add_func("/decide/expired-plans", test_expired);
	g_test_add_func("/decide/written-before-it-counts", test_unwritten);
	g_test_add_func("/decide/a-rejection-cut-short", test_settle);
	g_test_add_func("/decide/the-longest-reason", test_longest_reason);
	g_test_add_func("/decide/another-approver-list", test_other_list);
	g_test_add_func("/decide/attested", test_attested);
	g_test_add_func("/decide/attested-beside-signed", test_attested_beside_signed);
	g_test_add_func("/decide/attested-refusals", test_attested_refusals);
	g_test_add_func("/decide/asked-beforehand", test_asked_beforehand);
	g_test_add_func("/decide/attested-rejection", test_attested_rejection);
	g_test_add_func("/decide/attested-by-another-key", test_attested_by_another_key);
	g_test_add_func("/decide/break-glass", test_break_glass);
	return g_test_run();
}
