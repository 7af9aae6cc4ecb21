/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What was applied last, change by change (doc/worker.md, "applied").
 *
 *	applied_load(list, memory, objects, &applied, &error)
 *	thing = applied_find(applied, change)
 *	if (thing != NULL && applied_differs(&thing->state, &change->observed)) ...
 *	applied_store(applied, memory, &error)
 *
 * list is the agent's: the applies of its log. What each of them did stands in
 * the plans and lists of steps that it names. memory is ours: what came of that
 * the last time, so that only what is newer is read. It names the applies it
 * was made from by a digest; one that is lost, damaged or made from others is
 * made anew. What is not known for sure is forgotten, never guessed.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/plan.h"

struct applied;
/* Strings belong to the struct applied. */
struct applied_thing {
	const char *id, *kind, *path, *manager;
	struct plan_state state; /* desired, and what stayed as it was */
	const char *commit;
	int64_t time;
	const char *exec; /* of a command: the digest of what was run, and of its guard */
};

/* Of a plan that changed nothing but this. */
struct applied *applied_new_of(const struct plan_change *change);
/* Fails only when the list cannot be read. */
bool applied_load(const char *list, const char *memory, const char *objects, struct applied **out,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void applied_free(struct applied *applied);
/* Stood a command with this id and exactly this exec in what was applied last of it? */
bool applied_has_exec(const struct applied *applied, const char *id, const struct plan_exec *exec);
/* NULL: never by us, or nobody knows, or there is no state of it. */
const struct applied_thing *applied_find(const struct applied *applied,
					 const struct plan_change *change);
/* Does what is now differ in anything that is known of both? */
/* Paths of what was applied as a secret; they live as long as applied. */
GPtrArray *applied_secrets(const struct applied *applied);
bool applied_differs(const struct plan_state *applied, const struct plan_state *now);
/* Not synced; nothing to do when memory was up to date. */
bool applied_store(const struct applied *applied, const char *memory, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Plans that were applied, from the newest to the oldest, whatever became of them, until visit says
 * false or one is not there any more. The plan is visit's if it says that it keeps it. */
struct applied_apply;
typedef bool (*applied_visit)(struct plan *plan, const struct applied_apply *apply, bool *keeps,
			      void *user);
bool applied_walk(const char *list, const char *objects, applied_visit visit, void *user,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Was this change of the visited plan made? False when nobody knows. */
bool applied_was_made(const struct applied_apply *apply, const struct plan_change *change);

typedef struct applied applied_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(applied_auto, applied_free)
