/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Paths in a repository: see tree.h for the rules. */
#include <glib.h>
#include <stdbool.h>

bool name_check_path(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "folder/name", or "name" in the root. Freed with g_free(). */
char *name_join(const char *folder, const char *name);
/* Why name may not be a path's component, or NULL when it may. */
const char *name_problem(const char *name);
