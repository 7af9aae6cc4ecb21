/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running a package manager's programs, and waiting for its lock. */
#include "worker/target/package.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/spawn.h"
#include "core/hash.h"

#define MAX_OUTPUT ((size_t)16 << 20)
#define LOOK_MS 50		    /* how often is looked whether it has ended, or shall */
#define STOP_GRACE_MS 5000	    /* between TERM and KILL when somebody asks to stop */
#define FINISH_GRACE_MS 30000	    /* ... and when a transaction takes too long */
#define MARK "ASSENT_TRANSACTION=1" /* in the environment of what goes on when we die */
#define MAX_ENVIRON ((size_t)4 << 20)
#define SBIN_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool is_stopped(const struct package_run *run)
{
	return run->stopped != NULL && run->stopped(run->user);
}

static bool fail_stopped(GError **error)
{
	return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_STOPPED, "asked to stop");
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	       info.si_pid != 0;
}

/* Of the whole group: a manager's children would go on alone. */
static void end_group(pid_t pid, unsigned grace_ms)
{
	int64_t until = g_get_monotonic_time() + (int64_t)grace_ms * 1000;

	kill(-pid, SIGTERM);
	while (!has_ended(pid) && g_get_monotonic_time() < until) {
		(void)poll(NULL, 0, LOOK_MS);
	}
	kill(-pid, SIGKILL);
}

/* What was written so far is too much already? */
static bool is_too_long(const struct spawned *child, size_t max)
{
	struct stat out, err;

	return fstat(child->out, &out) == 0 && fstat(child->err, &err) == 0 &&
	       ((size_t)out.st_size > max || (size_t)err.st_size > max);
}

/* What must come to its end may write as much as it likes: of that only the beginning and the end
 * are kept in memory. */
static void forget_middle(int fd, size_t max)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_size > (off_t)max) {
		(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)max / 2,
				st.st_size - (off_t)max);
	}
}

static bool wait_for(const struct package_run *run, const struct proc_spec *spec, unsigned flags,
		     const struct spawned *child, GError **error)
{
	int64_t until = g_get_monotonic_time() + (int64_t)spec->timeout * G_USEC_PER_SEC;
	bool finish = (flags & PACKAGE_EXEC_FINISH) != 0;
	unsigned wait = 1;

	while (!has_ended(child->pid)) {
		if (!finish && is_stopped(run)) {
			end_group(child->pid, STOP_GRACE_MS);
			return fail_stopped(error);
		}
		if (spec->timeout > 0 && g_get_monotonic_time() > until) {
			end_group(child->pid, finish ? FINISH_GRACE_MS : 0);
			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
				    "'%s' did not finish within %u seconds", spec->argv[0],
				    spec->timeout);
		}
		if (!finish && is_too_long(child, spec->max_output)) {
			end_group(child->pid, 0);
			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
				    "'%s' writes more than is allowed", spec->argv[0]);
		}
		if (finish) {
			forget_middle(child->out, spec->max_output);
			forget_middle(child->err, spec->max_output);
		}
		(void)poll(NULL, 0, (int)wait);
		wait = MIN(wait * 2, LOOK_MS);
	}
	return true;
}

static void read_part(GString *text, int fd, off_t at, size_t len)
{
	char buffer[16384];
	ssize_t got;

	while (len > 0 && (got = pread(fd, buffer, MIN(len, sizeof(buffer)), at)) > 0) {
		g_string_append_len(text, buffer, got);
		at += got;
		len -= (size_t)got;
	}
}

/* Of what is too much, the end says most. */
static GString *read_output(int fd, size_t max)
{
	GString *text = g_string_new(NULL);
	struct stat st;

	if (fstat(fd, &st) != 0) {
		return text;
	}
	if (st.st_size <= (off_t)max) {
		read_part(text, fd, 0, max);
		return text;
	}
	read_part(text, fd, 0, max / 2);
	g_string_append(text, "\n[...]\n");
	read_part(text, fd, st.st_size - (off_t)max / 2, max / 2);
	return text;
}

/* All of it: a package's scripts have nothing of the agent's. */
static const char **make_env(const char *home, const char *const *more, unsigned flags)
{
	GPtrArray *env = g_ptr_array_new();

	if ((flags & PACKAGE_EXEC_FINISH) != 0) {
		g_ptr_array_add(env, (gpointer)MARK);
	}
	g_ptr_array_add(env, (gpointer) "LC_ALL=C");
	g_ptr_array_add(env, (gpointer) "LANGUAGE=");
	g_ptr_array_add(env, (gpointer)SBIN_PATH);
	g_ptr_array_add(env, (gpointer)home);
	for (; more != NULL && *more != NULL; more++) {
		g_ptr_array_add(env, (gpointer)*more);
	}
	g_ptr_array_add(env, NULL);
	return (const char **)g_ptr_array_free(env, FALSE);
}

bool package_exec(const struct package_run *run, const char *const *argv, const char *const *env,
		  unsigned timeout, unsigned flags, struct proc_result *result, GError **error)
{
	g_autofree char *home = g_strconcat("HOME=", g_get_home_dir(), NULL);
	g_autofree const char **all = make_env(home, env, flags);
	/* Others read what managers write: caches and lists are no secrets of the worker's. */
	struct proc_spec spec = {.argv = argv,
				 .env = all,
				 .timeout = timeout,
				 .max_output = MAX_OUTPUT,
				 .bare = true};
	unsigned how = SPAWN_MEMORY | ((flags & PACKAGE_EXEC_FINISH) != 0 ? SPAWN_OUTLIVE : 0);
	struct spawned child;
	bool ok;

	if (!spawn_start(&spec, how, &child, error)) {
		return false;
	}
	ok = wait_for(run, &spec, flags, &child, error);
	result->status = spawn_reap(child.pid);
	if (ok) {
		result->out = read_output(child.out, MAX_OUTPUT);
		result->err = read_output(child.err, MAX_OUTPUT);
	}
	spawn_close(&child);
	return ok;
}

