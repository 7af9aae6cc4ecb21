/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of whom we believe and who we say that we are: TLS, tokens, programs, proxies. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "cluster/cluster.h"
#include "unit/fake-api.h"

static struct cluster *open_with(const char *cluster, const char *user)
{
	g_autoptr(cluster_settings_auto) settings = fake_api_settings("server", cluster, user);

	return fake_api_open(settings);
}

static struct cluster *open_at(const char *which, const char *rest)
{
	g_autofree char *text =
		g_strdup_printf("server: 'https://127.0.0.1:%d'%s", fake_api_port(which), rest);

	return open_with(text, "token: hidden");
}

static bool has_header(const struct cluster_call *call, const char *name, const char *value)
{
	const struct kube_value *headers = kube_value_get(call->value, "headers");

	for (size_t i = 0; i < kube_value_count(headers); i++) {
		const struct kube_value *pair = kube_value_item(headers, i);

		if (strcmp(kube_value_str(kube_value_item(pair, 0)), name) == 0 &&
		    (value == NULL ||
		     strcmp(kube_value_str(kube_value_item(pair, 1)), value) == 0)) {
			return true;
		}
	}
	return false;
}

/* A request fails, says why and what to do, and nothing that nobody may read. */
static void refused(struct cluster *c, const char *path, const char *says)
{
	g_autoptr(cluster_call_auto) call = cluster_call_new("GET", g_strdup(path));
	g_autoptr(GError) error = NULL;

	g_assert_false(cluster_run_one(c, call, NULL, &error));
	g_assert_nonnull(error);
	g_test_message("%s", error->message);
	g_assert_nonnull(strstr(error->message, says));
	g_assert_nonnull(strstr(error->message, "cluster 'fake'"));
	g_assert_null(strstr(error->message, "hidden"));
	g_assert_null(strstr(error->message, "secret"));
}

static void test_authority(void)
{
	static const struct {
		const char *rest, *says; /* NULL: it is good */
	} rows[] = {
		{", certificate-authority: ca.pem", NULL},
		{", insecure-skip-tls-verify: true", NULL},
		{", certificate-authority: other-ca.pem", "look at certificate-authority"},
		{"", "look at certificate-authority"},
		{", certificate-authority: not-there.pem", "certificate-authority: cannot open"},
		{", certificate-authority: alice.key", "certificate-authority"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(cluster_auto) c = open_at("server", rows[i].rest);

		if (rows[i].says == NULL) {
			cluster_call_free(fake_api_get(c, "/ok/authority"));
		} else {
			refused(c, "/ok/refused", rows[i].says);
		}
	}
	g_assert_cmpint(fake_api_count("/ok/refused"), ==, 0);
}

static char *base64_of(const char *name)
{
	g_autofree char *path = fake_api_path(name);
	g_autofree char *text = NULL;
	gsize len;

	g_assert_true(g_file_get_contents(path, &text, &len, NULL));
	return g_base64_encode((const guchar *)text, len);
}

/* Authority, certificate and key in the kubeconfig itself. */
static void test_data(void)
{
	g_autofree char *ca = base64_of("ca.pem"), *cert = base64_of("alice.pem"),
			*key = base64_of("alice.key"), *cluster = NULL, *user = NULL;
	g_autoptr(cluster_call_auto) call = NULL;
	g_autoptr(cluster_auto) c = NULL;

	cluster = g_strdup_printf("server: 'https://localhost:%d', "
				  "certificate-authority-data: %s",
				  fake_api_port("server"), ca);
	user = g_strdup_printf("client-certificate-data: %s, client-key-data: %s", cert, key);
	c = open_with(cluster, user);
	call = fake_api_get(c, "/echo/data");
	g_assert_cmpstr(kube_value_str_at(call->value, "subject", "commonName", NULL), ==, "alice");
	g_assert_cmpstr(kube_value_str_at(call->value, "sni", NULL), ==, "localhost");
	g_assert_false(has_header(call, "authorization", NULL));
}

static void copy_file(const char *from, const char *to)
{
	g_autofree char *path = fake_api_path(from);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	fake_api_write(to, text);
}

/* A certificate in files is another one as soon as they are. */
static void test_files(void)
{
	static const char *const names[] = {"alice", "bob"};
	g_autoptr(cluster_auto) c = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *cert = g_strconcat(names[i], ".pem", NULL);
		g_autofree char *key = g_strconcat(names[i], ".key", NULL);
		g_autoptr(cluster_call_auto) call = NULL;

		copy_file(cert, "own.pem");
		copy_file(key, "own.key");
		if (c == NULL) {
			c = fake_api_cluster("server",
					     "client-certificate: own.pem, client-key: own.key");
		}
		call = fake_api_get(c, "/echo/files");
		g_assert_cmpstr(kube_value_str_at(call->value, "subject", "commonName", NULL), ==,
				names[i]);
	}
}

