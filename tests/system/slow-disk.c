/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that is as slow as a test wants it to be, for LD_PRELOAD: whatever makes something
 * durable, or a name, below SLOW_DISK waits for as long as the file SLOW_GATE is there. The first
 * that waits leaves a mark, SLOW_GATE.waits.
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
#include <time.h>
#include <unistd.h>

#define TURN 10000000L /* nanoseconds */
#define TURNS 6000     /* a test that was broken off leaves nobody waiting */

int slow_disk_open(int dirfd, const char *path, int flags, mode_t mode);

static void wait_at_gate(const char *path)
{
	const char *disk = getenv("SLOW_DISK"), *gate = getenv("SLOW_GATE");
	const struct timespec turn = {.tv_nsec = TURN};
	char mark[PATH_MAX];
	int fd;

	if (disk == NULL || gate == NULL || strncmp(path, disk, strlen(disk)) != 0) {
		return;
	}
	for (unsigned i = 0; i < TURNS && access(gate, F_OK) == 0; i++) {
		if (i == 0) {
			snprintf(mark, sizeof(mark), "%s.waits", gate);
			fd = (int)syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT, 0600);
			close(fd);
		}
		nanosleep(&turn, NULL);
	}
}

static void wait_for_fd(int fd)
{
	int saved = errno;
	char name[32], path[PATH_MAX];
	ssize_t len;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	len = readlink(name, path, sizeof(path) - 1);
	if (len > 0) {
		path[len] = '\0';
		wait_at_gate(path);
	}
	errno = saved;
}

static void wait_for_path(int dirfd, const char *path)
{
	int saved = errno;

	if (path[0] == '/') {
		wait_at_gate(path);
	} else if (dirfd != AT_FDCWD) {
		wait_for_fd(dirfd);
	}
	errno = saved;
}

int fsync(int fd)
{
	wait_for_fd(fd);
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	wait_for_fd(fd);
	return (int)syscall(SYS_fdatasync, fd);
}

int syncfs(int fd)
{
	wait_for_fd(fd);
	return (int)syscall(SYS_syncfs, fd);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	wait_for_path(to_fd, to);
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int slow_disk_open(int dirfd, const char *path, int flags, mode_t mode)
{
	if ((flags & O_CREAT) != 0) {
		wait_for_path(dirfd, path);
	}
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
