/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The packages of one manager in a plan, and what is to be done with them. */
#include "worker/target/package-group.h"

#include <string.h>

#include "base/error.h"

#define MAX_SHOWN 10

struct step *package_group_step(const struct package_group *g, guint i)
{
	return &g_array_index(g->run->steps, struct step, g->first + i);
}

static bool belongs(const struct target_run *run, guint i, const char *manager)
{
	const struct plan_change *c = g_array_index(run->steps, struct step, i).change;

	return strcmp(c->kind, "package") == 0 && strcmp(c->manager, manager) == 0;
}

bool package_group_find(struct target_run *run, const struct step *step, struct package_group *out,
			GError **error)
{
	const char *manager = step->change->manager;
	guint at = (guint)(step - (const struct step *)(gconstpointer)run->steps->data);
	guint end = at + 1;

	*out = (struct package_group){.ops = package_manager_find(manager),
				      .run = run,
				      .how = {.stopped = run->stopped,
					      .user = run->user,
					      .lock_wait = PACKAGE_LOCK_WAIT}};
	while (at > 0 && belongs(run, at - 1, manager)) {
		at--;
	}
	while (end < run->steps->len && belongs(run, end, manager)) {
		end++;
	}
	out->first = at;
	out->count = end - at;
	return (out->ops != NULL && out->ops->detect()) ||
	       fail(error, TARGET_ERROR, TARGET_ERROR_FAILED, "this host has no %s", manager);
}

bool package_group_list(const struct package_group *g, const struct package_list **out,
			GError **error)
{
	return host_packages(g->run->host, g->ops, out, error);
}

static const struct package *find(const struct package_ops *ops, const struct package_list *list,
				  const struct plan_change *change)
{
	g_autofree char *name = NULL, *arch = NULL;

	return package_split(ops, change->id + strlen("package:"), &name, &arch)
		       ? package_list_find(list, name, arch)
		       : NULL;
}

struct plan_state package_state(const struct package_ops *ops, const struct package_list *list,
				const struct plan_change *change)
{
	struct plan_state state = PLAN_STATE(STATE_ABSENT);
	const struct package *p = find(ops, list, change);
	g_autofree char *version = NULL;

	if (p == NULL) {
		return state;
	}
	/* Half there is neither there nor absent: it fits no version. */
	version = p->problem != NULL ? g_strdup_printf("%s, %s", p->version, p->problem)
				     : g_strdup(p->version);
	state.type = STATE_PACKAGE;
	state.version = g_intern_string(version);
	state.arch = g_intern_string(p->arch);
	state.held = p->held;
	return state;
}

struct package_change *package_group_change(const struct package_group *g,
					    const struct package_list *list,
					    const struct plan_change *change, const char *to)
{
	const struct plan_state *d = &change->desired, *o = &change->observed;
	const struct package *have = find(g->ops, list, change);
	g_autofree char *name = NULL, *arch = NULL;
	const char *planned = d->arch != NULL ? d->arch : o->arch;
	struct package_change *c;

	if (!package_split(g->ops, change->id + strlen("package:"), &name, &arch)) {
		g_assert_not_reached(); /* package_check() */
	}
	if (planned == NULL) {
		planned = have != NULL ? have->arch : list->native;
	}
	c = package_change_new(name, arch != NULL ? arch : planned,
			       have != NULL ? have->version : NULL, to);
	c->foreign = arch != NULL;
	c->held = have != NULL && have->held;
	c->implied = change->implied;
	return c;
}

static char *describe(const struct package_change *c)
{
	if (c->to == NULL) {
		return g_strdup_printf("remove %s %s", c->name, c->from);
	}
	if (c->from == NULL) {
		return g_strdup_printf("install %s %s", c->name, c->to);
	}
	return g_strdup_printf("change %s from %s to %s", c->name, c->from, c->to);
}

static bool is_same(const struct package_change *a, const struct package_change *b)
{
	return strcmp(a->name, b->name) == 0 && g_strcmp0(a->from, b->from) == 0 &&
	       g_strcmp0(a->to, b->to) == 0 &&
	       (a->to == NULL || a->arch == NULL || b->arch == NULL ||
		strcmp(a->arch, b->arch) == 0) &&
	       (a->archive == NULL || b->archive == NULL || strcmp(a->archive, b->archive) == 0);
}

static void add_missing(GString *text, const char *what, const GPtrArray *list,
			const GPtrArray *other, unsigned *shown)
{
	for (guint i = 0; i < list->len; i++) {
		const struct package_change *c = list->pdata[i];
		g_autofree char *words = NULL;
		bool found = false;

		for (guint k = 0; k < other->len && !found; k++) {
			found = is_same(c, other->pdata[k]);
		}
		if (found || (*shown)++ >= MAX_SHOWN) {
			continue;
		}
		words = describe(c);
		g_string_append_printf(text, "%s%s %s", text->len > 0 ? "; " : "", what, words);
		if (c->archive != NULL) {
			g_string_append_printf(text, " (%.19s...)", c->archive);
		}
	}
}

/* NULL when both lists say the same. g_free() */
static char *difference(const GPtrArray *planned, const GPtrArray *now)
{
	GString *text = g_string_new(NULL);
	unsigned shown = 0;

	add_missing(text, "it would", now, planned, &shown);
	add_missing(text, "it would not", planned, now, &shown);
	return g_string_free(text, text->len == 0);
}

bool package_group_simulate(const struct package_group *g, const struct package_list *list,
			    const GPtrArray *changes, GError **error)
{
	g_autofree struct package_want *wants = g_new0(struct package_want, changes->len);
	struct package_request request = {.wants = wants, .count = changes->len};
	g_autoptr(GPtrArray) now = NULL;
	g_autofree char *text = NULL;

	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		wants[i] = (struct package_want){.name = c->name,
						 .arch = c->foreign ? c->arch : NULL,
						 .version = c->to,
						 .absent = c->to == NULL};
		request.change_held |= c->held;
	}
	if (!g->ops->simulate(&g->how, list, &request, &now, error)) {
		return false;
	}
	text = difference(changes, now);
	return text == NULL || fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED,
				    "%s would do other than the plan says: %s", g->ops->name, text);
}

static bool set_held(const struct package_group *g, GPtrArray *names, bool held, GError **error)
{
	if (names->len == 0) {
		return true;
	}
	g_ptr_array_add(names, NULL);
	return g->ops->hold(&g->how, (const char *const *)names->pdata, held, error);
}

bool package_group_hold(const struct package_group *g,
			int (*want)(const struct plan_change *change), GError **error)
{
	g_autoptr(GPtrArray) hold = g_ptr_array_new(), release = g_ptr_array_new();
	const struct package_list *list;

	if (!package_group_list(g, &list, error)) {
		return false;
	}
	for (guint i = 0; i < g->count; i++) {
		const struct plan_change *c = package_group_step(g, i)->change;
		const struct package *p = find(g->ops, list, c);
		int held = want(c);

		if (p != NULL && held >= 0 && held != p->held) {
			g_ptr_array_add(held ? hold : release,
					(gpointer)(c->id + strlen("package:")));
		}
	}
	if (!set_held(g, hold, true, error) || !set_held(g, release, false, error)) {
		return false;
	}
	host_forget(g->run->host);
	return true;
}
