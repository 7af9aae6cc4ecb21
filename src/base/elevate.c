/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command lines of what raises rights. */
#include "base/elevate.h"

#include <string.h>
#include <sys/prctl.h>

const char *const elevate_names[] = {"none", "sudo", "pkexec", "run0", NULL};

#define WORDS_MAX 4
static const char *const words[][WORDS_MAX] = {
	[ELEVATE_NONE] = {NULL},
	[ELEVATE_SUDO] = {"sudo", "-n", "--", NULL},
	[ELEVATE_PKEXEC] = {"pkexec", "--disable-internal-agent", NULL},
	[ELEVATE_RUN0] = {"run0", "--no-ask-password", "--background=", NULL},
};

enum elevate elevate_parse(const char *word)
{
	enum elevate how = ELEVATE_NONE;

	while (elevate_names[how] != NULL && strcmp(elevate_names[how], word) != 0) {
		how++;
	}
	g_assert(elevate_names[how] != NULL);
	return how;
}

const char **elevate_argv(enum elevate how, const char *worker)
{
	const char **argv = g_new0(const char *, WORDS_MAX + 3);
	size_t n = 0;

	g_assert(how != ELEVATE_NONE);
	for (; words[how][n] != NULL; n++) {
		argv[n] = words[how][n];
	}
	argv[n] = worker;
	argv[n + 1] = "apply";
	return argv;
}

bool elevate_is_fenced(enum elevate how)
{
	return (how == ELEVATE_SUDO || how == ELEVATE_PKEXEC) &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

char *elevate_hint(enum elevate how, bool fenced, const char *user, const char *worker)
{
	if (fenced) {
		return g_strdup_printf("the agent runs with NoNewPrivileges, which forbids %s: its "
				       "unit needs the drop-in elevate.conf, see doc/systemd.md",
				       elevate_names[how]);
	}
	switch (how) {
	case ELEVATE_NONE:
		break;
	case ELEVATE_SUDO:
		return g_strdup_printf("a file in /etc/sudoers.d needs the line "
				       "'%s ALL=(root) NOPASSWD: %s apply'",
				       user, worker);
	case ELEVATE_PKEXEC:
		return g_strdup_printf("polkit must allow the action org.assent.worker.apply, "
				       "which is that of '%s', to user '%s' without a question",
				       worker, user);
	case ELEVATE_RUN0:
		return g_strdup_printf("polkit must let user '%s' start units without a question, "
				       "and systemd must be version 256 or newer; sudo grants less",
				       user);
	}
	return g_strdup("");
}
