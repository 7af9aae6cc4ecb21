/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making the new thing beside its place, complete and synced. */
#include "worker/target/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/objects.h"
#include "base/seal.h"

#define CHUNK ((size_t)1 << 16)
#define ACL_XATTR "system.posix_acl_access"

/* A digest of what is copied, by the key that was is told by. */
struct tally {
	const char *key_id;
	struct seal_digest keyed;
	struct hash_state plain;
};

static bool tally_begin(struct tally *t, const struct target_run *run, const char *key_id,
			GError **error)
{
	t->key_id = key_id;
	hash_init(&t->plain);
	return key_id == NULL || seal_digest_begin(&t->keyed, run->keys, key_id) ||
	       fail(error, TARGET_ERROR, TARGET_ERROR_FAILED, "no sealing key %s", key_id);
}

static void tally_add(struct tally *t, const char *bytes, size_t len)
{
	if (t->key_id != NULL) {
		seal_digest_update(&t->keyed, bytes, len);
	} else {
		hash_update(&t->plain, bytes, len);
	}
}

static void tally_end(struct tally *t, struct hash *out)
{
	if (t->key_id != NULL) {
		seal_digest_end(&t->keyed, out);
	} else {
		hash_final(&t->plain, out);
	}
}

/* The content stays: it comes from the target itself. */
static bool copy_live(struct target_run *run, const struct place *place, const struct step *step,
		      int to, GError **error)
{
	autofd from =
		openat(place->parent, place->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	g_autofree char *chunk = g_malloc(CHUNK);
	struct tally tally;
	struct hash have;
	ssize_t got;

	if (from < 0) {
		return fail_errno(error, "cannot open");
	}
	if (!tally_begin(&tally, run, step_was(step)->keyed, error)) {
		return false;
	}
	while ((got = read(from, chunk, CHUNK)) != 0) {
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return fail_errno(error, "cannot read");
		}
		tally_add(&tally, chunk, (size_t)got);
		if (!file_write_all(to, chunk, (size_t)got, error)) {
			return false;
		}
	}
	tally_end(&tally, &have);
	if (step_was(step)->keyed != NULL) {
		sodium_memzero(chunk, CHUNK);
	}
	if (!hash_equal(&have, &step_was(step)->digest)) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED,
			    "changed while it was copied");
	}
	return true;
}

static bool copy_object(struct target_run *run, const struct plan_state *desired, int to,
			GError **error)
{
	autofd from = -1;
	bool ok;

	caller_enter(run->caller);
	ok = objects_open(run->objects, &desired->digest, &from, error);
	caller_leave(run->caller);
	return ok && objects_copy_fd(from, &desired->digest, (size_t)desired->size, to, error);
}

/* What the object holds sealed, when it is what the plan says. */
static bool copy_sealed(struct target_run *run, const struct step *step, int to, GError **error)
{
	const struct plan_change *c = step->change;
	g_autoptr(seal_bytes_auto) bytes = NULL;
	g_autofree char *text = NULL;
	struct seal_digest digest;
	struct hash object, have;
	const char *content;
	size_t len;
	bool ok;

	if (c->desired.sealed == NULL || !hash_parse(&object, c->desired.sealed) ||
	    !seal_digest_begin(&digest, run->keys, c->desired.keyed)) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "the secret cannot be opened here");
	}
	caller_enter(run->caller);
	ok = objects_load(run->objects, &object, SEAL_MAX_SIZE, &text, &len, error);
	caller_leave(run->caller);
	if (!ok ||
	    !seal_take(text, len, run->keys, run->agent, run->stack, c->path, &bytes, error)) {
		return false;
	}
	content = seal_bytes_get(bytes, &len);
	seal_digest_update(&digest, content, len);
	seal_digest_end(&digest, &have);
	if (!hash_equal(&have, &c->desired.digest)) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "the secret is not the one that the plan means");
	}
	return file_write_all(to, content, len, error);
}

static bool write_content(struct target_run *run, const struct place *place,
			  const struct step *step, int fd, GError **error)
{
	const struct plan_state *desired = &step->change->desired;
	struct stat st;

	if (desired->size < 0) {
		return copy_live(run, place, step, fd, error);
	}
	if (step_was(step)->type == STATE_FILE &&
	    hash_equal(&desired->digest, &step_was(step)->digest)) {
		return copy_live(run, place, step, fd, error);
	}
	if (desired->keyed != NULL) {
		return copy_sealed(run, step, fd, error);
	}
	if (!copy_object(run, desired, fd, error)) {
		return false;
	}
	if (fstat(fd, &st) != 0 || st.st_size != desired->size) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "the wanted content has another size than the plan says");
	}
	return true;
}

static bool set_owner(int fd, const struct step *step, GError **error)
{
	int64_t uid = step_uid(step), gid = step_gid(step);
	struct stat st;

	if (fstat(fd, &st) != 0) {
		return fail_errno(error, "cannot look at the new copy");
	}
	if ((uid < 0 || st.st_uid == (uid_t)uid) && (gid < 0 || st.st_gid == (gid_t)gid)) {
		return true;
	}
	if (fchown(fd, uid < 0 ? (uid_t)-1 : (uid_t)uid, gid < 0 ? (gid_t)-1 : (gid_t)gid) != 0) {
		return fail_errno(error, "cannot give the new copy its owner");
	}
	return true;
}

