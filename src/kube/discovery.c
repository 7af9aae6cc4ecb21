/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's documents of discovery, read into one table. */
#include "kube/discovery.h"

#include <string.h>

#include "base/error.h"

struct version {
	char *group, *version;
	bool stale, read;
};

struct kube_discovery {
	GPtrArray *versions; /* struct version, by group in the server's order, preferred first */
	GHashTable *kinds;   /* "group/version/kind" to struct kube_kind */
};

static void version_free(void *data)
{
	struct version *version = data;

	g_free(version->group);
	g_free(version->version);
	g_free(version);
}

static void kind_free(void *data)
{
	struct kube_kind *kind = data;

	if (kind != NULL) {
		g_free(kind->group);
		g_free(kind->version);
		g_free(kind->kind);
		g_free(kind->resource);
		g_free(kind);
	}
}

struct kube_discovery *kube_discovery_new(void)
{
	struct kube_discovery *d = g_new0(struct kube_discovery, 1);

	d->versions = g_ptr_array_new_with_free_func(version_free);
	d->kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, kind_free);
	return d;
}

void kube_discovery_free(struct kube_discovery *d)
{
	if (d != NULL) {
		g_ptr_array_unref(d->versions);
		g_hash_table_unref(d->kinds);
		g_free(d);
	}
}

static bool bad(GError **error, const char *problem, const char *text)
{
	return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "discovery: %s '%s'", problem,
		    text != NULL ? text : "");
}

/* What goes into a path, or a message. */
static bool is_plain(const char *text)
{
	return text != NULL && text[0] != '\0' && text[0] != '.' && strlen(text) <= 253 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
		       strlen(text);
}

static struct version *find_version(const struct kube_discovery *d, const char *group,
				    const char *name)
{
	for (size_t i = 0; i < d->versions->len; i++) {
		struct version *version = d->versions->pdata[i];

		if (strcmp(version->group, group) == 0 && strcmp(version->version, name) == 0) {
			return version;
		}
	}
	return NULL;
}

static struct version *add_version(struct kube_discovery *d, const char *group, const char *name)
{
	struct version *version = find_version(d, group, name);

	if (version == NULL) {
		version = g_new0(struct version, 1);
		version->group = g_strdup(group);
		version->version = g_strdup(name);
		g_ptr_array_add(d->versions, version);
	}
	return version;
}

static unsigned verbs_of(const struct kube_value *list)
{
	static const char *const names[] = {"get", "list", "watch", "create", "patch", "delete"};
	unsigned verbs = 0;

	for (size_t i = 0; i < kube_value_count(list); i++) {
		const char *verb = kube_value_str(kube_value_item(list, i));

		for (unsigned n = 0; verb != NULL && n < G_N_ELEMENTS(names); n++) {
			verbs |= strcmp(verb, names[n]) == 0 ? 1U << n : 0;
		}
	}
	return verbs;
}

static char *key_of(const char *group, const char *version, const char *kind)
{
	return g_strjoin("/", group, version, kind, NULL);
}

/* A second resource of the same kind is one that an apply cannot mean. Takes kind. */
static bool add_kind(struct kube_discovery *d, struct kube_kind *kind, GError **error)
{
	g_autofree char *key = key_of(kind->group, kind->version, kind->kind);
	const struct kube_kind *known = g_hash_table_lookup(d->kinds, key);
	bool apply = (kind->verbs & KUBE_VERBS_APPLY) == KUBE_VERBS_APPLY;

	if (known != NULL && (!apply || (known->verbs & KUBE_VERBS_APPLY) == KUBE_VERBS_APPLY)) {
		kind_free(kind);
		return true;
	}
	if (g_hash_table_size(d->kinds) >= KUBE_DISCOVERY_MAX) {
		kind_free(kind);
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT, "discovery: over %d kinds",
			    KUBE_DISCOVERY_MAX);
	}
	g_hash_table_replace(d->kinds, g_steal_pointer(&key), kind);
	return true;
}

static struct kube_kind *kind_new(const struct version *version, const char *kind,
				  const char *resource, const struct kube_value *verbs)
{
	struct kube_kind *made = g_new0(struct kube_kind, 1);

	made->group = g_strdup(version->group);
	made->version = g_strdup(version->version);
	made->kind = g_strdup(kind);
	made->resource = g_strdup(resource);
	made->verbs = verbs_of(verbs);
	return made;
}

