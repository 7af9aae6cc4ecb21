/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Follows the objects of a cluster and tells what happens to them. */
#include "worker/watch.h"

#include <sodium.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "cluster/scope.h"
#include "cluster/watch.h"
#include "kube/follow.h"
#include "kube/id.h"
#include "worker/watch-list.h"

#define OWN "assent"
#define STACKS_MAX 1000
#define NAMESPACES_EACH 8   /* more of one kind: all namespaces by one watch */
#define WAIT 500	    /* milliseconds; then it is looked whether to stop */
#define PROBLEM_AFTER 10000 /* until what may pass by itself is told */
#define LIST_SECONDS 60

/* Whose object it is. */
struct target {
	char *stack, *id;
};
/* A kind's objects in one namespace, or in all. */
struct collection {
	struct watching *all;
	char *group, *version, *kind, *resource;
	char *namespace;	/* "": all, or none */
	bool wide;		/* of more namespaces than one */
	GHashTable *namespaces; /* set, of a wide one */
	GHashTable *sets;	/* set; NULL: of whatever label */
	struct kube_follow *follow;
	int64_t trouble; /* since when it has a problem; 0: it has none */
};
struct watching {
	struct job *job;
	struct cluster *cluster;
	struct cluster_watches *watches;
	GPtrArray *items;	 /* struct watch_list_item */
	GHashTable *collections; /* key to struct collection */
	GHashTable *targets;	 /* "GROUP/RESOURCE/NAMESPACE/NAME" to GPtrArray of struct target */
	bool ready;
	char *told; /* the problem that was told last, NULL: none */
};
/* A list or a read that is under way. */
struct asked {
	struct collection *collection;
	enum kube_follow_kind kind;
	void *about;
};

static int64_t milliseconds(void)
{
	return g_get_monotonic_time() / 1000;
}

static void target_free(void *data)
{
	struct target *target = data;

	g_free(target->stack);
	g_free(target->id);
	g_free(target);
}

static void targets_free(void *list)
{
	g_ptr_array_unref(list);
}

static void collection_free(void *data)
{
	struct collection *c = data;

	cluster_watches_remove(c->all->watches, c);
	kube_follow_free(c->follow);
	g_free(c->group);
	g_free(c->version);
	g_free(c->kind);
	g_free(c->resource);
	g_free(c->namespace);
	g_hash_table_unref(c->namespaces);
	if (c->sets != NULL) {
		g_hash_table_unref(c->sets);
	}
	g_free(c);
}

static char *target_key(const char *group, const char *resource, const char *namespace,
			const char *name)
{
	return g_strjoin("/", group, resource, namespace, name, NULL);
}

static void add_target(struct watching *w, const char *stack, const struct watch_list_item *item)
{
	char *key = target_key(item->group, item->resource, item->namespace, item->name);
	GPtrArray *list = g_hash_table_lookup(w->targets, key);
	struct target *target = g_new0(struct target, 1);

	target->stack = g_strdup(stack);
	target->id = g_strdup(item->id);
	if (list == NULL) {
		list = g_ptr_array_new_with_free_func(target_free);
		g_hash_table_insert(w->targets, g_steal_pointer(&key), list);
	}
	g_ptr_array_add(list, target);
	g_free(key);
}

static void write_opt(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_str(w, name, text);
	}
}

static void tell_changed(struct watching *w, const struct target *target,
			 const struct kube_followed *followed)
{
	const struct kube_change *change = followed->change;
	struct json_writer *out = json_writer_new(0);

	json_w_object(out, NULL);
	json_w_str(out, "event", "changed");
	json_w_str(out, "id", target->id);
	write_opt(out, "manager", change->manager);
	if (change->own) {
		json_w_bool(out, "own", true);
	}
	json_w_str(out, "stack", target->stack);
	write_opt(out, "subresource", change->subresource);
	if (change->time > 0) {
		json_w_int(out, "time", change->time);
	}
	json_w_str(out, "what", kube_follow_what_names[followed->what]);
	json_w_end(out);
	job_event(w->job, out);
}

static void on_followed(const struct kube_followed *followed, void *user)
{
	const struct collection *c = user;
	g_autofree char *key =
		target_key(c->group, c->resource, followed->namespace, followed->name);
	const GPtrArray *list = g_hash_table_lookup(c->all->targets, key);

	for (guint i = 0; list != NULL && i < list->len; i++) {
		tell_changed(c->all, list->pdata[i], followed);
	}
}

