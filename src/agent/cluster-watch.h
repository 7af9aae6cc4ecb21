/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Workers with the job `watch` (doc/worker.md): one for each cluster and whom it
 * is spoken to as, for all stacks that have objects there. What they tell is
 * handed to those stacks' watches (watch.h).
 *
 *	cluster_watch_renew(w)      a plan job has left its list, the configuration is another:
 *	                            starts what is missing, ends what nobody needs, and starts
 *	                            anew what is to follow something else
 *	cluster_watch_problem(w, stack)
 *
 * One that dies is started again, after longer and longer pauses. Whenever one
 * begins, its stacks look at everything once: what happened before nobody knows.
 */
#include <stdbool.h>

struct agent;
struct cluster_watch;
struct cluster_watch *cluster_watch_new(struct agent *agent);
/* Ends the workers, and waits for that. */
void cluster_watch_free(struct cluster_watch *w);
void cluster_watch_renew(struct cluster_watch *w);
/* Why not all of the stack's objects are followed, NULL: they are. Borrowed until something is
 * told. */
const char *cluster_watch_problem(const struct cluster_watch *w, const char *stack);
