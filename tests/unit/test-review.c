/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of cli/review.c: what must fit before anything is shown. */
#include "cli/review.h"

#include <string.h>

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_ids_as_people_type_them(void)
{
	static const struct {
		const char *id;
		bool matches;
	} rows[] = {
		{DIGEST, true},	    {"0123456", true},		 {"sha256:0123456789", true},
		{"012345", false},  /* too short */
		{"1234567", false}, /* not the beginning */
		{"012345X", false}, {"0123456789ABCDEF", false}, {"", false},
		{"sha256:", false}, {DIGEST "0", false},	 {"sha512:0123456789", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_cmpint(review_id_matches(rows[i].id, DIGEST), ==, rows[i].matches);
	}
}

/* A plan of two changes whose diff is "one\ntwo\n". */
static void make_plan(struct plan *plan, struct plan_change changes[2])
{
	static const char *const sections[] = {"one\n", "two\n"};

	memset(changes, 0, 2 * sizeof(*changes));
	for (size_t i = 0; i < 2; i++) {
		changes[i].id = "file:/x";
		changes[i].diff_size = (int64_t)strlen(sections[i]);
		hash_bytes(&changes[i].diff, sections[i], strlen(sections[i]));
	}
	*plan = (struct plan){.changes = changes, .changes_count = 2, .diff_size = 8};
	hash_bytes(&plan->diff, "one\ntwo\n", 8);
}

static void test_a_diff_fits_its_plan(void)
{
	struct plan_change changes[2];
	struct plan plan;
	g_autoptr(GError) error = NULL;

	make_plan(&plan, changes);
	g_assert_true(review_diff_matches(&plan, "one\ntwo\n", 8, &error));
	g_assert_no_error(error);
}

static void assert_refused(const struct plan *plan, const char *diff)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(review_diff_matches(plan, diff, strlen(diff), &error));
	g_assert_nonnull(error);
}

static void test_another_diff_is_refused(void)
{
	struct plan_change changes[2];
	struct plan plan;

	make_plan(&plan, changes);
	assert_refused(&plan, "one\ntwx\n");
	assert_refused(&plan, "one\ntwo\n\n");
	assert_refused(&plan, "one\n");
	assert_refused(&plan, "");
}

/* The whole has the right digest, but its parts are told to be others. */
static void test_sections_that_do_not_fit_are_refused(void)
{
	struct plan_change changes[2];
	struct plan plan;

	make_plan(&plan, changes);
	changes[0].diff_size = 3;
	assert_refused(&plan, "one\ntwo\n");
	make_plan(&plan, changes);
	changes[1].diff_size = INT64_MAX;
	assert_refused(&plan, "one\ntwo\n");
	make_plan(&plan, changes);
	changes[1].diff = changes[0].diff;
	assert_refused(&plan, "one\ntwo\n");
	make_plan(&plan, changes);
	plan.changes_count = 1;
	assert_refused(&plan, "one\ntwo\n");
}

/* The digests are right, but it says of a command what the plan does not. */
static void test_a_command_is_shown_as_it_is(void)
{
	static const char good[] = "command x\n+run /bin/true --\n+timeout 60s\n (a remark)\n";
	static const char *const bad[] = {
		"command x\n+run /bin/true\n+timeout 60s\n", "command y\n+run /bin/true --\n",
		"command x\n+run /bin/true --\n+timeout 60s", "nothing\n", ""};
	const char *run[] = {"/bin/true", "--", NULL};
	const struct plan_exec exec = {.run = run, .timeout = 60};
	struct plan_change change = {.id = "command:x", .kind = "command", .exec = &exec};
	struct plan plan = {.changes = &change, .changes_count = 1};
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i <= G_N_ELEMENTS(bad); i++) {
		const char *text = i == 0 ? good : bad[i - 1];

		plan.diff_size = change.diff_size = (int64_t)strlen(text);
		hash_bytes(&plan.diff, text, strlen(text));
		change.diff = plan.diff;
		if (i > 0) {
			assert_refused(&plan, text);
			continue;
		}
		g_assert_true(review_diff_matches(&plan, text, strlen(text), &error));
		g_assert_no_error(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/review/ids-as-people-type-them", test_ids_as_people_type_them);
	g_test_add_func("/review/a-diff-fits-its-plan", test_a_diff_fits_its_plan);
	g_test_add_func("/review/another-diff-is-refused", test_another_diff_is_refused);
	g_test_add_func("/review/a-command-is-shown-as-it-is", test_a_command_is_shown_as_it_is);
	g_test_add_func("/review/sections-that-do-not-fit-are-refused",
			test_sections_that_do_not_fit_are_refused);
	return g_test_run();
}
