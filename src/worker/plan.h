/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The `plan` job (doc/worker.md): what would have to change, exactly, so that
 * this host is as a commit wants it. Looks, compares, writes a draft; changes
 * nothing.
 *
 *	plan_wants()    what the manifest asks for, path by path; missing folders above are implied
 *	plan_secrets()  the paths whose contents are told by a keyed digest alone
 *	plan_compare()  wants against what is there
 *	plan_prune()    what nobody asks for any more
 *	plan_packages() what the package manager would do
 *	plan_kubernetes() what clusters have, and what an apply would make of that
 *	plan_watch()    lists the places and objects, for whoever waits for changes there
 *	plan_commands() what is to be run
 *	plan_services() what is to be enabled, started, restarted; units that changed are read again
 *	plan_order()    removals first, children before folders; then the manifest's order
 *	plan_drift()    which of them are to be done about a drift, and what proves them
 *	plan_outside()  what somebody else has changed since it was applied
 *	plan_draft()    contents into the object store, sections of the diff, risks, the document
 *
 * What a person must correct gathers in diags and then nothing is planned.
 */
#include "cluster/scope.h"
#include "cluster/settings.h"
#include "desired/kubernetes.h"
#include "worker/applied.h"
#include "worker/job.h"
#include "worker/target/kubernetes-same.h"
#include "worker/target/target.h"

/* A change in the making. Its strings live as long as the planner. */
struct plan_item {
	struct plan_change change;
	const struct want *want; /* of a path that is wanted, otherwise NULL */
	/* That asks for it; NULL: none (a folder that is implied, what nobody asks for any more).
	 * Its `after` becomes what the change needs. */
	const struct desired_resource *resource;
	struct observed before; /* of a path */
	/* An act without a resource goes where this one goes, before what that asks for; NULL:
	 * before everything else. */
	const struct desired_resource *place;
	bool last;	    /* ... or rather after everything else */
	const char *remark; /* a line for its reader, below its section of the diff; NULL: none */
	/* Of an object: who changed a field that differs, last ("hpa (scale)"), and when (0: not
	 * told); NULL: not known. */
	const char *changer;
	int64_t changed;
};
/* Makes objects of clusters; by the agent's configuration. */
struct plan_renderer {
	const char *name;
	const char **run;	      /* program and arguments, ended by NULL */
	const char **reads, **hidden; /* of this host, ended by NULL */
	unsigned timeout;	      /* seconds */
};
struct drift_request;
struct planner {
	struct job *job;
	const char *mirror, *commit, *base, *folder, *objects, *out;
	const char *seal_key;	      /* file of the keys that open secrets; NULL: none */
	const char *applied, *memory; /* for plan_outside(); NULL: nothing was applied */
	const char *bodies;	      /* folder of those of applied objects of clusters */
	const char *watch;	      /* file for plan_watch(); NULL: nobody waits */
	GByteArray *watched;	      /* objects of clusters for it (watch-list.h); NULL: none */
	bool for_root;		      /* root will apply it, whoever looks now */
	struct desired_env env;
	GPtrArray *clusters;	     /* struct cluster_settings; NULL: none may be touched */
	struct cluster_scope *scope; /* what of them; NULL: nothing */
	GPtrArray *renderers;	     /* struct plan_renderer; NULL: none */
	GArray *rendered;	     /* struct plan_rendered; texts are kept */
	struct reader *reader;
	struct desired *desired;
	struct observe_cache *cache; /* NULL: none */
	struct same_cache *same;     /* of objects of clusters; NULL: none */
	struct observer *observer;
	struct diag_list diags;
	GPtrArray *warnings;	/* char * */
	GPtrArray *wants;	/* struct want */
	struct seal_keys *keys; /* NULL: not asked for yet */
	GHashTable *secrets;	/* paths whose contents nobody may see, on either side */
	GHashTable *by_path;	/* path to struct want, borrowed */
	GPtrArray *changes;	/* struct plan_item: creations and updates */
	GPtrArray *removals;	/* struct plan_item */
	GHashTable *removed;	/* path to struct plan_item, borrowed */
	GPtrArray *acts; /* struct plan_item: what is no path, those of a resource in order */
	/* Of plan_notified(), once it was called. */
	GHashTable *notifiers;	      /* id to GPtrArray of struct desired_resource */
	GHashTable *changed;	      /* struct desired_resource that have items */
	guint noted[3];		      /* of removals, changes, acts: those that are in changed */
	struct desired *base_desired; /* use plan_base() */
	bool base_asked;
	struct applied *known; /* use plan_applied() */
	bool known_asked;
	struct drift_request *drift; /* plan-drift.h; NULL: all changes are wanted */
	bool adopts;	       /* only says what there is to take over: nothing fails for it */
	GPtrArray *found;      /* of that, plan-kubernetes-adopt.c; NULL: nothing */
	const char **returns;  /* digests of trials that are put back; NULL: none */
	const char **restores; /* what the draft says of it */
	size_t restores_count;
	size_t ids_size; /* of what changes need; more than PLAN_MAX_SIZE is a plan for nobody */
	GStringChunk *strings;
	GPtrArray *kept; /* memory, freed at the end */
};

