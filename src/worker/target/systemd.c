/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bus, calls with a deadline, and how units are. */
#include "worker/target/systemd.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "desired/names.h"
#include "worker/target/systemd-bus.h"

#define NAME "org.freedesktop.systemd1"
#define OBJECT "/org/freedesktop/systemd1"
#define MANAGER NAME ".Manager"
#define CONNECT_MS 10000
#define MEET_MS 3000
#define RELOAD_MS 120000
#define PASSING_MS 3000 /* that a unit may take from one state to another */
#define POLL_MS 100
/* From so many on, the list of all unit files is the quicker way. */
#define LIST_ALL_FROM 16

G_DEFINE_QUARK(systemd - error - quark, systemd_error)

bool systemd_name_is_good(const char *unit)
{
	const char *problem;
	g_autofree char *whole = names_unit(unit, &problem);

	return g_strcmp0(whole, unit) == 0;
}

/* What a person can do about it. */
static bool denied(const struct systemd *s, const char *text, GError **error)
{
	return fail(error, SYSTEMD_ERROR, SYSTEMD_ERROR_DENIED,
		    s->user ? "the user's manager refuses: %s"
			    : "the system's manager refuses, as this user may not do that without "
			      "'elevate' for the stack (or 'scope: user' for a service of one's "
			      "own): %s",
		    text);
}

/* Takes problem. */
static bool translate(const struct systemd *s, GError *problem, GError **error)
{
	g_autofree char *name = g_dbus_error_get_remote_error(problem);
	static const char *const refused[] = {
		"org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.AuthFailed",
		"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", NULL};
	static const char *const gone[] = {"org.freedesktop.DBus.Error.ServiceUnknown",
					   "org.freedesktop.DBus.Error.NameHasNoOwner",
					   "org.freedesktop.DBus.Error.NoReply",
					   "org.freedesktop.DBus.Error.Disconnected",
					   "org.freedesktop.DBus.Error.TimedOut",
					   "org.freedesktop.DBus.Error.Timeout",
					   NULL};
	bool silent = name == NULL || g_strv_contains(gone, name);

	g_dbus_error_strip_remote_error(problem);
	if (name != NULL && g_strv_contains(refused, name)) {
		denied(s, problem->message, error);
	} else if (silent) {
		fail(error, SYSTEMD_ERROR, SYSTEMD_ERROR_UNREACHABLE,
		     "the %s manager of services cannot be reached: %s",
		     s->user ? "user's" : "system's", problem->message);
	} else {
		fail(error, SYSTEMD_ERROR, SYSTEMD_ERROR_FAILED, "systemd says: %s",
		     problem->message);
	}
	g_error_free(problem);
	return false;
}

bool bus_call(struct systemd *s, const char *path, const char *interface, const char *method,
	      GVariant *args, const char *reply, int timeout, GVariant **out, GError **error)
{
	GError *problem = NULL;
	GVariant *got = g_dbus_connection_call_sync(
		s->bus, NAME, path, interface, method, args, G_VARIANT_TYPE(reply),
		G_DBUS_CALL_FLAGS_NO_AUTO_START, timeout, NULL, &problem);

	if (got == NULL) {
		return translate(s, problem, error);
	}
	if (out != NULL) {
		*out = got;
	} else {
		g_variant_unref(got);
	}
	return true;
}

bool bus_manager(struct systemd *s, const char *method, GVariant *args, const char *reply,
		 GVariant **out, GError **error)
{
	return bus_call(s, OBJECT, MANAGER, method, args, reply, s->call_ms, out, error);
}

bool bus_unit(struct systemd *s, const char *unit, char **path, GError **error)
{
	g_autoptr(GVariant) got = NULL;

	if (!bus_manager(s, "LoadUnit", g_variant_new("(s)", unit), "(o)", &got, error)) {
		return false;
	}
	g_variant_get(got, "(o)", path);
	return true;
}

char *bus_interface(const char *unit)
{
	char *name = g_strconcat(NAME ".", strrchr(unit, '.') + 1, NULL);

	name[strlen(NAME ".")] = g_ascii_toupper(name[strlen(NAME ".")]);
	return name;
}