/* "applyset.kubernetes.io/part-of in (a,b)" */
static char *selector_of(const struct collection *c)
{
	g_autofree char **sets = NULL;
	g_autofree char *list = NULL;

	if (c->sets == NULL) {
		return NULL;
	}
	sets = (char **)g_hash_table_get_keys_as_array(c->sets, NULL);
	list = g_strjoinv(",", sets);
	return g_strdup_printf(KUBE_ID_PART_OF " in (%s)", list);
}

static bool follow(struct collection *c, GError **error)
{
	g_autofree char *selector = selector_of(c);
	const struct kube_kind kind = {
		.group = c->group,
		.version = c->version,
		.kind = c->kind,
		.resource = c->resource,
		.namespaced = c->namespace[0] != '\0' || c->wide,
	};
	const struct kube_follow_of of = {
		.kind = &kind,
		.namespace = c->namespace,
		.selector = selector,
		.own = OWN,
		.spread = randombytes_uniform(100),
		.fn = on_followed,
		.user = c,
	};

	return kube_follow_new(&of, &c->follow, error);
}

static char *collection_key(const struct watch_list_item *item, const char *namespace)
{
	return g_strjoin("/", item->group, item->version, item->resource, namespace, NULL);
}

static struct collection *collection_at(struct watching *w, const struct watch_list_item *item,
					bool wide)
{
	const char *namespace = wide ? "" : item->namespace;
	g_autofree char *key = collection_key(item, namespace);
	struct collection *c = g_hash_table_lookup(w->collections, key);

	if (c == NULL) {
		c = g_new0(struct collection, 1);
		c->all = w;
		c->group = g_strdup(item->group);
		c->version = g_strdup(item->version);
		c->kind = g_strdup(item->kind);
		c->resource = g_strdup(item->resource);
		c->namespace = g_strdup(namespace);
		c->wide = wide;
		c->namespaces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		c->sets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		g_hash_table_insert(w->collections, g_steal_pointer(&key), c);
	}
	return c;
}

static void add_to(struct collection *c, const struct watch_list_item *item)
{
	g_hash_table_add(c->namespaces, g_strdup(item->namespace));
	if (item->set == NULL) {
		g_clear_pointer(&c->sets, g_hash_table_unref);
	} else if (c->sets != NULL) {
		g_hash_table_add(c->sets, g_strdup(item->set));
	}
}

/* How many namespaces each kind is in. */
static GHashTable *count_namespaces(const GPtrArray *items)
{
	GHashTable *kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  (GDestroyNotify)g_hash_table_unref);

	for (guint i = 0; i < items->len; i++) {
		const struct watch_list_item *item = items->pdata[i];
		g_autofree char *key = collection_key(item, "");
		GHashTable *namespaces = g_hash_table_lookup(kinds, key);

		if (namespaces == NULL) {
			namespaces = g_hash_table_new(g_str_hash, g_str_equal);
			g_hash_table_insert(kinds, g_steal_pointer(&key), namespaces);
		}
		g_hash_table_add(namespaces, item->namespace);
	}
	return kinds;
}

static bool follow_all(struct watching *w, GError **error)
{
	GHashTableIter iter;
	struct collection *c;

	g_hash_table_iter_init(&iter, w->collections);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&c)) {
		if (c->follow == NULL && !follow(c, error)) {
			return false;
		}
	}
	return true;
}

static bool collect(struct watching *w, GError **error)
{
	g_autoptr(GHashTable) kinds = count_namespaces(w->items);

	for (guint i = 0; i < w->items->len; i++) {
		const struct watch_list_item *item = w->items->pdata[i];
		g_autofree char *key = collection_key(item, "");
		GHashTable *namespaces = g_hash_table_lookup(kinds, key);
		bool wide = g_hash_table_size(namespaces) > NAMESPACES_EACH;

		add_to(collection_at(w, item, wide), item);
	}
	return follow_all(w, error);
}

/* All namespaces are refused: then each by itself. */
static bool part(struct watching *w, GError **error)
{
	g_autoptr(GPtrArray) refused = g_ptr_array_new();
	struct collection *c;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, w->collections);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&c)) {
		if (c->wide && kube_follow_is_refused(c->follow)) {
			g_ptr_array_add(refused, c);
		}
	}
	for (guint k = 0; k < refused->len; k++) {
		g_autofree char *gone = NULL;

		c = refused->pdata[k];
		for (guint i = 0; i < w->items->len; i++) {
			const struct watch_list_item *item = w->items->pdata[i];
			g_autofree char *key = collection_key(item, "");

			if (g_hash_table_lookup(w->collections, key) == c) {
				g_free(gone);
				gone = g_steal_pointer(&key);
				add_to(collection_at(w, item, false), item);
			}
		}
		g_hash_table_remove(w->collections, gone);
	}
	return refused->len == 0 || follow_all(w, error);
}

