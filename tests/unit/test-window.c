/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cron expressions, and when windows let a plan through: also when clocks change. */
#include "agent/window.h"

#include <string.h>

#include "base/cron.h"

static void test_expressions(void)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{"* * * * *", true},
		{"0 22 * * 1-5", true},
		{"*/15 0-6/2,23 1,15 * *", true},
		{"0 0 * jan-MAR sun", true},
		{"0 0 * * 7", true},
		{"  5\t4  * * *  ", true},
		{"@daily", true},
		{"@hourly", true},
		{"@fortnightly", false},
		{"", false},
		{"* * * *", false},
		{"* * * * * *", false},
		{"60 * * * *", false},
		{"* 24 * * *", false},
		{"* * 0 * *", false},
		{"* * 32 * *", false},
		{"* * * 13 *", false},
		{"* * * * 8", false},
		{"5-1 * * * *", false},
		{"*/0 * * * *", false},
		{"1,,2 * * * *", false},
		{"- * * * *", false},
		{"1- * * * *", false},
		{"/5 * * * *", false},
		{"1/ * * * *", false},
		{"x * * * *", false},
		{"* * * * mon-", false},
		{"+1 * * * *", false},
		{"1/2/3 * * * *", false},
		{"1-2-3 * * * *", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("'%s'", cases[i].text);
		g_assert_true(cron_is_valid(cases[i].text) == cases[i].good);
	}
}

static void test_days(void)
{
	struct cron cron;

	g_assert_true(cron_parse("0 0 13 * fri", &cron)); // both restricted: either
	g_assert_true(cron_day_matches(&cron, 13, 1, 2));
	g_assert_true(cron_day_matches(&cron, 9, 1, 5));
	g_assert_false(cron_day_matches(&cron, 9, 1, 4));
	g_assert_true(cron_parse("0 0 * 2 7", &cron));
	g_assert_true(cron_day_matches(&cron, 1, 2, 0));
	g_assert_false(cron_day_matches(&cron, 1, 2, 1));
	g_assert_false(cron_day_matches(&cron, 1, 3, 0));
	g_assert_true(cron_parse("10/20 3 * * *", &cron));
	g_assert_true(cron_time_matches(&cron, 3, 50));
	g_assert_false(cron_time_matches(&cron, 3, 0));
	g_assert_false(cron_time_matches(&cron, 4, 10));
}

static int64_t at(const char *text)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);

	g_assert_nonnull(time);
	return g_date_time_to_unix(time);
}

static char *text_of(const struct window_state *state)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(state->until);

	if (!state->shut) {
		return g_strdup("open");
	}
	return state->until != 0 ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ")
				 : g_strdup("shut");
}

/* "open", "shut" for ever, or until when. windows: "allow|0 22 * * *|3600|UTC", ... */
static char *look(const char *const *windows, const char *now)
{
	struct conf_stack stack = {.windows = g_ptr_array_new()};
	struct conf_window items[4];
	char **parts[4];
	struct window_state state;
	struct windows *made;
	size_t n;

	for (n = 0; windows[n] != NULL; n++) {
		parts[n] = g_strsplit(windows[n], "|", 4);
		items[n] =
			(struct conf_window){parts[n][0], parts[n][1],
					     g_ascii_strtoll(parts[n][2], NULL, 10), parts[n][3]};
		g_ptr_array_add(stack.windows, &items[n]);
	}
	made = windows_new(&stack);
	windows_look(made, at(now), &state);
	windows_free(made);
	for (size_t i = 0; i < n; i++) {
		g_strfreev(parts[i]);
	}
	g_ptr_array_unref(stack.windows);
	return text_of(&state);
}

#define NIGHT "allow|0 22 * * *|7200|UTC"
#define FREEZE "deny|0 0 24 12 *|604800|UTC" // a week from Christmas Eve