static void test_wrong_key(void)
{
	static const char *const keys[] = {"alice.key", "bob.pem", "ca.key"};

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *user =
			g_strdup_printf("client-certificate: bob.pem, client-key: %s", keys[i]);
		g_autoptr(cluster_auto) c = fake_api_cluster("server", user);

		refused(c, "/ok/key", "the client certificate and its key cannot be used");
	}
	g_assert_cmpint(fake_api_count("/ok/key"), ==, 0);
}

/* The name in TLS is another than that of the address. */
static void test_server_name(void)
{
	g_autofree char *host = g_strdup_printf("127.0.0.1:%d", fake_api_port("named"));
	g_autoptr(cluster_auto) c = open_at("named", ", certificate-authority: ca.pem, "
						     "tls-server-name: kubernetes.default");
	g_autoptr(cluster_auto) wrong = open_at("named", ", certificate-authority: ca.pem, "
							 "tls-server-name: other.default");
	g_autoptr(cluster_auto) none = open_at("named", ", certificate-authority: ca.pem");
	g_autoptr(cluster_call_auto) call = fake_api_get(c, "/echo/name");

	g_assert_cmpstr(kube_value_str_at(call->value, "sni", NULL), ==, "kubernetes.default");
	g_assert_true(has_header(call, "host", host));
	g_assert_true(has_header(call, "authorization", "Bearer hidden"));
	refused(wrong, "/ok/wrong-name", "tls-server-name");
	refused(none, "/ok/wrong-name", "tls-server-name");
	g_assert_cmpint(fake_api_count("/ok/wrong-name"), ==, 0);
}

static void test_basic(void)
{
	g_autoptr(cluster_auto) c = fake_api_cluster("server", "username: me, password: 'hid:den'");
	g_autoptr(cluster_call_auto) call = fake_api_get(c, "/echo/basic");

	g_assert_true(has_header(call, "authorization", "Basic bWU6aGlkOmRlbg=="));
}

static void test_impersonation(void)
{
	static const char *const groups[] = {"a", "b c", NULL};
	g_autoptr(cluster_settings_auto) settings =
		fake_api_settings("server", NULL,
				  "token: hidden, as: alice, as-uid: '7', as-groups: [x, y], "
				  "as-user-extra: {'example.org/team': [red, blue]}");
	g_autoptr(cluster_auto) stated = fake_api_open(settings);
	g_autoptr(cluster_call_auto) one = fake_api_get(stated, "/echo/as");
	g_autoptr(cluster_call_auto) two = NULL;
	g_autoptr(cluster_auto) own = NULL;

	g_assert_true(has_header(one, "impersonate-user", "alice"));
	g_assert_true(has_header(one, "impersonate-uid", "7"));
	g_assert_true(has_header(one, "impersonate-group", "x"));
	g_assert_true(has_header(one, "impersonate-group", "y"));
	g_assert_true(has_header(one, "impersonate-extra-example.org%2fteam", "red"));
	g_assert_true(has_header(one, "impersonate-extra-example.org%2fteam", "blue"));
	/* What the agent's configuration says leaves nothing of it. */
	settings->as = g_strdup("system:serviceaccount:shop:deployer");
	settings->as_groups = g_strdupv((char **)groups);
	own = fake_api_open(settings);
	two = fake_api_get(own, "/echo/as");
	g_assert_true(has_header(two, "impersonate-user", "system:serviceaccount:shop:deployer"));
	g_assert_true(has_header(two, "impersonate-group", "a"));
	g_assert_true(has_header(two, "impersonate-group", "b c"));
	g_assert_false(has_header(two, "impersonate-group", "x"));
	g_assert_false(has_header(two, "impersonate-uid", NULL));
	g_assert_false(has_header(two, "impersonate-extra-example.org%2fteam", NULL));
}

