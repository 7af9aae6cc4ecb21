/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent: configuration, log, folded state, stacks and jobs in one place,
 * owned by the main loop's one thread.
 *
 *	agent_open(conf, &agent, &error)     lock, replay, keys, approver list
 *	agent_run(agent)                     settle what is open, recover, then everything else
 *	agent_send(unit, event, news)        whatever happened; performs the effects
 *	agent_reload(agent, conf, &error)    the new configuration, or the old one stays
 *	agent_stop(agent, stopped, user)     stopped is called when no job runs any more
 *
 * A log that cannot be written is the end of all action: every stack is blocked,
 * and only what stands in the log already is still shown.
 */
#include <glib.h>
#include <stdbool.h>

#include "agent/draft.h"
#include "agent/drift.h"
#include "agent/fold.h"
#include "agent/jobs.h"
#include "agent/policy.h"
#include "agent/pushers.h"
#include "agent/stack.h"
#include "agent/store.h"
#include "agent/tally.h"
#include "agent/window.h"
#include "base/conf.h"
#include "core/record.h"
#include "core/signers.h"

struct agent;
struct cluster_watch;
struct differ;
struct leader;
struct doors;
struct ownconf;
struct retention;
struct sessions;
struct watch;

/* A stack of the configuration. */
struct agent_unit {
	struct agent *agent;
	const struct conf_stack *conf; /* of agent->conf */
	struct fold_stack *record;     /* of agent->fold */
	struct stack step;
	struct alert_watch alerts;
	struct windows *windows;
	struct pushers *pushers; /* of commits that have not come yet */
	guint timer;
	bool recheck;	 /* the open plan's votes must be counted */
	bool reconsider; /* the open plan may be of another configuration; comes with recheck */
	bool outdated;	 /* the running job was started under another configuration */
	/* the newest plan job's, until the next one */
	struct draft *draft;
	struct watch *watch; /* NULL: nothing is watched */
	struct drift *drift; /* what differs; NULL: it was not asked for */
	bool asks_drift;     /* of that job, it was */
	char *plan;
	size_t plan_len;
	uint64_t applies_moves; /* facts.moves when the list of applies was written */
	char *steerer;		/* who asked to resume or undo, last */
	struct tally tally;	/* of its jobs */
	bool held;		/* suspended or stopped at the last look */
	/* Which came first, by agent->stamps: the order for the newest fetch, for the newest that
	 * came to an end, and the newest plan; 0: none since this process began. */
	uint64_t asked, fetched, planned;
	/* Which of the addresses has answered last, 0: the first; and why the first has not, or
	 * NULL. */
	unsigned remote;
	char *remote_problem;
	bool look_first; /* another stack waits for it to fetch */
	enum stack_state told_state;
	uint64_t told_fetch;   /* what those who wait were told */
	struct differ *differ; /* what is compared, or was just now; NULL */
};

/* Who wants to know; both may be NULL. */
struct agent_watch {
	void (*entry)(const char *raw, size_t len, void *user); /* a new log entry */
	void (*changed)(void *user);				/* some stack moved */
	void *user;
};

struct agent {
	struct conf *conf;
	struct store *store;
	struct fold *fold;
	struct signers *signers;
	GArray *people;		 /* struct approval_person, borrowed from conf */
	struct ssh_key plan_key; /* the public half */
	GHashTable *units;	 /* conf's stack name to struct agent_unit */
	struct jobs *jobs;
	struct cluster_watch *clusters; /* who follows them */
	struct agent_watch watch;
	struct sessions *sessions;  /* of the pages; main()'s */
	const struct langs *langs;  /* that pages can be in; main()'s. NULL: English */
	const struct lang *lang;    /* the agent's own */
	struct agent_watch notices; /* the same for notify/ */
	struct doors *doors;	    /* of callbacks, the only thing that is not the main loop's
				     * alone; main()'s */
	struct notify *notify;	    /* NULL: nobody is told */
	struct agent_watch manager; /* the same for the service manager */
	struct leader *leader;	    /* NULL: no leader election; main()'s */
	struct ownconf *own;	    /* see ownconf.h */
	int64_t log_bytes;	    /* of all entries together */
	char *dead;		    /* why the log cannot be written, or NULL */
	guint mourning;		    /* idle source that tells the stacks */
	guint looking;		    /* idle source that has all stacks look */
	uint64_t stamps;	    /* given so far */
	/* Contents of old plans are being looked for, by this timer; NULL, 0: not now. When they
	 * were last, 0: not since this process began. */
	struct retention *retention;
	guint retaining;
	int64_t retained;
	bool stopping;
	void (*stopped)(void *user);
	void *stopped_user;
};

/* What comes with an event, for the effects that follow from it. */
struct agent_news {
	struct stack_details details;
	const char *commits; /* FETCHED: the list's JSON */
	size_t commits_len;
	enum record_result result; /* APPLIED */
	int64_t done, undone, left;
	bool halted;	   /* it can be resumed or undone */
	bool refused;	   /* before anything was touched: what was before still is */
	const char *steps; /* what became of each change, JSON; NULL: not told */
	size_t steps_len;
};

/* conf belongs to the agent from here on, whatever comes back. */
bool agent_open(struct conf *conf, struct agent **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void agent_close(struct agent *agent);
void agent_run(struct agent *agent);
void agent_send(struct agent_unit *unit, enum stack_event event, const struct agent_news *news);
bool agent_reload(struct agent *agent, struct conf *conf, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void agent_stop(struct agent *agent, void (*stopped)(void *user), void *user);

/* The address that has answered last, of those that the stack has now. */
const char *agent_remote(const struct agent_unit *unit);
/* NULL when there is no such stack. */
struct agent_unit *agent_unit(const struct agent *agent, const char *name);
/* Durable and folded when it returns. A failure is the end: see above. stack may be NULL. */
bool agent_append(struct agent *agent, const char *stack, const struct record *record,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same with the type's members as JSON. */
bool agent_append_text(struct agent *agent, enum entry_type type, const char *stack,
		       const char *fields, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether one is shut now, for unit->step. */
void agent_look_at_windows(struct agent_unit *unit);
/* Something without which nothing may go on has failed; ends as a failed append does. */
void agent_fail(struct agent *agent, const char *why);
/* STATE/jobs/STACK/NAME; g_free() */
char *agent_scratch(const struct agent_unit *unit, const char *name);
int64_t agent_now(void);
