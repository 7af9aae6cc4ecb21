/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Targets that are paths: files, folders, links. The functions that their
 * kinds have in common (struct target_ops).
 *
 * A new thing is made under the name .assent-TX-N in the anchor, the nearest
 * folder above the target that the plan itself neither makes nor takes away,
 * and comes into its place by one rename: into an empty place
 * (RENAME_NOREPLACE) or in exchange for the old thing (RENAME_EXCHANGE), which
 * from then on has that name until finish() removes it or undo() puts it back.
 * A removal is a rename to that name. So the old version is always there until
 * the end, and undoing never copies. Only a mode or an owner that changes alone
 * is set in place.
 *
 * Right before each rename the target's inode, times and attributes are those
 * of `before`, or the step fails; right after it, what has moved out is looked
 * at again and put back if it is something else. undo() never overwrites what
 * somebody else changed meanwhile: it keeps that, saves the old version beside
 * it under a name that ends in .assent-old, and says so (TARGET_ERROR_CONFLICT).
 */
#include "worker/target/target.h"

bool path_check(const struct plan_change *change, unsigned types, GError **error)
	G_GNUC_WARN_UNUSED_RESULT; /* types: bits 1 << enum state_type that may be desired */
bool path_observe(struct observer *o, const struct plan_change *change, struct observed *out,
		  GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool path_stage(struct target_run *run, struct step *step, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool path_commit(struct target_run *run, struct step *step, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool path_undo(struct target_run *run, struct step *step, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool path_finish(struct target_run *run, struct step *step, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The same thing? A folder's times change with what this plan does inside it. */
bool path_same(const struct observed *before, const struct stat *now);
/*
 * A step that comes after acts: what they did may have changed its target.
 * path_is_still() is cheap and knows times and inode; path_look() reads all.
 */
enum path_look {
	PATH_STILL, /* the very same thing */
	PATH_EQUAL, /* another one, of the same state */
	PATH_OTHER,
};
bool path_is_still(struct target_run *run, const struct step *step, bool *still, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool path_look(struct target_run *run, const struct step *step, struct observed *now,
	       enum path_look *look, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* From now on the step's `before` is this, whatever the plan says: it is staged anew, and its
 * journal line must be written before its commit(). TARGET_ERROR_CHANGED when the change would
 * not be the one that people saw: of another type, or with nothing to take its content from. */
bool path_adopt(struct target_run *run, struct step *step, const struct observed *now,
		GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Is this what the step makes? */
bool path_is_wanted(const struct step *step, const struct plan_state *now);
/* Does the old version lie aside, under the temporary name? */
bool path_is_aside(struct target_run *run, const struct step *step, bool *aside, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* How a change to this target becomes visible. */
enum step_way path_way(const struct step *step);
/* What is there before the step, for all that it keeps of it. */
const struct plan_state *step_was(const struct step *step);
/* The old mode and owner as the plan says. */
void step_set_old(struct step *step, const struct plan_state *old);

/* The two folders of a step, open. */
struct place {
	int parent; /* that holds the target */
	const char *name;
	int anchor; /* that holds step->temp */
};
bool place_open(struct target_run *run, const struct step *step, struct place *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Only the anchor; parent is -1. */
bool place_open_anchor(struct target_run *run, const struct step *step, struct place *out,
		       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void place_close(struct place *place);
#define autoplace __attribute__((cleanup(place_close))) struct place
/* What a thing will be: what the change does not state stays as it was. -1: as it comes. */
int64_t step_mode(const struct step *step);
int64_t step_uid(const struct step *step);
int64_t step_gid(const struct step *step);
/* Makes a changed mode or owner durable. fd: of the thing, O_PATH; parent: the folder's. */
bool path_sync(int fd, int parent, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes the thing under the temporary name if it is there; a folder must be empty. */
bool path_drop(const struct place *place, const struct step *step, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
