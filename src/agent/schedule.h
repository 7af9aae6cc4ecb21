/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * When something is due next. Pure: randomness comes in as a number, so that a
 * test can script it. All times are seconds.
 */
#include <stdint.h>

/* interval with a jitter of up to a tenth to either side, at least 1. */
int64_t schedule_interval(int64_t interval, uint32_t random);
/* After failures in a row (from 1): doubles from base, never above ceiling (which is at least
 * base), then up to a quarter less, so that many agents do not come back together. */
int64_t schedule_backoff(int64_t base, int64_t ceiling, unsigned failures, uint32_t random);
/* The earlier of two times of which 0 means never. */
int64_t schedule_earlier(int64_t a, int64_t b);
