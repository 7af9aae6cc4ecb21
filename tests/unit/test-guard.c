/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of agent/http/guard.c and of the fields of a form. */
#include "agent/http/guard.h"

#include <glib.h>

#include "agent/http/web.h"

static void test_hosts(void)
{
	static const char *const names[] = {"127.0.0.1", "[::1]", "ops.example.org", "other:8443",
					    NULL};
	static const struct {
		const char *host;
		bool fits;
	} cases[] = {
		{"127.0.0.1", true},
		{"127.0.0.1:7420", true},
		{"OPS.example.ORG:443", true},
		{"[::1]:7420", true},
		{"[::1]", true},
		{"other:8443", true},
		{"other:8444", false},
		{"other", false},
		{"evil.org", false},
		{"ops.example.org.evil.org", false},
		{"evil.org/ops.example.org", false},
		{"ops.example.org@evil.org", false},
		{"evil.org@ops.example.org", false},
		{"ops.example.org:", false},
		{"ops.example.org:0", false},
		{"ops.example.org:65536", false},
		{"ops.example.org:443:1", false},
		{"ops.example.org, evil.org", false},
		{"[::1", false},
		{"[]", false},
		{"::1", false},
		{"", false},
		{":80", false},
		{" 127.0.0.1", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].host);
		g_assert_cmpint(guard_host_fits(cases[i].host, names), ==, cases[i].fits);
	}
}

static void test_forms(void)
{
	static const char *const ours[] = {"https://ops.example.org", "http://127.0.0.1:7420",
					   NULL};
	static const struct {
		const char *site, *origin;
		bool good;
	} cases[] = {
		{"same-origin", "https://ops.example.org", true},
		{"same-origin", NULL, true},
		{"same-origin", "null", true},
		{NULL, "https://ops.example.org", true},
		{NULL, "http://127.0.0.1:7420", true},
		{NULL, NULL, false},
		{NULL, "null", false},
		{NULL, "http://ops.example.org", false},
		{NULL, "https://ops.example.org:8443", false},
		{NULL, "https://evil.org", false},
		{NULL, "", false},
		{"same-origin", "https://evil.org", false},
		{"same-site", "https://ops.example.org", false},
		{"cross-site", "https://ops.example.org", false},
		{"none", NULL, false},
		{"", "https://ops.example.org", false},
		{"same-origin, cross-site", NULL, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *problem = guard_form_problem(cases[i].site, cases[i].origin, ours);

		g_test_message("%s, %s: %s", cases[i].site, cases[i].origin, problem);
		g_assert_cmpint(problem == NULL, ==, cases[i].good);
	}
}

static void test_last_hop(void)
{
	static const struct {
		const char *header, *hop; /* NULL: none */
	} cases[] = {
		{"203.0.113.9", "203.0.113.9"},
		{"10.0.0.1, 203.0.113.9", "203.0.113.9"},
		{"10.0.0.1,2001:db8::1", "2001:db8::1"},
		{"203.0.113.9,", NULL},
		{"203.0.113.9, unknown", NULL},
		{"203.0.113.9:80", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct net_address hop;
		char text[NET_TEXT_SIZE];

		g_test_message("%s", cases[i].header);
		g_assert_cmpint(guard_last_hop(cases[i].header, &hop), ==, cases[i].hop != NULL);
		if (cases[i].hop != NULL) {
			net_address_text(text, &hop);
			g_assert_cmpstr(text, ==, cases[i].hop);
		}
	}
}

static void test_links(void)
{
	static const struct {
		const char *public_url, *tls_cert, *link;
	} cases[] = {
		{NULL, NULL, "http://127.0.0.1:7420/plans/x"},
		{NULL, "c", "https://127.0.0.1:7420/plans/x"},
		{"https://h", NULL, "https://h/plans/x"},
		{"https://h/", NULL, "https://h/plans/x"},
		{"https://h/a", NULL, "https://h/a/plans/x"},
		{"https://h/a/", "c", "https://h/a/plans/x"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct conf_http http = {.listen = (char *)"127.0.0.1:7420",
					 .public_url = (char *)cases[i].public_url,
					 .tls_cert = (char *)cases[i].tls_cert};
		g_autofree char *link = web_link(&http, "/plans/x");

		g_assert_cmpstr(link, ==, cases[i].link);
	}
}

static void test_origins(void)
{
	static const char *const cases[][2] = {
		{"https://H.org", "https://h.org"},
		{"https://h.org/assent/", "https://h.org"},
		{"http://h:80/a?b", "http://h:80"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *origin = guard_origin(cases[i][0]);

		g_assert_cmpstr(origin, ==, cases[i][1]);
	}
}

static void test_form_fields(void)
{
	static const struct {
		const char *body, *value; /* of "reason" */
	} cases[] = {
		{"reason=too+late", "too late"},
		{"a=1&reason=%C3%A9t%C3%A9%26&b=2", "\303\251t\303\251&"},
		{"re%61son=x", "x"},
		{"reason=", ""},
		{"reason", ""},
		{"reason=a=b", "a=b"},
		{"", NULL},
		{"reasons=x", NULL},
		{"xreason=x", NULL},
		{"reason=1&reason=2", NULL},
		{"reason=1&reason=1", NULL},
		{"reason=%", NULL},
		{"reason=%zz", NULL},
		{"reason=%00", NULL},
		{"reason=%ff", NULL},
		{"&&reason=x&&", "x"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) body = g_string_new(cases[i].body);
		struct call call = {.body = body};
		g_autofree char *value = call_form(&call, "reason");

		g_test_message("%s", cases[i].body);
		g_assert_cmpstr(value, ==, cases[i].value);
	}
}

static void test_no_nul_in_a_form(void)
{
	g_autoptr(GString) body = g_string_new_len("reason=x\0y", 10);
	struct call call = {.body = body};

	g_assert_null(call_form(&call, "reason"));
}

static void test_types(void)
{
	g_assert_true(call_is_type("application/json", "application/json"));
	g_assert_true(call_is_type("Application/JSON; charset=utf-8", "application/json"));
	g_assert_false(call_is_type("application/jsonp", "application/json"));
	g_assert_false(call_is_type("text/plain; application/json", "application/json"));
	g_assert_false(call_is_type("", "application/json"));
}

/* A row of TCP must bound the body by itself: 0 for what has none. */
static void test_public_table(void)
{
	for (const struct route *r = web_routes; r->method != NULL; r++) {
		g_test_message("%s %s", r->method, r->pattern);
		g_assert_false(g_str_has_prefix(r->pattern, "/v1/stacks"));
		g_assert_cmpuint(r->body_max, <=, 32 << 20);
		g_assert_cmpint(r->body_max == 0, ==, g_str_equal(r->method, "GET"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/guard/hosts", test_hosts);
	g_test_add_func("/guard/forms", test_forms);
	g_test_add_func("/guard/last-hop", test_last_hop);
	g_test_add_func("/guard/links", test_links);
	g_test_add_func("/guard/origins", test_origins);
	g_test_add_func("/call/form-fields", test_form_fields);
	g_test_add_func("/call/no-nul-in-a-form", test_no_nul_in_a_form);
	g_test_add_func("/call/types", test_types);
	g_test_add_func("/web/public-table", test_public_table);
	return g_test_run();
}
