/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that is as slow as a test wants it to be, for LD_PRELOAD: whatever opens, writes, makes
 * durable or changes a name below one of the folders of SLOW_DISK (parted by ":") waits for as long
 * as the file SLOW_GATE is there. When that holds a call and a part of a path, only such a call
 * waits. Who waits leaves a line in SLOW_GATE.waits: thread, call, path.
 */
#undef _FILE_OFFSET_BITS // here open() and open64() are two
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define TURN 10000000L /* nanoseconds */
#define TURNS 6000     /* a test that was broken off leaves nobody waiting */

int slow_disk_open(int dirfd, const char *path, int flags, mode_t mode);

static bool is_below(const char *path, const char *folders)
{
	size_t len;

	for (const char *p = folders; *p != '\0'; p += len + (p[len] == ':')) {
		len = strcspn(p, ":");
		if (len > 0 && strncmp(path, p, len) == 0) {
			return true;
		}
	}
	return false;
}

/* Not by calls that are ours. */
static bool is_shut(const char *gate, const char *call, const char *path)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, gate, O_RDONLY | O_CLOEXEC);
	char names[PATH_MAX];
	ssize_t len;
	size_t end;

	if (fd < 0) {
		return false;
	}
	len = syscall(SYS_read, fd, names, sizeof(names) - 1);
	syscall(SYS_close, fd);
	names[len > 0 ? len : 0] = '\0';
	names[strcspn(names, "\n")] = '\0';
	end = strcspn(names, " ");
	return names[0] == '\0' || (strlen(call) == end && strncmp(names, call, end) == 0 &&
				    strstr(path, names + end + (names[end] == ' ')) != NULL);
}

static void leave_mark(const char *gate, const char *call, const char *path)
{
	char mark[PATH_MAX], line[PATH_MAX + 64];
	int fd, len;

	snprintf(mark, sizeof(mark), "%s.waits", gate);
	len = snprintf(line, sizeof(line), "%ld %s %s\n", syscall(SYS_gettid), call, path);
	fd = (int)syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0) {
		(void)syscall(SYS_write, fd, line, len);
		syscall(SYS_close, fd);
	}
}

static void wait_at_gate(const char *call, const char *path)
{
	const char *disk = getenv("SLOW_DISK"), *gate = getenv("SLOW_GATE");
	const struct timespec turn = {.tv_nsec = TURN};

	if (disk == NULL || gate == NULL || !is_below(path, disk)) {
		return;
	}
	for (unsigned i = 0; i < TURNS && is_shut(gate, call, path); i++) {
		if (i == 0) {
			leave_mark(gate, call, path);
		}
		nanosleep(&turn, NULL);
	}
}

static void wait_for_fd(const char *call, int fd)
{
	int saved = errno;
	char name[32], path[PATH_MAX];
	ssize_t len;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	len = readlink(name, path, sizeof(path) - 1);
	if (len > 0) {
		path[len] = '\0';
		wait_at_gate(call, path);
	}
	errno = saved;
}

static void wait_for_path(const char *call, int dirfd, const char *path)
{
	int saved = errno;

	if (path[0] == '/') {
		wait_at_gate(call, path);
	} else if (dirfd != AT_FDCWD) {
		wait_for_fd(call, dirfd);
	}
	errno = saved;
}

int fsync(int fd)
{
	wait_for_fd("fsync", fd);
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	wait_for_fd("fdatasync", fd);
	return (int)syscall(SYS_fdatasync, fd);
}

int syncfs(int fd)
{
	wait_for_fd("syncfs", fd);
	return (int)syscall(SYS_syncfs, fd);
}

ssize_t write(int fd, const void *data, size_t len)
{
	wait_for_fd("write", fd);
	return syscall(SYS_write, fd, data, len);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	wait_for_fd("writev", fd);
	return syscall(SYS_writev, fd, parts, count);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	wait_for_path("unlink", dirfd, path);
	return (int)syscall(SYS_unlinkat, dirfd, path, flags);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	wait_for_path("mkdir", dirfd, path);
	return (int)syscall(SYS_mkdirat, dirfd, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	wait_for_path("link", to_fd, to);
	return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	wait_for_path("rename", to_fd, to);
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int slow_disk_open(int dirfd, const char *path, int flags, mode_t mode)
{
	wait_for_path("open", dirfd, path);
	return (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

/* What follows the flags, when anything does. */
#define MODE_OF(flags, args)                                                                       \
	(((flags) & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(args, int) : 0)

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = MODE_OF(flags, args);
	va_end(args);
	return slow_disk_open(AT_FDCWD, path, flags, mode);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = MODE_OF(flags, args);
	va_end(args);
	return slow_disk_open(dirfd, path, flags, mode);
}

#ifdef __GLIBC__
int open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = MODE_OF(flags, args);
	va_end(args);
	return slow_disk_open(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat64(int dirfd, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = MODE_OF(flags, args);
	va_end(args);
	return slow_disk_open(dirfd, path, flags | O_LARGEFILE, mode);
}
#endif
