/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A stack between scripted events and a log that is folded for real.
 *
 *	world_begin(&w)            its first look: a fetch runs
 *	world_at_pending(&w)       a situation, made by real events
 *	world_send(&w, event)      with the details that belong to it, until nothing is left to do
 *	w.trace                    what it did, in order
 *	world_finish(&w)
 */
#include "agent/stack.h"

#include <glib.h>

#include "fold-entry.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define T "cccccccccccccccccccccccccccccccccccccccc"
#define NOW 1000000
#define TTL 3600

struct world {
	struct stack s;
	struct fold *fold;
	struct fold_stack *fold_stack;
	struct stack_facts *f;
	const char *result; /* of the apply that ends */
	bool halts;	    /* when it fails, it does so half way */
	bool restores;	    /* drafts are proven, and nobody has to approve them */
	bool refused;	    /* the worker does not begin */
	/* Each entry on its way into the log, and each apply before that is written; NULL: nobody
	 * listens. */
	void (*entry)(struct world *w, const char *type, const char *fields);
	void (*start)(struct world *w);
	void *user;	/* theirs */
	GString *trace; /* effects in order */
	int64_t now;
	unsigned plans;
};
extern const struct stack_settings world_settings;

void world_entry(struct world *w, const char *type, const char *format, ...) G_GNUC_PRINTF(3, 4);
void world_publish(struct world *w);
void world_step(struct world *w, enum stack_event event, const struct stack_details *d);
void world_send(struct world *w, enum stack_event event);
void world_fetched(struct world *w, const char *commit);
void world_begin(struct world *w);
void world_finish(struct world *w);
void world_forget(struct world *w);
void world_at_first_fetch(struct world *w);
void world_at_planning(struct world *w);
void world_at_pending(struct world *w);
void world_at_pending_fetching(struct world *w);
void world_at_applying(struct world *w);
void world_at_recovering(struct world *w);
void world_at_converged(struct world *w);
void world_at_checking(struct world *w);
void world_at_drifted(struct world *w);
void world_at_looking(struct world *w);
void world_at_failed(struct world *w);
void world_at_halted(struct world *w);
void world_at_halted_behind(struct world *w);
void world_at_undoing(struct world *w);
void world_at_rejected(struct world *w);
void world_at_suspended(struct world *w);
void world_at_blocked(struct world *w);
void world_at_bad_manifest(struct world *w);
void world_at_dead(struct world *w);
