/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fork and exec with a clean environment, pipes and a process group. */
#include "base/spawn.h"

#include "base/autoptr.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the child needs, made before fork(): afterwards nothing may allocate. */
struct plan_of_child {
	const char *path;
	char *const *argv;
	char *const *env;
	const char *cwd;
	const struct proc_user *user;
	pid_t parent;
	bool bare, session;
	int fds[3];
	int report; /* receives errno when exec fails */
	bool outlive;
};

static char **environment(const struct proc_spec *spec)
{
	static const char *const kept[] = {"PATH", "HOME",    "LANG",  "LC_ALL",
					   "USER", "LOGNAME", "TMPDIR"};
	g_auto(GStrv) ours = spec->bare ? g_new0(char *, 1) : g_get_environ();
	g_auto(GStrv) env = spec->keep_env ? g_strdupv(ours) : g_new0(char *, 1);

	for (size_t i = 0; !spec->keep_env && i < G_N_ELEMENTS(kept); i++) {
		const char *value = g_environ_getenv(ours, kept[i]);

		if (value != NULL) {
			env = g_environ_setenv(env, kept[i], value, TRUE);
		}
	}
	for (size_t i = 0; !spec->keep_env && ours[i] != NULL; i++) {
		const char *equals = strchr(ours[i], '=');

		if (g_str_has_prefix(ours[i], "XDG_") && equals != NULL) {
			g_autofree char *name = g_strndup(ours[i], equals - ours[i]);

			env = g_environ_setenv(env, name, equals + 1, TRUE);
		}
	}
	for (size_t i = 0; spec->env != NULL && spec->env[i] != NULL; i++) {
		const char *equals = strchr(spec->env[i], '=');

		g_assert(equals != NULL);
		g_autofree char *name = g_strndup(spec->env[i], equals - spec->env[i]);

		env = g_environ_setenv(env, name, equals + 1, TRUE);
	}
	return g_steal_pointer(&env);
}

static void close_from(int first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0U, 0) == 0) {
		return;
	}
#endif
	for (int fd = first; fd < 65536; fd++) {
		close(fd);
	}
}

/* All three of each id, and a second look: half of another user's rights is nobody's. */
static bool become(const struct proc_user *user)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	return user == NULL ||
	       (setgroups(user->groups_count, user->groups) == 0 &&
		setresgid(user->gid, user->gid, user->gid) == 0 &&
		setresuid(user->uid, user->uid, user->uid) == 0 && getresuid(&r, &e, &s) == 0 &&
		getresgid(&rg, &eg, &sg) == 0 && r == user->uid && e == user->uid &&
		s == user->uid && rg == user->gid && eg == user->gid && sg == user->gid);
}

/* Comes back with errno set when it cannot. */
static void run(const struct plan_of_child *plan)
{
	if (!become(plan->user)) {
		return;
	}
	/* Afterwards: a change of user takes it away. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != plan->parent) {
		_exit(127); /* it died before prctl() could notice */
	}
	if (chdir(plan->cwd) == 0) {
		/* Whoever looks for what goes on must see it at any time. */
		if (plan->outlive) {
			prctl(PR_SET_NAME, SPAWN_BEGINS);
			prctl(PR_SET_PDEATHSIG, 0);
		}
		execve(plan->path, plan->argv, plan->env);
	}
}

