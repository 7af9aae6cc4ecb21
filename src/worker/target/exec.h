/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Running what a plan names: a command, its guard, a command that checks.
 *
 * No shell, and nothing of our own environment: PATH, HOME, LANG, USER and
 * LOGNAME of the user it runs as, and what the plan states. No terminal, no
 * input, a process group of its own, both outputs bounded. What is over its
 * time or asked to stop gets SIGTERM, and SIGKILL five seconds later. It dies
 * with a worker that is killed; what it has started by itself then goes on.
 *
 *	exec_check()    has it the form that a plan may have?
 *	exec_ready()    is there all that it needs?
 *	exec_guards()   is it needed?
 *	exec_run()
 */
#include "core/plan.h"
#include "worker/target/observe.h"

/* When a try ends before its time; all NULL and 0: never. */
struct exec_limit {
	unsigned ms; /* 0: what the plan says */
	bool (*stopped)(void *user);
	void *user;
};

/* What is missing, in bits, where exec_ready() fails. */
enum exec_lack { EXEC_NO_USER = 1 << 0, EXEC_NO_DIRECTORY = 1 << 1, EXEC_NO_PROGRAM = 1 << 2 };

bool exec_check(const struct plan_exec *exec, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* lack: set when it fails for what may still come. */
bool exec_ready(const struct plan_exec *exec, unsigned *lack, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Where the program named so is looked for: a file, or NULL when there is none. g_free(). */
char *exec_find(const struct plan_exec *exec, const char *program);
/* The folders in which programs without a slash are looked for; g_strfreev(). */
char **exec_path(const struct plan_exec *exec);

/* True when it ran to an end: status is its exit code, or 128 and a signal's number; words, the
 * last of what it wrote, harmless and in one line, "" when it wrote nothing; g_free(). */
bool exec_run(const struct plan_exec *exec, const char **argv, const struct exec_limit *limit,
	      int *status, char **words, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* why: NULL when it is needed, else what says that it is not; g_free(). */
bool exec_guards(struct observer *o, const struct plan_exec *exec, const struct exec_limit *limit,
		 char **why, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The user's id; false when there is none. NULL: ours. */
bool exec_user_id(const char *user, uid_t *uid);
