/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits, namespaces and a root folder of its own for a program that is not believed. */
#include "worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/sandbox.h"

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
/* linux/mount.h and sys/mount.h cannot both be included everywhere. */
#define ATTR_RDONLY 0x01
#define ATTR_NOSUID 0x02
#define ATTR_NODEV 0x04
#define ATTR_NOEXEC 0x08
struct attributes {
	uint64_t set, clear, propagation, userns;
};

struct confine {
	const char *base; /* NULL: no namespaces of ours */
	char **view;	  /* up to "--" */
	char **program;	  /* NULL-terminated; empty: none */
	uid_t uid;	  /* to become */
	bool become;
	rlim_t processes;
	bool user_namespace;
};

static bool complain(const char *what, const char *path)
{
	fprintf(stderr, "cannot %s%s%s%s: %s\n", what, path != NULL ? " '" : "",
		path != NULL ? path : "", path != NULL ? "'" : "", strerror(errno));
	return false;
}

static bool read_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *out <= max;
}

static bool read_arguments(int argc, char **argv, struct confine *out)
{
	unsigned long n;
	int i = 2;

	for (; i + 1 < argc && strcmp(argv[i], "--exec") != 0 && out->base == NULL; i += 2) {
		if (strcmp(argv[i], "--become") == 0 && read_number(argv[i + 1], INT_MAX, &n)) {
			out->uid = (uid_t)n;
			out->become = true;
		} else if (strcmp(argv[i], "--processes") == 0 &&
			   read_number(argv[i + 1], INT_MAX, &n)) {
			out->processes = n;
		} else if (strcmp(argv[i], "--own") == 0) {
			out->base = argv[i + 1];
		} else {
			return false;
		}
	}
	i += out->base == NULL;
	out->view = argv + i;
	while (i < argc && strcmp(argv[i], "--") != 0) {
		i++;
	}
	if (i >= argc || (out->base == NULL && (out->view[0] != argv[i] || i + 1 == argc))) {
		return false;
	}
	argv[i] = NULL;
	out->program = argv + i + 1;
	return true;
}

static bool limit(int what, rlim_t value)
{
	struct rlimit now;

	if (getrlimit(what, &now) != 0) {
		return complain("read a limit", NULL);
	}
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value) {
		value = now.rlim_max;
	}
	now.rlim_cur = now.rlim_max = value;
	return setrlimit(what, &now) == 0 || complain("set a limit", NULL);
}

static bool set_limits(const struct confine *c)
{
	return limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, 4096) && limit(RLIMIT_MEMLOCK, 0) &&
	       limit(RLIMIT_MSGQUEUE, 0) && limit(RLIMIT_FSIZE, SANDBOX_FILE) &&
	       limit(RLIMIT_NPROC, c->processes) && limit(RLIMIT_AS, SANDBOX_MEMORY);
}

/* All three of each id, no group, and a second look. */
static bool become(uid_t uid)
{
	gid_t gid = (gid_t)uid, rg, eg, sg;
	uid_t r, e, s;

	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0 || getresuid(&r, &e, &s) != 0 ||
	    getresgid(&rg, &eg, &sg) != 0) {
		return complain("become another user", NULL);
	}
	errno = EPERM;
	return (r == uid && e == uid && s == uid && rg == gid && eg == gid && sg == gid) ||
	       complain("become another user", NULL);
}

/* What we hold of keys (Kerberos, encrypted folders) is not the program's. */
static bool leave_keyring(void)
{
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS ||
	       errno == EPERM || complain("leave the session's keys", NULL);
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};
	int cap = 0;

	while (cap < 64 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0) {
		cap++;
	}
	/* EPERM: we have none to drop; the highest one has no successor. */
	if (cap < 64 && errno != EINVAL && errno != EPERM) {
		return complain("drop capabilities", NULL);
	}
	if (syscall(SYS_capset, &head, none) != 0) {
		return complain("drop capabilities", NULL);
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ||
	       complain("forbid new privileges", NULL);
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t put = fd < 0 ? -1 : write(fd, text, strlen(text));
	int code = errno;

	if (fd >= 0) {
		close(fd);
	}
	errno = code;
	return put == (ssize_t)strlen(text);
}

static bool map_ids(uid_t uid, gid_t gid)
{
	char text[64];

	if (!write_file("/proc/self/setgroups", "deny") && errno != ENOENT) {
		return complain("write", "/proc/self/setgroups");
	}
	snprintf(text, sizeof(text), "%u %u 1", (unsigned)uid, (unsigned)uid);
	if (!write_file("/proc/self/uid_map", text)) {
		return complain("write", "/proc/self/uid_map");
	}
	snprintf(text, sizeof(text), "%u %u 1", (unsigned)gid, (unsigned)gid);
	if (!write_file("/proc/self/gid_map", text)) {
		return complain("write", "/proc/self/gid_map");
	}
	/* None within it: fewer ways into the kernel. Where /proc is read-only it stays as it is.
	 */
	if (!write_file("/proc/sys/user/max_user_namespaces", "0") && errno == ENOMEM) {
		return complain("write", "/proc/sys/user/max_user_namespaces");
	}
	return true;
}