/* Only async-signal-safe calls: the parent may have threads. */
_Noreturn static void child_main(const struct plan_of_child *plan)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	int high[4], report = 3, code;
	bool ready = true;
	sigset_t none;

	if (plan->bare) {
		umask(022);
	}
	if (plan->session) {
		setsid();
	} else {
		setpgid(0, 0);
	}
	for (int sig = 1; sig < NSIG; sig++) {
		sigaction(sig, &dfl, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Above the low numbers first, so that no dup2() below overwrites one still needed. */
	for (int i = 0; i < 4; i++) {
		high[i] = fcntl(i < 3 ? plan->fds[i] : plan->report, F_DUPFD_CLOEXEC, 10);
		ready = ready && high[i] >= 0;
	}
	for (int i = 0; ready && i < 3; i++) {
		ready = dup2(high[i], i) >= 0;
	}
	ready = ready && dup3(high[3], report, O_CLOEXEC) >= 0;
	if (ready) {
		close_from(report + 1);
		run(plan);
	}
	code = errno;
	if (write(ready ? report : plan->report, &code, sizeof(code)) < 0) {
		_exit(126);
	}
	_exit(127);
}

static bool make_pipe(int *ours, int *theirs, bool reading, bool nonblock, GError **error)
{
	int fds[2];

	if (!g_unix_open_pipe(fds, FD_CLOEXEC, error)) {
		return false;
	}
	*ours = fds[reading ? 0 : 1];
	*theirs = fds[reading ? 1 : 0];
	if (nonblock) {
		return g_unix_set_fd_nonblocking(*ours, TRUE, error);
	}
	return true;
}

/* A file in memory: nobody need be there to read it. */
static bool make_memory(int *ours, int *theirs, GError **error)
{
	*theirs = memfd_create("output", MFD_CLOEXEC);
	if (*theirs < 0) {
		return fail_errno(error, "cannot make a file in memory");
	}
	*ours = fcntl(*theirs, F_DUPFD_CLOEXEC, 3);
	return *ours >= 0 || fail_errno(error, "cannot duplicate a descriptor");
}

static bool make_output(int *ours, int *theirs, unsigned flags, GError **error)
{
	return (flags & SPAWN_MEMORY) != 0
		       ? make_memory(ours, theirs, error)
		       : make_pipe(ours, theirs, true, (flags & SPAWN_NONBLOCK) != 0, error);
}

/* Waits until exec has succeeded (the pipe closes) or sent its errno. */
static bool exec_succeeded(int report, pid_t pid, const char *path, GError **error)
{
	int code = 0;
	ssize_t got;

	do {
		got = read(report, &code, sizeof(code));
	} while (got < 0 && errno == EINTR);
	if (got == 0) {
		return true;
	}
	spawn_reap(pid);
	errno = got == sizeof(code) ? code : EIO;
	return fail_errno(error, "cannot run '%s'", path);
}

static bool fork_child(struct plan_of_child *plan, pid_t *pid, GError **error)
{
	autofd reading = -1, writing = -1;

	if (!make_pipe(&reading, &writing, true, false, error)) {
		return false;
	}
	plan->report = writing;
	plan->parent = getpid();
	*pid = fork();
	if (*pid < 0) {
		return fail_errno(error, "cannot start '%s'", plan->path);
	}
	if (*pid == 0) {
		child_main(plan);
	}
	/* Both sides do it, so that neither can be too late to kill the group. A session can be
	 * begun by the child alone, and has been when exec has succeeded. */
	if (!plan->session) {
		setpgid(*pid, *pid);
	}
	close(fd_steal(&writing));
	return exec_succeeded(reading, *pid, plan->path, error);
}

bool spawn_start(const struct proc_spec *spec, unsigned flags, struct spawned *out, GError **error)
{
	g_autofree char *path = g_find_program_in_path(spec->argv[0]);
	g_auto(GStrv) env = environment(spec);
	bool nonblock = (flags & SPAWN_NONBLOCK) != 0;
	autofd null = -1, in = -1, child_in = -1, reading = -1, child_out = -1, err = -1;
	autofd child_err = -1;
	struct plan_of_child plan = {.argv = (char *const *)spec->argv, .env = env};

	if (path == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
			    "cannot run '%s': no such program", spec->argv[0]);
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0) {
		return fail_errno(error, "cannot open '/dev/null'");
	}
	if (((flags & SPAWN_INPUT) != 0 || spec->input != NULL) &&
	    !make_pipe(&in, &child_in, false, nonblock, error)) {
		return false;
	}
	if (!make_output(&reading, &child_out, flags, error) ||
	    (!spec->keep_stderr && !make_output(&err, &child_err, flags, error))) {
		return false;
	}
	plan.outlive = (flags & SPAWN_OUTLIVE) != 0;
	plan.path = path;
	plan.cwd = spec->cwd == NULL ? "/" : spec->cwd;
	plan.user = spec->user;
	plan.bare = spec->bare;
	plan.session = spec->session;
	plan.fds[0] = child_in < 0 ? null : child_in;
	plan.fds[1] = child_out;
	plan.fds[2] = spec->keep_stderr ? STDERR_FILENO : child_err;
	if (!fork_child(&plan, &out->pid, error)) {
		return false;
	}
	out->in = fd_steal(&in);
	out->out = fd_steal(&reading);
	out->err = fd_steal(&err);
	return true;
}

void spawn_close(struct spawned *child)
{
	int *fds[] = {&child->in, &child->out, &child->err};

	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		if (*fds[i] >= 0) {
			close(fd_steal(fds[i]));
		}
	}
}

int spawn_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int spawn_reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return 127;
		}
	}
	return spawn_status(status);
}

ssize_t spawn_write(int fd, const void *data, size_t len)
{
	const struct timespec now = {0, 0};
	sigset_t pipe_set, old, pending;
	int code;
	ssize_t put;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_set, &old);
	put = write(fd, data, len);
	code = errno;
	if (put < 0 && code == EPIPE && !sigismember(&pending, SIGPIPE)) {
		while (sigtimedwait(&pipe_set, NULL, &now) < 0 && errno == EINTR) {
		}
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = code;
	return put;
}
