/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What the configuration says of a stack's clusters, for the requests of jobs.
 *
 *	clusters_write()	"clusters", for every job that talks to them
 *	clusters_write_plan()	"clusters", and what a plan may ask of them: "cluster_scope", and
 *				"renderers", the programs that make manifests
 *
 * A stack that may touch no cluster has none of these members.
 */
#include "base/conf.h"
#include "cluster/scope.h"
#include "cluster/settings.h"
#include "core/plan.h"

/* struct cluster_settings of each, with the stack's impersonation; NULL: none may be touched.
 * g_ptr_array_unref(). */
GPtrArray *clusters_of(const struct conf *conf, const struct conf_stack *stack);
/* NULL as above; cluster_scope_free(). */
struct cluster_scope *clusters_scope(const struct conf_stack *stack);
void clusters_write(struct json_writer *w, const struct conf *conf, const struct conf_stack *stack);
void clusters_write_plan(struct json_writer *w, const struct conf *conf,
			 const struct conf_stack *stack);
/* As a list of one, without impersonation: what the agent asks of a cluster for itself. */
GPtrArray *clusters_named(const struct conf *conf, const char *name);
/* Would a plan be made otherwise now? */
bool clusters_same(const struct conf *a, const struct conf_stack *x, const struct conf *b,
		   const struct conf_stack *y);
/* May the stack still touch all that the plan changes? */
bool clusters_allow(const struct conf_stack *stack, const struct plan *plan);
