/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starts workers that follow clusters, and reads what they tell. */
#include "agent/cluster-watch.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/clusters.h"
#include "agent/jobs-read.h"
#include "agent/watch.h"
#include "base/autoptr.h"
#include "base/file.h"
#include "base/proc.h"
#include "core/json.h"

#define LIST_MAX ((size_t)128 << 20)
#define LINE_MAX_TEXT 16384
#define LINE_MAX_SIZE ((size_t)1 << 20)
#define GRACE 5
#define PAUSE_MAX 300 /* seconds */
#define LASTS_LONG 60 /* one that ran for so many seconds is started again at once */

/* A cluster, as somebody. */
struct follower {
	struct cluster_watch *all;
	char *key;  /* its settings */
	char *name; /* of the cluster */
	char *request;
	struct hash lists; /* of what the request's lists hold */
	GPtrArray *stacks; /* names */
	struct proc *proc; /* NULL: it does not run */
	GString *last;
	char *problem;
	guint timer;
	unsigned failures;
	int64_t started;
	bool wanted, again; /* when it has ended: it is started as it is now */
};
struct cluster_watch {
	struct agent *agent;
	GHashTable *followers; /* key to struct follower */
	bool freeing;
};

static void follower_free(void *data)
{
	struct follower *f = data;

	if (f->timer != 0) {
		g_source_remove(f->timer);
	}
	g_free(f->key);
	g_free(f->name);
	g_free(f->request);
	g_ptr_array_unref(f->stacks);
	g_string_free(f->last, TRUE);
	g_free(f->problem);
	g_free(f);
}

struct cluster_watch *cluster_watch_new(struct agent *agent)
{
	struct cluster_watch *w = g_new0(struct cluster_watch, 1);

	w->agent = agent;
	w->followers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, follower_free);
	return w;
}

/* To all of the stacks that it follows for. */
static void tell(const struct follower *f, bool begun)
{
	for (guint i = 0; i < f->stacks->len; i++) {
		struct agent_unit *unit = agent_unit(f->all->agent, f->stacks->pdata[i]);

		if (unit != NULL) {
			watch_followed(unit, begun);
		}
	}
}

static void set_problem(struct follower *f, const char *text)
{
	g_free(f->problem);
	f->problem = text != NULL
			     ? g_strdup_printf("cluster '%s' is not followed: %s", f->name, text)
			     : NULL;
}

static void take_changed(const struct follower *f, struct json_obj *o)
{
	const char *stack = json_str(o, "stack", LINE_MAX_TEXT);
	struct watch_hint hint = {
		.id = json_str(o, "id", LINE_MAX_TEXT),
		.manager = json_str_opt(o, "manager", LINE_MAX_TEXT),
		.subresource = json_str_opt(o, "subresource", LINE_MAX_TEXT),
		.time = json_int_opt(o, "time", 0, JSON_MAX_INT, 0),
		.own = json_bool_opt(o, "own", false),
	};
	struct agent_unit *unit = stack != NULL ? agent_unit(f->all->agent, stack) : NULL;

	json_str(o, "what", LINE_MAX_TEXT);
	json_obj_end(o);
	if (unit != NULL && hint.id != NULL) {
		watch_hinted(unit, &hint);
	}
}

static void take_watching(struct follower *f, struct json_obj *o)
{
	const char *problem = json_str_opt(o, "problem", LINE_MAX_TEXT);
	bool begun = f->last->len == 0; // its first word

	json_int(o, "collections", 0, JSON_MAX_INT);
	json_obj_end(o);
	set_problem(f, problem);
	tell(f, begun);
}

static void on_line(const char *line, size_t len, void *user)
{
	struct follower *f = user;
	g_autoptr(json_doc_auto) doc = NULL;
	struct assent_error err;
	const char *event;
	struct json_obj o;

	if (f->all->freeing || !f->wanted) {
		return;
	}
	if (json_doc_parse(&doc, line, len, 0, &err) == 0) {
		json_doc_root(doc, &o);
		event = json_str_opt(&o, "event", LINE_MAX_TEXT);
		if (g_strcmp0(event, "changed") == 0) {
			take_changed(f, &o);
		} else if (g_strcmp0(event, "watching") == 0) {
			take_watching(f, &o);
		}
	}
	g_string_truncate(f->last, 0);
	g_string_append_len(f->last, line, (gssize)len);
}

static void start(struct follower *f);

static gboolean on_timer(void *user)
{
	struct follower *f = user;

	f->timer = 0;
	start(f);
	return G_SOURCE_REMOVE;
}

static void restart_later(struct follower *f)
{
	unsigned pause = 0;

	if (agent_now() - f->started >= LASTS_LONG) {
		f->failures = 0;
	}
	if (f->failures > 0) {
		pause = MIN(1U << MIN(f->failures, 16), PAUSE_MAX);
	}
	f->failures++;
	f->timer = g_timeout_add_seconds(pause, on_timer, f);
}

