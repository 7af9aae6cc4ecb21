/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes a state folder with a signed log for tests: make-log DIR COUNT [FAULT]
 *
 * The log tells of one plan, approved by alice and applied, and has notes up to
 * COUNT entries. With a FAULT the tree and its signature are sound, but the
 * story is not: that is what only a look at the meaning can find. Faults that
 * begin with "attested" are about an approval that the agent attests, with
 * "quiet" about one by the policy after a quiet time, with "glass" about a
 * break-glass, with "rewritten" about a rewritten history, with "restores" about a second plan
 * that puts back what the first had approved; alone they are no faults. Nor is "steered": there
 * people roll back, suspend and try besides.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/file.h"
#include "base/objects.h"
#include "core/merkle.h"
#include "core/record.h"
#include "unit/plans.h"
#include "unit/vectors.h"

#define AGENT "web1.example.org"

struct maker {
	const char *dir, *fault;
	struct plan_rig rig;
	GPtrArray *entries; /* GBytes */
	GArray *leaves;	    /* struct hash */
	int64_t time;
};

static bool fault_is(const struct maker *m, const char *fault)
{
	return strcmp(m->fault, fault) == 0;
}

static void must(bool good, GError *error)
{
	if (!good) {
		(void)fprintf(stderr, "make-log: %s\n", error->message);
		exit(1);
	}
}

static void put(const struct maker *m, const char *name, const void *data, size_t len)
{
	g_autofree char *path = g_build_filename(m->dir, name, NULL);
	g_autofree char *folder = g_path_get_dirname(path);
	GError *error = NULL;

	must(file_mkdirs(folder, 0755, &error) && file_replace(path, data, len, 0644, &error),
	     error);
}

/* The type's members with the head's, canonical. */
static char *entry_text(const struct maker *m, const char *fields, enum entry_type type,
			const char *stack, size_t *len)
{
	struct json_doc *doc = NULL, *whole = NULL;
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	uint64_t seq = m->entries->len + (fault_is(m, "seq-gap") && m->entries->len == 4);
	g_autofree char *text = NULL;
	char *out = NULL;

	text = g_strdup_printf("%.*s%s\"seq\":%d,%s%s%s\"time\":%d,\"type\":\"%s\",\"v\":1}",
			       (int)strlen(fields) - 1, fields, strlen(fields) > 2 ? "," : "",
			       (int)seq, stack != NULL ? "\"stack\":\"" : "",
			       stack != NULL ? stack : "", stack != NULL ? "\"," : "", (int)m->time,
			       entry_type_names[type]);
	g_assert_cmpint(json_doc_parse(&doc, text, strlen(text), 0, NULL), ==, 0);
	json_w_value(w, NULL, json_doc_value(doc));
	g_assert_cmpint(json_writer_finish(w, &out, len, NULL), ==, 0);
	g_assert_cmpint(json_doc_parse(&whole, out, *len, JSON_CANONICAL, NULL), ==, 0);
	json_doc_free(whole);
	json_doc_free(doc);
	return out;
}

static void add(struct maker *m, const struct record *record, const char *stack)
{
	struct assent_error err;
	autocfree char *fields = NULL, *text = NULL;
	struct hash leaf;
	size_t len;

	if (record_write(&fields, record, &err) != 0) {
		g_error("%s", err.text);
	}
	m->time += fault_is(m, "time-back") && m->entries->len == 4 ? -100 : 1;
	text = entry_text(m, fields, record->type, stack, &len);
	merkle_leaf(&leaf, text, len);
	g_array_append_val(m->leaves, leaf);
	g_ptr_array_add(m->entries, g_bytes_new(text, len));
}

static void add_genesis(struct maker *m, const char *vkey)
{
	struct secret *wrong = vector_secret("mallory");
	char *line = plan_rig_key_line(fault_is(m, "wrong-plan-key") ? wrong : m->rig.plan_key);
	struct record r = {.type = ENTRY_GENESIS,
			   .u.genesis = {.agent = AGENT,
					 .log_key = vkey,
					 .plan_key = line,
					 .allowed_signers = m->rig.signers->digest}};

	if (fault_is(m, "wrong-list")) {
		r.u.genesis.allowed_signers.bytes[0] ^= 1;
	}
	add(m, &r, NULL);
	free(line);
	secret_free(wrong);
}