static void test_rules(void)
{
	static const struct {
		const char *windows[4], *now, *state;
	} cases[] = {
		{{NULL}, "2026-03-01T12:00:00Z", "open"},
		{{NIGHT}, "2026-03-01T21:59:59Z", "2026-03-01T22:00:00Z"},
		{{NIGHT}, "2026-03-01T22:00:00Z", "open"},
		{{NIGHT}, "2026-03-01T23:59:59Z", "open"},
		{{NIGHT}, "2026-03-02T00:00:00Z", "2026-03-02T22:00:00Z"},
		{{FREEZE}, "2026-12-23T23:59:59Z", "open"},
		{{FREEZE}, "2026-12-24T00:00:00Z", "2026-12-31T00:00:00Z"},
		{{FREEZE}, "2026-12-31T00:00:00Z", "open"},
		/* deny wins; then the next allow */
		{{NIGHT, FREEZE}, "2026-12-24T22:30:00Z", "2026-12-31T22:00:00Z"},
		/* either allow */
		{{NIGHT, "allow|30 12 * * *|600|UTC"}, "2026-03-01T12:35:00Z", "open"},
		{{NIGHT, "allow|30 12 * * *|600|UTC"},
		 "2026-03-01T12:41:00Z",
		 "2026-03-01T22:00:00Z"},
		/* a deny that covers the allow, day after day */
		{{NIGHT, "deny|0 21 * * *|14400|UTC"}, "2026-03-01T12:00:00Z", "shut"},
		{{"deny|* * * * *|60|UTC"}, "2026-03-01T12:00:00Z", "shut"},
		/* weekdays by the clock of the place, not of the host */
		{{"allow|0 6 * * mon|3600|Asia/Tokyo"}, "2026-03-01T21:30:00Z", "open"},
		{{"allow|0 6 * * mon|3600|UTC"}, "2026-03-01T21:30:00Z", "2026-03-02T06:00:00Z"},
		{{"allow|0 0 29 2 *|3600|UTC"}, "2026-03-01T00:00:00Z", "shut"}, // 2028 is far
		{{"allow|0 0 29 2 *|3600|UTC"}, "2027-03-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{{"allow|0 0 * * *|60|Nowhere/Atlantis"}, "2026-03-01T00:00:00Z", "shut"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *state = look(cases[i].windows, cases[i].now);

		g_test_message("%zu at %s", i, cases[i].now);
		g_assert_cmpstr(state, ==, cases[i].state);
	}
}

/* Berlin leaves out 02:00 to 03:00 on 2026-03-29 (at 01:00 UTC), and has 02:00 to 03:00 twice on
 * 2026-10-25 (from 00:00 UTC to 02:00 UTC). Lord Howe shifts by half an hour. */
static void test_clock_changes(void)
{
	static const struct {
		const char *windows[4], *now, *state;
	} cases[] = {
		/* an hour that is left out opens when the clock has changed */
		{{"allow|30 2 * * *|3600|Europe/Berlin"},
		 "2026-03-29T00:59:00Z",
		 "2026-03-29T01:00:00Z"},
		{{"allow|30 2 * * *|3600|Europe/Berlin"}, "2026-03-29T01:00:00Z", "open"},
		{{"allow|30 2 * * *|3600|Europe/Berlin"},
		 "2026-03-29T02:00:00Z",
		 "2026-03-30T00:30:00Z"},
		{{"deny|30 2 * * *|3600|Europe/Berlin"},
		 "2026-03-29T01:30:00Z",
		 "2026-03-29T02:00:00Z"},
		/* an hour that comes twice opens twice */
		{{"deny|30 2 * * *|1800|Europe/Berlin"},
		 "2026-10-25T00:30:00Z",
		 "2026-10-25T01:00:00Z"},
		{{"deny|30 2 * * *|1800|Europe/Berlin"}, "2026-10-25T01:15:00Z", "open"},
		{{"deny|30 2 * * *|1800|Europe/Berlin"},
		 "2026-10-25T01:45:00Z",
		 "2026-10-25T02:00:00Z"},
		/* the duration is real time, and the day after is an hour off */
		{{"allow|0 22 * * *|28800|Europe/Berlin"}, "2026-10-25T03:59:00Z", "open"},
		{{"allow|0 22 * * *|28800|Europe/Berlin"},
		 "2026-10-25T04:00:00Z",
		 "2026-10-25T21:00:00Z"},
		{{"allow|0 22 * * *|3600|Europe/Berlin"},
		 "2026-03-28T22:30:00Z",
		 "2026-03-29T20:00:00Z"},
		/* midnight itself is left out in Beirut */
		{{"allow|0 0 29 3 *|600|Asia/Beirut"},
		 "2026-03-28T12:00:00Z",
		 "2026-03-28T22:00:00Z"},
		{{"allow|0 2 5 4 *|600|Australia/Lord_Howe"},
		 "2026-04-04T12:00:00Z",
		 "2026-04-04T15:30:00Z"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *state = look(cases[i].windows, cases[i].now);

		g_test_message("%zu at %s", i, cases[i].now);
		g_assert_cmpstr(state, ==, cases[i].state);
	}
}

/* What was found once is what would be found again. */
static void test_memory(void)
{
	struct conf_window night = {(char *)"allow", (char *)"0 22 * * *", 7200, (char *)"UTC"};
	struct conf_stack stack = {.windows = g_ptr_array_new()};
	struct windows *kept;

	g_ptr_array_add(stack.windows, &night);
	kept = windows_new(&stack);
	for (int64_t t = at("2026-03-01T00:00:00Z"); t < at("2026-03-04T00:00:00Z"); t += 599) {
		struct windows *fresh = windows_new(&stack);
		struct window_state a, b;

		windows_look(kept, t, &a);
		windows_look(fresh, t, &b);
		g_assert_true(a.shut == b.shut);
		g_assert_cmpint(a.until, ==, b.until);
		windows_free(fresh);
	}
	windows_free(kept);
	g_ptr_array_unref(stack.windows);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/window/expressions", test_expressions);
	g_test_add_func("/window/days", test_days);
	g_test_add_func("/window/rules", test_rules);
	g_test_add_func("/window/clock-changes", test_clock_changes);
	g_test_add_func("/window/memory", test_memory);
	return g_test_run();
}
