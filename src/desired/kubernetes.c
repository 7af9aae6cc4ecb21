/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a resource `kubernetes` and the objects that it stands for. */
#include "desired/kubernetes.h"

#include <string.h>

#include "base/conf.h"
#include "base/error.h"
#include "desired/load.h"
#include "desired/paths.h"
#include "kube/folder.h"

#define MAX_LABEL 63

void kubernetes_free(struct desired_kubernetes *k)
{
	if (k == NULL) {
		return;
	}
	g_free(k->context);
	g_free(k->path);
	g_free(k->namespace);
	g_free(k->render);
	g_strfreev(k->values);
	g_clear_pointer(&k->objects, g_ptr_array_unref);
	g_free(k);
}

/* From the stack's folder; "." for that itself. */
static const char *from_top(const struct load *l, const char *path)
{
	size_t len = strlen(l->top);

	if (strcmp(path, l->top) == 0) {
		return ".";
	}
	return len > 0 ? path + len + 1 : path;
}

/* What is behind "kubernetes:" in a reference: CONTEXT/PATH or PATH, as in ids. */
char *kubernetes_name(struct load *l, const struct yaml_node *node, const char *text)
{
	g_autofree char *problem = NULL;
	g_autofree char *path = paths_source(text, l->top, l->top, &problem);

	if (path == NULL) {
		yaml_fail(node, l->diags, "%s", problem);
		return NULL;
	}
	return g_strdup(from_top(l, path));
}

static bool is_namespace(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= MAX_LABEL &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len && text[0] != '-' &&
	       text[len - 1] != '-';
}

/* The expanded text of a key; NULL when absent, with diagnostics, or not for this host. */
static char *read_word(struct load *l, struct yaml_node *map, const struct keys_table *table,
		       const char *key, bool (*is_valid)(const char *text), const char *shape)
{
	const struct yaml_node *node = keys_get(map, table, key);
	const char *text = keys_text(map, table, key, l->diags);
	g_autofree char *expanded = text != NULL ? load_expand(l, node, text) : NULL;

	if (expanded == NULL || !l->selected) {
		return NULL;
	}
	if (!is_valid(expanded)) {
		yaml_fail(node, l->diags, "'%s' is not %s: '%s'", key, shape, expanded);
		return NULL;
	}
	return g_steal_pointer(&expanded);
}

static void read_context(struct load *l, struct yaml_node *map, const struct keys_table *table,
			 struct desired_kubernetes *k)
{
	const char *const *known = l->env->clusters;
	const struct yaml_node *node = keys_get(map, table, "context");

	k->context = read_word(l, map, table, "context", conf_is_name,
			       "a cluster's name of the agent's configuration");
	if (!l->selected || known == NULL) {
		return;
	}
	if (known[0] == NULL) {
		yaml_fail(map, l->diags,
			  "stack '%s' may touch no cluster: the agent's configuration names none "
			  "for it",
			  l->env->stack);
	} else if (k->context != NULL && !g_strv_contains(known, k->context)) {
		yaml_fail(node, l->diags,
			  "stack '%s' may not touch cluster '%s': the agent's configuration does "
			  "not name it",
			  l->env->stack, k->context);
	} else if (node == NULL && known[1] != NULL) {
		g_autofree char *names = g_strjoinv(", ", (char **)known);

		yaml_fail(map, l->diags, "'context' is missing: it is one of %s", names);
	} else if (node == NULL) {
		k->context = g_strdup(known[0]);
	}
}

static const char *missing(enum reader_type type, bool is_folder)
{
	if (type == READER_ABSENT) {
		return is_folder ? "no such folder in the repository"
				 : "no such file in the repository";
	}
	return type == READER_LINK ? "it is a symbolic link, which is not followed"
				   : "it is no regular file";
}

/* The repository path of text; NULL with diagnostics. */
static char *source_path(struct load *l, const struct yaml_node *node, const char *text,
			 enum reader_type *type)
{
	g_autofree char *expanded = load_expand(l, node, text);
	g_autofree char *problem = NULL, *path = NULL;
	struct reader_entry entry = {0};
	GError *error = NULL;

