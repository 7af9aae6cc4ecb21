/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Does what was applied work? */
#include "worker/checks.h"

#include <inttypes.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/http.h"

#define PAUSE_MS 1000
#define MAX_BODY ((size_t)1 << 20)

static int64_t now_ms(void)
{
	return g_get_monotonic_time() / 1000;
}

static bool try_http(const char *target, int64_t left_ms, GError **error)
{
	struct http_request request = {.method = "GET", .url = target, .max_body = MAX_BODY};
	struct http_answer answer = {0};
	long status;

	request.timeout = (unsigned)(left_ms / 1000) + 1;
	if (!http_perform(&request, &answer, error)) {
		http_answer_clear(&answer);
		return false;
	}
	status = answer.status;
	http_answer_clear(&answer);
	return (status >= 200 && status <= 299) ||
	       fail(error, BASE_ERROR, BASE_ERROR_FAILED, "the answer is %ld", status);
}

static bool wait_connected(int fd, int64_t left_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int problem = 0;
	socklen_t len = sizeof(problem);
	int ready = poll(&p, 1, (int)MIN(left_ms, 600000));

	if (ready == 0) {
		errno = ETIMEDOUT;
	}
	if (ready != 1 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len) != 0) {
		return false;
	}
	errno = problem;
	return problem == 0;
}

static bool connect_to(const struct addrinfo *to, int64_t left_ms, GError **error)
{
	for (; to != NULL; to = to->ai_next) {
		autofd fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
				   to->ai_protocol);

		if (fd >= 0 && (connect(fd, to->ai_addr, to->ai_addrlen) == 0 ||
				(errno == EINPROGRESS && wait_connected(fd, left_ms)))) {
			return true;
		}
	}
	return fail_errno(error, "cannot connect");
}

static bool try_tcp(const char *target, int64_t left_ms, GError **error)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(target, ':');
	g_autofree char *host = NULL;
	struct addrinfo *found = NULL;
	int rc;
	bool ok;

	if (colon == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "not HOST:PORT");
	}
	host = target[0] == '[' && colon > target + 1 ? g_strndup(target + 1, colon - target - 2)
						      : g_strndup(target, colon - target);
	rc = getaddrinfo(host, colon + 1, &hints, &found);
	if (rc != 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "cannot find it: %s",
			    gai_strerror(rc));
	}
	ok = connect_to(found, left_ms, error);
	freeaddrinfo(found);
	return ok;
}

static const struct check_kind {
	const char *name;
	bool (*run)(const char *target, int64_t left_ms, GError **error);
} kinds[] = {
	{"http", try_http},
	{"tcp", try_tcp},
};

static bool run_one(const struct plan_check *check, const struct check_kind *kind,
		    bool (*stopped)(void *user), void *user, GError **error)
{
	int64_t end = now_ms() + check->within * 1000;

	for (;;) {
		g_autoptr(GError) problem = NULL;
		int64_t left = MAX(end - now_ms(), 0);

		if (kind->run(check->target, left, &problem)) {
			return true;
		}
		if (stopped(user) || now_ms() + PAUSE_MS > end) {
			return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
				    "check %s %s failed for %" PRId64 " seconds: %s", check->kind,
				    check->target, check->within, problem->message);
		}
		(void)poll(NULL, 0, PAUSE_MS);
	}
}

bool checks_run(const struct plan *plan, bool (*stopped)(void *user), void *user, GError **error)
{
	for (size_t i = 0; i < plan->checks_count; i++) {
		const struct plan_check *check = &plan->checks[i];
		const struct check_kind *kind = NULL;

		for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
			if (strcmp(kinds[k].name, check->kind) == 0) {
				kind = &kinds[k];
			}
		}
		if (kind == NULL) {
			return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
				    "check of unknown kind '%s'", check->kind);
		}
		if (!run_one(check, kind, stopped, user, error)) {
			return false;
		}
	}
	return true;
}
