/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checks against small servers on loopback, with answers that change from try to try. */
#include "worker/checks.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/autoptr.h"

/* Answers the Nth connection with the Nth letter of script, and the last for ever. */
struct server {
	const char *script;
	GThread *thread;
	int fd, port;
	int hanging[64];
	unsigned taken; /* read when the thread has ended */
};

static const char *answer_of(char letter)
{
	switch (letter) {
	case 'y':
		return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall is well";
	case 't':
		return "HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\nshort and stout";
	case 'r':
		return "HTTP/1.1 302 Found\r\nLocation: /x\r\nConnection: close\r\n\r\n";
	default:
		return "HTTP/1.1 503 No\r\nConnection: close\r\n\r\nno";
	}
}

static void serve(struct server *s, int fd)
{
	char letter = s->script[MIN(s->taken, strlen(s->script) - 1)];
	const char *text = answer_of(letter);
	char request[2048];
	size_t len = 0;
	ssize_t got;

	if (letter == 'h') {
		s->hanging[s->taken] = dup(fd); // says nothing, until the server goes
		return;
	}
	do {
		got = read(fd, request + len, sizeof(request) - len - 1);
		len += got > 0 ? (size_t)got : 0;
		request[len] = '\0';
	} while (got > 0 && len < sizeof(request) - 1 && strstr(request, "\r\n\r\n") == NULL);
	(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
	for (unsigned i = 0; letter == 'b' && i < 8 << 10; i++) {
		char block[1024] = {'x'};

		if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0) {
			return;
		}
	}
}

static gpointer server_main(gpointer user)
{
	struct server *s = user;

	for (;;) {
		autofd fd = accept(s->fd, NULL, NULL);

		if (fd < 0 || s->taken == G_N_ELEMENTS(s->hanging)) {
			return NULL;
		}
		serve(s, fd);
		s->taken++;
	}
}

static void server_start(struct server *s, const char *script)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);

	*s = (struct server){.script = script, .fd = socket(AF_INET, SOCK_STREAM, 0)};
	memset(s->hanging, -1, sizeof(s->hanging));
	g_assert_cmpint(bind(s->fd, (struct sockaddr *)&at, len), ==, 0);
	g_assert_cmpint(listen(s->fd, 16), ==, 0);
	g_assert_cmpint(getsockname(s->fd, (struct sockaddr *)&at, &len), ==, 0);
	s->port = ntohs(at.sin_port);
	s->thread = g_thread_new("server", server_main, s);
}

static void server_stop(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	g_thread_join(s->thread);
	close(s->fd);
	for (size_t i = 0; i < G_N_ELEMENTS(s->hanging); i++) {
		if (s->hanging[i] >= 0) {
			close(s->hanging[i]);
		}
	}
}

struct watcher {
	GString *told;		 /* "check http ...: 1 of 3|" */
	unsigned asked, stop_at; /* 0: never */
};

static bool stopped(void *user)
{
	struct watcher *w = user;

	w->asked++;
	return w->stop_at > 0 && w->asked >= w->stop_at;
}

static void progress(const char *text, size_t done, size_t total, void *user)
{
	struct watcher *w = user;

	g_assert_true(g_str_has_prefix(text, "check "));
	g_string_append_printf(w->told, "%zu of %zu|", done, total);
}

/* The failure's text, NULL when it succeeds; told receives the progress. */
static char *run_until(struct plan_check check, char **told, unsigned stop_at)
{
	struct watcher w = {.told = g_string_new(NULL), .stop_at = stop_at};
	const struct checks_hooks hooks = {stopped, progress, &w};
	const struct plan plan = {.checks = &check, .checks_count = 1};
	g_autoptr(GError) error = NULL;
	bool ok = checks_run(&plan, &hooks, &error);
	g_autofree char *text = g_string_free(w.told, FALSE);

	g_assert_true(ok == (error == NULL));
	if (told != NULL) {
		*told = g_steal_pointer(&text);
	}
	return ok ? NULL : g_strdup(error->message);
}

static struct plan_check http(const struct server *s, char **url)
{
	*url = g_strdup_printf("http://127.0.0.1:%d/x", s->port);
	return (struct plan_check){.kind = "http", .target = *url, .within = 60};
}

#define HAS(text, part) g_assert_nonnull(strstr((text), (part)))