static void add_vote(struct maker *m, const char *person, const struct secret *signer,
		     enum verdict verdict, const char *reason)
{
	const struct plan *plan = m->rig.plan;
	char *armor = plan_rig_vote(&m->rig, person, signer, verdict, reason);
	struct ssh_key key = {.type = SSH_ED25519};
	char fingerprint[SSH_FINGERPRINT_SIZE];
	autocfree char *text = NULL;
	struct statement st = {.agent = plan->agent,
			       .stack = plan->stack,
			       .approver = person,
			       .verdict = verdict,
			       .plan = plan->digest,
			       .seq = plan->seq,
			       .expires = plan->expires + fault_is(m, "other-statement"),
			       .reason = reason};
	struct record r = {.type = ENTRY_APPROVAL};
	size_t len;

	g_assert_cmpint(statement_text(&text, &len, &st, NULL), ==, 0);
	secret_public(signer, key.pk);
	ssh_key_fingerprint(fingerprint, &key);
	r.u.approval = (struct record_approval){.plan = plan->digest,
						.decision = verdict,
						.fingerprint = fingerprint,
						.person = person,
						.reason = reason,
						.sig = armor,
						.statement = text};
	add(m, &r, plan->stack);
	free(armor);
}

#define DETAILS                                                                                    \
	"{\"changes\":[{\"id\":\"file:/srv/x\",\"who\":"                                           \
	"{\"pid\":7,\"process\":\"vi\",\"user\":\"root\"}}],\"count\":1}"
#define EVIDENCE "{\"ts\":\"1767225600.000100\"}"

/* What the agent says of alice's click. */
static void add_attested(struct maker *m)
{
	const struct plan *plan = m->rig.plan;
	const struct secret *key =
		fault_is(m, "attested-by-other") ? m->rig.alice : m->rig.plan_key;
	struct record r = {.type = ENTRY_APPROVAL};
	struct record_approval *a = &r.u.approval;
	struct statement st = {.agent = plan->agent,
			       .stack = plan->stack,
			       .approver = "alice",
			       .plan = plan->digest,
			       .seq = plan->seq,
			       .expires = plan->expires,
			       .reason = ""};
	autocfree char *armor = NULL, *text = NULL;
	size_t len;

	*a = (struct record_approval){.plan = plan->digest,
				      .person = "alice",
				      .reason = "",
				      .by = {CHANNEL_SLACK, {{0}}, m->time}};
	a->by.time += fault_is(m, "attested-later") ? 100 : 0;
	hash_bytes(&a->by.evidence, EVIDENCE, strlen(EVIDENCE));
	g_assert_cmpint(attestation_text(&text, &len, &st, &a->by, NULL), ==, 0);
	armor = plan_rig_attest(&m->rig, "alice", key, &a->by);
	a->sig = armor;
	a->statement = text;
	add(m, &r, plan->stack);
}

static void add_plan(struct maker *m)
{
	const struct plan *plan = m->rig.plan;
	struct record r = {.type = ENTRY_PLAN,
			   .u.plan = {.plan = plan->digest,
				      .commit = plan->target_commit,
				      .reason = plan->reason,
				      .sig = m->rig.armor,
				      .number = plan->seq,
				      .required = fault_is(m, "quorum") ? 0 : plan->policy.required,
				      .expires = plan->expires}};

	if (plan->policy.quiet > 0 && !fault_is(m, "quiet-unsaid")) {
		r.u.plan.quiet = plan->created + plan->policy.quiet;
	}
	r.u.plan.summary[ACTION_CREATE] = 1;
	add(m, &r, plan->stack);
}

/* Somebody accepts the history that the plan is of. */
static void add_accepted(struct maker *m)
{
	const struct plan *plan = m->rig.plan;
	struct record r = {.type = ENTRY_REWRITTEN,
			   .u.rewritten = {.base = PLAN_BASE,
					   .commit = plan->target_commit,
					   .person = "bob",
					   .reason = "why"}};
	const struct record moved = {.type = ENTRY_COMMIT,
				     .u.commit = {.commit = PLAN_BASE,
						  .ref = plan->ref,
						  .repository = plan->repository,
						  .tree = PLAN_BASE}};
	const struct record blocked = {
		.type = ENTRY_BLOCKED,
		.u.blocked = {.kind = BLOCK_REWOUND, .commit = PLAN_BASE, .reason = "why"}};

	if (fault_is(m, "rewritten-other-tip")) {
		r.u.rewritten.commit = PLAN_BASE;
	} else if (fault_is(m, "rewritten-by-other")) {
		r.u.rewritten.person = "alice";
	} else if (fault_is(m, "rewritten-for-other")) {
		r.u.rewritten.reason = "another";
	}
	add(m, &r, fault_is(m, "rewritten-elsewhere") ? "other" : plan->stack);
	if (fault_is(m, "rewritten-moved")) {
		add(m, &moved, plan->stack);
	} else if (fault_is(m, "rewritten-again")) {
		add(m, &blocked, plan->stack);
	}
}

