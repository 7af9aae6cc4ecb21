/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the resources that bring the files of the units that services name. */
#include <string.h>

#include "desired/load.h"
#include "desired/names.h"

/* Where systemd looks for units, as far as one can know it from here. */
static const struct {
	const char *folder;
	bool user_scope;
} folders[] = {
	{"/etc/systemd/system", false},
	{"/run/systemd/system", false},
	{"/usr/lib/systemd/system", false},
	{"/lib/systemd/system", false},
	{"/usr/local/lib/systemd/system", false},
	{"/etc/systemd/user", true},
	{"/run/systemd/user", true},
	{"/usr/lib/systemd/user", true},
	{"/usr/local/lib/systemd/user", true},
	{"~/.config/systemd/user", true},
	{"~/.local/share/systemd/user", true},
};

struct finding {
	const char *home;  /* "" when it is not known */
	GHashTable *files; /* "system app.service" to GPtrArray of struct desired_resource */
};

/* What is behind the folder's path and a slash; NULL: path is not in it. */
static const char *inside(const struct finding *f, const char *folder, const char *path)
{
	size_t len;

	if (folder[0] == '~') {
		len = strlen(f->home);
		if (len == 0 || strncmp(path, f->home, len) != 0) {
			return NULL;
		}
		path += len;
		folder++;
	}
	len = strlen(folder);
	return strncmp(path, folder, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

/* The unit that a name in a folder of units belongs to: its file, or what is dropped in beside it;
 * NULL: none. */
static char *unit_of(const char *name)
{
	const char *slash = strchr(name, '/');

	if (slash == NULL) {
		return g_strdup(name);
	}
	if (strchr(slash + 1, '/') != NULL || !g_str_has_suffix(slash, ".conf") ||
	    slash - name <= 2 || strncmp(slash - 2, ".d", 2) != 0) {
		return NULL;
	}
	return g_strndup(name, (size_t)(slash - name) - 2);
}

static void add_file(struct finding *f, const char *path, struct desired_resource *r)
{
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		const char *name = inside(f, folders[i].folder, path);
		g_autofree char *unit = name != NULL ? unit_of(name) : NULL;
		g_autofree char *key = NULL;
		GPtrArray *list;

		if (unit == NULL) {
			continue;
		}
		key = g_strdup_printf("%s %s", desired_scope_name(folders[i].user_scope), unit);
		list = g_hash_table_lookup(f->files, key);
		if (list == NULL) {
			list = g_ptr_array_new();
			g_hash_table_insert(f->files, g_steal_pointer(&key), list);
		}
		/* A tree may bring many. */
		if (list->len == 0 || list->pdata[list->len - 1] != r) {
			g_ptr_array_add(list, r);
		}
	}
}

/* May a tree at path hold units? It lies in a folder of them or above one. */
static bool is_near(const struct finding *f, const char *path)
{
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		const char *folder = folders[i].folder;
		g_autofree char *whole = g_strdup_printf("%s%s/", folder[0] == '~' ? f->home : "",
							 folder + (folder[0] == '~' ? 1 : 0));
		g_autofree char *top = g_strconcat(path, "/", NULL);

		if (g_str_has_prefix(whole, top) || g_str_has_prefix(top, whole)) {
			return true;
		}
	}
	return false;
}

static void add_tree(struct finding *f, struct desired_resource *r)
{
	for (guint i = 0; i < r->entries->len; i++) {
		const struct desired_entry *e = r->entries->pdata[i];
		g_autofree char *path = g_strconcat(r->path, "/", e->path, NULL);

		if (e->type != READER_FOLDER) {
			add_file(f, path, r);
		}
	}
}

static void tell(struct finding *f, struct desired_resource *service, const char *unit,
		 units_found_fn *found, void *data)
{
	g_autofree char *key = NULL;
	const GPtrArray *list;

	if (unit == NULL) {
		return;
	}
	key = g_strdup_printf("%s %s", desired_scope_name(service->user_scope), unit);
	list = g_hash_table_lookup(f->files, key);
	for (guint i = 0; list != NULL && i < list->len; i++) {
		found(service, list->pdata[i], data);
	}
}

static void free_list(void *list)
{
	g_ptr_array_unref(list);
}

void units_find(struct load *l, units_found_fn *found, void *data)
{
	struct finding f = {
		.home = l->env->home != NULL ? l->env->home : "",
		.files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list),
	};

	for (guint i = 0; i < l->out->resources->len; i++) {
		struct desired_resource *r = l->out->resources->pdata[i];

		if (r->path != NULL && (r->kind == DESIRED_FILE || r->kind == DESIRED_LINK)) {
			add_file(&f, r->path, r);
		} else if (r->path != NULL && r->kind == DESIRED_TREE && is_near(&f, r->path)) {
			add_tree(&f, r);
		}
	}
	for (guint i = 0; i < l->out->resources->len; i++) {
		struct desired_resource *r = l->out->resources->pdata[i];

		if (r->kind == DESIRED_SERVICE && r->name != NULL) {
			g_autofree char *template = names_unit_template(r->name);

			tell(&f, r, r->name, found, data);
			tell(&f, r, template, found, data);
		}
	}
	g_hash_table_unref(f.files);
}
