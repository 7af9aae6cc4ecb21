/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Before anything is touched: is the plan sound, and is everything as it says? */
#include "worker/transaction.h"

#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "worker/transaction-inside.h"

static bool bad_plan(const struct plan_change *c, const char *why, GError **error)
{
	return fail(error, TARGET_ERROR, TARGET_ERROR_PLAN, "the plan's change '%s' %s", c->id,
		    why);
}

static struct step *find(struct transaction *t, const char *path)
{
	guint at = GPOINTER_TO_UINT(g_hash_table_lookup(t->index, path));

	return at > 0 ? &g_array_index(t->steps, struct step, at - 1) : NULL;
}

/* The plan makes this folder, or takes it away: no name in it lasts. */
static bool is_passing(struct transaction *t, const char *path)
{
	struct step *step = find(t, path);

	return step != NULL && step->change->action != ACTION_UPDATE;
}

static void find_anchor(struct transaction *t, struct step *step)
{
	const char *root = step->change->root;
	char *anchor = g_path_get_dirname(step->change->path);

	while (is_passing(t, anchor)) {
		char *above = g_path_get_dirname(anchor);

		g_free(anchor);
		anchor = above;
	}
	step->anchor = anchor;
	/* The root itself lies in a folder above it. */
	step->anchor_root = root != NULL && strcmp(step->change->path, root) != 0 &&
					    beneath_is_within(anchor, root)
				    ? root
				    : NULL;
}

/* Folders are made before, and removed after, what they hold, at whatever depth. */
static bool check_order(const struct step *parent, const struct step *step, GError **error)
{
	const struct plan_change *p = parent->change, *c = step->change;
	bool parent_goes =
		p->observed.type == STATE_DIRECTORY && p->desired.type != STATE_DIRECTORY;
	bool parent_comes =
		p->observed.type != STATE_DIRECTORY && p->desired.type == STATE_DIRECTORY;

	if (parent_goes && (c->action != ACTION_REMOVE || step > parent)) {
		return bad_plan(c, "lies in a folder that goes before it", error);
	}
	if (parent_comes && (c->action != ACTION_CREATE || step < parent)) {
		return bad_plan(c, "lies in a folder that is not there yet", error);
	}
	if (!parent_goes && p->desired.type != STATE_DIRECTORY) {
		return bad_plan(c, "lies in what is no folder", error);
	}
	return true;
}

static bool prepare_step(struct transaction *t, struct step *step, GError **error)
{
	g_autofree char *folder = g_strdup(step->change->path);
	char *slash;

	/* All folders above it: a link that the plan makes there would lead elsewhere. */
	while ((slash = strrchr(folder, '/')) != NULL && slash != folder) {
		const struct step *above;

		*slash = '\0';
		above = find(t, folder);
		if (above != NULL && !check_order(above, step, error)) {
			return false;
		}
	}
	find_anchor(t, step);
	return true;
}

/* Nothing of it is told but by the digest of the key that made the plan. */
static bool prepare_secret(struct transaction *t, const struct plan_change *c, GError **error)
{
	if (!PLAN_CHANGE_IS_SECRET(c)) {
		return true;
	}
	if (t->run.keys == NULL) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "'%s' is a secret, and there are no sealing keys: %s",
			    c->path != NULL ? c->path : c->id,
			    t->run.keys_problem != NULL ? t->run.keys_problem : "none are named");
	}
	return c->path == NULL ||
	       observer_secret(t->run.observer, c->path, t->run.keys,
			       c->desired.keyed != NULL ? c->desired.keyed : c->observed.keyed,
			       error);
}

static bool prepare_kind(struct transaction *t, guint i, GError **error)
{
	struct step *step = transaction_step(t, i);
	const struct plan_change *c = step->change;

	step->ops = t->find(c->kind);
	if (step->ops == NULL) {
		return bad_plan(c, "is of a kind that this version does not know", error);
	}
	if (step->ops->acts != (c->path == NULL)) {
		return bad_plan(c, step->ops->acts ? "has a path" : "has no path", error);
	}
	if (!step->ops->check(c, error)) {
		return false;
	}
	if (c->path != NULL &&
	    !g_hash_table_insert(t->index, (gpointer)c->path, GUINT_TO_POINTER(i + 1))) {
		return bad_plan(c, "has a path that another change has too", error);
	}
	return prepare_secret(t, c, error);
}

