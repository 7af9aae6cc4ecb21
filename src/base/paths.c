/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Default places of the configuration, the state and the socket. */
#include "base/paths.h"

#include <string.h>
#include <unistd.h>

static bool is_root(void)
{
	return geteuid() == 0;
}

/* A variable that is set but empty counts as unset, as in the XDG specification. */
static const char *variable(const char *name)
{
	const char *value = g_getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

char *paths_config(void)
{
	const char *named = variable("ASSENT_CONFIG");
	g_autofree char *user =
		g_build_filename(g_get_user_config_dir(), "assent", "assentd.yaml", NULL);
	g_autofree char *system = g_build_filename(SYSCONFDIR, "assent", "assentd.yaml", NULL);
	char *first = is_root() ? system : user;
	char *second = is_root() ? user : system;

	if (named != NULL) {
		return g_strdup(named);
	}
	if (!g_file_test(first, G_FILE_TEST_EXISTS) && g_file_test(second, G_FILE_TEST_EXISTS)) {
		return g_strdup(second);
	}
	return g_strdup(first);
}

char *paths_state(void)
{
	if (is_root() && variable("XDG_STATE_HOME") == NULL) {
		return g_strdup("/var/lib/assent");
	}
	return g_build_filename(g_get_user_state_dir(), "assent", NULL);
}

/* The runtime folder of root's login is not the one of the system service. */
static const char *runtime_dir(void)
{
	const char *dir = variable("XDG_RUNTIME_DIR");

	return dir != NULL && is_root() && g_str_has_prefix(dir, "/run/user/") ? NULL : dir;
}

char *paths_socket(void)
{
	const char *named = variable("ASSENT_SOCKET");

	if (named != NULL) {
		return g_strdup(named);
	}
	if (runtime_dir() != NULL) {
		return g_build_filename(runtime_dir(), "assent", "agent.sock", NULL);
	}
	if (is_root()) {
		return g_strdup("/run/assent/agent.sock");
	}
	/* No session: a folder that only this user can make, beside the state. */
	g_autofree char *state = paths_state();

	return g_build_filename(state, "agent.sock", NULL);
}

char *paths_expand(const char *path, const char *file, const char *home)
{
	g_autofree char *folder = NULL;

	if (g_str_has_prefix(path, "~/")) {
		return g_build_filename(home, path + 2, NULL);
	}
	if (g_path_is_absolute(path)) {
		return g_strdup(path);
	}
	folder = g_path_get_dirname(file);
	return g_build_filename(folder, path, NULL);
}

char *paths_staged(const char *exe, const char *bindir, const char *file)
{
	g_autofree char *folder = g_path_get_dirname(exe);
	g_autofree char *staged = NULL;

	if (!g_str_has_suffix(folder, bindir)) {
		return g_strdup(file);
	}
	folder[strlen(folder) - strlen(bindir)] = '\0';
	staged = g_strconcat(folder, file, NULL);
	return g_file_test(staged, G_FILE_TEST_EXISTS) ? g_steal_pointer(&staged) : g_strdup(file);
}

char *paths_worker(void)
{
	g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);

	return paths_staged(exe != NULL ? exe : "", BINDIR, PKGLIBEXECDIR "/assent-worker");
}
