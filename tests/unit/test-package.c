/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what all package managers share: names, conditions, the list, running programs. */
#include "worker/target/package.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "tests/unit/temp-dir.h"

static void test_names_are_strict(void)
{
	static const char *const good[] = {"nginx", "libstdc++6", "g++", "0ad", "a.b_c-d"};
	static const char *const bad[] = {"",	 "-y", "a b", "a/b", "./a.deb", "a*",
					  "a=1", "a-", "a:b", "a;b", "a\nb",	"\xc3\xa4"};
	g_autofree char *longest = g_strnfill(200, 'a'), *longer = g_strnfill(201, 'a');

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_assert_true(package_name_is_good(good[i]));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_assert_false(package_name_is_good(bad[i]));
	}
	g_assert_true(package_name_is_good(longest));
	g_assert_false(package_name_is_good(longer));
	g_assert_true(package_version_is_good("1:2.3~rc1+dfsg-4^5_6"));
	g_assert_false(package_version_is_good("-1"));
	g_assert_false(package_version_is_good("1 2"));
	g_assert_false(package_version_is_good("1/2"));
	g_assert_true(package_arch_is_good("x86_64"));
	g_assert_false(package_arch_is_good("a:b"));
}

/* Plain numbers are enough for conditions. */
static int by_number(const char *a, const char *b)
{
	return (int)(g_ascii_strtoll(a, NULL, 10) - g_ascii_strtoll(b, NULL, 10));
}

static void test_conditions(void)
{
	static const struct package_ops ops = {.compare = by_number};
	static const struct {
		const char *conditions, *version;
		bool fits;
	} rows[] = {
		{"2", "2", true},	   {"2", "3", false},	   {"=2", "2", true},
		{"== 2", "2", true},	   {"!=2", "2", false},	   {"!=2", "3", true},
		{">=2", "2", true},	   {">=2", "1", false},	   {">2", "2", false},
		{"<2", "1", true},	   {"<=2", "2", true},	   {"<=2", "3", false},
		{">=2, <4", "3", true},	   {">=2,<4", "4", false}, {">= 2 , < 4 ", "2", true},
		{">1,!=3,<9", "3", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GError *error = NULL;

		g_assert_true(package_conditions_check(rows[i].conditions, &error));
		g_assert_no_error(error);
		g_assert_cmpint(package_conditions_fit(&ops, rows[i].conditions, rows[i].version),
				==, rows[i].fits);
	}
}

static void test_bad_conditions(void)
{
	static const char *const bad[] = {"",	 ",",	 ">=",	">=1,", "=>1",
					  "1 2", ">=-1", "~>1", "1/2"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(package_conditions_check(bad[i], &error));
		g_assert_error(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED);
	}
}

static void test_list_finds_by_name_and_architecture(void)
{
	g_autoptr(package_list_auto) list = package_list_new("amd64");

	package_list_add(list, "b", "i386", "1", false, NULL);
	package_list_add(list, "b", "amd64", "2", true, NULL);
	package_list_add(list, "a", "all", "3", false, "half installed");
	package_list_add(list, "k", "amd64", "9", false, NULL);
	package_list_add(list, "k", "amd64", "10", false, NULL);
	package_list_add(list, "f", "i386", "5", false, NULL);
	package_list_end(list, by_number);
	g_assert_cmpuint(list->items->len, ==, 6);
	g_assert_cmpstr(((struct package *)list->items->pdata[0])->name, ==, "a");
	g_assert_cmpstr(package_list_find(list, "b", NULL)->version, ==, "2");
	g_assert_true(package_list_find(list, "b", NULL)->held);
	g_assert_cmpstr(package_list_find(list, "b", "i386")->version, ==, "1");
	g_assert_true(package_list_find(list, "b", "i386")->foreign);
	g_assert_cmpstr(package_list_find(list, "a", NULL)->problem, ==, "half installed");
	g_assert_cmpstr(package_list_find(list, "k", NULL)->version, ==, "10");
	g_assert_null(package_list_find(list, "f", NULL));
	g_assert_null(package_list_find(list, "c", NULL));
}

static bool always(void *user)
{
	return true;
}

static bool sh(const struct package_run *run, const char *script, unsigned timeout, unsigned flags,
	       struct proc_result *result, GError **error)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	static const char *const env[] = {"EXTRA=yes", NULL};

	return package_exec(run, argv, env, timeout, flags, result, error);
}

