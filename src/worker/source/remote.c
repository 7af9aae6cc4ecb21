/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all transports share: the first error, the deadline, the bound on bytes. */
#include "worker/source/remote.h"

#include <inttypes.h>

#include "worker/job.h"

#include "base/error.h"

bool connection_init(struct connection *c, const struct source_remote *remote, GError **error)
{
	struct connection fresh = {.remote = remote};

	if (!source_url_parse(remote->url, &fresh.url, error)) {
		return false;
	}
	fresh.deadline = g_get_monotonic_time() + (int64_t)remote->timeout * G_USEC_PER_SEC;
	*c = fresh;
	return true;
}

void connection_clear(struct connection *c)
{
	source_url_clear(&c->url);
	g_clear_error(&c->error);
}

int connection_fail(struct connection *c, int code, const char *format, ...)
{
	va_list args;

	if (c->error == NULL) {
		va_start(args, format);
		c->error = g_error_new_valist(JOB_ERROR, code, format, args);
		va_end(args);
		git_error_set_str(GIT_ERROR_NET, c->error->message);
	}
	return -1;
}

int connection_check(struct connection *c)
{
	if (c->error != NULL) {
		return -1;
	}
	if (c->remote->stopped != NULL && c->remote->stopped(c->remote->user)) {
		return connection_fail(c, JOB_ERROR_INTERRUPTED, "the fetch was asked to stop");
	}
	if (g_get_monotonic_time() >= c->deadline) {
		return connection_fail(c, JOB_ERROR_TIMEOUT,
				       "fetching from '%s' took longer than %u seconds",
				       c->url.plain, c->remote->timeout);
	}
	return 0;
}

int connection_received(struct connection *c, size_t len)
{
	c->received += (int64_t)len;
	if (c->received > c->remote->max_bytes) {
		return connection_fail(c, JOB_ERROR_LIMIT,
				       "'%s' sends more than the %" PRId64
				       " bytes that are allowed; raise the limit if that is right",
				       c->url.plain, c->remote->max_bytes);
	}
	return connection_check(c);
}

int connection_wait(const struct connection *c, unsigned limit)
{
	int64_t left = (c->deadline - g_get_monotonic_time()) / 1000;

	return (int)CLAMP(left, 0, (int64_t)limit * 1000);
}

static int smart_new(git_transport **out, git_remote *owner, void *payload)
{
	struct connection *c = payload;
	bool ssh = c->url.scheme == SCHEME_SSH;

	c->definition.callback = ssh ? transport_ssh_new : transport_curl_new;
	c->definition.rpc = !ssh;
	c->definition.param = c;
	return git_transport_smart(out, owner, &c->definition);
}

git_transport_cb connection_transport(const struct connection *c)
{
	return c->url.scheme == SCHEME_FILE ? NULL : smart_new;
}
