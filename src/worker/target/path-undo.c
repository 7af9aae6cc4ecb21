/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Taking a path's step back, and removing the old version when all is well.
 * Both look at what is there and rely on no memory but the two inode numbers,
 * so that they can be called after a crash and again after that.
 */
#include "worker/target/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/error.h"

#define SAVED_SUFFIX ".assent-old"
#define SAVED_TRIES 100

/* What lies in the two places now. */
struct seen {
	struct place place; /* -1 where a folder is not there */
	bool there, aside;
	struct stat at, temp;
};
static void seen_clear(struct seen *seen)
{
	place_close(&seen->place);
}
#define autoseen __attribute__((cleanup(seen_clear))) struct seen

static bool see(int dirfd, const char *name, bool *there, struct stat *st, GError **error)
{
	*there = fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) == 0;
	return *there || errno == ENOENT || fail_errno(error, "cannot look at it");
}

static bool look(struct target_run *run, const struct step *step, struct seen *out, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (!place_open(run, step, &out->place, &problem)) {
		if (problem->domain != BENEATH_ERROR ||
		    g_error_matches(problem, BENEATH_ERROR, BENEATH_ERROR_FAILED)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		if (out->place.anchor < 0) {
			return true; /* and nothing of ours can be there */
		}
	} else if (!see(out->place.parent, out->place.name, &out->there, &out->at, error)) {
		return false;
	}
	return see(out->place.anchor, step->temp, &out->aside, &out->temp, error);
}

static bool is_new(const struct step *step, bool there, const struct stat *st)
{
	return there && step->new_ino != 0 && st->st_ino == step->new_ino;
}

static bool is_old(const struct step *step, bool there, const struct stat *st)
{
	return there && step->old_ino != 0 && st->st_ino == step->old_ino;
}

static bool conflict(GError **error, const char *what)
{
	return fail(error, TARGET_ERROR, TARGET_ERROR_CONFLICT, "%s", what);
}

/* Nobody has touched what this apply put there? */
static bool is_as_made(struct target_run *run, const struct step *step, const struct seen *seen,
		       bool *same, GError **error)
{
	const struct plan_state *want = &step->change->desired;
	const struct plan_state *content = want->size >= 0 ? want : &step->change->observed;
	int64_t mode = step_mode(step);
	struct observed now;

	if (!observe_at(run->observer, seen->place.parent, seen->place.name, step->change->path,
			&now, error)) {
		return false;
	}
	*same = now.state.type == want->type && now.st.st_ino == step->new_ino &&
		(want->type == STATE_LINK || mode < 0 || now.state.mode == mode);
	if (*same && want->type == STATE_FILE) {
		*same = hash_equal(&now.state.digest, &content->digest);
	}
	if (*same && want->type == STATE_LINK) {
		*same = g_strcmp0(now.state.link,
				  want->link != NULL ? want->link : step->change->observed.link) ==
			0;
	}
	return true;
}

/* The old version stays beside the target, under a name that tells. Always fails, with the text. */
static bool save_old(const struct seen *seen, const struct step *step, const char *why,
		     GError **error)
{
	const char *name = strrchr(step->change->path, '/') + 1;
	int folder = seen->place.parent >= 0 ? seen->place.parent : seen->place.anchor;

	for (unsigned i = 1; i <= SAVED_TRIES; i++) {
		g_autofree char *saved = i == 1 ? g_strconcat(name, SAVED_SUFFIX, NULL)
						: g_strdup_printf("%s" SAVED_SUFFIX "-%u", name, i);

		if (renameat2(seen->place.anchor, step->temp, folder, saved, RENAME_NOREPLACE) ==
		    0) {
			g_autofree char *text = g_strdup_printf(
				"%s; the version from before is kept as '%s'", why, saved);

			return conflict(error, text);
		}
		if (errno != EEXIST) {
			break;
		}
	}
	return fail_errno(error, "cannot save the old version '%s/%s'", step->anchor, step->temp);
}

/* A new folder that others have used already stays. */
static bool drop_folder(const struct seen *seen, const struct step *step, GError **error)
{
	if (unlinkat(seen->place.anchor, step->temp, AT_REMOVEDIR) == 0) {
		return true;
	}
	if (errno != ENOTEMPTY && errno != EEXIST) {
		return fail_errno(error, "cannot remove the new folder");
	}
	if (renameat2(seen->place.anchor, step->temp, seen->place.parent, seen->place.name,
		      RENAME_NOREPLACE) != 0) {
		return fail_errno(error, "cannot put back the new folder, which is in use");
	}
	return conflict(error, "holds what somebody else has put there; it stays");
}

static bool undo_put(struct target_run *run, struct step *step, struct seen *seen, GError **error)
{
	bool same = false;

	if (!is_new(step, seen->there, &seen->at)) {
		return path_drop(&seen->place, step, error);
	}
	if (!is_as_made(run, step, seen, &same, error)) {
		return false;
	}
	if (!same) {
		return conflict(error, "was changed by somebody else since; it stays");
	}
	if (renameat2(seen->place.parent, seen->place.name, seen->place.anchor, step->temp,
		      RENAME_NOREPLACE) != 0) {
		return fail_errno(error, "cannot take it away again");
	}
	return S_ISDIR(seen->at.st_mode) ? drop_folder(seen, step, error)
					 : path_drop(&seen->place, step, error);
}

/* The old thing goes back to an empty place. */
static bool put_back(const struct seen *seen, const struct step *step, GError **error)
{
	if (seen->place.parent >= 0 && renameat2(seen->place.anchor, step->temp, seen->place.parent,
						 seen->place.name, RENAME_NOREPLACE) == 0) {
		return true;
	}
	if (seen->place.parent >= 0 && errno != EEXIST && errno != ENOENT) {
		return fail_errno(error, "cannot put it back");
	}
	return save_old(seen, step, "somebody else has changed what is there", error);
}

static bool undo_take(struct step *step, struct seen *seen, GError **error)
{
	return !is_old(step, seen->aside, &seen->temp) || put_back(seen, step, error);
}

static bool swap_back(const struct seen *seen, const struct step *step, GError **error)
{
	struct stat st;

	if (renameat2(seen->place.anchor, step->temp, seen->place.parent, seen->place.name,
		      RENAME_EXCHANGE) != 0) {
		return fail_errno(error, "cannot put it back");
	}
	if (fstatat(seen->place.anchor, step->temp, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino == step->new_ino) {
		return true;
	}
	/* Somebody was quicker; theirs goes back to its place. */
	if (renameat2(seen->place.anchor, step->temp, seen->place.parent, seen->place.name,
		      RENAME_EXCHANGE) != 0) {
		return fail_errno(error, "cannot put back what somebody else has put there");
	}
	return save_old(seen, step, "was changed by somebody else at the last moment", error);
}

static bool undo_swap(struct target_run *run, struct step *step, struct seen *seen, GError **error)
{
	bool same = false;

	if (!is_old(step, seen->aside, &seen->temp)) {
		return path_drop(&seen->place, step, error);
	}
	if (!is_new(step, seen->there, &seen->at)) {
		return put_back(seen, step, error);
	}
	/* A folder in exchange for a file: undone only when nothing else is in it. */
	if (!is_as_made(run, step, seen, &same, error)) {
		return false;
	}
	if (!same) {
		return save_old(seen, step, "was changed by somebody else since", error);
	}
	if (!swap_back(seen, step, error)) {
		return false;
	}
	if (!S_ISDIR(seen->at.st_mode)) {
		return path_drop(&seen->place, step, error);
	}
	if (unlinkat(seen->place.anchor, step->temp, AT_REMOVEDIR) == 0) {
		return true;
	}
	if (renameat2(seen->place.anchor, step->temp, seen->place.parent, seen->place.name,
		      RENAME_EXCHANGE) != 0) {
		return fail_errno(error, "cannot put back the new folder, which is in use");
	}
	return save_old(seen, step, "holds what somebody else has put there", error);
}

static bool is_one_of(int64_t now, int64_t old, int64_t new)
{
	return now == old || new < 0 || now == new;
}

static bool undo_touch(struct step *step, struct seen *seen, GError **error)
{
	autofd fd = -1;
	struct stat now;
	char name[64];

	/* It may have had another way before. */
	if (!path_drop(&seen->place, step, error)) {
		return false;
	}
	if (!is_old(step, seen->there, &seen->at)) {
		return !seen->there || conflict(error, "was replaced by somebody else since");
	}
	fd = openat(seen->place.parent, seen->place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &now) != 0 || now.st_ino != step->old_ino) {
		return conflict(error, "was replaced by somebody else since");
	}
	if (!is_one_of(now.st_mode & 07777, step->old_mode, step_mode(step)) ||
	    !is_one_of(now.st_uid, step->old_uid, step_uid(step)) ||
	    !is_one_of(now.st_gid, step->old_gid, step_gid(step))) {
		return conflict(error, "has another mode or owner by somebody else since");
	}
	if ((now.st_uid != (uid_t)step->old_uid || now.st_gid != (gid_t)step->old_gid) &&
	    fchownat(fd, "", (uid_t)step->old_uid, (gid_t)step->old_gid, AT_EMPTY_PATH) != 0) {
		return fail_errno(error, "cannot give back the owner");
	}
	g_snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if ((int64_t)(now.st_mode & 07777) != step->old_mode &&
	    chmod(name, (mode_t)step->old_mode) != 0) {
		return fail_errno(error, "cannot give back the mode");
	}
	return path_sync(fd, seen->place.parent, error);
}

bool path_undo(struct target_run *run, struct step *step, GError **error)
{
	autoseen seen = {.place = {-1, NULL, -1}};
	bool ok = look(run, step, &seen, error);

	if (ok && seen.place.anchor < 0) {
		ok = (step->old_ino == 0 && step->new_ino == 0) ||
		     conflict(error, "cannot be looked at: its folder is gone");
	} else if (ok) {
		switch (step->way) {
		case WAY_PUT:
			ok = undo_put(run, step, &seen, error);
			break;
		case WAY_TAKE:
			ok = undo_take(step, &seen, error);
			break;
		case WAY_SWAP:
			ok = undo_swap(run, step, &seen, error);
			break;
		case WAY_TOUCH:
			ok = undo_touch(step, &seen, error);
			break;
		}
	}
	return ok || fail_prefix(error, "'%s'", step->change->path);
}

bool path_finish(struct target_run *run, struct step *step, GError **error)
{
	autoseen seen = {.place = {-1, NULL, -1}};

	if (!look(run, step, &seen, error)) {
		return fail_prefix(error, "'%s'", step->change->path);
	}
	if (!seen.aside) {
		return true;
	}
	if (unlinkat(seen.place.anchor, step->temp,
		     S_ISDIR(seen.temp.st_mode) ? AT_REMOVEDIR : 0) == 0) {
		return true;
	}
	/* Somebody whose working folder it was has put a thing into it. */
	if ((errno == ENOTEMPTY || errno == EEXIST) && S_ISDIR(seen.temp.st_mode)) {
		save_old(&seen, step, "the removed folder was in use", error);
	} else {
		fail_errno(error, "cannot remove '%s/%s'", step->anchor, step->temp);
	}
	return fail_prefix(error, "'%s'", step->change->path);
}
