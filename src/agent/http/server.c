/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Unix socket, and those who wait on it. */
#include "agent/http/server.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/http/listener.h"
#include "agent/http/routes.h"
#include "agent/http/socket.h"
#include "agent/http/web.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#define STREAM_MAX ((size_t)4 << 20) /* unread bytes; a reader that slow is cut off */

struct http_server {
	struct agent *agent;
	char *path;
	struct listener *socket;
	struct web *web, *next; /* serves; is prepared */
	struct web *draining;	/* serves those who came before a change */
	guint drain_timer;
	guint tick;
	GPtrArray *waiting; /* struct call that is parked */
	GPtrArray *streams; /* struct stream */
};

struct stream {
	struct http_server *server;
	struct listener *listener;
	struct MHD_Connection *connection;
	GString *unread;
	bool parked, broken;
};

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
	listener_wake(call->listener, call->connection);
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
	return listener_user(call->listener);
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
	stream->listener = call->listener;
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
			listener_wake(stream->listener, stream->connection);
		}
	}
}

static bool is_welcome(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL && socket_peer_is_ours(info->connect_fd);
}

static void answer(struct call *call)
{
	if (!is_welcome(call->connection)) {
		call_fail(call, MHD_HTTP_FORBIDDEN, "forbidden", "this socket is another user's",
			  "run the command as the user whose agent it is, or as root");
	} else if (call->too_large || call->overloaded) {
		call_fail(call, MHD_HTTP_CONTENT_TOO_LARGE, "limit", "the request is too large",
			  NULL);
	} else if (call->waits) {
		routes_rested(call);
	} else {
		routes_handle(call);
	}
}

static void ended(struct call *call, bool complete)
{
	(void)complete;
	g_ptr_array_remove_fast(server_of(call)->waiting, call);
}

static const struct listener_kind socket_kind = {.answer = answer, .ended = ended};

static bool open_socket(struct http_server *server, const char *path, GError **error)
{
	const struct MHD_OptionItem options[] = {
		{MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT, HTTP_TIMEOUT, NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	struct listener_setup setup = {
		.kind = &socket_kind, .agent = server->agent, .user = server, .options = options};

	if (!socket_listen(path, &setup.fd, error)) {
		return false;
	}
	server->path = g_strdup(path);
	if (!listener_open(&setup, &server->socket, error)) {
		close(setup.fd);
		return fail_prefix(error, "cannot serve '%s'", path);
	}
	listener_serve(server->socket);
	return true;
}

static gboolean on_drained(void *data)
{
	struct http_server *server = data;

	if (!web_is_idle(server->draining)) {
		return G_SOURCE_CONTINUE;
	}
	g_clear_pointer(&server->draining, web_close);
	server->drain_timer = 0;
	return G_SOURCE_REMOVE;
}

bool http_prepare(struct http_server *server, const struct conf *conf, GError **error)
{
	return conf->http == NULL ||
	       web_open(server->agent, conf, server->web, &server->next, error);
}

void http_commit(struct http_server *server, bool take)
{
	if (!take) {
		g_clear_pointer(&server->next, web_close);
		return;
	}
	if (server->web != NULL) {
		web_close(server->draining);
		server->draining = server->web;
		web_drain(server->draining, server->next);
		if (server->drain_timer == 0) {
			server->drain_timer = g_timeout_add_seconds(1, on_drained, server);
		}
	}
	server->web = g_steal_pointer(&server->next);
	if (server->web != NULL) {
		web_serve(server->web);
	}
}

bool http_open(struct agent *agent, const char *path, struct http_server **out, GError **error)
{
	struct http_server *server = g_new0(struct http_server, 1);

	server->agent = agent;
	server->waiting = g_ptr_array_new();
	server->streams = g_ptr_array_new();
	if (!open_socket(server, path, error) || !http_prepare(server, agent->conf, error)) {
		http_close(server);
		return false;
	}
	http_commit(server, true);
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
	g_clear_handle_id(&server->drain_timer, g_source_remove);
	web_close(server->draining);
	web_close(server->next);
	web_close(server->web);
	listener_close(server->socket);
	if (server->path != NULL) {
		g_unlink(server->path);
	}
	g_ptr_array_unref(server->waiting);
	g_ptr_array_unref(server->streams);
	g_free(server->path);
	g_free(server);
}
