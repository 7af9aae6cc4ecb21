/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `assent setup` does and undoes: units, lingering, files of autostart. */
#include "cli/setup.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/file.h"
#include "base/paths.h"
#include "cli/api.h"
#include "cli/manager.h"

#define MAX_ENTRY 65536
#define SYSTEM_USER "assent"
#define LINGER_DIR "/var/lib/systemd/linger"

typedef struct manager_unit unit_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(unit_auto, manager_unit_clear)

static const char agent_unit[] = "assentd.service", desktop_unit[] = "assent-desktop.service";
static const char *const entries[] = {"assentd-autostart.desktop",
				      "assent-desktop-autostart.desktop"};

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* A file of ours, wherever `make install DESTDIR=...` has put it. */
static char *installed(const char *folder, const char *name)
{
	g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *file = g_build_filename(folder, name, NULL);

	return paths_staged(exe != NULL ? exe : "", BINDIR, file);
}

static bool is_reachable(const struct setup *s, GError **error)
{
	const char *const argv[] = {"systemctl", "--user", "show", "--property", "Version", NULL};
	g_autoptr(GError) local = NULL;

	if (s->system || manager_run(argv, NULL, &local)) {
		return true;
	}
	return problem(
		error, EXIT_REFUSED, "no-manager",
		_("log in as this user instead of using su or sudo, or say 'machinectl "
		  "shell USER@'; on a server, root says 'loginctl enable-linger USER' first"),
		_("your service manager does not answer: %s"), local->message);
}

/* How the unit is, after the manager has read it. Not there at all: load is "not-found". path is
 * what systemctl must be told then: its name, or its file where the manager does not look. */
static bool look(struct setup *s, const char *name, struct manager_unit *unit, char **path,
		 GError **error)
{
	g_autofree char *file = installed(s->system ? SYSTEMUNITDIR : USERUNITDIR, name);
	bool exists = g_path_is_absolute(file) && g_file_test(file, G_FILE_TEST_EXISTS), absent;

	if (!manager_look(s->system, name, unit, error)) {
		return false;
	}
	if (unit->outdated && setup_is_needed(s, SETUP_RELOAD, name, true)) {
		manager_unit_clear(unit);
		if (!manager_call(s->system, error, "daemon-reload", NULL) ||
		    !manager_look(s->system, name, unit, error)) {
			return false;
		}
	}
	absent = is(unit->load, "not-found");
	*path = g_strdup(absent && exists ? file : name);
	return true;
}

/* Two agents of one state folder: the second would fail again and again. */
static bool no_other_agent(struct setup *s, GError **error)
{
	g_autoptr(api_info_auto) info = NULL;

	if (s->system || !api_info(s->cli->client, &info, NULL)) {
		return true;
	}
	return problem(error, EXIT_REFUSED, "agent-runs",
		       _("stop that one first; setup then starts it as a service"),
		       _("an agent runs already, process %" PRId64
			 ", and was not started by the service manager"),
		       (int64_t)info->pid);
}

static bool start(struct setup *s, const struct manager_unit *unit, GError **error)
{
	bool runs = is(unit->active, "active") || is(unit->active, "reloading");
	g_autoptr(GError) local = NULL;

	if (!runs && is(unit->name, agent_unit) && !no_other_agent(s, error)) {
		return false;
	}
	if (!setup_is_needed(s, SETUP_START, unit->name, !runs)) {
		return true;
	}
	if ((!is(unit->active, "failed") ||
	     manager_call(s->system, &local, "reset-failed", unit->name, NULL)) &&
	    manager_call(s->system, &local, "start", unit->name, NULL)) {
		return true;
	}
	s->changes--;
	g_array_set_size(s->done, s->done->len - 1);
	return problem(error, EXIT_REFUSED, "start",
		       s->system ? _("'journalctl -u assentd -n 20' tells why")
				 : _("'journalctl --user -u assentd -n 20' tells why"),
		       _("'%s' does not start: %s"), unit->name, local->message);
}

