/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what assent doctor sees in files: cli/checkup.c. */
#include "cli/checkup.h"

#include <string.h>
#include <unistd.h>

#include "cli/problem.h"
#include "cli/remarks.h"
#include "signer-line.h"
#include "temp-dir.h"

#define MIB (INT64_C(1) << 20)

static void test_what_lies_there_is_measured(void)
{
	char *dir = temp_new();
	g_autofree char *deep = g_build_filename(dir, "objects", "ab", NULL);
	g_autofree char *log = g_build_filename(dir, "log", NULL);
	g_autofree char *loop = g_build_filename(log, "loop", NULL);
	g_autofree char *bytes = g_strnfill(3 * MIB, 'x');
	g_autofree char *none = g_build_filename(dir, "none", NULL);
	g_autoptr(GError) error = NULL;
	struct checkup_space space;

	g_assert_cmpint(g_mkdir_with_parents(deep, 0700), ==, 0);
	g_assert_cmpint(g_mkdir(log, 0700), ==, 0);
	g_assert_cmpint(symlink("../objects", loop), ==, 0); // is not followed
	g_free(temp_file(deep, "cd", bytes));
	g_assert_true(checkup_measure(dir, &space, &error));
	g_assert_no_error(error);
	g_assert_cmpint(space.objects, >=, 3 * MIB);
	g_assert_cmpint(space.objects, <, 4 * MIB);
	g_assert_cmpint(space.log, <, MIB);
	g_assert_cmpint(space.free, >, 0);
	g_assert_false(checkup_measure(none, &space, &error));
	g_assert_nonnull(strstr(error->message, "none"));
	temp_free(dir);
}

static void test_room(void)
{
	static const struct {
		int64_t log, objects, free;
		bool good;
		unsigned remarks;
	} cases[] = {
		{MIB, MIB, 64 * MIB, true, 0},			// new
		{MIB, MIB, 64 * MIB - 1, false, 0},		// the log may stop
		{100 * MIB, 100 * MIB, 200 * MIB, true, 0},	// twice as much fits
		{100 * MIB, 100 * MIB, 200 * MIB - 1, true, 1}, // it does not
		{0, 0, 0, false, 0},
	};
	static const struct conf_retention rule = {.plans = 20, .age = 90 * 86400};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct checkup_space space = {cases[i].log, cases[i].objects, cases[i].free};
		g_autoptr(GPtrArray) remarks = g_ptr_array_new_with_free_func(remark_free);
		g_autoptr(GString) detail = g_string_new(NULL);
		g_autoptr(GError) error = NULL;

		g_test_message("case %zu", i);
		g_assert_true(checkup_space("/state", &space, &rule, remarks, detail, &error) ==
			      cases[i].good);
		g_assert_cmpuint(remarks->len, ==, cases[i].remarks);
		g_assert_true(cases[i].good == (error == NULL));
		if (remarks->len > 0) {
			const struct remark *remark = g_ptr_array_index(remarks, 0);

			g_assert_false(remark->bad);
			g_assert_nonnull(strstr(remark->text, "'/state'"));
			g_assert_nonnull(strstr(remark->hint, "20 plans of each stack, and for"));
		}
	}
}

static void judge(const char *dir, const char *verify, const char *expected)
{
	g_autofree char *text = g_strdup_printf(
		"agent: web1\nstacks:\n  web:\n    source: {url: \"https://g/r\", %s}\n"
		"    approval: {from: [alice], required: 0}\npeople:\n  alice: {}\n",
		verify);
	g_autofree char *file = temp_file(dir, "assentd.yaml", text);
	g_autoptr(GString) detail = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	struct diag_list diags;
	struct conf *conf;

	diag_list_init(&diags);
	conf = conf_load(file, &diags, &error);
	if (conf == NULL) {
		g_error("%s", diag_text(&diags));
	}
	diag_list_clear(&diags);
	g_test_message("%s", verify);
	if (checkup_signers(conf, detail, &error)) {
		g_assert_cmpstr(detail->str, ==, expected);
	} else {
		g_assert_nonnull(strstr(error->message, expected));
		g_assert_nonnull(problem_hint(error));
	}
	conf_free(conf);
}

static void test_signers_of_commits(void)
{
	char *dir = temp_new();
	g_autofree char *alice = seed_signer_line("alice", 2), *common = NULL;

	g_free(temp_file(dir, "allowed_signers", alice));
	g_free(temp_file(dir, "some", "# who signs\n\n  \tdora ssh-ed25519 AAAA\n"));
	g_free(temp_file(dir, "nobody", "# who signs\n\n \t\n#"));
	g_free(temp_file(dir, "empty", ""));
	common = temp_file(dir, "common", "dora ssh-ed25519 AAAA\n");
	g_assert_cmpint(g_chmod(common, 0666), ==, 0);
	judge(dir, "verify: none", "no stack has 'verify'");
	judge(dir, "verify: all, signers: some", "those of 1 stack can be read");
	judge(dir, "verify: head, signers: nobody", "'stacks.web.source.signers': there is nobody");
	judge(dir, "verify: head, signers: empty", "there is nobody in");
	judge(dir, "verify: head, signers: common", "others");
	judge(dir, "verify: head, signers: gone", "stacks.web.source.signers: ");
	judge(dir, "verify: all, openpgp-keys: empty",
	      "'stacks.web.source.openpgp-keys': there is");
	judge(dir, "verify: all, signers: some, revoked-keys: empty",
	      "those of 1 stack can be read");
	judge(dir, "verify: all, signers: some, revoked-keys: gone",
	      "stacks.web.source.revoked-keys: ");
	temp_free(dir);
}

static void test_the_stop_file(void)
{
	char *dir = temp_new();
	g_autoptr(GString) detail = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(checkup_stop(dir, detail, &error));
	g_assert_cmpstr(detail->str, ==, "nothing is stopped");
	g_free(temp_file(dir, "stopped", "fire\n"));
	g_assert_false(checkup_stop(dir, detail, &error));
	g_assert_nonnull(strstr(error->message, "everything is stopped by the file '"));
	g_assert_cmpstr(problem_hint(error), ==, "'assent resume --all' ends it");
	temp_free(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/checkup/what-lies-there-is-measured", test_what_lies_there_is_measured);
	g_test_add_func("/checkup/room", test_room);
	g_test_add_func("/checkup/signers-of-commits", test_signers_of_commits);
	g_test_add_func("/checkup/the-stop-file", test_the_stop_file);
	return g_test_run();
}