bool bus_properties(struct systemd *s, const char *unit, const char *interface, GVariant **out,
		    GError **error)
{
	g_autoptr(GVariant) got = NULL;
	g_autofree char *path = NULL;

	if (!bus_unit(s, unit, &path, error) ||
	    !bus_call(s, path, "org.freedesktop.DBus.Properties", "GetAll",
		      g_variant_new("(s)", interface != NULL ? interface : NAME ".Unit"), "(a{sv})",
		      SYSTEMD_CALL_MS, &got, error)) {
		return false;
	}
	*out = g_variant_get_child_value(got, 0);
	return true;
}

/* Where the bus is; g_free(). A worker with raised rights has an empty environment. */
static char *find_address(bool user)
{
	const char *told = g_getenv(user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");
	const char *runtime = g_getenv("XDG_RUNTIME_DIR");
	g_autofree char *socket = NULL;
	g_autofree char *escaped = NULL;

	if (told != NULL && told[0] != '\0') {
		return g_strdup(told);
	}
	if (!user) {
		return g_strdup("unix:path=/run/dbus/system_bus_socket");
	}
	if (runtime == NULL || runtime[0] != '/') {
		return NULL;
	}
	socket = g_build_filename(runtime, "bus", NULL);
	escaped = g_dbus_address_escape_value(socket);
	return g_strconcat("unix:path=", escaped, NULL);
}

struct connecting {
	bool done;
	GDBusConnection *bus;
	GError *error;
};

static void on_connected(GObject *source, GAsyncResult *result, gpointer user)
{
	struct connecting *c = user;

	(void)source;
	c->bus = g_dbus_connection_new_for_address_finish(result, &c->error);
	c->done = true;
}

static gboolean on_deadline(gpointer cancellable)
{
	g_cancellable_cancel(cancellable);
	return G_SOURCE_REMOVE;
}

/* A bus that accepts and then says nothing must not hold us. */
static bool connect_bus(struct systemd *s, const char *address, GError **error)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GSource) deadline = g_timeout_source_new(CONNECT_MS);
	struct connecting c = {0};

	g_source_set_callback(deadline, on_deadline, cancellable, NULL);
	g_source_attach(deadline, s->context);
	g_main_context_push_thread_default(s->context);
	g_dbus_connection_new_for_address(address,
					  G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
						  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
					  NULL, cancellable, on_connected, &c);
	while (!c.done) {
		g_main_context_iteration(s->context, TRUE);
	}
	g_main_context_pop_thread_default(s->context);
	g_source_destroy(deadline);
	s->bus = c.bus;
	if (c.bus == NULL) {
		fail(error, SYSTEMD_ERROR, SYSTEMD_ERROR_UNREACHABLE,
		     "the bus of the %s cannot be reached: %s", s->user ? "user" : "system",
		     c.error->message);
		g_error_free(c.error);
		return false;
	}
	return true;
}

/* A user's bus starts when the first one comes to it, and its manager is not there at once. */
static bool meet(struct systemd *s, GError **error)
{
	gint64 until = g_get_monotonic_time() + MEET_MS * 1000;

	for (;;) {
		g_autoptr(GError) problem = NULL;

		if (bus_call(s, OBJECT, "org.freedesktop.DBus.Peer", "Ping", NULL, "()", CONNECT_MS,
			     NULL, &problem)) {
			return true;
		}
		if (systemd_is_closed(s) || g_get_monotonic_time() >= until) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		g_usleep(POLL_MS * 1000);
	}
}

bool systemd_open(bool user, struct systemd **out, GError **error)
{
	g_autofree char *address = find_address(user);
	g_autoptr(systemd_auto) s = NULL;

	if (address == NULL) {
		return fail(error, SYSTEMD_ERROR, SYSTEMD_ERROR_UNREACHABLE,
			    "there is no user's manager of services here: XDG_RUNTIME_DIR is not "
			    "set");
	}
	s = g_new0(struct systemd, 1);
	s->user = user;
	s->call_ms = SYSTEMD_CALL_MS;
	s->context = g_main_context_new();
	s->removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (!connect_bus(s, address, error) || !meet(s, error)) {
		return false;
	}
	*out = g_steal_pointer(&s);
	return true;
}

