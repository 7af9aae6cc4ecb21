/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Binds a stack to the watcher of its places. */
#include "agent/watch.h"

#include <string.h>

#include "agent/watcher.h"
#include "agent/writers.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#define LIST_MAX ((size_t)128 << 20)

struct watch {
	struct watcher *watcher;
	struct writers *writers; /* NULL: nobody tells who */
	char *told;		 /* the problem that was logged last */
};

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
		g_free(unit->watch->told);
		g_clear_pointer(&unit->watch, g_free);
	}
}

void watch_settle(struct agent_unit *unit)
{
	if (unit->watch != NULL) {
		watcher_drain(unit->watch->watcher);
	}
}

void watch_listed(struct agent_unit *unit)
{
	if (unit->watch != NULL && take_list(unit)) {
		unit->step.touched = true; // what happened before it was watched nobody knows
	}
}

void watch_name(struct agent_unit *unit)
{
	if (unit->watch == NULL || unit->watch->writers == NULL) {
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
	if (unit->watch->writers != NULL) {
		writers_drain(unit->watch->writers);
		writers_forget(unit->watch->writers);
	}
	unit->step.touched = true;
}

const char *watch_problem(const struct agent_unit *unit)
{
	return unit->watch != NULL ? watcher_problem(unit->watch->watcher) : NULL;
}