static bool leave_namespaces(const struct confine *c)
{
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
		    CLONE_NEWCGROUP;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(flags | (c->user_namespace ? CLONE_NEWUSER : 0)) != 0) {
		return complain("make namespaces", NULL);
	}
	return !c->user_namespace || map_ids(uid, gid);
}

/* BASE and to. */
static bool below(const struct confine *c, const char *to, char path[PATH_MAX])
{
	int len = snprintf(path, PATH_MAX, "%s%s", c->base, to);

	errno = ENAMETOOLONG;
	return (len > 0 && len < PATH_MAX) || complain("make", to);
}

enum place { PLACE_PARENTS, PLACE_FOLDER, PLACE_FILE };

/* The folders above path, and path itself. */
static bool make_place(const char *path, size_t skip, enum place place)
{
	char part[PATH_MAX];
	int fd;

	for (size_t i = skip + 1; path[i] != '\0'; i++) {
		if (path[i] != '/') {
			continue;
		}
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST) {
			return complain("make", part);
		}
	}
	if (place == PLACE_PARENTS) {
		return true;
	}
	if (place == PLACE_FOLDER) {
		return mkdir(path, 0755) == 0 || errno == EEXIST || complain("make", path);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0) {
		/* Shown already: what comes now stands above it. */
		return errno == EEXIST || complain("make", path);
	}
	close(fd);
	return true;
}

static bool restrict_mount(const char *path, bool all, uint64_t attributes)
{
	struct attributes a = {.set = attributes, .propagation = all ? MS_PRIVATE : 0};

	return syscall(SYS_mount_setattr, AT_FDCWD, path, all ? AT_RECURSIVE : 0, &a, sizeof(a)) ==
		       0 ||
	       complain(errno == ENOSYS ? "restrict (Linux before 5.12 needs bubblewrap)"
					: "restrict",
			path);
}

static bool bind(const struct confine *c, const char *from, const char *to, bool device)
{
	char path[PATH_MAX];
	struct stat st;

	if (!below(c, to, path)) {
		return false;
	}
	if (stat(from, &st) != 0) {
		return complain("show", from);
	}
	if (!make_place(path, strlen(c->base), S_ISDIR(st.st_mode) ? PLACE_FOLDER : PLACE_FILE)) {
		return false;
	}
	if (mount(from, path, NULL, MS_BIND | MS_REC, NULL) != 0) {
		return complain("show", from);
	}
	return restrict_mount(path, true,
			      ATTR_RDONLY | ATTR_NOSUID | (device ? ATTR_NOEXEC : ATTR_NODEV));
}

static bool mount_new(const struct confine *c, const char *kind, const char *to, unsigned long size)
{
	bool proc = strcmp(kind, "proc") == 0;
	char path[PATH_MAX], options[64];

	snprintf(options, sizeof(options), "mode=1777,size=%lu", size);
	if (!below(c, to, path) || !make_place(path, strlen(c->base), PLACE_FOLDER)) {
		return false;
	}
	return mount(kind, path, kind, MS_NOSUID | MS_NODEV | (proc ? MS_NOEXEC : 0),
		     proc ? NULL : options) == 0 ||
	       complain("mount", to);
}

static bool make_link(const struct confine *c, const char *text, const char *to)
{
	char path[PATH_MAX];

	return below(c, to, path) && make_place(path, strlen(c->base), PLACE_PARENTS) &&
	       (symlink(text, path) == 0 || complain("make the link", to));
}

static bool make_folder(const struct confine *c, const char *to)
{
	char path[PATH_MAX];

	return below(c, to, path) && make_place(path, strlen(c->base), PLACE_FOLDER);
}

/* One word of the view with its values; *used: how many they were. False with *used 0: unknown. */
static bool view_step(const struct confine *c, char **word, unsigned long *size, int *used)
{
	const char *name = word[0], *first = word[1];
	const char *second = first != NULL ? word[2] : NULL;

	*used = 3;
	if (second != NULL && strcmp(name, "--ro-bind") == 0) {
		return bind(c, first, second, false);
	}
	if (second != NULL && strcmp(name, "--dev-bind") == 0) {
		return bind(c, first, second, true);
	}
	if (second != NULL && strcmp(name, "--symlink") == 0) {
		return make_link(c, first, second);
	}
	*used = 2;
	if (first != NULL && strcmp(name, "--size") == 0) {
		return read_number(first, ULONG_MAX, size) || complain("read the size", first);
	}
	if (first != NULL && strcmp(name, "--tmpfs") == 0) {
		return mount_new(c, "tmpfs", first, *size);
	}
	if (first != NULL && strcmp(name, "--proc") == 0) {
		return mount_new(c, "proc", first, 0);
	}
	if (first != NULL && strcmp(name, "--dir") == 0) {
		return make_folder(c, first);
	}
	if (first != NULL && strcmp(name, "--hostname") == 0) {
		return sethostname(first, strlen(first)) == 0 || complain("set the name", first);
	}
	if (first != NULL && strcmp(name, "--remount-ro") == 0 && strcmp(first, "/") == 0) {
		return restrict_mount(c->base, false, ATTR_RDONLY);
	}
	if (first != NULL && strcmp(name, "--chdir") == 0) {
		return true; // after the last step
	}
	*used = 0;
	errno = EINVAL;
	return complain("understand", name);
}

