/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A notification server, a screen saver and a logind, as bad as they are told:
 *
 *	fake-desktop [--caps LIST] [--closing] [--hasty ACTION] [--saver] [--login] >LOG <COMMANDS
 *
 * --closing ends each notification at once; --hasty presses right after the first was shown.
 *
 * It writes a line for each call, and does what is written to it:
 *	press ID ACTION    a token, the action, and the end of the notification
 *	dismiss ID         reply ID TEXT
 *	silent on|off      answers nothing until off, then everything
 *	saver on|off       locked on|off
 */
#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTIFICATIONS "org.freedesktop.Notifications"
#define SESSION_PATH "/org/freedesktop/login1/session/_31"

static const char interfaces[] =
	"<node>"
	"<interface name='org.freedesktop.Notifications'>"
	"<method name='GetCapabilities'><arg type='as' direction='out'/></method>"
	"<method name='GetServerInformation'><arg type='s' direction='out'/>"
	"<arg type='s' direction='out'/><arg type='s' direction='out'/>"
	"<arg type='s' direction='out'/></method>"
	"<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/>"
	"<arg type='s' direction='in'/><arg type='s' direction='in'/>"
	"<arg type='s' direction='in'/><arg type='as' direction='in'/>"
	"<arg type='a{sv}' direction='in'/><arg type='i' direction='in'/>"
	"<arg type='u' direction='out'/></method>"
	"<method name='CloseNotification'><arg type='u' direction='in'/></method>"
	"</interface>"
	"<interface name='org.gnome.ScreenSaver'>"
	"<method name='GetActive'><arg type='b' direction='out'/></method>"
	"</interface>"
	"<interface name='org.freedesktop.login1.Manager'>"
	"<method name='GetSession'><arg type='s' direction='in'/>"
	"<arg type='o' direction='out'/></method>"
	"</interface>"
	"<interface name='org.freedesktop.login1.User'>"
	"<property name='Display' type='(so)' access='read'/>"
	"</interface>"
	"<interface name='org.freedesktop.login1.Session'>"
	"<property name='LockedHint' type='b' access='read'/>"
	"</interface>"
	"</node>";

static struct fake {
	GDBusConnection *bus;
	GMainLoop *loop;
	char **caps;
	const char *hasty;
	bool closing, saver, login, silent, active, locked;
	GPtrArray *unanswered; /* GDBusMethodInvocation */
	uint32_t last;
} fake;

G_GNUC_PRINTF(1, 2) static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
}

static void emit(const char *name, GVariant *parameters)
{
	g_dbus_connection_emit_signal(fake.bus, NULL, "/org/freedesktop/Notifications",
				      NOTIFICATIONS, name, parameters, NULL);
}

static void press(uint32_t id, const char *action)
{
	g_autofree char *token = g_strdup_printf("token-%u", id);

	emit("ActivationToken", g_variant_new("(us)", id, token));
	emit("ActionInvoked", g_variant_new("(us)", id, action));
	emit("NotificationClosed", g_variant_new("(uu)", id, 2));
}

static void answer_notify(GDBusMethodInvocation *call)
{
	const char *app, *icon, *summary, *body, *category = "-", *entry = "-";
	g_autoptr(GVariant) hints = NULL;
	g_autofree const char **actions = NULL;
	g_autofree char *list = NULL, *safe = NULL;
	uint32_t replaces, id;
	guchar urgency = 9;
	gboolean resident = FALSE;
	int expires;

	g_variant_get(g_dbus_method_invocation_get_parameters(call), "(&su&s&s&s^a&s@a{sv}i)", &app,
		      &replaces, &icon, &summary, &body, &actions, &hints, &expires);
	g_variant_lookup(hints, "urgency", "y", &urgency);
	g_variant_lookup(hints, "category", "&s", &category);
	g_variant_lookup(hints, "desktop-entry", "&s", &entry);
	g_variant_lookup(hints, "resident", "b", &resident);
	list = g_strjoinv(",", (char **)actions);
	safe = g_strescape(body, NULL);
	id = replaces != 0 ? replaces : ++fake.last;
	say("notify %u replaces=%u urgency=%d expires=%d resident=%d category=%s entry=%s app=%s "
	    "[%s] [%s] [%s]\n",
	    id, replaces, urgency, expires, resident, category, entry, app, summary, safe, list);
	g_dbus_method_invocation_return_value(call, g_variant_new("(u)", id));
	if (fake.hasty != NULL) {
		press(id, g_steal_pointer(&fake.hasty));
	}
	if (fake.closing) {
		emit("NotificationClosed", g_variant_new("(uu)", id, 1));
	}
}

static void on_notify(GDBusMethodInvocation *call)
{
	if (fake.silent) {
		g_ptr_array_add(fake.unanswered, call);
		say("unanswered\n");
	} else {
		answer_notify(call);
	}
}

static void on_call(GDBusConnection *bus, const char *sender, const char *path,
		    const char *interface, const char *method, GVariant *parameters,
		    GDBusMethodInvocation *call, void *user)
{
	uint32_t id;

	if (strcmp(method, "GetCapabilities") == 0) {
		g_dbus_method_invocation_return_value(call, g_variant_new("(^as)", fake.caps));
	} else if (strcmp(method, "GetServerInformation") == 0) {
		g_dbus_method_invocation_return_value(
			call, g_variant_new("(ssss)", "fake", "Assent", "1", "1.2"));
	} else if (strcmp(method, "Notify") == 0) {
		on_notify(call);
	} else if (strcmp(method, "CloseNotification") == 0) {
		g_variant_get(parameters, "(u)", &id);
		say("close %u\n", id);
		g_dbus_method_invocation_return_value(call, NULL);
		emit("NotificationClosed", g_variant_new("(uu)", id, 3));
	} else if (strcmp(method, "GetActive") == 0) {
		g_dbus_method_invocation_return_value(call, g_variant_new("(b)", fake.active));
	} else {
		g_dbus_method_invocation_return_value(call, g_variant_new("(o)", SESSION_PATH));
	}
}

