/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Resource kinds: one const struct target_ops each, found by name in one table.
 * There are two sorts. A path is made ready beside its place and comes there by
 * a rename (worker/target/path.h). An act (a package, a service, a command) has
 * no such place: its commit() does what cannot be prepared in secret, and is
 * framed by two lines of the journal.
 *
 * To add a kind: (1) write src/worker/target/KIND.c with a struct target_ops
 * and what differs from the others; a kind whose targets are paths takes the
 * functions of worker/target/path.h; (2) declare it below and add a line to the
 * table in target.c; (3) tell the manifest about it (src/desired); (4)
 * say in doc/targets.md what is observed, how it is put in place and undone;
 * (5) add tests: /KIND/... in tests/unit/test-path.c or a file of its own, a
 * change of that kind in tests/system/test-apply-kill.sh. The contract: stage()
 * prepares and changes nothing that anybody sees; commit() is one atomic step
 * of a path, and of an act all of it; undo() and finish() can be called again
 * after a crash at any point in them, and find out from what is there, not from
 * memory, what is left to do.
 *
 * Undoing goes twice over the steps: undo() last to first, then revive() first
 * to last. A service that was started is stopped by undo(), before its files
 * go; one that was restarted is restarted by revive(), when its old files are
 * back. Of an act, undo() and revive() are called when its commit() was begun
 * (step->begun), whether it came to an end or not: step->outcome is
 * STEP_DONE when it did. finish() of an act is called whether it was begun or
 * not. What undo() and revive() of an act fail at is told and not tried again,
 * unless it is TARGET_ERROR_AGAIN: then the journal stays.
 *
 * The package changes of one manager stand together and are one transaction:
 * all of them count as begun when the first is, whose commit() does them all;
 * the others' looks whether theirs came about. So do the objects of one
 * cluster, whichever of them comes first.
 */
#include "base/caller.h"
#include "core/plan.h"
#include "desired/desired.h"
#include "worker/target/beneath.h"
#include "worker/target/diff.h"
#include "worker/target/host.h"
#include "worker/target/observe.h"

#define TARGET_ERROR target_error_quark()
GQuark target_error_quark(void);
enum target_error {
	TARGET_ERROR_FAILED,
	TARGET_ERROR_CHANGED,  /* the target is not what the plan says */
	TARGET_ERROR_CONFLICT, /* somebody else's change was kept; the message tells */
	TARGET_ERROR_PLAN,     /* the plan asks for what no plan may */
	TARGET_ERROR_STOPPED,  /* asked to stop before anything was changed */
	TARGET_ERROR_AGAIN,    /* nothing of it could be undone now, and later it may */
	TARGET_ERROR_STALE,    /* the same of what differs from the plan: a new one is wanted */
};

/* How a change becomes visible. The letters stand in the journal. */
enum step_way {
	WAY_PUT = 'p',	 /* a new thing is renamed into an empty place */
	WAY_TAKE = 't',	 /* the old thing is renamed out of its place */
	WAY_SWAP = 's',	 /* old and new change places */
	WAY_TOUCH = 'm', /* mode or owner change in place */
};
enum step_outcome { STEP_LEFT, STEP_DONE, STEP_UNDONE, STEP_FAILED };
/* "left", "done", "undone", "failed" */
extern const char *const step_outcome_names[];

/* One change on its way. Old and new are told apart by inode. */
struct step {
	const struct plan_change *change;
	const struct target_ops *ops;
	char *anchor;		 /* folder that the plan does not touch, for the name below */
	const char *anchor_root; /* the change's root when the anchor lies within it */
	char *temp;		 /* name in the anchor: first of the new thing, then of the old */
	enum step_way way;
	struct observed before;		    /* as found under the lock, or by path_adopt() since */
	bool anew;			    /* before is not what the plan says */
	uint64_t old_ino, new_ino;	    /* 0: none */
	int64_t old_mode, old_uid, old_gid; /* of a path, as it is taken back to; -1: none */
	enum step_outcome outcome;
	unsigned seen; /* how many acts had been begun when before was found */
	bool begun;    /* an act: the journal says that its commit() was called */
	/* An act: its commit() did nothing, for that was not needed or not possible. */
	bool idle;
	char *message; /* NULL: nothing to say */
	/* An act of a group that failed: which of them is to blame, and why; NULL: see message */
	char *cause;
};

