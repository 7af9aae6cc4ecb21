/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folds log entries into stacks, plans and votes. */
#include "agent/fold.h"

#include <inttypes.h>
#include <string.h>

#include "agent/fold-steer.h"
#include "agent/stack-drift.h"
#include "base/autoptr.h"
#include "base/error.h"

/* One entry on its way in. */
struct reading {
	struct fold *fold;
	const struct entry *entry;
	const struct record *record;
	struct fold_stack *stack; /* NULL for entries of the agent */
	const char *problem;	  /* why it cannot follow what came before */
};

static void vote_free(void *data)
{
	struct fold_vote *vote = data;

	g_free(vote->person);
	g_free(vote->reason);
	g_free(vote->fingerprint);
	g_free(vote);
}

static void plan_done(void *data)
{
	struct fold_plan *plan = data;

	g_free(plan->stack);
	g_free(plan->commit);
	g_free(plan->reason);
	g_free(plan->end);
	g_free(plan->person);
	g_ptr_array_unref(plan->votes);
	g_free(plan);
}

static void pause_clear(struct fold_pause *pause)
{
	g_free(pause->person);
	g_free(pause->reason);
	*pause = (struct fold_pause){0};
}

static void stack_done(void *data)
{
	struct fold_stack *stack = data;

	g_free(stack->name);
	g_free(stack->repository);
	g_free(stack->ref);
	g_free(stack->accepted_by);
	g_free(stack->accepted_why);
	pause_clear(&stack->pause);
	told_clear(&stack->told);
	fold_steer_clear(stack);
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
	pause_clear(&fold->stopped);
	told_steer_clear(&fold->stop);
	g_free(fold);
}

struct fold_stack *fold_stack_get(struct fold *fold, const char *name)
{
	struct fold_stack *stack = g_hash_table_lookup(fold->stacks, name);

