/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jitter and back-off stay within what the header promises, for all randomness. */
#include "agent/schedule.h"

#include <glib.h>
#include <stdbool.h>

static const uint32_t randoms[] = {0, 1, 7, 1000, 0x7fffffff, 0xfffffffe, 0xffffffff};

static void test_interval(void)
{
	bool early = false, late = false;
	uint32_t r;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(randoms); i++) {
		g_assert_cmpint(schedule_interval(1, randoms[i]), ==, 1);
		g_assert_cmpint(schedule_interval(0, randoms[i]), ==, 1);
	}
	for (r = 0; r < 1000; r++) {
		int64_t due = schedule_interval(60, r);

		g_assert_cmpint(due, >=, 54);
		g_assert_cmpint(due, <=, 66);
		early |= due == 54;
		late |= due == 66;
	}
	g_assert_true(early);
	g_assert_true(late);
}

static void test_backoff(void)
{
	unsigned failures;
	size_t i;

	for (failures = 1; failures < 100; failures++) {
		int64_t full = schedule_backoff(10, 600, failures, 0);

		g_assert_cmpint(full, ==, failures >= 7 ? 600 : 10 << (failures - 1));
		for (i = 0; i < G_N_ELEMENTS(randoms); i++) {
			int64_t wait = schedule_backoff(10, 600, failures, randoms[i]);

			g_assert_cmpint(wait, <=, full);
			g_assert_cmpint(wait, >=, full - full / 4);
		}
	}
	g_assert_cmpint(schedule_backoff(60, 10, 5, 0), ==, 60); // a ceiling below the base
	g_assert_cmpint(schedule_backoff(INT64_MAX / 2, INT64_MAX, 64, 0), ==, INT64_MAX);
	g_assert_cmpint(schedule_backoff(0, 0, 1, 3), ==, 1);
}

static void test_earlier(void)
{
	g_assert_cmpint(schedule_earlier(0, 0), ==, 0);
	g_assert_cmpint(schedule_earlier(5, 0), ==, 5);
	g_assert_cmpint(schedule_earlier(0, 5), ==, 5);
	g_assert_cmpint(schedule_earlier(7, 5), ==, 5);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/schedule/jitter-is-a-tenth", test_interval);
	g_test_add_func("/schedule/back-off-doubles-to-a-ceiling", test_backoff);
	g_test_add_func("/schedule/zero-is-never", test_earlier);
	return g_test_run();
}
