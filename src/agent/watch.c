/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Binds a stack to the watcher of its places. */
#include "agent/watch.h"

#include <string.h>

#include "agent/cluster-watch.h"
#include "agent/watcher.h"
#include "agent/writers.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#define LIST_MAX ((size_t)128 << 20)
#define HINTS_MAX 10000 /* more of them: all objects are looked at */
#define ECHO 5		/* seconds after an apply, in which its own traces may still be told */
#define OBJECT "k8s:"

/* Who changed an object last, as its cluster says. */
struct known {
	char *manager; /* "hpa (scale)", NULL: not known */
	int64_t time;
};
struct watch {
	struct watcher *watcher;
	struct writers *writers; /* NULL: nobody tells who */
	char *told;		 /* the problem that was logged last */
	char *told_cluster;	 /* the same of clusters */
	GHashTable *hints;	 /* ids of objects; of what the next look is about */
	GHashTable *asked;	 /* the same of the look under way, until it has come to an end */
	GHashTable *known;	 /* id to struct known */
	guint timer;
	gint64 first, last; /* hint of the burst, monotonic milliseconds */
	bool all, all_asked;
	int64_t looked, looks; /* at all of them, last and now; 0: never */
	int64_t applied;       /* the end of the newest apply */
};

static void known_free(void *data)
{
	struct known *known = data;

	g_free(known->manager);
	g_free(known);
}

static void on_touched(void *user)
{
	struct agent_unit *unit = user;

	if (!unit->agent->stopping) {
		agent_send(unit, STACK_TOUCHED, NULL);
	}
}

static bool is_wanted(const struct agent_unit *unit)
{
	return strcmp(unit->conf->drift_watch, "none") != 0;
}

static bool wants_writers(const struct agent_unit *unit)
{
	return strcmp(unit->conf->drift_watch, "auto") == 0;
}

/* Once for each problem; a full list of what is watched would be no help. */
static void tell(struct agent_unit *unit)
{
	const char *problem = watcher_problem(unit->watch->watcher);

	if (problem != NULL && g_strcmp0(problem, unit->watch->told) != 0) {
		log_event(EV_WATCH, unit->conf->name, NULL,
			  "%s; changes there are found by the next look at everything", problem);
	}
	g_free(unit->watch->told);
	unit->watch->told = g_strdup(problem);
}

static const char *cluster_problem(const struct agent_unit *unit)
{
	return unit->agent->clusters != NULL
		       ? cluster_watch_problem(unit->agent->clusters, unit->conf->name)
		       : NULL;
}

static void tell_cluster(struct agent_unit *unit)
{
	const char *problem = cluster_problem(unit);

	if (problem != NULL && g_strcmp0(problem, unit->watch->told_cluster) != 0) {
		log_event(EV_WATCH, unit->conf->name, NULL,
			  "%s; changes there are found by the next look at everything", problem);
	}
	g_free(unit->watch->told_cluster);
	unit->watch->told_cluster = g_strdup(problem);
}

/* Each place is a letter ('=' of every name in a folder, '-' of a path) and a path, and ends with
 * NUL. */
static GArray *parse(char *text, size_t len)
{
	GArray *places = g_array_new(FALSE, FALSE, sizeof(struct watcher_place));
	size_t at = 0;

	while (at < len) {
		size_t n = strnlen(text + at, len - at);
		struct watcher_place place = {text + at + 1, text[at] == '='};

		if (n > 2 && text[at + 1] == '/' && at + n < len) {
			g_array_append_val(places, place);
		}
		at += n + 1;
	}
	return places;
}

/* True when something is watched that was not before. */
static bool take_list(struct agent_unit *unit)
{
	g_autofree char *file = agent_scratch(unit, "watch");
	g_autofree char *text = NULL;
	g_autoptr(GArray) places = NULL;
	const struct watcher_place *list;
	size_t len;
	bool fresh;

	if (!file_read(file, LIST_MAX, &text, &len, NULL)) {
		return false; // nothing was planned yet
	}
	places = parse(text, len);
	list = (const struct watcher_place *)(void *)places->data;
	fresh = watcher_set(unit->watch->watcher, list, places->len);
	if (unit->watch->writers != NULL && fresh) {
		writers_set(unit->watch->writers, list, places->len);
	}
	tell(unit);
	return fresh;
}