static bool is_or_empty(const char *text, const char *wanted)
{
	return text == NULL || text[0] == '\0' || strcmp(text, wanted) == 0;
}

static bool has_status(const struct kube_value *subresources)
{
	for (size_t i = 0; i < kube_value_count(subresources); i++) {
		const char *name =
			kube_value_str_at(kube_value_item(subresources, i), "subresource", NULL);

		if (g_strcmp0(name, "status") == 0) {
			return true;
		}
	}
	return false;
}

static bool read_aggregated_resource(struct kube_discovery *d, const struct version *version,
				     const struct kube_value *resource, GError **error)
{
	const struct kube_value *answer = kube_value_get(resource, "responseKind");
	const char *kind = kube_value_str_at(answer, "kind", NULL);
	const char *name = kube_value_str_at(resource, "resource", NULL);
	const char *scope = kube_value_str_at(resource, "scope", NULL);
	struct kube_kind *made;

	if (!is_plain(name)) {
		return bad(error, "no name of a resource", name);
	}
	/* Without a kind it is but a parent of subresources; one of another group has its objects
	 * elsewhere. */
	if (kind == NULL || kind[0] == '\0' ||
	    !is_or_empty(kube_value_str_at(answer, "group", NULL), version->group) ||
	    !is_or_empty(kube_value_str_at(answer, "version", NULL), version->version)) {
		return true;
	}
	if (!is_plain(kind)) {
		return bad(error, "no kind", kind);
	}
	if (g_strcmp0(scope, "Namespaced") != 0 && g_strcmp0(scope, "Cluster") != 0) {
		return bad(error, "unknown scope of", name);
	}
	made = kind_new(version, kind, name, kube_value_get(resource, "verbs"));
	made->namespaced = strcmp(scope, "Namespaced") == 0;
	made->has_status = has_status(kube_value_get(resource, "subresources"));
	return add_kind(d, made, error);
}

static bool read_aggregated_version(struct kube_discovery *d, const char *group,
				    const struct kube_value *document, GError **error)
{
	const struct kube_value *resources = kube_value_get(document, "resources");
	const char *name = kube_value_str_at(document, "version", NULL);
	const char *freshness = kube_value_str_at(document, "freshness", NULL);
	struct version *version;

	if (!is_plain(name)) {
		return bad(error, "no version in group", group);
	}
	version = add_version(d, group, name);
	version->read = true;
	/* 1.26 says nothing; a word that we do not know is no promise. */
	version->stale = freshness != NULL && strcmp(freshness, "Current") != 0;
	for (size_t i = 0; i < kube_value_count(resources); i++) {
		if (!read_aggregated_resource(d, version, kube_value_item(resources, i), error)) {
			return false;
		}
	}
	return true;
}

static bool read_aggregated(struct kube_discovery *d, const struct kube_value *document,
			    GError **error)
{
	const struct kube_value *items = kube_value_get(document, "items");

	for (size_t i = 0; i < kube_value_count(items); i++) {
		const struct kube_value *item = kube_value_item(items, i);
		const struct kube_value *versions = kube_value_get(item, "versions");
		const char *group = kube_value_str_at(item, "metadata", "name", NULL);

		/* The core group has an empty name, which Go leaves out. */
		group = group != NULL ? group : "";
		if (group[0] != '\0' && !is_plain(group)) {
			return bad(error, "no group", group);
		}
		for (size_t n = 0; n < kube_value_count(versions); n++) {
			if (!read_aggregated_version(d, group, kube_value_item(versions, n),
						     error)) {
				return false;
			}
		}
	}
	return true;
}

static bool read_core_versions(struct kube_discovery *d, const struct kube_value *document,
			       GError **error)
{
	const struct kube_value *versions = kube_value_get(document, "versions");

	for (size_t i = 0; i < kube_value_count(versions); i++) {
		const char *name = kube_value_str(kube_value_item(versions, i));

		if (!is_plain(name)) {
			return bad(error, "no version", name);
		}
		(void)add_version(d, "", name);
	}
	return true;
}

