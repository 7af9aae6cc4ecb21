/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resolves `after` and `notify`, and sorts resources so that `after` comes before. */
#include <string.h>

#include "desired/load.h"

struct vertex {
	struct desired_resource *r;
	GPtrArray *after; /* struct vertex */
	guint next;	  /* index in after that is to be looked at next */
	enum { NEW, UNDER_WAY, DONE } state;
};

static void vertex_free(void *data)
{
	struct vertex *v = data;

	g_ptr_array_unref(v->after);
	g_free(v);
}

static GHashTable *index_resources(struct load *l, GPtrArray *vertices)
{
	GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < l->out->resources->len; i++) {
		struct vertex *v = g_new0(struct vertex, 1);

		v->r = l->out->resources->pdata[i];
		v->after = g_ptr_array_new();
		g_ptr_array_add(vertices, v);
		/* What collides with an earlier one, or has no path, was reported already. */
		if (v->r->id != NULL && !g_hash_table_contains(index, v->r->id)) {
			g_hash_table_insert(index, v->r->id, v);
		}
	}
	return index;
}

static void add_name(char ***names, const char *name)
{
	guint count = *names != NULL ? g_strv_length(*names) : 0;

	if (*names != NULL && g_strv_contains((const char *const *)*names, name)) {
		return;
	}
	*names = g_renew(char *, *names, count + 2);
	(*names)[count] = g_strdup(name);
	(*names)[count + 1] = NULL;
}

static void resolve(struct load *l, GHashTable *index, const struct reference *reference)
{
	struct vertex *from, *to = g_hash_table_lookup(index, reference->id);

	if (to == NULL) {
		yaml_fail(reference->node, l->diags, "no resource '%s' is declared for this host",
			  reference->id);
		return;
	}
	if (!reference->is_after) {
		add_name(&reference->from->notify, reference->id);
		return;
	}
	add_name(&reference->from->after, reference->id);
	from = reference->from->id != NULL ? g_hash_table_lookup(index, reference->from->id) : NULL;
	if (from != NULL) {
		g_ptr_array_add(from->after, to);
	}
}

/* Puts v and what it comes after into sorted, depth first. */
static void visit(struct load *l, struct vertex *root, GPtrArray *sorted)
{
	g_autoptr(GPtrArray) stack = g_ptr_array_new();

	g_ptr_array_add(stack, root);
	root->state = UNDER_WAY;
	while (stack->len > 0) {
		struct vertex *v = stack->pdata[stack->len - 1], *next;

		if (v->next == v->after->len) {
			v->state = DONE;
			g_ptr_array_add(sorted, v->r);
			g_ptr_array_set_size(stack, (gint)stack->len - 1);
			continue;
		}
		next = v->after->pdata[v->next++];
		if (next->state == UNDER_WAY) {
			diag_add(l->diags, v->r->file, v->r->line, v->r->column,
				 "'after' goes in a circle: '%s' and '%s' wait for each other",
				 v->r->id, next->r->id);
		} else if (next->state == NEW) {
			next->state = UNDER_WAY;
			g_ptr_array_add(stack, next);
		}
	}
}

void order_resolve(struct load *l)
{
	g_autoptr(GPtrArray) vertices = g_ptr_array_new_with_free_func(vertex_free);
	g_autoptr(GHashTable) index = index_resources(l, vertices);
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();

	for (guint i = 0; i < l->references->len; i++) {
		resolve(l, index, l->references->pdata[i]);
	}
	for (guint i = 0; i < vertices->len; i++) {
		struct vertex *v = vertices->pdata[i];

		if (v->state == NEW) {
			visit(l, v, sorted);
		}
	}
	g_assert(sorted->len == l->out->resources->len);
	for (guint i = 0; i < sorted->len; i++) {
		struct desired_resource *r = sorted->pdata[i];

		r->position = i;
		l->out->resources->pdata[i] = r;
	}
}
