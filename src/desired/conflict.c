/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds what is declared twice, and paths beneath what is no folder. */
#include <string.h>

#include "desired/load.h"
#include "desired/paths.h"

/* Who declares a path. */
struct claim {
	const char *path; /* the table's key */
	const struct desired_resource *r;
	const struct desired_entry *entry; /* of the tree r; NULL: r itself */
};

struct finding {
	struct load *l;
	GHashTable *claims; /* path to struct claim */
	GPtrArray *order;   /* the claims, in the order of their declaration */
};

static bool is_folder(const struct claim *c)
{
	if (c->entry != NULL) {
		return c->entry->type == READER_FOLDER;
	}
	return c->r->kind == DESIRED_TREE || c->r->kind == DESIRED_DIRECTORY;
}

/* When a repository is checked for all hosts, what is meant for different ones may collide. */
static bool may_collide(const struct finding *f, const struct desired_resource *a,
			const struct desired_resource *b)
{
	return f->l->env->every_host && g_strcmp0(a->selector, b->selector) != 0 &&
	       a->selector != NULL && b->selector != NULL;
}

static void complain(struct finding *f, const struct desired_resource *r, const struct claim *other,
		     const char *format, ...) G_GNUC_PRINTF(4, 5);

/* The text, and where the other party is declared. */
static void complain(struct finding *f, const struct desired_resource *r, const struct claim *other,
		     const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	diag_add(f->l->diags, r->file, r->line, r->column, "%s: see %s:%u", text, other->r->file,
		 other->r->line);
}

/* Takes path. */
static void add_claim(struct finding *f, char *path, const struct desired_resource *r,
		      const struct desired_entry *entry)
{
	struct claim *c = g_new0(struct claim, 1);

	c->path = path;
	c->r = r;
	c->entry = entry;
	g_hash_table_insert(f->claims, path, c);
	g_ptr_array_add(f->order, c);
}

/* Of a kind that is no path: ids are no paths, and stand in the same table. */
static void claim_name(struct finding *f, const struct desired_resource *r)
{
	const struct claim *other;

	if (r->name == NULL) {
		return;
	}
	other = g_hash_table_lookup(f->claims, r->id);
	if (other == NULL) {
		struct claim *c = g_new0(struct claim, 1);
		char *id = g_strdup(r->id);

		c->r = r;
		g_hash_table_insert(f->claims, id, c);
	} else if (!may_collide(f, r, other->r)) {
		complain(f, r, other, "'%s' is declared already", r->id);
	}
}

static void claim_resource(struct finding *f, const struct desired_resource *r)
{
	const struct claim *other;

	if (r->path == NULL) {
		claim_name(f, r);
		return;
	}
	other = g_hash_table_lookup(f->claims, r->path);
	if (other == NULL) {
		add_claim(f, g_strdup(r->path), r, NULL);
	} else if (!may_collide(f, r, other->r)) {
		complain(f, r, other, "'%s' is declared already", r->path);
	}
}

/* False: the entry is a folder that something else declares, and shall not count twice. */
static bool claim_entry(struct finding *f, const struct desired_resource *r,
			const struct desired_entry *entry)
{
	g_autofree char *path = g_strconcat(r->path, "/", entry->path, NULL);
	const struct claim *other = g_hash_table_lookup(f->claims, path);

	if (other == NULL) {
		add_claim(f, g_steal_pointer(&path), r, entry);
		return true;
	}
	if (entry->type == READER_FOLDER && is_folder(other)) {
		return false;
	}
	if (!may_collide(f, r, other->r)) {
		complain(f, r, other, "this tree holds '%s', which is declared already", path);
	}
	return true;
}

static void claim_entries(struct finding *f, struct desired_resource *r)
{
	g_autofree gpointer *entries = NULL;
	gsize count = 0;

	if (r->path == NULL || r->entries == NULL) {
		return;
	}
	entries = g_ptr_array_steal(r->entries, &count);
	for (gsize i = 0; i < count; i++) {
		if (claim_entry(f, r, entries[i])) {
			g_ptr_array_add(r->entries, entries[i]);
		} else {
			entry_free(entries[i]);
			f->l->out->n_entries--;
		}
	}
}

static void check_beneath(struct finding *f, const struct claim *c, const struct claim *above)
{
	if (may_collide(f, c->r, above->r)) {
		return;
	}
	if (!is_folder(above)) {
		complain(f, c->r, above, "'%s' cannot stand beneath '%s', which is no folder",
			 c->path, above->path);
	} else if (c->entry == NULL && c->r->kind == DESIRED_TREE && above->entry == NULL &&
		   above->r->kind == DESIRED_TREE && above->r->prune) {
		complain(f, c->r, above, "the tree '%s' stands inside another that prunes",
			 c->path);
	}
}

/* Looks at all folders above a claimed path, and makes them known as parents of something. What
 * lies above a folder of the same tree is looked at, and told, once: for that folder. */
static void check_parents(struct finding *f, const struct claim *c)
{
	GHashTable *paths = f->l->out->paths;
	g_autofree char *path = g_strdup(c->path);

	g_hash_table_add(paths, g_strdup(path));
	for (char *slash = strrchr(path, '/'); slash != NULL && slash != path;
	     slash = strrchr(path, '/')) {
		const struct claim *above;

		*slash = '\0';
		above = g_hash_table_lookup(f->claims, path);
		if (above != NULL && above->r == c->r) {
			return;
		}
		if (above != NULL) {
			check_beneath(f, c, above);
		}
		g_hash_table_add(paths, g_strdup(path));
	}
}

void conflict_find(struct load *l)
{
	g_autoptr(GHashTable) claims =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GPtrArray) order = g_ptr_array_new();
	struct finding f = {.l = l, .claims = claims, .order = order};

	for (guint i = 0; i < l->out->resources->len; i++) {
		claim_resource(&f, l->out->resources->pdata[i]);
	}
	for (guint i = 0; i < l->out->resources->len; i++) {
		claim_entries(&f, l->out->resources->pdata[i]);
	}
	for (guint i = 0; i < order->len; i++) {
		check_parents(&f, order->pdata[i]);
	}
}