static bool enable(struct setup *s, const struct manager_unit *unit, const char *path,
		   GError **error)
{
	bool enabled = is(unit->file, "enabled");

	if (is(unit->load, "masked")) {
		return problem(error, EXIT_REFUSED, "masked",
			       _("'systemctl unmask' allows it again, with --user for yours"),
			       _("'%s' is masked: somebody forbade to start it"), unit->name);
	}
	return !setup_is_needed(s, SETUP_ENABLE, unit->name, !enabled) ||
	       manager_call(s->system, error, "enable", path, NULL);
}

static bool set_up_agent(struct setup *s, GError **error)
{
	g_auto(unit_auto) unit = {0};
	g_autofree char *path = NULL;

	if (!look(s, agent_unit, &unit, &path, error)) {
		return false;
	}
	if (is(unit.load, "not-found") && is(path, agent_unit)) {
		return problem(error, EXIT_REFUSED, "no-unit",
			       _("install Assent with its units: see doc/systemd.md"),
			       _("there is no unit '%s', neither for the manager nor in '%s'"),
			       agent_unit, s->system ? SYSTEMUNITDIR : USERUNITDIR);
	}
	return enable(s, &unit, path, error) && start(s, &unit, error);
}

/* Alerts are for whoever has installed them, and start only where there is a graphical session. */
static bool set_up_desktop(struct setup *s, GError **error)
{
	g_auto(unit_auto) unit = {0}, session = {0};
	g_autofree char *path = NULL;

	if (!look(s, desktop_unit, &unit, &path, error) ||
	    !manager_look(false, "graphical-session.target", &session, error)) {
		return false;
	}
	if (is(unit.load, "not-found") && is(path, desktop_unit)) {
		return true;
	}
	if (!enable(s, &unit, path, error)) {
		return false;
	}
	if (is(session.active, "active")) {
		return start(s, &unit, error);
	}
	g_ptr_array_add(s->notes, g_strdup(_("Alerts begin with the next graphical session.")));
	return true;
}

static bool lingers(void)
{
	g_autofree char *file = g_build_filename(LINGER_DIR, g_get_user_name(), NULL);

	return g_file_test(file, G_FILE_TEST_EXISTS);
}

static bool linger(struct setup *s, bool on, GError **error)
{
	const char *const argv[] = {"loginctl", on ? "enable-linger" : "disable-linger", NULL};

	if (!setup_is_needed(s, on ? SETUP_LINGER : SETUP_UNLINGER, g_get_user_name(),
			     lingers() != on)) {
		return true;
	}
	return manager_run(argv, NULL, error);
}

static bool set_up_lingering(struct setup *s, GError **error)
{
	if (s->linger) {
		return linger(s, true, error);
	}
	if (!lingers()) {
		g_ptr_array_add(s->notes, g_strdup(_("The agent ends with your last session; "
						     "'assent setup --linger' lets it stay.")));
	}
	return true;
}

/* The user that the unit of the machine names. */
static bool make_user(struct setup *s, GError **error)
{
	g_autofree char *file = installed(SYSUSERSDIR, "assent.conf");
	const char *const argv[] = {"systemd-sysusers", file, NULL};

	return !setup_is_needed(s, SETUP_USER, SYSTEM_USER, getpwnam(SYSTEM_USER) == NULL) ||
	       manager_run(argv, NULL, error);
}

/* Root keeps the configuration, the agent reads it by its group. */
static bool is_readable(const char *path)
{
	const struct passwd *user = getpwnam(SYSTEM_USER);
	struct stat st;

	return user != NULL && g_stat(path, &st) == 0 && st.st_gid == user->pw_gid &&
	       (st.st_mode & S_IRGRP) != 0;
}

static bool open_folder(struct setup *s, GError **error)
{
	g_autofree char *file = installed(TMPFILESDIR, "assent.conf");
	g_autofree char *folder = g_path_get_dirname(s->cli->config_file);
	g_autofree char *signers = g_build_filename(folder, "allowed_signers", NULL);
	const char *const argv[] = {"systemd-tmpfiles", "--create", file, NULL};
	bool readable = is_readable(folder) && is_readable(s->cli->config_file) &&
			(!g_file_test(signers, G_FILE_TEST_EXISTS) || is_readable(signers));

	return !setup_is_needed(s, SETUP_FOLDER, folder, !readable) ||
	       manager_run(argv, NULL, error);
}

