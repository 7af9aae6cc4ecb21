/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Smart transport for libgit2 over the ssh program, with the user's own configuration of it. */
#include "worker/source/remote.h"

#include "worker/job.h"
#include "worker/source/ssh-error.h"

#include "base/error.h"
#include "base/spawn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STDERR_MAX 16384
#define EXIT_GRACE 5U /* seconds for ssh to end after the last byte */

struct ssh_transport {
	git_smart_subtransport parent;
	struct connection *c;
	struct ssh_stream *stream;
};

struct ssh_stream {
	git_smart_subtransport_stream parent;
	struct ssh_transport *t;
	struct spawned child;
	int pidfd;
	GString *err;
	bool spoke; /* the server has sent something */
};

/* For the shell at the other end; git-upload-pack itself expands "~user". */
static char *quote(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "'", -1);
	g_autofree char *inner = g_strjoinv("'\\''", parts);

	return g_strconcat("'", inner, "'", NULL);
}

static bool make_argv(struct connection *c, char ***out)
{
	const struct source_remote *remote = c->remote;
	g_auto(GStrv) command = NULL;
	g_autofree char *quoted = quote(c->url.path);
	g_autofree char *git = g_strconcat("git-upload-pack ", quoted, NULL);
	g_autofree char *timeout = g_strdup_printf("ConnectTimeout=%u", remote->connect_timeout);
	g_autofree char *port = g_strdup_printf("%u", c->url.port);
	const char *user = remote->username != NULL ? remote->username : c->url.user;
	g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
	g_autoptr(GError) error = NULL;

	if (!g_shell_parse_argv(remote->ssh_command != NULL ? remote->ssh_command : "ssh", NULL,
				&command, &error)) {
		connection_fail(c, JOB_ERROR_USAGE, "the configured ssh command is not one: %s",
				error->message);
		return false;
	}
	g_strv_builder_addv(argv, (const char **)command);
	/* Nobody is there to answer: in batch mode an unknown host key is refused unless the user's
	 * own configuration of StrictHostKeyChecking says otherwise. */
	g_strv_builder_add_many(argv, "-T", "-a", "-x", "-oBatchMode=yes",
				"-oClearAllForwardings=yes", "-oPermitLocalCommand=no", "-o",
				timeout, NULL);
	if (c->url.port != 0) {
		g_strv_builder_add_many(argv, "-p", port, NULL);
	}
	if (user != NULL) {
		g_strv_builder_add_many(argv, "-l", user, NULL);
	}
	g_strv_builder_add_many(argv, "--", c->url.host, git, NULL);
	*out = g_strv_builder_end(argv);
	return true;
}

/* Whatever ssh says, up to a bound; the rest is read and forgotten so that it does not block. */
static void read_err(struct ssh_stream *s)
{
	char buffer[4096];
	ssize_t got;

	while (s->child.err >= 0 && (got = read(s->child.err, buffer, sizeof(buffer))) != 0) {
		if (got < 0) {
			if (errno == EINTR) {
				continue;
			}
			return;
		}
		g_string_append_len(s->err, buffer, MIN((size_t)got, STDERR_MAX - s->err->len));
	}
	if (s->child.err >= 0) {
		close(s->child.err);
		s->child.err = -1;
	}
}

/* The other end has closed: ssh's exit code and words tell why. */
static int fail_closed(struct ssh_stream *s)
{
	struct pollfd fds = {.fd = s->pidfd, .events = POLLIN};
	int status = -1;

	if (poll(&fds, 1, connection_wait(s->t->c, EXIT_GRACE)) == 1) {
		status = spawn_reap(s->child.pid);
		s->child.pid = 0;
	}
	read_err(s);
	return ssh_error_fail(s->t->c, status, s->err->str, s->spoke);
}

/* Waits for fd, looking after ssh's words meanwhile. */
static int wait_for(struct ssh_stream *s, int fd, short events)
{
	struct connection *c = s->t->c;
	int64_t until =
		g_get_monotonic_time() + (int64_t)c->remote->low_speed_time * G_USEC_PER_SEC;

	for (;;) {
		struct pollfd fds[] = {{.fd = fd, .events = events},
				       {.fd = s->child.err, .events = POLLIN}};
		int ready = poll(fds, 2, connection_wait(c, 1));

		if (connection_check(c) < 0) {
			return -1;
		}
		if (ready > 0 && fds[1].revents != 0) {
			read_err(s);
		}
		if (ready > 0 && fds[0].revents != 0) {
			return 0;
		}
		if (g_get_monotonic_time() >= until) {
			return connection_fail(c, JOB_ERROR_TIMEOUT,
					       "'%s' was silent for %u seconds", c->url.plain,
					       c->remote->low_speed_time);
		}
	}
}

