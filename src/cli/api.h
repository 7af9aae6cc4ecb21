/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent's answers, typed. Each struct owns its document, and its strings
 * live as long; free it with its function. Times are POSIX seconds, 0 where
 * the agent gives none; optional strings are NULL.
 *
 * Nothing here is verified: what a person signs comes from cli/review.h.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/client.h"

struct api_vote {
	const char *person, *decision, *reason, *channel;
	int64_t time;
};
struct api_plan {
	const char *id, *stack, *state, *reason, *commit, *result;
	int64_t seq, required, created, expires;
	int64_t done, undone, left; /* of its apply */
	bool halted, has_steps;
	const char *steered;  /* how its last apply came about: "resume", "undo"; or NULL */
	const char *person;   /* who asked for that */
	char *summary;	      /* "2 create, 1 remove"; owned */
	GArray *votes;	      /* struct api_vote; owned */
	struct json_doc *doc; /* NULL inside a list */
};
/* What became of a change. */
struct api_step {
	const char *id, *action, *outcome, *message;
};
struct api_steps {
	GArray *items; /* struct api_step */
	struct json_doc *doc;
};
struct api_pending {
	bool approved, shut;
	int64_t opens, quiet;
	const char *plan; /* NULL: none */
	int64_t seq, required, votes, expires;
	char *summary; /* owned */
};
/* Who has suspended or stopped something; by NULL: nobody. */
struct api_pause {
	const char *by, *reason;
	int64_t since, until; /* until 0: until somebody resumes it */
};
#define API_ALERTS 8
struct api_alert {
	const char *condition, *reason;
	int64_t since;
	bool quiet; /* nobody is told while the stack is suspended */
};
struct api_stack {
	const char *name, *state, *reason, *commit, *tree, *ref, *repository;
	int64_t drift, drift_since;	 /* places that differ, 0: none is known */
	const char *drift_why;		 /* why they are not put back, or NULL */
	const char *watch_problem;	 /* why the kernel does not tell of all changes, or NULL */
	const struct json_value *leader; /* as the agent says it; NULL: no leader election */
	int64_t since, next_fetch;
	struct api_pending pending;
	const char *last_result; /* of the last apply, NULL: none */
	int64_t last_done, last_undone, last_left;
	const char *last_steered, *last_person; /* "resume" or "undo", and by whom; or NULL */
	const char *halted; /* the plan whose apply can be resumed or undone, NULL: none */
	int64_t halted_seq;
	bool resumable;
	const char *applied; /* the commit that holds, NULL: none */
	const char *rewound; /* the tip that does not descend from it and blocks, or NULL */
	struct api_alert alerts[API_ALERTS];
	size_t alerts_count;
	const char *fetch_problem;	     /* why the last fetch failed, NULL: it did not */
	struct api_pause suspended, stopped; /* this stack; everything */
	const char *trial_ended;    /* why, NULL: a trial is under way, or there was none */
	const char *waits;	    /* for another stack, NULL: for none */
	const char *remote;	    /* the address that answered last, NULL: none has yet */
	const char *remote_problem; /* why it is not the first, NULL: it is */
	const char *job;	    /* "none", "fetch" ...; or NULL */
	const char *progress;	    /* what the job says of itself, NULL: nothing */
	int64_t progress_done, progress_total;
	struct json_doc *doc; /* NULL inside a list */
};
struct api_list {
	GPtrArray *items;    /* struct api_stack or struct api_plan */
	int64_t interrupted; /* of api_all_do(): applies that were asked to come to an end */
	struct json_doc *doc;
};
struct api_info {
	const char *agent, *version, *state_dir, *vkey, *plan_key, *allowed_signers;
	const char *configuration_problem; /* NULL: none */
	int64_t pid, size;
	struct json_doc *doc;
};

bool api_info(struct client *client, struct api_info **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void api_info_free(struct api_info *info);

bool api_status(struct client *client, struct api_list **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool api_stack(struct client *client, const char *name, struct api_stack **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* verb: "sync", "plan", "replan". wait: seconds to wait for the stack to rest, 0: do not. */
bool api_stack_do(struct client *client, const char *name, const char *verb, unsigned wait,
		  struct api_stack **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Accepts that commit does not descend from what was applied last. */
bool api_stack_follow(struct client *client, const char *name, const char *commit,
		      const char *reason, unsigned wait, struct api_stack **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* mode: "resume" or "undo", of the apply that halted. */
bool api_stack_steer(struct client *client, const char *name, const char *mode, unsigned wait,
		     struct api_stack **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* verb: "stop", "resume", of everything. The list is of all stacks. */
bool api_all_do(struct client *client, const char *verb, const char *body, struct api_list **out,
		GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* verb: "suspend", "resume", "rollback", "unpin", "try"; body: as doc/api.yaml says. */
bool api_stack_send(struct client *client, const char *name, const char *verb, const char *body,
		    unsigned wait, struct api_stack **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void api_stack_free(struct api_stack *stack);

/* stack and state may be NULL. */
bool api_plans(struct client *client, const char *stack, const char *state, struct api_list **out,
	       GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool api_plan(struct client *client, const char *id, struct api_plan **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Those of its last apply; only when it has them. */
bool api_plan_steps(struct client *client, const char *id, struct api_steps **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void api_steps_free(struct api_steps *steps);
void api_plan_free(struct api_plan *plan);
void api_list_free(struct api_list *list);

typedef struct api_info api_info_auto;
typedef struct api_stack api_stack_auto;
typedef struct api_plan api_plan_auto;
typedef struct api_list api_list_auto;
typedef struct api_steps api_steps_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(api_info_auto, api_info_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(api_stack_auto, api_stack_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(api_plan_auto, api_plan_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(api_list_auto, api_list_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(api_steps_auto, api_steps_free)
