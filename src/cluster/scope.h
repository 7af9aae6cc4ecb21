/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a stack may touch in its clusters, by the agent's configuration. It
 * travels in the requests of jobs as JSON, and holds for every object that is
 * planned, those that are to be removed included.
 *
 *	const char *problem = cluster_scope_problem(scope, namespace, namespaced)
 */
#include <glib.h>
#include <stdbool.h>

#include "core/json.h"

#define CLUSTER_SCOPE_MAX 256 /* patterns */

struct cluster_scope {
	char **namespaces;   /* patterns, with * and ?; NULL: all */
	bool cluster_scoped; /* and what is in no namespace */
};

void cluster_scope_free(struct cluster_scope *scope);
typedef struct cluster_scope cluster_scope_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cluster_scope_auto, cluster_scope_free)

void cluster_scope_write(struct json_writer *w, const char *name,
			 const struct cluster_scope *scope);
/* NULL: absent or bad, which is then the document's error. */
struct cluster_scope *cluster_scope_read(struct json_obj *o, const char *name);

/* NULL: it may be touched. What to tell of one that may not: a whole clause without its subject,
 * "is in namespace 'x', which ..."; g_free(). namespace: "" of what is in none. scope NULL: nothing
 * may be touched. A namespace itself is an object of the cluster. */
char *cluster_scope_problem(const struct cluster_scope *scope, const char *namespace);
