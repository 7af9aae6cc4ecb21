/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libmicrohttpd in a main loop. */
#include "agent/http/listener.h"

#include <glib-unix.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/http/server.h"
#include "base/error.h"
#include "base/log.h"

#define BODIES_MAX ((size_t)32 << 20) /* of all calls at once */
#define BODY_SMALL ((size_t)64 << 10) /* always has room, and connections are limited */
#define DISCARD_MAX ((size_t)1 << 20) /* of a body that is too large anyway */

struct listener {
	const struct listener_kind *kind;
	struct agent *agent;
	void *user;
	struct MHD_Daemon *daemon;
	GMainContext *context;
	GSource *epoll, *timer; /* NULL: none */
	char *trouble;		/* before it has started */
	size_t bodies;		/* bytes, of all calls */
};

static void arm(struct listener *listener);

static void drop_source(GSource **source)
{
	if (*source != NULL) {
		g_source_destroy(*source);
		g_clear_pointer(source, g_source_unref);
	}
}

static unsigned connections(const struct listener *listener)
{
	return MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
		->num_connections;
}

static void run_daemon(struct listener *listener)
{
	unsigned before;

	/* With all connections in use libmicrohttpd no longer listens, and begins again at its next
	 * turn: who waits there would wait for somebody else's event. */
	do {
		before = connections(listener);
		MHD_run(listener->daemon);
	} while (connections(listener) < before);
	arm(listener);
}

static gboolean on_ready(gint fd, GIOCondition condition, void *data)
{
	(void)fd;
	(void)condition;
	run_daemon(data);
	return G_SOURCE_CONTINUE;
}

static gboolean on_timer(void *data)
{
	struct listener *listener = data;

	drop_source(&listener->timer);
	run_daemon(listener);
	return G_SOURCE_REMOVE;
}

static void set_timer(struct listener *listener, guint wait)
{
	drop_source(&listener->timer);
	listener->timer = g_timeout_source_new(wait);
	g_source_set_callback(listener->timer, on_timer, listener, NULL);
	g_source_attach(listener->timer, listener->context);
}

static void arm(struct listener *listener)
{
	MHD_UNSIGNED_LONG_LONG wait = 0;

	drop_source(&listener->timer);
	if (MHD_get_timeout(listener->daemon, &wait) == MHD_YES) {
		set_timer(listener, (guint)MIN(wait, 60000));
	}
}

void listener_wake(struct listener *listener, struct MHD_Connection *connection)
{
	MHD_resume_connection(connection);
	/* Without threads nothing else tells libmicrohttpd, and a timer that runs already is for
	 * somebody else's time-out. */
	set_timer(listener, 0);
}

void *listener_user(const struct listener *listener)
{
	return listener->user;
}

static enum MHD_Result on_admit(void *cls, const struct sockaddr *address, socklen_t len)
{
	struct listener *listener = cls;

	(void)len;
	return listener->kind->admit == NULL || listener->kind->admit(listener->user, address)
		       ? MHD_YES
		       : MHD_NO;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **visit,
			  enum MHD_ConnectionNotificationCode code)
{
	struct listener *listener = cls;
	const union MHD_ConnectionInfo *info;
	int fd;

	if (code == MHD_CONNECTION_NOTIFY_STARTED && listener->kind->enter != NULL) {
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		fd = info->connect_fd;
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
		*visit = listener->kind->enter(listener->user, fd, info->client_addr);
	} else if (code == MHD_CONNECTION_NOTIFY_CLOSED && listener->kind->leave != NULL &&
		   *visit != NULL) {
		listener->kind->leave(listener->user, *visit);
		*visit = NULL;
	}
}

static struct call *call_new(struct listener *listener, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct call *call = g_new0(struct call, 1);

	call->agent = listener->agent;
	call->listener = listener;
	call->connection = connection;
	call->visit = info->socket_context;
	call->body = g_string_new(NULL);
	call->body_max = HTTP_BODY_MAX;
	return call;
}

static void call_free(struct call *call)
{
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		g_free(call->args[i]);
	}
	g_clear_pointer(&call->headers, g_ptr_array_unref);
	g_clear_pointer(&call->response, MHD_destroy_response);
	call->listener->bodies -= call->body->len;
	g_free(call->why);
	g_string_free(call->body, TRUE);
	g_free(call);
}

