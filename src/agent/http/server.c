/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Unix socket, libmicrohttpd in the main loop, and those who wait. */
#include "agent/http/server.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/http/routes.h"
#include "agent/http/socket.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#define STREAM_MAX ((size_t)4 << 20) /* unread bytes; a reader that slow is cut off */

struct http_server {
	struct agent *agent;
	char *path;
	struct MHD_Daemon *daemon;
	guint epoll, timer, tick;
	GPtrArray *waiting; /* struct call that is parked */
	GPtrArray *streams; /* struct stream */
};

struct stream {
	struct http_server *server;
	struct MHD_Connection *connection;
	GString *unread;
	bool parked, broken;
};

static void arm(struct http_server *server);

static unsigned connections(const struct http_server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
		->num_connections;
}

static gboolean run_daemon(void *data)
{
	struct http_server *server = data;
	unsigned before;

	/* With all connections in use libmicrohttpd no longer listens, and begins again at its next
	 * turn: who waits there would wait for somebody else's event. */
	do {
		before = connections(server);
		MHD_run(server->daemon);
	} while (connections(server) < before);
	arm(server);
	return G_SOURCE_CONTINUE;
}

static gboolean on_ready(gint fd, GIOCondition condition, void *data)
{
	(void)fd;
	(void)condition;
	return run_daemon(data);
}

static gboolean on_timer(void *data)
{
	struct http_server *server = data;

	server->timer = 0;
	run_daemon(server);
	return G_SOURCE_REMOVE;
}

static void arm(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG wait = 0;

	g_clear_handle_id(&server->timer, g_source_remove);
	if (MHD_get_timeout(server->daemon, &wait) == MHD_YES) {
		server->timer = g_timeout_add((guint)MIN(wait, 60000), on_timer, server);
	}
}

static void wake(struct http_server *server, struct MHD_Connection *connection)
{
	MHD_resume_connection(connection);
	if (server->timer == 0) {
		server->timer = g_timeout_add(0, on_timer, server);
	}
}

static gboolean on_tick(void *data);

static void park(struct http_server *server, struct call *call)
{
	call->parked = true;
	MHD_suspend_connection(call->connection);
	g_ptr_array_add(server->waiting, call);
	if (server->tick == 0) { // nobody waits, nothing ticks
		server->tick = g_timeout_add_seconds(1, on_tick, server);
	}
}

static void unpark(struct http_server *server, struct call *call)
{
	call->parked = false;
	g_ptr_array_remove_fast(server->waiting, call);
	wake(server, call->connection);
}

static bool is_done(const struct call *call)
{
	const struct agent_unit *unit = agent_unit(call->agent, call->args[0]);

	return unit == NULL || g_get_monotonic_time() >= call->until ||
	       stack_rests(&unit->step, &unit->record->facts, agent_now());
}

static void look_at_waiting(void *user)
{
	struct http_server *server = user;

	for (unsigned i = server->waiting->len; i-- > 0;) {
		struct call *call = g_ptr_array_index(server->waiting, i);

		if (is_done(call)) {
			unpark(server, call);
		}
	}
}

static gboolean on_tick(void *data)
{
	struct http_server *server = data;

	look_at_waiting(server);
	if (server->waiting->len > 0) {
		return G_SOURCE_CONTINUE;
	}
	server->tick = 0;
	return G_SOURCE_REMOVE;
}

static struct http_server *server_of(const struct call *call)
{
	return call->agent->watch.user;
}

void call_wait(struct call *call, int64_t seconds)
{
	call->waits = true;
	call->until = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
	call->sent = MHD_YES;
	park(server_of(call), call);
}

