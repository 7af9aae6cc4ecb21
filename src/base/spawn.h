/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Starting a child process with pipes, below proc.h: for callers that talk to
 * a child in both directions by themselves (the ssh program).
 *
 * The caller owns the three descriptors (ours are non-blocking where
 * SPAWN_NONBLOCK is asked for) and must reap the child: spawn_reap() blocks.
 */
#include <sys/types.h>

#include "base/proc.h"

struct spawned {
	pid_t pid; /* also the id of its process group */
	int in;	 /* writes to its stdin; -1 when spec has no input and SPAWN_INPUT is not asked for
		  */
	int out; /* reads its stdout */
	int err; /* reads its stderr; -1 with keep_stderr */
};
enum spawn_flags {
	SPAWN_INPUT = 1 << 0,
	SPAWN_NONBLOCK = 1 << 1,
	/* out and err are files in memory, which are read from their start when it has ended. */
	SPAWN_MEMORY = 1 << 2,
	/* It goes on when we die; not without SPAWN_MEMORY, or its output would end it. From when
	 * it does until it has its own name and environment it is called SPAWN_BEGINS. */
	SPAWN_OUTLIVE = 1 << 3,
};
#define SPAWN_BEGINS "assent-begins"

bool spawn_start(const struct proc_spec *spec, unsigned flags, struct spawned *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Closes the descriptors. */
void spawn_close(struct spawned *child);
/* Exit code, or 128 + signal. */
int spawn_reap(pid_t pid);
/* What waitpid() gave, as an exit code or 128 + signal. */
int spawn_status(int status);
/* write() that gives EPIPE instead of killing us when the child has closed its stdin. */
ssize_t spawn_write(int fd, const void *data, size_t len);