static enum MHD_Result take_body(struct call *call, const char *data, size_t len)
{
	size_t *bodies = &call->listener->bodies;

	call->overloaded |= *bodies + len > BODIES_MAX && call->body->len + len > BODY_SMALL;
	call->too_large |= call->body->len + len > call->body_max;
	if (call->too_large || call->overloaded) {
		call->discarded += len;
		return call->discarded > DISCARD_MAX ? MHD_NO : MHD_YES;
	}
	g_string_append_len(call->body, data, (gssize)len);
	*bodies += len;
	return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *len, void **state)
{
	struct listener *listener = cls;
	struct call *call = *state;

	if (call == NULL) {
		call = *state = call_new(listener, connection);
		call->url = url;
		call->method = method;
		call->version = version;
		call->sent = MHD_YES;
		if (listener->kind->begin != NULL) {
			listener->kind->begin(call);
		}
		return call->sent;
	}
	if (*len > 0) {
		size_t n = *len;

		*len = 0;
		return take_body(call, data, n);
	}
	call->sent = MHD_NO;
	listener->kind->answer(call);
	return call->sent;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct listener *listener = cls;
	struct call *call = *state;

	(void)connection;
	if (call == NULL) {
		return;
	}
	if (listener->kind->ended != NULL) {
		listener->kind->ended(call, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	}
	call_do_after(call);
	call_free(call);
	*state = NULL;
}

/* A NUL in a path or argument would hide what stands behind it: such a text stays as it came. */
static size_t unescape(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strstr(text, "%00") != NULL ? strlen(text) : MHD_http_unescape(text);
}

G_GNUC_PRINTF(2, 0)
static void on_trouble(void *cls, const char *format, va_list args)
{
	struct listener *listener = cls;
	char text[512];
	int n;

	n = vsnprintf(text, sizeof(text), format, args);
	while (n > 0 && (size_t)n < sizeof(text) && text[n - 1] == '\n') {
		text[--n] = '\0';
	}
	if (listener->daemon == NULL) { // the last one says why it does not start
		g_free(listener->trouble);
		listener->trouble = g_strdup(text);
	} else {
		log_event(EV_DEBUG, NULL, NULL, "libmicrohttpd: %s", text);
	}
}

static void listener_free(struct listener *listener)
{
	g_free(listener->trouble);
	g_free(listener);
}

bool listener_open(const struct listener_setup *setup, struct listener **out, GError **error)
{
	static const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	struct listener *listener = g_new0(struct listener, 1);

	listener->kind = setup->kind;
	listener->agent = setup->agent;
	listener->user = setup->user;
	listener->context = setup->context;
	listener->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | setup->flags, 0,
		on_admit, listener, on_request, listener, MHD_OPTION_EXTERNAL_LOGGER, on_trouble,
		listener, MHD_OPTION_LISTEN_SOCKET, setup->fd, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, listener, MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener,
		MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_ARRAY,
		setup->options != NULL ? setup->options : none, MHD_OPTION_END);
	if (listener->daemon == NULL) {
		fail(error, BASE_ERROR, BASE_ERROR_FAILED, "libmicrohttpd does not start: %s",
		     listener->trouble != NULL ? listener->trouble : "it does not say why");
		listener_free(listener);
		return false;
	}
	*out = listener;
	return true;
}

void listener_serve(struct listener *listener)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	listener->epoll = g_unix_fd_source_new(info->epoll_fd, G_IO_IN);
	g_source_set_callback(listener->epoll, G_SOURCE_FUNC(on_ready), listener, NULL);
	g_source_attach(listener->epoll, listener->context);
}

void listener_drain(struct listener *listener)
{
	int fd = MHD_quiesce_daemon(listener->daemon);

	if (fd >= 0) {
		close(fd);
	}
}

void listener_close(struct listener *listener)
{
	if (listener == NULL) {
		return;
	}
	drop_source(&listener->epoll);
	MHD_run(listener->daemon);
	MHD_stop_daemon(listener->daemon);
	drop_source(&listener->timer);
	listener_free(listener);
}
