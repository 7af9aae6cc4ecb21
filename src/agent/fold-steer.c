/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folds rollbacks, trials and the states that were held. */
#include "agent/fold-steer.h"

#include <string.h>

static void bad_free(void *data)
{
	struct fold_bad *bad = data;

	g_free(bad->why);
	g_free(bad);
}

void fold_steer_init(struct fold_stack *stack)
{
	stack->bad = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, bad_free);
	stack->held = g_ptr_array_new_with_free_func(g_free);
}

void fold_steer_clear(struct fold_stack *stack)
{
	g_hash_table_unref(stack->bad);
	g_ptr_array_unref(stack->held);
}

bool fold_is_bad(const struct fold_stack *stack, const char *commit)
{
	return g_hash_table_contains(stack->bad, commit);
}

static void keep_id(char out[STACK_ID_SIZE], const char *id)
{
	g_strlcpy(out, id, STACK_ID_SIZE);
}

static void set_pin(struct stack_facts *facts, const char *commit, const char *tree,
		    const char *why)
{
	keep_id(facts->pin, commit);
	keep_id(facts->pin_tree, tree);
	stack_keep(facts->pin_why, why);
}

/* What was wanted instead, or instead of that, if it was rolled back since. */
static const struct fold_bad *find_instead(const struct fold_stack *stack, const char *commit)
{
	const struct fold_bad *bad = g_hash_table_lookup(stack->bad, commit);
	const struct fold_bad *next;

	for (guint left = g_hash_table_size(stack->bad); left > 0; left--) {
		next = g_hash_table_lookup(stack->bad, bad->commit);
		if (next == NULL) {
			break;
		}
		bad = next;
	}
	return bad;
}

/* One that was rolled back is there again, without a pin: what holds stays, unless it was rolled
 * back, too. */
static void pin_again(struct fold_stack *stack)
{
	struct stack_facts *facts = &stack->facts;
	const struct fold_bad *bad = find_instead(stack, facts->commit);
	bool stays = facts->base[0] != '\0' && !fold_is_bad(stack, facts->base);

	set_pin(facts, stays ? facts->base : bad->commit, stays ? facts->base_tree : bad->tree,
		bad->why);
}

bool fold_steer_commit(struct fold_stack *stack, const struct record_commit *commit)
{
	struct stack_facts *facts = &stack->facts;

	if (facts->try_ref[0] != '\0' && strcmp(facts->try_ref, commit->ref) == 0) {
		keep_id(facts->try_commit, commit->commit);
		keep_id(facts->try_tree, commit->tree);
		facts->try_bad = fold_is_bad(stack, commit->commit);
		stack->has_try_commits = commit->has_commits;
		stack->try_commits = commit->commits;
		return false;
	}
	keep_id(facts->commit, commit->commit);
	keep_id(facts->tree, commit->tree);
	facts->is_bad = fold_is_bad(stack, commit->commit);
	facts->commits_stale = false;
	if (!facts->is_bad) {
		set_pin(facts, "", "", ""); // the branch has passed what was rolled back
	} else if (facts->pin[0] == '\0') {
		pin_again(stack);
	}
	return true;
}

void fold_steer_base(struct fold_stack *stack, const struct fold_plan *plan, int64_t time)
{
	struct stack_facts *facts = &stack->facts;
	struct fold_held *last =
		stack->held->len > 0 ? g_ptr_array_index(stack->held, stack->held->len - 1) : NULL;

	if (last != NULL && strcmp(last->commit, facts->base) == 0) {
		last->plan = last->plan != NULL ? last->plan : plan;
		return;
	}
	last = g_new0(struct fold_held, 1);
	keep_id(last->commit, facts->base);
	keep_id(last->tree, facts->base_tree);
	last->plan = plan;
	last->time = time;
	last->trial = facts->try_ref[0] != '\0' && strcmp(facts->base, facts->try_from) != 0;
	g_ptr_array_add(stack->held, last);
	facts->commits_stale = strcmp(facts->base, facts->commit) != 0;
}

static void mark_bad(struct fold_stack *stack, const struct record_rollback *rollback,
		     const char *commit, const char *why)
{
	struct fold_bad *bad;

	if (commit == NULL || commit[0] == '\0' || strcmp(commit, rollback->commit) == 0) {
		return;
	}
	bad = g_new0(struct fold_bad, 1);
	bad->why = g_strdup(why);
	keep_id(bad->commit, rollback->commit);
	keep_id(bad->tree, rollback->tree);
	g_hash_table_replace(stack->bad, g_strdup(commit), bad);
}

/* What held goes with what had come, and neither is wanted again. */
void fold_steer_rollback(struct fold_stack *stack, const struct record_rollback *rollback)
{
	struct stack_facts *facts = &stack->facts;
	g_autofree char *why =
		g_strdup_printf("rolled back by %s: %s", rollback->person, rollback->reason);

	mark_bad(stack, rollback, rollback->bad, why);
	mark_bad(stack, rollback, facts->base, why);
	facts->is_bad = fold_is_bad(stack, facts->commit);
	facts->returning = false;
	facts->settled[0] = '\0';
	if (strcmp(rollback->commit, facts->commit) == 0) {
		set_pin(facts, "", "", "");
	} else {
		set_pin(facts, rollback->commit, rollback->tree, why);
	}
}

void fold_steer_unpin(struct fold_stack *stack, const struct record_unpin *unpin)
{
	struct stack_facts *facts = &stack->facts;

	g_hash_table_remove(stack->bad, unpin->commit != NULL ? unpin->commit : facts->commit);
	facts->is_bad = fold_is_bad(stack, facts->commit);
	facts->try_bad = facts->try_ref[0] != '\0' && fold_is_bad(stack, facts->try_commit);
	if (!facts->is_bad) {
		set_pin(facts, "", "", "");
	}
	facts->settled[0] = '\0';
}

void fold_steer_try(struct fold_stack *stack, const struct record_try *trial)
{
	struct stack_facts *facts = &stack->facts;
	g_autofree char *why = g_strdup_printf("tried by %s: %s", trial->person, trial->reason);

	if (facts->try_ref[0] == '\0' && !facts->returning) {
		keep_id(facts->try_from, facts->base);
		keep_id(facts->try_from_tree, facts->base_tree);
	}
	facts->returning = false;
	g_strlcpy(facts->try_ref, trial->ref, sizeof(facts->try_ref));
	stack_keep(facts->try_why, why);
	facts->try_until = trial->until;
	facts->try_commit[0] = facts->try_tree[0] = '\0';
	facts->try_bad = false;
	facts->settled[0] = '\0';
	stack->has_try_commits = false;
}

/* What was rolled back before the trial began, and still held then, is not wanted back: the branch
 * or the pin is, and people are asked. */
void fold_steer_return(struct fold_stack *stack)
{
	struct stack_facts *facts = &stack->facts;

	facts->returning =
		strcmp(facts->base, facts->try_from) != 0 && !fold_is_bad(stack, facts->try_from);
	facts->try_ref[0] = '\0';
	facts->try_until = 0;
	facts->settled[0] = '\0';
}
