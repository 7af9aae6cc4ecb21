/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking again at a path that something before it may have changed. */
#include "worker/target/path.h"

#include <errno.h>
#include <fcntl.h>

#include "base/autoptr.h"
#include "base/error.h"

bool path_same(const struct observed *before, const struct stat *now)
{
	if (!S_ISDIR(now->st_mode)) {
		struct observed same = *before;

		/* What this plan does to another name of the file gives it a new ctime. */
		if (before->st.st_nlink > 1) {
			same.st.st_ctim = now->st_ctim;
		}
		return observed_is_same(&same, now);
	}
	return before->st.st_dev == now->st_dev && before->st.st_ino == now->st_ino &&
	       before->st.st_mode == now->st_mode && before->st.st_uid == now->st_uid &&
	       before->st.st_gid == now->st_gid;
}

bool path_is_still(struct target_run *run, const struct step *step, bool *still, GError **error)
{
	const struct plan_change *c = step->change;
	bool absent = step->before.state.type == STATE_ABSENT;
	g_autoptr(GError) problem = NULL;
	const char *name;
	struct stat now;
	int parent;

	if (!beneath_parent(run->beneath, c->root, c->path, &parent, &name, &problem)) {
		if (g_error_matches(problem, BENEATH_ERROR, BENEATH_ERROR_ABSENT) ||
		    (c->root != NULL &&
		     g_error_matches(problem, BENEATH_ERROR, BENEATH_ERROR_LINK))) {
			*still = absent;
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (fstatat(parent, name, &now, AT_SYMLINK_NOFOLLOW) != 0) {
		*still = absent;
		return errno == ENOENT || fail_errno(error, "cannot look at '%s'", c->path);
	}
	*still = !absent && path_same(&step->before, &now);
	return true;
}

bool path_look(struct target_run *run, const struct step *step, struct observed *now,
	       enum path_look *look, GError **error)
{
	if (!path_observe(run->observer, step->change, now, error)) {
		return false;
	}
	if (!plan_state_equal(&step->before.state, &now->state)) {
		*look = PATH_OTHER;
	} else if (now->state.type == STATE_ABSENT || path_same(&step->before, &now->st)) {
		*look = PATH_STILL;
	} else {
		*look = PATH_EQUAL;
	}
	return true;
}

/* Would people have approved the same, had they seen this? */
static bool may_adopt(const struct step *step, const struct plan_state *now)
{
	const struct plan_state *desired = &step->change->desired;

	if (desired->type == STATE_ABSENT ||
	    (now->type != STATE_ABSENT && now->type != desired->type)) {
		return false;
	}
	if (desired->type == STATE_FILE) {
		return desired->size >= 0;
	}
	return desired->type != STATE_LINK || desired->link != NULL;
}

bool path_adopt(struct target_run *run, struct step *step, const struct observed *now,
		GError **error)
{
	bool anew = !plan_state_equal(&step->change->observed, &now->state);
	autoplace place = {-1, NULL, -1};

	if (anew && !may_adopt(step, &now->state)) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED,
			    "'%s' is not what the plan says, and what is there now must not be "
			    "replaced",
			    step->change->path);
	}
	if (!place_open_anchor(run, step, &place, error) || !path_drop(&place, step, error)) {
		return fail_prefix(error, "'%s'", step->change->path);
	}
	step->before = *now;
	step->anew = anew;
	step->new_ino = 0;
	return path_stage(run, step, error);
}

bool path_is_wanted(const struct step *step, const struct plan_state *now)
{
	const struct plan_state *want = &step->change->desired, *was = &step->change->observed;
	int64_t mode = step_mode(step), uid = step_uid(step), gid = step_gid(step);

	if (now->type != want->type) {
		return false;
	}
	if (now->type == STATE_ABSENT) {
		return true;
	}
	if (now->type == STATE_FILE) {
		const struct plan_state *content = want->size >= 0 ? want : was;

		if (now->size != content->size || !hash_equal(&now->digest, &content->digest)) {
			return false;
		}
	}
	if (now->type == STATE_LINK &&
	    g_strcmp0(now->link, want->link != NULL ? want->link : was->link) != 0) {
		return false;
	}
	return (now->type == STATE_LINK || mode < 0 || now->mode == mode) &&
	       (uid < 0 || now->uid == uid) && (gid < 0 || now->gid == gid);
}

bool path_is_aside(struct target_run *run, const struct step *step, bool *aside, GError **error)
{
	autoplace place = {-1, NULL, -1};
	g_autoptr(GError) problem = NULL;
	struct stat st;

	*aside = false;
	if (!place_open_anchor(run, step, &place, &problem)) {
		if (g_error_matches(problem, BENEATH_ERROR, BENEATH_ERROR_ABSENT)) {
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	if (fstatat(place.anchor, step->temp, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return errno == ENOENT ||
		       fail_errno(error, "cannot look at '%s/%s'", step->anchor, step->temp);
	}
	*aside = step->old_ino != 0 && st.st_ino == step->old_ino;
	return true;
}
