/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs of a manager: begun, waited for, and what to say when one failed. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/proc.h"
#include "worker/target/systemd-bus.h"

#define NAME "org.freedesktop.systemd1"
#define MANAGER NAME ".Manager"
#define OBJECT "/org/freedesktop/systemd1"
#define TICK_MS 100
#define ASK_EVERY 20	   /* ticks: is the job still there? A signal may be lost */
#define SLACK 30	   /* seconds beyond the unit's own */
#define LEAST 90	   /* seconds; what it needs starts first */
#define MOST 3600	   /* for a unit that may take for ever */
#define SETTLE_US 800000   /* for a service that counts as started when it is forked */
#define READY_US 200000	   /* for one that says when it is ready */
#define ENDING_US 10000000 /* for one that ends */
#define LINES "10"
#define LOG_TRIES 15 /* ticks */
#define MAX_TEXT 1500

static const struct verb {
	const char *method, *failed;
	bool runs_after;
} verbs[] = {
	[SYSTEMD_START] = {"StartUnit", "did not start", true},
	[SYSTEMD_STOP] = {"StopUnit", "did not stop", false},
	[SYSTEMD_RESTART] = {"RestartUnit", "did not start again", true},
	[SYSTEMD_RELOAD] = {"ReloadUnit", "did not read its configuration again", true},
};

static void on_removed(GDBusConnection *bus, const char *sender, const char *path,
		       const char *interface, const char *signal, GVariant *args, gpointer user)
{
	struct systemd *s = user;
	const char *job, *result;

	(void)bus;
	(void)sender;
	(void)path;
	(void)interface;
	(void)signal;
	if (g_variant_is_of_type(args, G_VARIANT_TYPE("(uoss)"))) {
		g_variant_get(args, "(u&o&s&s)", NULL, &job, NULL, &result);
		g_hash_table_insert(s->removed, g_strdup(job), g_strdup(result));
	}
}

/* Before the first job, so that none ends unheard. */
static bool subscribe(struct systemd *s, GError **error)
{
	if (s->subscription != 0) {
		return true;
	}
	g_main_context_push_thread_default(s->context);
	s->subscription = g_dbus_connection_signal_subscribe(s->bus, NAME, MANAGER, "JobRemoved",
							     OBJECT, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
							     on_removed, s, NULL);
	g_main_context_pop_thread_default(s->context);
	return bus_manager(s, "Subscribe", NULL, "()", NULL, error);
}

static gboolean on_tick(gpointer unused)
{
	(void)unused;
	return G_SOURCE_CONTINUE;
}

/* Lets signals come in for one tick at most. */
static void wait_tick(struct systemd *s)
{
	g_autoptr(GSource) tick = g_timeout_source_new(TICK_MS);

	g_source_set_callback(tick, on_tick, NULL, NULL);
	g_source_attach(tick, s->context);
	g_main_context_iteration(s->context, TRUE);
	g_source_destroy(tick);
}

/* Nobody knows this job any more, and no signal told how it ended. */
static bool is_forgotten(struct systemd *s, const char *job)
{
	g_autoptr(GError) problem = NULL;

	return !bus_call(s, job, "org.freedesktop.DBus.Properties", "Get",
			 g_variant_new("(ss)", NAME ".Job", "State"), "(v)", SYSTEMD_CALL_MS, NULL,
			 &problem) &&
	       g_error_matches(problem, SYSTEMD_ERROR, SYSTEMD_ERROR_FAILED);
}