	if (stack == NULL) {
		stack = g_new0(struct fold_stack, 1);
		stack->name = g_strdup(name);
		fold_steer_init(stack);
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

/* The plan an entry is about, which must be the newest of its stack. */
static struct fold_plan *the_plan(struct reading *r, const struct hash *id)
{
	char text[HASH_TEXT_SIZE];
	struct fold_plan *plan;

	hash_text(text, id);
	plan = g_hash_table_lookup(r->fold->by_id, text);
	if (plan == NULL || plan != r->stack->plan) {
		r->problem = "its plan is not the newest of its stack";
		return NULL;
	}
	return plan;
}

static struct fold_plan *plan_in(struct reading *r, const struct hash *id, enum stack_phase phase)
{
	struct fold_plan *plan = the_plan(r, id);

	if (plan != NULL && plan->phase != phase) {
		r->problem = "its plan has ended or was not begun";
		return NULL;
	}
	return plan;
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

static void set_halted(struct reading *r, struct fold_plan *plan)
{
	struct stack_facts *facts = &r->stack->facts;

	if (r->stack->halted != NULL && plan == NULL) {
		r->stack->halted->halted = false;
	}
	r->stack->halted = plan;
	g_strlcpy(facts->halted, plan != NULL ? plan->id : "", sizeof(facts->halted));
	facts->halted_number = plan != NULL ? plan->number : 0;
}

/* The host is as commit wants it. */
static void set_base(struct reading *r, const char *commit, const char *tree,
		     const struct fold_plan *plan)
{
	struct stack_facts *facts = &r->stack->facts;

	/* A look at what holds says nothing of what waits to take its place. */
	bool same = strcmp(facts->base, commit) == 0;

	keep_id(facts->base, commit);
	keep_id(facts->base_tree, tree);
	if (!same || strcmp(facts->settled, commit) == 0) {
		facts->settled[0] = '\0';
	}
	if (!same || strcmp(facts->accepted, commit) == 0) {
		facts->accepted[0] = '\0';
	}
	if (facts->returning && strcmp(facts->try_from, facts->base) == 0) {
		facts->returning = false;
	}
	facts->drift[0] = '\0';
	facts->drift_count = 0;
	facts->drift_since = 0;
	facts->has_drift_details = false;
	set_halted(r, NULL);
	fold_steer_base(r->stack, plan, r->entry->time);
}

static void fold_genesis(struct reading *r)
{
	hash_text(r->fold->signers, &r->record->u.genesis.allowed_signers);
}

static void fold_policy(struct reading *r)
{
	hash_text(r->fold->signers, &r->record->u.policy.allowed_signers);
}

static void fold_commit(struct reading *r)
{
	const struct record_commit *commit = &r->record->u.commit;
	struct fold_stack *stack = r->stack;

	if (!fold_steer_commit(stack, commit)) {
		return;
	}
	if (strcmp(stack->facts.accepted, stack->facts.commit) != 0) {
		stack->facts.accepted[0] = '\0'; // it was for that tip alone
	}
	g_free(stack->repository);
	stack->repository = g_strdup(commit->repository);
	g_free(stack->ref);
	stack->ref = g_strdup(commit->ref);
	stack->has_commits = commit->has_commits;
	stack->commits = commit->commits;
}

static struct fold_plan *new_plan(const struct reading *r)
{
	const struct record_plan *from = &r->record->u.plan;
	struct fold_plan *plan = g_new0(struct fold_plan, 1);

	plan->votes = g_ptr_array_new_with_free_func(vote_free);
	hash_text(plan->id, &from->plan);
	plan->stack = g_strdup(r->stack->name);
	plan->commit = g_strdup(from->commit);
	plan->reason = g_strdup(from->reason);
	plan->number = from->number;
	plan->expires = from->expires;
	plan->required = from->required;
	memcpy(plan->signers, r->fold->signers, sizeof(plan->signers));
	plan->quiet = from->quiet;
	memcpy(plan->summary, from->summary, sizeof(plan->summary));
	plan->created = r->entry->time;
	plan->entry = r->entry->seq;
	return plan;
}

static void set_counts(struct reading *r, struct fold_plan *plan)
{
	r->stack->facts.plan_done = plan->done;
	r->stack->facts.plan_undone = plan->undone;
	r->stack->facts.plan_left = plan->left;
}

/* Who broke the glass, if anybody did. */
static void set_broken(struct reading *r, const struct fold_plan *plan)
{
	r->stack->facts.plan_broken[0] = '\0';
	for (unsigned i = 0; i < plan->votes->len; i++) {
		const struct fold_vote *vote = g_ptr_array_index(plan->votes, i);

		if (vote->verdict == VERDICT_BREAK_GLASS) {
			g_autofree char *text =
				g_strdup_printf("%s: %s", vote->person, vote->reason);

			stack_keep(r->stack->facts.plan_broken, text);
		}
	}
}

/* The stack's newest from here on. */
static void set_plan(struct reading *r, struct fold_plan *plan, enum stack_phase phase)
{
	struct stack_facts *facts = &r->stack->facts;

	r->stack->plan = plan;
	set_phase(r, plan, phase);
	g_strlcpy(facts->plan, plan->id, sizeof(facts->plan));
	keep_id(facts->plan_commit, plan->commit);
	facts->plan_number = plan->number;
	facts->plan_created = plan->created;
	facts->plan_expires = plan->expires;
	facts->plan_required = plan->required;
	facts->plan_quiet = plan->quiet;
	facts->plan_reason[0] = '\0';
	set_broken(r, plan);
	set_counts(r, plan);
}

static void fold_planned(struct reading *r)
{
	struct stack_facts *facts = &r->stack->facts;
	struct fold_plan *plan;

	if (facts->phase == STACK_PHASE_OPEN || facts->phase == STACK_PHASE_APPLYING) {
		r->problem = "a plan comes while another one is open";
		return;
	}
	plan = new_plan(r);
	g_ptr_array_add(r->fold->plans, plan);
	if (!g_hash_table_insert(r->fold->by_id, plan->id, plan)) {
		r->problem = "its plan stands twice in the log";
	}
	r->fold->next_number = MAX(r->fold->next_number, plan->number + 1);
	set_plan(r, plan, STACK_PHASE_OPEN);
	facts->settled[0] = '\0'; // what became of the plans before it is past
	if (plan->required == 0 && strcmp(plan->reason, "drift") == 0) {
		stack_fix_note(facts, r->entry->time);
	}
}

static void fold_approval(struct reading *r)
{
	const struct record_approval *from = &r->record->u.approval;
	struct fold_plan *plan = plan_in(r, &from->plan, STACK_PHASE_OPEN);
	struct fold_vote *vote;

	if (plan == NULL) {
		return;
	}
	vote = g_new0(struct fold_vote, 1);
	vote->person = g_strdup(from->person);
	vote->reason = g_strdup(from->reason);
	vote->by = from->by;
	vote->fingerprint = g_strdup(from->fingerprint);
	vote->verdict = from->decision;
	vote->time = r->entry->time;
	vote->entry = r->entry->seq;
	g_ptr_array_add(plan->votes, vote);
	set_broken(r, plan);
}

static void fold_closed(struct reading *r)
{
	static const enum stack_phase phases[] = {
		[OUTCOME_SUPERSEDED] = STACK_PHASE_SUPERSEDED,
		[OUTCOME_EXPIRED] = STACK_PHASE_EXPIRED,
		[OUTCOME_REJECTED] = STACK_PHASE_REJECTED,
		[OUTCOME_VOID] = STACK_PHASE_VOID,
	};
	const struct record_closed *from = &r->record->u.closed;
	struct fold_plan *plan;

	if (from->outcome == OUTCOME_CONVERGED) {
		set_base(r, from->commit, from->tree, NULL);
		return;
	}
	plan = the_plan(r, &from->plan);
	if (plan == NULL) {
		return;
	}
	if (plan->phase == STACK_PHASE_OPEN ||
	    (plan->phase == STACK_PHASE_APPLYING && from->outcome == OUTCOME_VOID)) {
		end_plan(r, plan, phases[from->outcome], from->reason);
	} else {
		r->problem = "its plan has ended already";
	}
}

/* The one that halted, on its way once more: to its end, or back. */
static void fold_steered(struct reading *r)
{
	const struct record_apply_start *from = &r->record->u.apply_start;
	struct stack_facts *facts = &r->stack->facts;
	struct fold_plan *plan = r->stack->halted;
	char text[HASH_TEXT_SIZE];

	hash_text(text, &from->plan);
	if (plan == NULL || strcmp(plan->id, text) != 0 || facts->phase == STACK_PHASE_OPEN ||
	    facts->phase == STACK_PHASE_APPLYING) {
		r->problem = "no apply of its plan has halted";
		return;
	}
	if (from->mode == MODE_RESUME &&
	    (plan != r->stack->plan || plan->phase != STACK_PHASE_FAILED)) {
		r->problem = "it resumes a plan that others have come after";
		return;
	}
	set_plan(r, plan, STACK_PHASE_APPLYING);
	facts->settled[0] = '\0';
	plan->mode = from->mode;
	g_free(plan->person);
	plan->person = g_strdup(from->person);
	g_clear_pointer(&plan->end, g_free);
	plan->ended = 0;
	r->stack->applied = plan;
}

static void fold_apply_start(struct reading *r)
{
	struct fold_plan *plan;

	if (r->record->u.apply_start.mode != MODE_APPLY) {
		fold_steered(r);
		return;
	}
	plan = plan_in(r, &r->record->u.apply_start.plan, STACK_PHASE_OPEN);
	if (plan != NULL) {
		set_phase(r, plan, STACK_PHASE_APPLYING);
		r->stack->applied = plan;
	}
}

/* An apply ends an earlier one that halted, unless it never began. */
static void fold_halted(struct reading *r, struct fold_plan *plan)
{
	const struct record_apply_done *from = &r->record->u.apply_done;
	bool begun = from->result == RESULT_OK || from->result == RESULT_ROLLED_BACK ||
		     from->done + from->undone + from->left > 0;

	plan->halted = from->halted;
	if (from->halted) {
		if (r->stack->halted != plan) {
			set_halted(r, NULL);
		}
		set_halted(r, plan);
	} else if (begun || r->stack->halted == plan) {
		set_halted(r, NULL);
	}
}

static void fold_apply_done(struct reading *r)
{
	static const enum stack_phase phases[] = {
		[RESULT_OK] = STACK_PHASE_APPLIED,
		[RESULT_FAILED] = STACK_PHASE_FAILED,
		[RESULT_ROLLED_BACK] = STACK_PHASE_ROLLED_BACK,
		[RESULT_INTERRUPTED] = STACK_PHASE_INTERRUPTED,
	};
	const struct record_apply_done *from = &r->record->u.apply_done;
	struct fold_plan *plan = plan_in(r, &from->plan, STACK_PHASE_APPLYING);

	if (plan == NULL) {
		return;
	}
	plan->done = from->done;
	plan->undone = from->undone;
	plan->left = from->left;
	plan->has_steps = from->has_steps;
	plan->steps = from->steps;
	set_counts(r, plan);
	fold_halted(r, plan);
	end_plan(r, plan, phases[from->result], from->reason);
	if (from->result == RESULT_OK) {
		set_base(r, from->commit, from->tree, plan);
	}
}

static void fold_blocked(struct reading *r)
{
	static const enum stack_block blocks[] = {
		[BLOCK_REWOUND] = STACK_BLOCK_REWOUND, [BLOCK_DELETED] = STACK_BLOCK_DELETED,
		[BLOCK_EMPTY] = STACK_BLOCK_EMPTY,     [BLOCK_MANIFEST] = STACK_BLOCK_MANIFEST,
		[BLOCK_FETCH] = STACK_BLOCK_FETCH,     [BLOCK_SIGNATURE] = STACK_BLOCK_SIGNATURE,
	};
	const struct record_blocked *from = &r->record->u.blocked;

	if (from->kind != BLOCK_MANIFEST) { // which says nothing of the history
		r->stack->facts.accepted[0] = '\0';
	}
	r->stack->facts.block = blocks[from->kind];
	keep_id(r->stack->facts.block_commit, from->commit);
	stack_keep(r->stack->facts.block_reason, from->reason);
}

static void fold_unblocked(struct reading *r)
{
	r->stack->facts.block = STACK_BLOCK_NONE;
	r->stack->facts.block_commit[0] = '\0';
	r->stack->facts.block_reason[0] = '\0';
}

static void fold_drift(struct reading *r)
{
	const struct record_drift *from = &r->record->u.drift;
	struct stack_facts *facts = &r->stack->facts;

	facts->drift_count = from->changes;
	if (from->since != 0 || facts->drift_since == 0) {
		facts->drift_since = from->since != 0 ? from->since : r->entry->time;
	}
	facts->has_drift_details = from->has_details;
	facts->drift_details = from->details;
	stack_drift_key(facts->drift, from->changes, from->resources, from->resources_count);
	if (from->has_plan) {
		stack_fix_name(facts);
	}
}

/* Another one takes the place of the first, which has lasted since it began. */
static void set_pause(const struct reading *r, struct fold_pause *pause)
{
	const struct record_suspend *from = &r->record->u.suspend;
	int64_t since = pause->person != NULL ? pause->since : r->entry->time;

	pause_clear(pause);
	pause->person = g_strdup(from->person);
	pause->reason = g_strdup(from->reason);
	pause->since = since;
	pause->until = from->until;
}

static void fold_suspend(struct reading *r)
{
	const struct record_suspend *from = &r->record->u.suspend;
	g_autofree char *text = NULL;

	if (r->stack == NULL) {
		set_pause(r, &r->fold->stopped);
		return;
	}
	text = g_strdup_printf("suspended by %s: %s", from->person, from->reason);
	stack_keep(r->stack->facts.suspended, text);
	r->stack->facts.suspended_until = from->until;
	set_pause(r, &r->stack->pause);
}

static void fold_resume(struct reading *r)
{
	if (r->stack == NULL) {
		pause_clear(&r->fold->stopped);
		return;
	}
	r->stack->facts.suspended[0] = '\0';
	r->stack->facts.suspended_until = 0;
	pause_clear(&r->stack->pause);
}

static void fold_rollback(struct reading *r)
{
	fold_steer_rollback(r->stack, &r->record->u.rollback);
}

static void fold_unpin(struct reading *r)
{
	fold_steer_unpin(r->stack, &r->record->u.unpin);
}

static void fold_try(struct reading *r)
{
	fold_steer_try(r->stack, &r->record->u.trial);
}

static void fold_return(struct reading *r)
{
	if (r->stack->facts.try_ref[0] == '\0') {
		r->problem = "it ends a trial that never began";
		return;
	}
	fold_steer_return(r->stack);
}

/* What a person can accept is what blocks, and nothing else. */
static void fold_rewritten(struct reading *r)
{
	const struct record_rewritten *from = &r->record->u.rewritten;
	struct fold_stack *stack = r->stack;

	if (stack->facts.block != STACK_BLOCK_REWOUND ||
	    strcmp(stack->facts.block_commit, from->commit) != 0 ||
	    strcmp(stack->facts.base, from->base) != 0) {
		r->problem = "it accepts another history than the one that blocks the stack";
		return;
	}
	keep_id(stack->facts.accepted, from->commit);
	g_free(stack->accepted_by);
	stack->accepted_by = g_strdup(from->person);
	g_free(stack->accepted_why);
	stack->accepted_why = g_strdup(from->reason);
}

static void fold_note(struct reading *r)
{
}

static void (*const kinds[])(struct reading *reading) = {
	[ENTRY_GENESIS] = fold_genesis,
	[ENTRY_POLICY] = fold_policy,
	[ENTRY_COMMIT] = fold_commit,
	[ENTRY_PLAN] = fold_planned,
	[ENTRY_APPROVAL] = fold_approval,
	[ENTRY_CLOSED] = fold_closed,
	[ENTRY_APPLY_START] = fold_apply_start,
	[ENTRY_APPLY_DONE] = fold_apply_done,
	[ENTRY_BLOCKED] = fold_blocked,
	[ENTRY_UNBLOCKED] = fold_unblocked,
	[ENTRY_DRIFT] = fold_drift,
	[ENTRY_SUSPEND] = fold_suspend,
	[ENTRY_RESUME] = fold_resume,
	[ENTRY_NOTE] = fold_note,
	[ENTRY_REWRITTEN] = fold_rewritten,
	[ENTRY_ROLLBACK] = fold_rollback,
	[ENTRY_UNPIN] = fold_unpin,
	[ENTRY_TRY] = fold_try,
	[ENTRY_RETURN] = fold_return,
	[ENTRY_ALERT] = fold_note, // see fold-told.h
};

bool fold_entry(struct fold *fold, const struct entry *entry, GError **error)
{
	struct entry copy = *entry; // reading marks what was read
	struct record record;
	struct reading r = {fold, entry, &record, NULL, NULL};
	struct assent_error err;

	if (record_read(&record, &copy, &err) != 0) {
		return fail_core(error, &err, "log entry %" PRIu64, entry->seq);
	}
	if (entry->stack != NULL) {
		r.stack = fold_stack_get(fold, entry->stack);
		/* a vote alone changes no state, nor does telling of one */
		if (entry->type != ENTRY_APPROVAL && entry->type != ENTRY_ALERT) {
			r.stack->facts.changed = entry->time;
			r.stack->facts.moves++;
		}
	}
	kinds[entry->type](&r);
	if (r.problem != NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "log entry %" PRIu64 ": %s",
			    entry->seq, r.problem);
	}
	told_take(fold, r.stack, &record, entry->time);
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
