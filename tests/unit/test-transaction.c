/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/transaction*.c: acts and paths, done and taken back together. */
#include "acts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "scratch.h"

static void test_all_is_done_in_order(struct acts *f, const void *data)
{
	acts_add_some(f);
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_OK);
	acts_assert_log("stage package:p stage service:s commit package:p commit service:s "
			"finish package:p finish service:s ");
	g_assert_cmpuint(transaction_count(f->t, STEP_DONE), ==, 4);
	acts_assert_file("host/a", "new");
	acts_assert_names("a b");
	acts_assert_ended(f);
}

static void test_all_goes_back_in_order(struct acts *f, const void *data)
{
	scratch_file(acts_world.dir, "host/a", "old");
	acts_add_some(f);
	acts_world.failing = "commit service:s";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_log("stage package:p stage service:s commit package:p commit service:s "
			"undo service:s undo package:p revive package:p revive service:s "
			"finish package:p finish service:s ");
	acts_assert_outcome(f, "file:a", STEP_UNDONE);
	acts_assert_outcome(f, "package:p", STEP_UNDONE);
	acts_assert_outcome(f, "service:s", STEP_FAILED);
	acts_assert_outcome(f, "file:b", STEP_LEFT);
	acts_assert_says(f->t->reason, "commit service:s failed");
	acts_assert_file("host/a", "old");
	acts_assert_names("a");
	acts_assert_ended(f);
}

static void test_what_was_not_begun_is_not_undone(struct acts *f, const void *data)
{
	acts_add_some(f);
	acts_world.failing = "commit package:p";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_log("stage package:p stage service:s commit package:p undo package:p "
			"revive package:p finish package:p finish service:s ");
	acts_assert_ended(f);
}

static void test_failed_staging_touches_nothing(struct acts *f, const void *data)
{
	acts_add_some(f);
	acts_world.failing = "stage service:s";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_FAILED);
	acts_assert_log("stage package:p stage service:s finish package:p finish service:s ");
	acts_assert_names("");
	acts_assert_ended(f);
}

static void test_what_changed_before_staging_is_stale(struct acts *f, const void *data)
{
	g_autoptr(GError) error = NULL;

	acts_add_some(f);
	acts_world.changed = "stage service:s";
	g_assert_false(acts_try(f, &error));
	g_assert_error(error, TARGET_ERROR, TARGET_ERROR_STALE);
	acts_assert_says(error->message, "service:s has changed");
	acts_assert_log("stage package:p stage service:s finish package:p finish service:s ");
	acts_assert_names("");
	acts_assert_ended(f);
}

static void test_what_changed_after_staging_is_taken_back(struct acts *f, const void *data)
{
	acts_add_some(f);
	acts_world.changed = "commit service:s";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_outcome(f, "package:p", STEP_UNDONE);
	acts_assert_names("");
	acts_assert_ended(f);
}

static void test_what_cannot_be_undone_is_told(struct acts *f, const void *data)
{
	acts_add_path(f, "file:a", "host/a", NULL);
	acts_add(f, "package:p", NULL);
	acts_add(f, "service:s", NULL);
	acts_add(f, "service:t", NULL);
	acts_world.failing = "undo service:s";
	acts_world.half = "commit service:t";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_FAILED);
	acts_assert_outcome(f, "service:s", STEP_FAILED);
	acts_assert_says(acts_step(f, "service:s")->message, "undo service:s failed");
	acts_assert_outcome(f, "service:t", STEP_FAILED);
	acts_assert_says(acts_step(f, "service:t")->message, "commit service:t failed");
	acts_assert_outcome(f, "package:p", STEP_UNDONE);
	acts_assert_outcome(f, "file:a", STEP_UNDONE);
	acts_assert_says(f->t->reason, "commit service:t failed");
	acts_assert_names("");
	acts_assert_ended(f);
}

static void test_what_does_not_revive_is_told(struct acts *f, const void *data)
{
	acts_add_some(f);
	acts_world.half = "commit service:s";
	acts_world.failing = "revive package:p";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_FAILED);
	acts_assert_outcome(f, "package:p", STEP_FAILED);
	acts_assert_says(acts_step(f, "package:p")->message, "revive package:p failed");
	acts_assert_ended(f);
}

