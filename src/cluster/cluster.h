/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * One API server: credentials, connection, discovery, requests.
 *
 *	if (!cluster_new(settings, &error)) ...          -- reads the kubeconfig, connects to
 *nothing call = cluster_call_new("GET", g_strdup(path)); g_ptr_array_add(calls, call); if
 *(!cluster_run(c, calls, NULL, error)) ...
 *	... call->answer->class, call->value
 *
 * Calls block, and no main loop is needed. Requests of one batch go side by side
 * over one HTTP/2 connection. A server that is busy is obeyed (Retry-After), a
 * lost connection is made again; a request that changes something is only sent
 * again where this is harmless, or where the server said that it did nothing.
 *
 * Errors are of BASE_ERROR: CANCELLED (stopped said so), TIMEOUT, LIMIT, NOT_FOUND
 * (nobody answers there), DENIED (401, 403), FAILED. They name the cluster, say what is wrong and
 * what to do, and hold no secret.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/settings.h"
#include "kube/answer.h"
#include "kube/discovery.h"
#include "kube/value.h"

struct cluster;
struct cluster *cluster_new(const struct cluster_settings *settings, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void cluster_free(struct cluster *c);
typedef struct cluster cluster_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cluster_auto, cluster_free)
const char *cluster_name(const struct cluster *c);
/* Of its context. */
const char *cluster_namespace(const struct cluster *c);
/* uid of the namespace kube-system, or the server's address where that may not be read: what a
 * plan binds as the cluster. Asked once; borrowed. */
bool cluster_identity(struct cluster *c, const char **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Asked once, in whichever of the three forms the server has; borrowed. */
bool cluster_discovery(struct cluster *c, const struct kube_discovery **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* After CRDs changed. Kinds of the former discovery are gone with it. */
void cluster_forget_discovery(struct cluster *c);

struct cluster_call {
	const char *method; /* "GET", "PATCH", "POST", "DELETE", "PUT" */
	char *path;	    /* with its query; owned */
	char *body;	    /* owned, wiped; NULL: none */
	size_t body_len;
	const char *content_type; /* of body; NULL: application/json */
	const char *accept;	  /* NULL: application/json */
	const char *resource;	  /* "configmaps": for kube_answer_read(); NULL: no object */
	bool secret;		  /* its answer is never quoted, nor what it warns of */
	bool again;		  /* to send it twice is harmless, though it does not look so */
	void *user;
	/* Afterwards. A good answer (kube_answer_is_good()) has a value, but 304 and an empty one;
	 * what else came with a good code is KUBE_FAILED. After a failed run those that were
	 * answered before have theirs. */
	struct kube_answer *answer; /* NULL: none yet */
	struct kube_value *value;
	int64_t date;	     /* of the header Date, POSIX seconds; 0: none */
	GPtrArray *warnings; /* of the headers Warning: texts, one line each; NULL: none */
};
/* path is taken. */
struct cluster_call *cluster_call_new(const char *method, char *path);
void cluster_call_free(struct cluster_call *call);
typedef struct cluster_call cluster_call_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cluster_call_auto, cluster_call_free)
/* Which owns its calls. */
GPtrArray *cluster_calls_new(void);

struct cluster_limits {
	unsigned streams; /* requests at once; 0: 32 */
	unsigned timeout; /* seconds for one answer; 0: 30 */
	unsigned total;	  /* seconds for all of them; 0: 300 */
	size_t max;	  /* bytes of one answer; 0: 64 MiB */
	/* Shall it be ended? Asked several times a second; NULL: never. */
	bool (*stopped)(void *user);
	/* This call has its last answer; more may be added to the array. NULL: not told. */
	void (*done)(struct cluster_call *call, void *user);
	void *user;
};
/* All of calls, in any order. limits: NULL for all that stands there. */
bool cluster_run(struct cluster *c, GPtrArray *calls, const struct cluster_limits *limits,
		 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One call; false also when its answer is not good: the error says which. */
bool cluster_run_one(struct cluster *c, struct cluster_call *call,
		     const struct cluster_limits *limits, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "cluster 'prod' refuses GET /api/v1/...: forbidden: ..."; for a call whose answer is not good.
 * g_free(). */
char *cluster_call_problem(const struct cluster *c, const struct cluster_call *call);

/* False ends the list, which is no error. item is taken. */
typedef bool cluster_item_fn(struct kube_value *item, void *user);
/* In pages of 500; begins again when the server no longer knows the rest, so an item may come
 * twice. path may have a query. resource_version (NULL: not wanted) is where a watch goes on. */
bool cluster_list(struct cluster *c, const char *path, const struct cluster_limits *limits,
		  cluster_item_fn *item, void *user, char **resource_version, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* One of several lists that are read side by side. */
struct cluster_listing {
	const char *path;     /* may have a query; borrowed */
	const char *resource; /* as of a call */
	bool secret;	      /* as of a call */
	unsigned page;	      /* items of one answer; 0: 500 */
	cluster_item_fn *item;
	void *user;
	bool read; /* afterwards: one page at least was good */
};
/* One that is refused, or is none, ends where it stands: false is as of cluster_run(). Pages after
 * the first tell what was when that was read. */
bool cluster_list_many(struct cluster *c, struct cluster_listing *listings, size_t count,
		       const struct cluster_limits *limits, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* type: "ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR". object is taken. False ends it. */
typedef bool cluster_event_fn(const char *type, struct kube_value *object, void *user);
/* True when event or the server ended it. An answer that is no stream is an error; 410 is
 * BASE_ERROR_NOT_FOUND, as the event "ERROR" is one with code 410: list again. */
bool cluster_watch(struct cluster *c, const char *path, const struct cluster_limits *limits,
		   cluster_event_fn *event, void *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;
