/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Acts that do what a test says, and a transaction of them and of paths.
 *
 *	acts_add(f, "package:p", NULL), acts_add_path(f, "file:a", "host/a", "package:p")
 *	acts_world.failing = "commit package:p"
 *	acts_run(f)                   ends as the result says
 *	acts_go(f, transaction_undo)  begins from the journal that it left
 *
 * An act is done when the file acts/ID is there.
 */
#include <glib.h>

#include "worker/transaction.h"

#define ACTS_MAX 8

extern struct acts_world {
	char *dir, *objects, *acts;
	GString *log;	     /* "commit ID " ... since it was looked at last */
	const char *failing; /* "commit ID": fails before it does anything */
	const char *changed; /* the same, as what is not as the plan says */
	const char *half;    /* the same, after it did all */
	const char *dying;   /* the process ends there, before anything was done */
	void (*after)(const char *what, const char *id);    /* NULL: does no more */
	void (*tell)(struct transaction *t, void *journal); /* of the transaction; or NULL */
} acts_world;

struct acts {
	struct plan plan;
	struct plan_change changes[ACTS_MAX];
	struct transaction *t;
	struct journal *journal;
};
typedef bool (*acts_go_fn)(struct transaction *t, struct journal *journal,
			   const struct journal_state *state, GError **error);
/* How many texts the last acts_resume() gave. */
extern guint acts_stale;

char *acts_path(const char *rel);
char *acts_file(const char *id);
bool acts_is_done(const char *id);
void acts_set_up(struct acts *f, const void *data);
void acts_tear_down(struct acts *f, const void *data);
void acts_add(struct acts *f, const char *id, const char *need);
void acts_add_path(struct acts *f, const char *id, const char *rel, const char *need);
struct step *acts_step(struct acts *f, const char *id);
void acts_begin(struct acts *f);
enum transaction_result acts_run(struct acts *f);
/* The same, of what may fail as a whole. */
bool acts_try(struct acts *f, GError **error);
void acts_run_and_die(struct acts *f, const char *where);
enum transaction_result acts_go(struct acts *f, acts_go_fn fn);
void acts_assert_log(const char *expected);
void acts_assert_outcome(struct acts *f, const char *id, enum step_outcome expected);
void acts_assert_says(const char *text, const char *part);
void acts_assert_file(const char *rel, const char *expected);
mode_t acts_mode(const char *rel);
void acts_assert_names(const char *expected);
void acts_assert_ended(struct acts *f);
void acts_add_some(struct acts *f);
bool acts_never(void *user);
const struct target_ops *acts_find(const char *kind);
bool acts_resume(struct transaction *t, struct journal *journal, const struct journal_state *state,
		 GError **error);