void watch_start(struct agent_unit *unit)
{
	watch_stop(unit);
	if (!is_wanted(unit)) {
		return;
	}
	unit->watch = g_new0(struct watch, 1);
	unit->watch->watcher = watcher_new(on_touched, unit);
	unit->watch->hints = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	unit->watch->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	unit->watch->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, known_free);
	unit->watch->writers = wants_writers(unit) ? writers_new() : NULL;
	(void)take_list(unit);
	if (unit->record->facts.base[0] != '\0') {
		unit->step.next_drift = agent_now(); // nobody watched until now
	}
}

void watch_stop(struct agent_unit *unit)
{
	if (unit->watch != NULL) {
		watcher_free(unit->watch->watcher);
		writers_free(unit->watch->writers);
		if (unit->watch->timer != 0) {
			g_source_remove(unit->watch->timer);
		}
		g_hash_table_unref(unit->watch->hints);
		g_hash_table_unref(unit->watch->asked);
		g_hash_table_unref(unit->watch->known);
		g_free(unit->watch->told);
		g_free(unit->watch->told_cluster);
		g_clear_pointer(&unit->watch, g_free);
	}
}

static gint64 milliseconds(void)
{
	return g_get_monotonic_time() / 1000;
}

/* As the watcher does with the kernel's. */
static gboolean on_burst(void *user)
{
	struct agent_unit *unit = user;
	struct watch *w = unit->watch;
	gint64 now = milliseconds();
	gint64 due = MIN(w->last + WATCHER_QUIET, w->first + WATCHER_LONGEST);

	if (now < due) {
		w->timer = g_timeout_add((guint)(due - now), on_burst, unit);
	} else {
		w->timer = 0;
		on_touched(unit);
	}
	return G_SOURCE_REMOVE;
}

static void touch(struct agent_unit *unit)
{
	struct watch *w = unit->watch;

	w->last = milliseconds();
	if (w->timer == 0) {
		w->first = w->last;
		w->timer = g_timeout_add(WATCHER_QUIET, on_burst, unit);
	}
}

/* Told late, it may come when the apply has ended already. */
static bool is_ours(const struct agent_unit *unit, const struct watch_hint *hint)
{
	int64_t since = agent_now() - unit->watch->applied;

	return hint->own &&
	       (unit->record->facts.phase == STACK_PHASE_APPLYING || (since >= 0 && since < ECHO));
}

static void keep_who(struct watch *w, const struct watch_hint *hint)
{
	struct known *known;

	if (hint->own || hint->manager == NULL) {
		g_hash_table_remove(w->known, hint->id);
		return;
	}
	if (g_hash_table_size(w->known) >= HINTS_MAX) {
		g_hash_table_remove_all(w->known); // most of it is old
	}
	known = g_new0(struct known, 1);
	known->manager = hint->subresource != NULL
				 ? g_strdup_printf("%s (%s)", hint->manager, hint->subresource)
				 : g_strdup(hint->manager);
	known->time = hint->time;
	g_hash_table_replace(w->known, g_strdup(hint->id), known);
}

void watch_hinted(struct agent_unit *unit, const struct watch_hint *hint)
{
	struct watch *w = unit->watch;

	if (w == NULL) {
		return;
	}
	keep_who(w, hint);
	if (is_ours(unit, hint)) {
		return;
	}
	if (g_hash_table_size(w->hints) >= HINTS_MAX) {
		w->all = true;
	} else {
		g_hash_table_add(w->hints, g_strdup(hint->id));
	}
	touch(unit);
}

void watch_followed(struct agent_unit *unit, bool begun)
{
	if (unit->watch == NULL) {
		return;
	}
	tell_cluster(unit);
	if (begun && unit->record->facts.base[0] != '\0') {
		unit->watch->all = true; // what happened before nobody knows
		touch(unit);
	}
}

