/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folds log entries into stacks, plans and votes. */
#include "agent/fold.h"

#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"

#define TEXT_MAX ENTRY_MAX_SIZE

/* One entry under way: its fields are read by getters whose first error sticks to the document. */
struct reading {
	struct fold *fold;
	const struct entry *entry;
	struct json_obj fields;
	struct fold_stack *stack; /* NULL for entries of the agent */
};

static void vote_free(void *data)
{
	struct fold_vote *vote = data;

	g_free(vote->person);
	g_free(vote->reason);
	g_free(vote->channel);
	g_free(vote->fingerprint);
	g_free(vote);
}

static void plan_done(void *data)
{
	struct fold_plan *plan = data;

	g_free(plan->stack);
	g_free(plan->commit);
	g_free(plan->reason);
	g_free(plan->summary);
	g_free(plan->end);
	g_ptr_array_unref(plan->votes);
	g_free(plan);
}

static void stack_done(void *data)
{
	struct fold_stack *stack = data;

	g_free(stack->name);
	g_free(stack->repository);
	g_free(stack->ref);
	g_free(stack->commits);
	g_free(stack);
}

struct fold *fold_new(void)
{
	struct fold *fold = g_new0(struct fold, 1);

	fold->stacks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, stack_done);
	fold->plans = g_ptr_array_new_with_free_func(plan_done);
	fold->by_id = g_hash_table_new(g_str_hash, g_str_equal);
	fold->next_number = 1;
	return fold;
}

void fold_free(struct fold *fold)
{
	if (fold == NULL) {
		return;
	}
	g_hash_table_unref(fold->by_id);
	g_hash_table_unref(fold->stacks);
	g_ptr_array_unref(fold->plans);
	g_free(fold);
}

struct fold_stack *fold_stack_get(struct fold *fold, const char *name)
{
	struct fold_stack *stack = g_hash_table_lookup(fold->stacks, name);

	if (stack == NULL) {
		stack = g_new0(struct fold_stack, 1);
		stack->name = g_strdup(name);
		g_hash_table_insert(fold->stacks, stack->name, stack);
	}
	return stack;
}

size_t fold_approvals(const struct fold_plan *plan)
{
	size_t count = 0;
	unsigned i;

	for (i = 0; i < plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(plan->votes, i);

		count += vote->verdict == VERDICT_APPROVE;
	}
	return count;
}

static void keep_id(char out[STACK_ID_SIZE], const char *id)
{
	g_strlcpy(out, id != NULL ? id : "", STACK_ID_SIZE);
}

/* The plan an entry is about; an error of the entry when it is not the newest of its stack. */
static struct fold_plan *read_plan(struct reading *r)
{
	const char *id = json_str(&r->fields, "plan", HASH_TEXT_SIZE);
	struct fold_plan *plan = id != NULL ? g_hash_table_lookup(r->fold->by_id, id) : NULL;

	if (id == NULL) {
		return NULL;
	}
	if (plan == NULL || plan != r->stack->plan) {
		json_obj_fail(&r->fields, "plan", "is not the newest plan of its stack");
		return NULL;
	}
	return plan;
}

static bool plan_must_be(struct reading *r, const struct fold_plan *plan, enum stack_phase phase)
{
	if (plan == NULL || plan->phase == phase) {
		return plan != NULL;
	}
	json_obj_fail(&r->fields, "plan", "has ended or was not begun");
	return false;
}

static void set_phase(struct reading *r, struct fold_plan *plan, enum stack_phase phase)
{
	plan->phase = phase;
	r->stack->facts.phase = phase;
}

static void end_plan(struct reading *r, struct fold_plan *plan, enum stack_phase phase,
		     const char *reason)
{
	struct stack_facts *facts = &r->stack->facts;

	set_phase(r, plan, phase);
	plan->end = g_strdup(reason != NULL ? reason : "");
	plan->ended = r->entry->time;
	stack_keep(facts->plan_reason, reason);
	if (phase == STACK_PHASE_REJECTED || phase == STACK_PHASE_EXPIRED ||
	    phase == STACK_PHASE_FAILED || phase == STACK_PHASE_ROLLED_BACK) {
		keep_id(facts->settled, plan->commit);
	}
}

