/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objects of a set by lists, page by page. */
#include "worker/target/kubernetes-listed.h"

#include <string.h>

#include "base/error.h"
#include "worker/target/kubernetes-look.h"

#define WORTH 8	      /* objects: from there on a list is less work than they are */
#define PAGE_MAX 500  /* items */
#define SPARE 4	      /* times as many others are read over, then a list is given up */
#define STREAMS 4     /* pages are large */
#define LIST_TOTAL 60 /* seconds; then they are asked for one by one */

/* Those of one kind in one namespace. */
struct collection {
	struct kube_kind kind;
	const char *namespace;
	char *path, *version;
	GHashTable *objects; /* name to struct kube_value; NULL: not found (yet) */
	size_t others;
	bool read;
};
struct listed {
	char *set;
	GHashTable *collections; /* "GROUP/VERSION/RESOURCE/NAMESPACE" to struct collection */
};

static void collection_free(void *data)
{
	struct collection *c = data;

	g_hash_table_unref(c->objects);
	g_free(c->path);
	g_free(c->version);
	g_free(c);
}

static void object_free(void *value)
{
	kube_value_free(value);
}

struct listed *listed_new(const char *set)
{
	struct listed *listed = g_new0(struct listed, 1);

	listed->set = g_strdup(set);
	listed->collections =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, collection_free);
	return listed;
}

void listed_free(struct listed *listed)
{
	if (listed == NULL) {
		return;
	}
	g_hash_table_unref(listed->collections);
	g_free(listed->set);
	g_free(listed);
}

static char *key_of(const struct kube_kind *kind, const struct kube_id *id)
{
	return g_strjoin("/", kind->group, kind->version, kind->resource, id->namespace, NULL);
}

static struct collection *find(const struct listed *listed, const struct kube_kind *kind,
			       const struct kube_id *id)
{
	g_autofree char *key = key_of(kind, id);

	return g_hash_table_lookup(listed->collections, key);
}

static struct collection *add(struct listed *listed, const struct kube_kind *kind,
			      const struct kube_id *id)
{
	struct collection *c = g_new0(struct collection, 1);

	c->kind = *kind;
	c->namespace = id->namespace;
	c->version = kind->group[0] != '\0' ? g_strjoin("/", kind->group, kind->version, NULL)
					    : g_strdup(kind->version);
	c->objects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, object_free);
	g_hash_table_insert(listed->collections, key_of(kind, id), c);
	return c;
}

void listed_want(struct listed *listed, const struct kube_kind *kind, const struct kube_id *id)
{
	struct collection *c;

	/* Without its namespace it would be a list of the whole cluster. */
	if (listed->set == NULL || kind->resource == NULL ||
	    kind->namespaced != (id->namespace[0] != '\0')) {
		return;
	}
	c = find(listed, kind, id);
	if (c == NULL) {
		c = add(listed, kind, id);
	}
	g_hash_table_replace(c->objects, g_strdup(id->name), NULL);
}

static bool says(const struct kube_value *map, const char *name, const char *text)
{
	return g_strcmp0(kube_value_str_at(map, name, NULL), text) == 0;
}

/* Takes item; false: there are too many that nobody asked for. */
static bool take_item(struct kube_value *item, void *user)
{
	g_autoptr(kube_value_auto) own = item;
	struct collection *c = user;
	const struct kube_value *metadata = kube_value_get(item, "metadata");
	const char *name = kube_value_str_at(metadata, "name", NULL);

	if (name == NULL || !g_hash_table_contains(c->objects, name) ||
	    !says(item, "kind", c->kind.kind) || !says(item, "apiVersion", c->version) ||
	    (c->kind.namespaced && !says(metadata, "namespace", c->namespace))) {
		return ++c->others <= (size_t)SPARE * g_hash_table_size(c->objects);
	}
	g_hash_table_replace(c->objects, g_strdup(name), g_steal_pointer(&own));
	return true;
}

static bool make_path(const struct listed *listed, struct collection *c)
{
	g_autofree char *path = NULL, *set = g_uri_escape_string(listed->set, NULL, false);

	if (!kube_discovery_path(&c->kind, c->namespace, NULL, NULL, &path, NULL)) {
		return false;
	}
	c->path = g_strdup_printf("%s?labelSelector=applyset.kubernetes.io%%2Fpart-of%%3D%s", path,
				  set);
	return true;
}

static GArray *listings_of(const struct listed *listed)
{
	GArray *listings = g_array_new(FALSE, TRUE, sizeof(struct cluster_listing));
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, listed->collections);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct collection *c = value;
		guint count = g_hash_table_size(c->objects);
		const struct kube_id like = {.group = c->kind.group, .kind = c->kind.kind};

		if (count >= WORTH && make_path(listed, c)) {
			const struct cluster_listing g = {.path = c->path,
							  .resource = c->kind.resource,
							  .secret = look_is_secret(&like),
							  .page = MIN(SPARE * count, PAGE_MAX),
							  .item = take_item,
							  .user = c};

			g_array_append_val(listings, g);
		}
	}
	return listings;
}

bool listed_run(struct listed *listed, struct cluster *cluster, bool (*stopped)(void *user),
		void *user, GError **error)
{
	const struct cluster_limits limits = {
		.streams = STREAMS, .total = LIST_TOTAL, .stopped = stopped, .user = user};
	g_autoptr(GArray) listings = listings_of(listed);
	struct cluster_listing *all = (struct cluster_listing *)(void *)listings->data;
	g_autoptr(GError) problem = NULL;
	bool good = listings->len == 0 ||
		    cluster_list_many(cluster, all, listings->len, &limits, &problem);

	for (guint i = 0; i < listings->len; i++) {
		((struct collection *)all[i].user)->read = all[i].read;
	}
	if (!good && (g_error_matches(problem, BASE_ERROR, BASE_ERROR_CANCELLED) ||
		      g_error_matches(problem, BASE_ERROR, BASE_ERROR_DENIED) ||
		      g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND))) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	return true;
}

struct kube_value *listed_take(struct listed *listed, const struct kube_kind *kind,
			       const struct kube_id *id)
{
	struct collection *c = find(listed, kind, id);
	gpointer name, object;

	if (c == NULL || !g_hash_table_steal_extended(c->objects, id->name, &name, &object)) {
		return NULL;
	}
	g_free(name);
	return object;
}

bool listed_was_read(const struct listed *listed, const struct kube_kind *kind,
		     const struct kube_id *id)
{
	const struct collection *c = find(listed, kind, id);

	return c != NULL && c->read;
}
