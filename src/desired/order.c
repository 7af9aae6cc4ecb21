/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sorts resources so that each comes after what it waits for; what is free to
 * choose goes by kind (packages, paths, commands, services) and then by its
 * place in the manifest. All packages are one vertex, because their manager
 * changes them in one transaction.
 */
#include "desired/order.h"

#include <string.h>

#define MAX_CIRCLES 20
#define MAX_CIRCLE_TEXT 65536

struct vertex {
	guint index; /* of its first resource */
	unsigned rank;
	GPtrArray *members; /* struct desired_resource */
	GPtrArray *in;	    /* struct edge: what it waits for */
	GPtrArray *out;	    /* struct edge: what waits for it */
	guint waiting;	    /* edges of in that are left */
	guint walk;	    /* the last one that came by */
	bool done;
};
struct ordering {
	struct load *l;
	GPtrArray *vertices; /* struct vertex */
	struct vertex **of;  /* by position of a resource */
	GSequence *ready;    /* struct vertex that waits for nothing */
	GPtrArray *sorted;   /* struct desired_resource */
	guint first;	     /* of vertices: all before it are done */
	guint circles;
	bool told; /* that there are more of them */
};

static void vertex_free(void *data)
{
	struct vertex *v = data;

	g_ptr_array_unref(v->members);
	g_ptr_array_unref(v->in);
	g_ptr_array_unref(v->out);
	g_free(v);
}

static unsigned rank_of(enum desired_kind kind)
{
	switch (kind) {
	case DESIRED_PACKAGE:
		return 0;
	case DESIRED_FILE:
	case DESIRED_TREE:
	case DESIRED_DIRECTORY:
	case DESIRED_LINK:
		return 1;
	case DESIRED_COMMAND:
		return 2;
	case DESIRED_SERVICE:
		return 3;
	case DESIRED_KUBERNETES:
		break;
	}
	return 4;
}

static struct vertex *vertex_new(struct ordering *o, const struct desired_resource *r)
{
	struct vertex *v = g_new0(struct vertex, 1);

	v->index = r->position;
	v->rank = rank_of(r->kind);
	v->members = g_ptr_array_new();
	v->in = g_ptr_array_new();
	v->out = g_ptr_array_new();
	g_ptr_array_add(o->vertices, v);
	return v;
}

static void add_vertices(struct ordering *o)
{
	GPtrArray *resources = o->l->out->resources;
	/* One for all packages; for those of each selector when all hosts are looked at. */
	g_autoptr(GHashTable) together = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < resources->len; i++) {
		struct desired_resource *r = resources->pdata[i];
		bool apart = o->l->env->every_host && r->selector != NULL;
		char *key = apart ? r->selector : (char *)"";
		struct vertex *v =
			r->kind == DESIRED_PACKAGE ? g_hash_table_lookup(together, key) : NULL;

		if (v == NULL) {
			v = vertex_new(o, r);
		}
		if (r->kind == DESIRED_PACKAGE) {
			g_hash_table_insert(together, key, v);
		}
		g_ptr_array_add(v->members, r);
		o->of[i] = v;
	}
}

static void add_edges(struct ordering *o, GPtrArray *edges)
{
	for (guint i = 0; i < edges->len; i++) {
		struct edge *e = edges->pdata[i];

		g_ptr_array_add(o->of[e->from->position]->in, e);
		g_ptr_array_add(o->of[e->to->position]->out, e);
		o->of[e->from->position]->waiting++;
	}
}

static int compare(gconstpointer a, gconstpointer b, void *unused)
{
	const struct vertex *x = a, *y = b;

	if (x->rank != y->rank) {
		return x->rank < y->rank ? -1 : 1;
	}
	return x->index < y->index ? -1 : x->index > y->index;
}

static void remove_edge(struct ordering *o, struct edge *e)
{
	struct vertex *from = o->of[e->from->position];

	if (!e->removed) {
		e->removed = true;
		from->waiting--;
		if (from->waiting == 0) {
			g_sequence_insert_sorted(o->ready, from, compare, NULL);
		}
	}
}

static void emit(struct ordering *o, struct vertex *v)
{
	v->done = true;
	g_ptr_array_extend(o->sorted, v->members, NULL, NULL);
	for (guint i = 0; i < v->out->len; i++) {
		remove_edge(o, v->out->pdata[i]);
	}
}

/* Walks along what is waited for until it meets itself. Gives the edges of that circle. Whatever
 * is left waits for something that is left, so that there is one. */
static GPtrArray *find_circle(struct ordering *o, struct vertex *v)
{
	GPtrArray *path = g_ptr_array_new();
	guint walk = o->circles + 1, begin = 0;

	while (v->walk != walk) {
		guint i = 0;

		v->walk = walk;
		while (((const struct edge *)v->in->pdata[i])->removed) {
			i++;
		}
		g_ptr_array_add(path, v->in->pdata[i]);
		v = o->of[((const struct edge *)v->in->pdata[i])->to->position];
	}
	while (o->of[((const struct edge *)path->pdata[begin])->from->position] != v) {
		begin++;
	}
	if (begin > 0) {
		g_ptr_array_remove_range(path, 0, begin);
	}
	return path;
}

