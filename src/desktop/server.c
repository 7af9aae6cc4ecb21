/* SPDX-License-Identifier: GPL-3.0-or-later */
/* org.freedesktop.Notifications, without waiting. */
#include "desktop/server.h"

#include <gio/gio.h>
#include <libnotify/notify.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"
#define QUESTION_TIME 5000 /* milliseconds */
#define SILENCE_TIME 10	   /* seconds */
#define STOP_TIME 1000	   /* milliseconds */
#define BUS_RETRY 30	   /* seconds */
#define TOKENS 16	   /* that are remembered */

struct server {
	server_event_fn event;
	void *user;
	GCancellable *cancel;
	GDBusConnection *bus; /* NULL: none yet */
	char *owner;	      /* of the name; NULL: nobody */
	bool ready;	      /* its capabilities are known */
	unsigned generation;  /* of owners */
	guint watch, signals, retry, silence, stop_timer;
	gulong closed;
	unsigned under_way; /* Notify calls */
	bool told_silent, told_no_bus;
	GQueue tokens; /* struct token, newest first */
	void (*stopped)(void *user);
	void *stopped_user;
};

struct token {
	uint32_t id;
	char *text;
};

/* A call and what it was about. */
struct shown {
	struct server *server;
	unsigned generation;
	char *key;
};

static void connect_bus(struct server *s);

static void token_free(void *data)
{
	struct token *token = data;

	g_free(token->text);
	g_free(token);
}

static void report(struct server *s, enum alert_event_kind kind, const char *key, uint32_t id,
		   const char *text)
{
	struct alert_event event = {.kind = kind, .key = key, .id = id, .text = text};

	s->event(&event, s->user);
}

static bool was_cancelled(const GError *error)
{
	return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Signals. */

static void keep_token(struct server *s, uint32_t id, const char *text)
{
	struct token *token = g_new0(struct token, 1);

	token->id = id;
	token->text = g_strdup(text);
	g_queue_push_head(&s->tokens, token);
	while (g_queue_get_length(&s->tokens) > TOKENS) {
		token_free(g_queue_pop_tail(&s->tokens));
	}
}

char *server_take_token(struct server *s, uint32_t id)
{
	for (GList *l = s->tokens.head; l != NULL; l = l->next) {
		struct token *token = l->data;

		if (token->id == id) {
			char *text = g_steal_pointer(&token->text);

			g_queue_delete_link(&s->tokens, l);
			token_free(token);
			return text;
		}
	}
	return NULL;
}

static void on_signal(GDBusConnection *bus, const char *sender, const char *path,
		      const char *interface, const char *name, GVariant *parameters, void *user)
{
	struct server *s = user;
	const char *text = NULL;
	uint32_t id = 0, why = 0;

	if (!s->ready) {
		return;
	}
	if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(uu)"))) {
		g_variant_get(parameters, "(uu)", &id, &why);
	} else if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(us)"))) {
		g_variant_get(parameters, "(u&s)", &id, &text);
	} else {
		return;
	}
	if (strcmp(name, "NotificationClosed") == 0 && text == NULL) {
		report(s, ALERT_CLOSED, NULL, id, NULL);
	} else if (strcmp(name, "ActionInvoked") == 0 && text != NULL) {
		report(s, ALERT_ACTION, NULL, id, text);
	} else if (strcmp(name, "NotificationReplied") == 0 && text != NULL) {
		report(s, ALERT_REPLIED, NULL, id, text);
	} else if (strcmp(name, "ActivationToken") == 0 && text != NULL) {
		keep_token(s, id, text);
	}
}

/* Who owns the name, and what they can do. */

static void take_caps(struct server *s, GVariant *answer)
{
	g_autoptr(GVariant) list = g_variant_get_child_value(answer, 0);
	g_autofree const char **caps = g_variant_get_strv(list, NULL);
	struct alert_event event = {.kind = ALERT_SERVER};

	event.caps.actions = g_strv_contains(caps, "actions");
	event.caps.body = g_strv_contains(caps, "body");
	event.caps.markup = g_strv_contains(caps, "body-markup");
	event.caps.inline_reply = g_strv_contains(caps, "inline-reply");
	s->ready = true;
	s->event(&event, s->user);
}

static void ask_caps(struct server *s);

static gboolean on_ask_again(void *user)
{
	struct server *s = user;

	s->retry = 0;
	if (s->bus == NULL) {
		connect_bus(s);
	} else if (s->owner != NULL && !s->ready) {
		ask_caps(s);
	}
	return G_SOURCE_REMOVE;
}

static void again_later(struct server *s)
{
	if (s->retry == 0) {
		s->retry = g_timeout_add_seconds(BUS_RETRY, on_ask_again, s);
	}
}

