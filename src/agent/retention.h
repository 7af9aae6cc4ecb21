/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which contents are kept, and removing the others (doc/config.md).
 *
 * The worker's plan job leaves the contents that a plan wants among the objects.
 * Those of old plans go, and nothing else does: an object is removed when it is
 * the content of a change of an old plan, of no plan that is kept, and nothing
 * else in any plan or entry has its digest. When a kept plan or an entry cannot
 * be read nothing is removed any more; an old plan that cannot is left out.
 *
 *	r = retention_new(&world);
 *	while (!done) retention_mark(r, now, &done, &error)      reads plans and entries
 *	while (!done) retention_sweep(r, now, &done, &error)     removes; only while no job runs
 *
 * Each call takes a few milliseconds. The log may grow in between, and the calls
 * may end anywhere: what is half done is found anew.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/fold.h"
#include "base/conf.h"

struct agent;
struct retention;

struct retention_world {
	const struct fold *fold;
	const char *objects; /* folder */
	struct conf_retention rule;
	/* The bytes of an entry. */
	bool (*read)(void *user, uint64_t seq, char **raw, size_t *len, GError **error);
	void *user;
};

struct retention *retention_new(const struct retention_world *world);
void retention_free(struct retention *r);
bool retention_mark(struct retention *r, int64_t now, bool *done, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool retention_sweep(struct retention *r, int64_t now, bool *done, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* What was removed so far. */
/* Old plans that cannot be read, and what is wrong with the first of them; NULL: there is none. */
const char *retention_skipped(const struct retention *retention, unsigned *count);
void retention_removed(const struct retention *r, uint64_t *count, uint64_t *bytes);

/* After an apply: all of it from the main loop, once a day. */
void retention_due(struct agent *agent);
/* What is under way ends; the next apply begins it anew. */
void retention_stop(struct agent *agent);

typedef struct retention retention_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(retention_auto, retention_free)
