/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Follows a log entry by entry and says where it contradicts itself. */
#include "cli/logfold.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/objects.h"
#include "core/approval.h"
#include "core/record.h"
#include "core/restore.h"

#define STEPS_MAX ((size_t)64 << 20)

struct vote {
	uint64_t entry;
	enum verdict decision;
	char *person, *reason, *sig;
	char *fingerprint; /* NULL where the agent attests */
	struct attestation by;
};

struct planned {
	uint64_t entry;
	char *stack, *commit;
	struct hash digest, approvers;
	int64_t number, expires, required;
	int64_t quiet;	   /* when the policy approves, 0: never */
	struct plan *plan; /* verified; NULL when its bytes are not here */
	GPtrArray *votes;  /* struct vote */
	bool started, done, closed;
	bool halted; /* its apply, so that it can be resumed or undone */
};

struct log_fold {
	char *objects, *origin;
	struct log_report *report;
	int64_t time, number; /* the last seen */
	bool begun;	      /* the genesis entry was read */
	struct ssh_key plan_key;
	struct hash approvers; /* the list in force */
	GHashTable *plans;     /* "sha256:..." to struct planned */
	GHashTable *lists;     /* "sha256:..." to struct signers, NULL where not here */
	GHashTable *accepted;  /* stack to what accepted_of() makes of the one in force */
};

/* One entry on its way through the fold. */
struct step {
	struct log_fold *fold;
	struct entry *entry;
	const struct record *record;
	char place[32];
};

static void vote_free(gpointer data)
{
	struct vote *v = data;

	g_free(v->person);
	g_free(v->fingerprint);
	g_free(v->reason);
	g_free(v->sig);
	g_free(v);
}

static void planned_free(gpointer data)
{
	struct planned *p = data;

	g_free(p->stack);
	g_free(p->commit);
	plan_free(p->plan);
	g_ptr_array_unref(p->votes);
	g_free(p);
}

static void list_free(gpointer data)
{
	signers_free(data);
}

struct log_fold *log_fold_new(const char *objects, const char *origin, struct log_report *report)
{
	struct log_fold *fold = g_new0(struct log_fold, 1);

	fold->objects = g_strdup(objects);
	fold->origin = g_strdup(origin);
	fold->report = report;
	fold->plans = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, planned_free);
	fold->lists = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
	fold->accepted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return fold;
}

void log_fold_free(struct log_fold *fold)
{
	if (fold != NULL) {
		g_hash_table_unref(fold->plans);
		g_hash_table_unref(fold->lists);
		g_hash_table_unref(fold->accepted);
		g_free(fold->objects);
		g_free(fold->origin);
		g_free(fold);
	}
}

const struct plan *log_fold_plan(const struct log_fold *fold, const char *id)
{
	const struct planned *p = g_hash_table_lookup(fold->plans, id);

	return p != NULL ? p->plan : NULL;
}

