/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds which resource waits for which. */
#include <string.h>

#include "desired/names.h"
#include "desired/order.h"

#define MAX_EDGES 1000000

struct finding {
	struct load *l;
	GPtrArray *edges;
	GHashTable *index;  /* id to GPtrArray of struct desired_resource */
	GHashTable *seen;   /* pairs that are in after or notify */
	GHashTable *warned; /* struct yaml_node of references that have no effect */
	GPtrArray **after;  /* by position: char *, NULL: none */
	GPtrArray **notify; /* the same */
	bool *told;	    /* by position: something notifies it */
	bool overfull;	    /* there are too many edges, which was told */
};

static void free_list(void *list)
{
	g_ptr_array_unref(list);
}

/* "kubernetes:PATH", where no other cluster has that path. */
static void index_short(GHashTable *index, struct desired_resource *r)
{
	const char *context = r->kubernetes->context;
	g_autofree char *id = NULL;
	const struct desired_resource *first;
	GPtrArray *list;

	if (context == NULL) {
		return;
	}
	id = g_strconcat("kubernetes:", r->name + strlen(context) + 1, NULL);
	list = g_hash_table_lookup(index, id);
	if (list == NULL) {
		list = g_ptr_array_new();
		g_ptr_array_add(list, r);
		g_hash_table_insert(index, g_steal_pointer(&id), list);
		return;
	}
	first = list->len > 0 ? list->pdata[0] : NULL;
	if (first != NULL && strcmp(first->id, r->id) == 0) {
		g_ptr_array_add(list, r);
	} else if (first != NULL && strcmp(first->id, id) != 0) {
		g_ptr_array_set_size(list, 0);
	}
}

static GHashTable *index_resources(struct load *l)
{
	GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);

	for (guint i = 0; i < l->out->resources->len; i++) {
		struct desired_resource *r = l->out->resources->pdata[i];
		/* What has no id was reported. */
		GPtrArray *list = r->id != NULL ? g_hash_table_lookup(index, r->id) : NULL;

		if (r->id != NULL && list == NULL) {
			list = g_ptr_array_new();
			g_hash_table_insert(index, g_strdup(r->id), list);
		}
		if (list != NULL) {
			g_ptr_array_add(list, r);
		}
	}
	/* Their own ids come first. */
	for (guint i = 0; i < l->out->resources->len; i++) {
		struct desired_resource *r = l->out->resources->pdata[i];

		if (r->kind == DESIRED_KUBERNETES && r->id != NULL) {
			index_short(index, r);
		}
	}
	return index;
}

/* Several resources have the same id where a repository is checked for all hosts; best is that
 * which is meant for the same hosts. */
static struct desired_resource *look_up(const struct finding *f, const char *id,
					const struct desired_resource *from)
{
	const GPtrArray *list = g_hash_table_lookup(f->index, id);

	for (guint i = 0; list != NULL && i < list->len; i++) {
		struct desired_resource *r = list->pdata[i];

		if (g_strcmp0(r->selector, from->selector) == 0) {
			return r;
		}
	}
	return list != NULL && list->len > 0 ? list->pdata[0] : NULL;
}

/* True: it was not in the lists before. */
static bool add_name(struct finding *f, GPtrArray **lists, const struct desired_resource *from,
		     const struct desired_resource *to)
{
	/* Both positions are below DESIRED_MAX_RESOURCES, so that this fits into 32 bits. */
	guint key = 1 + 2 * (from->position * DESIRED_MAX_RESOURCES + to->position) +
		    (lists == f->after ? 0 : 1);

	if (!g_hash_table_add(f->seen, GUINT_TO_POINTER(key))) {
		return false;
	}
	if (lists[from->position] == NULL) {
		lists[from->position] = g_ptr_array_new();
	}
	g_ptr_array_add(lists[from->position], g_strdup(to->id));
	return true;
}

static void connect(struct finding *f, struct desired_resource *from, struct desired_resource *to,
		    enum edge_why why)
{
	struct edge *edge;