void systemd_free(struct systemd *s)
{
	if (s == NULL) {
		return;
	}
	if (s->subscription != 0) {
		g_dbus_connection_signal_unsubscribe(s->bus, s->subscription);
	}
	if (s->bus != NULL) {
		g_dbus_connection_close_sync(s->bus, NULL, NULL);
		g_object_unref(s->bus);
	}
	while (g_main_context_iteration(s->context, FALSE)) {
	}
	g_main_context_unref(s->context);
	g_hash_table_unref(s->removed);
	g_free(s);
}

bool systemd_is_closed(const struct systemd *s)
{
	return g_dbus_connection_is_closed(s->bus);
}

/* The constant of that name. */
static const char *enabled_name(const char *text)
{
	static const char *const names[] = {
		"enabled",   "enabled-runtime", "linked", "linked-runtime", "alias",
		"masked",    "masked-runtime",	"static", "disabled",	    "indirect",
		"generated", "transient",	"bad",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(names[i], text) == 0) {
			return names[i];
		}
	}
	return "other";
}

static bool is_passing(const char *active, const char *sub)
{
	return (strcmp(active, "activating") == 0 && !g_str_has_prefix(sub, "auto-restart")) ||
	       strcmp(active, "deactivating") == 0;
}

/* A service that is ended and started again and again has failed. */
static const char *running_name(const char *active, const char *sub)
{
	if (strcmp(active, "active") == 0 || strcmp(active, "reloading") == 0 ||
	    strcmp(active, "refreshing") == 0) {
		return "active";
	}
	return strcmp(active, "failed") == 0 || g_str_has_prefix(sub, "auto-restart") ? "failed"
										      : "inactive";
}

/* *enabled stays NULL when there is no file. */
static bool look_at_file(struct systemd *s, const char *unit, const char **enabled, GError **error)
{
	g_autoptr(GVariant) got = NULL;
	g_autoptr(GError) problem = NULL;
	const char *text;

	*enabled = NULL;
	if (!bus_manager(s, "GetUnitFileState", g_variant_new("(s)", unit), "(s)", &got,
			 &problem)) {
		/* Of what has no file: an answer like any other. */
		if (!g_error_matches(problem, SYSTEMD_ERROR, SYSTEMD_ERROR_FAILED)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return false;
		}
		return true;
	}
	g_variant_get(got, "(&s)", &text);
	*enabled = text[0] != '\0' ? enabled_name(text) : NULL;
	return true;
}

/* Adds name to struct systemd_unit, all but enabled; *passing: one is on its way. */
static bool list_units(struct systemd *s, const char *const *units, GHashTable *out, bool *passing,
		       GError **error)
{
	g_autoptr(GPtrArray) loadable = g_ptr_array_new();
	g_autoptr(GVariant) got = NULL;
	g_autoptr(GVariantIter) iter = NULL;
	const char *name, *load, *active, *sub;
	guint32 job;

	/* Templates are never loaded. */
	for (size_t i = 0; units[i] != NULL; i++) {
		if (!names_unit_is_template(units[i])) {
			g_ptr_array_add(loadable, (gpointer)units[i]);
		}
	}
	g_ptr_array_add(loadable, NULL);
	if (!bus_manager(s, "ListUnitsByNames", g_variant_new("(^as)", loadable->pdata),
			 "(a(ssssssouso))", &got, error)) {
		return false;
	}
	*passing = false;
	g_variant_get(got, "(a(ssssssouso))", &iter);
	while (g_variant_iter_loop(iter, "(&s&s&s&s&s&s&ou&s&o)", &name, NULL, &load, &active, &sub,
				   NULL, NULL, &job, NULL, NULL)) {
		struct systemd_unit *unit = g_new0(struct systemd_unit, 1);

		unit->running = running_name(active, sub);
		unit->found =
			strcmp(load, "not-found") != 0 || strcmp(unit->running, "active") == 0;
		unit->idle = strcmp(active, "inactive") == 0 && job == 0;
		*passing = *passing || is_passing(active, sub);
		g_hash_table_insert(out, g_strdup(name), unit);
	}
	return true;
}

/* Name to state of all unit files; the texts are constants. */
static bool list_files(struct systemd *s, GHashTable **out, GError **error)
{
	g_autoptr(GHashTable) files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GVariant) got = NULL;
	g_autoptr(GVariantIter) iter = NULL;
	const char *path, *state;

	if (!bus_manager(s, "ListUnitFiles", NULL, "(a(ss))", &got, error)) {
		return false;
	}
	g_variant_get(got, "(a(ss))", &iter);
	while (g_variant_iter_loop(iter, "(&s&s)", &path, &state)) {
		g_hash_table_insert(files, g_path_get_basename(path),
				    (gpointer)enabled_name(state));
	}
	*out = g_steal_pointer(&files);
	return true;
}