static bool on_event(const char *type, struct kube_value *object, void *user)
{
	struct collection *c = user;
	bool more = kube_follow_event(c->follow, type, object, milliseconds());

	kube_value_free(object);
	return more;
}

static void on_ended(enum cluster_watch_end end, const struct kube_answer *answer,
		     const char *problem, void *user)
{
	struct collection *c = user;

	kube_follow_ended(c->follow, answer,
			  end == CLUSTER_WATCH_LOST && answer == NULL ? problem : NULL,
			  milliseconds());
}

static const struct cluster_watch_ops watch_ops = {
	.event = on_event,
	.ended = on_ended,
	.accept = KUBE_FOLLOW_ACCEPT,
};

static void ask(struct collection *c, struct kube_follow_ask *ask, GPtrArray *calls)
{
	g_autoptr(GError) local = NULL;
	struct cluster_call *call;
	struct asked *asked;

	if (ask->kind == KUBE_FOLLOW_WATCH) {
		if (!cluster_watches_add(c->all->watches, c->all->cluster, ask->path, &watch_ops, c,
					 &local)) {
			kube_follow_ended(c->follow, NULL, local->message, milliseconds());
		}
		g_free(ask->path);
		return;
	}
	asked = g_new0(struct asked, 1);
	asked->collection = c;
	asked->kind = ask->kind;
	asked->about = ask->about;
	call = cluster_call_new("GET", ask->path);
	call->accept = ask->kind == KUBE_FOLLOW_LIST ? KUBE_FOLLOW_ACCEPT_LIST : KUBE_FOLLOW_ACCEPT;
	call->resource = c->resource;
	call->user = asked;
	g_ptr_array_add(calls, call);
}

/* Whatever is due; when the next is. */
static int64_t ask_due(struct watching *w, GPtrArray *calls)
{
	int64_t now = milliseconds(), next = now + WAIT;
	struct kube_follow_ask one;
	struct collection *c;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, w->collections);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&c)) {
		while (kube_follow_next(c->follow, now, &one)) {
			if (one.path == NULL) {
				next = MIN(next, one.due);
				break;
			}
			ask(c, &one, calls);
		}
	}
	return next;
}

static bool is_stopped(void *user)
{
	const struct watching *w = user;

	return job_stopped(w->job);
}

static void deliver(const struct cluster_call *call, const char *why)
{
	const struct asked *asked = call->user;
	struct kube_follow *f = asked->collection->follow;

	if (asked->kind == KUBE_FOLLOW_READ) {
		kube_follow_read(f, asked->about, call->answer, call->value);
	} else {
		kube_follow_page(f, call->answer, why, call->value, milliseconds());
	}
}

/* What has no answer may be tried again, as its collection says. */
static void run_calls(struct watching *w, GPtrArray *calls)
{
	const struct cluster_limits limits = {
		.total = LIST_SECONDS,
		.stopped = is_stopped,
		.user = w,
	};
	g_autoptr(GError) local = NULL;

	if (!cluster_run(w->cluster, calls, &limits, &local)) {
		g_debug("%s", local->message);
	}
	for (guint i = 0; i < calls->len; i++) {
		struct cluster_call *call = calls->pdata[i];

		deliver(call, local != NULL ? local->message : "no answer");
		g_free(call->user);
	}
}

/* Is all of it seen, or known not to be to be seen? */
static bool is_ready(struct watching *w)
{
	struct collection *c;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, w->collections);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&c)) {
		if (!kube_follow_is_synced(c->follow) && kube_follow_problem(c->follow) == NULL) {
			return false;
		}
	}
	return true;
}

/* When one lasts: of all of them the first by name, so that it is the same one each time. */
static char *find_problem(struct watching *w)
{
	const char *first = NULL;
	bool lasts = false;
	struct collection *c;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, w->collections);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&c)) {
		const char *problem = kube_follow_problem(c->follow);
		int64_t now = milliseconds();

		c->trouble = problem == NULL ? 0 : c->trouble == 0 ? now : c->trouble;
		if (problem == NULL) {
			continue;
		}
		lasts |= !kube_follow_is_synced(c->follow) || now - c->trouble >= PROBLEM_AFTER;
		first = first == NULL || strcmp(problem, first) < 0 ? problem : first;
	}
	return lasts ? g_strdup(first) : NULL;
}