	if (from->id == NULL || to->id == NULL || f->overfull) {
		return;
	}
	if (f->edges->len == MAX_EDGES) {
		diag_add(f->l->diags, from->file, from->line, from->column,
			 "too much waits for something else: more than %d pairs", MAX_EDGES);
		f->overfull = true;
		return;
	}
	/* Checked for all hosts, what is meant for different ones need not meet. */
	if (why != EDGE_AFTER && why != EDGE_NOTIFY && f->l->env->every_host &&
	    from->selector != NULL && to->selector != NULL &&
	    strcmp(from->selector, to->selector) != 0) {
		return;
	}
	if (why == EDGE_AFTER || why == EDGE_PACKAGE || why == EDGE_UNIT) {
		add_name(f, f->after, from, to);
	}
	edge = g_new0(struct edge, 1);
	edge->from = from;
	edge->to = to;
	edge->why = why;
	g_ptr_array_add(f->edges, edge);
}

static void resolve_after(struct finding *f, const struct reference *reference,
			  struct desired_resource *to)
{
	struct desired_resource *from = reference->from;

	if (from == to || from->kind != DESIRED_PACKAGE || to->kind != DESIRED_PACKAGE) {
		connect(f, from, to, EDGE_AFTER);
		return;
	}
	/* Once of a list. */
	if (g_hash_table_add(f->warned, (gpointer)reference->node)) {
		g_ptr_array_add(f->l->out->warnings,
				g_strdup_printf("%s cannot come after %s: all packages are "
						"changed together",
						from->id, to->id));
	}
}

static void resolve_notify(struct finding *f, const struct reference *reference,
			   struct desired_resource *to)
{
	if (to->kind != DESIRED_SERVICE && to->kind != DESIRED_COMMAND) {
		yaml_fail(reference->node, f->l->diags,
			  "'%s' cannot be notified: only services and commands can", to->id);
	} else if (to->kind == DESIRED_SERVICE && names_unit_is_template(to->name)) {
		yaml_fail(reference->node, f->l->diags,
			  "'%s' cannot be notified: a template never runs", to->id);
	} else if (reference->from->id != NULL) {
		f->told[to->position] = true;
		if (add_name(f, f->notify, reference->from, to)) {
			connect(f, to, reference->from, EDGE_NOTIFY);
		}
	}
}

static void resolve(struct finding *f, const struct reference *reference)
{
	struct desired_resource *to = look_up(f, reference->id, reference->from);

	if (to == NULL) {
		yaml_fail(reference->node, f->l->diags,
			  "no resource '%s' is declared for this host", reference->id);
	} else if (reference->is_after) {
		resolve_after(f, reference, to);
	} else {
		resolve_notify(f, reference, to);
	}
}

/* Sorts a path before what lies beneath it, and that before its other neighbours. */
static int compare_paths(gconstpointer a, gconstpointer b)
{
	const struct desired_resource *const *x = a, *const *y = b;
	const char *p = (*x)->path, *q = (*y)->path;

	while (*p != '\0' && *p == *q) {
		p++;
		q++;
	}
	if (*p == *q) {
		return (*x)->position < (*y)->position ? -1 : 1;
	}
	if (*p == '\0' || *q == '\0') {
		return *p == '\0' ? -1 : 1;
	}
	if (*p == '/' || *q == '/') {
		return *p == '/' ? -1 : 1;
	}
	return (unsigned char)*p < (unsigned char)*q ? -1 : 1;
}