/* *result: how the job ended; g_free(). */
static bool wait_for(struct systemd *s, const char *job, const struct systemd_patience *patience,
		     char **result, GError **error)
{
	gint64 until = g_get_monotonic_time() + (gint64)patience->seconds * G_USEC_PER_SEC;

	for (unsigned tick = 1;; tick++) {
		const char *told = g_hash_table_lookup(s->removed, job);

		if (told != NULL) {
			*result = g_strdup(told);
			return true;
		}
		if (patience->stopped != NULL && patience->stopped(patience->user)) {
			return fail(error, SYSTEMD_ERROR, SYSTEMD_ERROR_STOPPED,
				    "asked to stop while waiting for it");
		}
		if (g_get_monotonic_time() >= until) {
			return fail(error, SYSTEMD_ERROR, SYSTEMD_ERROR_FAILED,
				    "it is still under way after %u seconds", patience->seconds);
		}
		if (systemd_is_closed(s)) {
			return fail(error, SYSTEMD_ERROR, SYSTEMD_ERROR_UNREACHABLE,
				    "the bus went away while waiting for it");
		}
		if (tick % ASK_EVERY == 0 && is_forgotten(s, job)) {
			*result = g_strdup("done");
			return true;
		}
		wait_tick(s);
	}
}

/* One line of printable text, of MAX_TEXT bytes at most. */
static char *flatten(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(GString) out = g_string_new(NULL);

	g_strchomp(valid);
	for (const char *c = valid; *c != '\0' && out->len < MAX_TEXT; c = g_utf8_next_char(c)) {
		gunichar u = g_utf8_get_char(c);

		if (u == '\n') {
			g_string_append(out, " | ");
		} else {
			g_string_append_unichar(out, g_unichar_iscntrl(u) ? ' ' : u);
		}
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Words for journalctl. Of a user's units those that its manager runs and what that says of them;
 * a manager that no other one started has units like the system's. The journal does not know the
 * unit of a process that was gone too soon. */
static char **journal_words(const struct systemd *s, const char *unit, guint32 pid, gint64 since)
{
	static const char *const places[] = {"/usr/bin/journalctl", "/bin/journalctl"};
	static const char *const fields[] = {"_SYSTEMD_USER_UNIT", "USER_UNIT", "_SYSTEMD_UNIT"};
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	g_autofree char *from = g_strdup_printf("--since=@%" PRId64 ".%06d", since / G_USEC_PER_SEC,
						(int)(since % G_USEC_PER_SEC));
	g_autofree char *own = g_strconcat("--unit=", unit, NULL);
	g_autofree char *uid = g_strdup_printf("_UID=%u", (unsigned)getuid());

	g_strv_builder_add(words, access(places[0], X_OK) == 0 ? places[0] : places[1]);
	g_strv_builder_add_many(words, "--lines=" LINES, "--output=cat", "--quiet", "--no-pager",
				from, NULL);
	for (size_t i = 0; s->user && i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *field = g_strconcat(fields[i], "=", unit, NULL);

		g_strv_builder_add_many(words, field, uid, "+", NULL);
	}
	if (s->user) {
		g_autofree char *process = g_strdup_printf("_PID=%u", pid);

		g_strv_builder_add_many(words, process, uid, NULL);
	}
	if (!s->user) {
		g_strv_builder_add(words, own);
	}
	return g_strv_builder_end(words);
}

/* What the unit wrote since; NULL: nothing, or it may not be read. */
static char *last_lines(const struct systemd *s, const char *unit, guint32 pid, gint64 since)
{
	g_auto(GStrv) argv = journal_words(s, unit, pid, since);
	struct proc_spec spec = {.argv = (const char *const *)argv, .timeout = 5};

	/* What was written last may still be on its way into the journal. */
	for (int attempt = 0; attempt < LOG_TRIES; attempt++) {
		struct proc_result got = {0};
		char *text = NULL;

		g_usleep(TICK_MS * 1000);
		if (!proc_run(&spec, &got, NULL)) {
			return NULL;
		}
		if (got.status == 0 && got.out->len > 0) {
			text = flatten(got.out->str);
		}
		proc_result_clear(&got);
		if (text != NULL) {
			return text;
		}
	}
	return NULL;
}

static void add_exit(GVariant *special, GString *out)
{
	gint32 code = 0, status = 0;

	/* CLD_EXITED, CLD_KILLED, CLD_DUMPED of waitid(2) */
	if (!g_variant_lookup(special, "ExecMainCode", "i", &code) ||
	    !g_variant_lookup(special, "ExecMainStatus", "i", &status) || code == 0) {
		return;
	}
	if (code == 1) {
		g_string_append_printf(out, ", exit code %d", status);
	} else {
		g_string_append_printf(out, ", killed by signal %d (%s)", status,
				       g_strsignal(status));
	}
}

/* How the unit is: "failed, result exit-code, exit code 3; its last lines: ..." */
static char *describe(struct systemd *s, const char *unit, gint64 since)
{
	g_autofree char *interface = bus_interface(unit);
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GVariant) common = NULL;
	g_autoptr(GVariant) special = NULL;
	g_autofree char *lines = NULL;
	const char *text;
	guint32 pid = 0;

	if (!bus_properties(s, unit, NULL, &common, NULL) ||
	    !bus_properties(s, unit, interface, &special, NULL)) {
		return g_strdup("and nothing more is known of it");
	}
	(void)g_variant_lookup(special, "ExecMainPID", "u", &pid);
	lines = last_lines(s, unit, pid, since);
	g_string_append(out, "it is ");
	g_string_append(out, g_variant_lookup(common, "ActiveState", "&s", &text) ? text : "lost");
	if (g_variant_lookup(common, "SubState", "&s", &text)) {
		g_string_append_printf(out, " (%s)", text);
	}
	if (g_variant_lookup(special, "Result", "&s", &text) && strcmp(text, "success") != 0) {
		g_string_append_printf(out, ", result %s", text);
		add_exit(special, out);
	}
	if (g_variant_lookup(common, "LoadState", "&s", &text) && strcmp(text, "loaded") != 0) {
		g_string_append_printf(out, ", its file is %s", text);
	}
	if (lines != NULL) {
		g_string_append_printf(out, "; its last lines: %s", lines);
	} else if (g_variant_lookup(special, "StatusText", "&s", &text) && text[0] != '\0') {
		g_autofree char *flat = flatten(text);

		g_string_append_printf(out, "; it says: %s", flat);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* What is looked at while a unit settles. */
struct moment {
	const char *active, *sub; /* in the variants */
	guint32 restarts;
	bool instant; /* it counts as started before it has done anything */
	bool once;    /* and ended well: all that it is for */
	GVariant *common, *special;
};

static void moment_clear(struct moment *m)
{
	g_clear_pointer(&m->common, g_variant_unref);
	g_clear_pointer(&m->special, g_variant_unref);
}

static bool moment_look(struct systemd *s, const char *unit, struct moment *m, GError **error)
{
	g_autofree char *interface = bus_interface(unit);
	const char *type = "", *result = "";
	gboolean remains = TRUE;

	*m = (struct moment){.active = "", .sub = ""};
	if (!bus_properties(s, unit, NULL, &m->common, error) ||
	    !bus_properties(s, unit, interface, &m->special, error)) {
		moment_clear(m);
		return false;
	}
	(void)g_variant_lookup(m->common, "ActiveState", "&s", &m->active);
	(void)g_variant_lookup(m->common, "SubState", "&s", &m->sub);
	(void)g_variant_lookup(m->special, "NRestarts", "u", &m->restarts);
	(void)g_variant_lookup(m->special, "Type", "&s", &type);
	(void)g_variant_lookup(m->special, "Result", "&s", &result);
	(void)g_variant_lookup(m->special, "RemainAfterExit", "b", &remains);
	m->instant = strcmp(type, "simple") == 0 || strcmp(type, "idle") == 0 ||
		     strcmp(type, "exec") == 0;
	m->once = strcmp(type, "oneshot") == 0 && !remains && strcmp(result, "success") == 0;
	return true;
}

/* Once its job is done: does it stay? *stays false: it does not. */
static bool settle(struct systemd *s, const char *unit, bool *stays, GError **error)
{
	gint64 begin = g_get_monotonic_time();
	guint32 restarts = 0;

	for (bool first = true;; first = false) {
		gint64 gone = g_get_monotonic_time() - begin;
		struct moment m;
		bool passing, decided;

		if (!moment_look(s, unit, &m, error)) {
			return false;
		}
		restarts = first ? m.restarts : restarts;
		*stays = strcmp(m.active, "active") == 0 ||
			 (m.once && strcmp(m.active, "inactive") == 0);
		passing = g_str_equal(m.active, "activating") ||
			  g_str_equal(m.active, "deactivating") ||
			  g_str_equal(m.active, "reloading");
		decided = *stays ? gone >= (m.instant ? SETTLE_US : READY_US) || m.once
				 : !passing || gone >= ENDING_US;
		/* Up and down again, as Restart= has it. */
		if (g_str_has_prefix(m.sub, "auto-restart") || m.restarts > restarts) {
			*stays = false;
			decided = true;
		}
		moment_clear(&m);
		if (decided) {
			return true;
		}
		wait_tick(s);
	}
}

/* Seconds that the unit itself allows for this. */
static unsigned own_patience(struct systemd *s, const char *unit, enum systemd_verb verb)
{
	static const char *const names[] = {"TimeoutStartUSec", "TimeoutStopUSec", "TimeoutUSec"};
	g_autofree char *interface = bus_interface(unit);
	g_autoptr(GVariant) special = NULL;
	guint64 sum = 0, one;

	if (!bus_properties(s, unit, interface, &special, NULL)) {
		return LEAST + SLACK;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		bool wanted =
			i == 2 || verb == SYSTEMD_RESTART || (i == 1) == (verb == SYSTEMD_STOP);

		if (wanted && g_variant_lookup(special, names[i], "t", &one)) {
			sum += MIN(one / G_USEC_PER_SEC, MOST);
		}
	}
	return (unsigned)CLAMP(sum, LEAST, MOST) + SLACK;
}

/* What the job came to, in words; NULL: it is done. */
static char *judge(struct systemd *s, const struct verb *verb, const char *unit, const char *result,
		   GError **error)
{
	bool stays = true;

	if (strcmp(result, "done") != 0 && strcmp(result, "skipped") != 0) {
		return g_strdup_printf("its job ended as '%s'", result);
	}
	if (!verb->runs_after) {
		return NULL;
	}
	if (!settle(s, unit, &stays, error)) {
		return g_strdup("nobody knows what became of it");
	}
	return stays ? NULL : g_strdup("it does not stay up");
}

bool systemd_job(struct systemd *s, enum systemd_verb verb, const char *unit,
		 const struct systemd_patience *patience, GError **error)
{
	struct systemd_patience p = patience != NULL ? *patience : (struct systemd_patience){0};
	gint64 since = g_get_real_time();
	g_autoptr(GVariant) got = NULL;
	g_autofree char *result = NULL;
	g_autofree char *why = NULL;
	g_autofree char *how = NULL;
	const char *job;

	if (!subscribe(s, error)) {
		return false;
	}
	g_hash_table_remove_all(s->removed);
	p.seconds = p.seconds > 0 ? p.seconds : own_patience(s, unit, verb);
	if (verb == SYSTEMD_START || verb == SYSTEMD_RESTART) {
		/* The limit of starts is there to end loops; this one is wanted. */
		systemd_reset_failed(s, unit);
	}
	if (!bus_manager(s, verbs[verb].method, g_variant_new("(ss)", unit, "replace"), "(o)", &got,
			 error)) {
		return fail_prefix(error, "'%s' %s", unit, verbs[verb].failed);
	}
	g_variant_get(got, "(&o)", &job);
	if (!wait_for(s, job, &p, &result, error)) {
		how = describe(s, unit, since);
		return fail_prefix(error, "'%s' %s (%s)", unit, verbs[verb].failed, how);
	}
	why = judge(s, &verbs[verb], unit, result, error);
	if (why == NULL) {
		return true;
	}
	if (error != NULL && *error != NULL) {
		return fail_prefix(error, "'%s' %s: %s", unit, verbs[verb].failed, why);
	}
	how = describe(s, unit, since);
	return fail(error, SYSTEMD_ERROR, SYSTEMD_ERROR_FAILED, "'%s' %s: %s; %s", unit,
		    verbs[verb].failed, why, how);
}
