/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A clock that a test sets, for LD_PRELOAD, without touching the machine's: the wall clock is ahead
 * by the seconds in the file CLOCK_SHIFT, and a timer of the wall clock is the FIFO CLOCK_FIFO,
 * which ends with ECANCELED when the test has written into it, as the kernel's when the clock was
 * set.
 */
#undef _FILE_OFFSET_BITS // here open() and open64() are two
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* By calls that nobody else intercepts. */
static time_t shift(void)
{
	const char *path = getenv("CLOCK_SHIFT");
	char text[32];
	long fd, len;

	fd = path != NULL ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0) {
		return 0;
	}
	len = syscall(SYS_read, fd, text, sizeof(text) - 1);
	syscall(SYS_close, fd);
	text[len > 0 ? len : 0] = '\0';
	return (time_t)strtol(text, NULL, 10);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, id, now);

	if (rc == 0 && id == CLOCK_REALTIME) {
		now->tv_sec += shift();
	}
	return rc;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}

static int timer = -1;

int timerfd_create(clockid_t id, int flags)
{
	const char *path = getenv("CLOCK_FIFO");

	if (id != CLOCK_REALTIME || path == NULL) {
		return (int)syscall(SYS_timerfd_create, id, flags);
	}
	timer = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return timer;
}

ssize_t read(int fd, void *bytes, size_t len)
{
	ssize_t got = syscall(SYS_read, fd, bytes, len);

	if (got > 0 && fd == timer) {
		errno = ECANCELED;
		return -1;
	}
	return got;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *before)
{
	(void)fd;
	(void)flags;
	(void)when;
	(void)before;
	return 0;
}