static void test_token(void)
{
	g_autoptr(cluster_auto) c = fake_api_cluster("server", "token: hidden");

	fake_api_write("accept", "other");
	refused(c, "/private/token", "does not accept the token of its kubeconfig (HTTP 401)");
	g_assert_cmpint(fake_api_count("/private/token"), ==, 1);
	fake_api_write("accept", "hidden other");
	cluster_call_free(fake_api_get(c, "/private/token"));
}

/* Again when it has changed, also after it was refused; kept while it is half written. */
static void test_token_file(void)
{
	g_autoptr(cluster_auto) c = NULL, both = NULL, empty = NULL;

	fake_api_write("token", "first\n");
	fake_api_write("accept", "first second");
	c = fake_api_cluster("server", "tokenFile: token");
	both = fake_api_cluster("server", "tokenFile: not-there, token: second");
	cluster_call_free(fake_api_get(c, "/private/a"));
	cluster_call_free(fake_api_get(both, "/private/both"));
	fake_api_write("token", " second\r\n");
	fake_api_write("accept", "second");
	cluster_call_free(fake_api_get(c, "/private/b"));
	g_assert_cmpint(fake_api_count("/private/b"), ==, 1);
	fake_api_write("token", "");
	cluster_call_free(fake_api_get(c, "/private/c"));
	fake_api_write("token", "third is no token");
	cluster_call_free(fake_api_get(c, "/private/d"));
	fake_api_write("accept", "none");
	refused(c, "/private/e", "has characters that no token has");
	empty = fake_api_cluster("server", "tokenFile: nowhere");
	refused(empty, "/private/f", "tokenFile");
	g_assert_cmpint(fake_api_count("/private/f"), ==, 0);
}

struct change {
	const char *name, *text;
};

static bool change_once(void *user)
{
	struct change *change = user;

	if (change->text != NULL) {
		fake_api_write("token", change->text);
		change->text = NULL;
	}
	return false;
}

/* The file changes between its reading and the answer: a 401 is not the last word. */
static void test_refreshed(void)
{
	struct change change = {"token", "new"};
	const struct cluster_limits limits = {.stopped = change_once, .user = &change};
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	g_autoptr(cluster_auto) c = NULL;
	g_autoptr(GError) error = NULL;

	fake_api_write("token", "old");
	fake_api_write("accept", "new");
	c = fake_api_cluster("server", "tokenFile: token");
	for (unsigned i = 0; i < 3; i++) {
		g_ptr_array_add(calls, cluster_call_new("GET", g_strdup("/private/refreshed")));
	}
	g_assert_true(cluster_run(c, calls, &limits, &error) == (error == NULL));
	g_assert_no_error(error);
	for (guint i = 0; i < calls->len; i++) {
		const struct cluster_call *call = calls->pdata[i];

		g_assert_true(has_header(call, "authorization", "Bearer new"));
	}
}

