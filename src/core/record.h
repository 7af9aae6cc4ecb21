/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What each type of log entry says (doc/formats.md 4), typed.
 *
 *	record_read(&rec, &entry, err)     from a parsed entry: complete or refused
 *	record_write(&fields, &rec, err)   the members that store_append() takes
 *
 * Strings and hashes that are NULL or absent are marked optional below; all
 * others must be there. After record_read() strings belong to the entry.
 */
#include "core/entry.h"
#include "core/hash.h"
#include "core/plan.h"
#include "core/statement.h"

#define RECORD_MAX_VOTES 256
#define RECORD_MAX_RESOURCES 50
#define RECORD_ACTIONS (ACTION_RUN + 1)

enum record_outcome {
	OUTCOME_SUPERSEDED,
	OUTCOME_EXPIRED,
	OUTCOME_REJECTED,
	OUTCOME_VOID,
	OUTCOME_CONVERGED,
};
extern const char *const record_outcome_names[];
enum record_result { RESULT_OK, RESULT_FAILED, RESULT_ROLLED_BACK, RESULT_INTERRUPTED };
extern const char *const record_result_names[];
/* How an apply came about. All but the first are asked for by a person, of one that halted. */
enum record_mode { MODE_APPLY, MODE_RESUME, MODE_UNDO };
extern const char *const record_mode_names[]; /* "apply", "resume", "undo", NULL */
enum record_block {
	BLOCK_REWOUND,
	BLOCK_DELETED,
	BLOCK_EMPTY,
	BLOCK_MANIFEST,
	BLOCK_FETCH,
	BLOCK_SIGNATURE,
};
extern const char *const record_block_names[];

struct record_genesis {
	const char *agent, *log_key, *plan_key;
	struct hash allowed_signers;
};
struct record_policy {
	struct hash allowed_signers;
};
struct record_commit {
	const char *commit, *ref, *repository, *tree;
	bool has_commits;
	struct hash commits; /* optional */
};
struct record_plan {
	struct hash plan;
	const char *commit, *reason, *sig;
	int64_t number, required, expires;
	int64_t quiet;			 /* when the policy approves, 0: never by itself */
	int64_t summary[RECORD_ACTIONS]; /* how many changes of each action */
};
struct record_approval {
	struct hash plan;
	enum verdict decision;
	struct attestation by;	 /* how it came; read from the statement where it is attested */
	const char *fingerprint; /* of the person's key; NULL where it is attested */
	const char *person, *reason, *sig, *statement;
};
struct record_closed {
	enum record_outcome outcome;
	struct hash plan;	   /* not with OUTCOME_CONVERGED */
	const char *commit, *tree; /* only with OUTCOME_CONVERGED */
	const char *reason;
};
struct record_apply_start {
	struct hash plan;
	const char *commit;
	uint64_t approvals[RECORD_MAX_VOTES]; /* indices of entries */
	size_t approvals_count;
	enum record_mode mode;
	const char *person; /* who asked; NULL with MODE_APPLY */
};
struct record_apply_done {
	struct hash plan;
	enum record_result result;
	const char *commit, *tree, *reason;
	int64_t done, undone, left;
	bool halted; /* only with RESULT_FAILED: it can be resumed or undone */
	bool has_steps;
	struct hash steps; /* optional: of the list of steps (doc/formats.md 4) */
};
struct record_blocked {
	enum record_block kind;
	const char *commit; /* optional */
	const char *reason;
};
struct record_drift {
	int64_t changes;
	bool has_plan;
	struct hash plan; /* optional */
	const char *resources[RECORD_MAX_RESOURCES];
	size_t resources_count;
	int64_t since; /* when it was first seen, 0: not given */
	bool has_details;
	struct hash details; /* optional: of the list of what differs (doc/formats.md 4) */
};
struct record_suspend { /* and resume */
	const char *person, *reason;
	int64_t until; /* 0: not given */
};
struct record_note {
	const char *text;
};
/* A person accepts that the branch's tip does not descend from what was applied last. */
struct record_rewritten {
	const char *base, *commit, *person, *reason;
};

/* A person wants what an earlier applied plan had brought, and pins the stack to it. */
struct record_rollback {
	const char *commit, *tree; /* of that plan */
	bool has_plan;		   /* not where the commit held without one */
	struct hash plan;
	const char *bad; /* the commit that is left and not applied again; NULL: none */
	const char *person, *reason;
};
/* The pin goes. */
struct record_unpin {
	const char *commit; /* may be applied again although it was left as bad; NULL: none */
	const char *person, *reason;
};
/* A branch beside the stack's own is applied until a time. */
struct record_try {
	const char *ref, *person, *reason;
	int64_t until;
};
/* And the trial is over. */
struct record_return {
	const char *person; /* who ended it; NULL: its time was over */
	const char *reason;
};
enum record_alert_state { ALERT_RAISED, ALERT_REMINDED, ALERT_RESOLVED };
extern const char *const record_alert_state_names[];
enum record_condition {
	CONDITION_DRIFT,     /* what was changed by others is as it was found */
	CONDITION_FETCH,     /* fails again and again */
	CONDITION_PLAN,	     /* the same */
	CONDITION_APPLY,     /* the newest has failed or halted */
	CONDITION_BLOCKED,   /* as the stack's state says */
	CONDITION_FLAPPING,  /* it comes and goes */
	CONDITION_SUSPENDED, /* its end comes near; only with ALERT_REMINDED */
};
extern const char *const record_condition_names[];
struct record_alert {
	enum record_condition condition;
	enum record_alert_state state;
	int64_t since; /* when the condition began */
	int64_t count; /* of reminders so far */
	const char *reason;
};

struct record {
	enum entry_type type;
	union {
		struct record_genesis genesis;
		struct record_policy policy;
		struct record_commit commit;
		struct record_plan plan;
		struct record_approval approval;
		struct record_closed closed;
		struct record_apply_start apply_start;
		struct record_apply_done apply_done;
		struct record_blocked blocked;
		struct record_drift drift;
		struct record_suspend suspend;
		struct record_note note;
		struct record_rewritten rewritten;
		struct record_rollback rollback;
		struct record_unpin unpin;
		struct record_try trial;
		struct record_return end;
		struct record_alert alert;
	} u;
};

int record_read(struct record *out, struct entry *entry, struct assent_error *err) ASSENT_CHECKED;
/* A JSON object without the head's members. Freed with free(). */
int record_write(char **fields, const struct record *record, struct assent_error *err)
	ASSENT_CHECKED;