/* The host is as commit wants it. */
static void set_base(struct reading *r, const char *commit, const char *tree)
{
	struct stack_facts *facts = &r->stack->facts;

	keep_id(facts->base, commit);
	keep_id(facts->base_tree, tree);
	facts->settled[0] = '\0';
	facts->drift[0] = '\0';
	facts->drift_count = 0;
}

static void fold_signers(struct reading *r)
{
	const char *digest = json_str(&r->fields, "allowed_signers", HASH_TEXT_SIZE);

	g_strlcpy(r->fold->signers, digest != NULL ? digest : "", sizeof(r->fold->signers));
	json_obj_ignore_rest(&r->fields); // genesis has the keys besides
}

static void fold_commit(struct reading *r)
{
	keep_id(r->stack->facts.commit, json_str(&r->fields, "commit", STACK_ID_SIZE - 1));
	keep_id(r->stack->facts.tree, json_str(&r->fields, "tree", STACK_ID_SIZE - 1));
	g_free(r->stack->repository);
	r->stack->repository = g_strdup(json_str(&r->fields, "repository", TEXT_MAX));
	g_free(r->stack->ref);
	r->stack->ref = g_strdup(json_str(&r->fields, "ref", TEXT_MAX));
	g_free(r->stack->commits);
	r->stack->commits = g_strdup(json_str_opt(&r->fields, "commits", HASH_TEXT_SIZE));
}

static char *read_summary(struct reading *r)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	autocfree char *text = NULL;
	size_t len = 0;

	json_w_value(w, NULL, json_any(&r->fields, "summary"));
	if (json_writer_finish(w, &text, &len, NULL) != 0) {
		json_obj_fail(&r->fields, "summary", "is missing");
		return NULL;
	}
	return g_strdup(text);
}

static void fold_plan_entry(struct reading *r)
{
	struct stack_facts *facts = &r->stack->facts;
	struct fold_plan *plan = g_new0(struct fold_plan, 1);
	const char *id = json_str(&r->fields, "plan", HASH_TEXT_SIZE);

	plan->votes = g_ptr_array_new_with_free_func(vote_free);
	g_ptr_array_add(r->fold->plans, plan);
	plan->stack = g_strdup(r->stack->name);
	plan->commit = g_strdup(json_str(&r->fields, "commit", STACK_ID_SIZE - 1));
	plan->reason = g_strdup(json_str(&r->fields, "reason", 64));
	plan->number = json_int(&r->fields, "number", 1, JSON_MAX_INT);
	plan->expires = json_int(&r->fields, "expires", 0, JSON_MAX_INT);
	plan->required = json_int(&r->fields, "required", 0, 1000);
	plan->created = r->entry->time;
	plan->entry = r->entry->seq;
	plan->summary = read_summary(r);
	json_str(&r->fields, "sig", TEXT_MAX); // stays in the log
	if (facts->phase == STACK_PHASE_OPEN || facts->phase == STACK_PHASE_APPLYING) {
		json_obj_fail(&r->fields, "plan", "comes while another one is open");
	}
	if (id == NULL || g_hash_table_contains(r->fold->by_id, id)) {
		json_obj_fail(&r->fields, "plan", "stands twice in the log");
		return;
	}
	g_strlcpy(plan->id, id, sizeof(plan->id));
	g_hash_table_insert(r->fold->by_id, plan->id, plan);
	r->fold->next_number = MAX(r->fold->next_number, plan->number + 1);
	r->stack->plan = plan;
	set_phase(r, plan, STACK_PHASE_OPEN);
	g_strlcpy(facts->plan, id, sizeof(facts->plan));
	keep_id(facts->plan_commit, plan->commit);
	facts->plan_number = plan->number;
	facts->plan_expires = plan->expires;
	facts->plan_required = plan->required;
	facts->plan_reason[0] = '\0';
}