static void on_caps(GObject *source, GAsyncResult *result, void *data)
{
	struct shown *call = data;
	struct server *s = call->server;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (answer == NULL && was_cancelled(error)) {
		g_free(call);
		return;
	}
	if (call->generation == s->generation && answer != NULL) {
		take_caps(s, answer);
	} else if (call->generation == s->generation) {
		log_event(EV_DESKTOP_FAILED, NULL, NULL,
			  "the notification server does not say what it can do: %s",
			  error->message);
		again_later(s);
	}
	g_free(call);
}

static void ask_caps(struct server *s)
{
	struct shown *call = g_new0(struct shown, 1);

	call->server = s;
	call->generation = s->generation;
	g_dbus_connection_call(s->bus, s->owner, PATH, NAME, "GetCapabilities", NULL,
			       G_VARIANT_TYPE("(as)"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
			       QUESTION_TIME, s->cancel, on_caps, call);
}

static void on_vanished(GDBusConnection *bus, const char *name, void *user)
{
	struct server *s = user;

	if (s->owner == NULL) {
		return;
	}
	if (s->signals != 0) {
		g_dbus_connection_signal_unsubscribe(s->bus, s->signals);
		s->signals = 0;
	}
	g_clear_pointer(&s->owner, g_free);
	s->generation++;
	s->under_way = 0;
	s->told_silent = false;
	g_clear_handle_id(&s->silence, g_source_remove);
	if (s->ready) {
		s->ready = false;
		log_event(EV_DESKTOP, NULL, NULL, "the notification server is gone");
		report(s, ALERT_SERVER_GONE, NULL, 0, NULL);
	}
}

static void on_appeared(GDBusConnection *bus, const char *name, const char *owner, void *user)
{
	struct server *s = user;

	on_vanished(bus, name, s); // one may have followed the other
	s->owner = g_strdup(owner);
	s->signals = g_dbus_connection_signal_subscribe(
		bus, owner, NAME, NULL, PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, s, NULL);
	log_event(EV_DESKTOP, NULL, NULL, "there is a notification server");
	ask_caps(s);
}

/* The bus. */

static void drop_bus(struct server *s)
{
	if (s->bus == NULL) {
		return;
	}
	on_vanished(s->bus, NAME, s);
	g_clear_handle_id(&s->watch, g_bus_unwatch_name);
	g_signal_handler_disconnect(s->bus, s->closed);
	g_clear_object(&s->bus);
}

static void on_bus_closed(GDBusConnection *bus, gboolean remote, GError *error, void *user)
{
	struct server *s = user;

	drop_bus(s);
	again_later(s);
}

static void on_bus(GObject *source, GAsyncResult *result, void *user)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_bus_get_finish(result, &error);
	struct server *s = user;

	if (bus == NULL) {
		if (was_cancelled(error)) {
			return;
		}
		if (!s->told_no_bus) { // a host without a desktop: once is enough
			log_event(EV_DESKTOP_FAILED, NULL, NULL, "there is no session bus: %s",
				  error->message);
		}
		s->told_no_bus = true;
		again_later(s);
		return;
	}
	s->bus = bus;
	s->told_no_bus = false;
	g_dbus_connection_set_exit_on_close(bus, FALSE);
	s->closed = g_signal_connect(bus, "closed", G_CALLBACK(on_bus_closed), s);
	s->watch = g_bus_watch_name_on_connection(bus, NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
						  on_appeared, on_vanished, s, NULL);
}

static void connect_bus(struct server *s)
{
	g_bus_get(G_BUS_TYPE_SESSION, s->cancel, on_bus, s);
}

struct server *server_new(server_event_fn event, void *user)
{
	struct server *s = g_new0(struct server, 1);

	s->event = event;
	s->user = user;
	s->cancel = g_cancellable_new();
	g_queue_init(&s->tokens);
	(void)notify_init("Assent"); // no call: libnotify connects when it is to show something
	connect_bus(s);
	return s;
}

void server_free(struct server *s)
{
	if (s == NULL) {
		return;
	}
	g_cancellable_cancel(s->cancel);
	s->ready = false; // nobody is told any more
	drop_bus(s);
	g_clear_handle_id(&s->retry, g_source_remove);
	g_clear_handle_id(&s->stop_timer, g_source_remove);
	g_queue_clear_full(&s->tokens, token_free);
	g_object_unref(s->cancel);
	notify_uninit();
	/* Callbacks of what was cancelled come from the loop, which does not run any more. */
	g_free(s);
}

/* Showing. */

static gboolean on_silence(void *user)
{
	struct server *s = user;

	s->silence = 0;
	s->told_silent = true;
	log_event(EV_DESKTOP_FAILED, NULL, NULL,
		  "the notification server does not answer; what waits is shown when it does");
	return G_SOURCE_REMOVE;
}

