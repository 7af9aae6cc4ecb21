/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said of packages, services, commands and checks. */
#include "base/change-text.h"

static void equal(char *got, const char *wanted)
{
	g_assert_cmpstr(got, ==, wanted);
	g_free(got);
}

static void test_states(void)
{
	struct plan_state package = PLAN_STATE(STATE_PACKAGE), service = PLAN_STATE(STATE_SERVICE);
	struct plan_state file = PLAN_STATE(STATE_FILE);

	equal(change_state_text(&package), "");
	package.version = "1.24-1";
	package.arch = "amd64";
	package.held = 1;
	equal(change_state_text(&package), " 1.24-1 amd64 held");
	service.enabled = "enabled";
	service.running = "inactive";
	equal(change_state_text(&service), " enabled inactive");
	equal(change_state_text(&file), "");
}

static void test_what_it_becomes(void)
{
	struct plan_change c = {.observed = PLAN_STATE(STATE_ABSENT),
				.desired = PLAN_STATE(STATE_PACKAGE)};

	c.desired.version = "1.24-1";
	equal(change_becomes_text(&c), " 1.24-1");
	c.observed = PLAN_STATE(STATE_PACKAGE);
	c.observed.version = "1.22-1";
	equal(change_becomes_text(&c), " 1.22-1 -> 1.24-1");
	c.observed.version = "1.24-1";
	equal(change_becomes_text(&c), "");
	c.desired.held = 1;
	equal(change_becomes_text(&c), " 1.24-1 -> 1.24-1 held");
	c.desired = PLAN_STATE(STATE_ABSENT);
	equal(change_becomes_text(&c), " 1.24-1");
	c.observed = PLAN_STATE(STATE_SERVICE);
	c.desired = PLAN_STATE(STATE_SERVICE);
	c.observed.running = "inactive";
	c.desired.running = "active";
	equal(change_becomes_text(&c), " inactive -> active");
	c.observed = c.desired = PLAN_STATE(STATE_FILE);
	equal(change_becomes_text(&c), "");
}

static void test_notes(void)
{
	const char *run[] = {"/bin/sh", "-c", "a b", "", NULL};
	const char *unless[] = {"/bin/true", NULL};
	const char *because[] = {"file:/etc/x", NULL};
	struct plan_exec exec = {.run = run, .unless = unless, .creates = "/x"};
	struct plan_change change = {.manager = "apt",
				     .implied = true,
				     .because = because,
				     .exec = &exec,
				     .outside_commit = "0123456789abcdef0123456789abcdef01234567",
				     .outside_time = 0};
	g_autoptr(GPtrArray) notes = change_notes(&change);
	g_autofree char *text = NULL;

	g_ptr_array_add(notes, NULL);
	text = g_strjoinv("|", (char **)notes->pdata);
	g_assert_true(g_str_has_prefix(text, "manager: apt|also: for the sake of other packages|"
					     "because of: file:/etc/x|run /bin/sh -c 'a b' ''|"
					     "unless /bin/true|creates /x|timeout 0s|"
					     "changed outside since 1970-"));
	g_assert_true(g_str_has_suffix(text, ", commit 0123456789ab"));
}

static void test_sizes(void)
{
	struct plan_change changes[] = {{.kind = "package",
					 .observed = PLAN_STATE(STATE_ABSENT),
					 .desired = PLAN_STATE(STATE_PACKAGE)},
					{.kind = "package",
					 .observed = PLAN_STATE(STATE_PACKAGE),
					 .desired = PLAN_STATE(STATE_ABSENT)}};
	struct plan plan = {.changes = changes, .changes_count = 2};

	g_assert_null(change_sizes_text(&plan));
	changes[0].desired.download = 2000;
	changes[0].desired.space = 5000;
	changes[1].observed.space = 7000;
	equal(change_sizes_text(&plan), "2.0\xc2\xa0kB to fetch, 2.0\xc2\xa0kB less on the disk");
}

static void test_checks(void)
{
	const char *run[] = {"bin/ok", NULL};
	struct plan_exec exec = {.run = run};
	struct plan_check http = {.kind = "http",
				  .target = "http://x/",
				  .status = 204,
				  .body = "all well",
				  .successes = 3,
				  .interval = 2};
	struct plan_check command = {.kind = "command", .target = "ok", .exec = &exec};

	equal(change_check_text(&http), "http http://x/, HTTP 204, 'all well', 3x, /2s");
	equal(change_check_text(&command), "command ok");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/change-text/states", test_states);
	g_test_add_func("/change-text/what-it-becomes", test_what_it_becomes);
	g_test_add_func("/change-text/notes", test_notes);
	g_test_add_func("/change-text/sizes", test_sizes);
	g_test_add_func("/change-text/checks", test_checks);
	return g_test_run();
}
