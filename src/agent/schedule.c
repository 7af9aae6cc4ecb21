/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intervals with jitter and back-off with a ceiling. */
#include "agent/schedule.h"

#include <glib.h>

/* A number of 0..span, from 32 random bits. */
static int64_t spread(int64_t span, uint32_t random)
{
	return span > 0 ? (int64_t)(random % ((uint64_t)span + 1)) : 0;
}

int64_t schedule_interval(int64_t interval, uint32_t random)
{
	int64_t tenth = interval / 10;
	int64_t due = interval - tenth + spread(2 * tenth, random);

	return MAX(due, 1);
}

int64_t schedule_backoff(int64_t base, int64_t ceiling, unsigned failures, uint32_t random)
{
	int64_t wait = MAX(base, 1);
	int64_t top = MAX(ceiling, wait);
	unsigned i;

	for (i = 1; i < failures && wait < top; i++) {
		wait = wait > top / 2 ? top : wait * 2;
	}
	return MAX(wait - spread(wait / 4, random), 1);
}

int64_t schedule_earlier(int64_t a, int64_t b)
{
	if (a == 0 || b == 0) {
		return a + b;
	}
	return MIN(a, b);
}
