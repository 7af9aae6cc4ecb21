/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starts fake-api.py and asks it what it saw. */
#include "unit/fake-api.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	char *folder;
	GPid pid;
	int in;
	struct kube_value *ports;
	struct cluster *own;
} fake;

static char *read_line(int fd)
{
	GString *line = g_string_new(NULL);
	char c;

	while (read(fd, &c, 1) == 1 && c != '\n') {
		g_string_append_c(line, c);
	}
	return g_string_free(line, FALSE);
}

void fake_api_start(void)
{
	g_autofree char *script = g_test_build_filename(G_TEST_DIST, "unit", "fake-api.py", NULL);
	g_autofree char *vectors = g_test_build_filename(G_TEST_DIST, "data", "kubernetes", NULL);
	g_autofree char *line = NULL;
	g_autoptr(GError) error = NULL;
	char *argv[] = {(char *)"python3", script, NULL, vectors, NULL};
	int out = -1;

	fake.folder = g_dir_make_tmp("assent-fake-api-XXXXXX", &error);
	g_assert_no_error(error);
	argv[2] = fake.folder;
	g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
				 NULL, NULL, &fake.pid, &fake.in, &out, NULL, &error);
	g_assert_no_error(error);
	line = read_line(out);
	close(out);
	g_assert_true(kube_value_parse(line, strlen(line), 4096, &fake.ports, &error));
	g_assert_no_error(error);
}

void fake_api_stop(void)
{
	g_autoptr(GDir) files = g_dir_open(fake.folder, 0, NULL);
	const char *name;

	cluster_free(fake.own);
	close(fake.in);
	waitpid(fake.pid, NULL, 0);
	while ((name = g_dir_read_name(files)) != NULL) {
		g_autofree char *path = fake_api_path(name);

		g_unlink(path);
	}
	g_rmdir(fake.folder);
	g_free(fake.folder);
	kube_value_free(fake.ports);
}

int fake_api_port(const char *which)
{
	int64_t port = 0;

	g_assert_true(kube_value_get_int(kube_value_get(fake.ports, which), &port));
	return (int)port;
}

char *fake_api_path(const char *name)
{
	return g_build_filename(fake.folder, name, NULL);
}

void fake_api_write(const char *name, const char *text)
{
	g_autofree char *path = fake_api_path(name);
	g_autoptr(GError) error = NULL;

	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
}

struct cluster_settings *fake_api_settings(const char *which, const char *cluster, const char *user)
{
	static int number;
	g_autofree char *name = g_strdup_printf("kubeconfig-%d", number++);
	g_autofree char *own = g_strdup_printf("certificate-authority: ca.pem, "
					       "server: 'https://127.0.0.1:%d'",
					       fake_api_port(which));
	g_autofree char *text = g_strdup_printf(
		"clusters: [{name: c, cluster: {%s}}]\n"
		"users: [{name: u, user: {%s}}]\n"
		"contexts: [{name: fake, context: {cluster: c, user: u, namespace: shop}}]\n",
		cluster != NULL ? cluster : own, user);
	struct cluster_settings *settings = cluster_settings_new("fake");

	fake_api_write(name, text);
	settings->kubeconfig = fake_api_path(name);
	return settings;
}

struct cluster *fake_api_open(const struct cluster_settings *settings)
{
	g_autoptr(GError) error = NULL;
	struct cluster *c = cluster_new(settings, &error);

	g_assert_no_error(error);
	g_assert_nonnull(c);
	return c;
}

struct cluster *fake_api_cluster(const char *which, const char *user)
{
	g_autoptr(cluster_settings_auto) settings = fake_api_settings(which, NULL, user);

	return fake_api_open(settings);
}

struct cluster_call *fake_api_get(struct cluster *c, const char *path)
{
	struct cluster_call *call = cluster_call_new("GET", g_strdup(path));
	g_autoptr(GError) error = NULL;

	g_assert_true(cluster_run_one(c, call, NULL, &error) == (error == NULL));
	g_assert_no_error(error);
	g_assert_nonnull(call->value);
	return call;
}

struct kube_value *fake_api_seen(void)
{
	g_autoptr(cluster_call_auto) call = NULL;

	if (fake.own == NULL) {
		fake.own = fake_api_cluster("server", "");
	}
	call = fake_api_get(fake.own, "/seen");
	return g_steal_pointer(&call->value);
}

int64_t fake_api_count(const char *path)
{
	g_autoptr(kube_value_auto) seen = fake_api_seen();
	int64_t count = 0;

	if (!kube_value_get_int(kube_value_get(kube_value_get(seen, "counts"), path), &count)) {
		return 0;
	}
	return count;
}
