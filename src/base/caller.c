/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening files with the rights of whoever asked. */
#include "base/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"

const char *const caller_marks[] = {"SUDO_UID",	  "SUDO_USER", "SUDO_COMMAND",
				    "PKEXEC_UID", "DOAS_USER", NULL};

static void set_ids(uid_t uid, gid_t gid)
{
	/* Neither reports a failure; asking with an id that none has tells what is set. */
	setfsgid(gid);
	setfsuid(uid);
	if ((uid_t)setfsuid((uid_t)-1) != uid || (gid_t)setfsgid((gid_t)-1) != gid) {
		g_error("cannot take on the rights of user %u", (unsigned)uid);
	}
}

void caller_enter(const struct caller *caller)
{
	if (caller != NULL && caller->known) {
		set_ids(caller->uid, caller->gid);
	}
}

void caller_leave(const struct caller *caller)
{
	int code = errno;

	if (caller != NULL && caller->known) {
		/* The user first: only root may take any group. */
		setfsuid(geteuid());
		set_ids(geteuid(), getegid());
	}
	errno = code;
}

bool caller_read(const struct caller *caller, const char *path, size_t max, char **text,
		 size_t *len, GError **error)
{
	autofd fd = -1;

	caller_enter(caller);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	caller_leave(caller);
	if (fd < 0 && errno == ELOOP) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "'%s' is a symbolic link", path);
	}
	return fd < 0 ? fail_errno(error, "cannot open '%s'", path)
		      : file_read_fd(fd, path, max, text, len, error);
}
