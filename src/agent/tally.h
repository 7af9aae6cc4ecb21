/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What this process has counted since its start, for metrics.h. Nothing here
 * decides anything: what the agent knows stands in its log.
 *
 *	tally_begin(&tally, STACK_JOB_PLAN)          a worker is asked
 *	tally_end(&tally, STACK_JOB_PLAN, failed)    and has answered
 */
#include <stdbool.h>
#include <stdint.h>

#include "agent/stack.h"

#define TALLY_JOBS (STACK_JOB_RECOVER + 1)
#define TALLY_BUCKETS 8
extern const double tally_bounds[TALLY_BUCKETS]; /* seconds, rising */

struct tally_times {
	uint64_t buckets[TALLY_BUCKETS + 1]; /* of each span; the last is above all bounds */
	double sum;			     /* seconds */
};
struct tally {
	int64_t began;	 /* monotonic microseconds, of the job that runs */
	int64_t fetched; /* when a fetch last ended well, POSIX seconds; 0: not yet */
	uint64_t failed[TALLY_JOBS];
	struct tally_times jobs[TALLY_JOBS];
};
/* What became of messages to one notifier. */
struct tally_notices {
	uint64_t delivered, failed;
};

void tally_begin(struct tally *tally);
void tally_end(struct tally *tally, enum stack_job job, bool failed);
void tally_time(struct tally_times *times, double seconds);
uint64_t tally_count(const struct tally_times *times);
