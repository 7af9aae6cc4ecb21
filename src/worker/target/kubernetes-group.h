/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The objects of one cluster in a plan: they are applied together, and taken
 * back together. For kubernetes.c and what stands beside it, nobody else:
 * kubernetes-keep.c keeps what was there, kubernetes-seen.c compares with that, kubernetes-apply.c
 * carries out, kubernetes-wait.c waits, kubernetes-prune.c removes, kubernetes-back.c decides what
 * leads back, kubernetes-undo.c does it and kubernetes-event.c tells of it in the cluster.
 *
 * Whichever step of them comes first does it for all, and leaves a note in
 * struct host about each; the others find theirs.
 */
#include "cluster/cluster.h"
#include "cluster/inventory.h"
#include "kube/id.h"
#include "kube/order.h"
#include "worker/target/target.h"

#define KUBERNETES_MANAGER "assent" /* of fields */
#define KUBERNETES_GONE_WITHIN 60   /* seconds that a deletion is waited for */

struct kube_item {
	struct step *step;
	const struct plan_object *object; /* of the change */
	struct kube_id *id;		  /* the same, as an id */
	struct kube_kind kind;		  /* its texts are the plan's */
	bool secret;
	struct kube_value *body;   /* what is to be applied; NULL: it is to go, or was not read */
	struct kube_value *before; /* as it was found; NULL: it was not there, or is not kept */
	struct kube_value *now;	   /* as it was seen last; NULL: it is not there */
	char *problem;		   /* what went wrong; NULL: nothing has */
	char *remark;		   /* what is to be told though nothing went wrong; NULL */
	bool again;		   /* the problem may pass */
	bool left;		   /* the problem is that there is one with another */
	bool applied;		   /* a server has said so */
	bool tried;		   /* a server was asked to change it */
	char *uid;     /* of what a server has made or deleted for us last; NULL: of nothing */
	char *version; /* what it was then; NULL: deleted */
};
struct kube_group {
	struct target_run *run;
	struct cluster *cluster; /* lent by the host */
	char *owner;		 /* "AGENT/STACK" */
	guint first, count;	 /* steps of run->steps */
	bool fresh;		 /* what was found is what is kept: nothing was done yet */
	GPtrArray *items;	 /* struct kube_item, in the order of the steps */
};

/* The group that the step belongs to; connects to nothing yet. */
bool kube_group_open(struct target_run *run, const struct step *step, struct kube_group *out,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void kube_group_close(struct kube_group *group);
#define autokubegroup __attribute__((cleanup(kube_group_close))) struct kube_group
struct kube_item *kube_group_item(const struct kube_group *group, guint i);
/* Is it the cluster that the plan was made for? TARGET_ERROR_CHANGED when it is another. */
bool kube_group_identify(struct kube_group *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The bodies of all that is to be applied, from the object store. */
bool kube_group_load(struct kube_group *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Each item's object as it is, into its `now`: by lists where many of a kind are there, else by a
 * GET, all side by side. An answer that says neither that it is there nor that it is not becomes
 * the item's problem. */
bool kube_group_look(struct kube_group *group, GPtrArray *items, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Limits of requests, and who may end them. */
void kube_group_limits(const struct kube_group *group, struct cluster_limits *out);
bool kube_group_stopped(const struct kube_group *group);
/* Is anything of it wrong? The first problem that follows from no other, "ID: text"; NULL: nothing.
 * g_free() */
char *kube_group_problem(const struct kube_group *group);
void kube_group_tell(const struct kube_group *group, const char *text, guint done, guint total);
/* text is taken; the first problem stays. */
void kube_item_fail(struct kube_item *item, char *text);
/* Because another one has failed. */
void kube_item_leave(struct kube_item *item, const char *text);
void kube_item_remark(struct kube_item *item, char *text);
/* "/api/v1/...", with query if it is not NULL. */
char *kube_item_path(const struct kube_item *item, const char *query);
/* Its object, as it is now. */
const char *kube_item_uid(const struct kube_item *item);
bool kube_item_is_going(const struct kube_value *object);
bool kube_item_goes(const struct kube_item *item);		    /* the plan removes it */
void kube_item_see(struct kube_item *item, struct kube_value *now); /* taken; NULL: gone */
/* A server has made it what it is now, or deletes what is there now. */
void kube_item_changed(struct kube_item *item, bool made);
/* Does the object say that it is ours, and this one? */
bool kube_item_is_ours(const struct kube_item *item, const struct kube_value *object);
/* Its problem, if what is there now (`now`) is not what was there (`before`), nor what we have made
 * of that: then nobody has reviewed it. */
void kube_seen_check(const struct kube_group *group, struct kube_item *item);
/* Seconds that it may take until it is ready, or gone. */
int64_t kube_item_within(const struct kube_item *item);

/* What was there, on disk until the plan has ended: Secrets sealed. */
bool kube_keep_store(const struct kube_group *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Was it stored? */
bool kube_keep_has(const struct kube_group *group);
/* Into the items' `before`; false when nothing was kept. */
bool kube_keep_load(struct kube_group *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool kube_keep_drop(const struct kube_group *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;

enum kube_how {
	KUBE_HOW_APPLY,	 /* what is there becomes what the body says; its uid must be that of now */
	KUBE_HOW_CREATE, /* only where nothing is */
};
/* Applies what the items have in `body`, side by side; answers go into `now` or `problem`. force:
 * fields of others are taken over where the item's change says so. */
bool kube_apply_all(struct kube_group *group, GPtrArray *items, enum kube_how how, bool force,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All that the plan wants. False: not one request more was possible; problems else. */
bool kube_apply_run(struct kube_group *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Until they are ready, or one has failed, or time is up: then it is the item's problem. */
bool kube_wait_ready(struct kube_group *group, GPtrArray *items, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Until they are gone; who is not by then has a `now` still. */
bool kube_wait_gone(struct kube_group *group, GPtrArray *items, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* A moment between two looks, longer each time; false: asked to stop. */
bool kube_wait_pause(const struct kube_group *group, unsigned *round);

/* Deletes what the items have in `now`, all at once, by its uid, and waits. */
bool kube_prune_all(struct kube_group *group, GPtrArray *items, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Those that the plan removes, stage by stage backwards, if each may still be pruned. */
bool kube_prune_run(struct kube_group *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The way back for one object; see kubernetes-back.c. */
enum kube_back {
	KUBE_BACK_NOTHING, /* it is as it was */
	KUBE_BACK_APPLY,   /* what we had applied is applied again */
	KUBE_BACK_CREATE,  /* it is made again */
	KUBE_BACK_DELETE,  /* we made it */
	KUBE_BACK_SWAP,	   /* we put it in the place of what was there */
	KUBE_BACK_LEAVE,   /* somebody else has changed it since, or it cannot be had */
};
enum kube_back kube_back_decide(const struct kube_item *item, const char **why);
bool kube_undo_run(struct kube_group *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Remembers what an apply, or its undoing, has made of the items, to tell of it when all has come
 * to an end (kubernetes-event.h). */
void kube_events_note_apply(const struct kube_group *group);
void kube_events_note_undo(const struct kube_group *group);

/* What the cluster's list of the stack's objects must say: before (everything that may come to
 * be), and afterwards (what is there). */
bool kube_list_widen(struct kube_group *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool kube_list_settle(struct kube_group *group, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Where it is; borrowed. */
const char *kube_list_namespace(const struct kube_group *group);