static void move_hints(struct watch *w)
{
	GHashTableIter iter;
	void *id;

	g_hash_table_iter_init(&iter, w->hints);
	while (g_hash_table_iter_next(&iter, &id, NULL)) {
		g_hash_table_add(w->asked, g_strdup(id));
	}
	g_hash_table_remove_all(w->hints);
	w->all_asked |= w->all;
	w->all = false;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What was found to differ is looked at again, or it would be taken for gone. */
static GPtrArray *ids_of(const struct agent_unit *unit)
{
	g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	const struct drift *drift = unit->drift;
	GHashTableIter iter;
	void *id;

	g_hash_table_iter_init(&iter, unit->watch->asked);
	while (g_hash_table_iter_next(&iter, &id, NULL)) {
		g_hash_table_add(ids, id);
	}
	for (guint i = 0; drift != NULL && i < drift->items->len; i++) {
		const struct drift_item *item = g_ptr_array_index(drift->items, i);

		if (g_str_has_prefix(item->id, OBJECT)) {
			g_hash_table_add(ids, item->id);
		}
	}
	g_hash_table_iter_init(&iter, ids);
	while (g_hash_table_iter_next(&iter, &id, NULL)) {
		g_ptr_array_add(list, g_strdup(id));
	}
	g_ptr_array_sort(list, compare_text);
	return list;
}

/* Is what differs known one by one, since this process has looked? */
static bool knows_all(const struct agent_unit *unit)
{
	const struct drift *drift = unit->drift;

	return drift != NULL ? drift->count <= (int64_t)drift->items->len
			     : unit->record->facts.drift[0] == '\0';
}

GPtrArray *watch_objects(struct agent_unit *unit)
{
	struct watch *w = unit->watch;
	int64_t now = agent_now();

	if (w == NULL) {
		return NULL;
	}
	move_hints(w);
	if (w->all_asked || unit->step.asked || !knows_all(unit) || w->looked == 0 ||
	    now < w->looked || now - w->looked >= unit->conf->drift_interval) {
		w->looks = now;
		return NULL;
	}
	w->looks = 0;
	return ids_of(unit);
}

void watch_settle(struct agent_unit *unit)
{
	struct watch *w = unit->watch;

	if (w == NULL) {
		return;
	}
	watcher_drain(w->watcher);
	if (w->timer != 0) {
		g_source_remove(w->timer);
		w->timer = 0;
	}
	if (!unit->asks_drift) {
		move_hints(w);
		w->looks = agent_now(); // a plan looks at all of them
	}
}

void watch_listed(struct agent_unit *unit)
{
	struct watch *w = unit->watch;

	if (w == NULL) {
		return;
	}
	g_hash_table_remove_all(w->asked);
	if (w->looks != 0) {
		w->looked = w->looks;
		w->all_asked = false;
	}
	if (take_list(unit)) {
		unit->step.touched = true; // what happened before it was watched nobody knows
	}
	if (unit->agent->clusters != NULL) {
		cluster_watch_renew(unit->agent->clusters);
		tell_cluster(unit);
	}
}

static void name_objects(const struct agent_unit *unit)
{
	for (guint i = 0; i < unit->drift->items->len; i++) {
		struct drift_item *item = g_ptr_array_index(unit->drift->items, i);
		const struct known *known = g_hash_table_lookup(unit->watch->known, item->id);

		if (known != NULL && item->manager == NULL) {
			item->manager = g_strdup(known->manager);
			item->changed = known->time;
		}
	}
}

void watch_name(struct agent_unit *unit)
{
	if (unit->watch == NULL) {
		return;
	}
	name_objects(unit);
	if (unit->watch->writers == NULL) {
		return;
	}
	writers_drain(unit->watch->writers);
	for (guint i = 0; i < unit->drift->items->len; i++) {
		struct drift_item *item = g_ptr_array_index(unit->drift->items, i);
		const struct drift_who *who =
			item->path != NULL ? writers_find(unit->watch->writers, item->path) : NULL;

		if (who != NULL) {
			drift_who_copy(&item->who, who);
		}
	}
}

void watch_applied(struct agent_unit *unit)
{
	if (unit->watch == NULL) {
		return;
	}
	watcher_drain(unit->watch->watcher);
	unit->watch->applied = agent_now();
	unit->watch->all = true;
	if (unit->watch->writers != NULL) {
		writers_drain(unit->watch->writers);
		writers_forget(unit->watch->writers);
	}
	unit->step.touched = true;
}

const char *watch_problem(const struct agent_unit *unit)
{
	const char *problem = unit->watch != NULL ? watcher_problem(unit->watch->watcher) : NULL;

	return problem != NULL || unit->watch == NULL ? problem : cluster_problem(unit);
}
