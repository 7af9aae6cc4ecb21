/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks at all stacks when the clock was set. */
#include "agent/clock.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agent/halt.h"
#include "base/autoptr.h"

/* Seconds of wall clock that do not come, as far as they can be said. */
#define FAR (sizeof(time_t) > 4 ? (int64_t)1 << 33 : INT32_MAX)

struct clock {
	struct agent *agent;
	int fd;
	guint source; /* 0: not watched */
};

/* Ends with ECANCELED when somebody sets the clock. */
static bool arm(const struct clock *clock)
{
	const struct itimerspec when = {.it_value.tv_sec = (time_t)FAR};

	return timerfd_settime(clock->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when,
			       NULL) == 0;
}

static gboolean on_set(int fd, GIOCondition condition, void *user)
{
	struct clock *clock = user;
	uint64_t ignored;
	ssize_t got = read(fd, &ignored, sizeof(ignored));
	bool was_set = got < 0 && errno == ECANCELED;

	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return G_SOURCE_CONTINUE;
	}
	halt_look_soon(clock->agent);
	/* A time that has come would come again at once. */
	if (!was_set || !arm(clock)) {
		clock->source = 0;
		return G_SOURCE_REMOVE;
	}
	return G_SOURCE_CONTINUE;
}

struct clock *clock_new(struct agent *agent)
{
	struct clock *clock = g_new0(struct clock, 1);

	clock->agent = agent;
	clock->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (clock->fd >= 0 && arm(clock)) {
		clock->source = g_unix_fd_add(clock->fd, G_IO_IN, on_set, clock);
	}
	return clock;
}

void clock_free(struct clock *clock)
{
	if (clock == NULL) {
		return;
	}
	if (clock->source != 0) {
		g_source_remove(clock->source);
	}
	autofd_close(&clock->fd);
	g_free(clock);
}