static void bad(const struct step *s, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void bad(const struct step *s, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	log_problem_add(s->fold->report->problems, s->place, "%s", text);
}

static void unchecked(const struct step *s, const char *what)
{
	log_problem_add(s->fold->report->notes, s->place, "%s", what);
}

/* An object's bytes; NULL with a note when it is not here, with a problem when it is damaged. */
static char *object(const struct step *s, const struct hash *digest, size_t max, size_t *len,
		    const char *what)
{
	g_autoptr(GError) error = NULL;
	char *bytes = NULL;

	if (s->fold->objects == NULL || !objects_has(s->fold->objects, digest)) {
		unchecked(s, what);
		return NULL;
	}
	if (!objects_load(s->fold->objects, digest, max, &bytes, len, &error)) {
		bad(s, "%s", error->message);
		return NULL;
	}
	return bytes;
}

static const struct signers *list_of(const struct step *s, const struct hash *digest)
{
	char text[HASH_TEXT_SIZE];
	g_autofree char *bytes = NULL;
	struct signers *list = NULL;
	struct assent_error core;
	size_t len;

	hash_text(text, digest);
	if (g_hash_table_contains(s->fold->lists, text)) {
		return g_hash_table_lookup(s->fold->lists, text);
	}
	bytes = object(s, digest, SIGNERS_MAX_SIZE, &len,
		       _("the approver list is not here: whose keys these are was not checked"));
	if (bytes != NULL && signers_parse(&list, bytes, len, &core) != 0) {
		bad(s, _("approver list: %s"), core.text);
	}
	g_hash_table_insert(s->fold->lists, g_strdup(text), list);
	return list;
}

static struct planned *plan_of(const struct step *s, const struct hash *digest)
{
	char text[HASH_TEXT_SIZE];
	struct planned *p;

	hash_text(text, digest);
	p = g_hash_table_lookup(s->fold->plans, text);
	if (p == NULL) {
		bad(s, _("speaks of plan %s, which the log has not seen"), text);
	} else if (g_strcmp0(p->stack, s->entry->stack) != 0) {
		bad(s, _("is of another stack than its plan in entry %" PRIu64), p->entry);
	}
	return p;
}

static void on_genesis(const struct step *s)
{
	const struct record_genesis *g = &s->record->u.genesis;
	struct log_fold *fold = s->fold;
	struct assent_error core;
	struct note_key key;

	if (s->entry->seq != 0) {
		bad(s, _("a second genesis"));
		return;
	}
	if (strcmp(g->agent, fold->origin) != 0) {
		bad(s, _("is of agent '%s', but the log's key is of '%s'"), g->agent, fold->origin);
	}
	if (note_key_parse(&key, g->log_key, &core) != 0) {
		bad(s, "log_key: %s", core.text);
	} else if (strcmp(key.name, fold->origin) != 0) {
		bad(s, _("log_key is of '%s'"), key.name);
	}
	if (ssh_key_parse_line(&fold->plan_key, g->plan_key, &core) != 0) {
		bad(s, "plan_key: %s", core.text);
		return;
	}
	fold->approvers = g->allowed_signers;
	fold->begun = true;
	(void)list_of(s, &fold->approvers);
}

static void on_policy(const struct step *s)
{
	s->fold->approvers = s->record->u.policy.allowed_signers;
	(void)list_of(s, &s->fold->approvers);
}

/* The entry and the document must tell the same story. */
static void compare_plan(const struct step *s, const struct plan *plan, const struct planned *p)
{
	if (strcmp(plan->agent, s->fold->origin) != 0 || g_strcmp0(plan->stack, p->stack) != 0) {
		bad(s, _("its plan is of another agent or stack"));
	}
	if (plan->seq != p->number || plan->expires != p->expires ||
	    plan->policy.required != p->required ||
	    (plan->policy.quiet > 0 ? plan->created + plan->policy.quiet : 0) != p->quiet ||
	    strcmp(plan->target_commit, p->commit) != 0) {
		bad(s, _("number, expiry, quorum or commit differ from its plan's"));
	}
	if (!hash_equal(&plan->policy.approvers, &p->approvers)) {
		bad(s, _("its plan names an approver list that was not in force"));
	}
}

/* One line each; it begins with the tip. */
static char *accepted_of(const char *commit, const char *base, const char *person,
			 const char *reason)
{
	return g_strdup_printf("%s\n%s\n%s\n%s", commit, base, person, reason);
}

static void on_rewritten(const struct step *s)
{
	const struct record_rewritten *r = &s->record->u.rewritten;

	g_hash_table_replace(s->fold->accepted, g_strdup(s->entry->stack),
			     accepted_of(r->commit, r->base, r->person, r->reason));
}

/* It was for that tip alone. */
static void on_commit(const struct step *s)
{
	const char *accepted = g_hash_table_lookup(s->fold->accepted, s->entry->stack);
	g_autofree char *tip = g_strdup_printf("%s\n", s->record->u.commit.commit);

	if (accepted != NULL && !g_str_has_prefix(accepted, tip)) {
		g_hash_table_remove(s->fold->accepted, s->entry->stack);
	}
}

static void on_blocked(const struct step *s)
{
	if (s->record->u.blocked.kind != BLOCK_MANIFEST) { // which says nothing of the history
		g_hash_table_remove(s->fold->accepted, s->entry->stack);
	}
}

/* A history that is not followed by itself was accepted by somebody, who is named. */
static void check_rewritten(const struct step *s, const struct plan *plan)
{
	g_autofree char *key = NULL;

	if (!plan->is_rewritten) {
		return;
	}
	key = accepted_of(plan->target_commit, plan->base_commit, plan->rewritten.person,
			  plan->rewritten.reason);
	if (g_strcmp0(g_hash_table_lookup(s->fold->accepted, s->entry->stack), key) != 0) {
		bad(s, _("its plan is of a rewritten history that nobody had accepted"));
	}
}

/* The diff that people saw: only its digest matters here. */
static void check_diff(const struct step *s, const struct plan *plan)
{
	g_autoptr(GError) error = NULL;
	autofd null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (!objects_has(s->fold->objects, &plan->diff)) {
		unchecked(s, _("the plan's diff is not here"));
	} else if (null >= 0 &&
		   !objects_copy(s->fold->objects, &plan->diff, SIZE_MAX, null, &error)) {
		bad(s, "%s", error->message);
	}
}

static void on_plan(const struct step *s)
{
	const struct record_plan *r = &s->record->u.plan;
	struct planned *p = g_new0(struct planned, 1);
	char text[HASH_TEXT_SIZE];
	g_autofree char *bytes = NULL;
	struct assent_error core;
	size_t len;

	p->entry = s->entry->seq;
	p->stack = g_strdup(s->entry->stack);
	p->commit = g_strdup(r->commit);
	p->digest = r->plan;
	p->approvers = s->fold->approvers;
	p->number = r->number;
	p->expires = r->expires;
	p->required = r->required;
	p->quiet = r->quiet;
	p->votes = g_ptr_array_new_with_free_func(vote_free);
	if (r->number <= s->fold->number) {
		bad(s, _("plan number %" PRId64 " after %" PRId64), r->number, s->fold->number);
	}
	s->fold->number = MAX(r->number, s->fold->number);
	bytes = object(s, &r->plan, PLAN_MAX_SIZE, &len,
		       _("the plan is not here: its signature was not checked"));
	if (bytes != NULL && s->fold->begun) {
		if (plan_verify(&p->plan, bytes, len, r->sig, strlen(r->sig), &s->fold->plan_key,
				&core) != 0) {
			bad(s, "%s", core.text);
		} else {
			compare_plan(s, p->plan, p);
			check_rewritten(s, p->plan);
			check_diff(s, p->plan);
		}
	}
	hash_text(text, &r->plan);
	if (g_hash_table_contains(s->fold->plans, text)) {
		bad(s, _("the same plan a second time"));
	}
	g_hash_table_replace(s->fold->plans, g_strdup(text), p);
}

/* The agent's own word: by the key that the log began with, and at a time that fits. */
static void check_attestation(const struct step *s, const struct sshsig *sig)
{
	const struct record_approval *r = &s->record->u.approval;

	if (!s->fold->begun || !ssh_key_equal(&sig->key, &s->fold->plan_key)) {
		bad(s, _("decision of '%s' is attested by another key than the agent's"),
		    r->person);
	}
	if (r->by.time > s->entry->time) {
		bad(s, _("is attested after it was written"));
	}
}

static void check_key(const struct step *s, const struct sshsig *sig)
{
	const struct record_approval *r = &s->record->u.approval;
	const struct signers *list = list_of(s, &s->fold->approvers);
	char fingerprint[SSH_FINGERPRINT_SIZE];
	const struct signer *signer;
	struct assent_error core;

	ssh_key_fingerprint(fingerprint, &sig->key);
	if (strcmp(fingerprint, r->fingerprint) != 0) {
		bad(s, _("is signed by %s, not by %s"), fingerprint, r->fingerprint);
	}
	if (list != NULL && signers_find(&signer, list, r->person, &sig->key, SSHSIG_NS_APPROVAL,
					 s->entry->time, &core) != 0) {
		bad(s, "%s", core.text);
	}
}

/* The statement again from the log's own facts: what stands in the entry must be these bytes. */
static void check_signature(const struct step *s, const struct planned *p)
{
	const struct record_approval *r = &s->record->u.approval;
	bool attested = r->by.channel != CHANNEL_SIGNATURE;
	struct statement st = {.agent = s->fold->origin,
			       .stack = p->stack,
			       .approver = r->person,
			       .verdict = r->decision,
			       .plan = p->digest,
			       .seq = p->number,
			       .expires = p->expires,
			       .reason = r->reason};
	struct assent_error core;
	autocfree char *text = NULL;
	struct sshsig sig;
	size_t len;

	if ((attested ? attestation_text(&text, &len, &st, &r->by, &core)
		      : statement_text(&text, &len, &st, &core)) != 0) {
		bad(s, "%s", core.text);
		return;
	}
	if (strcmp(text, r->statement) != 0) {
		bad(s, _("its statement is not the one for this plan, person and decision"));
	}
	if (sshsig_parse(&sig, r->sig, strlen(r->sig), &core) != 0 ||
	    sshsig_verify(&sig, attested ? SSHSIG_NS_ATTESTATION : SSHSIG_NS_APPROVAL, text, len,
			  &core) != 0) {
		bad(s, _("signature of '%s': %s"), r->person, core.text);
		return;
	}
	if (attested) {
		check_attestation(s, &sig);
	} else {
		check_key(s, &sig);
	}
}

/* What the channel delivered: only its digest matters here. */
static void check_evidence(const struct step *s)
{
	g_autofree char *bytes = NULL;
	size_t len;

	if (s->record->u.approval.by.channel != CHANNEL_SIGNATURE) {
		bytes = object(s, &s->record->u.approval.by.evidence, OBJECTS_EVIDENCE_MAX, &len,
			       _("the evidence of a decision is not here"));
	}
}

static void on_approval(const struct step *s)
{
	const struct record_approval *r = &s->record->u.approval;
	struct planned *p = plan_of(s, &r->plan);
	struct vote *v;

	if (p == NULL) {
		return;
	}
	if (p->closed || p->started) {
		bad(s, _("a decision about a plan that was closed or applied before"));
	}
	if (s->entry->time > p->expires) {
		bad(s, _("a decision after the plan expired"));
	}
	check_signature(s, p);
	check_evidence(s);
	v = g_new0(struct vote, 1);
	v->entry = s->entry->seq;
	v->decision = r->decision;
	v->person = g_strdup(r->person);
	v->by = r->by;
	v->fingerprint = g_strdup(r->fingerprint);
	v->reason = g_strdup(r->reason);
	v->sig = g_strdup(r->sig);
	g_ptr_array_add(p->votes, v);
}

static void on_closed(const struct step *s)
{
	const struct record_closed *r = &s->record->u.closed;
	struct planned *p;

	if (r->outcome == OUTCOME_CONVERGED) { // of a commit that needed no plan
		g_hash_table_remove(s->fold->accepted, s->entry->stack);
		return;
	}
	p = plan_of(s, &r->plan);
	if (p != NULL) {
		p->closed = true;
	}
}

static const struct vote *find_vote(const struct planned *p, uint64_t entry)
{
	for (unsigned i = 0; i < p->votes->len; i++) {
		const struct vote *v = p->votes->pdata[i];

		if (v->entry == entry) {
			return v;
		}
	}
	return NULL;
}

/* The votes that an apply-start names: approvals of this plan, by distinct people and keys. */
static size_t count_votes(const struct step *s, const struct planned *p, struct approval *votes,
			  bool *broken)
{
	const struct record_apply_start *r = &s->record->u.apply_start;
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	size_t count = 0;

	for (size_t i = 0; i < r->approvals_count; i++) {
		const struct vote *v = find_vote(p, r->approvals[i]);

		if (v == NULL || v->decision == VERDICT_REJECT) {
			bad(s, _("entry %" PRIu64 " is no approval of its plan"), r->approvals[i]);
			continue;
		}
		if (v->decision == VERDICT_BREAK_GLASS) {
			*broken = true; // whether it may be is the quorum's question
		} else if (!g_hash_table_add(seen, v->person) ||
			   (v->fingerprint != NULL && !g_hash_table_add(seen, v->fingerprint))) {
			bad(s, _("counts '%s' or that key twice"), v->person);
			continue;
		}
		votes[count++] = (struct approval){.person = v->person,
						   .verdict = v->decision,
						   .reason = v->reason,
						   .armor = v->sig,
						   .by = v->by};
	}
	return count;
}

/* What a person goes back to has halted, and has not been ended since. */
static void check_halted(const struct step *s, struct planned *p)
{
	if (!p->halted || !(p->done || p->closed)) { // closed: the resume of it was void
		bad(s, _("resumes or undoes an apply that has not halted"));
	}
	p->done = false;
}

/* The votes count, and so does the time. */
static void check_quorum(const struct step *s, const struct planned *p)
{
	g_autofree struct approval *votes = g_new0(struct approval, RECORD_MAX_VOTES);
	struct approval_trust trust = {.agent_key = s->fold->begun ? &s->fold->plan_key : NULL,
				       .attested = CHANNELS_ATTESTED,
				       .break_glass = true,
				       .now = s->entry->time};
	struct assent_error core;
	bool broken = false;
	size_t count;

	if (s->entry->time > p->expires) {
		bad(s, _("applies a plan that had expired"));
	}
	if (!hash_equal(&p->approvers, &s->fold->approvers)) {
		bad(s, _("applies a plan under another approver list than it was made under"));
	}
	for (unsigned i = 0; i < p->votes->len; i++) {
		const struct vote *v = p->votes->pdata[i];

		if (v->decision == VERDICT_REJECT) {
			bad(s, _("applies a plan that '%s' had rejected"), v->person);
		}
	}
	count = count_votes(s, p, votes, &broken);
	if (!broken && p->required > 0 && count < (uint64_t)p->required &&
	    (p->quiet == 0 || s->entry->time < p->quiet)) {
		bad(s,
		    ngettext("applies with %zu of %" PRId64 " approvals",
			     "applies with %zu of %" PRId64 " approvals", (gulong)p->required),
		    count, p->required);
	}
	trust.signers = list_of(s, &p->approvers);
	if (p->plan != NULL && trust.signers != NULL &&
	    approval_quorum(p->plan, votes, count, &trust, &core) != 0) {
		bad(s, "%s", core.text);
	}
}

/* One of the plans whose state is put back: applied in this log, with the same stack. */
static const struct planned *restored_plan(const struct step *s, const struct planned *by,
					   const char *digest)
{
	const struct planned *p = g_hash_table_lookup(s->fold->plans, digest);

	if (p == NULL) {
		bad(s, _("restores what plan %s had approved, which the log has not seen"), digest);
		return NULL;
	}
	if (g_strcmp0(p->stack, by->stack) != 0) {
		bad(s, _("restores what plan %s had approved, which is of another stack"), digest);
	}
	if (p->entry >= by->entry || !p->started) {
		bad(s, _("restores what plan %s had approved, which was not applied before"),
		    digest);
	}
	return p;
}

/* What such a plan puts back must stand in those that it names, which people have approved. */
static void check_restores(const struct step *s, const struct planned *p)
{
	g_autoptr(GPtrArray) named = g_ptr_array_new();
	struct assent_error core;
	bool all = true;

	if (p->plan == NULL || p->plan->restores_count == 0) {
		return;
	}
	for (size_t i = 0; i < p->plan->restores_count; i++) {
		const struct planned *other = restored_plan(s, p, p->plan->restores[i]);

		if (other != NULL && other->plan != NULL) {
			g_ptr_array_add(named, other->plan);
		} else {
			all = false;
		}
	}
	if (!all) {
		unchecked(s, _("a plan is not here: what is restored was not compared with it"));
	} else if (restore_check(p->plan, (const struct plan *const *)named->pdata, named->len,
				 &core) != 0) {
		bad(s, "%s", core.text);
	}
}

static void on_apply_start(const struct step *s)
{
	const struct record_apply_start *r = &s->record->u.apply_start;
	struct planned *p = plan_of(s, &r->plan);

	if (p == NULL) {
		return;
	}
	if (strcmp(r->commit, p->commit) != 0) {
		bad(s, _("applies commit %s, its plan is for %s"), r->commit, p->commit);
	}
	if (r->mode != MODE_APPLY) {
		check_halted(s, p);
	} else if (p->started) {
		bad(s, _("applies a plan that was applied or closed before"));
	}
	if (p->closed && r->mode != MODE_UNDO) {
		bad(s, _("applies a plan that was applied or closed before"));
	}
	p->started = true;
	if (r->mode != MODE_UNDO) { // which needs nobody's approval
		check_quorum(s, p);
		check_restores(s, p);
	}
}

/* What became of each change: only its digest matters here. */
static void check_steps(const struct step *s)
{
	const struct record_apply_done *r = &s->record->u.apply_done;
	g_autofree char *bytes = NULL;
	size_t len;

	if (r->has_steps) {
		bytes = object(s, &r->steps, STEPS_MAX, &len,
			       _("what became of the changes is not here"));
	}
}

static void on_apply_done(const struct step *s)
{
	struct planned *p = plan_of(s, &s->record->u.apply_done.plan);

	if (s->record->u.apply_done.result == RESULT_OK) {
		g_hash_table_remove(s->fold->accepted, s->entry->stack);
	}
	if (p == NULL) {
		return;
	}
	if (!p->started) {
		bad(s, _("ends an apply that never started"));
	}
	if (p->done) {
		bad(s, _("ends an apply a second time"));
	}
	p->done = true;
	p->halted = s->record->u.apply_done.halted;
	check_steps(s);
}

typedef void (*step_fn)(const struct step *s);
/* Types that need no look at the rest of the log have none. */
static const step_fn steps[] = {
	[ENTRY_GENESIS] = on_genesis,
	[ENTRY_POLICY] = on_policy,
	[ENTRY_PLAN] = on_plan,
	[ENTRY_APPROVAL] = on_approval,
	[ENTRY_CLOSED] = on_closed,
	[ENTRY_APPLY_START] = on_apply_start,
	[ENTRY_APPLY_DONE] = on_apply_done,
	[ENTRY_COMMIT] = on_commit,
	[ENTRY_BLOCKED] = on_blocked,
	[ENTRY_REWRITTEN] = on_rewritten,
};

void log_fold_entry(uint64_t index, const char *bytes, size_t len, void *user)
{
	struct log_fold *fold = user;
	struct entry entry = {0};
	struct record record;
	struct step s = {.fold = fold, .entry = &entry, .record = &record};
	struct assent_error core;

	g_snprintf(s.place, sizeof(s.place), "entry %" PRIu64, index);
	if (entry_parse(&entry, bytes, len, &core) != 0 ||
	    record_read(&record, &entry, &core) != 0) {
		bad(&s, "%s", core.text);
		entry_clear(&entry);
		return;
	}
	if (entry.seq != index) {
		bad(&s, _("calls itself entry %" PRIu64), entry.seq);
	}
	if (entry.time < fold->time) {
		bad(&s, _("is older than the entry before it"));
	}
	fold->time = MAX(entry.time, fold->time);
	if (index == 0 && entry.type != ENTRY_GENESIS) {
		bad(&s, _("the log does not begin with a genesis entry"));
	}
	if ((size_t)entry.type < G_N_ELEMENTS(steps) && steps[entry.type] != NULL) {
		steps[entry.type](&s);
	}
	entry_clear(&entry);
}
