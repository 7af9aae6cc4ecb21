/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Child processes: cleared environment, own process group, all descriptors
 * closed but three, bounded output, a deadline that kills the whole group. A
 * child gets SIGKILL when its parent dies; one that must not (an apply in its
 * commit phase) says so itself by prctl(PR_SET_PDEATHSIG, 0).
 *
 * What a deadline ends gets SIGTERM first where the spec grants it a grace, and
 * of its group nothing is left when the end is told.
 *
 * proc_run() blocks (CLI, workers); proc_start() works in the main loop.
 * Failures are BASE_ERROR_NOT_FOUND (no such program), BASE_ERROR_TIMEOUT,
 * BASE_ERROR_LIMIT, BASE_ERROR_CANCELLED (spec's stopped said so) or
 * BASE_ERROR_FAILED.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Whose rights a child takes on, which only root can give. */
struct proc_user {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t groups_count;
};
struct proc_spec {
	const char *const *argv;
	const char *const *env; /* "NAME=value" added to PATH, HOME, LANG, XDG_*; NULL: none */
	const char *cwd;	/* NULL: / */
	const char *input;	/* stdin; NULL: /dev/null */
	size_t input_len;
	size_t max_output;   /* of stdout and of stderr each; more is an error; 0: 1 MiB */
	unsigned timeout;    /* seconds, 0: none */
	unsigned timeout_ms; /* milliseconds instead, 0: timeout */
	unsigned grace;	     /* seconds from SIGTERM to SIGKILL when it is ended; 0: none */
	bool endless;	     /* max_output is of one line, and stderr is kept from its end: for a
				child that goes on for as long as we do */
	bool keep_env;	     /* inherit everything (ssh, credential helpers) */
	bool keep_stderr;    /* the child's stderr is ours */
	bool bare;	     /* env is all of its environment, umask 022 */
	bool session;	     /* has one of its own, without controlling terminal */
	bool keep_output;    /* proc_run(): the result is filled when it fails, too */
	bool hold_input; /* stdin stays open, and is closed to ask for an end: for a child that we
			    may not signal */
	const struct proc_user *user; /* NULL: ours */
	/* proc_run(): shall it be ended? Asked several times a second; NULL: never. */
	bool (*stopped)(void *user);
	void *stopped_user;
};

struct proc_result {
	int status; /* exit code, or 128 + signal */
	GString *out, *err;
};
void proc_result_clear(struct proc_result *result);

/* False only when it could not be run, timed out or exceeded a bound; a status != 0 is no error. */
bool proc_run(const struct proc_spec *spec, struct proc_result *result, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

struct proc;
/* line: each line of stdout as it comes, without newline; exit: once, with the GError of a timeout
 * or bound (NULL otherwise) and everything from stderr. proc is freed after exit returned. */
struct proc_ops {
	void (*line)(const char *line, size_t len, void *user);
	void (*exit)(int status, const char *err, const GError *error, void *user);
};
bool proc_start(const struct proc_spec *spec, const struct proc_ops *ops, void *user,
		struct proc **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* TERM now, KILL after grace seconds; exit is still called. With hold_input stdin is closed, which
 * is all that reaches a child of another user: exit is called when it has ended. */
void proc_stop(struct proc *proc, unsigned grace);
