/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds and reads the manifests of a folder. */
#include "kube/folder.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"

struct search {
	size_t prefix; /* of each path: the folder and its slash */
	GPtrArray *paths;
	const char *folder;
	struct diag_list *diags;
};

struct load {
	const struct kube_files *files;
	const struct kube_vars *vars;
	GPtrArray *objects;
	struct diag_list *diags;
	size_t size; /* of all files so far */
	struct kube_spent spent;
};

static bool is_hidden(const char *path)
{
	return path[0] == '.' || strstr(path, "/.") != NULL;
}

static bool is_manifest(const char *path)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	if (is_hidden(path) || strcmp(name, "kustomization.yaml") == 0 ||
	    strcmp(name, "kustomization.yml") == 0) {
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
		if (g_str_has_suffix(name, endings[i])) {
			return true;
		}
	}
	return false;
}

static bool found(const char *path, bool is_link, void *data, GError **error)
{
	struct search *s = data;

	if (strlen(path) <= s->prefix || !is_manifest(path + s->prefix)) {
		return true;
	}
	if (is_link) {
		diag_add(s->diags, path, 1, 1,
			 "a link is not followed: put the file itself there, or name the folder "
			 "that has it");
		return true;
	}
	if (s->paths->len >= KUBE_FOLDER_MAX_FILES) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "more than %d manifests beneath '%s'", KUBE_FOLDER_MAX_FILES,
			    s->folder);
	}
	g_ptr_array_add(s->paths, g_strdup(path));
	return true;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted; NULL with error. */
static GPtrArray *find_paths(const struct kube_files *files, const char *folder,
			     struct diag_list *diags, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	struct search s = {
		.prefix = folder[0] != '\0' ? strlen(folder) + 1 : 0,
		.paths = paths,
		.folder = folder,
		.diags = diags,
	};

	if (!files->walk(files->data, folder, found, &s, error)) {
		return NULL;
	}
	g_ptr_array_sort(paths, compare_paths);
	return g_steal_pointer(&paths);
}

/* NULL: told, or error is set. */
static char *read_bytes(struct load *l, const char *path, size_t *len, GError **error)
{
	size_t left = KUBE_FOLDER_MAX_SIZE - l->size;
	size_t max = MIN(left, kube_limits_default.max_size);
	GError *inner = NULL;
	char *bytes = NULL;

	if (l->files->read(l->files->data, path, max, &bytes, len, &inner)) {
		l->size += *len;
		return bytes;
	}
	if (!g_error_matches(inner, BASE_ERROR, BASE_ERROR_LIMIT)) {
		g_propagate_error(error, inner);
		return NULL;
	}
	g_error_free(inner);
	if (max < left) {
		diag_add(l->diags, path, 1, 1, "the file is too large: at most %zu bytes; split it",
			 max);
	} else {
		diag_add(l->diags, path, 1, 1,
			 "too large with the files before: at most %zu bytes in all",
			 KUBE_FOLDER_MAX_SIZE);
	}
	return NULL;
}

/* What is wrong in one file does not hide what is wrong in the next. */
static void load_file(struct load *l, const char *path, GError **error)
{
	struct kube_limits limits = kube_limits_default;
	struct kube_source source = {
		.file = path,
		.limits = &limits,
		.vars = l->vars,
		.spent = &l->spent,
	};
	char *bytes = read_bytes(l, path, &source.len, error);

	if (bytes == NULL) {
		return;
	}
	limits.max_values = MIN(limits.max_values, KUBE_FOLDER_MAX_VALUES - l->spent.values);
	limits.max_text = MIN(limits.max_text, KUBE_FOLDER_MAX_TEXT - l->spent.text);
	source.text = bytes;
	(void)!kube_objects_read(&source, l->objects, l->diags);
	sodium_memzero(bytes, source.len);
	g_free(bytes);
}

static bool load_all(struct load *l, const GPtrArray *paths, const char *shown, GError **error)
{
	unsigned problems = l->diags->items->len, before = l->objects->len;
	g_autoptr(GError) inner = NULL;

	for (guint i = 0; i < paths->len && inner == NULL; i++) {
		load_file(l, paths->pdata[i], &inner);
		if (l->objects->len - before > KUBE_FOLDER_MAX_OBJECTS) {
			diag_add(l->diags, paths->pdata[i], 1, 1,
				 "more than %d objects with those of the files before",
				 KUBE_FOLDER_MAX_OBJECTS);
			break;
		}
	}
	if (inner != NULL) {
		g_propagate_error(error, g_steal_pointer(&inner));
		return false;
	}
	if (l->diags->items->len == problems && l->objects->len == before) {
		diag_add(l->diags, shown, 1, 1,
			 "no object here: it needs files that end in .yaml, .yml or .json");
	}
	return l->diags->items->len == problems;
}

bool kube_folder_read(const struct kube_files *files, const char *folder,
		      const struct kube_vars *vars, GPtrArray *objects, struct diag_list *diags,
		      GError **error)
{
	struct load l = {.files = files, .vars = vars, .objects = objects, .diags = diags};
	unsigned problems = diags->items->len;
	g_autoptr(GPtrArray) paths = find_paths(files, folder, diags, error);
	const char *shown = folder[0] != '\0' ? folder : ".";

	return paths != NULL && load_all(&l, paths, shown, error) && diags->items->len == problems;
}

bool kube_folder_read_file(const struct kube_files *files, const char *path,
			   const struct kube_vars *vars, GPtrArray *objects,
			   struct diag_list *diags, GError **error)
{
	struct load l = {.files = files, .vars = vars, .objects = objects, .diags = diags};
	g_autoptr(GPtrArray) paths = g_ptr_array_new();

	g_ptr_array_add(paths, (void *)path);
	return load_all(&l, paths, path, error);
}
