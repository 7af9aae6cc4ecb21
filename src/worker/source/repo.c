/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Setting libgit2 up, opening repositories, turning its errors into ours. */
#include "worker/source/repo.h"

#include "base/error.h"

#include <string.h>

bool fail_git(GError **error, int code, const char *format, ...)
{
	const git_error *last = git_error_last();
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	return fail(error, BASE_ERROR,
		    code == GIT_ENOTFOUND ? BASE_ERROR_NOT_FOUND : BASE_ERROR_FAILED, "%s: %s",
		    text, last != NULL && last->message != NULL ? last->message : "unknown error");
}

static bool isolate(void)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
				     GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};

	/* url.insteadOf of somebody's ~/.gitconfig would fetch another repository than the one
	 * named. */
	for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
		if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "") < 0) {
			return false;
		}
	}
	return true;
}

bool repo_setup(GError **error)
{
	int code = git_libgit2_init();

	/* A worker as root reads the mirror of an agent that is not: libgit2 runs nothing from a
	 * repository's configuration, and what it says is pinned by commit id. */
	if (code < 0 || !isolate() || git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) < 0 ||
	    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1) < 0 ||
	    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1) < 0) {
		return fail_git(error, code, "cannot set up libgit2");
	}
	return true;
}

bool repo_open(const char *path, git_repository **out, GError **error)
{
	int code;

	if (!repo_setup(error)) {
		return false;
	}
	code = git_repository_open_ext(out, path,
				       GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE |
					       GIT_REPOSITORY_OPEN_NO_DOTGIT,
				       NULL);
	return code == 0 || fail_git(error, code, "cannot open the mirror '%s'", path);
}

bool repo_oid_parse(git_oid *out, const char *hex, GError **error)
{
	if (strlen(hex) != GIT_OID_HEXSZ || git_oid_fromstr(out, hex) < 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "'%s' is not a commit id of 40 hexadecimal digits", hex);
	}
	return true;
}
