/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What is there of objects of a cluster, and what an apply would make of them.
 *
 *	looks = looks_new();
 *	look = look_add(looks, id, &kind, body);     -- body NULL: the object is to go
 *	look->force = ...;
 *	look_run(cluster, looks, &options, error)
 *	... look->state, look->live, look->wanted, look->conflicts, look->digest
 *
 * Planning, applying and watching for drift all look this way, so that the same
 * state has the same digest. Objects that are many of a kind and namespace come by
 * lists first. Then all requests of a batch go side by side: of each object the
 * object itself, unless a list had it, and a dry run of its apply, one more dry run
 * where others own fields that are to be taken over. What changes between the two
 * is looked at again. A cache may know that a dry run would change nothing.
 *
 * live and wanted are without what the server keeps for itself, and masked: the
 * values of a Secret are keyed digests in them. raw is the object as it came.
 * A problem with one object stands there and is no error of the batch.
 */
#include "base/seal.h"
#include "cluster/cluster.h"
#include "core/hash.h"
#include "kube/id.h"
#include "kube/normal.h"
#include "worker/target/kubernetes-same.h"

#define LOOK_MANAGER "assent" /* who applies, in managedFields */
#define LOOK_APPLY_TYPE "application/apply-patch+yaml"

enum look_state {
	LOOK_SAME,	/* an apply would change nothing */
	LOOK_DIFFERS,	/* it would */
	LOOK_ABSENT,	/* it would make it */
	LOOK_LATER,	/* it would make it; not tried: its kind or namespace is not there */
	LOOK_IMMUTABLE, /* fields would have to change that cannot: problem says which */
	LOOK_CONFLICT,	/* others own fields (conflicts), and nothing is to be taken over */
	LOOK_REFUSED,	/* the server would not: problem */
	LOOK_THERE,	/* without a body: it is there */
	LOOK_GONE,	/* without a body: it is not */
};

struct look {
	/* What is asked; borrowed but for kind, whose texts are. */
	const struct kube_id *id;
	struct kube_kind kind;	       /* resource NULL: not served, nothing is asked */
	const struct kube_value *body; /* what would be applied; NULL: it is to go */
	bool force;		       /* take fields over from others */
	const char *key;	       /* id of the key that masks a Secret; NULL: the newest */
	void *user;
	/* What was found. */
	enum look_state state;
	enum kube_class class;	/* of the answer that made it so */
	char *uid;		/* NULL: it is not there */
	struct kube_value *raw; /* of LOOK_THERE, and of others with options.raw; holds secrets */
	struct kube_value *fields; /* its metadata.managedFields; NULL: none */
	struct kube_value *live;   /* NULL: none */
	/* NULL: none: refused, a conflict, or it is to go. Of LOOK_LATER and LOOK_IMMUTABLE the
	 * body, which is for people and not in the digest. */
	struct kube_value *wanted;
	GPtrArray *conflicts; /* struct kube_cause, sorted by field; NULL: none */
	GPtrArray *causes;    /* struct kube_cause of LOOK_IMMUTABLE and LOOK_REFUSED; or NULL */
	GPtrArray *warnings;  /* char *, of the server; NULL: none */
	char *problem;	      /* one line; NULL: none */
	/* kube_normal_digest(); not of LOOK_LATER, LOOK_GONE and LOOK_REFUSED. */
	struct hash digest;
	/* private */
	unsigned waiting, rounds;
	bool created, untried, broken, listed, known, later;
	bool caches; /* asked is the digest of what is asked for */
	struct hash asked;
};
/* Of struct look, which it owns. */
GPtrArray *looks_new(void);
struct look *look_add(GPtrArray *looks, const struct kube_id *id, const struct kube_kind *kind,
		      const struct kube_value *body);

struct look_options {
	const struct seal_keys *keys; /* for Secrets; NULL: none, and a Secret is a problem */
	bool raw;		      /* keep all objects as they came */
	const char *set;	      /* whose members are listed; NULL: nothing is */
	struct same_cache *cache;     /* NULL before an apply: there all is asked for */
	const char *who;	      /* asks, for the cache: a right is no one else's */
	bool (*stopped)(void *user);  /* as in struct cluster_limits */
	void (*progress)(size_t done, size_t total, void *user); /* NULL: nobody listens */
	void *user;
};
bool look_run(struct cluster *cluster, GPtrArray *looks, const struct look_options *options,
	      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "none", "same", ...: for logs and tests. */
const char *look_state_name(enum look_state state);

/* An object of a manifest as we apply it: with our mark, and the label of the set (NULL: none).
 * g_free() is kube_value_free(). */
struct kube_value *look_body(const struct kube_value *object, const struct kube_id *id,
			     const char *owner, const char *set);
/* The path of an object, of a request that applies it; g_free(). dry: change nothing. */
bool look_path(const struct kube_kind *kind, const struct kube_id *id, bool force, bool dry,
	       char **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Is it of the core's kind Secret? */
bool look_is_secret(const struct kube_id *id);
/* Keyed digest of a body (kube_value_apply_body()). key NULL: the newest; *key_id is borrowed from
 * keys. False without such a key. */
bool look_keyed_digest(const struct seal_keys *keys, const char *key, const char *bytes, size_t len,
		       struct hash *out, const char **key_id);
