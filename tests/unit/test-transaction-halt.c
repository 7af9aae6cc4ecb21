/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/transaction*.c: what fails with on_failure `stop`, and what becomes of it. */
#include "acts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "scratch.h"

/* s fails, t needs it, c is for itself. */
static void halt(struct acts *f)
{
	acts_add_some(f);
	acts_add(f, "service:t", "service:s");
	acts_add_path(f, "file:c", "host/c", NULL);
	acts_add_path(f, "file:d", "host/d", "service:t");
	acts_world.failing = "commit service:s";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_FAILED);
	acts_assert_log("stage package:p stage service:s stage service:t commit package:p "
			"commit service:s ");
	acts_assert_outcome(f, "service:s", STEP_FAILED);
	acts_assert_outcome(f, "service:t", STEP_LEFT);
	acts_assert_says(acts_step(f, "service:t")->message, "left out");
	acts_assert_outcome(f, "file:b", STEP_DONE);
	acts_assert_outcome(f, "file:c", STEP_DONE);
	acts_assert_outcome(f, "file:d", STEP_LEFT);
	g_assert_true(f->t->halted);
	acts_world.failing = NULL;
}

static void test_independent_steps_go_on(struct acts *f, const void *data)
{
	halt(f);
	g_assert_cmpint(acts_go(f, transaction_recover), ==, TRANSACTION_HALTED);
	g_assert_true(f->t->halted);
	acts_assert_outcome(f, "package:p", STEP_DONE);
	acts_assert_outcome(f, "service:s", STEP_FAILED);
	acts_assert_outcome(f, "service:t", STEP_LEFT);
	acts_assert_outcome(f, "file:c", STEP_DONE);
	acts_assert_log("");
}

static void test_halted_is_resumed(struct acts *f, const void *data)
{
	halt(f);
	g_assert_cmpint(acts_go(f, acts_resume), ==, TRANSACTION_OK);
	acts_assert_log("stage service:s stage service:t commit service:s commit service:t "
			"finish package:p finish service:s finish service:t ");
	g_assert_cmpuint(transaction_count(f->t, STEP_DONE), ==, 7);
	acts_assert_names("a b c d");
	acts_assert_ended(f);
}

static void test_resumed_halts_again(struct acts *f, const void *data)
{
	halt(f);
	acts_world.failing = "commit service:t";
	g_assert_cmpint(acts_go(f, acts_resume), ==, TRANSACTION_FAILED);
	g_assert_true(f->t->halted);
	acts_assert_outcome(f, "service:s", STEP_DONE);
	acts_assert_outcome(f, "file:d", STEP_LEFT);
	acts_world.failing = NULL;
	g_string_truncate(acts_world.log, 0);
	g_assert_cmpint(acts_go(f, acts_resume), ==, TRANSACTION_OK);
	acts_assert_log("stage service:t commit service:t finish package:p finish service:s "
			"finish service:t ");
	acts_assert_ended(f);
}

static void test_stale_is_not_resumed(struct acts *f, const void *data)
{
	g_autofree char *file = acts_file("package:p");

	halt(f);
	g_assert_cmpint(unlink(file), ==, 0);
	scratch_file(acts_world.dir, "host/d", "somebody's");
	(void)acts_go(f, acts_resume);
	g_assert_cmpuint(acts_stale, ==, 2);
	acts_assert_log("");
	g_assert_cmpint(acts_go(f, transaction_recover), ==, TRANSACTION_HALTED);
}