static char *autostart_folder(void)
{
	return g_build_filename(g_get_user_config_dir(), "autostart", NULL);
}

/* One file of autostart: copied or removed. One that the user changed is the user's. */
static bool autostart(struct setup *s, const char *name, bool wanted, GError **error)
{
	g_autofree char *source = installed(PKGDATADIR "/autostart", name);
	g_autofree char *folder = autostart_folder();
	g_autofree char *target = g_build_filename(folder, name, NULL);
	g_autofree char *text = NULL, *there = NULL;
	size_t len, there_len = 0;
	bool exists = g_file_test(target, G_FILE_TEST_EXISTS), same;

	if (!exists && !g_file_test(source, G_FILE_TEST_EXISTS)) {
		return true; // not installed
	}
	if (!file_read(source, MAX_ENTRY, &text, &len, error) ||
	    (exists && !file_read(target, MAX_ENTRY, &there, &there_len, error))) {
		return false;
	}
	same = exists && len == there_len && memcmp(text, there, len) == 0;
	if (exists && !same) {
		(void)setup_is_needed(s, SETUP_KEEP, target, false);
		return true;
	}
	if (!setup_is_needed(s, wanted ? SETUP_WRITE : SETUP_REMOVE, target, exists != wanted)) {
		return true;
	}
	if (wanted) {
		return file_mkdirs(folder, 0700, error) &&
		       file_replace(target, text, len, 0644, error);
	}
	return g_unlink(target) == 0 ||
	       problem(error, EXIT_REFUSED, "remove", NULL, _("cannot remove '%s': %s"), target,
		       g_strerror(errno));
}

static bool all_autostart(struct setup *s, bool wanted, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(entries); i++) {
		if (!autostart(s, entries[i], wanted, error)) {
			return false;
		}
	}
	if (s->done->len == 0 && wanted) {
		return problem(error, EXIT_REFUSED, "no-entry",
			       _("install Assent with its data files, or run 'assentd' yourself"),
			       _("there is no file for autostart in '%s'"),
			       PKGDATADIR "/autostart");
	}
	if (wanted) {
		g_ptr_array_add(s->notes,
				g_strdup(_("This machine was not started by systemd: your desktop "
					   "starts the agent with\nyour next session. To start it "
					   "now, run 'assentd'.")));
	}
	return true;
}

bool setup_do(struct setup *s, GError **error)
{
	if (!s->system && !manager_is_booted()) {
		return all_autostart(s, true, error);
	}
	if (s->system) {
		return make_user(s, error) && open_folder(s, error) && set_up_agent(s, error);
	}
	return is_reachable(s, error) && set_up_agent(s, error) && set_up_desktop(s, error) &&
	       set_up_lingering(s, error);
}

static bool take_down(struct setup *s, const char *name, GError **error)
{
	g_auto(unit_auto) unit = {0};
	bool runs, enabled;

	if (!manager_look(s->system, name, &unit, error)) {
		return false;
	}
	runs = !is(unit.active, "inactive") && !is(unit.active, "failed");
	enabled = is(unit.file, "enabled") || is(unit.file, "linked");
	if (is(unit.load, "not-found") && !runs && is(name, desktop_unit)) {
		return true;
	}
	if (setup_is_needed(s, SETUP_STOP, name, runs) &&
	    !manager_call(s->system, error, "stop", name, NULL)) {
		return false;
	}
	return !setup_is_needed(s, SETUP_DISABLE, name, enabled) ||
	       manager_call(s->system, error, "disable", name, NULL);
}

bool setup_undo(struct setup *s, GError **error)
{
	if (!s->system && !manager_is_booted()) {
		return all_autostart(s, false, error);
	}
	return is_reachable(s, error) && (s->system || take_down(s, desktop_unit, error)) &&
	       take_down(s, agent_unit, error) && (!s->linger || linger(s, false, error));
}