/* The package brings b and the folder d, and on its way out finds them as it left them. */
static void brings(const char *what, const char *id)
{
	if (strcmp(id, "package:p") == 0 && strcmp(what, "commit") == 0) {
		g_autofree char *folder = acts_path("host/d");

		scratch_file(acts_world.dir, "host/b", "packaged");
		g_assert_cmpint(mkdir(folder, 0700), ==, 0);
	} else if (strcmp(id, "package:p") == 0 && strcmp(what, "undo") == 0) {
		g_autofree char *file = acts_path("host/b");
		g_autofree char *folder = acts_path("host/d");

		acts_assert_file("host/b", "packaged");
		g_assert_cmpuint(acts_mode("host/d"), ==, 0700);
		g_assert_cmpint(unlink(file), ==, 0);
		g_assert_cmpint(rmdir(folder), ==, 0);
	}
}

static void add_brought(struct acts *f)
{
	acts_add(f, "package:p", NULL);
	acts_add_path(f, "file:b", "host/b", "package:p");
	acts_add_path(f, "directory:d", "host/d", "package:p");
	acts_add_path(f, "file:d/x", "host/d/x", "package:p");
	acts_world.after = brings;
}

static void test_what_an_act_brings_is_replaced(struct acts *f, const void *data)
{
	add_brought(f);
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_OK);
	acts_assert_file("host/b", "new");
	acts_assert_file("host/d/x", "new");
	g_assert_cmpuint(acts_mode("host/d"), ==, 0755);
	acts_assert_names("b d");
	acts_assert_ended(f);
}

static void test_what_an_act_brings_comes_back(struct acts *f, const void *data)
{
	add_brought(f);
	acts_add(f, "service:s", NULL);
	acts_world.failing = "commit service:s";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_outcome(f, "package:p", STEP_UNDONE);
	acts_assert_outcome(f, "file:b", STEP_UNDONE);
	acts_assert_names("");
	acts_assert_ended(f);
}

static void test_it_comes_back_after_a_crash(struct acts *f, const void *data)
{
	add_brought(f);
	acts_add(f, "service:s", NULL);
	acts_run_and_die(f, "commit service:s");
	acts_assert_file("host/b", "new");
	g_assert_cmpuint(acts_mode("host/d"), ==, 0755);
	g_assert_cmpint(acts_go(f, transaction_recover), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_log("undo service:s undo package:p revive package:p revive service:s "
			"finish package:p finish service:s ");
	acts_assert_outcome(f, "package:p", STEP_UNDONE);
	acts_assert_outcome(f, "file:d/x", STEP_UNDONE);
	acts_assert_outcome(f, "service:s", STEP_LEFT);
	acts_assert_names("");
	acts_assert_ended(f);
}

static void test_what_is_not_needed_is_not_replaced(struct acts *f, const void *data)
{
	acts_add(f, "package:p", NULL);
	acts_add_path(f, "file:b", "host/b", NULL);
	acts_world.after = brings;
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_outcome(f, "file:b", STEP_FAILED);
	acts_assert_says(acts_step(f, "file:b")->message, "`after: package:p`");
	acts_assert_names("");
	acts_assert_ended(f);
}

static void brings_link(const char *what, const char *id)
{
	g_autofree char *link = acts_path("host/b");

	if (strcmp(what, "commit") == 0) {
		g_assert_cmpint(symlink("elsewhere", link), ==, 0);
	} else if (strcmp(what, "undo") == 0) {
		g_assert_cmpint(unlink(link), ==, 0);
	}
}

static void test_another_type_is_not_replaced(struct acts *f, const void *data)
{
	acts_add(f, "package:p", NULL);
	acts_add_path(f, "file:b", "host/b", "package:p");
	acts_world.after = brings_link;
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_outcome(f, "file:b", STEP_FAILED);
	acts_assert_says(acts_step(f, "file:b")->message, "must not be replaced");
	acts_assert_names("");
	acts_assert_ended(f);
}

static void writes_the_same(const char *what, const char *id)
{
	if (strcmp(what, "commit") == 0) {
		scratch_file(acts_world.dir, "host/b", "old");
	}
}

static void test_the_same_in_another_file_is_the_same(struct acts *f, const void *data)
{
	scratch_file(acts_world.dir, "host/b", "old");
	acts_add(f, "package:p", NULL);
	acts_add_path(f, "file:b", "host/b", NULL);
	acts_add(f, "service:s", NULL);
	acts_world.after = writes_the_same;
	acts_world.failing = "commit service:s";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_outcome(f, "file:b", STEP_UNDONE);
	acts_assert_file("host/b", "old");
	acts_assert_names("b");
	acts_assert_ended(f);
}

static void takes_away(const char *what, const char *id)
{
	g_autofree char *file = acts_path("host/b");

	if (strcmp(what, "commit") == 0) {
		g_assert_cmpint(unlink(file), ==, 0);
	} else if (strcmp(what, "undo") == 0) {
		acts_assert_file("host/b", NULL);
	}
}

static void test_what_an_act_takes_away_is_put(struct acts *f, const void *data)
{
	scratch_file(acts_world.dir, "host/b", "old");
	acts_add(f, "package:p", NULL);
	acts_add_path(f, "file:b", "host/b", "package:p");
	acts_world.after = takes_away;
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_OK);
	acts_assert_file("host/b", "new");
	acts_assert_names("b");
	acts_assert_ended(f);
}