static bool read_groups(struct kube_discovery *d, const struct kube_value *document, GError **error)
{
	const struct kube_value *groups = kube_value_get(document, "groups");

	for (size_t i = 0; i < kube_value_count(groups); i++) {
		const struct kube_value *item = kube_value_item(groups, i);
		const struct kube_value *versions = kube_value_get(item, "versions");
		const char *group = kube_value_str_at(item, "name", NULL);
		const char *first = kube_value_str_at(item, "preferredVersion", "version", NULL);

		if (!is_plain(group)) {
			return bad(error, "no group", group);
		}
		if (is_plain(first)) {
			(void)add_version(d, group, first);
		}
		for (size_t n = 0; n < kube_value_count(versions); n++) {
			const char *name =
				kube_value_str_at(kube_value_item(versions, n), "version", NULL);

			if (!is_plain(name)) {
				return bad(error, "no version in group", group);
			}
			(void)add_version(d, group, name);
		}
	}
	return true;
}

static bool read_resource(struct kube_discovery *d, const struct version *version,
			  const struct kube_value *resource, GError **error)
{
	const char *name = kube_value_str_at(resource, "name", NULL);
	const char *kind = kube_value_str_at(resource, "kind", NULL);
	const struct kube_value *scope = kube_value_get(resource, "namespaced");
	struct kube_kind *made;

	if (!is_plain(name)) {
		return bad(error, "no name of a resource", name);
	}
	if (!is_plain(kind) || !kube_value_is(scope, KUBE_BOOL)) {
		return bad(error, "no kind or scope of", name);
	}
	if (!is_or_empty(kube_value_str_at(resource, "group", NULL), version->group) ||
	    !is_or_empty(kube_value_str_at(resource, "version", NULL), version->version)) {
		return true;
	}
	made = kind_new(version, kind, name, kube_value_get(resource, "verbs"));
	made->namespaced = kube_value_is_true(scope);
	return add_kind(d, made, error);
}

/* "deployments/status": it follows its resource, or comes before it. */
static bool names_status(const struct kube_value *resources, const char *resource)
{
	for (size_t i = 0; i < kube_value_count(resources); i++) {
		const char *name = kube_value_str_at(kube_value_item(resources, i), "name", NULL);
		size_t len = strlen(resource);

		if (name != NULL && strncmp(name, resource, len) == 0 &&
		    strcmp(name + len, "/status") == 0) {
			return true;
		}
	}
	return false;
}

static void note_status(struct kube_discovery *d, const struct version *version,
			const struct kube_value *resources)
{
	GHashTableIter iter;
	void *value;

	g_hash_table_iter_init(&iter, d->kinds);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct kube_kind *kind = value;

		if (strcmp(kind->group, version->group) == 0 &&
		    strcmp(kind->version, version->version) == 0) {
			kind->has_status = names_status(resources, kind->resource);
		}
	}
}

static bool read_resources(struct kube_discovery *d, const struct kube_value *document,
			   GError **error)
{
	const struct kube_value *resources = kube_value_get(document, "resources");
	const char *text = kube_value_str_at(document, "groupVersion", NULL);
	const char *slash = text != NULL ? strchr(text, '/') : NULL;
	g_autofree char *group = g_strndup(text, slash != NULL ? (size_t)(slash - text) : 0);
	struct version *version;

	if (!is_plain(slash != NULL ? slash + 1 : text) || (slash != NULL && !is_plain(group))) {
		return bad(error, "no groupVersion", text);
	}
	version = add_version(d, group != NULL ? group : "", slash != NULL ? slash + 1 : text);
	for (size_t i = 0; i < kube_value_count(resources); i++) {
		const struct kube_value *resource = kube_value_item(resources, i);
		const char *name = kube_value_str_at(resource, "name", NULL);

		if (name != NULL && strchr(name, '/') != NULL) {
			continue;
		}
		if (!read_resource(d, version, resource, error)) {
			return false;
		}
	}
	note_status(d, version, resources);
	version->read = true;
	version->stale = false;
	return true;
}

