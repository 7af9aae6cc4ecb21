/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a signed log tells of plans, people and applies, put in order:
 *
 *	tale_read(cli, &request, &tale, error)   reads and verifies the whole log first
 *	...tale->events, oldest first...
 *	tale_commit(tale, id), tale_find(tale, id)
 *	tale_free(tale)
 *
 * A log that does not verify (checkpoint, tree, signatures, decisions) tells
 * nothing: that is an error. What lies beside it (plans, lists of commits) is
 * believed by its digest in the log; what is not there is NULL.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"
#include "cli/logcheck.h"
#include "core/plan.h"
#include "core/record.h"

struct tale_request {
	const char *place;   /* NULL: the agent's own log */
	const char *key;     /* NULL: what lies beside the log */
	const char *objects; /* the same */
};

struct tale_vote {
	uint64_t entry;
	char *person, *reason;
	enum channel channel;
	enum verdict decision;
	int64_t time;
};
/* One apply of a plan: the first, a resume, or an undo. */
struct tale_run {
	enum record_mode mode;
	char *person;		/* who asked; NULL with MODE_APPLY */
	GPtrArray *votes;	/* struct tale_vote that counted; borrowed */
	int64_t started, ended; /* ended 0: nobody knows of an end */
	enum record_result result;
	bool halted;
	int64_t done, undone, left;
	char *reason;
	GHashTable *outcomes; /* id to "done", "undone" ...; NULL: not told */
};
struct tale_plan {
	char id[HASH_TEXT_SIZE];
	uint64_t entry;
	char *stack, *commit, *reason;
	int64_t number, time, required, quiet;
	GPtrArray *votes; /* struct tale_vote */
	GPtrArray *runs;  /* struct tale_run */
	char *outcome;	  /* how it was closed, NULL: it was not */
	char *end;
	const struct plan *document; /* verified; NULL: it is not here */
};
struct tale_commit {
	char *author, *email, *subject;
	int64_t time;
};
/* A plan, one of its applies, or an entry that is about neither. */
struct tale_event {
	enum entry_type type; /* ENTRY_PLAN, ENTRY_APPLY_START ... */
	uint64_t entry;
	int64_t time;
	char *stack;			       /* NULL: of all */
	const struct tale_plan *plan;	       /* NULL: none */
	const struct tale_run *run;	       /* with ENTRY_APPLY_START */
	char *commit, *person, *reason, *kind; /* NULL: none */
	int64_t until;			       /* 0: none */
	struct json_doc *details;	       /* of a drift; NULL: none */
};

struct tale {
	GPtrArray *events; /* struct tale_event */
	GPtrArray *plans;  /* struct tale_plan */
	struct checkpoint checkpoint;
	bool own_key;	  /* the log itself named its key */
	unsigned missing; /* how often something was not here to be checked */
	/* private */
	GHashTable *commits, *by_id;
	struct log_fold *fold;
	char *objects;
};

bool tale_read(struct cli *cli, const struct tale_request *request, struct tale **out,
	       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void tale_free(struct tale *tale);
/* Says on standard error what the reader has to know of the log's key. */
void tale_remark(const struct tale *tale, const struct out *out);
/* NULL when nothing is known of it. */
const struct tale_commit *tale_commit(const struct tale *tale, const char *id);
/* "alice (signature), bob (slack)"; who stands for people when nobody had to say yes. g_free() */
char *tale_approvers(const struct tale_plan *plan, const struct tale_run *run);
/* "ok", "failed, halted", "running", with who resumed or undid it. g_free() */
char *tale_result(const struct tale_run *run);
/* "people", "policy", "quiet", "break-glass", or "nobody" of an undo */
const char *tale_authority(const struct tale_plan *plan, const struct tale_run *run);
/* Members of an open object. */
void tale_plan_json(struct json_writer *w, const struct tale *tale, const struct tale_plan *plan,
		    const struct tale_run *run);
void tale_commit_json(struct json_writer *w, const char *name, const struct tale *tale,
		      const char *id);

typedef struct tale tale_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(tale_auto, tale_free)