/* The process that has a lock on the file; 0: none. */
static bool find_holder(const char *path, pid_t *holder, GError **error)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	autofd fd = open(path, O_RDWR | O_CLOEXEC);

	*holder = 0;
	if (fd < 0) {
		return errno == ENOENT || fail_errno(error, "cannot open '%s'", path);
	}
	if (fcntl(fd, F_GETLK, &lock) != 0) {
		return fail_errno(error, "cannot ask for the lock of '%s'", path);
	}
	*holder = lock.l_type == F_UNLCK ? 0 : MAX(lock.l_pid, 1);
	return true;
}

static bool fail_busy(const struct package_run *run, const char *path, pid_t holder, GError **error)
{
	g_autofree char *place = g_strdup_printf("/proc/%d/comm", (int)holder);
	g_autofree char *name = NULL;

	(void)g_file_get_contents(place, &name, NULL, NULL);
	return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_BUSY,
		    "'%s' is locked by process %d (%s) for more than %u seconds", path, (int)holder,
		    name != NULL ? g_strchomp(name) : "?", run->lock_wait);
}

bool package_wait_lock(const struct package_run *run, const char *path, GError **error)
{
	int64_t until = g_get_monotonic_time() + (int64_t)run->lock_wait * G_USEC_PER_SEC;
	pid_t holder;

	for (;;) {
		if (!find_holder(path, &holder, error)) {
			return false;
		}
		if (holder == 0) {
			return true;
		}
		if (is_stopped(run)) {
			return fail_stopped(error);
		}
		if (g_get_monotonic_time() >= until) {
			return fail_busy(run, path, holder, error);
		}
		(void)poll(NULL, 0, LOOK_MS * 2);
	}
}

static bool is_called(pid_t pid, const char *const *names)
{
	g_autofree char *place = g_strdup_printf("/proc/%d/comm", (int)pid);
	g_autofree char *name = NULL;

	return g_file_get_contents(place, &name, NULL, NULL) &&
	       g_strv_contains(names, g_strchomp(name));
}

/* Of our worker's, and not yet what it shall run? */
static bool is_beginning(pid_t pid)
{
	static const char *const names[] = {SPAWN_BEGINS, NULL};

	return is_called(pid, names);
}

/* What a manager runs to change packages goes on when that alone is killed, as when a service
 * manager ends all of a service. What else packages have started may stay for ever. */
static bool is_part(pid_t pid)
{
	static const char *const names[] = {"dpkg", "rpm", "apt-get", "zypper", "dnf", NULL};

	return is_called(pid, names);
}

static bool is_marked(pid_t pid)
{
	g_autofree char *place = g_strdup_printf("/proc/%d/environ", (int)pid);
	g_autofree char *env = NULL;
	size_t len;

	return file_read(place, MAX_ENVIRON, &env, &len, NULL) &&
	       memmem(env, len, MARK, sizeof(MARK)) != NULL;
}

/* Neither scripts nor a daemon that it has started: those are of a group or a session of its own.
 */
static bool is_own_manager(pid_t pid)
{
	pid_t group = getpgid(pid);

	if (group == getsid(pid)) {
		return false;
	}
	return group == pid ? is_beginning(pid) || is_marked(pid) : is_part(pid) && is_marked(pid);
}

/* A manager that a worker before us was killed beside; 0: none. */
static pid_t find_own_manager(void)
{
	g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		pid_t pid = (pid_t)g_ascii_strtoull(name, NULL, 10);

		if (pid > 0 && is_own_manager(pid)) {
			return pid;
		}
	}
	return 0;
}

bool package_wait_own(const struct package_run *run, GError **error)
{
	int64_t until = g_get_monotonic_time() + (int64_t)run->lock_wait * G_USEC_PER_SEC;
	unsigned clear = 0;

	/* Twice: while exec gives it its new name and environment it may have neither. */
	while (clear < 2) {
		pid_t pid = find_own_manager();

		clear = pid == 0 ? clear + 1 : 0;
		if (pid != 0 && g_get_monotonic_time() >= until) {
			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_BUSY,
				    "what an earlier apply has begun is still under way, as "
				    "process %d",
				    (int)pid);
		}
		(void)poll(NULL, 0, LOOK_MS * 2);
	}
	return true;
}

char *package_digest_file(const char *path, GError **error)
{
	autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct hash_state state;
	struct hash digest;
	char text[HASH_TEXT_SIZE];
	g_autofree char *buffer = g_malloc(1 << 16);
	ssize_t got;

	if (fd < 0) {
		(void)fail_errno(error, "cannot open '%s'", path);
		return NULL;
	}
	hash_init(&state);
	while ((got = read(fd, buffer, 1 << 16)) != 0) {
		if (got < 0 && errno != EINTR) {
			(void)fail_errno(error, "cannot read '%s'", path);
			return NULL;
		}
		if (got > 0) {
			hash_update(&state, buffer, (size_t)got);
		}
	}
	hash_final(&state, &digest);
	hash_text(text, &digest);
	return g_strdup(text);
}
