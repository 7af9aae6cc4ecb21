/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent-worker: does one job and exits (doc/worker.md). */
#include "worker/apply.h"
#include "worker/fetch.h"
#include "worker/job.h"
#include "worker/plan.h"

#include "base/autoptr.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct job_kind jobs[] = {
	{"apply", apply_run},
	{"fetch", fetch_run},
	{"plan", plan_run},
	{NULL, NULL},
};

static int usage(void)
{
	g_printerr("usage: assent-worker [--trust FILE] < REQUEST\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *trust = NULL;
	autofd out = -1;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", PACKAGE_NAME, PACKAGE_VERSION);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--trust") == 0) {
		trust = argv[2];
	} else if (argc != 1) {
		return usage();
	}
	job_process_setup();
	/* Whatever a library prints must not mix with the answer. */
	out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		perror("assent-worker: cannot use the standard output");
		return 1;
	}
	return job_main(jobs, trust, STDIN_FILENO, out);
}