static bool copy_xattr(int from, int to, const char *name, GError **error)
{
	char value[XATTR_SIZE_MAX];
	ssize_t len = fgetxattr(from, name, value, sizeof(value));

	if (len < 0 || fsetxattr(to, name, value, (size_t)len, 0) != 0) {
		return fail_errno(error, "cannot keep extended attribute '%s'", name);
	}
	return true;
}

/* What is watched, and the access list: an update must not lose them. */
static bool keep_xattrs(const struct place *place, const struct step *step, int to, GError **error)
{
	char list[XATTR_LIST_MAX];
	autofd from = -1;
	ssize_t len;

	if (step_was(step)->type != STATE_FILE || step->change->desired.type != STATE_FILE) {
		return true;
	}
	from = openat(place->parent, place->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	len = from >= 0 ? flistxattr(from, list, sizeof(list)) : -1;
	if (len < 0) {
		return (from >= 0 && errno == ENOTSUP) ||
		       fail_errno(error, "cannot read extended attributes");
	}
	for (const char *name = list; name < list + len; name += strlen(name) + 1) {
		if ((observe_watches_xattr(name) || strcmp(name, ACL_XATTR) == 0) &&
		    !copy_xattr(from, to, name, error)) {
			return false;
		}
	}
	return true;
}

/* chown() clears capabilities and bits, an access list changes the mode: hence this order. */
static bool set_attributes(struct target_run *run, const struct place *place,
			   const struct step *step, int fd, GError **error)
{
	if (!set_owner(fd, step, error) || !keep_xattrs(place, step, fd, error)) {
		return false;
	}
	if (fchmod(fd, (mode_t)step_mode(step)) != 0) {
		return fail_errno(error, "cannot set the new copy's mode");
	}
	if (!run->sync_later && fsync(fd) != 0) {
		return fail_errno(error, "cannot sync the new copy");
	}
	return true;
}

static bool remember_new(int fd, struct step *step, GError **error)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		return fail_errno(error, "cannot look at the new copy");
	}
	step->new_ino = st.st_ino;
	return true;
}

static bool stage_file(struct target_run *run, const struct place *place, struct step *step,
		       GError **error)
{
	autofd fd = openat(place->anchor, step->temp,
			   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		return fail_errno(error, "cannot make '%s/%s'", step->anchor, step->temp);
	}
	return write_content(run, place, step, fd, error) &&
	       set_attributes(run, place, step, fd, error) && remember_new(fd, step, error);
}

static bool stage_directory(struct target_run *run, const struct place *place, struct step *step,
			    GError **error)
{
	autofd fd = -1;

	if (mkdirat(place->anchor, step->temp, 0700) != 0) {
		return fail_errno(error, "cannot make '%s/%s'", step->anchor, step->temp);
	}
	fd = openat(place->anchor, step->temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return fail_errno(error, "cannot open '%s/%s'", step->anchor, step->temp);
	}
	return set_attributes(run, place, step, fd, error) && remember_new(fd, step, error);
}

static bool stage_link(const struct place *place, struct step *step, GError **error)
{
	const struct plan_change *c = step->change;
	const char *text = c->desired.link != NULL ? c->desired.link : c->observed.link;
	int64_t uid = step_uid(step), gid = step_gid(step);
	struct stat st;

	if (symlinkat(text, place->anchor, step->temp) != 0) {
		return fail_errno(error, "cannot make '%s/%s'", step->anchor, step->temp);
	}
	if (fstatat(place->anchor, step->temp, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return fail_errno(error, "cannot look at the new link");
	}
	step->new_ino = st.st_ino;
	if ((uid >= 0 && st.st_uid != (uid_t)uid) || (gid >= 0 && st.st_gid != (gid_t)gid)) {
		if (fchownat(place->anchor, step->temp, uid < 0 ? (uid_t)-1 : (uid_t)uid,
			     gid < 0 ? (gid_t)-1 : (gid_t)gid, AT_SYMLINK_NOFOLLOW) != 0) {
			return fail_errno(error, "cannot give the new link its owner");
		}
	}
	return true;
}

static bool stage(struct target_run *run, struct step *step, GError **error)
{
	autoplace place = {-1, NULL, -1};

	/* The parent may be a folder that this plan makes, so it is looked at only where the
	 * target was there already. */
	if (step_was(step)->type != STATE_ABSENT ? !place_open(run, step, &place, error)
						 : !place_open_anchor(run, step, &place, error)) {
		return false;
	}
	switch (step->change->desired.type) {
	case STATE_FILE:
		return stage_file(run, &place, step, error);
	case STATE_DIRECTORY:
		return stage_directory(run, &place, step, error);
	case STATE_LINK:
		return stage_link(&place, step, error);
	case STATE_ABSENT:
	case STATE_OTHER:
	case STATE_PACKAGE:
	case STATE_SERVICE:
	case STATE_COMMAND:
	case STATE_OBJECT:
		break;
	}
	return true;
}

bool path_stage(struct target_run *run, struct step *step, GError **error)
{
	/* What is gone by now leaves no mode to keep but the plan's. */
	step_set_old(step, step_was(step)->type != STATE_ABSENT ? step_was(step)
								: &step->change->observed);
	step->way = path_way(step);
	step->old_ino = step->before.st.st_ino;
	if (step->way == WAY_TAKE || step->way == WAY_TOUCH) {
		autoplace place = {-1, NULL, -1};

		/* Nothing to make, but better to know now that its folders can be opened. */
		return place_open(run, step, &place, error) ||
		       fail_prefix(error, "'%s'", step->change->path);
	}
	return stage(run, step, error) || fail_prefix(error, "'%s'", step->change->path);
}