	if (expanded == NULL || !l->selected) {
		return NULL;
	}
	path = paths_source(expanded, l->document->folder, l->top, &problem);
	if (path == NULL) {
		yaml_fail(node, l->diags, "%s", problem);
		return NULL;
	}
	if (!reader_stat(l->reader, path, &entry, &error)) {
		load_io_failed(l, node, error);
		return NULL;
	}
	*type = entry.type;
	if (entry.type != READER_FILE && entry.type != READER_FOLDER) {
		yaml_fail(node, l->diags, "cannot take '%s': %s", path,
			  missing(entry.type, g_str_has_suffix(expanded, "/")));
		return NULL;
	}
	return g_steal_pointer(&path);
}

static void read_values(struct load *l, struct yaml_node *map, const struct keys_table *table,
			struct desired_kubernetes *k)
{
	g_auto(GStrv) texts = keys_texts(map, table, "values", l->diags);
	const struct yaml_node *node = keys_get(map, table, "values");
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	if (node != NULL && keys_get(map, table, "render") == NULL) {
		yaml_fail(node, l->diags, "'values' are for a renderer: 'render' is missing");
	}
	for (guint i = 0; texts != NULL && texts[i] != NULL; i++) {
		const struct yaml_node *at = node->type == YAML_LIST ? node->items->pdata[i] : node;
		enum reader_type type = READER_ABSENT;
		g_autofree char *path = source_path(l, at, texts[i], &type);

		if (path != NULL && type != READER_FILE) {
			yaml_fail(at, l->diags, "cannot take '%s': it is a folder", path);
		} else if (path != NULL) {
			g_ptr_array_add(paths, g_steal_pointer(&path));
		}
	}
	if (paths->len > 0) {
		g_ptr_array_add(paths, NULL);
		k->values = (char **)g_ptr_array_free(g_steal_pointer(&paths), FALSE);
	}
}

static void read_render(struct load *l, struct yaml_node *map, const struct keys_table *table,
			struct desired_kubernetes *k, bool is_template)
{
	const struct yaml_node *node = keys_get(map, table, "render");

	k->render = read_word(l, map, table, "render", conf_is_name,
			      "a renderer's name of the agent's configuration");
	if (k->render != NULL && l->env->renderers != NULL &&
	    !g_strv_contains(l->env->renderers, k->render)) {
		yaml_fail(node, l->diags, "the agent's configuration has no renderer '%s'",
			  k->render);
	}
	if (k->render != NULL && !k->is_folder && k->path != NULL) {
		yaml_fail(node, l->diags, "a renderer takes a folder, and '%s' is a file", k->path);
	}
	if (node != NULL && is_template) {
		yaml_fail(node, l->diags,
			  "what a renderer makes is no template: give it its values");
	}
	read_values(l, map, table, k);
}

/* A folder with the stack's own manifest in it holds more than objects. */
static bool holds_manifest(struct load *l, const struct yaml_node *node, const char *path)
{
	size_t len = strlen(path);

	for (guint i = 0; i < l->documents->len; i++) {
		const struct document *d = l->documents->pdata[i];

		if (len == 0 || (strncmp(d->file, path, len) == 0 &&
				 (d->file[len] == '/' || d->file[len] == '\0'))) {
			yaml_fail(node, l->diags,
				  "'%s' is in it: keep objects in a folder of their own", d->file);
			return true;
		}
	}
	return false;
}

struct reading {
	struct load *l;
	kube_found_fn *found;
	void *found_data;
};

static bool found_entry(void *data, const struct reader_entry *entry, GError **error)
{
	const struct reading *r = data;

	return r->found(entry->path, entry->type == READER_LINK, r->found_data, error);
}

static bool walk(void *data, const char *folder, kube_found_fn *found, void *found_data,
		 GError **error)
{
	struct reading r = {.l = data, .found = found, .found_data = found_data};

	return reader_walk(r.l->reader, folder, found_entry, &r, error);
}

