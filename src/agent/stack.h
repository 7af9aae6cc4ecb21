/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A stack's life, as a pure step.
 *
 * Two kinds of knowledge meet here. struct stack_facts is what the log says:
 * only folding an entry changes it (fold.h), so that a restart knows the same.
 * struct stack is what this process knows besides: which job runs, what was
 * asked for, when something is due. stack_step() takes an event and gives the
 * effects that the loop must perform in their order:
 *
 *	stack_step(stack, facts, STACK_FETCHED, &details, now, random, &effects);
 *	...perform them; appended entries are folded into facts...
 *	stack_step(stack, facts, STACK_LOOK, NULL, now, random, &effects);   -- until none is left
 *
 * Events report; only STACK_LOOK starts jobs, with the facts as they stand
 * after the reports were written down. An event that does not fit (the result
 * of a job that does not run) changes nothing.
 *
 * What is never done by itself: a plan for a commit whose plan was rejected,
 * has expired or has failed. A person (STACK_REPLAN) or a new commit must come.
 * Nor is an apply that halted gone on with or taken back, but by a person
 * (STACK_RESUME, STACK_UNDO), who asks stack_may_steer() first.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "core/record.h"

#define STACK_ID_SIZE 65 /* a Git id and NUL */
#define STACK_REASON_MAX 512
#define STACK_REF_SIZE 256

enum stack_state {
	STACK_STATE_IDLE,
	STACK_STATE_PLANNING,
	STACK_STATE_PENDING,
	STACK_STATE_APPLYING,
	STACK_STATE_CONVERGED,
	STACK_STATE_FAILED,
	STACK_STATE_DRIFTED,
	STACK_STATE_SUSPENDED,
	STACK_STATE_BLOCKED,
};
extern const char *const stack_state_names[]; /* "idle", ...; NULL-terminated */

enum stack_job {
	STACK_JOB_NONE,
	STACK_JOB_FETCH,
	STACK_JOB_PLAN,
	STACK_JOB_APPLY,
	STACK_JOB_RECOVER,
	STACK_JOB_DIFF, /* beside the others, and none of the stack's: see differ.h */
};
extern const char *const stack_job_names[];

/* What the newest plan is, or how it ended. */
enum stack_phase {
	STACK_PHASE_NONE,
	STACK_PHASE_OPEN,
	STACK_PHASE_APPLYING,
	STACK_PHASE_SUPERSEDED,
	STACK_PHASE_EXPIRED,
	STACK_PHASE_REJECTED,
	STACK_PHASE_VOID,
	STACK_PHASE_APPLIED,
	STACK_PHASE_FAILED,
	STACK_PHASE_ROLLED_BACK,
	STACK_PHASE_INTERRUPTED,
};
/* "none", "pending", "applying", "superseded", ...; NULL-terminated */
extern const char *const stack_phase_names[];

enum stack_block {
	STACK_BLOCK_NONE,
	STACK_BLOCK_REWOUND,
	STACK_BLOCK_DELETED,
	STACK_BLOCK_EMPTY,
	STACK_BLOCK_MANIFEST,
	STACK_BLOCK_FETCH,
	STACK_BLOCK_SIGNATURE,
};
extern const char
	*const stack_block_names[]; /* "", "rewound", ... as in the log; NULL-terminated */

#define STACK_FIXES 16