bool kube_discovery_read(struct kube_discovery *d, const struct kube_value *document,
			 GError **error)
{
	static const struct {
		const char *kind;
		bool (*read)(struct kube_discovery *d, const struct kube_value *document,
			     GError **error);
		const char *list; /* must be there */
	} forms[] = {
		{"APIGroupDiscoveryList", read_aggregated, "items"},
		{"APIVersions", read_core_versions, "versions"},
		{"APIGroupList", read_groups, "groups"},
		{"APIResourceList", read_resources, "resources"},
	};
	const char *kind = kube_value_str_at(document, "kind", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		if (g_strcmp0(kind, forms[i].kind) == 0) {
			if (!kube_value_is(kube_value_get(document, forms[i].list), KUBE_LIST)) {
				return bad(error, "no list in", kind);
			}
			return forms[i].read(d, document, error);
		}
	}
	return bad(error, "unknown document", is_plain(kind) ? kind : NULL);
}

GPtrArray *kube_discovery_missing(const struct kube_discovery *d)
{
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; i < d->versions->len; i++) {
		const struct version *version = d->versions->pdata[i];

		if (!version->read && !version->stale) {
			g_ptr_array_add(paths,
					version->group[0] == '\0'
						? g_strconcat("/api/", version->version, NULL)
						: g_strconcat("/apis/", version->group, "/",
							      version->version, NULL));
		}
	}
	return paths;
}

void kube_discovery_mark_stale(struct kube_discovery *d, const char *group, const char *version)
{
	add_version(d, group, version)->stale = true;
}

/* A version that was not read yet is as good as a stale one. */
static bool is_unsure(const struct version *version)
{
	return version->stale || !version->read;
}

const struct kube_kind *kube_discovery_find(const struct kube_discovery *d, const char *group,
					    const char *version, const char *kind, bool *stale)
{
	g_autofree char *key = key_of(group, version, kind);
	const struct version *known = find_version(d, group, version);

	*stale = known != NULL && is_unsure(known);
	return g_hash_table_lookup(d->kinds, key);
}

const struct kube_kind *kube_discovery_preferred(const struct kube_discovery *d, const char *group,
						 const char *kind, bool *stale)
{
	const struct kube_kind *found = NULL;
	bool unsure = false;

	*stale = false;
	/* First those that are sure: the first of them is the preferred one. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < d->versions->len && found == NULL; i++) {
			const struct version *version = d->versions->pdata[i];

			if (strcmp(version->group, group) == 0 &&
			    is_unsure(version) == (pass == 1)) {
				found = kube_discovery_find(d, group, version->version, kind,
							    &unsure);
				*stale = *stale || unsure;
			}
		}
	}
	return found;
}

static int compare_kinds(gconstpointer a, gconstpointer b)
{
	const struct kube_kind *const *x = a, *const *y = b;
	int order = strcmp((*x)->group, (*y)->group);

	return order != 0 ? order : strcmp((*x)->kind, (*y)->kind);
}

GPtrArray *kube_discovery_kinds(const struct kube_discovery *d)
{
	GPtrArray *kinds = g_ptr_array_new();
	const struct kube_kind *kind;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, d->kinds);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&kind)) {
		bool stale;

		if (kube_discovery_preferred(d, kind->group, kind->kind, &stale) == kind) {
			g_ptr_array_add(kinds, (gpointer)kind);
		}
	}
	g_ptr_array_sort(kinds, compare_kinds);
	return kinds;
}

bool kube_discovery_path(const struct kube_kind *kind, const char *namespace, const char *name,
			 const char *subresource, char **out, GError **error)
{
	GString *path;

	if (!kind->namespaced && namespace[0] != '\0') {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "%s has no namespace, not '%s'",
			    kind->kind, namespace);
	}
	if (kind->namespaced && namespace[0] == '\0' && name != NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "%s '%s' without a namespace",
			    kind->kind, name);
	}
	path = g_string_new(kind->group[0] == '\0' ? "/api/" : "/apis/");
	if (kind->group[0] != '\0') {
		g_string_append_printf(path, "%s/", kind->group);
	}
	g_string_append(path, kind->version);
	if (namespace[0] != '\0') {
		g_string_append(path, "/namespaces/");
		g_string_append_uri_escaped(path, namespace, NULL, FALSE);
	}
	g_string_append_printf(path, "/%s", kind->resource);
	if (name != NULL) {
		g_string_append_c(path, '/');
		g_string_append_uri_escaped(path, name, ":", FALSE);
	}
	if (name != NULL && subresource != NULL) {
		g_string_append_printf(path, "/%s", subresource);
	}
	*out = g_string_free(path, FALSE);
	return true;
}