/* What one answer is worth; within 0 is one try. */
static void judge(const char *script, long status, const char *body, const char *want)
{
	struct server s;
	g_autofree char *url = NULL;
	g_autofree char *text = NULL;
	struct plan_check check;

	server_start(&s, script);
	check = http(&s, &url);
	check.within = 0;
	check.status = status;
	check.body = body;
	text = run_until(check, NULL, 0);
	server_stop(&s);
	if (want == NULL) {
		g_assert_cmpstr(text, ==, NULL);
	} else {
		g_assert_nonnull(text);
		HAS(text, want);
		HAS(text, "1 try in ");
	}
}

static void test_answers(void)
{
	judge("y", 0, NULL, NULL);
	judge("y", 200, "is well", NULL);
	judge("y", 0, "is bad\n", "does not contain 'is bad<U+000A>'");
	judge("y", 418, NULL, "the answer is 200 and not 418");
	judge("t", 418, "stout", NULL);
	judge("t", 0, NULL, "the answer is 418");
	judge("n", 0, NULL, "the answer is 503");
	judge("r", 0, NULL, "the answer is 302");
	judge("r", 302, NULL, NULL);
	judge("b", 0, NULL, "longer than 4194304 bytes");
	judge("h", 0, NULL, "within 1000 milliseconds");
}

static void test_it_may_need_a_while(void)
{
	struct server s;
	g_autofree char *url = NULL;
	g_autofree char *text = NULL;
	g_autofree char *told = NULL;

	server_start(&s, "nny");
	text = run_until(http(&s, &url), &told, 0);
	server_stop(&s);
	g_assert_cmpstr(text, ==, NULL);
	g_assert_cmpstr(told, ==, "0 of 1|1 of 1|");
	g_assert_cmpuint(s.taken, ==, 3);
}

static void test_one_failure_starts_anew(void)
{
	struct server s;
	struct plan_check check;
	g_autofree char *url = NULL;
	g_autofree char *text = NULL;
	g_autofree char *told = NULL;

	server_start(&s, "ynyyy");
	check = http(&s, &url);
	check.successes = 3;
	text = run_until(check, &told, 0);
	server_stop(&s);
	g_assert_cmpstr(text, ==, NULL);
	g_assert_cmpstr(told, ==, "1 of 3|0 of 3|1 of 3|2 of 3|3 of 3|");
	g_assert_cmpuint(s.taken, ==, 5);
}

static void test_time_runs_out(void)
{
	struct server s;
	struct plan_check check;
	g_autofree char *url = NULL;
	g_autofree char *text = NULL;

	server_start(&s, "y");
	check = http(&s, &url);
	check.within = 2;
	check.successes = 30;
	text = run_until(check, NULL, 0);
	server_stop(&s);
	HAS(text, "check http http://127.0.0.1:");
	HAS(text, "tries in ");
	HAS(text, "30 successes in a row are wanted; the last: 2 in a row");
}

/* A try that hangs is not longer than what is left, and heeds who asks to stop. */
static void test_a_try_hangs(void)
{
	struct server s;
	struct plan_check check;
	g_autofree char *url = NULL;
	g_autofree char *text = NULL;
	g_autofree char *stopped_text = NULL;

	server_start(&s, "h");
	check = http(&s, &url);
	check.within = 1;
	text = run_until(check, NULL, 0);
	check.within = 86400;
	stopped_text = run_until(check, NULL, 2);
	server_stop(&s);
	HAS(text, "no answer");
	HAS(text, "1 try in ");
	HAS(stopped_text, "we are asked to stop");
}

static void test_wait_is_stopped(void)
{
	struct server s;
	struct plan_check check;
	g_autofree char *url = NULL;
	g_autofree char *text = NULL;

	server_start(&s, "n");
	check = http(&s, &url);
	check.within = 86400;
	check.interval = 3600;
	text = run_until(check, NULL, 20);
	server_stop(&s);
	HAS(text, "we are asked to stop");
	HAS(text, "the last: the answer is 503");
}

