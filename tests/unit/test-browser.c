/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of base/browser.c: a hostile agent's addresses. */
#include "base/browser.h"

#include "base/error.h"
#include "temp-dir.h"

static int code_of(const char *url)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(browser_open(url, NULL, &error)); // there is no browser
	g_assert_true(error->domain == BASE_ERROR);
	return error->code;
}

static void test_addresses(void)
{
	static const char *const bad[] = {
		"",
		"javascript:alert(1)",
		"JavaScript://x/%0aalert(1)",
		"file:///etc/passwd",
		"data:text/html,<script>alert(1)</script>",
		"/etc/passwd",
		"ftp://127.0.0.1/",
		" https://ops.example.org/",
		"https://ops.example.org/ x",
		"https://ops.example.org/\nx",
		"https://ops.example.org/\xc3\xa4",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("%s", bad[i]);
		g_assert_cmpint(code_of(bad[i]), ==, BASE_ERROR_MALFORMED);
	}
	g_assert_cmpint(code_of("http://127.0.0.1:7420/review#t"), ==, BASE_ERROR_NOT_FOUND);
	g_assert_cmpint(code_of("https://ops.example.org/a/b?c=d"), ==, BASE_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
	char *dir = temp_new();
	int rc;

	g_setenv("PATH", dir, TRUE);
	g_setenv("XDG_RUNTIME_DIR", dir, TRUE);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/browser/addresses", test_addresses);
	rc = g_test_run();
	temp_free(dir);
	return rc;
}