/* What was put back without asking anybody. */
struct stack_fix {
	int64_t time; /* 0: none */
	char drift[HASH_TEXT_SIZE];
};
struct stack_facts {
	char commit[STACK_ID_SIZE], tree[STACK_ID_SIZE];    /* newest seen, "" before the first */
	char base[STACK_ID_SIZE], base_tree[STACK_ID_SIZE]; /* what holds on the host, "" before */
	char settled[STACK_ID_SIZE]; /* its plan was rejected, expired or failed: leave it alone */
	enum stack_phase phase;	     /* of the newest plan */
	char plan[HASH_TEXT_SIZE], plan_commit[STACK_ID_SIZE];
	int64_t plan_number, plan_created, plan_expires, plan_required;
	int64_t plan_quiet;			   /* when the policy approves it, 0: never */
	char plan_reason[STACK_REASON_MAX];	   /* why it ended */
	char plan_broken[STACK_REASON_MAX];	   /* who broke the glass, and why; "" */
	int64_t plan_done, plan_undone, plan_left; /* of its apply */
	/* The plan whose apply halted, so that it can be resumed or undone, "": none. It is the
	 * newest unless another was made since. */
	char halted[HASH_TEXT_SIZE];
	int64_t halted_number;
	enum stack_block block;
	char block_commit[STACK_ID_SIZE], block_reason[STACK_REASON_MAX];
	/* The one tip that may be planned although it does not descend from base, "": none. */
	char accepted[STACK_ID_SIZE];
	char suspended[STACK_REASON_MAX]; /* "" unless it is */
	int64_t suspended_until;	  /* 0: until somebody resumes it */
	/* What a person has rolled back to and wants instead of commit, "": nothing. */
	char pin[STACK_ID_SIZE], pin_tree[STACK_ID_SIZE], pin_why[STACK_REASON_MAX];
	bool is_bad; /* commit is one that was rolled back: it is not applied again */
	/* What is known to lie between base and commit was worked out for another base, to which
	 * nobody has gone forward: it must be fetched anew before a plan tells of it. */
	bool commits_stale;
	/* The ref that is tried ("": none), until when and why; its newest commit ("" before the
	 * first); and what held before, to which the end of the trial returns. */
	char try_ref[STACK_REF_SIZE], try_why[STACK_REASON_MAX];
	int64_t try_until;
	char try_commit[STACK_ID_SIZE], try_tree[STACK_ID_SIZE];
	bool try_bad; /* as is_bad, of try_commit */
	char try_from[STACK_ID_SIZE], try_from_tree[STACK_ID_SIZE];
	bool returning;		    /* the trial has ended, and try_from does not hold yet */
	char drift[HASH_TEXT_SIZE]; /* stack_drift_key() of the recorded drift, "" without */
	int64_t drift_count;
	int64_t drift_since;	/* when it was first seen, 0: there is none */
	bool has_drift_details; /* what differs, in the store of objects */
	struct hash drift_details;
	struct stack_fix fixes[STACK_FIXES]; /* the newest first */
	int64_t changed;		     /* time of the last entry but votes; 0: none */
	uint64_t moves;			     /* how many such entries there are */
};

struct stack_settings {
	int64_t interval, backoff_max, drift_interval; /* seconds; drift_interval 0: never */
};

struct stack {
	struct stack_settings settings;
	enum stack_job job;
	bool want_fetch, want_plan; /* a person asked */
	bool asked;		    /* the running plan job: by a person */
	bool looks;		    /* it is one of what holds, and only tells */
	bool touched;		    /* something has changed since it was started */
	bool ask_first;		    /* the next plan of drift is for people, whatever it restores */
	bool unfixable;		    /* whoever applies puts nothing back without being asked */
	unsigned touches;	    /* see stack-drift.h */
	int64_t touch_time;
	bool fetch_due;		 /* fetch at once (first round) */
	bool fetched;		 /* just now: it is a plan's turn */
	bool plan_known;	 /* whether the newest commit can be planned */
	bool tries;		 /* the fetch that runs, or was last, is of the ref that is tried */
	bool turn;		 /* then it is the branch's turn */
	uint64_t listed;	 /* facts.moves when stale commits were asked for last */
	bool approved;		 /* the open plan has what it needs */
	enum record_mode wanted; /* a person asked for it; MODE_APPLY: nobody did */
	enum record_mode mode;	 /* of the apply that runs */
	int64_t started; /* since when people could be asked and heard: the agent's own start */
	/* What the caller says of the windows before each step: an approved plan waits, until
	 * opens (0: nobody knows). */
	bool shut;
	int64_t opens;
	/* What keeps it from everything: another agent leads, "": none. */
	char follows[STACK_REASON_MAX];
	/* And of everything: who has stopped it and why, "": nobody; until when, 0: nobody knows.
	 */
	char stopped[STACK_REASON_MAX];
	int64_t stopped_until;
	/* And of the stacks that this one comes after: what an approved plan waits for, "":
	 * nothing. */
	char waits[STACK_REASON_MAX];
	bool owned; /* what is tried is the stack's own branch now, as the configuration has it */
	bool dead;  /* the log cannot be written */
	unsigned fetch_failures, plan_failures, recover_failures, voids; /* in a row */
	int64_t next_fetch, next_plan, next_drift, next_recover;	 /* 0: not due */
	char fetch_problem[STACK_REASON_MAX], plan_problem[STACK_REASON_MAX];
	char recover_problem[STACK_REASON_MAX], lost[STACK_REASON_MAX];
	char try_problem[STACK_REASON_MAX]; /* why the tip of what is tried is not planned, "" */
	char fix_problem[STACK_REASON_MAX]; /* why drift is not put back by itself, "" */
	/* what stack_step() leaves for people */
	enum stack_state state;
	char reason[STACK_REASON_MAX];
	size_t own;	     /* bytes of reason before what it says of a pin or a trial */
	int64_t since, wake; /* wake: when to look again, 0: never by itself */
	uint64_t moves;	     /* as in the facts when state was told last */
};