bool systemd_look_all(struct systemd *s, const char *const *units, GHashTable **out, GError **error)
{
	g_autoptr(GHashTable) found =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GHashTable) files = NULL;
	gint64 until = g_get_monotonic_time() + PASSING_MS * 1000;
	bool passing = true;

	while (passing) {
		g_hash_table_remove_all(found);
		if (!list_units(s, units, found, &passing, error)) {
			return false;
		}
		if (!passing || g_get_monotonic_time() >= until) {
			break;
		}
		g_usleep(POLL_MS * 1000);
	}
	if (g_strv_length((char **)units) >= LIST_ALL_FROM && !list_files(s, &files, error)) {
		return false;
	}
	for (size_t i = 0; units[i] != NULL; i++) {
		struct systemd_unit *unit = g_hash_table_lookup(found, units[i]);

		if (unit == NULL) {
			unit = g_new0(struct systemd_unit, 1);
			unit->running = "inactive";
			unit->idle = true;
			g_hash_table_insert(found, g_strdup(units[i]), unit);
		}
		if (files != NULL && strchr(units[i], '@') == NULL) {
			unit->enabled = g_hash_table_lookup(files, units[i]);
		} else if (!look_at_file(s, units[i], &unit->enabled, error)) {
			return false;
		}
		unit->found = unit->found || unit->enabled != NULL;
	}
	*out = g_steal_pointer(&found);
	return true;
}

bool systemd_look(struct systemd *s, const char *unit, struct systemd_unit *out, GError **error)
{
	const char *const units[] = {unit, NULL};
	g_autoptr(GHashTable) found = NULL;

	if (!systemd_look_all(s, units, &found, error)) {
		return fail_prefix(error, "cannot look at '%s'", unit);
	}
	*out = *(const struct systemd_unit *)g_hash_table_lookup(found, unit);
	return true;
}

/* The unit that this process was started by or in; NULL: none. */
static char *own_unit(struct systemd *s)
{
	g_autoptr(GVariant) got = NULL;
	g_autoptr(GVariant) id = NULL;
	g_autoptr(GVariant) inner = NULL;
	const char *path;

	if (!bus_manager(s, "GetUnitByPID", g_variant_new("(u)", (guint32)getpid()), "(o)", &got,
			 NULL)) {
		return NULL;
	}
	g_variant_get(got, "(&o)", &path);
	if (!bus_call(s, path, "org.freedesktop.DBus.Properties", "Get",
		      g_variant_new("(ss)", NAME ".Unit", "Id"), "(v)", SYSTEMD_CALL_MS, &id,
		      NULL)) {
		return NULL;
	}
	g_variant_get(id, "(v)", &inner);
	return g_variant_dup_string(inner, NULL);
}

bool systemd_ask(struct systemd *s, const char *unit, struct systemd_details *out, GError **error)
{
	g_autofree char *interface = bus_interface(unit);
	g_autofree char *own = own_unit(s);
	g_autoptr(GVariant) common = NULL;
	g_autoptr(GVariant) special = NULL;
	const char *text = "";
	gboolean remains = TRUE, yes = FALSE;

	if (!bus_properties(s, unit, NULL, &common, error) ||
	    !bus_properties(s, unit, interface, &special, error)) {
		return fail_prefix(error, "cannot look at '%s'", unit);
	}
	*out = (struct systemd_details){0};
	out->needs_reload = g_variant_lookup(common, "NeedDaemonReload", "b", &yes) && yes;
	out->can_reload = g_variant_lookup(common, "CanReload", "b", &yes) && yes;
	out->runs_once = g_variant_lookup(special, "Type", "&s", &text) &&
			 strcmp(text, "oneshot") == 0 &&
			 g_variant_lookup(special, "RemainAfterExit", "b", &remains) && !remains;
	out->is_ours = g_variant_lookup(common, "Id", "&s", &text) && g_strcmp0(own, text) == 0;
	if (g_variant_lookup(common, "FragmentPath", "&s", &text) && text[0] != '\0') {
		out->file = g_strdup(text);
	}
	return true;
}

