/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slack's Socket Mode, by libsoup's WebSocket in the main loop. */
#include "agent/notify/slack-socket.h"

#include <libsoup/soup.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/log.h"
#include "core/json.h"

#define PING 10	   /* seconds between ours */
#define SILENCE 30 /* seconds without an answer to them: the line is dead */
#define BACKOFF 5  /* seconds, times the failures in a row */
#define BACKOFF_MAX 60
#define URL_MAX 2000

struct slack_socket {
	struct notifier *n;
	const struct shared_secret *token;
	SoupSession *session;
	GCancellable *cancel;
	SoupWebsocketConnection *now, *before; /* before: until the new one is there */
	unsigned request, failures;
	guint timer, watch;
	gint64 heard; /* monotonic */
	bool told;    /* of the failure that lasts */
};

bool slack_socket_is_built(void)
{
	return true;
}

static void ask_address(struct slack_socket *s);

static gboolean on_timer(void *user)
{
	struct slack_socket *s = user;

	s->timer = 0;
	ask_address(s);
	return G_SOURCE_REMOVE;
}

static void drop(SoupWebsocketConnection **connection, struct slack_socket *s)
{
	if (*connection == NULL) {
		return;
	}
	g_signal_handlers_disconnect_by_data(*connection, s);
	if (soup_websocket_connection_get_state(*connection) == SOUP_WEBSOCKET_STATE_OPEN) {
		soup_websocket_connection_close(*connection, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, NULL);
	}
	g_clear_object(connection);
}

/* Later and later, a little by chance, so that many agents do not come at once. */
static void again(struct slack_socket *s, const char *problem)
{
	unsigned pause;

	if (s->timer != 0 || s->request != 0) {
		return;
	}
	if (problem != NULL) {
		if (!s->told) {
			log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s: no socket to Slack: %s",
				  s->n->conf->name, problem);
			s->told = true;
		}
		s->failures++;
	}
	pause = MIN(s->failures * BACKOFF, BACKOFF_MAX) * 1000;
	s->timer = g_timeout_add(pause + (guint)g_random_int_range(0, (gint32)(pause / 4 + 1)),
				 on_timer, s);
}

static void acknowledge(SoupWebsocketConnection *connection, const char *id, const char *payload)
{
	struct json_writer *w = json_writer_new(0);
	g_autoptr(json_doc_auto) doc = NULL;
	autocfree char *text = NULL;
	size_t len;

	json_w_object(w, NULL);
	json_w_str(w, "envelope_id", id);
	if (payload != NULL && json_doc_parse(&doc, payload, strlen(payload), 0, NULL) == 0) {
		json_w_value(w, "payload", json_doc_value(doc));
	}
	json_w_end(w);
	if (json_writer_finish(w, &text, &len, NULL) == 0) {
		soup_websocket_connection_send_text(connection, text);
	}
}

static void take(struct slack_socket *s, SoupWebsocketConnection *connection,
		 struct slack_envelope *e, const char *bytes, size_t len)
{
	struct slack_answer answer = {0};
	g_autoptr(GError) error = g_steal_pointer(&e->problem);

	if (e->callback != NULL && slack_callback_check(e->callback, s->n->conf, &error)) {
		slack_take(s->n, g_steal_pointer(&e->callback), bytes, len, &answer);
	}
	if (error != NULL) {
		log_event(EV_REFUSED, NULL, NULL, "slack: %s: %s", notify_error_names[error->code],
			  error->message);
	}
	if (e->id != NULL) {
		acknowledge(connection, e->id, answer.body);
	}
	slack_answer_clear(&answer);
}

static void on_disconnect(struct slack_socket *s, SoupWebsocketConnection *connection,
			  const char *reason)
{
	if (connection != s->now) {
		return; // it is on its way out already
	}
	if (g_strcmp0(reason, "link_disabled") == 0) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL,
			  "%s: Socket Mode is switched off in the app's settings; no clicks until "
			  "a reload",
			  s->n->conf->name);
		drop(&s->now, s);
		g_clear_handle_id(&s->watch, g_source_remove);
		return;
	}
	/* what is still under way comes by the old one */
	drop(&s->before, s);
	s->before = g_steal_pointer(&s->now);
	again(s, NULL);
}

static void on_message(SoupWebsocketConnection *connection, gint type, GBytes *message, void *user)
{
	struct slack_socket *s = user;
	struct slack_envelope e = {0};
	g_autoptr(GError) error = NULL;
	gsize len;
	const char *text = g_bytes_get_data(message, &len);

	s->heard = g_get_monotonic_time();
	if (type != SOUP_WEBSOCKET_DATA_TEXT || !slack_envelope_read(text, len, &e, &error)) {
		log_event(EV_REFUSED, NULL, NULL, "slack: malformed: %s",
			  error != NULL ? error->message : "the frame is no text");
		return;
	}
	switch (e.type) {
	case SLACK_HELLO:
		s->failures = 0;
		s->told = false;
		log_event(EV_HTTP, NULL, NULL, "%s: Slack's socket is open", s->n->conf->name);
		drop(&s->before, s);
		break;
	case SLACK_DISCONNECT:
		on_disconnect(s, connection, e.reason);
		break;
	case SLACK_ENVELOPE:
		take(s, connection, &e, text, len);
		break;
	}
	slack_envelope_clear(&e);
}

static void on_closed(SoupWebsocketConnection *connection, void *user)
{
	struct slack_socket *s = user;

	if (connection == s->before) {
		drop(&s->before, s);
	} else {
		drop(&s->now, s);
		again(s, "it was closed");
	}
}