static GVariant *on_property(GDBusConnection *bus, const char *sender, const char *path,
			     const char *interface, const char *name, GError **error, void *user)
{
	if (strcmp(name, "Display") == 0) {
		return g_variant_new("(so)", "1", SESSION_PATH);
	}
	return g_variant_new_boolean(fake.locked);
}

static void set_locked(bool locked)
{
	GVariantBuilder changed;
	const char *const none[] = {NULL};

	fake.locked = locked;
	g_variant_builder_init(&changed, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&changed, "{sv}", "LockedHint", g_variant_new_boolean(locked));
	g_dbus_connection_emit_signal(
		fake.bus, NULL, SESSION_PATH, "org.freedesktop.DBus.Properties",
		"PropertiesChanged",
		g_variant_new("(sa{sv}^as)", "org.freedesktop.login1.Session", &changed, none),
		NULL);
}

static void answer_all(void)
{
	for (unsigned i = 0; i < fake.unanswered->len; i++) {
		answer_notify(g_ptr_array_index(fake.unanswered, i));
	}
	g_ptr_array_set_size(fake.unanswered, 0);
}

static void obey(char **words)
{
	bool on = g_strcmp0(words[1], "on") == 0;
	uint32_t id = (uint32_t)g_ascii_strtoull(words[1], NULL, 10);

	if (strcmp(words[0], "press") == 0) {
		press(id, words[2]);
	} else if (strcmp(words[0], "dismiss") == 0) {
		emit("NotificationClosed", g_variant_new("(uu)", id, 2));
	} else if (strcmp(words[0], "reply") == 0) {
		emit("NotificationReplied", g_variant_new("(us)", id, words[2]));
	} else if (strcmp(words[0], "silent") == 0) {
		fake.silent = on;
		if (!on) {
			answer_all();
		}
	} else if (strcmp(words[0], "saver") == 0) {
		fake.active = on;
		g_dbus_connection_emit_signal(fake.bus, NULL, "/org/gnome/ScreenSaver",
					      "org.gnome.ScreenSaver", "ActiveChanged",
					      g_variant_new("(b)", on), NULL);
	} else if (strcmp(words[0], "locked") == 0) {
		set_locked(on);
	}
	say("done %s\n", words[0]);
}

static gboolean on_input(GIOChannel *channel, GIOCondition condition, void *user)
{
	do {
		g_autofree char *line = NULL;
		g_auto(GStrv) words = NULL;

		if (g_io_channel_read_line(channel, &line, NULL, NULL, NULL) !=
		    G_IO_STATUS_NORMAL) {
			g_main_loop_quit(fake.loop);
			return G_SOURCE_REMOVE;
		}
		words = g_strsplit(g_strchomp(line), " ", 3);
		if (words[0] != NULL && words[1] != NULL) {
			obey(words);
		}
	} while ((g_io_channel_get_buffer_condition(channel) & G_IO_IN) != 0);
	return G_SOURCE_CONTINUE;
}

static void offer(const char *path, const char *interface, GDBusNodeInfo *node)
{
	static const GDBusInterfaceVTable table = {.method_call = on_call,
						   .get_property = on_property};

	g_dbus_connection_register_object(fake.bus, path,
					  g_dbus_node_info_lookup_interface(node, interface),
					  &table, NULL, NULL, NULL);
}

static void own(const char *name)
{
	g_bus_own_name_on_connection(fake.bus, name, G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL,
				     NULL);
}

static void parse(int argc, char **argv)
{
	static const char standard[] = "actions,body,body-markup,persistence";
	const char *caps = standard;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--caps") == 0 && i + 1 < argc) {
			caps = argv[++i];
		}
		if (strcmp(argv[i], "--hasty") == 0 && i + 1 < argc) {
			fake.hasty = argv[++i];
		}
		fake.closing |= strcmp(argv[i], "--closing") == 0;
		fake.saver |= strcmp(argv[i], "--saver") == 0;
		fake.login |= strcmp(argv[i], "--login") == 0;
	}
	fake.caps = g_strsplit(caps, ",", -1);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(interfaces, &error);
	g_autoptr(GIOChannel) input = g_io_channel_unix_new(0);

	g_assert_no_error(error);
	parse(argc, argv);
	fake.unanswered = g_ptr_array_new();
	fake.loop = g_main_loop_new(NULL, FALSE);
	fake.bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, &error);
	if (fake.bus == NULL) {
		g_printerr("%s\n", error->message);
		return EXIT_FAILURE;
	}
	offer("/org/freedesktop/Notifications", NOTIFICATIONS, node);
	own(NOTIFICATIONS);
	if (fake.saver) {
		offer("/org/gnome/ScreenSaver", "org.gnome.ScreenSaver", node);
		own("org.gnome.ScreenSaver");
	}
	if (fake.login) {
		offer("/org/freedesktop/login1", "org.freedesktop.login1.Manager", node);
		offer("/org/freedesktop/login1/user/self", "org.freedesktop.login1.User", node);
		offer(SESSION_PATH, "org.freedesktop.login1.Session", node);
		own("org.freedesktop.login1");
	}
	g_io_add_watch(input, G_IO_IN | G_IO_HUP, on_input, NULL);
	g_main_loop_run(fake.loop);
	g_ptr_array_unref(fake.unanswered);
	g_main_loop_unref(fake.loop);
	g_object_unref(fake.bus);
	g_strfreev(fake.caps);
	return EXIT_SUCCESS;
}
