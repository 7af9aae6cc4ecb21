/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/paths.c. */
#include "base/paths.h"

#include <unistd.h>

#include "scratch.h"

static void test_variables_win(void)
{
	g_autofree char *config = NULL, *socket = NULL;

	g_setenv("ASSENT_CONFIG", "/x/conf.yaml", true);
	g_setenv("ASSENT_SOCKET", "/x/socket", true);
	config = paths_config();
	socket = paths_socket();
	g_assert_cmpstr(config, ==, "/x/conf.yaml");
	g_assert_cmpstr(socket, ==, "/x/socket");
	g_unsetenv("ASSENT_CONFIG");
	g_unsetenv("ASSENT_SOCKET");
}

static void test_session_folders_are_used(void)
{
	g_autofree char *socket = NULL, *state = NULL;

	g_setenv("ASSENT_SOCKET", "", true);
	g_setenv("XDG_RUNTIME_DIR", "/srv/run", true);
	socket = paths_socket();
	state = paths_state();
	g_assert_cmpstr(socket, ==, "/srv/run/assent/agent.sock");
	g_assert_true(g_str_has_suffix(state, "/assent"));
	g_unsetenv("ASSENT_SOCKET");
	g_unsetenv("XDG_RUNTIME_DIR");
}

static void test_a_login_of_root_finds_the_service(void)
{
	g_autofree char *socket = NULL;

	g_setenv("XDG_RUNTIME_DIR", "/run/user/0", true);
	socket = paths_socket();
	g_assert_cmpstr(socket, ==,
			geteuid() == 0 ? "/run/assent/agent.sock"
				       : "/run/user/0/assent/agent.sock");
	g_unsetenv("XDG_RUNTIME_DIR");
}

static void test_paths_of_a_configuration_expand(void)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{"~/a/b", "/home/u/a/b"},
		{"/etc/x", "/etc/x"},
		{"allowed_signers", "/conf/dir/allowed_signers"},
		{"~root", "/conf/dir/~root"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *got =
			paths_expand(rows[i].path, "/conf/dir/assentd.yaml", "/home/u");

		g_assert_cmpstr(got, ==, rows[i].want);
	}
}

static void test_a_staged_program_finds_its_own(void)
{
	char *dir = scratch_new();
	g_autofree char *worker = g_build_filename(dir, "opt/x/libexec/worker", NULL);
	g_autofree char *staged = g_build_filename(dir, "opt/x/bin/assentd", NULL);
	g_autofree char *elsewhere = g_build_filename(dir, "opt/y/bin/assentd", NULL);
	g_autofree char *found = NULL, *lone = NULL, *other = NULL, *none = NULL;

	scratch_folder(dir, "opt/x/libexec");
	scratch_file(dir, "opt/x/libexec/worker", "");
	found = paths_staged(staged, "/opt/x/bin", "/opt/x/libexec/worker");
	g_assert_cmpstr(found, ==, worker);
	lone = paths_staged(staged, "/opt/x/bin", "/opt/x/libexec/another");
	g_assert_cmpstr(lone, ==, "/opt/x/libexec/another");
	other = paths_staged(elsewhere, "/opt/x/bin", "/opt/x/libexec/worker");
	g_assert_cmpstr(other, ==, "/opt/x/libexec/worker");
	none = paths_staged("", "/opt/x/bin", "/opt/x/libexec/worker");
	g_assert_cmpstr(none, ==, "/opt/x/libexec/worker");
	scratch_free(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/paths/variables-win", test_variables_win);
	g_test_add_func("/paths/session-folders-are-used", test_session_folders_are_used);
	g_test_add_func("/paths/a-login-of-root-finds-the-service",
			test_a_login_of_root_finds_the_service);
	g_test_add_func("/paths/paths-of-a-configuration-expand",
			test_paths_of_a_configuration_expand);
	g_test_add_func("/paths/a-staged-program-finds-its-own",
			test_a_staged_program_finds_its_own);
	return g_test_run();
}
