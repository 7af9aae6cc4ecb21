/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts jobs and how long they take. */
#include "agent/tally.h"

#include <glib.h>

const double tally_bounds[TALLY_BUCKETS] = {0.1, 0.5, 1, 5, 15, 60, 300, 1800};

void tally_time(struct tally_times *times, double seconds)
{
	unsigned i = 0;

	while (i < TALLY_BUCKETS && seconds > tally_bounds[i]) {
		i++;
	}
	times->buckets[i]++;
	times->sum += seconds;
}

uint64_t tally_count(const struct tally_times *times)
{
	uint64_t count = 0;

	for (unsigned i = 0; i <= TALLY_BUCKETS; i++) {
		count += times->buckets[i];
	}
	return count;
}

void tally_begin(struct tally *tally)
{
	tally->began = g_get_monotonic_time();
}

void tally_end(struct tally *tally, enum stack_job job, bool failed)
{
	int64_t span = g_get_monotonic_time() - tally->began;

	tally->failed[job] += failed;
	tally_time(&tally->jobs[job], (double)span / G_USEC_PER_SEC);
	if (job == STACK_JOB_FETCH && !failed) {
		tally->fetched = g_get_real_time() / G_USEC_PER_SEC;
	}
}
