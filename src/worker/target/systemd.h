/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A service manager of systemd, the system's or a user's, by D-Bus. There is
 * no systemctl and no library of systemd in between; journalctl alone is asked
 * for the last lines of a unit that failed, where it is there.
 *
 *	s = host_systemd(host, user, &error)        -- kept by the host
 *	systemd_look(s, "app.service", &unit, &error)
 *	systemd_job(s, SYSTEMD_RESTART, "app.service", &patience, &error)
 *
 * Every call has a deadline, so has the wait for a job. Names of units must be
 * good (systemd_name_is_good()). Errors: SYSTEMD_ERROR; UNREACHABLE means that
 * nobody can say how the units are, everything else is an answer.
 */
#include <glib.h>
#include <stdbool.h>

#define SYSTEMD_ERROR systemd_error_quark()
GQuark systemd_error_quark(void);
enum systemd_error {
	SYSTEMD_ERROR_FAILED,
	SYSTEMD_ERROR_UNREACHABLE, /* no bus, no manager, or no answer in time */
	SYSTEMD_ERROR_DENIED,
	SYSTEMD_ERROR_STOPPED, /* asked to stop while waiting */
};

struct systemd;

/* A unit as plans speak of it; the texts are constants. */
struct systemd_unit {
	bool found; /* there is a file for it, or it runs without one */
	/* "enabled", "disabled", "masked" ...; NULL: it has no file */
	const char *enabled;
	const char *running; /* "active", "inactive", "failed" */
	bool idle;	     /* neither runs nor is on its way, and nobody asked for it */
};
/* What a few of them are asked for besides. */
struct systemd_details {
	bool needs_reload; /* its files have changed since the manager read them */
	bool can_reload;
	bool runs_once; /* ends by itself, and then is no more active */
	bool is_ours;	/* this process belongs to it: it cannot be stopped from within */
	char *file;	/* NULL: none; g_free() */
};

/* A whole name as manifests have it; of a template, too, which can be enabled and never runs. */
bool systemd_name_is_good(const char *unit);

bool systemd_open(bool user, struct systemd **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void systemd_free(struct systemd *s);
/* The bus went away. */
bool systemd_is_closed(const struct systemd *s);

/* A unit on its way somewhere is waited for, a little. */
bool systemd_look(struct systemd *s, const char *unit, struct systemd_unit *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Many in a few calls. out: name to struct systemd_unit; g_hash_table_unref(). */
bool systemd_look_all(struct systemd *s, const char *const *units, GHashTable **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool systemd_ask(struct systemd *s, const char *unit, struct systemd_details *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* For a check: is it active at this moment? told: how it is, "failed (exit-code)"; g_free(). */
bool systemd_is_active(struct systemd *s, const char *unit, int timeout_ms, bool *active,
		       char **told, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads all units again. */
bool systemd_reload(struct systemd *s, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The links of a unit; the manager reads its units again when one has changed. runtime: those that
 * last until the next boot. */
bool systemd_enable(struct systemd *s, const char *unit, bool runtime, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool systemd_disable(struct systemd *s, const char *unit, bool runtime, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool systemd_mask(struct systemd *s, const char *unit, bool runtime, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool systemd_unmask(struct systemd *s, const char *unit, bool runtime, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool systemd_link(struct systemd *s, const char *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Forgets that it failed, and how often it was started. */
void systemd_reset_failed(struct systemd *s, const char *unit);

enum systemd_verb { SYSTEMD_START, SYSTEMD_STOP, SYSTEMD_RESTART, SYSTEMD_RELOAD };
struct systemd_patience {
	bool (*stopped)(void *user); /* shall the wait end? NULL: never */
	void *user;
	unsigned seconds; /* 0: as long as the unit itself allows, and a little */
};
/* Waits for the end of the job, and for a moment to see whether the unit stays as it shall be. The
 * error says how the unit is and what it wrote last. patience: NULL for none of its members. A
 * start or restart is done however often the unit was started before (StartLimitBurst=). */
bool systemd_job(struct systemd *s, enum systemd_verb verb, const char *unit,
		 const struct systemd_patience *patience, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct systemd systemd_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(systemd_auto, systemd_free)
