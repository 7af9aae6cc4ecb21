/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The part of the fold that people are told of: alerts, and who steered what.
 * fold.c calls it with each entry, after it has changed the facts.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/alert.h"

struct fold;
struct fold_stack;

/* What a person has asked for and may take back. */
enum told_kind { TOLD_SUSPENDED, TOLD_PINNED, TOLD_TRIAL, TOLD_KINDS };
struct told_steer {
	bool on;
	int64_t time, until; /* of the newest change; until 0: without end */
	char *person;	     /* who did; NULL: nobody, its time was over */
	char *reason, *what; /* what: a commit, a ref; NULL: nothing */
};
struct told {
	struct alert_log alerts;
	struct told_steer steers[TOLD_KINDS];
};

void told_steer_clear(struct told_steer *steer);
void told_clear(struct told *told);
/* stack: NULL for entries of the agent. */
void told_take(struct fold *fold, struct fold_stack *stack, const struct record *record,
	       int64_t time);
