/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assent-worker: does one job and exits (doc/worker.md). */
#include "worker/apply.h"
#include "worker/confine.h"
#include "worker/fetch.h"
#include "worker/job.h"
#include "worker/lead.h"
#include "worker/plan.h"
#include "worker/privilege.h"
#include "worker/watch.h"

#include "base/autoptr.h"
#include "base/error.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct job_kind jobs[] = {
	{"apply", apply_run}, {"fetch", fetch_run}, {"lead", lead_run},
	{"plan", plan_run},   {"watch", watch_run}, {NULL, NULL},
};

/* Reading a repository and looking around are no work for root. */
static bool refuse_run(struct job *job, GError **error)
{
	return fail(error, JOB_ERROR, JOB_ERROR_USAGE,
		    "a privileged worker does nothing but apply");
}
static const struct job_kind privileged_jobs[] = {
	{"apply", apply_run}, {"fetch", refuse_run}, {"lead", refuse_run},
	{"plan", refuse_run}, {"watch", refuse_run}, {NULL, NULL},
};

static const struct privilege_places places = {PRIVILEGED_TRUST, PRIVILEGED_STATE};

static int usage(void)
{
	g_printerr("usage: assent-worker [apply | --trust FILE] < REQUEST\n");
	return 2;
}

static int complain(const char *why)
{
	g_printerr("assent-worker: %s\n", why);
	return 2;
}

/* Before anything that looks at the environment or opens a file. */
static bool settle_privilege(struct privilege *privilege, bool asked, GError **error)
{
	return privilege_detect(privilege, asked, error) &&
	       (!privilege->raised || privilege_harden(error));
}

/* False: *code is what to exit with. */
static bool read_arguments(int argc, char **argv, struct job_start *start, int *code)
{
	const char *first = argc > 1 ? argv[1] : "";

	*code = 0;
	if (argc == 2 && strcmp(first, "--version") == 0) {
		printf("%s %s\n", PACKAGE_NAME, PACKAGE_VERSION);
		return false;
	}
	if (argc == 3 && strcmp(first, "--trust") == 0) {
		start->trust = argv[2];
	} else if (argc != 1 && (argc != 2 || strcmp(first, "apply") != 0)) {
		*code = usage();
		return false;
	}
	if (!start->privilege->raised) {
		return true;
	}
	if (start->trust != NULL) {
		*code = complain("with raised rights --trust does not count: " PRIVILEGED_TRUST
				 " alone is believed");
		return false;
	}
	start->kinds = privileged_jobs;
	start->trust = PRIVILEGED_TRUST;
	return true;
}

int main(int argc, char **argv)
{
	struct privilege privilege = {.places = &places};
	struct job_start start = {.kinds = jobs, .privilege = &privilege};
	g_autoptr(GError) error = NULL;
	autofd out = -1;
	int code;

	if (!settle_privilege(&privilege, argc == 2 && strcmp(argv[1], "apply") == 0, &error)) {
		return complain(error->message);
	}
	if (argc > 1 && strcmp(argv[1], CONFINE_ARGUMENT) == 0) {
		if (privilege.raised) {
			return complain("with raised rights nothing but apply is done");
		}
		confine_main(argc, argv);
	}
	if (!read_arguments(argc, argv, &start, &code)) {
		return code;
	}
	job_process_setup();
	/* Whatever a library prints must not mix with the answer. */
	out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		perror("assent-worker: cannot use the standard output");
		return 1;
	}
	return job_main(&start, STDIN_FILENO, out);
}
