/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/source/url.c: what is taken apart and what is refused. */
#include "worker/source/url.h"

#include "worker/job.h"

#include <string.h>

static void test_parts(void)
{
	static const struct {
		const char *text;
		enum source_scheme scheme;
		const char *user, *host;
		unsigned port;
		const char *path, *plain;
	} cases[] = {
		{"https://h.example/a/b.git", SCHEME_HTTPS, NULL, "h.example", 443, "/a/b.git",
		 "https://h.example/a/b.git"},
		{"http://op@h:81/a?x=y", SCHEME_HTTP, "op", "h", 81, "/a?x=y", "http://h:81/a?x=y"},
		{"https://[::1]:8443/a", SCHEME_HTTPS, NULL, "::1", 8443, "/a",
		 "https://[::1]:8443/a"},
		{"ssh://git@h/srv/r.git", SCHEME_SSH, "git", "h", 0, "/srv/r.git",
		 "ssh://h/srv/r.git"},
		{"ssh://h:2222/~u/r%20s", SCHEME_SSH, NULL, "h", 2222, "~u/r s",
		 "ssh://h:2222/~u/r%20s"},
		{"git@h:org/r.git", SCHEME_SSH, "git", "h", 0, "org/r.git", "h:org/r.git"},
		{"[::1]:r", SCHEME_SSH, NULL, "::1", 0, "r", "[::1]:r"},
		{"file:///srv/r.git", SCHEME_FILE, NULL, NULL, 0, "/srv/r.git",
		 "file:///srv/r.git"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(source_url_auto) url = {0};
		GError *error = NULL;

		g_assert_true(source_url_parse(cases[i].text, &url, &error));
		g_assert_no_error(error);
		g_assert_cmpint(url.scheme, ==, cases[i].scheme);
		g_assert_cmpstr(url.user, ==, cases[i].user);
		g_assert_cmpstr(url.host, ==, cases[i].host);
		g_assert_cmpuint(url.port, ==, cases[i].port);
		g_assert_cmpstr(url.path, ==, cases[i].path);
		g_assert_cmpstr(url.plain, ==, cases[i].plain);
	}
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"",
		"/srv/r.git",
		"r.git",
		"git://h/r.git",
		"ftp://h/r",
		"ext::sh -c x",
		"https://",
		"https://u:secret@h/r",
		"ssh://u:secret@h/r",
		"ssh://-oProxyCommand=x/r",
		"ssh://h/",
		"ssh://-x@h/r",
		"ssh://h/%0Ax",
		"-h:r",
		"h:-r",
		"h:",
		"u@-h:r",
		"h;x:r",
		"https://h/a\nb",
		"file://",
		"file:///",
		"file://h/r",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_auto(source_url_auto) url = {0};
		g_autoptr(GError) error = NULL;

		if (source_url_parse(bad[i], &url, &error)) {
			g_error("'%s' was taken", bad[i]);
		}
		g_assert_error(error, JOB_ERROR, JOB_ERROR_USAGE);
		g_assert_null(strstr(error->message, "secret"));
		g_assert_null(url.plain);
	}
}

static void test_redirects(void)
{
	static const struct {
		const char *from, *to;
		bool may;
	} cases[] = {
		{"https://h/a", "https://h/b", true},
		{"https://h/a", "https://H:443/b", true},
		{"http://h/a", "https://h/a", true},
		{"http://h:81/a", "https://h:81/a", true},
		{"https://h/a", "http://h/a", false},
		{"https://h/a", "https://h:444/a", false},
		{"https://h/a", "https://h.evil/a", false},
		{"http://h:81/a", "https://h/a", false},
		{"https://h/a", "ssh://h/a", false},
		{"https://h/a", "file:///a", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(source_url_auto) from = {0};
		g_auto(source_url_auto) to = {0};

		g_assert_true(source_url_parse(cases[i].from, &from, NULL));
		g_assert_true(source_url_parse(cases[i].to, &to, NULL));
		g_assert_cmpint(source_url_may_redirect(&from, &to), ==, cases[i].may);
	}
}

static void test_loopback(void)
{
	static const struct {
		const char *text;
		bool loopback;
	} cases[] = {{"http://localhost:1/a", true},
		     {"http://127.0.0.1/a", true},
		     {"http://[::1]/a", true},
		     {"http://127.evil.example/a", false},
		     {"http://h/a", false}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(source_url_auto) url = {0};

		g_assert_true(source_url_parse(cases[i].text, &url, NULL));
		g_assert_cmpint(source_url_is_loopback(&url), ==, cases[i].loopback);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/url/parts", test_parts);
	g_test_add_func("/url/refused", test_refused);
	g_test_add_func("/url/redirects", test_redirects);
	g_test_add_func("/url/loopback", test_loopback);
	return g_test_run();
}