static struct cluster *with_plugin(const char *script, const char *more)
{
	g_autofree char *path = fake_api_path("plugin");
	g_autofree char *text = g_strdup_printf("#!/bin/sh\ncd '%s'\n%s", g_getenv("FAKE"), script);
	g_autofree char *user = g_strdup_printf(
		"exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, "
		"args: ['a b', ''], env: [{name: X, value: 'y z'}], interactiveMode: Never%s}",
		more);
	g_autoptr(cluster_settings_auto) settings = fake_api_settings("server", NULL, user);
	char *allowed[] = {path, NULL};

	fake_api_write("plugin", text);
	g_assert_cmpint(g_chmod(path, 0700), ==, 0);
	settings->exec_plugins = g_strdupv(allowed);
	return fake_api_open(settings);
}

#define SAYS                                                                                       \
	"echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","   \
	"\"status\":{"
#define RUN "echo run >>runs\n"

static unsigned runs(void)
{
	g_autofree char *path = fake_api_path("runs");
	g_autofree char *text = NULL;
	gsize len = 0;

	g_file_get_contents(path, &text, &len, NULL);
	g_unlink(path);
	return (unsigned)(len / strlen("run\n"));
}

static char *content(const char *name)
{
	g_autofree char *path = fake_api_path(name);
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void test_plugin(void)
{
	g_autofree char *info = NULL, *args = NULL;
	g_autoptr(kube_value_auto) value = NULL;
	g_autoptr(cluster_auto) c = with_plugin(
		RUN "printf %s \"$KUBERNETES_EXEC_INFO\" >info\nprintf '<%s>' \"$@\" \"$X\" >args\n"
		    "test -t 0 && exit 9\n" SAYS "\"token\":\"first\"}}'\n",
		", provideClusterInfo: true");
	g_autofree char *ca = base64_of("ca.pem");

	fake_api_write("accept", "first");
	cluster_call_free(fake_api_get(c, "/private/plugin"));
	cluster_call_free(fake_api_get(c, "/private/plugin"));
	g_assert_cmpuint(runs(), ==, 1);
	args = content("args");
	g_assert_cmpstr(args, ==, "<a b><><y z>");
	info = content("info");
	g_assert_true(kube_value_parse(info, strlen(info), 65536, &value, NULL));
	g_assert_cmpstr(kube_value_str_at(value, "kind", NULL), ==, "ExecCredential");
	g_assert_cmpstr(kube_value_str_at(value, "apiVersion", NULL), ==,
			"client.authentication.k8s.io/v1");
	g_assert_false(kube_value_is_true(kube_value_at(value, "spec", "interactive", NULL)));
	g_assert_true(g_str_has_prefix(kube_value_str_at(value, "spec", "cluster", "server", NULL),
				       "https://127.0.0.1:"));
	g_assert_cmpstr(
		kube_value_str_at(value, "spec", "cluster", "certificate-authority-data", NULL), ==,
		ca);
	/* Refused: it is run once more, and no more than once. */
	fake_api_write("accept", "none");
	refused(c, "/private/over", "does not accept what '");
	g_assert_cmpuint(runs(), ==, 1);
	g_assert_cmpint(fake_api_count("/private/over"), ==, 2);
}

/* What it says is over is asked for again. */
static void test_plugin_ends(void)
{
	static const struct {
		const char *ends;
		unsigned runs;
	} rows[] = {{"2020-01-01T00:00:00Z", 3}, {"2999-12-31T23:59:59Z", 1}};

	fake_api_write("accept", "first");
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *script = g_strdup_printf(
			RUN SAYS "\"token\":\"first\",\"expirationTimestamp\":\"%s\"}}'\n",
			rows[i].ends);
		g_autoptr(cluster_auto) c = with_plugin(script, "");

		for (unsigned n = 0; n < 3; n++) {
			cluster_call_free(fake_api_get(c, "/private/ends"));
		}
		g_assert_cmpuint(runs(), ==, rows[i].runs);
	}
}

