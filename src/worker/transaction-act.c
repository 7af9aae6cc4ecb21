/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages, services and commands in a transaction. */
#include <stdlib.h>
#include <string.h>

#include "base/autoptr.h"
#include "worker/transaction-inside.h"

bool act_is_grouped(const struct plan_change *change)
{
	return strcmp(change->kind, "package") == 0 || change->object != NULL;
}

guint act_group(const struct transaction *t, guint i)
{
	const struct plan_change *first = &t->plan->changes[i];
	guint end = i + 1;

	if (!act_is_grouped(first)) {
		return 1;
	}
	while (end < t->steps->len && strcmp(t->plan->changes[end].kind, first->kind) == 0 &&
	       g_strcmp0(t->plan->changes[end].manager, first->manager) == 0) {
		end++;
	}
	return end - i;
}

/* All that the commit of this step will do counts as begun before it does any of it. */
static bool begin(struct transaction *t, struct journal *journal, guint i, GError **error)
{
	guint count = act_group(t, i);

	for (guint k = i; k < i + count; k++) {
		if (!transaction_step(t, k)->begun && !journal_act(journal, k, error)) {
			return false;
		}
	}
	if (!journal_sync(journal, error)) {
		return false;
	}
	for (guint k = i; k < i + count; k++) {
		transaction_step(t, k)->begun = true;
	}
	return true;
}

bool act_commit(struct transaction *t, struct journal *journal, guint i, bool *io, GError **error)
{
	struct step *step = transaction_step(t, i);
	bool ok;

	*io = !step->begun && !begin(t, journal, i, error);
	if (*io) {
		return false;
	}
	t->acts++;
	ok = step->ops->commit(&t->run, step, error);
	host_forget(t->run.host);
	if (!ok) {
		return false;
	}
	act_remember(t, step);
	*io = !journal_acted(journal, i, step->idle, error);
	return !*io;
}

void act_remember(struct transaction *t, const struct step *step)
{
	autocfree char *id = plan_change_resource(step->change);

	g_hash_table_add(t->acted, g_strdup(id));
}

bool act_may_have_changed(const struct transaction *t, const struct step *step)
{
	for (const char *const *id = step->change->needs; id != NULL && *id != NULL; id++) {
		if (g_hash_table_contains(t->acted, *id)) {
			return true;
		}
	}
	return false;
}

static bool has(const char *wanted, const char *now)
{
	return wanted == NULL || g_strcmp0(wanted, now) == 0;
}

bool act_is_wanted(struct transaction *t, const struct step *step, const struct plan_state *now)
{
	const struct plan_state *want = &step->change->desired;

	if (step->ops->is_wanted != NULL) {
		return step->ops->is_wanted(&t->run, step);
	}
	if (want->type == STATE_COMMAND) {
		return true; /* was run, and whether it is needed again nobody asks */
	}
	return want->type == now->type && has(want->version, now->version) &&
	       has(want->arch, now->arch) && (want->held < 0 || want->held == now->held) &&
	       has(want->enabled, now->enabled) && has(want->running, now->running);
}
