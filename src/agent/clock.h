/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Notices at once that the clock was set, forwards or back: what has its time by
 * the wall clock (the end of a suspension, a stop or a trial, a plan's expiry, a
 * window) is looked at again. Where the kernel tells of no such thing, timers
 * do so within ten minutes.
 */
struct agent;
struct clock;

struct clock *clock_new(struct agent *agent);
/* Before its agent goes. */
void clock_free(struct clock *clock);