static void somebody_writes(const char *what, const char *id)
{
	if (strcmp(what, "stage") == 0) {
		scratch_file(acts_world.dir, "host/b", "somebody's");
	}
}

static void test_rest_is_looked_at_before_the_first_act(struct acts *f, const void *data)
{
	acts_add_some(f);
	acts_world.after = somebody_writes;
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_log("stage package:p stage service:s finish package:p finish service:s ");
	acts_assert_outcome(f, "file:b", STEP_FAILED);
	acts_assert_outcome(f, "file:a", STEP_UNDONE);
	acts_assert_file("host/b", "somebody's");
	acts_assert_names("b");
	acts_assert_ended(f);
}

static void test_packages_are_one_act(struct acts *f, const void *data)
{
	acts_add(f, "package:p", NULL);
	acts_add(f, "package:q", NULL);
	acts_world.failing = "commit package:p";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_log("stage package:p stage package:q commit package:p undo package:q "
			"undo package:p revive package:p revive package:q "
			"finish package:p finish package:q ");
	acts_assert_ended(f);
	acts_run_and_die(f, "commit package:p");
	g_string_truncate(acts_world.log, 0);
	g_assert_cmpint(acts_go(f, transaction_recover), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_log("undo package:q undo package:p revive package:p revive package:q "
			"finish package:p finish package:q ");
	acts_assert_ended(f);
}

static void test_crash_anywhere(struct acts *f, const void *data)
{
	static const struct {
		const char *where;
		enum transaction_result result;
		const char *names;
	} cases[] = {
		{"stage service:s", TRANSACTION_ROLLED_BACK, ""},
		{"commit package:p", TRANSACTION_ROLLED_BACK, ""},
		{"commit service:s", TRANSACTION_ROLLED_BACK, ""},
		{"finish package:p", TRANSACTION_OK, "a b"},
		{"finish service:s", TRANSACTION_OK, "a b"},
	};
	static const char *const made[] = {"host/a", "host/b", "acts/package:p", "acts/service:s"};

	acts_add_some(f);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		bool undone = cases[i].result == TRANSACTION_ROLLED_BACK;

		acts_run_and_die(f, cases[i].where);
		g_assert_cmpint(acts_go(f, transaction_recover), ==, cases[i].result);
		g_assert_true(acts_is_done("package:p") != undone);
		acts_assert_names(cases[i].names);
		acts_assert_ended(f);
		for (size_t k = 0; !undone && k < G_N_ELEMENTS(made); k++) {
			g_autofree char *path = acts_path(made[k]);

			g_assert_cmpint(unlink(path), ==, 0);
		}
	}
}

static void assert_bad(struct acts *f, const char *why)
{
	g_autoptr(GError) error = NULL;

	transaction_free(f->t);
	f->t = transaction_new(&f->plan, acts_world.objects, "0123456789abcdef");
	f->t->find = acts_find;
	g_assert_false(transaction_prepare(f->t, &error));
	g_assert_error(error, TARGET_ERROR, TARGET_ERROR_PLAN);
	acts_assert_says(error->message, why);
}

static void test_needs_of_later_ones_are_refused(struct acts *f, const void *data)
{
	acts_add_path(f, "file:a", "host/a", "package:p");
	acts_add(f, "package:p", NULL);
	assert_bad(f, "needs what does not come before it");
}

static void test_needs_of_nobody_are_refused(struct acts *f, const void *data)
{
	acts_add(f, "package:p", NULL);
	acts_add(f, "service:s", "package:q");
	assert_bad(f, "needs what does not come before it");
}

