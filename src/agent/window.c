/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When windows open and shut. */
#include "agent/window.h"

#include <string.h>

#include "base/cron.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define HORIZON (INT64_C(400) * DAY)
#define MAX_CHANGES 5000     /* of windows until one is found that lets a plan through */
#define MAX_SHIFT (2 * HOUR) /* of a clock, in a day */

struct window {
	bool deny;
	struct cron cron;
	int64_t duration;
	GTimeZone *zone; /* NULL: unknown here */
};
struct windows {
	GArray *items; /* struct window */
	bool broken;   /* one of them cannot be understood */
	/* What was found, and as of when until when it holds: looking is not cheap. */
	struct window_state found;
	int64_t found_at, found_until;
};

static void window_clear(void *data)
{
	struct window *window = data;

	g_clear_pointer(&window->zone, g_time_zone_unref);
}

struct windows *windows_new(const struct conf_stack *stack)
{
	struct windows *windows = g_new0(struct windows, 1);

	windows->items = g_array_new(FALSE, FALSE, sizeof(struct window));
	g_array_set_clear_func(windows->items, window_clear);
	for (unsigned i = 0; stack->windows != NULL && i < stack->windows->len; i++) {
		const struct conf_window *conf = g_ptr_array_index(stack->windows, i);
		struct window window = {.deny = strcmp(conf->kind, "deny") == 0,
					.duration = conf->duration,
					.zone = g_time_zone_new_identifier(conf->zone)};

		windows->broken |= !cron_parse(conf->schedule, &window.cron) || window.zone == NULL;
		g_array_append_val(windows->items, window);
	}
	return windows;
}

void windows_free(struct windows *windows)
{
	if (windows != NULL) {
		g_array_unref(windows->items);
		g_free(windows);
	}
}

/* A zone's clock, which is asked for one minute after the other. */
struct clock {
	GTimeZone *zone;
	int64_t hour; /* whose offset is known, and steady through it */
	int64_t offset;
	bool steady;
};

static int64_t offset_at(const struct clock *clock, int64_t t)
{
	int interval = g_time_zone_find_interval(clock->zone, G_TIME_TYPE_UNIVERSAL, t);

	return g_time_zone_get_offset(clock->zone, interval);
}

/* Seconds on the wall, as if they were UTC. */
static int64_t local_time(struct clock *clock, int64_t t)
{
	int64_t hour = t / HOUR;

	if (hour != clock->hour) {
		clock->hour = hour;
		clock->offset = offset_at(clock, hour * HOUR);
		clock->steady = clock->offset == offset_at(clock, hour * HOUR + HOUR - 1);
	}
	return t + (clock->steady ? clock->offset : offset_at(clock, t));
}

static bool day_matches(const struct window *w, int64_t local)
{
	GDate date;

	g_date_clear(&date, 1);
	g_date_set_julian(&date, (guint32)(local / DAY + 719163)); // 1970-01-01 is day 719163
	return cron_day_matches(&w->cron, g_date_get_day(&date), g_date_get_month(&date),
				g_date_get_weekday(&date) % 7);
}

static bool minute_matches(const struct window *w, int64_t local)
{
	int64_t minute = local % DAY / MINUTE;

	return cron_time_matches(&w->cron, (unsigned)(minute / 60), (unsigned)(minute % 60)) &&
	       day_matches(w, local);
}

/* Does the window open at t? What the clock has left out before t opens it at t. */
static bool opens_at(const struct window *w, struct clock *clock, int64_t t)
{
	int64_t local = local_time(clock, t);
	int64_t before = local_time(clock, t - MINUTE);

	for (int64_t at = before + MINUTE; at < local; at += MINUTE) {
		if (minute_matches(w, at)) {
			return true;
		}
	}
	return minute_matches(w, local);
}

static struct clock clock_of(const struct window *w)
{
	return (struct clock){.zone = w->zone, .hour = -1};
}

/* When it opened, if it is open at now; else -1. */
static int64_t opened(const struct window *w, int64_t now)
{
	struct clock clock = clock_of(w);

	int64_t t = now - now % MINUTE;

	while (t > now - w->duration) {
		int64_t local = local_time(&clock, t);
		int64_t into = local % DAY;

		if (opens_at(w, &clock, t)) {
			return t;
		}
		/* The same for the midnight before. */
		t -= into > MAX_SHIFT + HOUR && !day_matches(w, local) ? into - MAX_SHIFT : MINUTE;
	}
	return -1;
}

/* The next time after now, at most limit. */
static int64_t next_opening(const struct window *w, int64_t now, int64_t limit)
{
	struct clock clock = clock_of(w);
	int64_t t = now - now % MINUTE + MINUTE;

	while (t < limit) {
		int64_t local = local_time(&clock, t);
		int64_t rest = DAY - local % DAY;

		if (opens_at(w, &clock, t)) {
			return t;
		}
		/* Not this day; a change of the clock must not carry us past the next midnight. */
		t += rest > MAX_SHIFT + HOUR && !day_matches(w, local) ? rest - MAX_SHIFT : MINUTE;
	}
	return limit;
}

/* Whether the plan waits at now; change: the next time at which that may be otherwise. */
static bool is_shut(const struct windows *windows, int64_t now, int64_t limit, int64_t *change)
{
	bool denied = false, allows = false, allowed = false;

	*change = limit;
	for (unsigned i = 0; i < windows->items->len; i++) {
		const struct window *w = &g_array_index(windows->items, struct window, i);
		int64_t since = opened(w, now);
		int64_t next = since >= 0 ? since + w->duration : next_opening(w, now, limit);

		denied |= w->deny && since >= 0;
		allows |= !w->deny;
		allowed |= !w->deny && since >= 0;
		*change = MIN(*change, next);
	}
	return denied || (allows && !allowed);
}

/* When a plan that waits at now, until change at least, can go; 0: not within the horizon. */
static int64_t find_end(const struct windows *windows, int64_t limit, int64_t change)
{
	for (unsigned n = 0; n < MAX_CHANGES && change < limit; n++) {
		int64_t at = change;

		if (!is_shut(windows, at, limit, &change)) {
			return at;
		}
	}
	return 0;
}

void windows_look(struct windows *windows, int64_t now, struct window_state *out)
{
	struct window_state *found = &windows->found;
	int64_t limit = now + HORIZON, change;

	if (windows->broken || windows->items->len == 0) {
		*out = (struct window_state){.shut = windows->broken};
		return;
	}
	if (now < windows->found_at || now >= windows->found_until) {
		found->shut = is_shut(windows, now, limit, &change);
		found->until = found->shut ? find_end(windows, limit, change) : 0;
		windows->found_at = now;
		windows->found_until = found->until != 0 ? found->until : MIN(change, now + DAY);
	}
	*out = *found;
}
