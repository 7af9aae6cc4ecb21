/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telling whether rights were raised, and leaving the caller's things behind. */
#include "worker/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/conf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/secure.h"

static bool has_mark(void)
{
	for (const char *const *mark = caller_marks; *mark != NULL; mark++) {
		if (getenv(*mark) != NULL) {
			return true;
		}
	}
	return false;
}

static bool read_id(const char *name, unsigned *id)
{
	const char *text = getenv(name);

	if (text == NULL || *text == '\0' || strspn(text, "0123456789") != strlen(text) ||
	    strlen(text) > 10 || g_ascii_strtoull(text, NULL, 10) >= G_MAXUINT32) {
		return false;
	}
	*id = (unsigned)g_ascii_strtoull(text, NULL, 10);
	return true;
}

/* All four ids of the parent; one of another container's is not seen and does not count. */
static bool parent_is_root(unsigned *uid)
{
	unsigned ids[4] = {1, 1, 1, 1};
	char path[64], line[256];
	FILE *file;

	*uid = 0;
	if (getppid() == 0) {
		return true;
	}
	g_snprintf(path, sizeof(path), "/proc/%d/status", (int)getppid());
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "Uid: %u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) == 4) {
			break;
		}
	}
	if (file != NULL) {
		fclose(file);
		*uid = ids[0];
	}
	return (ids[0] | ids[1] | ids[2] | ids[3]) == 0;
}

/* Whoever made the pipe or file wrote the request. A device says nothing. */
static bool input_is_roots(void)
{
	struct stat st;

	return fstat(STDIN_FILENO, &st) != 0 || S_ISCHR(st.st_mode) || st.st_uid == 0;
}

/* As the raiser says; else the parent; else the real user. */
static void find_caller(struct caller *out, unsigned parent)
{
	unsigned uid = getuid(), gid = getgid();
	const struct passwd *pw;

	if (!read_id("SUDO_UID", &uid) && !read_id("PKEXEC_UID", &uid) && uid == 0) {
		uid = parent;
	}
	if (!read_id("SUDO_GID", &gid) && uid != 0) {
		clearenv(); // nothing of the caller's steers the look-up
		pw = getpwuid(uid);
		gid = pw != NULL ? pw->pw_gid : (unsigned)-2;
	}
	*out = (struct caller){.known = uid != 0, .uid = uid, .gid = gid};
}

bool privilege_detect(struct privilege *out, bool asked, GError **error)
{
	bool mixed = getuid() != geteuid() || getgid() != getegid();
	unsigned parent = 0;
	bool from_root = parent_is_root(&parent);

	if (geteuid() != 0 && mixed) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "the worker must not be installed set-user-ID or set-group-ID");
	}
	if (geteuid() != 0 && asked) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "with the argument 'apply' the worker runs as root alone");
	}
	out->raised =
		geteuid() == 0 && (asked || mixed || has_mark() || !from_root || !input_is_roots());
	if (out->raised) {
		find_caller(&out->caller, parent);
	}
	return true;
}

static bool close_others(GError **error)
{
	for (int fd = 0; fd < 3; fd++) {
		/* What is opened next would be taken for it. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) {
			return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
				    "a standard descriptor is missing");
		}
	}
#ifdef SYS_close_range
	if (syscall(SYS_close_range, 3, ~0U, 0) == 0) {
		return true;
	}
#endif
	for (int fd = 3; fd < 65536; fd++) {
		close(fd);
	}
	return true;
}

/* A write beyond a limit must fail and not kill; a terminal must not stop us; and a clock that was
 * wound up before exec() must not end us in the middle of an apply. */
static void reset_signals(void)
{
	static const int clocks[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
	static const int ignored[] = {SIGXFSZ, SIGXCPU,	  SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM,
				      SIGPROF, SIGVTALRM, SIGUSR1, SIGUSR2, SIGPOLL};
	const struct itimerval stopped = {{0, 0}, {0, 0}};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (size_t i = 0; i < G_N_ELEMENTS(clocks); i++) {
		setitimer(clocks[i], &stopped, NULL);
	}
	for (int sig = 1; sig < NSIG; sig++) {
		sigaction(sig, &dfl, NULL);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++) {
		sigaction(ignored[i], &ignore, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Where root may not raise them (a container) what fails for it is undone like any failure. */
static void reset_limits(void)
{
	static const struct {
		int what;
		rlim_t value;
	} limits[] = {
		{RLIMIT_FSIZE, RLIM_INFINITY}, {RLIMIT_CPU, RLIM_INFINITY},
		{RLIMIT_AS, RLIM_INFINITY},    {RLIMIT_DATA, RLIM_INFINITY},
		{RLIMIT_STACK, 8 << 20},       {RLIMIT_NOFILE, 4096},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
		struct rlimit now, wanted = {limits[i].value, limits[i].value};

		if (setrlimit(limits[i].what, &wanted) != 0 &&
		    getrlimit(limits[i].what, &now) == 0) {
			now.rlim_cur = now.rlim_max;
			setrlimit(limits[i].what, &now);
		}
	}
}

bool privilege_harden(GError **error)
{
	if (!close_others(error)) {
		return false;
	}
	if (clearenv() != 0 || setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1) != 0 ||
	    chdir("/") != 0 || setgroups(0, NULL) != 0 || setresgid(0, 0, 0) != 0 ||
	    setresuid(0, 0, 0) != 0) {
		return fail_errno(error, "cannot leave the caller's things behind");
	}
	setsid();
	reset_signals();
	reset_limits();
	return true;
}

bool privilege_folder(const struct privilege *privilege, const char *agent, const char *stack,
		      bool make, char **folder, GError **error)
{
	const char *state = privilege->places->state;
	g_autofree char *name = NULL;
	g_autofree char *path = NULL;

	if (!conf_is_agent_name(agent) || !conf_is_name(stack)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "the agent or the stack has a name that none can have");
	}
	name = g_uri_escape_string(agent, NULL, false);
	path = g_build_filename(state, name, stack, NULL);
	if (!make && !g_file_test(path, G_FILE_TEST_IS_DIR)) {
		*folder = NULL;
		return true;
	}
	if (!file_mkdirs(state, 0700, error) || !secure_folder_root(state, error) ||
	    !file_mkdirs(path, 0700, error) || !secure_folder_root(path, error)) {
		return fail_prefix(error, "the folder of what was applied");
	}
	*folder = g_steal_pointer(&path);
	return true;
}
