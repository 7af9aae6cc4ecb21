/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent's state, folded from its log.
 *
 * fold_entry() takes one entry after the other: all of them at start, and each
 * new one as soon as it is durable. Nothing else changes what is in here, so
 * that what a restart knows is what was known before. An entry that cannot
 * follow the ones before it (an approval of a plan that was never written) is
 * an error: such a log was not written by this program, or was damaged.
 *
 * All that is reachable from a struct fold belongs to it. Plans are never
 * removed; a vote's signature stays in the log, where entry tells.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/fold-told.h"
#include "agent/stack.h"
#include "core/record.h"

struct fold_vote {
	char *person, *reason;
	char *fingerprint; /* of the person's key; NULL where the agent attests */
	struct attestation by;
	enum verdict verdict;
	int64_t time;
	uint64_t entry; /* index in the log */
};
struct fold_plan {
	char id[HASH_TEXT_SIZE];
	char *stack, *commit, *reason;
	char signers[HASH_TEXT_SIZE];	 /* approver list in force when it was made */
	int64_t summary[RECORD_ACTIONS]; /* changes of each action */
	int64_t number, created, expires, required;
	int64_t quiet; /* when the policy approves, 0: never */
	uint64_t entry;
	enum stack_phase phase;	    /* OPEN and on */
	char *end;		    /* why it ended, NULL before */
	int64_t ended;		    /* 0 before */
	int64_t done, undone, left; /* of the apply */
	bool halted;		    /* it can be resumed or undone */
	bool has_steps;
	struct hash steps;     /* digest of the list of what became of each change */
	enum record_mode mode; /* of the newest apply of it */
	char *person;	       /* who asked for that; NULL with MODE_APPLY */
	GPtrArray *votes;      /* struct fold_vote */
};
/* Who has suspended something, and why. */
struct fold_pause {
	char *person, *reason; /* NULL: nobody has */
	int64_t since, until;  /* until 0: until somebody resumes it */
};
/* A state that was reached: all there is to go back to. */
struct fold_held {
	char commit[STACK_ID_SIZE], tree[STACK_ID_SIZE];
	const struct fold_plan *plan; /* that brought it, NULL: it was found to hold */
	int64_t time;
	bool trial;
};
/* A commit that was rolled back. */
struct fold_bad {
	char *why;
	char commit[STACK_ID_SIZE], tree[STACK_ID_SIZE]; /* what was wanted instead */
};
struct fold_stack {
	char *name;
	struct stack_facts facts;
	char *repository, *ref; /* of the newest commit, NULL before */
	bool has_commits;
	struct hash commits;		  /* digest of the list of commits */
	char *accepted_by, *accepted_why; /* of facts.accepted, NULL before the first */
	/* The newest, or the one that a person has gone back to since; NULL before the first. */
	struct fold_plan *plan;
	struct fold_plan *applied; /* the newest that was started, NULL before */
	struct fold_plan *halted;  /* as facts.halted; NULL: none */
	struct fold_pause pause;   /* as facts.suspended */
	struct told told;	   /* alerts, and who steered what */
	GHashTable *bad;	   /* commits that were rolled back, to struct fold_bad */
	GPtrArray *held;	   /* struct fold_held, oldest first; neighbours differ */
	bool has_try_commits;
	struct hash try_commits; /* as commits, of what is tried */
};
struct fold {
	GHashTable *stacks; /* name to struct fold_stack */
	GPtrArray *plans;   /* struct fold_plan, oldest first */
	GHashTable *by_id;
	int64_t next_number;	      /* of the next plan */
	char signers[HASH_TEXT_SIZE]; /* approver list in force, "" before the first entry */
	uint64_t size;		      /* entries folded */
	struct fold_pause stopped;    /* of everything */
	struct told_steer stop;	      /* the same, and who ended it last */
};

struct fold *fold_new(void);
void fold_free(struct fold *fold);
bool fold_entry(struct fold *fold, const struct entry *entry, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Made when there is none. */
struct fold_stack *fold_stack_get(struct fold *fold, const char *name);
/* By full id, or by a unique prefix of at least 7 digits with or without "sha256:". NULL when there
 * is none; *ambiguous tells whether there are several. */
struct fold_plan *fold_find_plan(const struct fold *fold, const char *id, bool *ambiguous);
/* Approvals of a plan, rejections not counted. */
size_t fold_approvals(const struct fold_plan *plan);

typedef struct fold fold_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(fold_auto, fold_free)
