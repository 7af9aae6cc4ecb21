/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of kubeconfigs: merging, paths, what is refused, and where it says so. */
#include "kube/config.h"

#include <string.h>

#include "base/error.h"

#define PEM "LS0tLS1CRUdJTiBYLS0tLS0K" /* "-----BEGIN X-----" */

struct file {
	const char *path, *text;
};

/* Files in memory, as {path, text} up to {NULL}. */
static bool read_file(const char *path, char **text, size_t *len, void *data, GError **error)
{
	for (const struct file *file = data; file->path != NULL; file++) {
		if (strcmp(file->path, path) == 0) {
			if (file->text == NULL) {
				return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "no right");
			}
			*text = g_strdup(file->text);
			*len = strlen(file->text);
			return true;
		}
	}
	return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "missing");
}

static const char *const allowed[] = {"/usr/bin/aws", "/opt/x/login", "/opt/y/login", NULL};

static struct kube_config *load(const struct file *files, const char *env, const char *context,
				char **diags, GError **error)
{
	struct kube_config_ask ask = {
		.env = env,
		.home = "/home/a",
		.context = context,
		.exec_allowed = allowed,
		.read = read_file,
		.data = (void *)files,
	};
	struct kube_config *config = NULL;
	struct diag_list list;

	diag_list_init(&list);
	g_assert_true(kube_config_load(&ask, &config, &list, error) == (config != NULL));
	*diags = diag_text(&list);
	diag_list_clear(&list);
	return config;
}

static struct kube_config *good(const struct file *files, const char *env, const char *context)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *diags = NULL;
	struct kube_config *config = load(files, env, context, &diags, &error);

	g_assert_cmpstr(diags, ==, "");
	g_assert_no_error(error);
	g_assert_nonnull(config);
	return config;
}

static const char *secret(const struct seal_bytes *bytes)
{
	size_t len;

	return bytes != NULL ? seal_bytes_get(bytes, &len) : NULL;
}

static const char first_file[] = "apiVersion: v1\nkind: Config\npreferences: {}\n"
				 "clusters:\n"
				 "- name: c\n"
				 "  cluster:\n"
				 "    server: https://one.example:6443/\n"
				 "    certificate-authority: pki/ca.pem\n"
				 "    tls-server-name: api.example\n"
				 "    proxy-url: socks5://proxy:1080\n"
				 "    disable-compression: true\n"
				 "    some-new-key: [1]\n"
				 "contexts:\n"
				 "- name: x\n"
				 "  context: {cluster: c, user: u, namespace: shop}\n"
				 "- name: y\n"
				 "  context: {cluster: d, user: v}\n";
static const char second_file[] =
	"current-context: x\n"
	"clusters:\n"
	"- name: c\n"
	"  cluster: {server: 'https://two.example', insecure-skip-tls-verify: true}\n"
	"- name: d\n"
	"  cluster: {server: 'https://three.example', certificate-authority-data: " PEM "}\n"
	"users:\n"
	"- name: u\n"
	"  user:\n"
	"    token: hidden\n"
	"    tokenFile: ../tok\n"
	"    client-certificate: /abs/cert.pem\n"
	"    client-key-data: " PEM "\n"
	"    as: deployer\n"
	"    as-uid: '7'\n"
	"    as-groups: [a, b]\n"
	"    as-user-extra: {team: [x, y]}\n"
	"- name: v\n"
	"  user: {username: me, password: hidden}\n";

static void test_merge(void)
{
	static const struct file files[] = {
		{"/etc/k/one", first_file}, {"/srv/k/two", second_file}, {NULL, NULL}};
	const char *env = ":/etc/k/one:/nowhere:/srv/k/two:/etc/k/one:";
	g_autoptr(kube_config_auto) x = good(files, env, NULL);
	g_autoptr(kube_config_auto) y = good(files, env, "y");

	g_assert_cmpstr(x->context, ==, "x");
	g_assert_cmpstr(x->namespace, ==, "shop");
	g_assert_cmpstr(x->server, ==, "https://one.example:6443");
	g_assert_cmpstr(x->ca_file, ==, "/etc/k/pki/ca.pem");
	g_assert_cmpstr(x->tls_server_name, ==, "api.example");
	g_assert_cmpstr(x->proxy, ==, "socks5://proxy:1080");
	g_assert_true(x->no_compression && !x->insecure);
	g_assert_cmpstr(secret(x->token), ==, "hidden");
	g_assert_cmpstr(x->token_file, ==, "/srv/tok");
	g_assert_cmpstr(x->cert_file, ==, "/abs/cert.pem");
	g_assert_cmpstr(secret(x->key_data), ==, "-----BEGIN X-----\n");
	g_assert_cmpstr(x->as, ==, "deployer");
	g_assert_cmpstr(x->as_uid, ==, "7");
	g_assert_cmpstr(x->as_groups[1], ==, "b");
	g_assert_cmpuint(x->as_extra->len, ==, 2);
	g_assert_cmpstr(x->as_extra->pdata[1], ==, "team=y");
	g_assert_cmpstr(y->context, ==, "y");
	g_assert_cmpstr(y->namespace, ==, "default");
	g_assert_cmpstr(y->server, ==, "https://three.example");
	g_assert_cmpstr(y->ca_data, ==, "-----BEGIN X-----\n");
	g_assert_cmpstr(y->username, ==, "me");
	g_assert_cmpstr(secret(y->password), ==, "hidden");
}

