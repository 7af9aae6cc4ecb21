/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Runs a program shut in: bubblewrap when it is installed and works here, else
 * namespaces that we make ourselves (worker/confine.h). Where neither can be had
 * nothing runs: BASE_ERROR_NOT_FOUND, with the reason of each.
 *
 * Inside there is no network but a loopback of its own, no socket, no process of
 * others, no /home, /run, /root or /sys, no capability and no way to one. / holds
 * /usr (and what of /bin, /lib ... is no link into it), the files that the loader
 * needs, the program, `input` at `place`, all of them read-only, and /tmp in
 * memory, SANDBOX_TMP bytes at most. It is killed with all that it started at its
 * deadline, when its first process ends, and when we die.
 *
 * Root gives the program a user id that nobody else has.
 */
#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/proc.h"

#define SANDBOX_TMP ((size_t)256 << 20)
#define SANDBOX_MEMORY ((size_t)4 << 30) /* addresses, of each process */
#define SANDBOX_FILE ((size_t)64 << 20)	 /* of a file that it writes */
#define SANDBOX_PROCESSES 512		 /* and threads */

enum sandbox_kind { SANDBOX_ANY, SANDBOX_BWRAP, SANDBOX_OWN };
/* "bubblewrap", "namespaces" */
const char *sandbox_name(enum sandbox_kind kind);

struct sandbox {
	enum sandbox_kind kind;	  /* ANY: the first that works */
	const char *program;	  /* absolute, links followed: what is shown inside at this path */
	const char *const *argv;  /* argv[0] is absolute, too */
	const char *const *reads; /* absolute paths that it may read besides; NULL: none */
	char **real;		  /* where each of them leads, links followed */
	const char *const *env;	  /* all of its environment */
	const char *scratch;	  /* an empty folder of ours alone, for the time of the call */
	const char *input;	  /* absolute: a folder that is seen at `place` */
	const char *place;
	const char *cwd; /* inside */
	uid_t uid;	 /* whose files `input` are; ours where we are not root */
};
/* A user id for root's sandboxes, that no account has; ours where we are not root or know no other
 * ids. */
uid_t sandbox_uid(void);
/* May sandbox_uid() have given it? */
bool sandbox_is_uid(uid_t uid);
/* limits: timeout, max_output, stopped; the rest is not read. used: which kind it was. */
bool sandbox_run(const struct sandbox *sandbox, const struct proc_spec *limits,
		 struct proc_result *result, enum sandbox_kind *used, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
