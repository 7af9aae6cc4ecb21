/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What people are told: the view of one plan, incident or group that every
 * renderer takes, whatever system it writes for.
 *
 *	notice_of_plan(agent, plan, &notice, &error)
 *	notice_new() and fields                           incidents, tests
 *	notice_free(notice)
 *
 * All strings belong to the notice, are UTF-8 and hold no control characters
 * or invisible marks (diff holds newlines and tabs besides); the content of
 * sealed resources is never among them. Markup is not escaped and nothing is
 * shortened but the lists and the diff: escaping and a system's limits are its
 * renderer's own (see notify/text.h).
 *
 * The view is made from the folded log at the moment of sending, so a message
 * that waited shows what holds now.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/plan.h"
#include "core/record.h"
#include "core/statement.h"

struct agent;
struct fold_plan;

#define NOTICE_CHANGES 50	    /* listed at most, deletions first */
#define NOTICE_COMMITS 10	    /* listed at most, newest first */
#define NOTICE_ITEMS 50		    /* of a group */
#define NOTICE_DIFF ((size_t)16384) /* bytes of whole lines at most */

enum notice_kind {
	NOTICE_PLAN,	/* key "plan:sha256:..." */
	NOTICE_BLOCKED, /* key "blocked:STACK" */
	NOTICE_DRIFT,	/* key "drift:STACK" */
	NOTICE_DEAD,	/* key "dead": the log cannot be written */
	NOTICE_BROKEN,	/* key "break-glass:sha256:...": one person decided for all; told once */
	NOTICE_GROUP,	/* key "group:...": many plans at once */
	NOTICE_ALERT,	/* the rest: see notify/incident.h */
	NOTICE_SUSPENDED,
	NOTICE_STOPPED,
	NOTICE_ROLLBACK,
	NOTICE_TRIAL,
};
enum notice_event {
	NOTICE_PENDING,
	NOTICE_VOTED, /* pending, with at least one vote */
	NOTICE_REJECTED,
	NOTICE_EXPIRED,
	NOTICE_SUPERSEDED,
	NOTICE_VOID, /* the host changed meanwhile */
	NOTICE_APPLYING,
	NOTICE_OK,
	NOTICE_FAILED,
	NOTICE_ROLLED_BACK,
	NOTICE_INTERRUPTED,
	NOTICE_PROBLEM,	 /* an incident goes on */
	NOTICE_RESOLVED, /* an incident is over */
};
/* "pending", "voted", ...; NULL-terminated. Part of the webhook's documented JSON. */
extern const char *const notice_event_names[];
extern const char *const notice_kind_names[]; /* "plan", "blocked", ... */

struct notice_vote {
	char *person, *channel, *reason;
	enum verdict verdict;
	int64_t time;
};
struct notice_change {
	char *id;	    /* "file:/etc/x" */
	char *renamed_from; /* NULL: not renamed */
	char *becomes;	    /* " 1.22-1 -> 1.24-1", "": nothing to say */
	char *notes;	    /* why, what is run ...: parted by "; ", translated; NULL: none */
	char *before, *after, *run; /* the same for programs; NULL: none */
	enum plan_action action;
	unsigned risk; /* enum plan_risk */
	bool implied, outside;
};
struct notice_commit {
	char *id, *author, *subject;
};
struct notice_verification { /* as in the plan, see core/plan.h */
	char *mode;	     /* NULL: nothing was demanded, the rest is not set */
	int64_t checked, signatures;
	char **signers;
	char *seal; /* NULL: none */
};
struct notice_item {
	char *stack, *plan;
	int64_t number, changes, deletions;
};

struct notice {
	enum notice_kind kind;
	enum notice_event event;
	bool reminder;
	char *key, *agent;
	char *stack; /* NULL: the agent itself */
	/* the log as it stood, so that chats are witnesses too */
	uint64_t log_size;
	char log_root[HASH_TEXT_SIZE];
	char *link; /* of the review page or the overview, NULL: no public address */

	/* an incident, or why a plan ended; NULL: nothing to add */
	char *text;
	int64_t since; /* 0: not known */

	/* of notify/incident.h */
	enum record_condition condition; /* NOTICE_ALERT */
	int64_t round;			 /* reminders of its own so far */
	int64_t lasted;			 /* of an alert that is over, 0: not known */
	int64_t until;			 /* 0: without end; of a plan, its trial's, 0: none */
	char *person;			 /* who asked for it, or ended it; NULL: nobody */
	char *what;			 /* the commit or ref; NULL: none */

	/* NOTICE_PLAN, and of NOTICE_BROKEN what notice_brief() knows */
	char *plan;	   /* "sha256:..." */
	char short_id[13]; /* what people type */
	int64_t number, created, expires, required, approvals;
	char *why; /* "commit", "drift", ... */
	char *repository, *ref, *commit;
	char *base;    /* NULL: nothing was applied before */
	unsigned risk; /* of all changes */
	bool is_rewritten;
	char *vouched;				 /* who signed the commits; NULL: nobody had to */
	struct notice_verification verification; /* the same in its parts */
	char **restores;    /* plans whose approvals it stands on; NULL, empty: on its own */
	int64_t gone_total; /* commits that the target lacks, -1: not known */
	GPtrArray *gone;    /* struct notice_commit, listed as commits are */
	int64_t actions[ACTION_RUN + 1], changes_total, deletions;
	GPtrArray *changes; /* struct notice_change */
	GPtrArray *commits; /* struct notice_commit */
	int64_t commits_total;
	char **from;	  /* who may decide */
	char **accepts;	  /* channels by which, "signature" and others */
	GPtrArray *votes; /* struct notice_vote */
	int64_t done, undone, left;
	bool halted;	   /* it can be resumed or undone */
	int64_t outside;   /* changes of what was changed outside since it was applied */
	char *sizes;	   /* of packages; NULL: nothing is known */
	char *diff;	   /* its beginning in whole lines, "" when there is none */
	int64_t diff_left; /* bytes of the diff that are not in here */

	/* NOTICE_GROUP */
	GPtrArray *items; /* struct notice_item */
	int64_t items_total;
};

struct notice *notice_new(enum notice_kind kind, enum notice_event event);
void notice_free(struct notice *notice);
/* The plan as it stands now; link is made from public_url, which may be NULL. */
bool notice_of_plan(struct agent *agent, const struct fold_plan *plan, const char *public_url,
		    struct notice **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What the plan's own document says. */
void notice_take_plan(struct notice *notice, const struct plan *plan);
/* What the folded log alone says of it: no lists but the votes, no diff, no policy. */
struct notice *notice_brief(struct agent *agent, const struct fold_plan *plan);
/* Who broke the glass for this plan; NULL: nobody. */
const struct notice_vote *notice_broken(const struct notice *notice);
/* What a plan's state is called. */
enum notice_event notice_plan_event(const struct fold_plan *plan);
/* Sets size, root and the agent's name. */
void notice_stamp(struct notice *notice, struct agent *agent);
/* Does the log say itself when to remind of it? */
bool notice_has_rounds(const struct notice *notice);
/* Do buttons make sense? A plan that waits for decisions. */
bool notice_is_open(const struct notice *notice);
/* May a decision come by this channel? */
bool notice_accepts(const struct notice *notice, const char *channel);
/* text with control characters and invisible marks made visible and bad bytes replaced; one line
 * unless lines, which keeps newlines and tabs. At most max bytes, whole characters. g_free(). */
char *notice_clean(const char *text, size_t len, size_t max, bool lines);

typedef struct notice notice_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(notice_auto, notice_free)
