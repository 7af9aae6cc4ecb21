/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What dnf says it would do, read from what it writes for people. */
#include "worker/target/package.h"

/* The outcome of "dnf --assumeno": what changes (struct package_change; from "" where dnf does not
 * say it), none when there is nothing to do. PACKAGE_ERROR_REFUSED with dnf's own words when it
 * will not; an error, too, when a line is not understood or the number of packages is not that of
 * dnf's own summary. Both the table of dnf 4 and that of dnf 5. */
bool dnf_parse(const struct proc_result *result, GPtrArray **changes, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Why it failed: its own lines of errors; g_free(). */
char *dnf_problem(const struct proc_result *result);
/* Names in a list of the versionlock plugin (dnf 4) or in versionlock.toml (dnf 5). */
GHashTable *dnf_held_parse(const char *list);
