/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * One agent: follows its events over its socket (doc/api.yaml) and asks, after
 * each, what it looks like now. Events alone would not do: what happened while
 * nobody listened is in the next snapshot all the same.
 *
 *	link = link_new(client, socket, &calls, user)     connects, and again for ever
 *	link_vote(), link_review()
 *	link_free(link)
 */
#include "base/http-client.h"
#include "desktop/snapshot.h"

struct link;
struct link_calls {
	void (*news)(struct snapshot *snapshot, void *user); /* takes it over */
	void (*gone)(void *user); /* was there, and has not been for a while */
	/* of a vote or a review: problem NULL when it was taken; url of a review */
	void (*done)(const char *key, const char *url, const char *problem, void *user);
};

struct link *link_new(struct http_client *client, const char *socket,
		      const struct link_calls *calls, void *user);
void link_free(struct link *link);
/* Is there an agent? */
bool link_is_up(const struct link *link);
/* key is given back to done(). */
void link_vote(struct link *link, const char *key, const char *plan, bool approve,
	       const char *reason);
/* plan NULL: the overview. */
void link_review(struct link *link, const char *key, const char *plan);