static void fold_approval(struct reading *r)
{
	struct fold_plan *plan = read_plan(r);
	struct fold_vote *vote = g_new0(struct fold_vote, 1);
	int verdict = json_enum(&r->fields, "decision", verdict_names);

	vote->person = g_strdup(json_str(&r->fields, "person", TEXT_MAX));
	vote->reason = g_strdup(json_str(&r->fields, "reason", STATEMENT_REASON_MAX));
	vote->channel = g_strdup(json_str(&r->fields, "channel", 64));
	vote->fingerprint = g_strdup(json_str(&r->fields, "fingerprint", 128));
	vote->verdict = verdict < 0 ? VERDICT_REJECT : (enum verdict)verdict;
	vote->time = r->entry->time;
	vote->entry = r->entry->seq;
	json_str(&r->fields, "sig", TEXT_MAX);
	json_str(&r->fields, "statement", TEXT_MAX);
	if (plan_must_be(r, plan, STACK_PHASE_OPEN)) {
		g_ptr_array_add(plan->votes, vote);
	} else {
		vote_free(vote);
	}
}

static const char *const outcome_names[] = {"superseded", "expired",   "rejected",
					    "void",	  "converged", NULL};
static const enum stack_phase outcome_phases[] = {STACK_PHASE_SUPERSEDED, STACK_PHASE_EXPIRED,
						  STACK_PHASE_REJECTED, STACK_PHASE_VOID};

static void fold_closed(struct reading *r)
{
	int outcome = json_enum(&r->fields, "outcome", outcome_names);
	const char *reason = json_str(&r->fields, "reason", TEXT_MAX);
	struct fold_plan *plan;

	if (outcome == G_N_ELEMENTS(outcome_phases)) {
		const char *commit = json_str(&r->fields, "commit", STACK_ID_SIZE - 1);

		set_base(r, commit, json_str(&r->fields, "tree", STACK_ID_SIZE - 1));
		return;
	}
	plan = read_plan(r);
	if (outcome < 0 || plan == NULL) {
		return;
	}
	if (outcome_phases[outcome] != STACK_PHASE_VOID || plan->phase != STACK_PHASE_APPLYING) {
		if (!plan_must_be(r, plan, STACK_PHASE_OPEN)) {
			return;
		}
	}
	end_plan(r, plan, outcome_phases[outcome], reason);
}

static void fold_apply_start(struct reading *r)
{
	struct fold_plan *plan = read_plan(r);

	json_str(&r->fields, "commit", STACK_ID_SIZE - 1);
	json_any(&r->fields, "approvals");
	if (plan_must_be(r, plan, STACK_PHASE_OPEN)) {
		set_phase(r, plan, STACK_PHASE_APPLYING);
		r->stack->applied = plan;
	}
}

static const char *const result_names[] = {"ok", "failed", "rolled-back", "interrupted", NULL};
static const enum stack_phase result_phases[] = {STACK_PHASE_APPLIED, STACK_PHASE_FAILED,
						 STACK_PHASE_ROLLED_BACK, STACK_PHASE_INTERRUPTED};

static void fold_apply_done(struct reading *r)
{
	int result = json_enum(&r->fields, "result", result_names);
	const char *commit = json_str(&r->fields, "commit", STACK_ID_SIZE - 1);
	const char *tree = json_str(&r->fields, "tree", STACK_ID_SIZE - 1);
	const char *reason = json_str(&r->fields, "reason", TEXT_MAX);
	struct fold_plan *plan = read_plan(r);
	int64_t done = json_int(&r->fields, "done", 0, JSON_MAX_INT);
	int64_t undone = json_int(&r->fields, "undone", 0, JSON_MAX_INT);
	int64_t left = json_int(&r->fields, "left", 0, JSON_MAX_INT);

	if (result < 0 || !plan_must_be(r, plan, STACK_PHASE_APPLYING)) {
		return;
	}
	plan->done = done;
	plan->undone = undone;
	plan->left = left;
	end_plan(r, plan, result_phases[result], reason);
	if (result_phases[result] == STACK_PHASE_APPLIED) {
		set_base(r, commit, tree);
	}
}

static void fold_blocked(struct reading *r)
{
	int kind = json_enum(&r->fields, "kind", stack_block_names);

	r->stack->facts.block = kind < 0 ? STACK_BLOCK_FETCH : (enum stack_block)kind;
	keep_id(r->stack->facts.block_commit,
		json_str_opt(&r->fields, "commit", STACK_ID_SIZE - 1));
	stack_keep(r->stack->facts.block_reason, json_str(&r->fields, "reason", TEXT_MAX));
}