/* When silence has lasted long enough, 0: it never does. Nobody could hear of the plan, or reject
 * it, while the agent was away: that time does not count. */
int64_t stack_quiet_due(const struct stack *stack, const struct stack_facts *facts);

enum stack_event {
	STACK_LOOK,	      /* time has passed or facts have changed: decide again */
	STACK_SYNC,	      /* a person asks: fetch now */
	STACK_PLAN,	      /* a person asks: plan now, without fetching */
	STACK_REPLAN,	      /* a new plan in place of the last; reason may say why */
	STACK_FOLLOW,	      /* a person has accepted a rewritten history: fetch, then plan */
	STACK_RESUME,	      /* a person asks: go on with the apply that halted */
	STACK_UNDO,	      /* a person asks: take it back */
	STACK_FETCHED,	      /* commit, tree, renewed, bad */
	STACK_FETCH_BAD,      /* block, commit, reason */
	STACK_FETCH_FAILED,   /* reason */
	STACK_PLANNED,	      /* drift_key, restores: a draft with changes */
	STACK_PLAN_EMPTY,     /* nothing to change */
	STACK_DIFFERS,	      /* drift_key: no draft, but there is something to tell */
	STACK_TOUCHED,	      /* something was changed on the host: look */
	STACK_PLAN_BAD,	      /* reason: the manifest */
	STACK_PLAN_FAILED,    /* reason */
	STACK_APPROVED,	      /* the open plan's votes suffice */
	STACK_APPLIED,	      /* an apply or a recovery ended with a result; reason, refused, ok */
	STACK_STALE,	      /* reason: the worker refused, nothing was touched */
	STACK_APPLY_LOST,     /* the worker went without a result; reason */
	STACK_NOTHING_LEFT,   /* a recovery or a person found nothing to do */
	STACK_RECOVER_FAILED, /* reason */
	STACK_DEAD,	      /* the log cannot be written */
	STACK_EVENTS,
};
struct stack_details { /* by event, see above; NULL where it does not apply */
	const char *commit, *tree, *reason, *drift_key;
	enum stack_block block;
	bool behind;	     /* a fallback's, which says nothing of what is newest */
	bool bad;	     /* the commit was rolled back */
	bool drift_changed;  /* what differs is not as the log has it, although the key is */
	bool restores;	     /* all of the draft is proven to be what was approved */
	bool refused;	     /* the worker would not begin */
	bool ok;	     /* all of the apply was done */
	const char *renewed; /* why a commit that was seen before counts as new, NULL: it does not
			      */
};

