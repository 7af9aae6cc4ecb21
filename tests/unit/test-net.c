/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/net.c. */
#include "base/net.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

static void test_addresses(void)
{
	static const struct {
		const char *text, *shown;
		bool loopback;
	} cases[] = {
		{"127.0.0.1", "127.0.0.1", true},
		{"127.9.9.9", "127.9.9.9", true},
		{"::ffff:127.0.0.1", "127.0.0.1", true},
		{"::1", "::1", true},
		{"192.0.2.7", "192.0.2.7", false},
		{"2001:DB8:0::7", "2001:db8::7", false},
		{"::2", "::2", false},
	};
	static const char *const bad[] = {"",	      "1.2.3",	  "1.2.3.4.5", "1.2.3.256",
					  "01.2.3.4", "a.b.c",	  "[::1]",     "fe80::1%lo",
					  ":::",      " 1.2.3.4", "1.2.3.4 ",  "1.2.3.4:80"};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct net_address a;
		char text[NET_TEXT_SIZE];

		g_assert_true(net_address_parse(&a, cases[i].text));
		net_address_text(text, &a);
		g_assert_cmpstr(text, ==, cases[i].shown);
		g_assert_cmpint(net_address_is_loopback(&a), ==, cases[i].loopback);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct net_address a;

		g_test_message("%s", bad[i]);
		g_assert_false(net_address_parse(&a, bad[i]));
	}
}

static void test_networks(void)
{
	static const struct {
		const char *net, *address;
		bool inside;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.128/25", "192.0.2.128", true},
		{"10.0.0.1", "10.0.0.1", true},
		{"10.0.0.1", "10.0.0.2", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "203.0.113.9", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"2001:db8::/33", "2001:db8:7fff::", true},
		{"::1", "::1", true},
	};
	static const char *const bad[] = {
		"1.2.3.4/33", "1.2.3.4/",    "1.2.3.4/-1", "1.2.3.4/08", "::/129", "/8",
		"1.2.3/8",    "1.2.3.4/8/8", "::1/+1",	   "localhost",	 ""};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct net net;
		struct net_address a;

		g_assert_true(net_parse(&net, cases[i].net));
		g_assert_true(net_address_parse(&a, cases[i].address));
		g_test_message("%s %s", cases[i].net, cases[i].address);
		g_assert_cmpint(net_contains(&net, &a), ==, cases[i].inside);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct net net;

		g_test_message("%s", bad[i]);
		g_assert_false(net_parse(&net, bad[i]));
	}
}

static void test_endpoints(void)
{
	static const char *const bad[] = {"127.0.0.1",	   "::1",      "::1:80",
					  "[::1]",	   "[::1:80",  "[1.2.3.4]:80",
					  "1.2.3.4:65536", "1.2.3.4:", "1.2.3.4:080",
					  "localhost:80",  ":80",      "1.2.3.4:+8"};
	struct net_endpoint e;
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
	struct net_address a;

	g_assert_true(net_endpoint_parse(&e, "127.0.0.1:7420"));
	memcpy(&sin, &e.address, sizeof(sin));
	g_assert_cmpint(sin.sin_family, ==, AF_INET);
	g_assert_cmpint(ntohs(sin.sin_port), ==, 7420);
	g_assert_true(net_address_take(&a, (struct sockaddr *)&e.address));
	g_assert_true(net_address_is_loopback(&a));
	g_assert_true(net_endpoint_parse(&e, "[::1]:0"));
	memcpy(&sin6, &e.address, sizeof(sin6));
	g_assert_cmpint(sin6.sin6_family, ==, AF_INET6);
	g_assert_true(net_address_take(&a, (struct sockaddr *)&e.address));
	g_assert_true(net_address_is_loopback(&a));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("%s", bad[i]);
		g_assert_false(net_endpoint_parse(&e, bad[i]));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/net/addresses", test_addresses);
	g_test_add_func("/net/networks", test_networks);
	g_test_add_func("/net/endpoints", test_endpoints);
	return g_test_run();
}