/* The edge of a circle to begin with: that of what is declared first. */
static guint first_of(const struct ordering *o, const GPtrArray *circle)
{
	guint first = 0, best = G_MAXUINT;

	for (guint i = 0; i < circle->len; i++) {
		const struct edge *e = circle->pdata[i];
		guint index = o->of[e->from->position]->index;

		if (index < best) {
			first = i;
			best = index;
		}
	}
	return first;
}

static void add_reasons(GString *text, unsigned reasons, bool together)
{
	static const char *const texts[] = {
		[EDGE_NOTIFY] = "what notifies comes before what it notifies",
		[EDGE_FOLDER] = "a folder comes before what lies in it",
		[EDGE_PACKAGE] = "a package comes before the service of its name",
		[EDGE_UNIT] = "the file of a unit comes before its service",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if ((reasons & 1U << i) != 0 && texts[i] != NULL) {
			g_string_append_printf(text, "; %s", texts[i]);
		}
	}
	if (together) {
		g_string_append(text, "; all packages are changed together");
	}
}

static void tell_circle(struct ordering *o, const GPtrArray *circle)
{
	guint first = first_of(o, circle), count = circle->len;
	const struct edge *begin = circle->pdata[first];
	g_autoptr(GString) text = g_string_new(begin->from->id);
	unsigned reasons = 0;
	bool together = false, cut = false;

	for (guint i = 0; i < count; i++) {
		const struct edge *e = circle->pdata[(first + i) % count];
		const struct edge *next = circle->pdata[(first + i + 1) % count];

		reasons |= 1U << e->why;
		cut = cut || text->len > MAX_CIRCLE_TEXT;
		if (!cut) {
			g_string_append_printf(text, " -> %s", e->to->id);
		}
		if (next->from != e->to) {
			together = true;
			if (!cut) {
				g_string_append_printf(text, " -> %s", next->from->id);
			}
		}
	}
	if (cut) {
		g_string_append_printf(text, " -> ... (%u in all)", count);
	}
	add_reasons(text, reasons, together);
	diag_add(o->l->diags, begin->from->file, begin->from->line, begin->from->column,
		 "the order goes in a circle, each waits for the next: %s", text->str);
}

/* Names a circle and opens it, so that the others are found, too. */
static void open_circle(struct ordering *o)
{
	struct vertex *v;
	g_autoptr(GPtrArray) circle = NULL;

	while (((const struct vertex *)o->vertices->pdata[o->first])->done) {
		o->first++;
	}
	v = o->vertices->pdata[o->first];
	if (o->circles == MAX_CIRCLES) {
		if (!o->told) {
			const struct desired_resource *r = v->members->pdata[0];

			diag_add(o->l->diags, r->file, r->line, r->column,
				 "the order goes in more circles than are named here");
		}
		o->told = true;
		/* Enough to correct; the rest is put anywhere. */
		for (guint i = 0; i < v->in->len; i++) {
			remove_edge(o, v->in->pdata[i]);
		}
		return;
	}
	circle = find_circle(o, v);
	o->circles++;
	tell_circle(o, circle);
	remove_edge(o, circle->pdata[circle->len - 1]);
}

static void sort(struct ordering *o)
{
	for (guint i = 0; i < o->vertices->len; i++) {
		struct vertex *v = o->vertices->pdata[i];

		if (v->waiting == 0) {
			g_sequence_insert_sorted(o->ready, v, compare, NULL);
		}
	}
	while (o->sorted->len < o->l->out->resources->len) {
		GSequenceIter *next = g_sequence_get_begin_iter(o->ready);

		if (g_sequence_iter_is_end(next)) {
			open_circle(o);
		} else {
			struct vertex *v = g_sequence_get(next);

			g_sequence_remove(next);
			emit(o, v);
		}
	}
}

void order_resolve(struct load *l)
{
	GPtrArray *resources = l->out->resources;
	g_autofree struct vertex **of = g_new0(struct vertex *, resources->len + 1);
	g_autoptr(GPtrArray) vertices = g_ptr_array_new_with_free_func(vertex_free);
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	g_autoptr(GPtrArray) edges = NULL;
	struct ordering o = {.l = l, .vertices = vertices, .of = of, .sorted = sorted};

	for (guint i = 0; i < resources->len; i++) {
		((struct desired_resource *)resources->pdata[i])->position = i;
	}
	edges = edges_find(l);
	o.ready = g_sequence_new(NULL);
	add_vertices(&o);
	add_edges(&o, edges);
	sort(&o);
	g_sequence_free(o.ready);
	for (guint i = 0; i < sorted->len; i++) {
		struct desired_resource *r = sorted->pdata[i];

		r->position = i;
		resources->pdata[i] = r;
	}
}
