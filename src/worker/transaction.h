/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A plan's changes as one transaction.
 *
 *	t = transaction_new(plan, objects, tx)
 *	transaction_prepare(t, &error)          -- could this plan be carried out at all?
 *	transaction_observe(t, stale, &error)   -- is everything as the plan says?
 *	transaction_apply(t, journal, ..., &error)
 *
 * transaction_apply() stages everything, journals, commits step by step, runs
 * the checks, and then either removes the old versions or takes everything
 * back. True with an outcome in t whenever the targets are in a stated and
 * durable state; false when they are not known to be: then the journal stays
 * and transaction_recover() must be called, now or after the next start. False
 * with TARGET_ERROR_STALE, or with the error of may_commit(), is different: all
 * is as it was before.
 *
 * When a step fails: with on_failure `rollback` all is taken back; with `stop`
 * only the steps that depend on it (beneath its path, the folder that holds it,
 * or what names its resource among its needs) are left out, and the transaction
 * is halted: the journal and the old versions stay, until transaction_resume()
 * goes on, transaction_undo() takes all back or transaction_settle() leaves it
 * at that. A request to stop takes all back, whichever it is.
 *
 * Acts (packages, services, commands) may change what later steps find. A path
 * is looked at again when an act was begun since, and what is there now is taken
 * for what was there before if the step needs an act that was done; otherwise
 * the step fails.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/plan.h"
#include "worker/journal.h"
#include "worker/target/target.h"

enum transaction_result {
	TRANSACTION_OK,
	TRANSACTION_FAILED,
	TRANSACTION_ROLLED_BACK,
	TRANSACTION_INTERRUPTED,
	TRANSACTION_HALTED, /* said of what is found so */
};
/* "ok", "failed", "rolled-back", "interrupted", "halted" */
extern const char *const transaction_result_names[];

struct transaction {
	const struct plan *plan;
	struct target_run run;
	GArray *steps; /* struct step, in the plan's order */
	enum transaction_result result;
	char *reason; /* NULL: nothing to say */
	bool halted;  /* the journal stays, and a person decides */
	/* When all is in place for good and before the journal goes, so that after a crash it is
	 * called again; false keeps the journal. NULL: nothing to do. */
	bool (*settle)(const struct plan *plan, void *user, GError **error);
	/* When all is in place for good, taken back or halted, and before anything is cleaned up:
	 * what others are told of it, which may fail. After a crash it may be called again, when
	 * less is known. NULL: nobody is told. */
	void (*tell)(struct transaction *t, void *user);
	void *settle_user; /* of both */
	/* target_find(), unless a test sets another before transaction_prepare(). */
	const struct target_ops *(*find)(const char *kind);
	/* private */
	char *tx;
	GHashTable *index;  /* path to position + 1 */
	GHashTable *acted;  /* ids of resources whose acts are done */
	unsigned acts;	    /* how many were begun */
	const char *act_id; /* of the last one */
	bool unsynced;	    /* a sync failed: the journal must stay */
};
struct transaction_hooks {
	bool (*stopped)(void *user);
	void (*progress)(const char *text, size_t done, size_t total, void *user);
	/* When all is staged and nothing visible; false ends it there, with this error. */
	bool (*may_commit)(const struct plan *plan, void *user, GError **error);
	/* The plan's checks, when all is in place; false takes it back. */
	bool (*check)(const struct plan *plan, void *user, GError **error);
	void *user;
};
/* What journal_begin() wants. */
struct transaction_papers {
	const char *plan, *signature;
	size_t plan_len, signature_len;
};

struct transaction *transaction_new(const struct plan *plan, const char *objects, const char *tx);
/* For a process with more rights than whoever asked: no link is followed on the way to a target,
 * and objects are opened with the caller's rights (borrowed). */
void transaction_confine(struct transaction *t, const struct caller *caller);
void transaction_free(struct transaction *t);
bool transaction_prepare(struct transaction *t, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* stale receives a text for each difference; not to be applied unless it stays empty. */
bool transaction_observe(struct transaction *t, GPtrArray *stale, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool transaction_apply(struct transaction *t, struct journal *journal,
		       const struct transaction_papers *papers,
		       const struct transaction_hooks *hooks, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* These begin from a journal, after transaction_prepare() only. What a crash left is finished or
 * undone; what is halted stays as it is, and the steps say how that is. */
bool transaction_recover(struct transaction *t, struct journal *journal,
			 const struct journal_state *state, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* What is halted goes on. True with texts in stale, or false before anything was changed: nothing
 * was done, and it is halted as before. */
bool transaction_resume(struct transaction *t, struct journal *journal,
			const struct journal_state *state, GPtrArray *stale,
			const struct transaction_hooks *hooks, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool transaction_undo(struct transaction *t, struct journal *journal,
		      const struct journal_state *state, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The old versions of what is halted go, and what was left out stays as it is. */
bool transaction_settle(struct transaction *t, struct journal *journal,
			const struct journal_state *state, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
size_t transaction_count(const struct transaction *t, enum step_outcome outcome);

typedef struct transaction transaction_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(transaction_auto, transaction_free)