bool systemd_is_active(struct systemd *s, const char *unit, int timeout_ms, bool *active,
		       char **told, GError **error)
{
	g_autoptr(GVariant) common = NULL;
	const char *now = "unknown", *sub = "";
	bool ok;

	s->call_ms = MIN(timeout_ms, SYSTEMD_CALL_MS);
	ok = bus_properties(s, unit, NULL, &common, error);
	s->call_ms = SYSTEMD_CALL_MS;
	if (!ok) {
		return fail_prefix(error, "cannot look at '%s'", unit);
	}
	(void)g_variant_lookup(common, "ActiveState", "&s", &now);
	(void)g_variant_lookup(common, "SubState", "&s", &sub);
	*active = strcmp(running_name(now, sub), "active") == 0;
	*told = g_strdup_printf("%s (%s)", now, sub);
	return true;
}

bool systemd_reload(struct systemd *s, GError **error)
{
	return bus_call(s, OBJECT, MANAGER, "Reload", NULL, "()", RELOAD_MS, NULL, error) ||
	       fail_prefix(error, "the units cannot be read again");
}

/* Were there any? Then what the manager knows is old. */
static bool links_changed(struct systemd *s, GVariant *list, GError **error)
{
	return g_variant_n_children(list) == 0 || systemd_reload(s, error);
}

bool systemd_enable(struct systemd *s, const char *unit, bool runtime, GError **error)
{
	const char *const units[] = {unit, NULL};
	g_autoptr(GVariant) got = NULL;
	g_autoptr(GVariant) links = NULL;
	gboolean installs;

	if (!bus_manager(s, "EnableUnitFiles", g_variant_new("(^asbb)", units, runtime, FALSE),
			 "(ba(sss))", &got, error)) {
		return fail_prefix(error, "cannot enable '%s'", unit);
	}
	g_variant_get(got, "(b@a(sss))", &installs, &links);
	if (!links_changed(s, links, error)) {
		return false;
	}
	return installs || fail(error, SYSTEMD_ERROR, SYSTEMD_ERROR_FAILED,
				"'%s' cannot be enabled: its file has no [Install] section", unit);
}

static bool change_links(struct systemd *s, const char *method, GVariant *args, GError **error)
{
	g_autoptr(GVariant) got = NULL;
	g_autoptr(GVariant) links = NULL;

	if (!bus_manager(s, method, args, "(a(sss))", &got, error)) {
		return false;
	}
	g_variant_get(got, "(@a(sss))", &links);
	return links_changed(s, links, error);
}

bool systemd_disable(struct systemd *s, const char *unit, bool runtime, GError **error)
{
	const char *const units[] = {unit, NULL};

	return change_links(s, "DisableUnitFiles", g_variant_new("(^asb)", units, runtime),
			    error) ||
	       fail_prefix(error, "cannot disable '%s'", unit);
}

bool systemd_mask(struct systemd *s, const char *unit, bool runtime, GError **error)
{
	const char *const units[] = {unit, NULL};

	return change_links(s, "MaskUnitFiles", g_variant_new("(^asbb)", units, runtime, FALSE),
			    error) ||
	       fail_prefix(error, "cannot mask '%s'", unit);
}

bool systemd_unmask(struct systemd *s, const char *unit, bool runtime, GError **error)
{
	const char *const units[] = {unit, NULL};

	return change_links(s, "UnmaskUnitFiles", g_variant_new("(^asb)", units, runtime), error) ||
	       fail_prefix(error, "cannot unmask '%s'", unit);
}

bool systemd_link(struct systemd *s, const char *file, GError **error)
{
	const char *const files[] = {file, NULL};

	return change_links(s, "LinkUnitFiles", g_variant_new("(^asbb)", files, FALSE, FALSE),
			    error) ||
	       fail_prefix(error, "cannot link '%s'", file);
}

void systemd_reset_failed(struct systemd *s, const char *unit)
{
	g_autoptr(GError) ignored = NULL;

	if (!bus_manager(s, "ResetFailedUnit", g_variant_new("(s)", unit), "()", NULL, &ignored)) {
		g_debug("nothing to forget of '%s': %s", unit, ignored->message);
	}
}
