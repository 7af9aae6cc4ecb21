/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever a worker writes becomes a result or an error with a code. */
#include "agent/jobs-read.h"

#include <string.h>

#include "agent/jobs.h"
#include "base/error.h"

static void expect(const char *line, int status, const char *code, const char *message)
{
	struct jobs_reading r;

	jobs_read(&r, line, strlen(line), status, "stderr", NULL);
	g_assert_cmpstr(r.result.code, ==, code);
	if (message != NULL) {
		g_assert_cmpstr(r.result.message, ==, message);
	}
	g_assert_true((r.result.result != NULL) == (code == NULL));
	jobs_reading_clear(&r);
}

static void test_results(void)
{
	struct jobs_reading r;
	const char *line = "{\"result\":{\"changes\":3}}";

	jobs_read(&r, line, strlen(line), 0, "", NULL);
	g_assert_null(r.result.code);
	g_assert_cmpint(json_int(r.result.result, "changes", 0, 10), ==, 3);
	json_obj_end(r.result.result);
	g_assert_cmpint(json_doc_status(r.result.doc, NULL), ==, 0);
	jobs_reading_clear(&r);
}

static void test_errors(void)
{
	expect("{\"error\":{\"code\":\"network\",\"message\":\"no route\"}}", 1, "network",
	       "no route");
	expect("{\"error\":{\"code\":\"manifest\",\"message\":\"2 problems\",\"diagnostics\":["
	       "{\"file\":\"a.yaml\",\"line\":3,\"column\":5,\"message\":\"odd\"},"
	       "{\"message\":\"even\"}]}}",
	       1, "manifest", "a.yaml:3:5: odd; even");
	expect("{\"error\":{\"code\":\"stale\",\"message\":\"a\\nb\"}}", 1, "stale", "a b");
}

/* None of these is a result, whatever it looks like. */
static void test_nonsense(void)
{
	static const char *const lines[] = {
		"{",
		"[]",
		"null",
		"{\"event\":\"progress\",\"text\":\"x\",\"done\":1,\"total\":2}",
		"{\"result\":7}",
		"{\"result\":{},\"more\":1}",
		"{\"error\":{\"code\":\"odd\",\"message\":\"x\"}}",
		"{\"error\":{\"code\":\"io\"}}",
		"{\"error\":{\"code\":\"io\",\"message\":\"x\",\"diagnostics\":[7]}}",
		"{\"error\":{\"code\":\"io\",\"message\":\"x\",\"extra\":1}}",
		"{\"result\":{}} {\"result\":{}}",
		"{\"result\":{\"a\":1,\"a\":1}}",
		"\xff",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		struct jobs_reading r;

		g_test_message("%s", lines[i]);
		jobs_read(&r, lines[i], strlen(lines[i]), 0, "", NULL);
		if (r.result.code ==
		    NULL) { // its members are the reader's business, and fail there
			json_obj_end(r.result.result);
			g_assert_cmpint(json_doc_status(r.result.doc, NULL), !=, 0);
		} else {
			g_assert_cmpstr(r.result.code, ==, "lost");
		}
		jobs_reading_clear(&r);
	}
	/* a result of a process that failed is none */
	expect("{\"result\":{}}", 1, "lost", NULL);
	expect("", 137, "lost", "the worker ended with code 137 and said nothing: stderr");
}

static void test_deadline(void)
{
	g_autoptr(GError) error =
		g_error_new_literal(BASE_ERROR, BASE_ERROR_TIMEOUT, "took longer than 5 s");
	struct jobs_reading r;

	jobs_read(&r, "{\"result\":{}}", 13, 137, "", error);
	g_assert_cmpstr(r.result.code, ==, "timeout");
	g_assert_null(r.result.result);
	jobs_reading_clear(&r);
}

static void test_not_raised(void)
{
	struct jobs_reading r;

	jobs_read(&r, "", 0, 1, "sudo: a password is required\n", NULL);
	jobs_read_not_raised(&r, ELEVATE_SUDO, false, "/w", "sudo: a password is required\n");
	g_assert_cmpstr(r.result.code, ==, "elevate");
	g_assert_true(g_str_has_prefix(r.result.message,
				       "cannot become root by sudo: sudo: a password is required; "
				       "a file in /etc/sudoers.d needs the line '"));
	g_assert_true(g_str_has_suffix(r.result.message, " ALL=(root) NOPASSWD: /w apply'"));
	jobs_reading_clear(&r);
}

/* Without a shell, and with one argument for the worker. */
static void test_elevated_command_lines(void)
{
	static const char *const wanted[] = {
		[ELEVATE_SUDO] = "sudo|-n|--|/a b/w|apply",
		[ELEVATE_PKEXEC] = "pkexec|--disable-internal-agent|/a b/w|apply",
		[ELEVATE_RUN0] = "run0|--no-ask-password|--background=|/a b/w|apply",
	};

	for (enum elevate how = ELEVATE_SUDO; how <= ELEVATE_RUN0; how++) {
		g_autofree const char **argv = elevate_argv(how, "/a b/w");
		g_autofree char *line = g_strjoinv("|", (char **)argv);

		g_assert_cmpstr(line, ==, wanted[how]);
		g_assert_cmpint(elevate_parse(elevate_names[how]), ==, how);
	}
}

/* Proxies are for clusters: by their own names a check of this host would go there. */
static void test_environment(void)
{
	g_auto(GStrv) env = NULL;

	g_setenv("HTTPS_PROXY", "http://p:1", TRUE);
	g_setenv("no_proxy", "a,b", TRUE);
	g_setenv("KUBECONFIG", "/x/y", TRUE);
	env = jobs_environment();
	g_assert_true(
		g_strv_contains((const char *const *)env, "ASSENT_CLUSTER_HTTPS_PROXY=http://p:1"));
	g_assert_true(g_strv_contains((const char *const *)env, "ASSENT_CLUSTER_no_proxy=a,b"));
	g_assert_true(g_strv_contains((const char *const *)env, "KUBECONFIG=/x/y"));
	g_assert_null(g_environ_getenv(env, "HTTPS_PROXY"));
	g_assert_null(g_environ_getenv(env, "no_proxy"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/jobs-read/results", test_results);
	g_test_add_func("/jobs-read/errors-with-diagnostics", test_errors);
	g_test_add_func("/jobs-read/nonsense-is-lost", test_nonsense);
	g_test_add_func("/jobs-read/a-deadline-is-a-timeout", test_deadline);
	g_test_add_func("/jobs-read/not-raised", test_not_raised);
	g_test_add_func("/jobs-read/elevated-command-lines", test_elevated_command_lines);
	g_test_add_func("/jobs-read/environment", test_environment);
	return g_test_run();
}