static void test_tcp(void)
{
	struct server s;
	g_autofree char *target = NULL;
	g_autofree char *by_name = NULL;
	g_autofree char *text = NULL;
	g_autofree char *gone = NULL;
	g_autofree char *odd = NULL;

	server_start(&s, "h");
	target = g_strdup_printf("127.0.0.1:%d", s.port);
	by_name = g_strdup_printf("localhost:%d", s.port);
	text = run_until((struct plan_check){.kind = "tcp", .target = target, .within = 60}, NULL,
			 0);
	g_assert_cmpstr(text, ==, NULL);
	text = run_until((struct plan_check){.kind = "tcp", .target = by_name, .within = 60}, NULL,
			 0);
	g_assert_cmpstr(text, ==, NULL);
	server_stop(&s);
	gone = run_until((struct plan_check){.kind = "tcp", .target = target, .within = 1}, NULL,
			 0);
	HAS(gone, "check tcp 127.0.0.1:");
	HAS(gone, "refused");
	odd = run_until((struct plan_check){.kind = "tcp", .target = "localhost"}, NULL, 0);
	HAS(odd, "HOST:PORT");
}

/* Nobody takes these connections: the queue of a listener that is full. */
static void test_tcp_hangs(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	autofd fd = socket(AF_INET, SOCK_STREAM, 0);
	int full[4];
	g_autofree char *target = NULL;
	g_autofree char *late = NULL;
	g_autofree char *text = NULL;

	g_assert_cmpint(bind(fd, (struct sockaddr *)&at, len), ==, 0);
	g_assert_cmpint(listen(fd, 0), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&at, &len), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(full); i++) {
		full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(full[i], (struct sockaddr *)&at, len);
	}
	target = g_strdup_printf("127.0.0.1:%d", ntohs(at.sin_port));
	late = run_until((struct plan_check){.kind = "tcp", .target = target, .within = 1}, NULL,
			 0);
	HAS(late, "no connection in time");
	text = run_until((struct plan_check){.kind = "tcp", .target = target, .within = 3600}, NULL,
			 2);
	HAS(text, "we are asked to stop");
	for (size_t i = 0; i < G_N_ELEMENTS(full); i++) {
		close(full[i]);
	}
}

static char *command(const char *script, int64_t within, unsigned stop_at)
{
	const char *run[] = {"sh", "-c", script, NULL};
	const struct plan_exec exec = {.run = run, .timeout = 60, .output = 65536};

	return run_until(
		(struct plan_check){
			.kind = "command", .target = "probe", .within = within, .exec = &exec},
		NULL, stop_at);
}

static void test_command(void)
{
	g_autofree char *good = command("true", 60, 0);
	g_autofree char *bad = command("echo no room >&2; exit 4", 0, 0);
	g_autofree char *slow = command("echo waiting; exec sleep 600", 1, 0);
	g_autofree char *ended = command("exec sleep 600", 86400, 2);

	g_assert_cmpstr(good, ==, NULL);
	HAS(bad, "check command probe failed: 1 try in ");
	HAS(bad, "it ended with status 4: no room");
	HAS(slow, "did not finish within");
	HAS(slow, "waiting");
	HAS(ended, "we are asked to stop");
}

static void test_what_nobody_knows(void)
{
	const char *run[] = {"bin/x", NULL};
	const struct plan_exec exec = {.run = run, .timeout = 60, .output = 65536};
	struct plan_check checks[] = {{.kind = "tcp", .target = "localhost:1"},
				      {.kind = "smoke", .target = "x"}};
	const struct plan plan = {.checks = checks, .checks_count = 2};
	g_autoptr(GError) error = NULL;

	g_assert_false(checks_known(&plan, &error));
	HAS(error->message, "check smoke x");
	g_clear_error(&error);
	checks[1].kind = "command";
	checks[1].exec = &exec;
	g_assert_false(checks_known(&plan, &error));
	HAS(error->message, "check command x: 'bin/x'");
	g_clear_error(&error);
	run[0] = "x";
	g_assert_true(checks_known(&plan, &error));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/checks/answers", test_answers);
	g_test_add_func("/checks/it-may-need-a-while", test_it_may_need_a_while);
	g_test_add_func("/checks/one-failure-starts-anew", test_one_failure_starts_anew);
	g_test_add_func("/checks/time-runs-out", test_time_runs_out);
	g_test_add_func("/checks/a-try-hangs", test_a_try_hangs);
	g_test_add_func("/checks/wait-is-stopped", test_wait_is_stopped);
	g_test_add_func("/checks/tcp", test_tcp);
	g_test_add_func("/checks/tcp-hangs", test_tcp_hangs);
	g_test_add_func("/checks/command", test_command);
	g_test_add_func("/checks/what-nobody-knows", test_what_nobody_knows);
	return g_test_run();
}
