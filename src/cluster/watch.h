/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Many watches side by side, of one or several clusters, in one thread:
 *
 *	w = cluster_watches_new();
 *	cluster_watches_add(w, c, "/api/v1/configmaps?watch=1&...", &ops, user, error);
 *	while (!stopped) cluster_watches_wait(w, -1, 1000);     -- calls ops
 *	cluster_watches_free(w);                                -- ends those that are open
 *
 * Watches of a cluster share a connection of their own, so that they take no
 * stream from requests. One that ended is gone, and told of by ops->ended, from
 * which others may be added, as from ops->event: connecting again, from which
 * resourceVersion and how soon, is the caller's. A connection on which nothing
 * comes for three minutes, not even a bookmark, is ended as lost.
 */
#include "cluster/cluster.h"

#define CLUSTER_WATCH_SILENCE 180 /* seconds */

enum cluster_watch_end {
	CLUSTER_WATCH_DONE,    /* the server ended it, or event said so: go on from the last
				  resourceVersion */
	CLUSTER_WATCH_EXPIRED, /* 410, as an answer or as an event: list again */
	CLUSTER_WATCH_REFUSED, /* see the answer; 401 was tried with other credentials */
	CLUSTER_WATCH_LOST,    /* no connection, it was cut, 429 or 5xx: again after a while */
};

struct cluster_watch_ops {
	/* As in cluster_watch(), but no "ERROR", which ends it. */
	cluster_event_fn *event;
	/* problem: a text for people; NULL after CLUSTER_WATCH_DONE. answer: of the server, NULL
	 * when there is none. Both borrowed. */
	void (*ended)(enum cluster_watch_end end, const struct kube_answer *answer,
		      const char *problem, void *user);
	const char *accept; /* NULL: application/json */
};

struct cluster_watches;
struct cluster_watches *cluster_watches_new(void);
/* ended is not called. */
void cluster_watches_free(struct cluster_watches *w);
typedef struct cluster_watches cluster_watches_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cluster_watches_auto, cluster_watches_free)
/* c lives longer than the watch. False when there are no credentials. */
bool cluster_watches_add(struct cluster_watches *w, struct cluster *c, const char *path,
			 const struct cluster_watch_ops *ops, void *user, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Ends those with this user, without ended being called. */
void cluster_watches_remove(struct cluster_watches *w, const void *user);
unsigned cluster_watches_count(const struct cluster_watches *w);
/* Until something came, fd (-1: none) can be read, or so many milliseconds are over; then what came
 * is handed over. */
void cluster_watches_wait(struct cluster_watches *w, int fd, unsigned milliseconds);
