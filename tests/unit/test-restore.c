/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What plans prove together, and what they do not. */
#include <glib.h>
#include <string.h>

#include "core/restore.h"

#define PLANS 3

struct three {
	struct plan_change changes[PLANS], want;
	struct plan plans[PLANS];
};

static struct plan_state file_of(const char *content, int64_t mode)
{
	struct plan_state state = PLAN_STATE(STATE_FILE);

	if (content != NULL) {
		state.size = (int64_t)strlen(content);
		hash_bytes(&state.digest, content, strlen(content));
	}
	state.mode = mode;
	return state;
}

static struct plan_change update(struct plan_state observed, struct plan_state desired)
{
	return (struct plan_change){.id = "file:/x",
				    .kind = "file",
				    .path = "/x",
				    .action = ACTION_UPDATE,
				    .observed = observed,
				    .desired = desired};
}

/* "a" with a mode that is taken back, then "b", without a word of the mode. */
static void make_three(struct three *t)
{
	t->changes[0] = update(PLAN_STATE(STATE_ABSENT), file_of("a", 04755));
	t->changes[0].action = ACTION_CREATE;
	t->changes[1] = update(file_of("a", 04755), file_of(NULL, 0755));
	t->changes[2] = update(file_of("a", 0755), file_of("b", -1));
	for (int i = 0; i < PLANS; i++) {
		t->plans[i] = (struct plan){.reason = "commit",
					    .seq = i + 1,
					    .changes = &t->changes[i],
					    .changes_count = 1};
	}
}

/* named: which of them, by bit. */
static const char *problem_of(const struct three *t, unsigned named, const struct plan_change *want)
{
	const struct plan *list[PLANS];
	struct restore *restore = NULL;
	const char *problem;
	size_t count = 0;

	for (unsigned i = 0; i < PLANS; i++) {
		if ((named & 1U << i) != 0) {
			list[count++] = &t->plans[i];
		}
	}
	g_assert_cmpint(restore_open(&restore, list, count, false, NULL), ==, 0);
	problem = restore_problem(restore, want);
	restore_free(restore);
	return problem;
}

static void test_together(void)
{
	struct plan_change want;
	struct three t;

	make_three(&t);
	want = update(file_of("c", 0700), file_of("b", 0755));
	g_assert_cmpstr(problem_of(&t, 7, &want), ==, NULL);
	want = update(file_of("c", 0755), file_of("b", -1));
	g_assert_cmpstr(problem_of(&t, 7, &want), ==, NULL);
	want = update(file_of("c", 0755), file_of("a", -1));
	g_assert_cmpstr(problem_of(&t, 3, &want), ==, NULL);
}

/* The content of one with the mode of another, when what lies between is left out. */
static void test_mixed(void)
{
	struct plan_change want;
	struct three t;

	make_three(&t);
	want = update(file_of("c", 0755), file_of("b", 04755));
	g_assert_nonnull(problem_of(&t, 7, &want));
	g_assert_nonnull(problem_of(&t, 5, &want));
	want = update(file_of("c", 0755), file_of("b", -1));
	g_assert_cmpstr(problem_of(&t, 5, &want), ==, NULL); // the mode stays as it is
	want = update(PLAN_STATE(STATE_ABSENT), file_of("b", -1));
	want.action = ACTION_CREATE;
	g_assert_nonnull(problem_of(&t, 5, &want));
}

/* A new content under an old mode, the other way round. */
static void test_mixed_content(void)
{
	struct plan_change want;
	struct three t;

	make_three(&t);
	t.changes[1] = update(file_of("a", 04755), file_of("b", -1));
	t.changes[2] = update(file_of("b", 04755), file_of(NULL, 0600));
	want = update(file_of("c", 0700), file_of("b", 0600));
	g_assert_cmpstr(problem_of(&t, 7, &want), ==, NULL);
	want = update(file_of("c", 0700), file_of("a", 0600));
	g_assert_nonnull(problem_of(&t, 5, &want));
}

/* What had drifted, and was stated again since. */
static void test_stated_again(void)
{
	struct plan_change want;
	struct three t;

	make_three(&t);
	t.changes[1] = update(file_of("x", 04777), file_of("a", 04755));
	t.changes[2] = update(file_of("a", 0777), file_of("b", 0755));
	want = update(PLAN_STATE(STATE_ABSENT), file_of("b", 0755));
	want.action = ACTION_CREATE;
	g_assert_cmpstr(problem_of(&t, 7, &want), ==, NULL);
	t.changes[1] = update(file_of("x", 04755), file_of(NULL, 0755));
	g_assert_cmpstr(problem_of(&t, 7, &want), ==, NULL);
}

/* What was anew is all that counts, whatever was before. */
static void test_anew(void)
{
	struct plan_change want;
	struct three t;

	make_three(&t);
	t.changes[2] = update(PLAN_STATE(STATE_LINK), file_of("b", 0644));
	t.changes[2].action = ACTION_REPLACE;
	want = update(file_of("c", 0700), file_of("b", 0644));
	g_assert_cmpstr(problem_of(&t, 5, &want), ==, NULL);
}

/* The digest of a secret says nothing without its key. */
static void test_secret(void)
{
	struct plan_change want;
	struct three t;

	make_three(&t);
	t.changes[2].desired.keyed = "0123456789abcdef";
	want = update(file_of("c", 0755), file_of("b", -1));
	g_assert_nonnull(problem_of(&t, 7, &want));
	want.desired.keyed = "fedcba9876543210";
	g_assert_nonnull(problem_of(&t, 7, &want));
	want.desired.keyed = "0123456789abcdef";
	g_assert_cmpstr(problem_of(&t, 7, &want), ==, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/restore/what-plans-wanted-together", test_together);
	g_test_add_func("/restore/no-content-with-another-mode", test_mixed);
	g_test_add_func("/restore/no-mode-with-another-content", test_mixed_content);
	g_test_add_func("/restore/what-was-stated-again", test_stated_again);
	g_test_add_func("/restore/what-was-made-anew", test_anew);
	g_test_add_func("/restore/a-secret-of-its-key", test_secret);
	return g_test_run();
}