static void tell_state(struct watching *w)
{
	g_autofree char *problem = NULL;
	struct json_writer *out;

	if (!is_ready(w)) {
		return;
	}
	problem = find_problem(w);
	if (w->ready && g_strcmp0(problem, w->told) == 0) {
		return;
	}
	w->ready = true;
	out = json_writer_new(0);
	json_w_object(out, NULL);
	json_w_int(out, "collections", g_hash_table_size(w->collections));
	json_w_str(out, "event", "watching");
	write_opt(out, "problem", problem);
	json_w_end(out);
	job_event(w->job, out);
	g_free(w->told);
	w->told = g_steal_pointer(&problem);
}

static bool watch(struct watching *w, GError **error)
{
	while (!job_stopped(w->job)) {
		g_autoptr(GPtrArray) calls = cluster_calls_new();
		int64_t next;

		if (!part(w, error)) {
			return false;
		}
		next = ask_due(w, calls);
		if (calls->len > 0) {
			run_calls(w, calls);
			cluster_watches_wait(w->watches, -1, 0);
		} else {
			cluster_watches_wait(w->watches, -1,
					     (unsigned)CLAMP(next - milliseconds(), 0, WAIT));
		}
		tell_state(w);
	}
	return true;
}

/* A list may be older than the configuration. */
static void drop_outside(GPtrArray *items, guint from, const struct cluster_scope *scope)
{
	guint i = from;

	while (i < items->len) {
		const struct watch_list_item *item = items->pdata[i];
		g_autofree char *problem = cluster_scope_problem(scope, item->namespace);

		if (problem != NULL) {
			g_ptr_array_remove_index(items, i);
		} else {
			i++;
		}
	}
}

static bool read_stack(struct watching *w, const char *name, const char *list,
		       const struct cluster_scope *scope, GError **error)
{
	g_autofree char *text = NULL;
	guint from = w->items->len;
	size_t len;

	if (!file_read(list, WATCH_LIST_MAX, &text, &len, error)) {
		return false;
	}
	if (!watch_list_read(text, len, cluster_name(w->cluster), w->items, error)) {
		return fail_prefix(error, "%s", list);
	}
	drop_outside(w->items, from, scope);
	for (guint i = from; i < w->items->len; i++) {
		add_target(w, name, w->items->pdata[i]);
	}
	return true;
}

static void scope_free(void *scope)
{
	cluster_scope_free(scope);
}

static void read_one(struct json_obj *one, GPtrArray *names, GPtrArray *lists, GPtrArray *scopes)
{
	g_ptr_array_add(lists, (gpointer)json_str(one, "list", 4096));
	g_ptr_array_add(names, (gpointer)json_str(one, "name", 4096));
	g_ptr_array_add(scopes, cluster_scope_read(one, "scope")); // NULL: nothing is followed
	json_obj_end(one);
}

static bool read_request(struct watching *w, GError **error)
{
	struct json_obj *request = job_request(w->job), one;
	GPtrArray *settings = cluster_settings_read(request, "clusters");
	g_autoptr(GPtrArray) names = g_ptr_array_new(), lists = g_ptr_array_new();
	g_autoptr(GPtrArray) scopes = g_ptr_array_new_with_free_func(scope_free);
	struct json_arr stacks;
	size_t count = json_arr_get(request, "stacks", STACKS_MAX, &stacks);
	bool good;

	for (size_t i = 0; i < count; i++) {
		if (json_arr_obj(&stacks, i, &one)) {
			read_one(&one, names, lists, scopes);
		}
	}
	good = job_request_end(w->job, error);
	if (good && (settings == NULL || settings->len != 1)) {
		good = fail(error, JOB_ERROR, JOB_ERROR_USAGE,
			    "the request names no cluster, or more than one");
	}
	if (good) {
		w->cluster = cluster_new(settings->pdata[0], error);
		good = w->cluster != NULL;
	}
	for (guint i = 0; good && i < lists->len; i++) {
		good = read_stack(w, names->pdata[i], lists->pdata[i], scopes->pdata[i], error);
	}
	if (settings != NULL) {
		g_ptr_array_unref(settings);
	}
	return good;
}

bool watch_run(struct job *job, GError **error)
{
	struct watching w = {.job = job};
	bool good;

	w.watches = cluster_watches_new();
	w.items = g_ptr_array_new_with_free_func(watch_list_item_free);
	w.collections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, collection_free);
	w.targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, targets_free);
	good = read_request(&w, error) && collect(&w, error) && watch(&w, error);
	if (good) {
		json_w_int(job_result(job), "collections", g_hash_table_size(w.collections));
	}
	g_hash_table_unref(w.collections);
	g_hash_table_unref(w.targets);
	g_ptr_array_unref(w.items);
	cluster_watches_free(w.watches);
	cluster_free(w.cluster);
	g_free(w.told);
	return good;
}