static void add_apply(struct maker *m, uint64_t approval)
{
	const struct plan *plan = m->rig.plan;
	struct record start = {.type = ENTRY_APPLY_START,
			       .u.apply_start = {.plan = plan->digest,
						 .commit = plan->target_commit,
						 .approvals = {approval, approval},
						 .approvals_count = !fault_is(m, "no-approval")}};
	struct record done = {.type = ENTRY_APPLY_DONE,
			      .u.apply_done = {.plan = plan->digest,
					       .result = RESULT_OK,
					       .commit = plan->target_commit,
					       .tree = plan->target_tree,
					       .reason = "",
					       .done = 1}};

	if (fault_is(m, "counted-twice")) {
		start.u.apply_start.approvals_count = 2;
	}
	if (g_str_has_prefix(m->fault, "quiet")) {
		start.u.apply_start.approvals_count = 0;
		m->time = plan->created + (fault_is(m, "quiet-early") ? 58 : 60);
	}
	if (fault_is(m, "expired")) {
		m->time = plan->expires + 10;
	}
	add(m, &start, plan->stack);
	add(m, &done, plan->stack);
	if (fault_is(m, "twice")) {
		add(m, &start, plan->stack);
	}
}

/* What people did besides, and what the host did by itself. */
static void add_steering(struct maker *m)
{
	const struct plan *plan = m->rig.plan;
	struct record r = {.type = ENTRY_DRIFT,
			   .u.drift = {.changes = 1,
				       .resources = {"file:/srv/x"},
				       .resources_count = 1,
				       .since = PLAN_TIME,
				       .has_details = true}};

	hash_bytes(&r.u.drift.details, DETAILS, strlen(DETAILS));
	add(m, &r, plan->stack);
	r = (struct record){
		.type = ENTRY_SUSPEND,
		.u.suspend = {.person = "alice", .reason = "a move", .until = 1800000000}};
	add(m, &r, plan->stack);
	r.type = ENTRY_RESUME;
	r.u.suspend.until = 0;
	add(m, &r, NULL);
	r = (struct record){.type = ENTRY_ROLLBACK,
			    .u.rollback = {.commit = plan->target_commit,
					   .tree = plan->target_tree,
					   .has_plan = true,
					   .plan = plan->digest,
					   .bad = PLAN_BASE,
					   .person = "bob",
					   .reason = "it broke"}};
	add(m, &r, plan->stack);
	r = (struct record){.type = ENTRY_UNPIN,
			    .u.unpin = {.commit = PLAN_BASE, .person = "bob", .reason = "mended"}};
	add(m, &r, plan->stack);
	r = (struct record){.type = ENTRY_TRY,
			    .u.trial = {.ref = "refs/heads/next",
					.person = "bob",
					.reason = "a look",
					.until = 1800000000}};
	add(m, &r, plan->stack);
	r = (struct record){.type = ENTRY_RETURN, .u.end = {.reason = "its time is over"}};
	add(m, &r, plan->stack);
	r = (struct record){.type = ENTRY_CLOSED,
			    .u.closed = {.outcome = OUTCOME_CONVERGED,
					 .commit = plan->target_commit,
					 .tree = plan->target_tree,
					 .reason = ""}};
	add(m, &r, plan->stack);
}

