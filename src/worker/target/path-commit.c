/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The visible step of a path, once the new thing is staged. */
#include "worker/target/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/error.h"

static bool changed(const char *what, GError **error)
{
	return fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED, "%s", what);
}

static bool check_folder_is_empty(struct target_run *run, const struct step *step, GError **error)
{
	g_autoptr(GPtrArray) names = NULL;

	if (step->before.state.type != STATE_DIRECTORY) {
		return true;
	}
	if (!observe_names(run->observer, step->change->root, step->change->path, &names, error)) {
		return false;
	}
	if (names != NULL && names->len > 0) {
		g_autofree char *shown = g_utf8_make_valid(names->pdata[0], -1);

		return fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED,
			    "holds '%s', which the plan does not know", shown);
	}
	return true;
}

static bool check_still(const struct place *place, const struct step *step, GError **error)
{
	struct stat now;

	if (fstatat(place->parent, place->name, &now, AT_SYMLINK_NOFOLLOW) != 0) {
		return errno == ENOENT ? changed("is gone", error)
				       : fail_errno(error, "cannot look at it");
	}
	return path_same(&step->before, &now) || changed("is not what it was a moment ago", error);
}

/* Whatever has just moved to the temporary name: the thing that was checked? Its ctime is new. */
static bool is_the_old_one(const struct place *place, const struct step *step)
{
	const struct stat *was = &step->before.st;
	struct stat now;

	return fstatat(place->anchor, step->temp, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       now.st_ino == was->st_ino && now.st_dev == was->st_dev &&
	       now.st_mode == was->st_mode && now.st_uid == was->st_uid &&
	       now.st_gid == was->st_gid &&
	       (S_ISDIR(now.st_mode) ||
		(now.st_size == was->st_size && now.st_mtim.tv_sec == was->st_mtim.tv_sec &&
		 now.st_mtim.tv_nsec == was->st_mtim.tv_nsec));
}

static bool rename_failed(const char *what, GError **error)
{
	if (errno == EEXIST) {
		return changed("is there now, and was not before", error);
	}
	if (errno == EINVAL) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "cannot %s: this file system cannot rename that way", what);
	}
	return fail_errno(error, "cannot %s", what);
}

static bool commit_put(struct target_run *run, const struct place *place, struct step *step,
		       GError **error)
{
	(void)run;
	return renameat2(place->anchor, step->temp, place->parent, place->name, RENAME_NOREPLACE) ==
		       0 ||
	       rename_failed("put it in place", error);
}

static bool commit_take(struct target_run *run, const struct place *place, struct step *step,
			GError **error)
{
	if (!check_folder_is_empty(run, step, error) || !check_still(place, step, error)) {
		return false;
	}
	if (renameat2(place->parent, place->name, place->anchor, step->temp, RENAME_NOREPLACE) !=
	    0) {
		return rename_failed("take it away", error);
	}
	if (is_the_old_one(place, step)) {
		return true;
	}
	/* Somebody was quicker; their thing goes back, unless there is a third one by now. */
	if (renameat2(place->anchor, step->temp, place->parent, place->name, RENAME_NOREPLACE) !=
	    0) {
		return rename_failed("put back what somebody else has put there", error);
	}
	return changed("was changed at the last moment", error);
}

static bool commit_swap(struct target_run *run, const struct place *place, struct step *step,
			GError **error)
{
	if (!check_folder_is_empty(run, step, error) || !check_still(place, step, error)) {
		return false;
	}
	if (renameat2(place->anchor, step->temp, place->parent, place->name, RENAME_EXCHANGE) !=
	    0) {
		return rename_failed("exchange it", error);
	}
	if (is_the_old_one(place, step)) {
		return true;
	}
	if (renameat2(place->anchor, step->temp, place->parent, place->name, RENAME_EXCHANGE) !=
	    0) {
		return rename_failed("put back what somebody else has put there", error);
	}
	return changed("was changed at the last moment", error);
}

static bool set_owner(int fd, const struct step *step, const struct stat *now, GError **error)
{
	uid_t uid = (uid_t)step_uid(step);
	gid_t gid = (gid_t)step_gid(step);

	return (now->st_uid == uid && now->st_gid == gid) ||
	       fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0 ||
	       fail_errno(error, "cannot change the owner");
}

/* By the descriptor's name in /proc: nothing has to be readable, and no link is followed. */
static bool set_mode(int fd, int64_t mode, GError **error)
{
	char name[64];
	struct stat now;

	if (fstat(fd, &now) != 0) {
		return fail_errno(error, "cannot look at it");
	}
	if ((int64_t)(now.st_mode & 07777) == mode) {
		return true;
	}
	g_snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return chmod(name, (mode_t)mode) == 0 || fail_errno(error, "cannot change the mode");
}

static bool commit_touch(struct target_run *run, const struct place *place, struct step *step,
			 GError **error)
{
	autofd fd = openat(place->parent, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat now;

	(void)run;
	if (fd < 0 || fstat(fd, &now) != 0) {
		return errno == ENOENT ? changed("is gone", error)
				       : fail_errno(error, "cannot open it");
	}
	if (!path_same(&step->before, &now)) {
		return changed("is not what it was a moment ago", error);
	}
	return set_owner(fd, step, &now, error) && set_mode(fd, step_mode(step), error) &&
	       path_sync(fd, place->parent, error);
}

bool path_commit(struct target_run *run, struct step *step, GError **error)
{
	autoplace place = {-1, NULL, -1};
	bool ok = place_open(run, step, &place, error);

	if (ok) {
		switch (step->way) {
		case WAY_PUT:
			ok = commit_put(run, &place, step, error);
			break;
		case WAY_TAKE:
			ok = commit_take(run, &place, step, error);
			break;
		case WAY_SWAP:
			ok = commit_swap(run, &place, step, error);
			break;
		case WAY_TOUCH:
			ok = commit_touch(run, &place, step, error);
			break;
		}
	}
	return ok || fail_prefix(error, "'%s'", step->change->path);
}