static void test_halted_is_undone(struct acts *f, const void *data)
{
	halt(f);
	g_assert_cmpint(acts_go(f, transaction_undo), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_log("undo service:s undo package:p revive package:p revive service:s "
			"finish package:p finish service:s finish service:t ");
	g_assert_cmpuint(transaction_count(f->t, STEP_UNDONE), ==, 4);
	acts_assert_names("");
	acts_assert_ended(f);
}

static void test_halted_is_settled(struct acts *f, const void *data)
{
	halt(f);
	g_assert_cmpint(acts_go(f, transaction_settle), ==, TRANSACTION_FAILED);
	acts_assert_log("finish package:p finish service:s finish service:t ");
	g_assert_true(acts_is_done("package:p"));
	acts_assert_names("a b c");
	acts_assert_ended(f);
}

static void resume_and_die(struct acts *f, const char *where)
{
	pid_t pid = fork();
	int status;

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		acts_world.dying = where;
		(void)acts_go(f, acts_resume);
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void test_crash_while_resuming(struct acts *f, const void *data)
{
	halt(f);
	resume_and_die(f, "stage service:t");
	g_assert_cmpint(acts_go(f, transaction_recover), ==, TRANSACTION_HALTED);
	resume_and_die(f, "commit service:t");
	g_assert_cmpint(acts_go(f, transaction_recover), ==, TRANSACTION_ROLLED_BACK);
	g_assert_false(acts_is_done("package:p"));
	acts_assert_names("");
	acts_assert_ended(f);
}

static bool resume_stale(struct transaction *t, struct journal *journal,
			 const struct journal_state *state, GError **error)
{
	g_autoptr(GError) problem = NULL;

	g_assert_false(acts_resume(t, journal, state, &problem));
	g_assert_error(problem, TARGET_ERROR, TARGET_ERROR_STALE);
	return true;
}

static void test_what_changed_before_resuming_is_stale(struct acts *f, const void *data)
{
	halt(f);
	acts_world.changed = "stage service:t";
	(void)acts_go(f, resume_stale);
	g_assert_null(strstr(acts_world.log->str, "commit"));
	g_assert_cmpint(acts_go(f, transaction_recover), ==, TRANSACTION_HALTED);
	g_assert_true(acts_is_done("package:p"));
}

static void test_left_out_packages_are_left_together(struct acts *f, const void *data)
{
	acts_add(f, "service:s", NULL);
	acts_add(f, "package:p", NULL);
	acts_add(f, "package:q", "service:s");
	acts_world.failing = "commit service:s";
	g_assert_cmpint(acts_run(f), ==, TRANSACTION_FAILED);
	acts_assert_log("stage service:s stage package:p stage package:q commit service:s ");
	acts_assert_outcome(f, "package:p", STEP_LEFT);
	acts_assert_outcome(f, "package:q", STEP_LEFT);
	g_assert_true(f->t->halted);
}

static bool no(const struct plan *plan, void *user, GError **error)
{
	return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "it does not answer");
}

static void test_failed_check_halts(struct acts *f, const void *data)
{
	const struct transaction_hooks with_check = {.stopped = acts_never, .check = no};
	const struct transaction_papers papers = {"plan", "sig", 4, 3};
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);

	acts_add_some(f);
	acts_begin(f);
	g_assert_true(transaction_observe(f->t, stale, NULL));
	g_assert_true(transaction_apply(f->t, f->journal, &papers, &with_check, NULL));
	g_assert_cmpint(f->t->result, ==, TRANSACTION_FAILED);
	g_assert_true(f->t->halted);
	g_assert_cmpuint(transaction_count(f->t, STEP_DONE), ==, 4);
	g_assert_cmpint(acts_go(f, transaction_undo), ==, TRANSACTION_ROLLED_BACK);
	acts_assert_names("");
	acts_assert_ended(f);
}

static unsigned looks;

static bool after_two(void *user)
{
	return ++looks > 7;
}

static void test_asked_to_stop_between_acts(struct acts *f, const void *data)
{
	const struct transaction_hooks stopping = {.stopped = after_two};
	const struct transaction_papers papers = {"plan", "sig", 4, 3};
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);

	looks = 0;
	acts_add_some(f);
	acts_begin(f);
	g_assert_true(transaction_observe(f->t, stale, NULL));
	g_assert_true(transaction_apply(f->t, f->journal, &papers, &stopping, NULL));
	g_assert_cmpint(f->t->result, ==, TRANSACTION_INTERRUPTED);
	g_assert_cmpuint(transaction_count(f->t, STEP_UNDONE), >, 0);
	g_assert_false(acts_is_done("package:p"));
	acts_assert_names("");
	acts_assert_ended(f);
}

#define ADD(name, function)                                                                        \
	g_test_add("/transaction/" name, struct acts, "stop", acts_set_up, function, acts_tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("independent-steps-go-on", test_independent_steps_go_on);
	ADD("halted-is-resumed", test_halted_is_resumed);
	ADD("resumed-halts-again", test_resumed_halts_again);
	ADD("stale-is-not-resumed", test_stale_is_not_resumed);
	ADD("halted-is-undone", test_halted_is_undone);
	ADD("halted-is-settled", test_halted_is_settled);
	ADD("crash-while-resuming", test_crash_while_resuming);
	ADD("what-changed-before-resuming-is-stale", test_what_changed_before_resuming_is_stale);
	ADD("left-out-packages-are-left-together", test_left_out_packages_are_left_together);
	ADD("failed-check-halts", test_failed_check_halts);
	ADD("asked-to-stop-between-acts", test_asked_to_stop_between_acts);
	return g_test_run();
}
