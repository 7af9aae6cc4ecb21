/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Cron expressions of five fields: minute, hour, day of the month, month, day
 * of the week. Lists, ranges and steps; names of months and days in English;
 * @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually. When both
 * days are restricted, one of them is enough, as cron does it.
 */
#include <stdbool.h>
#include <stdint.h>

struct cron {
	uint64_t minutes;
	uint32_t hours, days, months; /* bits; days and months from 1 */
	uint32_t weekdays;	      /* 0: Sunday */
	bool any_day, any_weekday;    /* "*" */
};

/* out may be NULL. */
bool cron_parse(const char *text, struct cron *out);
bool cron_is_valid(const char *text);
/* weekday 0: Sunday. */
bool cron_day_matches(const struct cron *cron, unsigned day, unsigned month, unsigned weekday);
bool cron_time_matches(const struct cron *cron, unsigned hour, unsigned minute);