/* What is needed comes before; and all of it, or some of it would be done in spite of a failure. */
static bool check_needs(struct transaction *t, GError **error)
{
	g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < t->steps->len; i++) {
		autocfree char *id = plan_change_resource(transaction_step(t, i)->change);

		g_hash_table_insert(last, g_strdup(id), GUINT_TO_POINTER(i + 1));
	}
	for (guint i = 0; i < t->steps->len; i++) {
		const struct plan_change *c = transaction_step(t, i)->change;

		for (const char *const *id = c->needs; id != NULL && *id != NULL; id++) {
			guint at = GPOINTER_TO_UINT(g_hash_table_lookup(last, *id));

			if (at == 0 || at > i) {
				return bad_plan(c, "needs what does not come before it", error);
			}
		}
	}
	return true;
}

/* The packages of one manager are one transaction of its, and so are the objects of a cluster. */
static bool check_groups(struct transaction *t, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0, count; i < t->steps->len; i += count) {
		const struct plan_change *c = transaction_step(t, i)->change;

		count = act_group(t, i);
		if (act_is_grouped(c) && c->manager != NULL &&
		    !g_hash_table_add(seen, g_strconcat(c->kind, ":", c->manager, NULL))) {
			return bad_plan(c,
					c->object != NULL
						? "stands apart from other objects of its cluster"
						: "stands apart from other packages of its manager",
					error);
		}
	}
	return true;
}

bool transaction_prepare(struct transaction *t, GError **error)
{
	for (guint i = 0; i < t->steps->len; i++) {
		if (!prepare_kind(t, i, error)) {
			return false;
		}
	}
	for (guint i = 0; i < t->steps->len; i++) {
		struct step *step = transaction_step(t, i);

		if (!step->ops->acts && !prepare_step(t, step, error)) {
			return false;
		}
	}
	return check_needs(t, error) && check_groups(t, error);
}

static void say_path(GPtrArray *stale, const char *path, const char *text)
{
	g_autofree char *shown = g_utf8_make_valid(path, -1);

	g_ptr_array_add(stale, g_strdup_printf("'%s' %s", shown, text));
}

void transaction_say(GPtrArray *stale, const struct plan_change *change, const char *text)
{
	say_path(stale, change->path != NULL ? change->path : change->id, text);
}

void transaction_compare(const struct step *step, GPtrArray *stale)
{
	const struct plan_state *planned = &step->change->observed;
	const struct plan_state *now = &step->before.state;

	if (plan_state_equal(planned, now)) {
		return;
	}
	if (planned->type != now->type) {
		g_autofree char *text = g_strdup_printf(
			"was %s when the plan was made and is %s now",
			state_type_names[planned->type], state_type_names[now->type]);
		transaction_say(stale, step->change, text);
	} else if (step->ops->acts) {
		transaction_say(stale, step->change, "is not as when the plan was made");
	} else if (planned->type == STATE_FILE && !plan_content_equal(planned, now)) {
		transaction_say(stale, step->change,
				"has other content than when the plan was made");
	} else {
		transaction_say(stale, step->change,
				"has other attributes than when the plan was made");
	}
}

bool transaction_check_folder(struct transaction *t, const struct step *step, GPtrArray *stale,
			      GError **error)
{
	const struct plan_change *c = step->change;
	g_autoptr(GPtrArray) names = NULL;

	if (c->path == NULL || c->observed.type != STATE_DIRECTORY ||
	    c->desired.type == STATE_DIRECTORY) {
		return true;
	}
	if (!observe_names(t->run.observer, c->root, c->path, &names, error)) {
		return false;
	}
	for (guint i = 0; names != NULL && i < names->len; i++) {
		g_autofree char *path =
			g_strdup_printf("%s/%s", c->path, (const char *)names->pdata[i]);

		/* The names of steps are those of a halted apply, and go with it. */
		if (find(t, path) == NULL && !step_owns_name(names->pdata[i])) {
			say_path(stale, path,
				 "is in a folder that shall go, and the plan does not know it");
		}
	}
	return true;
}

bool transaction_observe(struct transaction *t, GPtrArray *stale, GError **error)
{
	for (guint i = 0; i < t->steps->len; i++) {
		struct step *step = transaction_step(t, i);

		if (!step->ops->observe(t->run.observer, step->change, &step->before, error) ||
		    !transaction_check_folder(t, step, stale, error)) {
			return false;
		}
		transaction_compare(step, stale);
	}
	return true;
}