static void fold_unblocked(struct reading *r)
{
	r->stack->facts.block = STACK_BLOCK_NONE;
	r->stack->facts.block_commit[0] = '\0';
	r->stack->facts.block_reason[0] = '\0';
}

static void fold_drift(struct reading *r)
{
	struct stack_facts *facts = &r->stack->facts;
	struct json_arr arr;
	size_t n = json_arr_get(&r->fields, "resources", 50, &arr);
	const char *ids[50];
	size_t i;

	facts->drift_count = json_int(&r->fields, "changes", 1, JSON_MAX_INT);
	for (i = 0; i < n; i++) {
		const char *id = json_arr_str(&arr, i, TEXT_MAX);

		ids[i] = id != NULL ? id : "";
	}
	json_str_opt(&r->fields, "plan", HASH_TEXT_SIZE);
	stack_drift_key(facts->drift, facts->drift_count, ids, n);
}

static void fold_suspend(struct reading *r)
{
	const char *person = json_str(&r->fields, "person", TEXT_MAX);
	const char *reason = json_str(&r->fields, "reason", TEXT_MAX);
	g_autofree char *text = g_strdup_printf("suspended by %s: %s", person != NULL ? person : "",
						reason != NULL ? reason : "");

	json_int_opt(&r->fields, "until", 0, JSON_MAX_INT, 0);
	stack_keep(r->stack->facts.suspended, text);
}

static void fold_resume(struct reading *r)
{
	r->stack->facts.suspended[0] = '\0';
	json_obj_ignore_rest(&r->fields);
}

static void fold_note(struct reading *r)
{
	json_str(&r->fields, "text", TEXT_MAX);
}

static const struct {
	void (*fold)(struct reading *reading);
	bool of_stack;
} kinds[] = {
	[ENTRY_GENESIS] = {fold_signers, false},
	[ENTRY_POLICY] = {fold_signers, false},
	[ENTRY_COMMIT] = {fold_commit, true},
	[ENTRY_PLAN] = {fold_plan_entry, true},
	[ENTRY_APPROVAL] = {fold_approval, true},
	[ENTRY_CLOSED] = {fold_closed, true},
	[ENTRY_APPLY_START] = {fold_apply_start, true},
	[ENTRY_APPLY_DONE] = {fold_apply_done, true},
	[ENTRY_BLOCKED] = {fold_blocked, true},
	[ENTRY_UNBLOCKED] = {fold_unblocked, true},
	[ENTRY_DRIFT] = {fold_drift, true},
	[ENTRY_SUSPEND] = {fold_suspend, true},
	[ENTRY_RESUME] = {fold_resume, true},
	[ENTRY_NOTE] = {fold_note, false},
};

bool fold_entry(struct fold *fold, const struct entry *entry, GError **error)
{
	struct reading r = {fold, entry, entry->fields, NULL};
	struct assent_error err;

	if (kinds[entry->type].of_stack) {
		if (entry->stack == NULL) {
			return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
				    "log entry %" G_GUINT64_FORMAT ": names no stack", entry->seq);
		}
		r.stack = fold_stack_get(fold, entry->stack);
		r.stack->facts.changed = entry->time;
	}
	kinds[entry->type].fold(&r);
	json_obj_end(&r.fields);
	if (json_doc_status(entry->doc, &err) != 0) {
		return fail_core(error, &err, "log entry %" G_GUINT64_FORMAT, entry->seq);
	}
	fold->size = entry->seq + 1;
	return true;
}

static bool is_prefix(const char *text)
{
	size_t len = strlen(text);

	return len >= 7 && len <= 64 && strspn(text, "0123456789abcdef") == len;
}

struct fold_plan *fold_find_plan(const struct fold *fold, const char *id, bool *ambiguous)
{
	const char *hex = g_str_has_prefix(id, "sha256:") ? id + 7 : id;
	struct fold_plan *found = NULL;
	unsigned i;

	*ambiguous = false;
	if (!is_prefix(hex)) {
		return NULL;
	}
	for (i = 0; i < fold->plans->len; i++) {
		struct fold_plan *plan = g_ptr_array_index(fold->plans, i);

		if (!g_str_has_prefix(plan->id + 7, hex)) {
			continue;
		}
		if (found != NULL) {
			*ambiguous = true;
			return NULL;
		}
		found = plan;
	}
	return found;
}
