/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/proc.c and base/spawn.c: bounds, deadlines and what a child inherits. */
#include "base/proc.h"

#include "base/error.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static bool sh(const char *script, struct proc_spec spec, struct proc_result *result,
	       GError **error)
{
	const char *argv[] = {"/bin/sh", "-c", script, NULL};

	spec.argv = argv;
	return proc_run(&spec, result, error);
}

static void expect(const char *script, struct proc_spec spec, int status, const char *out,
		   const char *err)
{
	struct proc_result result = {0};
	GError *error = NULL;

	sh(script, spec, &result, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(result.out->str, ==, out);
	g_assert_cmpstr(result.err->str, ==, err);
	g_assert_cmpint(result.status, ==, status);
	proc_result_clear(&result);
	proc_result_clear(&result);
}

static void test_output_and_status_come_back(void)
{
	expect("echo one; echo two >&2; exit 3", (struct proc_spec){0}, 3, "one\n", "two\n");
	expect("kill -9 $$", (struct proc_spec){0}, 128 + SIGKILL, "", "");
	expect("pwd", (struct proc_spec){.cwd = "/usr"}, 0, "/usr\n", "");
}

static void test_input_is_given_whole(void)
{
	g_autofree char *big = g_strnfill(300000, 'x');

	expect("cat", (struct proc_spec){.input = "in", .input_len = 2}, 0, "in", "");
	expect("wc -c", (struct proc_spec){.input = big, .input_len = strlen(big)}, 0, "300000\n",
	       "");
	/* A child that does not read is not waited for, and does not kill us. */
	expect("exec <&-; echo done", (struct proc_spec){.input = big, .input_len = strlen(big)}, 0,
	       "done\n", "");
	expect("cat", (struct proc_spec){0}, 0, "", "");
}

static void test_environment_is_cleared(void)
{
	static const char *const env[] = {"ADDED=yes", NULL};

	g_setenv("ASSENT_SECRET", "s", TRUE);
	expect("echo ${ASSENT_SECRET-none} ${ADDED-none} ${PATH:+path}",
	       (struct proc_spec){.env = env}, 0, "none yes path\n", "");
	expect("echo ${ASSENT_SECRET-none}", (struct proc_spec){.keep_env = true}, 0, "s\n", "");
}

static void test_descriptors_are_closed(void)
{
	int leak = open("/dev/null", O_RDONLY);
	int high = fcntl(leak, F_DUPFD, 200);

	g_assert_cmpint(high, >=, 200);
	// No pipe: the shell could still hold its end. Not alone: the shell would become ls.
	expect("ls -m /proc/$$/fd; true", (struct proc_spec){0}, 0, "0, 1, 2\n", "");
	close(leak);
	close(high);
}

static void test_too_much_output_is_an_error(void)
{
	struct proc_result result = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(sh("while :; do echo spam; done", (struct proc_spec){.max_output = 1000},
			  &result, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
	g_assert_null(result.out);
	expect("printf 12345", (struct proc_spec){.max_output = 5}, 0, "12345", "");
}

static void test_deadline_kills_the_whole_group(void)
{
	g_autofree char *dir = g_dir_make_tmp("assent-proc-XXXXXX", NULL);
	g_autofree char *script = g_strdup_printf("sleep 600 & echo $! > %s/pid; wait", dir);
	g_autofree char *file = g_build_filename(dir, "pid", NULL);
	g_autofree char *text = NULL;
	struct proc_result result = {0};
	g_autoptr(GError) error = NULL;
	pid_t grandchild;

	g_assert_false(sh(script, (struct proc_spec){.timeout = 1}, &result, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT);
	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	grandchild = (pid_t)g_ascii_strtoll(text, NULL, 10);
	g_assert_cmpint(grandchild, >, 1);
	/* It may be a zombie until its new parent looks at it. */
	for (int i = 0; i < 600 && kill(grandchild, 0) == 0; i++) {
		g_autofree char *stat = g_strdup_printf("/proc/%d/stat", grandchild);
		g_autofree char *state = NULL;

		if (!g_file_get_contents(stat, &state, NULL, NULL) ||
		    strstr(state, ") Z ") != NULL) {
			break;
		}
		g_assert_cmpint(i, <, 599);
		g_usleep(50000);
	}
	unlink(file);
	rmdir(dir);
}

/* It goes when its parent does, or may be a zombie until its new one looks at it. */
static void expect_gone(pid_t pid)
{
	g_autofree char *file = g_strdup_printf("/proc/%d/stat", pid);

	for (int i = 0; kill(pid, 0) == 0; i++) {
		g_autofree char *state = NULL;

		if (!g_file_get_contents(file, &state, NULL, NULL) ||
		    strstr(state, ") Z ") != NULL) {
			return;
		}
		g_assert_cmpint(i, <, 600);
		g_usleep(50000);
	}
}

/* TERM first; what does not heed it and stays in the group goes all the same. */
static void test_grace_lets_it_end_by_itself(void)
{
	struct proc_result result = {0};
	const struct proc_spec spec = {.timeout_ms = 300, .grace = 30, .keep_output = true};
	g_autoptr(GError) error = NULL;

	g_assert_false(sh("(trap '' TERM; exec sleep 600) & echo $!; trap 'exit 0' TERM; wait",
			  spec, &result, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT);
	g_assert_nonnull(strstr(error->message, "300 milliseconds"));
	expect_gone((pid_t)g_ascii_strtoll(result.out->str, NULL, 10));
	proc_result_clear(&result);
}

static void test_grace_ends(void)
{
	struct proc_result result = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(sh("trap '' TERM; while :; do sleep .1; done",
			  (struct proc_spec){.timeout_ms = 100, .grace = 1}, &result, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT);
	g_assert_null(result.out);
}

static bool stop_third(void *user)
{
	unsigned *asked = user;

	return ++*asked >= 3;
}

static void test_a_run_can_be_stopped(void)
{
	struct proc_result result = {0};
	g_autoptr(GError) error = NULL;
	unsigned asked = 0;
	const struct proc_spec spec = {.stopped = stop_third, .stopped_user = &asked};

	g_assert_false(sh("sleep 600", spec, &result, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
	g_assert_cmpuint(asked, ==, 3);
}

static void test_bare(void)
{
	static const char *const env[] = {"A=1", NULL};
	const char *argv[] = {"/usr/bin/env", NULL};
	struct proc_spec spec = {.argv = argv, .env = env, .bare = true};
	struct proc_result result = {0};

	g_assert_true(proc_run(&spec, &result, NULL));
	g_assert_cmpstr(result.out->str, ==, "A=1\n");
	proc_result_clear(&result);
	expect("umask; IFS=' ' read -r pid _ _ _ group session _ </proc/self/stat; "
	       "test $$ = $group && test $$ = $session && echo leader",
	       (struct proc_spec){.bare = true, .session = true}, 0, "0022\nleader\n", "");
	expect("umask; IFS=' ' read -r pid _ _ _ group session _ </proc/self/stat; "
	       "test $$ = $group && test $$ != $session && echo leader",
	       (struct proc_spec){.bare = true}, 0, "0022\nleader\n", "");
}

static void test_another_user(void)
{
	static const gid_t groups[] = {12345, 54321};
	const struct proc_user nobody = {65534, 12345, groups, 2};
	const struct proc_spec spec = {.user = &nobody, .bare = true};
	struct proc_result result = {0};
	g_autoptr(GError) error = NULL;

	if (geteuid() == 0) {
		expect("grep -E '^(Uid|Gid|Groups):' /proc/self/status", spec, 0,
		       "Uid:\t65534\t65534\t65534\t65534\n"
		       "Gid:\t12345\t12345\t12345\t12345\n"
		       "Groups:\t12345 54321 \n",
		       "");
		return;
	}
	g_assert_false(sh("true", spec, &result, &error));
	g_assert_nonnull(strstr(error->message, "not permitted"));
}

static void test_missing_program_is_not_found(void)
{
	static const char *const argv[] = {"assent-no-such-program", NULL};
	struct proc_spec spec = {.argv = argv};
	struct proc_result result = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(proc_run(&spec, &result, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void test_missing_folder_is_named(void)
{
	struct proc_result result = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(sh("true", (struct proc_spec){.cwd = "/no/such"}, &result, &error));
	g_assert_nonnull(strstr(error->message, "No such file"));
}

struct seen {
	GString *lines;
	GMainLoop *loop;
	struct proc *proc;
	int status;
	char *err;
	bool failed;
};

static void on_line(const char *line, size_t len, void *user)
{
	struct seen *seen = user;

	g_assert_cmpuint(strlen(line), ==, len);
	g_string_append_printf(seen->lines, "[%s]", line);
	if (strcmp(line, "ready") == 0) {
		proc_stop(seen->proc, 1);
	}
}

static void on_exit_(int status, const char *err, const GError *error, void *user)
{
	struct seen *seen = user;

	seen->status = status;
	seen->err = g_strdup(err);
	seen->failed = error != NULL;
	g_main_loop_quit(seen->loop);
}

static void start_with(struct proc_spec spec, const char *script, struct seen *seen)
{
	static const struct proc_ops ops = {on_line, on_exit_};
	const char *argv[] = {"/bin/sh", "-c", script, NULL};
	g_autoptr(GError) error = NULL;

	spec.argv = argv;
	seen->lines = g_string_new(NULL);
	seen->loop = g_main_loop_new(NULL, FALSE);
	g_assert_true(proc_start(&spec, &ops, seen, &seen->proc, &error));
	g_assert_no_error(error);
	g_main_loop_run(seen->loop);
	g_main_loop_unref(seen->loop);
}

static void start(const char *script, struct seen *seen)
{
	start_with((struct proc_spec){0}, script, seen);
}

static void seen_clear(struct seen *seen)
{
	g_string_free(seen->lines, TRUE);
	g_free(seen->err);
}

static void test_lines_come_one_by_one(void)
{
	struct seen seen = {0};

	start("echo one; printf 'tw'; sleep .1; printf 'o\\n\\nlast'; echo e >&2; exit 4", &seen);
	g_assert_cmpstr(seen.lines->str, ==, "[one][two][][last]");
	g_assert_cmpint(seen.status, ==, 4);
	g_assert_cmpstr(seen.err, ==, "e\n");
	g_assert_false(seen.failed);
	seen_clear(&seen);
}

static void test_endless_bounds_a_line(void)
{
	struct seen seen = {0}, wide = {0};

	start_with((struct proc_spec){.max_output = 100, .endless = true},
		   "for i in 1 2 3 4 5 6 7 8 9; do echo 0123456789012345678901234567890123456789;"
		   "echo spam-spam-spam-spam-$i >&2; done; exit 3",
		   &seen);
	g_assert_false(seen.failed);
	g_assert_cmpint(seen.status, ==, 3);
	g_assert_cmpuint(seen.lines->len, ==, 9 * 42);
	g_assert_cmpuint(strlen(seen.err), <=, 100);
	g_assert_true(g_str_has_suffix(seen.err, "spam-spam-spam-spam-9\n"));
	start_with((struct proc_spec){.max_output = 100, .endless = true},
		   "while :; do printf 0123456789; done", &wide);
	g_assert_true(wide.failed);
	seen_clear(&seen);
	seen_clear(&wide);
}

/* As with a child of another user: no signal ends it. */
static void test_held_input_asks_for_an_end(void)
{
	struct seen seen = {0};

	start_with((struct proc_spec){.input = "x\n", .input_len = 2, .hold_input = true},
		   "trap '' TERM; read line; (sleep .3; echo ready) & cat; echo end; wait; exit 6",
		   &seen);
	g_assert_cmpstr(seen.lines->str, ==, "[ready][end]");
	g_assert_cmpint(seen.status, ==, 6);
	seen_clear(&seen);
}

static void test_stop_terminates_then_kills(void)
{
	struct seen polite = {0}, stubborn = {0};

	start("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep .1; done", &polite);
	g_assert_cmpstr(polite.lines->str, ==, "[ready][bye]");
	g_assert_cmpint(polite.status, ==, 5);
	start("trap '' TERM; echo ready; while :; do sleep .1; done", &stubborn);
	g_assert_cmpint(stubborn.status, ==, 128 + SIGKILL);
	seen_clear(&polite);
	seen_clear(&stubborn);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/proc/output-and-status-come-back", test_output_and_status_come_back);
	g_test_add_func("/proc/input-is-given-whole", test_input_is_given_whole);
	g_test_add_func("/proc/environment-is-cleared", test_environment_is_cleared);
	g_test_add_func("/proc/descriptors-are-closed", test_descriptors_are_closed);
	g_test_add_func("/proc/too-much-output-is-an-error", test_too_much_output_is_an_error);
	g_test_add_func("/proc/deadline-kills-the-whole-group",
			test_deadline_kills_the_whole_group);
	g_test_add_func("/proc/grace-lets-it-end-by-itself", test_grace_lets_it_end_by_itself);
	g_test_add_func("/proc/grace-ends", test_grace_ends);
	g_test_add_func("/proc/a-run-can-be-stopped", test_a_run_can_be_stopped);
	g_test_add_func("/proc/bare", test_bare);
	g_test_add_func("/proc/another-user", test_another_user);
	g_test_add_func("/proc/missing-program-is-not-found", test_missing_program_is_not_found);
	g_test_add_func("/proc/missing-folder-is-named", test_missing_folder_is_named);
	g_test_add_func("/proc/lines-come-one-by-one", test_lines_come_one_by_one);
	g_test_add_func("/proc/endless-bounds-a-line", test_endless_bounds_a_line);
	g_test_add_func("/proc/held-input-asks-for-an-end", test_held_input_asks_for_an_end);
	g_test_add_func("/proc/stop-terminates-then-kills", test_stop_terminates_then_kills);
	return g_test_run();
}