static void test_programs_speak_english(void)
{
	const struct package_run run = {0};
	struct proc_result result = {0};
	GError *error = NULL;

	g_assert_true(sh(&run, "echo $LC_ALL $EXTRA; echo oh >&2; exit 7", 10, 0, &result, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(result.out->str, ==, "C yes\n");
	g_assert_cmpstr(result.err->str, ==, "oh\n");
	g_assert_cmpint(result.status, ==, 7);
	proc_result_clear(&result);
}

static bool exists(void *path)
{
	return access(path, F_OK) == 0;
}

/* What a manager has started must not go on alone: its end of the pipe closes. */
static void test_the_whole_group_ends(void)
{
	char *dir = temp_new();
	g_autofree char *fifo = g_build_filename(dir, "fifo", NULL);
	g_autofree char *ready = g_build_filename(dir, "ready", NULL);
	g_autofree char *script = g_strdup_printf("mkfifo %s; (trap '' TERM; exec 3<>%s; >%s; "
						  "while :; do sleep 0.1; done) & wait",
						  fifo, fifo, ready);
	const struct package_run run = {.stopped = exists, .user = ready};
	struct proc_result result = {0};
	g_autoptr(GError) error = NULL;
	int fd = -1;

	g_assert_false(sh(&run, script, 100, 0, &result, &error));
	g_assert_error(error, PACKAGE_ERROR, PACKAGE_ERROR_STOPPED);
	/* A killed process takes a moment to be gone. */
	for (int i = 0; i < 1000 && (fd = open(fifo, O_WRONLY | O_NONBLOCK)) >= 0; i++) {
		close(fd);
		g_usleep(10000);
	}
	g_assert_cmpint(fd, ==, -1);
	temp_free(dir);
}

static void test_a_transaction_is_finished(void)
{
	const struct package_run run = {.stopped = always};
	struct proc_result result = {0};
	GError *error = NULL;

	g_assert_true(sh(&run, "sleep 0.1; echo done", 10, PACKAGE_EXEC_FINISH, &result, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(result.out->str, ==, "done\n");
	proc_result_clear(&result);
}

static void test_deadline_and_bound(void)
{
	const struct package_run run = {0};
	struct proc_result result = {0};
	g_autoptr(GError) error = NULL, problem = NULL;

	g_assert_false(sh(&run, "sleep 100", 1, 0, &result, &error));
	g_assert_nonnull(strstr(error->message, "did not finish within 1 seconds"));
	g_assert_false(sh(&run, "exec cat /dev/zero", 100, 0, &result, &problem));
	g_assert_nonnull(strstr(problem->message, "more than is allowed"));
}

struct shmem {
	const char *go;
	blkcnt_t blocks;
};

/* The files in memory that we have: when all was written and the middle was given back. */
static gpointer look_at_memory(gpointer user)
{
	struct shmem *shmem = user;
	off_t size = 0;

	for (int i = 0; i < 6000 && (size < 300000000 || shmem->blocks >= 100000); i++) {
		g_usleep(10000);
		for (int fd = 3; fd < 64; fd++) {
			struct stat st;

			if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= size &&
			    st.st_size > 1000000) {
				size = st.st_size;
				shmem->blocks = st.st_blocks;
			}
		}
	}
	g_assert_true(g_file_set_contents(shmem->go, "", 0, NULL));
	return NULL;
}

/* It is not ended for it, and of what it writes beginning and end are kept. */
static void test_a_transaction_may_write_much(void)
{
	static const char script[] = "echo first; head -c 300000000 /dev/zero | tr '\\0' x; "
				     "while ! test -e %s; do sleep 0.05; done; echo last";
	const struct package_run run = {0};
	char *dir = temp_new();
	g_autofree char *go = g_build_filename(dir, "go", NULL);
	g_autofree char *text = g_strdup_printf(script, go);
	struct proc_result result = {0};
	GError *error = NULL;
	struct shmem shmem = {go, 0};
	g_autoptr(GThread) looking = g_thread_new("looking", look_at_memory, &shmem);

	g_assert_true(sh(&run, text, 600, PACKAGE_EXEC_FINISH, &result, &error));
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(result.out->str, "first\nxxx"));
	g_assert_true(g_str_has_suffix(result.out->str, "xxxlast\n"));
	g_assert_cmpuint(result.out->len, <, 20 << 20);
	proc_result_clear(&result);
	g_thread_join(g_steal_pointer(&looking));
	g_assert_cmpint(shmem.blocks, <, 100000); /* of 512 bytes */
	temp_free(dir);
}

static void test_a_lock_is_waited_for(void)
{
	struct package_run run = {0};
	char *dir = temp_new();
	g_autofree char *path = g_build_filename(dir, "lock", NULL);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	GError *error = NULL;
	pid_t child;
	int fds[2];
	char byte;

	g_assert_true(package_wait_lock(&run, path, &error)); /* no file, nobody */
	g_assert_cmpint(pipe(fds), ==, 0);
	child = fork();
	if (child == 0) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		_exit(fcntl(fd, F_SETLK, &lock) != 0 || write(fds[1], "x", 1) != 1 || pause());
	}
	g_assert_cmpint(read(fds[0], &byte, 1), ==, 1);
	g_assert_false(package_wait_lock(&run, path, &error));
	g_assert_nonnull(strstr(error->message, "is locked by process"));
	g_clear_error(&error);
	run.stopped = always;
	run.lock_wait = 100;
	g_assert_false(package_wait_lock(&run, path, &error));
	g_assert_error(error, PACKAGE_ERROR, PACKAGE_ERROR_STOPPED);
	g_clear_error(&error);
	kill(child, SIGKILL);
	g_assert_true(waitpid(child, NULL, 0) == child);
	run.stopped = NULL;
	g_assert_true(package_wait_lock(&run, path, &error));
	close(fds[0]);
	close(fds[1]);
	temp_free(dir);
}

/* The worker is killed, its manager goes on. */
static void test_what_outlives_us_is_waited_for(void)
{
	struct package_run run = {0};
	char *dir = temp_new();
	g_autofree char *began = g_build_filename(dir, "began", NULL);
	g_autofree char *go = g_build_filename(dir, "go", NULL);
	g_autofree char *script = g_strdup_printf("(setsid sleep 600 & echo $! >%s/daemon); >%s; "
						  "until test -e %s; do sleep 0.05; done; >%s/done",
						  dir, began, go, dir);
	g_autofree char *done = g_build_filename(dir, "done", NULL);
	g_autofree char *daemon = g_build_filename(dir, "daemon", NULL);
	g_autofree char *text = NULL;
	GError *error = NULL;
	pid_t worker = fork();

	if (worker == 0) {
		struct proc_result result = {0};

		_exit(!sh(&run, script, 600, PACKAGE_EXEC_FINISH, &result, &error));
	}
	while (!exists(began)) {
		g_usleep(10000);
	}
	kill(worker, SIGKILL);
	g_assert_true(waitpid(worker, NULL, 0) == worker);
	g_assert_false(package_wait_own(&run, &error));
	g_assert_error(error, PACKAGE_ERROR, PACKAGE_ERROR_BUSY);
	g_clear_error(&error);
	g_assert_true(g_file_set_contents(go, "", 0, NULL));
	run.lock_wait = 600;
	g_assert_true(package_wait_own(&run, &error)); /* nor for the daemon, which stays */
	g_assert_true(exists(done));
	g_assert_true(g_file_get_contents(daemon, &text, NULL, NULL));
	kill((pid_t)g_ascii_strtoll(text, NULL, 10), SIGKILL);
	temp_free(dir);
}

/* Worker and manager are killed, what the manager runs goes on. */
static void test_what_outlives_the_manager_is_waited_for(void)
{
	struct package_run run = {0};
	char *dir = temp_new();
	g_autofree char *file = g_build_filename(dir, "pid", NULL);
	g_autofree char *script = g_strdup_printf(
		"cp \"$(command -v sleep)\" %s/dpkg; (sleep 600 & echo $! >%s/script); "
		"%s/dpkg 600 & echo $$ $! >%s.new; mv %s.new %s; wait",
		dir, dir, dir, file, file, file);
	g_autofree char *other = g_build_filename(dir, "script", NULL);
	g_autofree char *text = NULL, *left = NULL;
	GError *error = NULL;
	long long manager, part;
	pid_t worker = fork();

	if (worker == 0) {
		struct proc_result result = {0};

		_exit(!sh(&run, script, 600, PACKAGE_EXEC_FINISH, &result, &error));
	}
	while (!exists(file)) {
		g_usleep(10000);
	}
	kill(worker, SIGKILL);
	g_assert_true(waitpid(worker, NULL, 0) == worker);
	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	g_assert_cmpint(sscanf(text, "%lld %lld", &manager, &part), ==, 2);
	kill((pid_t)manager, SIGKILL);
	while (kill((pid_t)manager, 0) == 0) {
		g_usleep(10000);
	}
	g_assert_false(package_wait_own(&run, &error));
	g_assert_error(error, PACKAGE_ERROR, PACKAGE_ERROR_BUSY);
	g_clear_error(&error);
	kill((pid_t)part, SIGKILL);
	run.lock_wait = 600;
	g_assert_true(package_wait_own(&run, &error)); /* nor for what a script has left */
	g_assert_true(g_file_get_contents(other, &left, NULL, NULL));
	g_assert_cmpint(kill((pid_t)g_ascii_strtoll(left, NULL, 10), SIGKILL), ==, 0);
	temp_free(dir);
}

/* The worker was killed when its child had no name and environment of its own yet. */
static void test_what_begins_is_waited_for(void)
{
	struct package_run run = {0};
	GError *error = NULL;
	int ready[2];
	char byte;
	pid_t child;

	g_assert_cmpint(pipe(ready), ==, 0);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		prctl(PR_SET_NAME, SPAWN_BEGINS);
		_exit(write(ready[1], "", 1) != 1 || pause());
	}
	g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
	g_assert_false(package_wait_own(&run, &error));
	g_assert_error(error, PACKAGE_ERROR, PACKAGE_ERROR_BUSY);
	g_clear_error(&error);
	kill(child, SIGKILL);
	g_assert_true(waitpid(child, NULL, 0) == child);
	run.lock_wait = 600;
	g_assert_true(package_wait_own(&run, &error));
	close(ready[0]);
	close(ready[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/package/names-are-strict", test_names_are_strict);
	g_test_add_func("/package/conditions", test_conditions);
	g_test_add_func("/package/bad-conditions", test_bad_conditions);
	g_test_add_func("/package/list-finds", test_list_finds_by_name_and_architecture);
	g_test_add_func("/package/programs-speak-english", test_programs_speak_english);
	g_test_add_func("/package/the-whole-group-ends", test_the_whole_group_ends);
	g_test_add_func("/package/a-transaction-is-finished", test_a_transaction_is_finished);
	g_test_add_func("/package/deadline-and-bound", test_deadline_and_bound);
	g_test_add_func("/package/a-transaction-may-write-much", test_a_transaction_may_write_much);
	g_test_add_func("/package/a-lock-is-waited-for", test_a_lock_is_waited_for);
	g_test_add_func("/package/what-outlives-the-manager-is-waited-for",
			test_what_outlives_the_manager_is_waited_for);
	g_test_add_func("/package/what-outlives-us-is-waited-for",
			test_what_outlives_us_is_waited_for);
	g_test_add_func("/package/what-begins-is-waited-for", test_what_begins_is_waited_for);
	return g_test_run();
}
