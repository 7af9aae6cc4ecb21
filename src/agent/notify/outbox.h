/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What is to be told, kept until it is told: files below STATE/outbox, one for
 * each message of each notifier.
 *
 *	outbox_open(dir, &world, &outbox, &error)     what a former run left
 *	outbox_set(outbox, notifiers)                 jobs of others are dropped
 *	outbox_touch(outbox, "plan:sha256:...")       something about it has changed
 *	outbox_run(outbox)                            sends what is due, groups floods
 *	outbox_wake(outbox)                           when to run again, 0: not by itself
 *
 * A touch writes down what is wanted and sends nothing. What a message says is
 * made from the agent's state when it is sent, so that of several states that
 * waited only the last is told. Each message has one request under way, each
 * notifier too; a notifier that hangs holds up nobody else.
 *
 * Later: 429, 5xx and silence are tried again with doubled pauses and jitter,
 * or when Retry-After says. A refused form is tried once as plain text. What
 * cannot succeed is told to the operators once and left until its next state.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/notify/notify.h"

#define OUTBOX_JOBS 2000       /* of one notifier; beyond, the oldest ended ones go */
#define OUTBOX_PAUSE 5	       /* seconds after the first failure */
#define OUTBOX_PAUSE_MAX 900   /* seconds at most */
#define OUTBOX_WINDOW 60       /* seconds, of conf_notifier.burst */
#define OUTBOX_AGE (7 * 86400) /* a failed message about what is over is given up then */

/* Time, chance, network and state, so that tests script them. */
struct outbox_world {
	int64_t (*now)(void *user);
	uint32_t (*random)(void *user);
	/* The view of this key as it is now; NULL when there is nothing to say of it. brief:
	 * without what only the plan's document knows. */
	struct notice *(*view)(void *user, const char *key, bool brief);
	/* A new token; false when there is none to give. */
	bool (*issue)(void *user, const struct notifier *n, const struct notice *notice,
		      const char *person, char text[static 48]);
	unsigned (*send)(void *user, const struct http_send *send, http_done_fn done, void *data);
	void (*cancel)(void *user, unsigned request);
	/* An attempt of this notifier's has ended so. */
	void (*ended)(void *user, const struct notifier *n, enum notifier_fate fate);
	/* outbox_run() is due sooner than outbox_wake() said */
	void (*due)(void *user);
	void *user;
};

struct outbox;
bool outbox_open(const char *dir, const struct outbox_world *world, struct outbox **out,
		 GError **error) G_GNUC_WARN_UNUSED_RESULT;
void outbox_free(struct outbox *outbox);
/* struct notifier; borrowed until the next call. */
void outbox_set(struct outbox *outbox, const GPtrArray *notifiers);
void outbox_touch(struct outbox *outbox, const char *key);
void outbox_run(struct outbox *outbox);
int64_t outbox_wake(const struct outbox *outbox);
/* Messages that wait or may change yet. */
unsigned outbox_count(const struct outbox *outbox);
/* Every key that has a message; g_ptr_array_unref(). */
GPtrArray *outbox_keys(const struct outbox *outbox);
/* What was kept of this message for refresh(); NULL: none. */
const char *outbox_handle(const struct outbox *outbox, const char *notifier, const char *key);
/* The message shows this state already, e.g. by the answer to a click. */
void outbox_shown(struct outbox *outbox, const char *notifier, const char *key);