static void test_plugin_certificate(void)
{
	g_autoptr(cluster_auto) c = with_plugin(
		"pem() { awk '{printf \"%s\\\\n\", $0}' \"$1\"; }\n"
		"printf '{\"kind\":\"ExecCredential\",'\n"
		"printf '\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{'\n"
		"printf '\"clientCertificateData\":\"%s\",' \"$(pem alice.pem)\"\n"
		"printf '\"clientKeyData\":\"%s\"}}' \"$(pem alice.key)\"\n",
		"");
	g_autoptr(cluster_call_auto) call = fake_api_get(c, "/echo/plugin");

	g_assert_cmpstr(kube_value_str_at(call->value, "subject", "commonName", NULL), ==, "alice");
}

static void test_plugin_fails(void)
{
	static const struct {
		const char *script, *says;
	} rows[] = {
		{"echo hidden; echo one >&2; echo 'log in first' >&2; exit 3",
		 "it ended with 3: log in first"},
		{"echo hidden", "what it printed"},
		{"echo '{\"token\":\"hidden\"}'", "did not print an ExecCredential"},
		{"echo '{\"kind\":\"ExecCredential\","
		 "\"apiVersion\":\"client.authentication.k8s.io/v1beta1\"}'",
		 "did not print an ExecCredential of client.authentication.k8s.io/v1"},
		{SAYS "}}'", "no token and no certificate"},
		{SAYS "\"clientKeyData\":\"hidden\"}}'", "without the other"},
		{SAYS "\"token\":\"hidden\",\"expirationTimestamp\":\"soon\"}}'", "is no time"},
		{SAYS "\"token\":\"hidden more\"}}'", "characters that no token has"},
		{"head -c 3000000 /dev/zero", "plugin"},
		{"kill -9 $$", "it ended with 137"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(cluster_auto) c = with_plugin(rows[i].script, "");

		refused(c, "/ok/plugin-fails", rows[i].says);
	}
	g_assert_cmpint(fake_api_count("/ok/plugin-fails"), ==, 0);
}

static void test_not_allowed(void)
{
	g_autoptr(cluster_settings_auto) settings = fake_api_settings(
		"server", NULL,
		"exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, "
		"interactiveMode: Never}");
	g_autoptr(GError) error = NULL;

	g_assert_null(cluster_new(settings, &error));
	g_assert_nonnull(strstr(error->message, "'/bin/sh' is not one of the programs"));
	g_assert_nonnull(strstr(error->message, "cluster 'fake'"));
}

static size_t seen_count(const char *what)
{
	g_autoptr(kube_value_auto) seen = fake_api_seen();

	return kube_value_count(kube_value_get(seen, what));
}

static struct cluster *behind(const char *scheme, const char *user, const char *proxy)
{
	g_autofree char *rest =
		g_strdup_printf(", certificate-authority: ca.pem, proxy-url: '%s://%s127.0.0.1:%d'",
				scheme, user, fake_api_port(proxy));

	return open_at("server", rest);
}

static void test_proxies(void)
{
	static const struct {
		const char *scheme, *user, *which, *seen, *says;
	} rows[] = {
		{"http", "", "proxy", "proxied", NULL},
		{"https", "", "tls_proxy", "proxied", NULL},
		{"socks5", "", "socks", "socks", NULL},
		{"http", "me:secret@", "locked", "proxied", NULL},
		{"http", "me:secret2@", "locked", "proxied", "its proxy refuses (HTTP 407)"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(cluster_auto) c = behind(rows[i].scheme, rows[i].user, rows[i].which);
		size_t before = seen_count(rows[i].seen);

		if (rows[i].says != NULL) {
			refused(c, "/ok/proxy", rows[i].says);
			g_assert_cmpuint(seen_count(rows[i].seen), ==, before);
			continue;
		}
		cluster_call_free(fake_api_get(c, "/ok/proxy"));
		g_assert_cmpuint(seen_count(rows[i].seen), ==, before + 1);
	}
}

/* The proxy learns where to, and nothing that is the server's. */
static void test_proxy_learns(void)
{
	g_autofree char *text =
		g_strdup_printf("server: 'https://localhost:%d', certificate-authority: ca.pem, "
				"proxy-url: 'socks5://127.0.0.1:%d'",
				fake_api_port("server"), fake_api_port("socks"));
	g_autofree char *other = g_strdup_printf(
		"server: 'https://127.0.0.1:%d', certificate-authority: ca.pem, "
		"tls-server-name: kubernetes.default, proxy-url: 'http://127.0.0.1:%d'",
		fake_api_port("named"), fake_api_port("proxy"));
	g_autofree char *address = g_strdup_printf("127.0.0.1:%d", fake_api_port("named"));
	g_autoptr(cluster_auto) socks = open_with(text, "token: hidden");
	g_autoptr(cluster_auto) named = open_with(other, "token: hidden, as: somebody");
	g_autoptr(kube_value_auto) seen = NULL;
	const struct kube_value *last, *headers;

	cluster_call_free(fake_api_get(socks, "/ok/x"));
	cluster_call_free(fake_api_get(named, "/ok/x"));
	seen = fake_api_seen();
	last = kube_value_get(seen, "socks");
	last = kube_value_item(last, kube_value_count(last) - 1);
	g_assert_cmpstr(kube_value_str(kube_value_item(last, 1)), ==, "localhost");
	last = kube_value_get(seen, "proxied");
	last = kube_value_item(last, kube_value_count(last) - 1);
	g_assert_cmpstr(kube_value_str(kube_value_item(last, 0)), ==, address);
	headers = kube_value_item(last, 1);
	for (size_t i = 0; i < kube_value_count(headers); i++) {
		const char *name = kube_value_str(kube_value_item(headers, i));

		g_assert_cmpstr(name, !=, "authorization");
		g_assert_cmpstr(name, !=, "impersonate-user");
	}
}

/* A server without TLS has no credentials to lose. */
static void test_plain(void)
{
	g_autofree char *text =
		g_strdup_printf("server: 'http://127.0.0.1:%d'", fake_api_port("plain"));
	g_autoptr(cluster_auto) c = open_with(text, "");
	g_autoptr(cluster_call_auto) call = fake_api_get(c, "/echo/plain");

	g_assert_false(has_header(call, "authorization", NULL));
}

int main(int argc, char **argv)
{
	g_autofree char *folder = NULL;
	int result;

	g_test_init(&argc, &argv, NULL);
	fake_api_start();
	folder = fake_api_path("");
	g_setenv("FAKE", folder, TRUE);
	g_test_add_func("/cluster/login/authority", test_authority);
	g_test_add_func("/cluster/login/data", test_data);
	g_test_add_func("/cluster/login/files", test_files);
	g_test_add_func("/cluster/login/wrong-key", test_wrong_key);
	g_test_add_func("/cluster/login/server-name", test_server_name);
	g_test_add_func("/cluster/login/basic", test_basic);
	g_test_add_func("/cluster/login/impersonation", test_impersonation);
	g_test_add_func("/cluster/login/token", test_token);
	g_test_add_func("/cluster/login/token-file", test_token_file);
	g_test_add_func("/cluster/login/refreshed", test_refreshed);
	g_test_add_func("/cluster/login/plugin", test_plugin);
	g_test_add_func("/cluster/login/plugin-ends", test_plugin_ends);
	g_test_add_func("/cluster/login/plugin-certificate", test_plugin_certificate);
	g_test_add_func("/cluster/login/plugin-fails", test_plugin_fails);
	g_test_add_func("/cluster/login/not-allowed", test_not_allowed);
	g_test_add_func("/cluster/login/proxies", test_proxies);
	g_test_add_func("/cluster/login/proxy-learns", test_proxy_learns);
	g_test_add_func("/cluster/login/plain", test_plain);
	result = g_test_run();
	fake_api_stop();
	return result;
}