static void watch_silence(struct server *s)
{
	if (s->under_way == 0) {
		g_clear_handle_id(&s->silence, g_source_remove);
		s->told_silent = false;
	} else if (s->silence == 0 && !s->told_silent) {
		s->silence = g_timeout_add_seconds(SILENCE_TIME, on_silence, s);
	}
}

static void on_shown(GObject *source, GAsyncResult *result, void *data)
{
	struct shown *call = data;
	struct server *s = call->server;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	uint32_t id = 0;

	if (answer != NULL) {
		g_variant_get(answer, "(u)", &id);
	}
	if ((answer != NULL || !was_cancelled(error)) && call->generation == s->generation) {
		s->under_way--;
		watch_silence(s);
		if (id != 0) {
			report(s, ALERT_SHOWN, call->key, id, NULL);
		} else {
			log_event(EV_DESKTOP_FAILED, NULL, NULL, "a notification was not taken: %s",
				  error != NULL ? error->message : "it has no number");
			report(s, ALERT_NOT_SHOWN, call->key, 0, NULL);
		}
	}
	g_free(call->key);
	g_free(call);
}

static GVariant *hints_of(const struct words *words)
{
	static const guint8 urgencies[] = {[URGENCY_LOW] = NOTIFY_URGENCY_LOW,
					   [URGENCY_NORMAL] = NOTIFY_URGENCY_NORMAL,
					   [URGENCY_CRITICAL] = NOTIFY_URGENCY_CRITICAL};
	GVariantBuilder hints;

	g_variant_builder_init(&hints, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&hints, "{sv}", "urgency",
			      g_variant_new_byte(urgencies[words->urgency]));
	g_variant_builder_add(&hints, "{sv}", "category", g_variant_new_string(words->category));
	g_variant_builder_add(&hints, "{sv}", "desktop-entry",
			      g_variant_new_string("assent-desktop"));
	g_variant_builder_add(&hints, "{sv}", "sender-pid", g_variant_new_int64(getpid()));
	if (words->stays && words->actions != NULL && words->actions[0] != NULL) {
		g_variant_builder_add(&hints, "{sv}", "resident", g_variant_new_boolean(TRUE));
	}
	return g_variant_builder_end(&hints);
}

void server_show(struct server *s, const char *key, uint32_t replaces, const struct words *words)
{
	static const char *const none[] = {NULL};
	const char *const *actions =
		words->actions != NULL ? (const char *const *)words->actions : none;
	struct shown *call;

	if (!s->ready) {
		return; // it has just gone, and that is told
	}
	call = g_new0(struct shown, 1);
	call->server = s;
	call->generation = s->generation;
	call->key = g_strdup(key);
	s->under_way++;
	watch_silence(s);
	g_dbus_connection_call(
		s->bus, s->owner, PATH, NAME, "Notify",
		g_variant_new("(susss^as@a{sv}i)", notify_get_app_name(), replaces, "assent",
			      words->summary, words->body, actions, hints_of(words),
			      words->stays ? NOTIFY_EXPIRES_NEVER : NOTIFY_EXPIRES_DEFAULT),
		G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, s->cancel,
		on_shown, call);
}

void server_close(struct server *s, uint32_t id)
{
	if (s->ready) {
		g_dbus_connection_call(
			s->bus, s->owner, PATH, NAME, "CloseNotification", g_variant_new("(u)", id),
			NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, QUESTION_TIME, NULL, NULL, NULL);
	}
}

void server_start(struct server *s)
{
	if (s->bus != NULL && s->owner == NULL) {
		g_dbus_connection_call(s->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
				       "org.freedesktop.DBus", "StartServiceByName",
				       g_variant_new("(su)", NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE,
				       QUESTION_TIME, NULL, NULL, NULL);
	}
}

static void end_stop(struct server *s)
{
	g_clear_handle_id(&s->stop_timer, g_source_remove);
	s->stopped(s->stopped_user);
}

static void on_flushed(GObject *source, GAsyncResult *result, void *user)
{
	g_autoptr(GError) error = NULL;

	if (g_dbus_connection_flush_finish(G_DBUS_CONNECTION(source), result, &error) ||
	    !was_cancelled(error)) {
		end_stop(user);
	}
}

static gboolean on_stop_time(void *user)
{
	struct server *s = user;

	s->stop_timer = 0;
	end_stop(s);
	return G_SOURCE_REMOVE;
}

void server_stop(struct server *s, void (*done)(void *user), void *user)
{
	s->stopped = done;
	s->stopped_user = user;
	s->stop_timer = g_timeout_add(STOP_TIME, on_stop_time, s);
	if (s->bus != NULL) {
		g_dbus_connection_flush(s->bus, s->cancel, on_flushed, s);
	} else {
		g_clear_handle_id(&s->stop_timer, g_source_remove);
		s->stop_timer = g_timeout_add(0, on_stop_time, s);
	}
}