static void test_which_files(void)
{
	static const struct file files[] = {
		{"/home/a/.kube/config",
		 "current-context: x\nclusters: [{name: c, cluster: {server: "
		 "'http://127.0.0.1:1'}}]\n"
		 "contexts: [{name: x, context: {cluster: c}}]\nusers: null\n"},
		{"/empty", "# nothing\n\n"},
		{"/json",
		 "{\"current-context\": \"x\", \"contexts\": [{\"name\": \"x\", \"context\": "
		 "{\"cluster\": \"c\"}}], \"clusters\": [{\"name\": \"c\", \"cluster\": "
		 "{\"server\": \"https://json.example\"}}]}"},
		{"/bare", "kind: Config\n"},
		{"/many", "contexts: [{name: a, context: {}}, {name: b, context: {}}, {name: c, "
			  "context: {}}, "
			  "{name: d, context: {}}, {name: e, context: {}}, {name: f, context: {}}, "
			  "{name: g, context: {}}, {name: h, context: {}}]"},
		{"/unreadable", NULL},
		{NULL, NULL}};
	g_autoptr(kube_config_auto) own = good(files, NULL, NULL);
	g_autoptr(kube_config_auto) json = good(files, "/empty:/json", NULL);
	static const struct {
		const char *env, *context;
		int code;
		const char *says;
	} bad[] = {
		{"/nowhere", NULL, BASE_ERROR_NOT_FOUND, "there is no kubeconfig"},
		{"/empty", NULL, BASE_ERROR_NOT_FOUND, "there is no kubeconfig"},
		{"/bare", "z", BASE_ERROR_NOT_FOUND, "no context 'z' in '/bare', which has none"},
		{"/json", "z", BASE_ERROR_NOT_FOUND, "no context 'z' in '/json', which has 'x'"},
		{"/empty:/json:/many", "z", BASE_ERROR_NOT_FOUND,
		 "no context 'z' in '/json', '/many', which has "
		 "'x', 'a', 'b', 'c', 'd', 'e', 'f', 'g' and more"},
		{"/json:/unreadable", NULL, BASE_ERROR_FAILED, ""},
		{"json", NULL, BASE_ERROR_FAILED, ""},
	};

	g_assert_cmpstr(own->server, ==, "http://127.0.0.1:1");
	g_assert_cmpstr(json->server, ==, "https://json.example");
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *diags = NULL;

		g_test_message("case %zu", i);
		g_assert_null(load(files, bad[i].env, bad[i].context, &diags, &error));
		g_assert_error(error, BASE_ERROR, bad[i].code);
		g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, bad[i].says));
	}
}

/* A file that is named must be there, and is not merged with others. */
static void test_explicit_path(void)
{
	static const struct file files[] = {{"/srv/k/two", second_file}, {NULL, NULL}};
	struct kube_config_ask ask = {.path = "/srv/k/one",
				      .env = "/srv/k/two",
				      .read = read_file,
				      .data = (void *)files};
	g_autoptr(GError) error = NULL;
	struct kube_config *config = NULL;
	struct diag_list list;

	diag_list_init(&list);
	g_assert_false(kube_config_load(&ask, &config, &list, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "/srv/k/one"));
	diag_list_clear(&list);
}

/* A kubeconfig with these members of cluster and user. */
static char *with(const char *cluster, const char *user)
{
	return g_strdup_printf(
		"current-context: x\ncontexts:\n- name: x\n  context: {cluster: c, user: "
		"u}\nclusters:\n- name: c\n  cluster: {%s}\nusers:\n- name: u\n  user: "
		"{%s}\n",
		cluster, user);
}