static int stream_read(git_smart_subtransport_stream *stream, char *buffer, size_t size,
		       size_t *bytes_read)
{
	struct ssh_stream *s = (struct ssh_stream *)stream;
	ssize_t got;

	*bytes_read = 0;
	do {
		if (wait_for(s, s->child.out, POLLIN) < 0) {
			return -1;
		}
		got = read(s->child.out, buffer, size);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got <= 0) {
		return fail_closed(s);
	}
	s->spoke = true;
	*bytes_read = got;
	return connection_received(s->t->c, got);
}

static int stream_write(git_smart_subtransport_stream *stream, const char *data, size_t len)
{
	struct ssh_stream *s = (struct ssh_stream *)stream;

	while (len > 0) {
		ssize_t put = spawn_write(s->child.in, data, len);

		if (put > 0) {
			data += put;
			len -= put;
		} else if (put < 0 && errno == EAGAIN) {
			if (wait_for(s, s->child.in, POLLOUT) < 0) {
				return -1;
			}
		} else if (put == 0 || errno != EINTR) {
			return fail_closed(s);
		}
	}
	return 0;
}

/* Lets ssh end by itself for a moment, then makes it. */
static void end_child(struct ssh_stream *s)
{
	struct pollfd fds = {.fd = s->pidfd, .events = POLLIN};

	spawn_close(&s->child);
	if (s->child.pid != 0) {
		if (s->t->c->error != NULL || poll(&fds, 1, EXIT_GRACE * 1000) != 1) {
			kill(-s->child.pid, SIGKILL);
		}
		spawn_reap(s->child.pid);
	}
	close(s->pidfd);
}

static void stream_free(git_smart_subtransport_stream *stream)
{
	struct ssh_stream *s = (struct ssh_stream *)stream;

	if (s->t->stream == s) {
		s->t->stream = NULL;
	}
	end_child(s);
	g_string_free(s->err, TRUE);
	g_free(s);
}

static int start(struct ssh_transport *t)
{
	static const char *const env[] = {"LC_ALL=C", "SSH_ASKPASS=", NULL};
	struct proc_spec spec = {.env = env, .keep_env = true};
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) argv = NULL;
	struct ssh_stream *s;
	struct spawned child;
	int pidfd;

	if (!make_argv(t->c, &argv)) {
		return -1;
	}
	spec.argv = (const char *const *)argv;
	if (!spawn_start(&spec, SPAWN_INPUT | SPAWN_NONBLOCK, &child, &error)) {
		return connection_fail(
			t->c, JOB_ERROR_NETWORK,
			"cannot fetch from '%s': %s; install ssh or name the command",
			t->c->url.plain, error->message);
	}
	pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	if (pidfd < 0) {
		kill(-child.pid, SIGKILL);
		spawn_reap(child.pid);
		spawn_close(&child);
		return connection_fail(t->c, JOB_ERROR_FAILED, "cannot watch the ssh program");
	}
	s = g_new0(struct ssh_stream, 1);
	s->parent.subtransport = &t->parent;
	s->parent.read = stream_read;
	s->parent.write = stream_write;
	s->parent.free = stream_free;
	s->t = t;
	s->child = child;
	s->pidfd = pidfd;
	s->err = g_string_new(NULL);
	t->stream = s;
	return 0;
}

static int transport_action(git_smart_subtransport_stream **out, git_smart_subtransport *transport,
			    const char *url, git_smart_service_t action)
{
	struct ssh_transport *t = (struct ssh_transport *)transport;

	if (action != GIT_SERVICE_UPLOADPACK_LS && action != GIT_SERVICE_UPLOADPACK) {
		return connection_fail(t->c, JOB_ERROR_FAILED, "only fetching is done");
	}
	/* Listing and fetching are one conversation. */
	if (t->stream == NULL && start(t) < 0) {
		return -1;
	}
	*out = &t->stream->parent;
	return 0;
}

static int transport_close(git_smart_subtransport *transport)
{
	return 0;
}

static void transport_free(git_smart_subtransport *transport)
{
	g_free(transport);
}

int transport_ssh_new(git_smart_subtransport **out, git_transport *owner, void *param)
{
	struct ssh_transport *t = g_new0(struct ssh_transport, 1);

	t->parent.action = transport_action;
	t->parent.close = transport_close;
	t->parent.free = transport_free;
	t->c = param;
	*out = &t->parent;
	return 0;
}