static bool enter(const struct confine *c)
{
	if (chdir(c->base) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
	    umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) {
		return complain("change the root folder to", c->base);
	}
	for (char **word = c->view; *word != NULL; word++) {
		if (strcmp(*word, "--chdir") == 0 && word[1] != NULL) {
			return chdir(word[1]) == 0 || complain("enter", word[1]);
		}
	}
	return true;
}

static bool make_root(const struct confine *c)
{
	unsigned long size = 0;
	int used = 0;

	umask(022);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
		return complain("keep mounts to ourselves", NULL);
	}
	if (mount("tmpfs", c->base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m") != 0) {
		return complain("mount", c->base);
	}
	for (char **word = c->view; *word != NULL; word += used) {
		if (!view_step(c, word, &size, &used)) {
			return false;
		}
	}
	return enter(c);
}

_Noreturn static void run_program(const struct confine *c)
{
	if (set_limits(c) && (!c->become || become(c->uid)) && drop_capabilities()) {
		execv(c->program[0], c->program);
		complain("run", c->program[0]);
		_exit(127);
	}
	_exit(CONFINE_FAILED);
}

static int wait_for(pid_t pid)
{
	int status;
	pid_t got;

	do {
		got = waitpid(pid, &status, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		return CONFINE_FAILED;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The first process in there: with its end the kernel kills all others. */
_Noreturn static void be_first(const struct confine *c, int alive)
{
	struct pollfd parent = {.fd = alive, .events = POLLIN};
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before that. */
	if (poll(&parent, 1, 0) != 0) {
		_exit(CONFINE_FAILED);
	}
	if (!make_root(c)) {
		_exit(CONFINE_FAILED);
	}
	if (c->program[0] == NULL) {
		_exit(0);
	}
	/* What is in there cannot look into us. */
	prctl(PR_SET_DUMPABLE, 0);
	pid = fork();
	if (pid < 0) {
		complain("start a process", NULL);
		_exit(CONFINE_FAILED);
	}
	if (pid == 0) {
		close(alive);
		run_program(c);
	}
	for (int fd = 0; fd < 3; fd++) {
		close(fd);
	}
	/* Orphans come to us, too. */
	for (;;) {
		int status;
		pid_t got = waitpid(-1, &status, 0);

		if (got == pid) {
			_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		}
		if (got < 0 && errno != EINTR) {
			_exit(CONFINE_FAILED);
		}
	}
}

static int run_own(const struct confine *c)
{
	int alive[2];
	pid_t pid;

	if (pipe2(alive, O_CLOEXEC) != 0) {
		complain("make a pipe", NULL);
		return CONFINE_FAILED;
	}
	if (!leave_namespaces(c)) {
		return CONFINE_FAILED;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL); // new credentials may have taken it away
	pid = fork();
	if (pid < 0) {
		complain("start a process", NULL);
		return CONFINE_FAILED;
	}
	if (pid == 0) {
		close(alive[1]);
		be_first(c, alive[0]);
	}
	return wait_for(pid);
}

/* Ends by _exit(): nothing that a library registered is to run in here. */
_Noreturn void confine_main(int argc, char **argv)
{
	struct confine c = {.processes = SANDBOX_PROCESSES};

	if (!read_arguments(argc, argv, &c)) {
		fprintf(stderr, "'" CONFINE_ARGUMENT "' is not for people\n");
		_exit(CONFINE_FAILED);
	}
	if (!leave_keyring()) {
		_exit(CONFINE_FAILED);
	}
	/* When memory ends, what comes now is to die before anything else of this host. */
	(void)write_file("/proc/self/oom_score_adj", "1000");
	if (c.base != NULL) {
		/* Root who is going to be somebody else needs no user namespace. */
		c.user_namespace = geteuid() != 0 || !c.become;
		_exit(run_own(&c));
	}
	if (set_limits(&c) && (!c.become || become(c.uid))) {
		execv(c.program[0], c.program);
		complain("run", c.program[0]);
	}
	_exit(CONFINE_FAILED);
}