static ssize_t read_stream(void *user, uint64_t pos, char *buf, size_t max)
{
	struct stream *stream = user;
	size_t n = MIN(max, stream->unread->len);

	(void)pos;
	if (stream->broken) {
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (n == 0) {
		stream->parked = true;
		MHD_suspend_connection(stream->connection);
		return 0;
	}
	memcpy(buf, stream->unread->str, n);
	g_string_erase(stream->unread, 0, (gssize)n);
	return (ssize_t)n;
}

static void free_stream(void *user)
{
	struct stream *stream = user;

	g_ptr_array_remove_fast(stream->server->streams, stream);
	g_string_free(stream->unread, TRUE);
	g_free(stream);
}

void call_stream(struct call *call)
{
	struct http_server *server = server_of(call);
	struct stream *stream = g_new0(struct stream, 1);
	struct MHD_Response *response;

	stream->server = server;
	stream->connection = call->connection;
	stream->unread = g_string_new(NULL);
	g_ptr_array_add(server->streams, stream);
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, stream,
						     free_stream);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/x-ndjson");
	call->sent = MHD_queue_response(call->connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
}

static void on_entry(const char *raw, size_t len, void *user)
{
	struct http_server *server = user;

	for (unsigned i = 0; i < server->streams->len; i++) {
		struct stream *stream = g_ptr_array_index(server->streams, i);

		stream->broken |= stream->unread->len + len > STREAM_MAX;
		g_string_append_len(stream->unread, raw, (gssize)len);
		g_string_append_c(stream->unread, '\n');
		if (stream->parked) {
			stream->parked = false;
			wake(server, stream->connection);
		}
	}
}

static bool is_welcome(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL && socket_peer_is_ours(info->connect_fd);
}

static void take_body(struct call *call, const char *data, size_t len)
{
	if (call->body->len + len > HTTP_BODY_MAX) {
		call->too_large = true;
	} else {
		g_string_append_len(call->body, data, (gssize)len);
	}
}

static enum MHD_Result answer(struct call *call)
{
	call->sent = MHD_NO;
	if (!is_welcome(call->connection)) {
		call_fail(call, MHD_HTTP_FORBIDDEN, "forbidden", "this socket is another user's",
			  "run the command as the user whose agent it is, or as root");
	} else if (call->too_large) {
		call_fail(call, MHD_HTTP_CONTENT_TOO_LARGE, "limit", "the request is too large",
			  NULL);
	} else if (call->waits) {
		routes_rested(call);
	} else {
		routes_handle(call);
	}
	return call->sent;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *len, void **state)
{
	struct http_server *server = cls;
	struct call *call = *state;

	(void)version;
	if (call == NULL) {
		call = g_new0(struct call, 1);
		call->agent = server->agent;
		call->connection = connection;
		call->body = g_string_new(NULL);
		*state = call;
		return MHD_YES;
	}
	call->url = url;
	call->method = method;
	if (*len > 0) {
		take_body(call, data, *len);
		*len = 0;
		return MHD_YES;
	}
	return answer(call);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct http_server *server = cls;
	struct call *call = *state;

	(void)connection;
	(void)code;
	if (call == NULL) {
		return;
	}
	g_ptr_array_remove_fast(server->waiting, call);
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		g_free(call->args[i]);
	}
	g_string_free(call->body, TRUE);
	g_free(call);
	*state = NULL;
}

bool http_open(struct agent *agent, const char *path, struct http_server **out, GError **error)
{
	struct http_server *server;
	const union MHD_DaemonInfo *info;
	int fd = -1;

	if (!socket_listen(path, &fd, error)) {
		return false;
	}
	server = g_new0(struct http_server, 1);
	server->agent = agent;
	server->path = g_strdup(path);
	server->waiting = g_ptr_array_new();
	server->streams = g_ptr_array_new();
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_TIMEOUT, MHD_OPTION_END);
	if (server->daemon == NULL) {
		close(fd);
		http_close(server);
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "cannot serve '%s'", path);
	}
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	server->epoll = g_unix_fd_add(info->epoll_fd, G_IO_IN, on_ready, server);
	agent->watch = (struct agent_watch){on_entry, look_at_waiting, server};
	*out = server;
	return true;
}

void http_close(struct http_server *server)
{
	if (server == NULL) {
		return;
	}
	g_clear_handle_id(&server->tick, g_source_remove);
	g_clear_handle_id(&server->timer, g_source_remove);
	g_clear_handle_id(&server->epoll, g_source_remove);
	memset(&server->agent->watch, 0, sizeof(server->agent->watch));
	for (unsigned i = 0; i < server->streams->len; i++) {
		struct stream *stream = g_ptr_array_index(server->streams, i);

		if (stream->parked) {
			MHD_resume_connection(stream->connection);
		}
		stream->broken = true;
	}
	while (server->waiting->len > 0) {
		unpark(server, g_ptr_array_index(server->waiting, 0));
	}
	g_clear_handle_id(&server->timer, g_source_remove);
	if (server->daemon != NULL) {
		MHD_run(server->daemon);
		MHD_stop_daemon(server->daemon);
	}
	g_unlink(server->path);
	g_ptr_array_unref(server->waiting);
	g_ptr_array_unref(server->streams);
	g_free(server->path);
	g_free(server);
}
