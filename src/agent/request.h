/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The request lines for workers (doc/worker.md), each one JSON object on one
 * line with its newline. All return text for g_free(), or NULL with error when
 * something is not text (a path that is not UTF-8).
 */
#include <glib.h>

#include "agent/fold.h"
#include "base/conf.h"
#include "core/approval.h"

struct request_fetch {
	const char *ref; /* that is tried, NULL: of the stack's own branch */
	const char *mirror, *known;
	const char *accepted; /* the tip that need not descend from known, "": none */
	const char *newest;   /* the newest seen of the ref, "": none */
};
char *request_fetch(const struct conf_stack *stack, const struct request_fetch *fetch,
		    GError **error);
struct request_plan {
	const char *mirror, *commit, *base, *home, *objects, *out, *cache;
	const char *kept; /* where contents of applied plans are, when objects is elsewhere */
	const char *applied, *memory; /* NULL: nothing was applied */
	const char *seal_key;	      /* file of the keys that open secrets */
	bool for_root;		      /* root will apply it */
	bool adopt;		      /* only what there is to take over is asked */
	const char *watch;	      /* NULL: nothing is watched */
	bool drift;		      /* it is about what holds already */
	bool asked;		      /* by a person, who wants a plan of whatever differs */
	bool restore;		      /* whoever applies puts back without being asked */
	const GPtrArray *looked_at;   /* with drift: ids of objects of clusters, NULL: all */
	const GPtrArray *returns;     /* digests of the trials that are taken back, NULL: none */
};
char *request_plan(const struct conf *conf, const struct conf_stack *stack,
		   const struct request_plan *plan, GError **error);
/* A plan that proves another one, as it is passed with that. */
struct request_proof {
	char *plan, *signature; /* files */
	GArray *votes;		/* struct approval */
	char **sigs;		/* of the votes, which borrow them */
};
struct request_apply {
	const char *plan, *signature, *objects;
	const char *journal;	   /* NULL: with raised rights the worker has its own */
	const char *seal_key;	   /* as above; of no account with raised rights */
	const char *agent, *stack; /* of a recovery with raised rights, else NULL */
	const struct approval *votes;
	size_t count;
	const GPtrArray *proofs;   /* struct request_proof, NULL: none */
	const GPtrArray *clusters; /* struct cluster_settings that may be touched; NULL: none */
	const struct cluster_scope *scope; /* and what there; goes with clusters */
	bool bound;			   /* the worker ends with the agent, in whatever it does */
};
void request_proof_free(void *proof);
/* mode: MODE_APPLY or MODE_RESUME, which take the same */
char *request_apply(const struct request_apply *apply, enum record_mode mode, GError **error);
char *request_recover(const struct request_apply *apply, GError **error);
char *request_undo(const struct request_apply *apply, GError **error);
/* "refs/heads/main" */
char *request_ref(const struct conf_stack *stack);
/* Names the mirror of an address below STATE/git. */
char *request_mirror(const char *state_dir, const char *url);
