/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * systemd, asked and steered by systemctl: the manager of the user, or with
 * system that of the machine.
 *
 *	if (!manager_is_booted()) ...                      another init; systemctl is of no use
 *	manager_look(system, "assentd.service", &unit, &error)
 *	manager_call(system, &error, "enable", "assentd.service", NULL)
 *	manager_unit_clear(&unit)
 *
 * Errors are problems with what to do next.
 */
#include <glib.h>
#include <stdbool.h>

struct manager_unit {
	char *name;
	char *load;    /* "loaded", "not-found", ... */
	char *active;  /* "active", "inactive", "failed", ... */
	char *file;    /* "enabled", "disabled", ...; "" when there is none */
	bool outdated; /* the manager has not read the file again since it changed */
};
void manager_unit_clear(struct manager_unit *unit);

bool manager_is_booted(void);
/* A unit that is not there is no error. */
bool manager_look(bool system, const char *name, struct manager_unit *out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool manager_call(bool system, GError **error, ...) G_GNUC_NULL_TERMINATED
	G_GNUC_WARN_UNUSED_RESULT;
/* Any program; what it says on its standard error is the reason when it fails. out may be NULL. */
bool manager_run(const char *const *argv, char **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
