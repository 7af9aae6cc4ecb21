/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists, page by page. */
#include <string.h>

#include "base/error.h"
#include "cluster/inside.h"

#define PAGE 500
#define BEGINNINGS 3

struct list {
	struct cluster *cluster;
	const char *path;
	const struct cluster_limits *limits;
	cluster_item_fn *item;
	void *user;
	struct cluster_listing *listing; /* of several; NULL: it is alone */
	char *rest; /* the server's word for where it goes on; NULL: at the beginning */
	char *version;
	unsigned page, beginnings;
	bool ended;
};

static struct cluster_call *page_call(const struct list *l)
{
	g_autofree char *rest = l->rest != NULL ? g_uri_escape_string(l->rest, NULL, false) : NULL;
	struct cluster_call *call = cluster_call_new(
		"GET", g_strdup_printf("%s%climit=%u%s%s", l->path,
				       strchr(l->path, '?') != NULL ? '&' : '?', l->page,
				       rest != NULL ? "&continue=" : "", rest != NULL ? rest : ""));

	if (l->listing != NULL) {
		call->resource = l->listing->resource;
		call->secret = l->listing->secret;
	}
	return call;
}

/* Items of a list do not say what they are. */
static void complete(struct kube_value *item, const char *version, const char *kind)
{
	size_t len = kind != NULL ? strlen(kind) : 0;

	if (kube_value_get(item, "kind") == NULL && len > strlen("List")) {
		kube_value_set(item, "kind",
			       kube_value_string(kind, (gssize)(len - strlen("List"))));
	}
	if (kube_value_get(item, "apiVersion") == NULL && version != NULL) {
		kube_value_set(item, "apiVersion", kube_value_string(version, -1));
	}
}

static bool give_items(struct list *l, struct kube_value *page)
{
	const char *version = kube_value_str_at(page, "apiVersion", NULL);
	const char *kind = kube_value_str_at(page, "kind", NULL);
	struct kube_value *items = kube_value_get(page, "items");

	for (size_t i = 0; i < kube_value_count(items); i++) {
		struct kube_value *item = kube_value_take_item(items, i);

		if (!kube_value_is(item, KUBE_MAP)) {
			kube_value_free(item);
			continue;
		}
		if (kind != NULL && g_str_has_suffix(kind, "List") && strcmp(kind, "List") != 0) {
			complete(item, version, kind);
		}
		if (!l->item(item, l->user)) {
			return false;
		}
	}
	return true;
}

static bool read_page(struct list *l, struct kube_value *page, GError **error)
{
	const char *kind = kube_value_str_at(page, "kind", NULL);
	const char *rest = kube_value_str_at(page, "metadata", "continue", NULL);
	const char *version = kube_value_str_at(page, "metadata", "resourceVersion", NULL);

	if (kind == NULL || !g_str_has_suffix(kind, "List")) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "cluster '%s': what is at %s is no list", l->cluster->name, l->path);
	}
	g_free(l->version);
	l->version = g_strdup(version);
	g_free(l->rest);
	l->rest = rest != NULL && rest[0] != '\0' ? g_strdup(rest) : NULL;
	l->ended = !give_items(l, page) || l->rest == NULL;
	return true;
}

/* A page may be too large only because its items are. */
static bool next_page(struct list *l, GError **error)
{
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	g_autoptr(GError) local = NULL;
	g_autofree char *problem = NULL;
	struct cluster_call *call = page_call(l);

	g_ptr_array_add(calls, call);
	if (!cluster_run(l->cluster, calls, l->limits, &local)) {
		if (g_error_matches(local, BASE_ERROR, BASE_ERROR_LIMIT) && l->page > 1) {
			l->page = MAX(l->page / 10, 1);
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	if (kube_answer_is_good(call->answer) && call->value != NULL) {
		return read_page(l, call->value, error);
	}
	if (call->answer->class == KUBE_EXPIRED && ++l->beginnings < BEGINNINGS) {
		g_clear_pointer(&l->rest, g_free);
		return true;
	}
	problem = cluster_call_problem(l->cluster, call);
	return fail(error, BASE_ERROR,
		    call->answer->class == KUBE_NOT_FOUND || call->answer->class == KUBE_NOT_SERVED
			    ? BASE_ERROR_NOT_FOUND
			    : BASE_ERROR_FAILED,
		    "%s", problem);
}

bool cluster_list(struct cluster *c, const char *path, const struct cluster_limits *limits,
		  cluster_item_fn *item, void *user, char **resource_version, GError **error)
{
	struct list l = {
		.cluster = c,
		.path = path,
		.limits = limits,
		.item = item,
		.user = user,
		.page = PAGE,
	};
	bool good = true;

	while (good && !l.ended) {
		good = next_page(&l, error);
	}
	if (good && resource_version != NULL) {
		*resource_version = g_steal_pointer(&l.version);
	}
	g_free(l.rest);
	g_free(l.version);
	return good;
}

/* --- side by side */

struct lists {
	const struct cluster_limits *limits; /* of the caller; NULL: none */
	GPtrArray *calls;
};

static void ask_page(struct lists *all, struct list *l)
{
	struct cluster_call *call = page_call(l);

	call->user = l;
	g_ptr_array_add(all->calls, call);
}

static void take_page(struct cluster_call *call, void *user)
{
	struct list *l = call->user;

	if (kube_answer_is_good(call->answer) && call->value != NULL) {
		if (read_page(l, call->value, NULL)) {
			l->listing->read = true;
		} else {
			l->ended = true;
		}
	} else if (call->answer->class == KUBE_EXPIRED && ++l->beginnings < BEGINNINGS) {
		g_clear_pointer(&l->rest, g_free);
	} else {
		l->ended = true;
	}
	g_clear_pointer(&call->value, kube_value_free);
	if (!l->ended) {
		ask_page(user, l);
	}
}

static bool are_stopped(void *user)
{
	const struct cluster_limits *limits = ((struct lists *)user)->limits;

	return limits != NULL && limits->stopped != NULL && limits->stopped(limits->user);
}

bool cluster_list_many(struct cluster *c, struct cluster_listing *listings, size_t count,
		       const struct cluster_limits *limits, GError **error)
{
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	g_autofree struct list *lists = g_new0(struct list, count);
	struct lists all = {.limits = limits, .calls = calls};
	struct cluster_limits own = limits != NULL ? *limits : (struct cluster_limits){0};
	bool good;

	own.stopped = are_stopped;
	own.done = take_page;
	own.user = &all;
	for (size_t i = 0; i < count; i++) {
		struct cluster_listing *g = &listings[i];

		g->read = false;
		lists[i] = (struct list){
			.cluster = c,
			.path = g->path,
			.item = g->item,
			.user = g->user,
			.listing = g,
			.page = g->page != 0 ? g->page : PAGE,
		};
		ask_page(&all, &lists[i]);
	}
	good = cluster_run(c, calls, &own, error);
	for (size_t i = 0; i < count; i++) {
		g_free(lists[i].rest);
		g_free(lists[i].version);
	}
	return good;
}
