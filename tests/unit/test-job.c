/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/job.c: requests are read with bounds, answers are always one valid line. */
#include "worker/job.h"

#include "base/error.h"

#include <string.h>
#include <unistd.h>

static bool echo_run(struct job *job, GError **error)
{
	const char *text = json_str(job_request(job), "text", 100);

	if (!job_request_end(job, error)) {
		return false;
	}
	job_progress(job, "half \xff way", 1, 2);
	json_w_str(job_result(job), "text", text);
	return true;
}

static bool fail_run(struct job *job, GError **error)
{
	json_w_str(job_result(job), "lost", "never seen");
	job_diagnostic(job, "assent.yaml", 3, 7, "unknown key 'x'");
	return fail(error, JOB_ERROR, JOB_ERROR_MANIFEST, "the manifest has 1 error");
}

static bool limit_run(struct job *job, GError **error)
{
	return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "too \xfe much");
}

static const struct job_kind kinds[] = {
	{"echo", echo_run}, {"fail", fail_run}, {"limit", limit_run}, {NULL, NULL}};

static void expect(const char *request, size_t len, int code, const char *answer)
{
	const struct job_start start = {.kinds = kinds, .trust = "trust"};
	int in[2], out[2];
	char buffer[8192];
	ssize_t got;

	g_assert_cmpint(pipe(in), ==, 0);
	g_assert_cmpint(pipe(out), ==, 0);
	g_assert_cmpint(write(in[1], request, len), ==, len);
	close(in[1]);
	g_assert_cmpint(job_main(&start, in[0], out[1]), ==, code);
	close(out[1]);
	got = read(out[0], buffer, sizeof(buffer) - 1);
	g_assert_cmpint(got, >=, 0);
	buffer[got] = '\0';
	if (!g_pattern_match_simple(answer, buffer)) {
		g_assert_cmpstr(buffer, ==, answer);
	}
	close(in[0]);
	close(out[0]);
}

static void expect_text(const char *request, int code, const char *answer)
{
	expect(request, strlen(request), code, answer);
}

static void test_result_is_the_last_line(void)
{
	static const char answer[] = "{\"event\":\"progress\",\"text\":\"half \xef\xbf\xbd "
				     "way\",\"done\":1,\"total\":2}\n"
				     "{\"result\":{\"text\":\"hello\"}}\n";

	expect_text("{\"v\":1,\"job\":\"echo\",\"text\":\"hello\"}\n", 0, answer);
	expect_text("{\"v\":1,\"job\":\"echo\",\"text\":\"hello\"}", 0, answer);
}

static void test_wrong_requests_are_usage(void)
{
	static const char *const bad[] = {
		"",
		"\n",
		"{",
		"[]",
		"{}",
		"{\"v\":2,\"job\":\"echo\",\"text\":\"x\"}",
		"{\"v\":1,\"job\":\"none\"}",
		"{\"v\":1,\"job\":\"echo\"}",
		"{\"v\":1,\"job\":\"echo\",\"text\":7}",
		"{\"v\":1,\"job\":\"echo\",\"text\":\"x\",\"more\":1}",
		"{\"v\":1,\"job\":\"echo\",\"text\":\"x\",\"text\":\"y\"}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		expect_text(bad[i], 1, "{\"error\":{\"code\":\"usage\",\"message\":\"*\"}}\n");
	}
}

static void test_diagnostics_travel_with_an_error(void)
{
	expect_text("{\"v\":1,\"job\":\"fail\"}", 1,
		    "{\"error\":{\"code\":\"manifest\",\"message\":\"the manifest has 1 error\","
		    "\"diagnostics\":[{\"file\":\"assent.yaml\",\"line\":3,\"column\":7,"
		    "\"message\":\"unknown key 'x'\"}]}}\n");
}

static void test_base_errors_have_codes(void)
{
	expect_text("{\"v\":1,\"job\":\"limit\"}", 1,
		    "{\"error\":{\"code\":\"limit\",\"message\":\"too \xef\xbf\xbd much\"}}\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/job/result-is-the-last-line", test_result_is_the_last_line);
	g_test_add_func("/job/wrong-requests-are-usage", test_wrong_requests_are_usage);
	g_test_add_func("/job/diagnostics-travel-with-an-error",
			test_diagnostics_travel_with_an_error);
	g_test_add_func("/job/base-errors-have-codes", test_base_errors_have_codes);
	return g_test_run();
}
