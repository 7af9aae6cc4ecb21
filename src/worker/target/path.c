/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What staging, committing and undoing of paths have in common. */
#include "worker/target/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/error.h"

bool path_observe(struct observer *o, const struct plan_change *change, struct observed *out,
		  GError **error)
{
	return observe_path(o, change->root, change->path, out, error);
}

static bool bad_plan(const struct plan_change *change, const char *why, GError **error)
{
	return fail(error, TARGET_ERROR, TARGET_ERROR_PLAN, "the plan's change '%s' %s", change->id,
		    why);
}

static bool check_desired(const struct plan_change *c, unsigned types, GError **error)
{
	const struct plan_state *d = &c->desired;

	if ((types & 1U << d->type) == 0) {
		return bad_plan(c, "wants a type that its kind does not make", error);
	}
	if (d->keyed != NULL && d->sealed == NULL) {
		return bad_plan(c, "is a secret without its sealed content", error);
	}
	if (d->xattrs != NULL) {
		return bad_plan(c, "wants extended attributes, which cannot be set", error);
	}
	if (c->action != ACTION_UPDATE) {
		if (d->type == STATE_FILE && d->size < 0) {
			return bad_plan(c, "does not state the content", error);
		}
		if (d->type != STATE_LINK && d->mode < 0) {
			return bad_plan(c, "does not state the mode", error);
		}
		if (d->type == STATE_LINK && d->link == NULL) {
			return bad_plan(c, "does not state the link's text", error);
		}
	}
	return true;
}

/* Does the action fit what was and what will be? */
static bool action_fits(const struct plan_change *c)
{
	enum state_type was = c->observed.type, will = c->desired.type;

	if (was == STATE_OTHER || will == STATE_OTHER) {
		return false;
	}
	switch (c->action) {
	case ACTION_CREATE:
		return was == STATE_ABSENT && will != STATE_ABSENT;
	case ACTION_UPDATE:
		return was == will && was != STATE_ABSENT;
	case ACTION_REPLACE:
		return was != will && was != STATE_ABSENT && will != STATE_ABSENT;
	case ACTION_REMOVE:
		return was != STATE_ABSENT && will == STATE_ABSENT;
	case ACTION_START:
	case ACTION_STOP:
	case ACTION_RESTART:
	case ACTION_RELOAD:
	case ACTION_ENABLE:
	case ACTION_DISABLE:
	case ACTION_RUN:
		break;
	}
	return false;
}

bool path_check(const struct plan_change *change, unsigned types, GError **error)
{
	if (change->path == NULL || strcmp(change->path, "/") == 0) {
		return bad_plan(change, "has no path", error);
	}
	if (!action_fits(change)) {
		return bad_plan(change, "has an action that does not fit its states", error);
	}
	return change->action == ACTION_REMOVE || check_desired(change, types, error);
}

static bool is_update(const struct step *step)
{
	return step->change->action == ACTION_UPDATE;
}

const struct plan_state *step_was(const struct step *step)
{
	return step->anew ? &step->before.state : &step->change->observed;
}

void step_set_old(struct step *step, const struct plan_state *old)
{
	step->old_mode = old->mode;
	step->old_uid = old->uid;
	step->old_gid = old->gid;
}

int64_t step_mode(const struct step *step)
{
	int64_t mode = step->change->desired.mode;

	return mode < 0 && is_update(step) ? step->old_mode : mode;
}

int64_t step_uid(const struct step *step)
{
	int64_t uid = step->change->desired.uid;

	return uid < 0 && is_update(step) ? step->old_uid : uid;
}

int64_t step_gid(const struct step *step)
{
	int64_t gid = step->change->desired.gid;

	return gid < 0 && is_update(step) ? step->old_gid : gid;
}

static bool keeps_content(const struct plan_state *desired, const struct plan_state *was)
{
	return desired->size < 0 ||
	       (desired->size == was->size && hash_equal(&desired->digest, &was->digest));
}

/* One system call does it, and it reaches no other name of the file. */
static bool one_call_does(const struct plan_state *d, const struct plan_state *o,
			  const struct observed *before)
{
	bool mode = d->mode >= 0 && d->mode != o->mode;
	bool owner = (d->uid >= 0 && d->uid != o->uid) || (d->gid >= 0 && d->gid != o->gid);
	/* chown() clears these bits and capabilities. */
	bool chown_clears = (o->mode & 06000) != 0 || o->xattrs != NULL;

	return !(mode && owner) && !(owner && chown_clears) && before->st.st_nlink == 1;
}

enum step_way path_way(const struct step *step)
{
	const struct plan_state *was = step_was(step), *desired = &step->change->desired;

	if (was->type == STATE_ABSENT) {
		return WAY_PUT;
	}
	if (desired->type == STATE_ABSENT) {
		return WAY_TAKE;
	}
	if (was->type != desired->type) {
		return WAY_SWAP;
	}
	if (desired->type == STATE_DIRECTORY ||
	    (desired->type == STATE_FILE && keeps_content(desired, was) &&
	     one_call_does(desired, was, &step->before))) {
		return WAY_TOUCH;
	}
	return WAY_SWAP;
}

void place_close(struct place *place)
{
	autofd_close(&place->parent);
	autofd_close(&place->anchor);
}

static bool keep_open(int borrowed, int *out, GError **error)
{
	*out = fcntl(borrowed, F_DUPFD_CLOEXEC, 3);
	return *out >= 0 || fail_errno(error, "cannot keep a folder open");
}

bool place_open_anchor(struct target_run *run, const struct step *step, struct place *out,
		       GError **error)
{
	int borrowed;

	*out = (struct place){.parent = -1, .anchor = -1};
	return beneath_folder(run->beneath, step->anchor_root, step->anchor, &borrowed, error) &&
	       keep_open(borrowed, &out->anchor, error);
}

bool place_open(struct target_run *run, const struct step *step, struct place *out, GError **error)
{
	const struct plan_change *c = step->change;
	int borrowed;

	if (!place_open_anchor(run, step, out, error)) {
		return false;
	}
	return beneath_parent(run->beneath, c->root, c->path, &borrowed, &out->name, error) &&
	       keep_open(borrowed, &out->parent, error);
}

bool path_drop(const struct place *place, const struct step *step, GError **error)
{
	struct stat st;

	if (fstatat(place->anchor, step->temp, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return errno == ENOENT ||
		       fail_errno(error, "cannot look at '%s/%s'", step->anchor, step->temp);
	}
	if (unlinkat(place->anchor, step->temp, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) != 0) {
		return fail_errno(error, "cannot remove '%s/%s'", step->anchor, step->temp);
	}
	return true;
}

bool path_sync(int fd, int parent, GError **error)
{
	char name[64];
	autofd opened = -1;

	g_snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	opened = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (opened >= 0) {
		return fsync(opened) == 0 || fail_errno(error, "cannot sync");
	}
	/* Not readable for us; its file system as a whole then. */
	opened = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return (opened >= 0 && syncfs(opened) == 0) || fail_errno(error, "cannot sync");
}
