/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks for the plans that prove what is to be put back. */
#include "worker/plan-restore.h"

#include <string.h>

#include "base/autoptr.h"
#include "core/restore.h"

#define MAX_LOOKED_AT 2000 /* plans */

/* What the plans say of one change, from the newest to the oldest. */
struct trail {
	const struct plan_item *item;
	GArray *steps; /* struct mention */
	bool ended;    /* older plans say nothing more */
	bool found;
};
struct mention {
	const struct plan *plan;
	struct plan_change *change; /* of the plan */
};

struct evidence {
	struct planner *p;
	GPtrArray *plans;   /* struct plan, that steps are from */
	GHashTable *trails; /* path, or id of what has none, to struct trail */
	const struct plan_check *checks;
	const struct plan **checked; /* by position of the check: the plan that has it, or NULL */
	guint checks_count;
	guint open, looked_at, trials, trials_seen;
};

static const char *key_of(const struct plan_change *c)
{
	return c->path != NULL ? c->path : c->id;
}

static void free_trail(gpointer data)
{
	struct trail *trail = data;

	g_array_unref(trail->steps);
	g_free(trail);
}

static void free_plan(gpointer plan)
{
	plan_free(plan);
}

static bool returns(const struct evidence *e)
{
	return e->p->returns != NULL;
}

/* Do its plans, of which nothing but this change is looked at, prove it? */
static bool is_found(const struct evidence *e, const struct trail *trail)
{
	guint count = trail->steps->len;
	g_autofree struct plan *plans = g_new0(struct plan, count + 1);
	g_autofree const struct plan **list = g_new0(const struct plan *, count + 1);
	struct restore *restore = NULL;
	bool ok;

	for (guint i = 0; i < count; i++) {
		const struct mention *step = &g_array_index(trail->steps, struct mention, i);

		plans[i] = (struct plan){.reason = step->plan->reason,
					 .seq = step->plan->seq,
					 .changes = step->change,
					 .changes_count = 1};
		list[i] = &plans[i];
	}
	ok = restore_open(&restore, list, count, returns(e), NULL) == 0 &&
	     restore_problem(restore, &trail->item->change) == NULL;
	restore_free(restore);
	return ok;
}

static void close_trail(struct evidence *e, struct trail *trail, bool found)
{
	if (!trail->ended) {
		trail->ended = true;
		trail->found = found;
		e->open--;
	}
}

/* Nothing from before it is left of the thing. */
static bool begins_anew(const struct plan_change *c)
{
	return c->observed.type != c->desired.type;
}

static void add_step(struct evidence *e, struct trail *trail, const struct plan *plan,
		     struct plan_change *change)
{
	const struct mention mention = {plan, change};

	g_array_append_val(trail->steps, mention);
	/* The oldest trial counts, so that all of them must have been seen. */
	if (e->trials_seen < e->trials) {
		return;
	}
	if (is_found(e, trail)) {
		close_trail(e, trail, true);
	} else if (begins_anew(change) && strcmp(plan->reason, "try") != 0) {
		close_trail(e, trail, false);
	}
}

/* Trials are evidence of what they found when they are put back, and of what they wanted while they
 * last. */
static bool counts_trial(const struct evidence *e, const struct plan *plan)
{
	char digest[HASH_TEXT_SIZE];

	if (!returns(e)) {
		return strcmp(plan->target_commit, e->p->commit) == 0;
	}
	hash_text(digest, &plan->digest);
	return g_strv_contains((const char *const *)e->p->returns, digest);
}

/* Silence is no proof, and neither is what was restored itself. */
static bool is_evidence(const struct evidence *e, const struct plan *plan)
{
	return plan->restores_count == 0 && plan->policy.quiet == 0 &&
	       strcmp(plan->agent, e->p->env.agent) == 0 &&
	       strcmp(plan->stack, e->p->env.stack) == 0 &&
	       (strcmp(plan->reason, "try") != 0 || counts_trial(e, plan));
}

static bool take_checks(struct evidence *e, const struct plan *plan)
{
	bool used = false;

	for (guint i = 0; i < e->checks_count; i++) {
		for (size_t k = 0; e->checked[i] == NULL && k < plan->checks_count; k++) {
			if (e->checks[i].exec != NULL &&
			    restore_same_check(&plan->checks[k], &e->checks[i])) {
				e->checked[i] = plan;
				e->open--;
				used = true;
			}
		}
	}
	return used;
}

static bool visit(struct plan *plan, const struct applied_apply *apply, bool *keeps, void *user)
{
	struct evidence *e = user;

	e->looked_at++;
	if (!is_evidence(e, plan)) {
		return e->looked_at < MAX_LOOKED_AT;
	}
	if (returns(e) && strcmp(plan->reason, "try") == 0) {
		e->trials_seen++;
	}
	for (size_t i = 0; i < plan->changes_count; i++) {
		struct plan_change *c = &plan->changes[i];
		struct trail *trail = g_hash_table_lookup(e->trails, key_of(c));

		if (trail != NULL && !trail->ended && applied_was_made(apply, c)) {
			add_step(e, trail, plan, c);
			*keeps = true;
		}
	}
	*keeps = take_checks(e, plan) || *keeps;
	if (*keeps) {
		g_ptr_array_add(e->plans, plan);
	}
	return e->open > 0 && e->looked_at < MAX_LOOKED_AT;
}

static void add_trail(struct evidence *e, const struct plan_item *item)
{
	const struct plan_change *c = &item->change;
	struct trail *trail;

	if (restore_unprovable(c) != NULL || restore_is_reload(c)) {
		return;
	}
	trail = g_new0(struct trail, 1);
	trail->item = item;
	trail->steps = g_array_new(FALSE, FALSE, sizeof(struct mention));
	if (g_hash_table_replace(e->trails, (gpointer)key_of(c), trail)) {
		e->open++;
	}
}