static void on_ended(int status, const char *err, const GError *error, void *user)
{
	struct follower *f = user;
	struct jobs_reading reading;

	f->proc = NULL;
	if (f->all->freeing) {
		return;
	}
	if (!f->wanted) {
		g_hash_table_remove(f->all->followers, f->key);
		return;
	}
	if (f->again) {
		f->again = false;
		f->failures = 0;
		start(f);
		return;
	}
	jobs_read(&reading, f->last->str, f->last->len, status, err, error);
	set_problem(f, reading.result.code != NULL ? reading.result.message : "its worker ended");
	jobs_reading_clear(&reading);
	restart_later(f);
	tell(f, false);
}

static void start(struct follower *f)
{
	const struct conf *conf = f->all->agent->conf;
	g_auto(GStrv) env = jobs_environment();
	const char *argv[] = {jobs_worker(f->all->agent->jobs), "--trust", conf->trust, NULL};
	const struct proc_ops ops = {on_line, on_ended};
	const struct proc_spec spec = {
		.argv = argv,
		.env = (const char *const *)env,
		.input = f->request,
		.input_len = strlen(f->request),
		.max_output = LINE_MAX_SIZE,
		.endless = true,
	};
	g_autoptr(GError) local = NULL;

	if (f->all->agent->stopping) {
		return;
	}
	g_string_truncate(f->last, 0);
	f->started = agent_now();
	if (!proc_start(&spec, &ops, f, &f->proc, &local)) {
		f->proc = NULL;
		set_problem(f, local->message);
		restart_later(f);
		tell(f, false);
	}
}

/* --- what is to be followed */

struct wish {
	char *key, *name;
	GPtrArray *settings, *stacks, *lists;
	GPtrArray *scopes; /* struct cluster_scope, of the stacks */
	struct hash_state state;
};

static void scope_free(void *scope)
{
	cluster_scope_free(scope);
}

static void wish_free(void *data)
{
	struct wish *wish = data;

	g_free(wish->key);
	g_free(wish->name);
	g_ptr_array_unref(wish->settings);
	g_ptr_array_unref(wish->stacks);
	g_ptr_array_unref(wish->lists);
	g_ptr_array_unref(wish->scopes);
	g_free(wish);
}

static char *text_of(struct json_writer *w)
{
	struct assent_error err;
	autocfree char *text = NULL;
	size_t len;

	return json_writer_finish(w, &text, &len, &err) == 0 ? g_strdup(text) : NULL;
}

/* One cluster's, as in a request. */
static GPtrArray *alone(struct cluster_settings *settings)
{
	GPtrArray *list = cluster_settings_list_new();

	g_ptr_array_add(list, cluster_settings_dup(settings));
	return list;
}

/* Where the stack keeps its list of objects, and what it tells on them, is nothing to a watch. */
static struct wish *wish_for(GHashTable *wishes, struct cluster_settings *settings)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *key = NULL;
	struct wish *wish;
	GPtrArray *list;

	g_clear_pointer(&settings->inventory, g_free);
	settings->events = true;
	list = alone(settings);
	json_w_object(w, NULL);
	cluster_settings_write(w, "clusters", list);
	json_w_end(w);
	key = text_of(w);
	wish = key != NULL ? g_hash_table_lookup(wishes, key) : NULL;
	if (wish != NULL || key == NULL) {
		g_ptr_array_unref(list);
		return wish;
	}
	wish = g_new0(struct wish, 1);
	wish->key = g_steal_pointer(&key);
	wish->name = g_strdup(settings->name);
	wish->settings = list;
	wish->stacks = g_ptr_array_new_with_free_func(g_free);
	wish->lists = g_ptr_array_new_with_free_func(g_free);
	wish->scopes = g_ptr_array_new_with_free_func(scope_free);
	hash_init(&wish->state);
	g_hash_table_insert(wishes, wish->key, wish);
	return wish;
}

/* The objects of this cluster in the list, into the digest; false: there are none. */
static bool hash_objects(const char *text, size_t len, const char *cluster,
			 struct hash_state *state)
{
	g_autofree char *begin = g_strdup_printf("k{\"cluster\":\"%s\",", cluster);
	size_t at = 0;
	bool any = false;

	while (at < len) {
		size_t n = strnlen(text + at, len - at);

		if (text[at] == 'k' && n > strlen(begin) &&
		    memcmp(text + at, begin, strlen(begin)) == 0) {
			hash_update(state, text + at, n);
			any = true;
		}
		at += n + 1;
	}
	return any;
}

static void add_wishes(GHashTable *wishes, const struct agent_unit *unit)
{
	g_autoptr(GPtrArray) list = clusters_of(unit->agent->conf, unit->conf);
	g_autofree char *file = agent_scratch(unit, "watch");
	g_autofree char *text = NULL;
	size_t len;

	if (list == NULL || unit->watch == NULL || !file_read(file, LIST_MAX, &text, &len, NULL)) {
		return;
	}
	for (guint i = 0; i < list->len; i++) {
		struct cluster_settings *settings = list->pdata[i];
		struct hash_state none;
		struct wish *wish;

		hash_init(&none);
		if (!hash_objects(text, len, settings->name, &none)) {
			continue;
		}
		wish = wish_for(wishes, settings);
		if (wish != NULL) {
			(void)hash_objects(text, len, settings->name, &wish->state);
			g_ptr_array_add(wish->stacks, g_strdup(unit->conf->name));
			g_ptr_array_add(wish->lists, g_strdup(file));
			g_ptr_array_add(wish->scopes, clusters_scope(unit->conf));
		}
	}
}