static bool is_beneath(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/* Each path waits for the nearest folder above it. */
static void find_folders(struct finding *f)
{
	const GPtrArray *resources = f->l->out->resources;
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	g_autoptr(GPtrArray) above = g_ptr_array_new();

	for (guint i = 0; i < resources->len; i++) {
		struct desired_resource *r = resources->pdata[i];

		if (r->path != NULL) {
			g_ptr_array_add(sorted, r);
		}
	}
	g_ptr_array_sort(sorted, compare_paths);
	for (guint i = 0; i < sorted->len; i++) {
		struct desired_resource *r = sorted->pdata[i], *top = NULL;

		while (above->len > 0) {
			top = above->pdata[above->len - 1];
			if (is_beneath(r->path, top->path)) {
				break;
			}
			g_ptr_array_set_size(above, (gint)above->len - 1);
		}
		if (above->len > 0) {
			connect(f, r, top, EDGE_FOLDER);
		}
		if (r->kind == DESIRED_DIRECTORY || r->kind == DESIRED_TREE) {
			g_ptr_array_add(above, r);
		}
	}
}

static void found_unit(struct desired_resource *service, struct desired_resource *file, void *data)
{
	connect(data, service, file, EDGE_UNIT);
}

/* "package:nginx", also of nginx:amd64. */
static void find_packages(struct finding *f)
{
	const GPtrArray *resources = f->l->out->resources;
	g_autoptr(GHashTable) packages =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);

	for (guint i = 0; i < resources->len; i++) {
		struct desired_resource *r = resources->pdata[i];
		g_autofree char *name = NULL;
		GPtrArray *list;

		if (r->kind != DESIRED_PACKAGE || r->name == NULL || r->state != DESIRED_PRESENT) {
			continue;
		}
		name = g_strndup(r->name, strcspn(r->name, ":"));
		list = g_hash_table_lookup(packages, name);
		if (list == NULL) {
			list = g_ptr_array_new();
			g_hash_table_insert(packages, g_steal_pointer(&name), list);
		}
		g_ptr_array_add(list, r);
	}
	for (guint i = 0; i < resources->len; i++) {
		struct desired_resource *r = resources->pdata[i];
		g_autofree char *name = NULL;
		const GPtrArray *list;

		if (r->kind != DESIRED_SERVICE || r->name == NULL) {
			continue;
		}
		name = g_strndup(r->name, (size_t)(strrchr(r->name, '.') - r->name));
		list = g_hash_table_lookup(packages, name);
		for (guint k = 0; list != NULL && k < list->len; k++) {
			connect(f, r, list->pdata[k], EDGE_PACKAGE);
		}
	}
}

/* What is never done is told. */
static void warn(struct finding *f, const struct desired_resource *r)
{
	const char *text = NULL;

	if (r->id == NULL || f->told[r->position]) {
		return;
	}
	if (r->kind == DESIRED_COMMAND && r->only_notified) {
		text = "is never run: nothing notifies it";
	} else if (r->kind == DESIRED_SERVICE && r->enabled < 0 && r->masked < 0 &&
		   r->state == DESIRED_UNSTATED) {
		text = "has no effect: it states nothing, and nothing notifies it";
	}
	if (text != NULL) {
		g_ptr_array_add(f->l->out->warnings, g_strdup_printf("%s %s", r->id, text));
	}
}

/* The list as an array that ends with NULL; NULL of none. */
static char **take_list(GPtrArray *list)
{
	if (list == NULL) {
		return NULL;
	}
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

GPtrArray *edges_find(struct load *l)
{
	const GPtrArray *resources = l->out->resources;
	g_autofree GPtrArray **after = g_new0(GPtrArray *, resources->len + 1);
	g_autofree GPtrArray **notify = g_new0(GPtrArray *, resources->len + 1);
	g_autofree bool *told = g_new0(bool, resources->len + 1);
	g_autoptr(GHashTable) index = index_resources(l);
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) warned = g_hash_table_new(NULL, NULL);
	struct finding f = {.l = l,
			    .edges = g_ptr_array_new_with_free_func(g_free),
			    .index = index,
			    .seen = seen,
			    .warned = warned,
			    .after = after,
			    .notify = notify,
			    .told = told};

	for (guint i = 0; i < l->references->len; i++) {
		resolve(&f, l->references->pdata[i]);
	}
	find_folders(&f);
	find_packages(&f);
	units_find(l, found_unit, &f);
	for (guint i = 0; i < resources->len; i++) {
		struct desired_resource *r = resources->pdata[i];

		warn(&f, r);
		r->after = take_list(after[i]);
		r->notify = take_list(notify[i]);
	}
	return f.edges;
}
