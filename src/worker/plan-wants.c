/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From resources to paths, and the folders above them. */
#include "worker/plan.h"

#include <string.h>

#include "base/error.h"

static void add(struct planner *p, struct want *want)
{
	if (strcmp(want->path, "/") == 0) {
		plan_fail(p, want, "the root folder is no target");
	} else if (g_hash_table_contains(p->by_path, want->path)) {
		g_autofree char *shown = g_utf8_make_valid(want->path, -1);

		plan_fail(p, want, "'%s' is declared twice", shown);
	} else {
		g_hash_table_insert(p->by_path, want->path, want);
	}
}

/* What is in the place of a folder that a target needs. *missing: nothing. */
static bool look_at_folder(struct planner *p, const struct want *want, const char *folder,
			   struct beneath *beneath, bool *missing, GError **error)
{
	g_autoptr(GError) problem = NULL;
	struct observed there;
	int fd;

	*missing = false;
	if (beneath_folder(beneath, NULL, folder, &fd, &problem)) {
		return true;
	}
	if (!g_error_matches(problem, BENEATH_ERROR, BENEATH_ERROR_ABSENT)) {
		plan_fail(p, want, "%s", problem->message);
		return true;
	}
	if (!observe_path(p->observer, NULL, folder, &there, error)) {
		return false;
	}
	*missing = there.state.type == STATE_ABSENT;
	if (!*missing) {
		g_autofree char *shown = g_utf8_make_valid(folder, -1);

		plan_fail(p, want, "'%s' is a %s, not a folder", shown,
			  state_type_names[there.state.type]);
	}
	return true;
}

/* Folders that are missing above want become wants of their own, topmost last. */
static bool imply_folders(struct planner *p, const struct want *want, GHashTable *seen,
			  struct beneath *beneath, GPtrArray *implied, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(want->path);
	bool missing = true;

	while (missing && g_hash_table_add(seen, g_strdup(folder))) {
		const struct want *declared = g_hash_table_lookup(p->by_path, folder);
		char *above;

		if (declared != NULL) {
			if (declared->type != STATE_DIRECTORY) {
				plan_fail(p, want, "lies in '%s', which is declared as a %s",
					  declared->path, state_type_names[declared->type]);
			}
			return true;
		}
		if (!look_at_folder(p, want, folder, beneath, &missing, error)) {
			return false;
		}
		if (missing) {
			struct want *new = want_new(NULL, folder, STATE_DIRECTORY);

			g_ptr_array_add(implied, new);
		}
		above = g_path_get_dirname(folder);
		g_free(folder);
		folder = above;
	}
	return true;
}

bool plan_wants(struct planner *p, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) implied = g_ptr_array_new();
	g_autoptr(beneath_auto) beneath = beneath_new(p->for_root ? BENEATH_NO_LINKS : 0);
	bool ok = true;

	for (guint i = 0; i < p->desired->resources->len; i++) {
		const struct desired_resource *resource = p->desired->resources->pdata[i];

		const struct target_ops *ops = target_find(desired_kind_name(resource->kind));

		if (!ops->acts) {
			ops->want(resource, p->wants);
		}
	}
	for (guint i = 0; i < p->wants->len; i++) {
		add(p, p->wants->pdata[i]);
	}
	for (guint i = 0; ok && i < p->wants->len; i++) {
		const struct want *want = p->wants->pdata[i];

		/* Inside a tree every folder is an entry. */
		if (want->root == NULL || strcmp(want->root, want->path) == 0) {
			ok = imply_folders(p, want, seen, beneath, implied, error);
		}
	}
	for (guint i = 0; i < implied->len; i++) {
		g_ptr_array_add(p->wants, implied->pdata[i]);
		add(p, implied->pdata[i]);
	}
	return ok;
}
