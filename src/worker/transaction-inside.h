/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What the files of a transaction share, and nobody else: transaction.c goes
 * through the phases, transaction-commit.c through the steps of the commit,
 * transaction-act.c knows of acts, transaction-undo.c takes back and cleans up,
 * transaction-resume.c begins from a journal.
 */
#include "worker/transaction.h"

struct step *transaction_step(struct transaction *t, guint i);
/* The first reason stays: what follows from it says less. */
void transaction_set_result(struct transaction *t, enum transaction_result result,
			    const char *reason);
void transaction_set_message(struct step *step, const GError *error);
void transaction_tell_end(struct transaction *t);
bool transaction_must_stop(const struct transaction_hooks *hooks);
void transaction_tell(const struct transaction_hooks *hooks, const char *text, guint done,
		      guint total);
/* Before anything is visible: what has changed meanwhile asks for a new plan. */
void transaction_mark_stale(GError *problem);
bool transaction_may_commit(struct transaction *t, const struct transaction_hooks *hooks,
			    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One step's journal line, once it is staged. */
bool transaction_note_step(struct transaction *t, struct journal *journal, guint i, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* What was staged without a sync of its own. */
bool transaction_sync_staged(struct transaction *t, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* From the journal's `commit` or `resume` to the end. */
bool transaction_carry_on(struct transaction *t, struct journal *journal,
			  const struct transaction_hooks *hooks, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Texts for whoever made the plan: what is not as it says. */
void transaction_say(GPtrArray *stale, const struct plan_change *change, const char *text);
void transaction_compare(const struct step *step, GPtrArray *stale);
/* A folder that goes must hold nothing but what goes before it. */
bool transaction_check_folder(struct transaction *t, const struct step *step, GPtrArray *stale,
			      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Commits what is not done yet; false when it must be taken back. */
bool transaction_commit(struct transaction *t, struct journal *journal,
			const struct transaction_hooks *hooks) G_GNUC_WARN_UNUSED_RESULT;

/* The steps from i on that are one act together; 1: it stands alone. */
bool act_is_grouped(const struct plan_change *change);
guint act_group(const struct transaction *t, guint i);
/* Under the journal's two lines. *io: the journal cannot be written any more. */
bool act_commit(struct transaction *t, struct journal *journal, guint i, bool *io, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The act is done: what needs it may find its target changed. */
void act_remember(struct transaction *t, const struct step *step);
/* May the step's target have been changed by an act that it needs? */
bool act_may_have_changed(const struct transaction *t, const struct step *step);
/* Is this what the act brings about? */
bool act_is_wanted(struct transaction *t, const struct step *step, const struct plan_state *now);

/* All folders in which names have changed. */
bool transaction_sync_folders(struct transaction *t, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Everything back; the journal goes only when that is durable. */
bool transaction_take_back(struct transaction *t, struct journal *journal, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Removes the old versions, and the journal. */
bool transaction_finish(struct transaction *t, struct journal *journal, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