bool plan_run(struct job *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool plan_wants(struct planner *p, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool plan_secrets(struct planner *p, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Lists the places that matter. */
bool plan_watch(struct planner *p, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool plan_compare(struct planner *p, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool plan_prune(struct planner *p, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool plan_packages(struct planner *p, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool plan_kubernetes(struct planner *p, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Members `found` and `found_total`, of an inquiry after objects to take over. */
#define PLAN_FOUND_MAX 1000
void plan_found_write(const struct planner *p, struct json_writer *w);
bool plan_commands(struct planner *p, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool plan_services(struct planner *p, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* By the planner of services: managers read their units again before the first of their services
 * that stands after changed units. stale: items whose unit has changed before this plan. */
void plan_reloads(struct planner *p, GHashTable *stale);
/* A new item in acts: kind and id ("package:NAME") are set, and states that state nothing. */
struct plan_item *plan_act(struct planner *p, const struct desired_resource *resource,
			   enum desired_kind kind, const char *name);
/* Ids of the resources that have changes so far and want this one to hear of them; sorted, kept;
 * NULL: none. */
const char **plan_notified(struct planner *p, const char *id);
/* What the commit applied last asked for; NULL when there is none or it cannot be read, which is
 * warned of once. */
const struct desired *plan_base(struct planner *p);
/* What was applied here; NULL when nobody knows, or nothing was. */
const struct applied *plan_applied(struct planner *p);
/* Everything in a folder that a file or link takes the place of. */
bool plan_clear_folder(struct planner *p, const struct want *want, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The members of the request that say which clusters may be touched; sets p->env, too. */
void plan_clusters_read(struct planner *p, struct json_obj *from);
void plan_clusters_clear(struct planner *p);
/* The objects of a resource `kubernetes`, r->kubernetes->objects: those that were read with the
 * manifest, or that its renderer makes now. They are not settled (desired/kubernetes.h), and the
 * caller's to change. What is wrong with them goes to diags, and then NULL without error. */
GPtrArray *plan_manifests(struct planner *p, struct desired_resource *r, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* What plan_manifests() had rendered, in order; the planner's. */
struct plan_rendered *plan_rendered(struct planner *p, size_t *count);
/* Of a settled object: opens its sealed values, in place. False: diags say why. */
bool plan_manifest_unseal(struct planner *p, const struct desired_resource *r,
			  struct kube_object *object) G_GNUC_WARN_UNUSED_RESULT;
/* All changes, in order; free with g_ptr_array_unref(). */
GPtrArray *plan_order(struct planner *p);
/* Marks those that it is true of. What stands in its way is warned of. */
void plan_outside(struct planner *p, GPtrArray *items);
/* What the manifest says is to hold afterwards, p->desired->checks->len of them, kept. */
struct plan_check *plan_checks(struct planner *p);
/* Is this path a unit that this manager reads? */
bool plan_is_unit(const struct planner *p, bool user, const struct plan_item *item);
bool plan_draft(struct planner *p, GPtrArray *items, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Bytes that are wanted; NUL-terminated; g_free(). */
bool plan_content(struct planner *p, const struct want *want, char **bytes, size_t *len,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* For a struct desired_env; data is the planner. */
bool plan_unseal(const char *text, size_t len, const char *where, struct seal_bytes **out,
		 void *data, GError **error);
bool plan_is_secret(const struct planner *p, const char *path);
/* Into out: the keyed digest of a wanted content. What is wrong with the secret goes to diags. */
bool plan_secret_digest(struct planner *p, const struct want *want, struct plan_state *out,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The agent's keys that open secrets, into p->keys. */
bool plan_secret_keys(struct planner *p, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* To our own key, for this place alone (a path, or an object's id): what stands nowhere sealed,
 * since a template rendered it, say. g_free() *text. */
bool plan_secret_seal(struct planner *p, const char *where, const char *content, size_t len,
		      char **text, size_t *text_len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The wanted content goes sealed into the object store. */
bool plan_secret_store(struct planner *p, struct plan_item *item, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
const char *plan_keep(struct planner *p, const char *text);
/* count texts and a NULL at the end, all NULL, kept as long as the planner. */
const char **plan_keep_list(struct planner *p, size_t count);
/* As a plan has it, kept; NULL of NULL. */
const struct plan_exec *plan_exec(struct planner *p, const struct desired_exec *exec);
/* "file:/etc/x" */
const char *plan_id(struct planner *p, enum state_type type, const char *path);
void plan_warn(struct planner *p, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A diagnostic at the place that declares it; NULL: at the manifest. */
void plan_fail_at(struct planner *p, const struct desired_resource *resource, const char *format,
		  ...) G_GNUC_PRINTF(3, 4);
/* The same of a want. */
void plan_fail(struct planner *p, const struct want *want, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