/* What waited for trials that are not there any more. */
static void look_again(struct evidence *e)
{
	GHashTableIter iter;
	gpointer trail;

	g_hash_table_iter_init(&iter, e->trails);
	while (g_hash_table_iter_next(&iter, NULL, &trail)) {
		close_trail(e, trail, is_found(e, trail));
	}
}

struct evidence *evidence_find(struct planner *p, GPtrArray *items)
{
	g_autoptr(GError) problem = NULL;
	struct evidence *e;

	if (p->applied == NULL || items->len == 0) {
		return NULL;
	}
	e = g_new0(struct evidence, 1);
	e->p = p;
	e->plans = g_ptr_array_new_with_free_func(free_plan);
	e->trails = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_trail);
	e->checks = plan_checks(p);
	e->checks_count = p->desired->checks->len;
	e->checked = g_new0(const struct plan *, e->checks_count + 1);
	e->trials = returns(e) ? g_strv_length((char **)p->returns) : 0;
	for (guint i = 0; i < items->len; i++) {
		add_trail(e, items->pdata[i]);
	}
	for (guint i = 0; i < e->checks_count; i++) {
		e->open += e->checks[i].exec != NULL;
	}
	if (!applied_walk(p->applied, p->objects, visit, e, &problem)) {
		plan_warn(p, "nobody knows what was approved before: %s", problem->message);
	}
	look_again(e);
	return e;
}

void evidence_free(struct evidence *evidence)
{
	if (evidence != NULL) {
		g_hash_table_unref(evidence->trails);
		g_ptr_array_unref(evidence->plans);
		g_free(evidence->checked);
		g_free(evidence);
	}
}

static bool name_plan(GHashTable *named, const struct plan *plan)
{
	if (!g_hash_table_contains(named, plan) && g_hash_table_size(named) >= PLAN_MAX_RESTORES) {
		return false;
	}
	g_hash_table_add(named, (gpointer)plan);
	return true;
}

/* The plans of a change are named all or none. */
static bool name_steps(GHashTable *named, const struct trail *trail)
{
	guint missing = 0;

	for (guint i = 0; i < trail->steps->len; i++) {
		missing += !g_hash_table_contains(
			named, g_array_index(trail->steps, struct mention, i).plan);
	}
	if (g_hash_table_size(named) + missing > PLAN_MAX_RESTORES) {
		return false;
	}
	for (guint i = 0; i < trail->steps->len; i++) {
		g_hash_table_add(named,
				 (gpointer)g_array_index(trail->steps, struct mention, i).plan);
	}
	return true;
}

/* What all changes need. */
static bool name_common(const struct evidence *e, GHashTable *named)
{
	for (guint i = 0; i < e->checks_count; i++) {
		if (e->checks[i].exec != NULL &&
		    (e->checked[i] == NULL || !name_plan(named, e->checked[i]))) {
			return false;
		}
	}
	for (guint i = 0; returns(e) && i < e->plans->len; i++) {
		const struct plan *plan = e->plans->pdata[i];

		if (strcmp(plan->reason, "try") == 0 && !name_plan(named, plan)) {
			return false;
		}
	}
	return true;
}

/* By all plans together, as whoever applies will judge. False: one was not proved after all. */
static bool judge(const struct evidence *e, GHashTable *named, GPtrArray *items, bool *proved)
{
	guint count = 0;
	g_autofree const struct plan **list =
		(const struct plan **)g_hash_table_get_keys_as_array(named, &count);
	struct restore *restore = NULL;
	bool all = true;

	if (restore_open(&restore, list, count, returns(e), NULL) != 0) {
		return false;
	}
	for (guint i = 0; i < items->len; i++) {
		const struct plan_item *item = items->pdata[i];

		if (proved[i] && restore_problem(restore, &item->change) != NULL) {
			proved[i] = all = false;
		}
	}
	restore_free(restore);
	return all;
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void keep_names(struct planner *p, GHashTable *named)
{
	GHashTableIter iter;
	gpointer plan;
	size_t i = 0;

	p->restores_count = g_hash_table_size(named);
	p->restores = plan_keep_list(p, p->restores_count);
	g_hash_table_iter_init(&iter, named);
	while (g_hash_table_iter_next(&iter, &plan, NULL)) {
		char digest[HASH_TEXT_SIZE];

		hash_text(digest, &((const struct plan *)plan)->digest);
		p->restores[i++] = plan_keep(p, digest);
	}
	qsort(p->restores, p->restores_count, sizeof(*p->restores), compare_texts);
}

/* Names the plans of those that are still thought to be proved. */
static void name_all(const struct evidence *e, GHashTable *named, GPtrArray *items, bool *proved)
{
	bool common = name_common(e, named);

	for (guint i = 0; i < items->len; i++) {
		const struct plan_item *item = items->pdata[i];
		const struct trail *trail = g_hash_table_lookup(e->trails, key_of(&item->change));

		proved[i] = proved[i] && common &&
			    (restore_is_reload(&item->change) ||
			     (trail != NULL && trail->item == item && trail->found &&
			      name_steps(named, trail)));
	}
}

void evidence_name(const struct evidence *evidence, struct planner *p, GPtrArray *items,
		   bool *proved)
{
	g_autoptr(GHashTable) named = g_hash_table_new(NULL, NULL);

	p->restores = NULL;
	p->restores_count = 0;
	for (guint i = 0; i < items->len; i++) {
		proved[i] = evidence != NULL;
	}
	if (evidence == NULL) {
		return;
	}
	do {
		g_hash_table_remove_all(named);
		name_all(evidence, named, items, proved);
	} while (!judge(evidence, named, items, proved));
	keep_names(p, named);
}
