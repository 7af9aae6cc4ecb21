/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the proxies that the environment names, by the rules of Go's programs. */
#include "cluster/proxy.h"

#include <glib.h>
#include <string.h>

static void test_environment(void)
{
	static const struct {
		const char *env, *scheme, *host;
		int port;
		const char *proxy;
	} rows[] = {
		{"", "https", "a.example", -1, ""},
		{"HTTPS_PROXY=http://p:1", "https", "a.example", -1, "http://p:1"},
		{"https_proxy=http://p:1", "https", "a.example", -1, "http://p:1"},
		{"HTTPS_PROXY=http://p:1 https_proxy=http://q:1", "https", "a", -1, "http://p:1"},
		{"HTTPS_PROXY= https_proxy=http://q:1", "https", "a", -1, "http://q:1"},
		{"HTTP_PROXY=http://p:1 ALL_PROXY=http://p:1", "https", "a.example", -1, ""},
		{"HTTP_PROXY=http://p:1", "http", "a.example", -1, "http://p:1"},
		{"HTTPS_PROXY=p:1", "https", "a.example", -1, "http://p:1"},
		{"HTTPS_PROXY=socks5://p:1", "https", "a.example", -1, "socks5h://p:1"},
		/* As an agent hands them to its worker. */
		{"ASSENT_CLUSTER_HTTPS_PROXY=http://p:1", "https", "a", -1, "http://p:1"},
		{"ASSENT_CLUSTER_https_proxy=p:1 HTTPS_PROXY=q:1", "https", "a", -1, "http://p:1"},
		{"ASSENT_CLUSTER_HTTPS_PROXY=p:1 ASSENT_CLUSTER_NO_PROXY=a", "https", "a", -1, ""},
		/* Never for this host. */
		{"HTTPS_PROXY=http://p:1", "https", "localhost", 6443, ""},
		{"HTTPS_PROXY=http://p:1", "https", "127.0.0.5", 6443, ""},
		{"HTTPS_PROXY=http://p:1", "https", "::1", 6443, ""},
		/* A domain is it and what is below it. */
		{"HTTPS_PROXY=p:1 NO_PROXY=example", "https", "example", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=example", "https", "a.EXAMPLE", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=example", "https", "an-example", -1, "http://p:1"},
		{"HTTPS_PROXY=p:1 no_proxy=x,example,y", "https", "a.b.example", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=.example", "https", "a.example", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=.example", "https", "example", -1, "http://p:1"},
		{"HTTPS_PROXY=p:1 NO_PROXY=*.example", "https", "a.example", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=*.example", "https", "example", -1, "http://p:1"},
		{"HTTPS_PROXY=p:1 NO_PROXY=*", "https", "a.example", -1, ""},
		/* With a port, only that one. */
		{"HTTPS_PROXY=p:1 NO_PROXY=example:443", "https", "example", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=example:443", "https", "example", 6443, "http://p:1"},
		{"HTTPS_PROXY=p:1 NO_PROXY=10.0.0.1:6443", "https", "10.0.0.1", 6443, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=[fd00::1]:6443", "https", "fd00::1", 6443, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=[fd00::1]:6443", "https", "fd00::1", 443, "http://p:1"},
		/* Addresses and networks. */
		{"HTTPS_PROXY=p:1 NO_PROXY=10.0.0.1", "https", "10.0.0.1", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=10.0.0.1", "https", "10.0.0.10", -1, "http://p:1"},
		{"HTTPS_PROXY=p:1 NO_PROXY=10.0.0.0/8", "https", "10.9.9.9", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=10.0.0.0/8", "https", "11.9.9.9", -1, "http://p:1"},
		{"HTTPS_PROXY=p:1 NO_PROXY=10.0.0.0/8", "https", "ten.example", -1, "http://p:1"},
		{"HTTPS_PROXY=p:1 NO_PROXY=10.1.2.3/8", "https", "10.9.9.9", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=10.16.0.0/12", "https", "10.31.0.1", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=10.16.0.0/12", "https", "10.32.0.1", -1, "http://p:1"},
		{"HTTPS_PROXY=p:1 NO_PROXY=10.0.0.0/33", "https", "10.0.0.0", -1, "http://p:1"},
		{"HTTPS_PROXY=p:1 NO_PROXY=fd00::/8", "https", "fd12::1", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=fd00::1", "https", "fd00:0::1", -1, ""},
		{"HTTPS_PROXY=p:1 NO_PROXY=,,x/y,", "https", "a.example", -1, "http://p:1"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(GStrv) env = g_strsplit(rows[i].env, " ", -1);
		g_autofree char *proxy = proxy_from_env((const char *const *)env, rows[i].scheme,
							rows[i].host, rows[i].port);

		g_test_message("%s for %s:%d", rows[i].env, rows[i].host, rows[i].port);
		g_assert_cmpstr(proxy, ==, rows[i].proxy);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cluster/proxy/environment", test_environment);
	return g_test_run();
}