static void test_refused(void)
{
#define TLS "server: 'https://a'"
#define EXEC "apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never"
	static const struct {
		const char *cluster, *user, *says;
	} cases[] = {
		{"", "", "'server' is missing"},
		{"server: a", "", "k:7:21: 'server' must be an address"},
		{"server: 'ftp://a'", "", "'server' must begin with https://"},
		{"server: 'https://u:p@a'", "", "must not have a user"},
		{"server: 'https://a?b'", "", "must not have a user"},
		{"server: 'http://a'", "token: t", "credentials and no TLS"},
		{"server: 'http://a'", "tokenFile: t", "credentials and no TLS"},
		{TLS ", certificate-authority: a, insecure-skip-tls-verify: true", "",
		 "a certificate authority and 'insecure-skip-tls-verify'"},
		{TLS ", certificate-authority: a, certificate-authority-data: " PEM, "",
		 "both 'certificate-authority'"},
		{TLS ", certificate-authority-data: '%%'", "", "is no base64"},
		{TLS ", certificate-authority-data: aGlkZGVu", "", "is no PEM"},
		{TLS ", insecure-skip-tls-verify: 'true'", "", "must be true or false"},
		{TLS ", proxy-url: 'ftp://p'", "", "'proxy-url' must begin"},
		{TLS, "client-certificate: a", "a client certificate without its key"},
		{TLS, "client-key-data: " PEM, "a client key without its certificate"},
		{TLS, "client-key: a, client-key-data: " PEM ", client-certificate: a",
		 "both 'client-key'"},
		{TLS, "token: t, username: a, password: b", "one method is enough"},
		{TLS, "username: a", "need each other"},
		{TLS, "auth-provider: {name: gcp}", "'auth-provider' is not supported"},
		{TLS, "as-uid: '1'", "need 'as'"},
		{TLS, "as-user-extra: {a: [b]}", "need 'as'"},
		{TLS, "as: a, as-groups: b", "'as-groups' must be a list"},
		{TLS, "exec: {" EXEC "}", "'command' is missing"},
		{TLS, "exec: {command: aws, interactiveMode: Never}", "'apiVersion' must be"},
		{TLS, "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1alpha1}",
		 "'apiVersion' must be"},
		{TLS, "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1}",
		 "'interactiveMode' is missing"},
		{TLS,
		 "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1, "
		 "interactiveMode: Always}",
		 "nobody is there to answer"},
		{TLS, "exec: {command: /bin/sh, " EXEC "}", "'/bin/sh' is not one of the programs"},
		{TLS, "exec: {command: ./aws, " EXEC "}", "'./aws' is not one of the programs"},
		{TLS, "exec: {command: ../usr/bin/../bin/sh, " EXEC "}",
		 "is not one of the programs"},
		{TLS, "exec: {command: usr, " EXEC "}", "is not one of the programs"},
		/* Two are called so: it is not for us to choose. */
		{TLS, "exec: {command: login, " EXEC "}", "is not one of the programs"},
		{TLS, "exec: {command: aws, " EXEC ", env: [{name: 'A=B', value: c}]}",
		 "'env' needs a name"},
		{TLS, "exec: [aws]", "'exec' must be a map"},
		{TLS, "token: [hidden]", "must be a text"},
		{TLS, "token: \"hid\\u0007den\"", "control characters"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = with(cases[i].cluster, cases[i].user);
		const struct file files[] = {{"/k", text}, {NULL, NULL}};
		g_autoptr(GError) error = NULL;
		g_autofree char *diags = NULL;

		g_assert_null(load(files, "/k", NULL, &diags, &error));
		g_test_message("case %zu: %s", i, diags);
		g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
		g_assert_nonnull(strstr(diags, cases[i].says));
		g_assert_true(g_str_has_prefix(diags, "/k:"));
		g_assert_null(strstr(diags, "hid"));
		g_assert_null(strstr(error->message, "hid"));
	}
}

static void test_refused_files(void)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"[]", "not a kubeconfig"},
		{"kind: Pod", "'kind' must be Config"},
		{"apiVersion: v2", "'apiVersion' must be v1"},
		{"current-context: x\ncontexts: {}", "'contexts' must be a list"},
		{"current-context: x\ncontexts: [x]", "must be a list of maps"},
		{"current-context: x\ncontexts: [{name: x}]", "'x' has no map 'context'"},
		{"current-context: x\ncontexts: [{name: x, context: {}}, {name: x, context: {}}]",
		 "'contexts' has 'x' twice"},
		{"current-context: x\ncontexts: [{name: x, context: {cluster: c}}]",
		 "no cluster 'c' in any kubeconfig"},
		{"current-context: x\ncontexts: [{name: x, context: {cluster: c, namespace: A/B}}]",
		 "'namespace' is no name"},
		{"current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
		 "clusters: [{name: c, cluster: {server: 'https://a'}}]",
		 "no user 'u' in any kubeconfig"},
		{"a: &x 1\nb: *x", "/k:1:"},
		{"a: [", "/k:"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct file files[] = {{"/k", cases[i].text}, {NULL, NULL}};
		g_autoptr(GError) error = NULL;
		g_autofree char *diags = NULL;

		g_assert_null(load(files, "/k", NULL, &diags, &error));
		g_test_message("case %zu: %s", i, diags);
		g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
		g_assert_nonnull(strstr(diags, cases[i].says));
	}
}

