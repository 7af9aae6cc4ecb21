/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Follows logind and screen savers. */
#include "desktop/lock.h"

#include <gio/gio.h>
#include <string.h>

#include "base/log.h"

#define QUESTION_TIME 3000 /* milliseconds */
#define LOGIN_NAME "org.freedesktop.login1"
#define LOGIN_PATH "/org/freedesktop/login1"
#define PROPERTIES "org.freedesktop.DBus.Properties"

struct saver {
	const char *name, *path, *interface;
};
static const struct saver savers[] = {
	{"org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver",
	 "org.freedesktop.ScreenSaver"},
	{"org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver"},
};
#define SAVERS G_N_ELEMENTS(savers)
#define LOGIN SAVERS /* the index of logind's word */

struct lock {
	void (*changed)(bool locked, void *user);
	void *user;
	GCancellable *cancel;
	GDBusConnection *session, *system;
	guint watches[SAVERS + 1], signals[SAVERS + 1];
	bool says[SAVERS + 1];
	bool locked;
};

/* A question and whom it was put to. */
struct question {
	struct lock *lock;
	size_t which;
};

static struct question *question_new(struct lock *lock, size_t which)
{
	struct question *q = g_new0(struct question, 1);

	q->lock = lock;
	q->which = which;
	return q;
}

static void note(struct lock *lock, size_t which, bool says)
{
	bool locked = false;

	lock->says[which] = says;
	for (size_t i = 0; i <= SAVERS; i++) {
		locked |= lock->says[i];
	}
	if (locked != lock->locked) {
		lock->locked = locked;
		log_event(EV_DESKTOP, NULL, NULL, "the session is %s",
			  locked ? "locked" : "unlocked");
		lock->changed(locked, lock->user);
	}
}

/* NULL when there is no answer; *gone when there is nobody to take it any more. */
static GVariant *answer_of(GObject *source, GAsyncResult *result, bool *gone)
{
	g_autoptr(GError) error = NULL;
	GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	*gone = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	return answer;
}

/* Screen savers. */

static void on_active(GDBusConnection *bus, const char *sender, const char *path,
		      const char *interface, const char *name, GVariant *parameters, void *data)
{
	struct question *q = data;
	gboolean active;

	if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(b)"))) {
		g_variant_get(parameters, "(b)", &active);
		note(q->lock, q->which, active);
	}
}

static void on_active_answer(GObject *source, GAsyncResult *result, void *data)
{
	g_autofree struct question *q = data;
	bool gone;
	g_autoptr(GVariant) answer = answer_of(source, result, &gone);
	gboolean active;

	if (!gone && answer != NULL) {
		g_variant_get(answer, "(b)", &active);
		note(q->lock, q->which, active);
	}
}

static void drop_signals(struct lock *lock, size_t which, GDBusConnection *bus)
{
	if (lock->signals[which] != 0) {
		g_dbus_connection_signal_unsubscribe(bus, lock->signals[which]);
		lock->signals[which] = 0;
	}
}

static void on_saver(GDBusConnection *bus, const char *name, const char *owner, void *data)
{
	const struct question *q = data;
	const struct saver *saver = &savers[q->which];

	drop_signals(q->lock, q->which, bus);
	q->lock->signals[q->which] = g_dbus_connection_signal_subscribe(
		bus, owner, saver->interface, "ActiveChanged", NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
		on_active, question_new(q->lock, q->which), g_free);
	g_dbus_connection_call(bus, owner, saver->path, saver->interface, "GetActive", NULL,
			       G_VARIANT_TYPE("(b)"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
			       QUESTION_TIME, q->lock->cancel, on_active_answer,
			       question_new(q->lock, q->which));
}

static void on_saver_gone(GDBusConnection *bus, const char *name, void *data)
{
	const struct question *q = data;

	if (bus != NULL) {
		drop_signals(q->lock, q->which, bus);
	}
	note(q->lock, q->which, false);
}

/* logind. */

static void on_properties(GDBusConnection *bus, const char *sender, const char *path,
			  const char *interface, const char *name, GVariant *parameters, void *user)
{
	g_autoptr(GVariant) changed = NULL;
	struct lock *lock = user;
	gboolean hint;

	if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(sa{sv}as)"))) {
		return;
	}
	changed = g_variant_get_child_value(parameters, 1);
	if (g_variant_lookup(changed, "LockedHint", "b", &hint)) {
		note(lock, LOGIN, hint);
	}
}

static void on_hint(GObject *source, GAsyncResult *result, void *user)
{
	bool gone;
	g_autoptr(GVariant) answer = answer_of(source, result, &gone);
	g_autoptr(GVariant) value = NULL;

	if (!gone && answer != NULL) {
		g_variant_get(answer, "(v)", &value);
		if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN)) {
			note(user, LOGIN, g_variant_get_boolean(value));
		}
	}
}