/* A plan without approvals, which puts back what the first one wanted. */
static void add_restore(struct maker *m)
{
	g_autofree char *objects = g_build_filename(m->dir, "objects", NULL);
	struct plan plan = *m->rig.plan;
	struct plan_change change = plan.changes[0];
	struct plan *parsed = NULL;
	struct assent_error err;
	char first[HASH_TEXT_SIZE];
	const char *restores[] = {first};
	autocfree char *text = NULL, *armor = NULL;
	struct hash digest;
	GError *error = NULL;
	size_t len;

	hash_text(first, &m->rig.plan->digest);
	first[10] = fault_is(m, "restores-unknown") ? (char)(first[10] ^ 1) : first[10];
	change.desired.mode ^= fault_is(m, "restores-other-state") ? 1 : 0;
	plan.stack = fault_is(m, "restores-elsewhere") ? "other" : plan.stack;
	plan.seq++;
	plan.reason = "drift";
	plan.base_commit = plan.target_commit;
	plan.base_tree = plan.target_tree;
	plan.changes = &change;
	plan.changes_count = 1;
	plan.restores = restores;
	plan.restores_count = 1;
	plan.policy.required = 0;
	if (plan_write(&text, &len, &plan, &err) != 0 ||
	    secret_sshsig(m->rig.plan_key, SSHSIG_NS_PLAN, text, len, &armor, &err) != 0 ||
	    plan_parse(&parsed, text, len, &err) != 0) {
		g_error("%s", err.text);
	}
	must(objects_store(objects, text, len, &digest, &error), error);
	{
		const struct record planned = {.type = ENTRY_PLAN,
					       .u.plan = {.plan = digest,
							  .commit = plan.target_commit,
							  .reason = plan.reason,
							  .sig = armor,
							  .number = plan.seq,
							  .expires = plan.expires}};
		const struct record start = {
			.type = ENTRY_APPLY_START,
			.u.apply_start = {.plan = digest, .commit = plan.target_commit}};

		add(m, &planned, plan.stack);
		add(m, &start, plan.stack);
	}
	plan_free(parsed);
}

static void add_story(struct maker *m, const char *vkey, unsigned count)
{
	struct record note = {.type = ENTRY_NOTE, .u.note = {.text = "nothing \"special\""}};
	struct record policy = {.type = ENTRY_POLICY};
	unsigned approval;

	add_genesis(m, vkey);
	if (g_str_has_prefix(m->fault, "rewritten") && !fault_is(m, "rewritten-by-nobody")) {
		add_accepted(m);
	}
	add_plan(m);
	approval = m->entries->len;
	if (g_str_has_prefix(m->fault, "attested")) {
		add_attested(m);
	} else if (g_str_has_prefix(m->fault, "glass")) {
		add_vote(m, "alice", m->rig.alice, VERDICT_BREAK_GLASS, "fire");
	} else if (!g_str_has_prefix(m->fault, "quiet")) {
		add_vote(m, "alice", fault_is(m, "forged-approval") ? m->rig.bob : m->rig.alice,
			 VERDICT_APPROVE, "");
	}
	if (fault_is(m, "rejected")) {
		add_vote(m, "bob", m->rig.bob, VERDICT_REJECT, "no");
	}
	if (fault_is(m, "new-list")) {
		add(m, &policy, NULL);
	}
	if (!fault_is(m, "restores-unapplied")) {
		add_apply(m, approval);
	}
	if (fault_is(m, "steered")) {
		add_steering(m);
	}
	if (g_str_has_prefix(m->fault, "restores")) {
		add_restore(m);
	}
	while (m->entries->len < count) {
		add(m, &note, NULL);
	}
}

static void write_bundles(const struct maker *m)
{
	for (unsigned at = 0; at < m->entries->len; at += TILE_WIDTH) {
		unsigned width = MIN(m->entries->len - at, (unsigned)TILE_WIDTH);
		g_autoptr(GByteArray) bundle = g_byte_array_new();
		char path[TILE_PATH_SIZE];
		g_autofree char *name = NULL;

		for (unsigned i = at; i < at + width; i++) {
			gsize len;
			const guint8 *bytes = g_bytes_get_data(m->entries->pdata[i], &len);
			guint8 size[2] = {(guint8)(len >> 8), (guint8)len};

			g_byte_array_append(bundle, size, 2);
			g_byte_array_append(bundle, bytes, (guint)len);
		}
		tile_path(path, -1, at / TILE_WIDTH, width);
		name = g_build_filename("log", path, NULL);
		put(m, name, bundle->data, bundle->len);
	}
}