static char *request_of(const struct wish *wish)
{
	struct json_writer *w = json_writer_new(0);
	g_autofree char *text = NULL;

	json_w_object(w, NULL);
	json_w_int(w, "v", 1);
	json_w_str(w, "job", "watch");
	cluster_settings_write(w, "clusters", wish->settings);
	json_w_array(w, "stacks");
	for (guint i = 0; i < wish->stacks->len; i++) {
		json_w_object(w, NULL);
		json_w_str(w, "list", wish->lists->pdata[i]);
		json_w_str(w, "name", wish->stacks->pdata[i]);
		cluster_scope_write(w, "scope", wish->scopes->pdata[i]);
		json_w_end(w);
	}
	json_w_end(w);
	json_w_end(w);
	text = text_of(w);
	return text != NULL ? g_strconcat(text, "\n", NULL) : NULL;
}

static struct follower *follower_at(struct cluster_watch *w, const struct wish *wish)
{
	struct follower *f = g_hash_table_lookup(w->followers, wish->key);

	if (f == NULL) {
		f = g_new0(struct follower, 1);
		f->all = w;
		f->key = g_strdup(wish->key);
		f->name = g_strdup(wish->name);
		f->stacks = g_ptr_array_new_with_free_func(g_free);
		f->last = g_string_new(NULL);
		g_hash_table_insert(w->followers, f->key, f);
	}
	return f;
}

static void fulfil(struct cluster_watch *w, struct wish *wish)
{
	struct follower *f = follower_at(w, wish);
	g_autofree char *request = request_of(wish);
	struct hash lists;
	bool same;

	hash_final(&wish->state, &lists);
	same = g_strcmp0(f->request, request) == 0 && hash_equal(&f->lists, &lists);
	f->wanted = request != NULL;
	if (same || request == NULL) {
		return;
	}
	g_free(f->request);
	f->request = g_steal_pointer(&request);
	f->lists = lists;
	g_ptr_array_unref(f->stacks);
	f->stacks = g_ptr_array_ref(wish->stacks);
	if (f->proc != NULL) {
		f->again = true;
		proc_stop(f->proc, GRACE);
		return;
	}
	if (f->timer != 0) {
		g_source_remove(f->timer);
		f->timer = 0;
	}
	start(f);
}

/* What nobody wishes any more. */
static void end_others(struct cluster_watch *w, GHashTable *wishes)
{
	struct follower *f;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, w->followers);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&f)) {
		if (g_hash_table_contains(wishes, f->key)) {
			continue;
		}
		f->wanted = false;
		f->again = false;
		g_clear_pointer(&f->request, g_free); // wished again, it is another
		if (f->proc != NULL) {
			proc_stop(f->proc, GRACE); // and is freed when it has ended
		} else {
			g_hash_table_iter_remove(&iter);
		}
	}
}

void cluster_watch_renew(struct cluster_watch *w)
{
	g_autoptr(GHashTable) wishes =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, wish_free);
	struct wish *wish;
	struct agent_unit *unit;
	GHashTableIter iter;

	if (w->agent->stopping) {
		return;
	}
	for (guint i = 0; i < w->agent->conf->stacks->len; i++) { // always in this order
		const struct conf_stack *stack = w->agent->conf->stacks->pdata[i];

		unit = agent_unit(w->agent, stack->name);
		if (unit != NULL) {
			add_wishes(wishes, unit);
		}
	}
	end_others(w, wishes);
	g_hash_table_iter_init(&iter, wishes);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&wish)) {
		fulfil(w, wish);
	}
}

const char *cluster_watch_problem(const struct cluster_watch *w, const char *stack)
{
	const struct follower *f;
	const char *problem = NULL;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, w->followers);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&f)) {
		if (f->wanted && f->problem != NULL &&
		    g_ptr_array_find_with_equal_func(f->stacks, stack, g_str_equal, NULL) &&
		    (problem == NULL || strcmp(f->problem, problem) < 0)) {
			problem = f->problem;
		}
	}
	return problem;
}

static struct follower *any_running(struct cluster_watch *w)
{
	struct follower *f;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, w->followers);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&f)) {
		if (f->proc != NULL) {
			return f;
		}
	}
	return NULL;
}

void cluster_watch_free(struct cluster_watch *w)
{
	struct follower *f;
	GHashTableIter iter;

	if (w == NULL) {
		return;
	}
	w->freeing = true;
	g_hash_table_iter_init(&iter, w->followers);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&f)) {
		if (f->proc != NULL) {
			proc_stop(f->proc, 0);
		}
	}
	while (any_running(w) != NULL) { // each must be waited for, or its callbacks outlive us
		g_main_context_iteration(NULL, TRUE);
	}
	g_hash_table_unref(w->followers);
	g_free(w);
}