static void follow_session(struct lock *lock, const char *path)
{
	drop_signals(lock, LOGIN, lock->system);
	lock->signals[LOGIN] = g_dbus_connection_signal_subscribe(
		lock->system, LOGIN_NAME, PROPERTIES, "PropertiesChanged", path,
		"org.freedesktop.login1.Session", G_DBUS_SIGNAL_FLAGS_NONE, on_properties, lock,
		NULL);
	g_dbus_connection_call(
		lock->system, LOGIN_NAME, path, PROPERTIES, "Get",
		g_variant_new("(ss)", "org.freedesktop.login1.Session", "LockedHint"),
		G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, QUESTION_TIME, lock->cancel,
		on_hint, lock);
}

static void on_session(GObject *source, GAsyncResult *result, void *user)
{
	bool gone;
	g_autoptr(GVariant) answer = answer_of(source, result, &gone);
	const char *path;

	if (!gone && answer != NULL) {
		g_variant_get(answer, "(&o)", &path);
		follow_session(user, path);
	}
}

/* A program of the user's manager is in no session: the one with the user's display counts. */
static void on_display(GObject *source, GAsyncResult *result, void *user)
{
	bool gone;
	g_autoptr(GVariant) answer = answer_of(source, result, &gone);
	g_autoptr(GVariant) value = NULL;
	const char *path;

	if (gone || answer == NULL) {
		return;
	}
	g_variant_get(answer, "(v)", &value);
	if (g_variant_is_of_type(value, G_VARIANT_TYPE("(so)"))) {
		g_variant_get(value, "(&s&o)", NULL, &path);
		if (strcmp(path, "/") != 0) {
			follow_session(user, path);
		}
	}
}

static void on_login(GDBusConnection *bus, const char *name, const char *owner, void *user)
{
	const char *id = g_getenv("XDG_SESSION_ID");
	struct lock *lock = user;

	if (id != NULL && id[0] != '\0') {
		g_dbus_connection_call(bus, LOGIN_NAME, LOGIN_PATH,
				       "org.freedesktop.login1.Manager", "GetSession",
				       g_variant_new("(s)", id), G_VARIANT_TYPE("(o)"),
				       G_DBUS_CALL_FLAGS_NO_AUTO_START, QUESTION_TIME, lock->cancel,
				       on_session, lock);
	} else {
		g_dbus_connection_call(
			bus, LOGIN_NAME, LOGIN_PATH "/user/self", PROPERTIES, "Get",
			g_variant_new("(ss)", "org.freedesktop.login1.User", "Display"),
			G_VARIANT_TYPE("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, QUESTION_TIME,
			lock->cancel, on_display, lock);
	}
}

static void on_login_gone(GDBusConnection *bus, const char *name, void *user)
{
	struct lock *lock = user;

	if (bus != NULL) {
		drop_signals(lock, LOGIN, bus);
	}
	/* It says nothing, so its last word holds until it is back: a lock is not lifted by that.
	 */
}

static void on_session_bus(GObject *source, GAsyncResult *result, void *user)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_bus_get_finish(result, &error);
	struct lock *lock = user;

	if (bus == NULL) {
		return; // the notification server needs it, too, and tells
	}
	lock->session = bus;
	g_dbus_connection_set_exit_on_close(bus, FALSE);
	for (size_t i = 0; i < SAVERS; i++) {
		lock->watches[i] = g_bus_watch_name_on_connection(
			bus, savers[i].name, G_BUS_NAME_WATCHER_FLAGS_NONE, on_saver, on_saver_gone,
			question_new(lock, i), g_free);
	}
}

static void on_system_bus(GObject *source, GAsyncResult *result, void *user)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *bus = g_bus_get_finish(result, &error);
	struct lock *lock = user;

	if (bus == NULL) {
		if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
			log_event(EV_DESKTOP, NULL, NULL, "no system bus, so logind is not asked");
		}
		return;
	}
	lock->system = bus;
	g_dbus_connection_set_exit_on_close(bus, FALSE);
	lock->watches[LOGIN] =
		g_bus_watch_name_on_connection(bus, LOGIN_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
					       on_login, on_login_gone, lock, NULL);
}

struct lock *lock_new(void (*changed)(bool locked, void *user), void *user)
{
	struct lock *lock = g_new0(struct lock, 1);

	lock->changed = changed;
	lock->user = user;
	lock->cancel = g_cancellable_new();
	g_bus_get(G_BUS_TYPE_SESSION, lock->cancel, on_session_bus, lock);
	g_bus_get(G_BUS_TYPE_SYSTEM, lock->cancel, on_system_bus, lock);
	return lock;
}

void lock_free(struct lock *lock)
{
	if (lock == NULL) {
		return;
	}
	g_cancellable_cancel(lock->cancel);
	for (size_t i = 0; i <= SAVERS; i++) {
		GDBusConnection *bus = i == LOGIN ? lock->system : lock->session;

		if (bus != NULL) {
			drop_signals(lock, i, bus);
			g_clear_handle_id(&lock->watches[i], g_bus_unwatch_name);
		}
	}
	g_clear_object(&lock->session);
	g_clear_object(&lock->system);
	g_object_unref(lock->cancel);
	g_free(lock);
}