enum stack_effect {
	STACK_DO_FETCH,
	STACK_DO_PLAN,
	STACK_DO_APPLY,
	STACK_DO_RECOVER,  /* start the job */
	STACK_DO_PUBLISH,  /* compose, sign and record the plan of this draft */
	STACK_LOG_COMMIT,  /* the rest append one entry each */
	STACK_LOG_BLOCKED, /* of this event's block and reason */
	STACK_LOG_UNBLOCKED,
	STACK_LOG_CLOSED,    /* the open plan, with phase and reason */
	STACK_LOG_CONVERGED, /* facts.commit is what holds */
	STACK_LOG_DRIFT,
	STACK_LOG_APPLY_START, /* of the open plan, or of the one that halted, by stack.mode */
	STACK_LOG_APPLY_DONE,  /* of this event's result */
	STACK_LOG_INTERRUPTED, /* apply-done without a worker's result */
	STACK_LOG_RESUME,      /* the stack was suspended, and the time for that is over */
	STACK_LOG_RETURN,      /* the trial ends, for this reason */
};
struct stack_effects {
	struct {
		enum stack_effect kind;
		enum stack_phase phase;	       /* LOG_CLOSED */
		char reason[STACK_REASON_MAX]; /* LOG_CLOSED, LOG_CONVERGED, LOG_INTERRUPTED */
	} items[6];
	size_t count;
};

void stack_init(struct stack *stack, const struct stack_settings *settings);
void stack_step(struct stack *stack, const struct stack_facts *facts, enum stack_event event,
		const struct stack_details *details, int64_t now, uint32_t random,
		struct stack_effects *effects);
/* Nothing runs and nothing is about to: a person who waits may go. */
bool stack_rests(const struct stack *stack, const struct stack_facts *facts, int64_t now);
/* Why what halted cannot be steered; what a person can do about it is for the caller to say. */
enum stack_refusal {
	STACK_MAY,
	STACK_NOT_HALTED,
	STACK_BUSY,	 /* an apply runs, or was asked for */
	STACK_NEWER,	 /* a commit or a plan has come since */
	STACK_EXPIRED,	 /* so has the plan */
	STACK_SUSPENDED, /* these four only to resume */
	STACK_BLOCKED,
	STACK_SHUT,
	STACK_WAITS,
	STACK_STOPPED, /* this one in any case */
};
/* mode: MODE_RESUME or MODE_UNDO */
enum stack_refusal stack_may_steer(const struct stack *stack, const struct stack_facts *facts,
				   enum record_mode mode, int64_t now);
/* Does a window keep the open plan, once it is approved? Who breaks the glass opens it. */
bool stack_is_held(const struct stack *stack, const struct stack_facts *facts);
/* Does another stack keep it? Who breaks the glass waits for none. */
bool stack_is_waiting(const struct stack *stack, const struct stack_facts *facts);
/* Is it suspended, or everything stopped? Nobody but who ends that is let through. */
bool stack_is_suspended(const struct stack *stack, const struct stack_facts *facts);
/* The commit that is to hold, "": none yet: of the trial, of the pin, or the branch's newest. */
const char *stack_target(const struct stack_facts *facts);
const char *stack_target_tree(const struct stack_facts *facts);
/* Is it the branch's newest, and nothing that a person wants instead? */
bool stack_follows(const struct stack_facts *facts);
/* Does what blocks the stack concern its target? A branch that cannot be followed does not keep an
 * earlier commit from being wanted back. */
bool stack_is_blocked(const struct stack_facts *facts);
/* Was the target rolled back? Nothing plans it, but a person who takes that back. */
bool stack_targets_bad(const struct stack_facts *facts);
/* Must the target's commits be listed anew before it is planned? */
bool stack_wants_list(const struct stack_facts *facts);
/* What the tip of a ref must descend from: what holds, but for a trial, what held before. */
const char *stack_known(const struct stack_facts *facts);
/* Why the trial must end now, NULL: it goes on, or there is none. */
const char *stack_trial_end(const struct stack *stack, const struct stack_facts *facts,
			    int64_t now);
/* Is the next plan one of drift, not of a commit? */
bool stack_plans_drift(const struct stack_facts *facts);
/* Does the newest commit not descend from what holds, and has a person accepted that? */
bool stack_is_rewritten(const struct stack_facts *facts);
/* text as one bounded line of whole characters; "…" ends one that was cut. */
void stack_keep(char out[STACK_REASON_MAX], const char *text);
/* The commit that the running plan job is about. */
const char *stack_plan_commit(const struct stack *stack, const struct stack_facts *facts);
/* What makes two drifts the same: their count and ids. */
void stack_drift_key(char out[HASH_TEXT_SIZE], int64_t count, const char *const *ids, size_t n);