static void test_needs_of_itself_are_refused(struct acts *f, const void *data)
{
	acts_add(f, "package:p", "package:p");
	assert_bad(f, "needs what does not come before it");
}

static void test_packages_apart_are_refused(struct acts *f, const void *data)
{
	acts_add(f, "package:p", NULL);
	acts_add(f, "service:s", NULL);
	acts_add(f, "package:q", NULL);
	assert_bad(f, "stands apart");
}

static void test_act_with_a_path_is_refused(struct acts *f, const void *data)
{
	acts_add(f, "package:p", NULL);
	f->changes[0].path = g_strdup("/etc/x");
	assert_bad(f, "has a path");
}

/* A crash would still be found out about, and leave what is needed then. */
static void tell(struct transaction *t, void *journal)
{
	g_assert_true(journal_is_pending(journal));
	g_string_append_printf(acts_world.log, "tell %s ", transaction_result_names[t->result]);
}

static void test_its_end_is_told_before_the_journal_goes(struct acts *f, const void *data)
{
	acts_world.tell = tell;
	acts_add(f, "package:p", NULL);
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_OK);
	acts_assert_log("stage package:p commit package:p tell ok finish package:p ");
	acts_assert_ended(f);
}

static void test_its_failure_is_told(struct acts *f, const void *data)
{
	acts_world.tell = tell;
	acts_world.failing = "commit package:p";
	acts_add(f, "package:p", NULL);
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_log("stage package:p commit package:p undo package:p revive package:p "
			"tell rolled-back finish package:p ");
	acts_assert_ended(f);
}

/* Nobody knows yet how it ends. */
static void test_what_is_not_over_is_not_told(struct acts *f, const void *data)
{
	acts_world.tell = tell;
	acts_add(f, "package:p", NULL);
	acts_run_and_die(f, "commit package:p");
	g_assert_cmpint(acts_go(f, transaction_recover), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_log("undo package:p revive package:p tell rolled-back finish package:p ");
}

#define ADD(name, function)                                                                        \
	g_test_add("/transaction/" name, struct acts, NULL, acts_set_up, function, acts_tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("all-is-done-in-order", test_all_is_done_in_order);
	ADD("all-goes-back-in-order", test_all_goes_back_in_order);
	ADD("what-was-not-begun-is-not-undone", test_what_was_not_begun_is_not_undone);
	ADD("failed-staging-touches-nothing", test_failed_staging_touches_nothing);
	ADD("what-changed-before-staging-is-stale", test_what_changed_before_staging_is_stale);
	ADD("what-changed-after-staging-is-taken-back",
	    test_what_changed_after_staging_is_taken_back);
	ADD("what-cannot-be-undone-is-told", test_what_cannot_be_undone_is_told);
	ADD("what-does-not-revive-is-told", test_what_does_not_revive_is_told);
	ADD("what-an-act-brings-is-replaced", test_what_an_act_brings_is_replaced);
	ADD("what-an-act-brings-comes-back", test_what_an_act_brings_comes_back);
	ADD("it-comes-back-after-a-crash", test_it_comes_back_after_a_crash);
	ADD("what-is-not-needed-is-not-replaced", test_what_is_not_needed_is_not_replaced);
	ADD("another-type-is-not-replaced", test_another_type_is_not_replaced);
	ADD("the-same-in-another-file-is-the-same", test_the_same_in_another_file_is_the_same);
	ADD("what-an-act-takes-away-is-put", test_what_an_act_takes_away_is_put);
	ADD("rest-is-looked-at-before-the-first-act", test_rest_is_looked_at_before_the_first_act);
	ADD("packages-are-one-act", test_packages_are_one_act);
	ADD("crash-anywhere", test_crash_anywhere);
	ADD("needs-of-later-ones-are-refused", test_needs_of_later_ones_are_refused);
	ADD("needs-of-nobody-are-refused", test_needs_of_nobody_are_refused);
	ADD("needs-of-itself-are-refused", test_needs_of_itself_are_refused);
	ADD("packages-apart-are-refused", test_packages_apart_are_refused);
	ADD("act-with-a-path-is-refused", test_act_with_a_path_is_refused);
	ADD("its-end-is-told-before-the-journal-goes",
	    test_its_end_is_told_before_the_journal_goes);
	ADD("its-failure-is-told", test_its_failure_is_told);
	ADD("what-is-not-over-is-not-told", test_what_is_not_over_is_not_told);
	return g_test_run();
}