static bool read_file(void *data, const char *path, size_t max, char **bytes, size_t *len,
		      GError **error)
{
	struct load *l = data;

	if (!reader_read(l->reader, path, max, bytes, len, error)) {
		return false;
	}
	l->manifests += *len;
	if (l->manifests > DESIRED_MAX_MANIFESTS) {
		g_clear_pointer(bytes, g_free);
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "the manifests of all clusters are larger than %zu bytes in all",
			    DESIRED_MAX_MANIFESTS);
	}
	return true;
}

static const char *lookup(const char *name, enum kube_var_type *type, void *data)
{
	return vars_typed(name, type, data);
}

static void free_object(void *object)
{
	kube_object_free(object);
}

/* Several resources may have the same files: what is wrong there is told once. */
static void tell_once(struct load *l, const struct diag_list *diags)
{
	for (guint i = 0; i < diags->items->len; i++) {
		const struct diag *d = diags->items->pdata[i];
		char *key = g_strdup_printf("%s:%u:%u:%s", d->file, d->line, d->column, d->message);

		/* The table owns the text from here, and frees it when it has it already. */
		if (g_hash_table_add(l->told, key)) {
			diag_add(l->diags, d->file, d->line, d->column, "%s", d->message);
		}
	}
}

static void read_objects(struct load *l, const struct yaml_node *node, struct desired_kubernetes *k,
			 bool is_template)
{
	const struct kube_files files = {.walk = walk, .read = read_file, .data = l};
	const struct kube_vars vars = {.lookup = lookup, .data = l};
	const struct kube_vars *used = is_template ? &vars : NULL;
	struct diag_list diags;
	GError *error = NULL;
	bool good;

	diag_list_init(&diags);
	k->objects = g_ptr_array_new_with_free_func(free_object);
	good = k->is_folder
		       ? kube_folder_read(&files, k->path, used, k->objects, &diags, &error)
		       : kube_folder_read_file(&files, k->path, used, k->objects, &diags, &error);
	if (error != NULL) {
		load_io_failed(l, node, error);
	} else if (good) {
		kubernetes_check_sealed(k->objects, &diags);
	}
	tell_once(l, &diags);
	diag_list_clear(&diags);
	l->objects += k->objects->len;
	if (l->objects > DESIRED_MAX_OBJECTS) {
		yaml_fail(node, l->diags, "more than %d objects with those before",
			  DESIRED_MAX_OBJECTS);
	}
}

static void read_source(struct load *l, struct yaml_node *map, const struct keys_table *table,
			struct desired_resource *r)
{
	struct desired_kubernetes *k = r->kubernetes;
	const char *text = keys_text(map, table, "kubernetes", l->diags);
	enum reader_type type = READER_ABSENT;

	if (text != NULL) {
		k->path = source_path(l, keys_get(map, table, "kubernetes"), text, &type);
	}
	k->is_folder = type == READER_FOLDER;
	if (k->path == NULL) {
		return;
	}
	r->name = k->context != NULL ? g_strconcat(k->context, "/", from_top(l, k->path), NULL)
				     : g_strdup(from_top(l, k->path));
	r->id = g_strconcat("kubernetes:", r->name, NULL);
}

void kubernetes_read(struct load *l, struct yaml_node *map, const struct keys_table *table,
		     struct desired_resource *r)
{
	const struct yaml_node *node = keys_get(map, table, "kubernetes");
	bool is_template = keys_bool(map, table, "template", l->diags);
	struct desired_kubernetes *k = g_new0(struct desired_kubernetes, 1);

