/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Objects of a set as they are, by lists: where many of one kind are in one
 * namespace, a page of a list is cheaper than as many requests.
 *
 *	listed = listed_new(set);
 *	listed_want(listed, &kind, id);			  -- each
 *	listed_run(listed, cluster, stopped, user, error)
 *	object = listed_take(listed, &kind, id)		  -- NULL: nothing is known of it
 *
 * A list holds what bears the label of the set, so what is not in it may be there
 * all the same: not ours yet, or without its label. And where a list is refused,
 * fails or is not worth it, nothing is in it, which is no error: no right to list
 * is needed. Whoever finds nothing asks for the object itself.
 */
#include "cluster/cluster.h"
#include "kube/id.h"

struct listed;
/* set: the value of the label; NULL: nothing is listed. */
struct listed *listed_new(const char *set);
void listed_free(struct listed *listed);
typedef struct listed listed_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(listed_auto, listed_free)

/* Both are borrowed until the run has ended. */
void listed_want(struct listed *listed, const struct kube_kind *kind, const struct kube_id *id);
/* False: asked to stop, or nobody answers. */
bool listed_run(struct listed *listed, struct cluster *cluster, bool (*stopped)(void *user),
		void *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The object, with its kind and apiVersion; once. */
struct kube_value *listed_take(struct listed *listed, const struct kube_kind *kind,
			       const struct kube_id *id);
/* Was a list read that would have it, if it bears the label? */
bool listed_was_read(const struct listed *listed, const struct kube_kind *kind,
		     const struct kube_id *id);