/* All that is wrong, at once. */
static void test_all_at_once(void)
{
	g_autofree char *text = with("server: a, proxy-url: b", "username: a, as-uid: '1'");
	const struct file files[] = {{"/k", text}, {NULL, NULL}};
	g_autoptr(GError) error = NULL;
	g_autofree char *diags = NULL;

	g_assert_null(load(files, "/k", NULL, &diags, &error));
	g_assert_nonnull(strstr(diags, "'server'"));
	g_assert_nonnull(strstr(diags, "'proxy-url'"));
	g_assert_nonnull(strstr(diags, "'password'"));
	g_assert_nonnull(strstr(diags, "need 'as'"));
}

static void test_exec(void)
{
	static const struct {
		const char *user, *command;
	} cases[] = {
		{"exec: {command: aws, args: [a, ''], env: [{name: A, value: b=c}], "
		 "provideClusterInfo: true, " EXEC "}",
		 "/usr/bin/aws"},
		{"exec: {command: /usr/bin/aws, apiVersion: client.authentication.k8s.io/v1beta1}",
		 "/usr/bin/aws"},
		{"exec: {command: ../opt/x/login, " EXEC "}", "/opt/x/login"},
		/* It has credentials of its own: nothing is run, and nothing need be allowed. */
		{"token: t, exec: {command: /bin/sh}", NULL},
		{"client-certificate: a, client-key: b, exec: {command: /bin/sh}", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = with(TLS, cases[i].user);
		const struct file files[] = {{"/etc/k", text}, {NULL, NULL}};
		g_autoptr(kube_config_auto) config = good(files, "/etc/k", NULL);

		g_assert_cmpstr(config->exec != NULL ? config->exec->command : NULL, ==,
				cases[i].command);
		if (i == 0) {
			g_assert_cmpstr(config->exec->args[1], ==, "");
			g_assert_cmpuint(g_strv_length(config->exec->args), ==, 2);
			g_assert_cmpstr(config->exec->env[0], ==, "A=b=c");
			g_assert_true(config->exec->wants_cluster);
			g_assert_cmpstr(config->exec->api_version, ==,
					"client.authentication.k8s.io/v1");
		}
	}
}

static void test_in_cluster(void)
{
	static const struct {
		const char *host, *port, *server;
	} cases[] = {
		{"10.96.0.1", "443", "https://10.96.0.1:443"},
		{"fd00::1", "6443", "https://[fd00::1]:6443"},
		{NULL, "443", NULL},
		{"10.96.0.1", "", NULL},
		{"10.96.0.1", "x", NULL},
		{"a@b", "1", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_config_auto) config = NULL;
		g_autoptr(GError) error = NULL;
		bool ok = kube_config_in_cluster(cases[i].host, cases[i].port, "/run/sa", "shop",
						 &config, &error);

		g_test_message("case %zu", i);
		g_assert_true(ok == (cases[i].server != NULL) && ok == (config != NULL));
		g_assert_true(ok == (error == NULL));
		if (ok) {
			g_assert_cmpstr(config->server, ==, cases[i].server);
			g_assert_cmpstr(config->token_file, ==, "/run/sa/token");
			g_assert_cmpstr(config->ca_file, ==, "/run/sa/ca.crt");
			g_assert_cmpstr(config->namespace, ==, "shop");
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(sodium_init(), >=, 0);
	g_test_add_func("/kube/config/merge", test_merge);
	g_test_add_func("/kube/config/which-files", test_which_files);
	g_test_add_func("/kube/config/explicit-path", test_explicit_path);
	g_test_add_func("/kube/config/refused", test_refused);
	g_test_add_func("/kube/config/refused-files", test_refused_files);
	g_test_add_func("/kube/config/all-at-once", test_all_at_once);
	g_test_add_func("/kube/config/exec", test_exec);
	g_test_add_func("/kube/config/in-cluster", test_in_cluster);
	return g_test_run();
}
