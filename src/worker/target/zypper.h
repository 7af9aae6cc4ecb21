/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What zypper writes with --xmlout. */
#include "worker/target/package.h"

/* The outcome of "install --dry-run": what changes (struct package_change), none when there is
 * nothing to do. PACKAGE_ERROR_REFUSED with zypper's own words when it will not; an error, too,
 * when what changes is no package or the number is not that of its own summary. */
bool zypper_parse(const struct proc_result *result, GPtrArray **changes, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Its messages of errors, and the problem that it would ask about; g_free(). */
char *zypper_problem(const struct proc_result *result);
/* "search -s": "NAME ARCH VERSION", char *, of what repositories have. */
bool zypper_versions_parse(const char *xml, GPtrArray **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Patterns of names in /etc/zypp/locks that hold packages as a whole; char *. */
GPtrArray *zypper_locks_parse(const char *text);