static void on_pong(SoupWebsocketConnection *connection, GBytes *message, void *user)
{
	struct slack_socket *s = user;

	(void)connection;
	(void)message;
	s->heard = g_get_monotonic_time();
}

static gboolean on_watch(void *user)
{
	struct slack_socket *s = user;

	if (s->now != NULL && g_get_monotonic_time() - s->heard > SILENCE * G_USEC_PER_SEC) {
		drop(&s->now, s);
		again(s, "nothing was heard of it");
	}
	return G_SOURCE_CONTINUE;
}

static void on_connected(GObject *source, GAsyncResult *result, void *user)
{
	g_autoptr(GError) error = NULL;
	SoupWebsocketConnection *connection =
		soup_session_websocket_connect_finish(SOUP_SESSION(source), result, &error);
	struct slack_socket *s = user; // gone when cancelled

	if (connection == NULL) {
		if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
			again(s, error->message);
		}
		return;
	}
	s->now = connection;
	s->heard = g_get_monotonic_time();
	soup_websocket_connection_set_max_incoming_payload_size(connection, SLACK_BODY_MAX);
	soup_websocket_connection_set_keepalive_interval(connection, PING);
	g_signal_connect(connection, "message", G_CALLBACK(on_message), s);
	g_signal_connect(connection, "closed", G_CALLBACK(on_closed), s);
	g_signal_connect(connection, "pong", G_CALLBACK(on_pong), s);
}

/* The address holds a ticket: it is never told. */
static bool is_socket_url(const struct slack_socket *s, const char *url)
{
	bool near = g_str_has_prefix(s->n->conf->url, "http://");

	return g_str_has_prefix(url, "wss://") ||
	       (near && g_str_has_prefix(url, "ws://127.0.0.1:"));
}

static bool read_address(const struct slack_socket *s, const struct http_received *answer,
			 char **url)
{
	g_autoptr(json_doc_auto) doc = NULL;
	const char *text;
	struct json_obj o;

	if (json_doc_parse(&doc, answer->body, answer->len, JSON_FLOATS, NULL) != 0) {
		return false;
	}
	json_doc_root(doc, &o);
	text = json_str(&o, "url", URL_MAX);
	if (json_doc_status(doc, NULL) != 0 || !is_socket_url(s, text)) {
		return false;
	}
	*url = g_strdup(text);
	return true;
}

static void connect_to(struct slack_socket *s, const char *url)
{
	g_autoptr(SoupMessage) message = soup_message_new(SOUP_METHOD_GET, url);

	if (message == NULL) {
		again(s, "Slack's address is none");
		return;
	}
	soup_session_websocket_connect_async(s->session, message, NULL, NULL, G_PRIORITY_DEFAULT,
					     s->cancel, on_connected, s);
}

static void on_address(const struct http_received *answer, void *user)
{
	struct slack_socket *s = user;
	struct notifier_outcome outcome = {.fate = NOTIFIER_PERMANENT};
	g_autofree char *url = NULL;

	s->request = 0;
	slack_judge(s->n, answer, &outcome);
	if (outcome.fate == NOTIFIER_DELIVERED && read_address(s, answer, &url)) {
		connect_to(s, url);
	} else if (outcome.fate == NOTIFIER_PERMANENT) {
		log_event(EV_NOTIFY_FAILED, NULL, NULL,
			  "%s: no socket to Slack: %s; no clicks until a reload", s->n->conf->name,
			  outcome.problem);
	} else {
		again(s, outcome.problem != NULL ? outcome.problem : "the answer has no address");
	}
	notifier_outcome_clear(&outcome);
}

static void ask_address(struct slack_socket *s)
{
	struct http_send send = {0};

	send.url = http_client_join(s->n->conf->url, "/apps.connections.open");
	send.headers = g_new0(char *, 2);
	send.headers[0] =
		g_strconcat("Authorization: Bearer ", shared_secret_get(s->token, NULL), NULL);
	send.content_type = g_strdup("application/x-www-form-urlencoded");
	send.body = g_strdup("");
	send.ca_file = g_strdup(s->n->conf->ca_file);
	s->request = http_client_send(notify_client(s->n->notify), &send, on_address, s);
	http_send_clear(&send);
}

struct slack_socket *slack_socket_open(struct notifier *n, const struct shared_secret *token)
{
	struct slack_socket *s = g_new0(struct slack_socket, 1);
	g_autoptr(GError) error = NULL;

	s->n = n;
	s->token = token;
	s->cancel = g_cancellable_new();
	s->session = soup_session_new();
	if (n->conf->ca_file != NULL) {
		g_autoptr(GTlsDatabase) trusted = g_tls_file_database_new(n->conf->ca_file, &error);

		if (trusted != NULL) {
			soup_session_set_tls_database(s->session, trusted);
		} else {
			log_event(EV_NOTIFY_FAILED, NULL, NULL, "%s: %s", n->conf->name,
				  error->message);
		}
	}
	s->watch = g_timeout_add_seconds(PING, on_watch, s);
	s->timer = g_idle_add(on_timer, s);
	return s;
}

void slack_socket_close(struct slack_socket *s)
{
	if (s == NULL) {
		return;
	}
	g_cancellable_cancel(s->cancel);
	if (s->request != 0) {
		http_client_cancel(notify_client(s->n->notify), s->request);
	}
	g_clear_handle_id(&s->timer, g_source_remove);
	g_clear_handle_id(&s->watch, g_source_remove);
	drop(&s->now, s);
	drop(&s->before, s);
	g_object_unref(s->session);
	g_object_unref(s->cancel);
	g_free(s);
}