static void write_tiles(const struct maker *m)
{
	g_autoptr(GArray) level = g_array_ref(m->leaves);

	for (int l = 0; level->len > 0; l++) {
		g_autoptr(GArray) next = g_array_new(FALSE, FALSE, sizeof(struct hash));

		for (unsigned at = 0; at < level->len; at += TILE_WIDTH) {
			unsigned width = MIN(level->len - at, (unsigned)TILE_WIDTH);
			struct merkle_edge edge = {0};
			char path[TILE_PATH_SIZE];
			g_autofree char *name = NULL;
			struct hash root;

			tile_path(path, l, at / TILE_WIDTH, width);
			name = g_build_filename("log", path, NULL);
			put(m, name, &g_array_index(level, struct hash, at),
			    (size_t)width * HASH_SIZE);
			for (unsigned i = 0; i < width; i++) {
				merkle_edge_append(&edge,
						   &g_array_index(level, struct hash, at + i));
			}
			merkle_edge_root(&edge, &root);
			if (width == TILE_WIDTH) {
				g_array_append_val(next, root);
			}
		}
		g_array_unref(level);
		level = g_steal_pointer(&next);
	}
}

static void write_checkpoint(const struct maker *m, const struct secret *key)
{
	struct checkpoint cp = {.origin = AGENT, .size = m->leaves->len};
	struct merkle_edge edge = {0};
	autocfree char *text = NULL, *note = NULL;

	for (unsigned i = 0; i < m->leaves->len; i++) {
		merkle_edge_append(&edge, &g_array_index(m->leaves, struct hash, i));
	}
	merkle_edge_root(&edge, &cp.root);
	g_assert_cmpint(checkpoint_text(&text, &cp, NULL), ==, 0);
	g_assert_cmpint(secret_sign_note(key, AGENT, text, &note, NULL), ==, 0);
	put(m, "log/checkpoint", note, strlen(note));
}

static void write_objects(const struct maker *m)
{
	g_autofree char *objects = g_build_filename(m->dir, "objects", NULL);
	const char *diff = PLAN_DIFF;
	struct hash digest;
	GError *error = NULL;

	must(objects_store(objects, m->rig.text, m->rig.len, &digest, &error) &&
		     objects_store(objects, diff, strlen(diff), &digest, &error) &&
		     (!fault_is(m, "steered") ||
		      objects_store(objects, DETAILS, strlen(DETAILS), &digest, &error)) &&
		     (!g_str_has_prefix(m->fault, "attested") ||
		      objects_store(objects, EVIDENCE, strlen(EVIDENCE), &digest, &error)) &&
		     objects_store(objects, m->rig.signers_text, strlen(m->rig.signers_text),
				   &digest, &error),
	     error);
}

static void init_rig(struct maker *m)
{
	static const char *boss[] = {"alice", NULL}, *others[] = {"bob", NULL};
	struct plan_policy policy = {.required = 1,
				     .author_may_approve = true,
				     .channels = CHANNEL_BIT(CHANNEL_SIGNATURE)};

	if (g_str_has_prefix(m->fault, "attested") && !fault_is(m, "attested-unasked")) {
		policy.channels |= CHANNEL_BIT(CHANNEL_SLACK);
	}
	if (g_str_has_prefix(m->fault, "quiet")) {
		policy.quiet = 60;
	}
	if (g_str_has_prefix(m->fault, "glass")) {
		policy.required = 2;
		policy.break_glass = fault_is(m, "glass-by-other") ? others : boss;
	}
	if (g_str_has_prefix(m->fault, "rewritten")) {
		plan_rig_init_rewritten(&m->rig, &policy);
	} else {
		plan_rig_init_policy(&m->rig, &policy);
	}
}

int main(int argc, char **argv)
{
	struct maker m = {.entries = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
			  .leaves = g_array_new(FALSE, FALSE, sizeof(struct hash)),
			  .time = PLAN_TIME};
	struct secret *key = vector_secret("log");
	autocfree char *vkey = NULL;
	struct note_key public;
	uint8_t pk[32];

	if (argc < 3) {
		(void)fprintf(stderr, "usage: make-log DIR COUNT [FAULT]\n");
		return 2;
	}
	m.dir = argv[1];
	m.fault = argc > 3 ? argv[3] : "";
	init_rig(&m);
	secret_public(key, pk);
	g_assert_cmpint(note_key_init(&public, AGENT, NOTE_ED25519, pk, NULL), ==, 0);
	g_assert_cmpint(note_key_text(&vkey, &public, NULL), ==, 0);
	add_story(&m, vkey, (unsigned)g_ascii_strtoull(argv[2], NULL, 10));
	write_bundles(&m);
	write_tiles(&m);
	write_objects(&m);
	write_checkpoint(&m, key);
	put(&m, "keys/log.vkey", vkey, strlen(vkey));
	plan_rig_clear(&m.rig);
	secret_free(key);
	g_ptr_array_unref(m.entries);
	g_array_unref(m.leaves);
	return 0;
}