	r->kubernetes = k;
	read_context(l, map, table, k);
	read_source(l, map, table, r);
	k->namespace = read_word(l, map, table, "namespace", is_namespace,
				 "a namespace's name: small letters, digits and '-'");
	k->prune = keys_bool(map, table, "prune", l->diags);
	k->wait = keys_bool(map, table, "wait", l->diags);
	k->within = (unsigned)keys_number(map, table, "within", l->diags);
	k->force = keys_bool(map, table, "force-conflicts", l->diags);
	k->replace = keys_bool(map, table, "replace", l->diags);
	if (!k->wait && keys_get(map, table, "within") != NULL) {
		yaml_fail(keys_get(map, table, "within"), l->diags,
			  "'within' is how long to wait, and 'wait' is false");
	}
	read_render(l, map, table, k, is_template);
	l->clusters += l->selected ? 1 : 0;
	if (l->clusters > DESIRED_MAX_KUBERNETES) {
		yaml_fail(map, l->diags, "more than %d resources of this kind",
			  DESIRED_MAX_KUBERNETES);
		return;
	}
	if (k->path != NULL && keys_get(map, table, "render") == NULL && !l->env->no_objects &&
	    l->io == NULL && !holds_manifest(l, node, k->path)) {
		read_objects(l, node, k, is_template);
	}
}

bool kubernetes_take(const struct desired_resource *r, const char *text, size_t len,
		     GPtrArray *objects, struct diag_list *diags)
{
	g_autofree char *file = g_strconcat("render:", r->name, NULL);
	const struct kube_source source = {
		.file = file, .text = text, .len = len, .limits = &kube_limits_default};
	guint before = diags->items->len, had = objects->len;

	if (!kube_objects_read(&source, objects, diags)) {
		return false;
	}
	if (objects->len == had) {
		diag_add(diags, file, 1, 1, "renderer '%s' made no object", r->kubernetes->render);
	} else if (objects->len > KUBE_FOLDER_MAX_OBJECTS) {
		diag_add(diags, file, 1, 1, "more than %d objects", KUBE_FOLDER_MAX_OBJECTS);
	} else {
		kubernetes_check_sealed(objects, diags);
	}
	return diags->items->len == before;
}

struct known_object {
	const struct kube_object *object;
	const struct desired_resource *r;
};

/* NUL-free, and no part of it has '\n'. */
static char *object_key(const struct desired_resource *r, const struct kube_object *object,
			bool settled)
{
	const struct desired_kubernetes *k = r->kubernetes;
	const char *namespace = object->id->namespace;

	if (!settled && namespace[0] == '\0' && k->namespace != NULL) {
		namespace = k->namespace;
	}
	return g_strjoin("\n", k->context != NULL ? k->context : "", object->id->group,
			 object->id->kind, namespace, object->id->name, NULL);
}

static bool may_meet(const struct desired_resource *a, const struct desired_resource *b,
		     bool every_host)
{
	return !every_host || a->selector == NULL || b->selector == NULL ||
	       strcmp(a->selector, b->selector) == 0;
}

static void check_object(GHashTable *known, const struct desired_resource *r,
			 const struct kube_object *object, bool settled, bool every_host,
			 struct diag_list *diags)
{
	char *key = object_key(r, object, settled);
	const struct known_object *other = g_hash_table_lookup(known, key);
	struct known_object *mine;

	if (other == NULL) {
		mine = g_new(struct known_object, 1);
		mine->object = object;
		mine->r = r;
		g_hash_table_insert(known, key, mine);
		return;
	}
	/* Of the same id that was told of the resource. */
	if (r == other->r ||
	    (strcmp(r->id, other->r->id) != 0 && may_meet(r, other->r, every_host))) {
		g_autofree char *shown = kube_id_text(object->id);

		diag_add(diags, object->file, object->place.line, object->place.column,
			 "'%s' stands in '%s', line %u already: remove one", shown,
			 other->object->file, other->object->place.line);
	}
	g_free(key);
}

bool kubernetes_check_unique(const GPtrArray *resources, bool settled, bool every_host,
			     struct diag_list *diags)
{
	g_autoptr(GHashTable) known =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	guint before = diags->items->len;

	for (guint i = 0; i < resources->len; i++) {
		const struct desired_resource *r = resources->pdata[i];
		const GPtrArray *objects = r->kubernetes != NULL ? r->kubernetes->objects : NULL;

		for (guint k = 0; objects != NULL && k < objects->len; k++) {
			check_object(known, r, objects->pdata[k], settled, every_host, diags);
		}
	}
	return diags->items->len == before;
}