/* What the functions of one apply share. */
struct target_run {
	struct observer *observer; /* without cache */
	struct beneath *beneath;
	const char *objects;	      /* folder of the object store */
	const struct caller *caller;  /* who may read it; NULL: we */
	const struct seal_keys *keys; /* that open secrets; NULL: none at hand */
	const char *keys_problem;     /* why; NULL: nobody said */
	const char *agent, *stack;    /* what secrets must be sealed for */
	bool sync_later;	      /* many new files: their file system is synced as a whole */
	struct host *host;	      /* the observer's */
	GArray *steps;	  /* struct step: all of the transaction, for acts that go together */
	const char *keep; /* folder of the journal, for what acts must keep; NULL: none */
	/* What was done to objects of clusters, for their Events (kubernetes-event.h): struct step
	 * to what only kubernetes-event.c knows; NULL: nothing. */
	GHashTable *told;
	/* Shall the work end soon? NULL: never. Long waits ask it often. */
	bool (*stopped)(void *user);
	/* What is being done, of what takes long; NULL: nobody listens. */
	void (*progress)(const char *text, size_t done, size_t total, void *user);
	void *user;
};

/* plan: one path that a resource asks for. */
struct want {
	char *path;
	const char *root; /* borrowed from the resource; NULL: none */
	const char *kind;
	enum state_type type;
	int mode;	 /* -1: not stated */
	bool executable; /* as Git records it; counts when mode is not stated */
	const struct desired_content *content;	 /* of a file, or of a link in a tree */
	const char *link;			 /* text, unless it is in content */
	const struct desired_resource *resource; /* NULL: a folder that is only implied */
};
struct want *want_new(const struct desired_resource *resource, const char *path,
		      enum state_type type);
void want_free(struct want *want);

struct target_ops {
	const char *name;
	bool acts; /* not a path */
	/* plan: adds what resource asks for, folders before what they hold; NULL of an act, which
	 * has a file of its own, worker/plan-KIND.c */
	void (*want)(const struct desired_resource *resource, GPtrArray *wants);
	/* apply: may a change of this kind look so? */
	bool (*check)(const struct plan_change *change, GError **error);
	bool (*observe)(struct observer *o, const struct plan_change *change, struct observed *out,
			GError **error);
	/* plan: the section that people read */
	bool (*diff)(struct differ *d, GString *out, const struct plan_change *change,
		     const struct diff_content *old, const struct diff_content *new,
		     GError **error);
	bool (*stage)(struct target_run *run, struct step *step, GError **error);
	bool (*commit)(struct target_run *run, struct step *step, GError **error);
	bool (*undo)(struct target_run *run, struct step *step, GError **error);
	/* NULL: nothing is left to do once the old versions are back */
	bool (*revive)(struct target_run *run, struct step *step, GError **error);
	bool (*finish)(struct target_run *run, struct step *step, GError **error);
	/* An act whose states do not say it: is this, found by observe(), what it brings about? */
	bool (*is_wanted)(struct target_run *run, const struct step *step);
};

/* Digits of TX in the temporary names .assent-TX-N */
#define STEP_TX_SIZE 16
/* Is this name one that a step has beside its target? */
bool step_owns_name(const char *name);
/* NULL when there is no such kind. */
const struct target_ops *target_find(const char *kind);

extern const struct target_ops target_file, target_tree, target_directory, target_link;
extern const struct target_ops target_command, target_kubernetes, target_package, target_service;
