/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objects of clusters: what a plan may say of them, and the one act that does it. */
#include <string.h>

#include "base/error.h"
#include "worker/target/kubernetes-group.h"
#include "worker/target/kubernetes-look.h"

static bool bad(const struct plan_change *c, const char *why, GError **error)
{
	return fail(error, TARGET_ERROR, TARGET_ERROR_PLAN, "the plan's change '%s' %s", c->id,
		    why);
}

/* Is it a name that the server could have, and no way to another path? */
static bool check_names(const struct plan_change *c, GError **error)
{
	const struct plan_object *o = c->object;
	const struct kube_kind kind = {.group = (char *)o->group,
				       .version = (char *)o->version,
				       .kind = (char *)o->kind,
				       .resource = (char *)o->resource,
				       .namespaced = o->namespaced};
	const struct kube_id id = {.group = (char *)o->group,
				   .version = (char *)o->version,
				   .kind = (char *)o->kind,
				   .namespace = (char *)o->namespace,
				   .name = (char *)o->name};
	g_autofree char *path = NULL, *wanted = kube_id_plan(&id, c->manager);

	if (strcmp(c->id, wanted) != 0) {
		return bad(c, "is about another object than it says", error);
	}
	return kube_discovery_path(&kind, o->namespace, o->name, NULL, &path, NULL) ||
	       bad(c, "names no object", error);
}

/* core/plan has seen to it that states and action fit. */
static bool kubernetes_check(const struct plan_change *c, GError **error)
{
	if (c->object == NULL || c->manager == NULL) {
		return bad(c, "names no object of a cluster", error);
	}
	if (c->object->set == NULL) {
		return bad(c, "belongs to no set", error);
	}
	return check_names(c, error);
}

/* What was found of all objects of a cluster. */
struct sight {
	struct kube_group group;
	GPtrArray *looks; /* struct look, one for each item */
	GError *problem;  /* nothing could be seen: the same for all, and asked for once */
};

static void sight_free(gpointer data)
{
	struct sight *sight = data;

	g_clear_pointer(&sight->looks, g_ptr_array_unref);
	kube_group_close(&sight->group);
	g_clear_error(&sight->problem);
	g_free(sight);
}

/* A kind that is not served yet comes by the same plan; there is nobody to ask about it. */
static void settle_kind(const struct kube_discovery *known, const struct kube_item *item,
			struct look *look)
{
	bool stale = false;

	if (kube_discovery_find(known, item->object->group, item->object->version,
				item->object->kind, &stale) == NULL &&
	    !stale) {
		look->kind.resource = NULL;
	}
}

static bool look_all(struct sight *sight, GError **error)
{
	const struct kube_discovery *known;
	const struct target_run *run = sight->group.run;
	const struct look_options options = {.keys = run->keys,
					     .raw = true,
					     .set = kube_group_item(&sight->group, 0)->object->set,
					     .stopped = run->stopped,
					     .user = run->user};

	if (!cluster_discovery(sight->group.cluster, &known, error)) {
		return false;
	}
	sight->looks = looks_new();
	for (guint i = 0; i < sight->group.items->len; i++) {
		struct kube_item *item = kube_group_item(&sight->group, i);
		struct look *look = look_add(sight->looks, item->id, &item->kind, item->body);

		look->force = item->object->force;
		look->key = item->step->change->desired.keyed;
		settle_kind(known, item, look);
	}
	return look_run(sight->group.cluster, sight->looks, &options, error);
}

/* All of a cluster at once, and again after something was done. */
static bool get_sight(struct target_run *run, const struct step *step, struct sight **out,
		      GError **error)
{
	g_autofree char *name = g_strconcat("kubernetes ", step->change->manager, NULL);
	struct sight *sight = host_memory(run->host, name);

	if (sight == NULL) {
		sight = g_new0(struct sight, 1);
		(void)(kube_group_open(run, step, &sight->group, &sight->problem) &&
		       kube_group_identify(&sight->group, &sight->problem) &&
		       kube_group_load(&sight->group, &sight->problem) &&
		       look_all(sight, &sight->problem));
		host_set_memory(run->host, name, sight, sight_free);
	}
	if (sight->problem != NULL) {
		if (error != NULL) {
			*error = g_error_copy(sight->problem);
		}
		return fail_prefix(error, "%s", step->change->id);
	}
	*out = sight;
	return true;
}

static struct step *find_step(const struct target_run *run, const struct plan_change *change)
{
	for (guint i = 0; run != NULL && i < run->steps->len; i++) {
		struct step *step = &g_array_index(run->steps, struct step, i);

		if (step->change == change) {
			return step;
		}
	}
	return NULL;
}

static const struct look *look_of(const struct sight *sight, const struct step *step)
{
	const struct step *first = kube_group_item(&sight->group, 0)->step;

	return sight->looks->pdata[step - first];
}

/* The state that the planner makes of the same look. */
static bool state_of(const struct look *look, struct plan_state *out, GError **error)
{
	switch (look->state) {
	case LOOK_GONE:
	case LOOK_LATER:
		*out = PLAN_STATE(STATE_ABSENT);
		return true;
	case LOOK_ABSENT:
		*out = PLAN_STATE(STATE_ABSENT);
		out->dry_run = true;
		break;
	case LOOK_SAME:
	case LOOK_DIFFERS:
	case LOOK_IMMUTABLE:
	case LOOK_CONFLICT:
	case LOOK_THERE:
		*out = PLAN_STATE(STATE_OBJECT);
		out->object_uid = g_intern_string(look->uid);
		break;
	case LOOK_REFUSED:
		return fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED, "%s",
			    look->problem != NULL ? look->problem : "the server refuses it");
	}
	out->digest = look->digest;
	out->size = 0;
	return true;
}

static bool kubernetes_observe(struct observer *o, const struct plan_change *change,
			       struct observed *out, GError **error)
{
	struct target_run *run = host_run(observer_host(o));
	const struct step *step = find_step(run, change);
	struct observed found = {0};
	struct sight *sight;

	if (step == NULL) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "'%s' is looked at with its cluster's others alone", change->id);
	}
	if (!get_sight(run, step, &sight, error) ||
	    !state_of(look_of(sight, step), &found.state, error)) {
		return false;
	}
	*out = found;
	return true;
}

static bool kubernetes_is_wanted(struct target_run *run, const struct step *step)
{
	g_autoptr(GError) problem = NULL;
	const struct look *look;
	struct sight *sight;

	if (!get_sight(run, step, &sight, &problem)) {
		return false;
	}
	look = look_of(sight, step);
	if (step->change->action == ACTION_REMOVE) {
		return look->state == LOOK_GONE;
	}
	return look->state == LOOK_SAME;
}

static bool kubernetes_diff(struct differ *d, GString *out, const struct plan_change *c,
			    const struct diff_content *old, const struct diff_content *new,
			    GError **error)
{
	if (c->note != NULL) {
		g_string_append(out, c->note);
	}
	return true;
}

static bool is_leader(const struct kube_group *group, const struct step *step)
{
	return kube_group_item(group, 0)->step == step;
}

/* What is there now, for the way back; the first look counts, whatever a second try finds. */
static bool keep(struct sight *sight, GError **error)
{
	for (guint i = 0; i < sight->group.items->len; i++) {
		struct kube_item *item = kube_group_item(&sight->group, i);
		const struct look *look = sight->looks->pdata[i];

		g_clear_pointer(&item->before, kube_value_free);
		if (look->uid == NULL) {
			continue;
		}
		if (look->raw == NULL) {
			return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
				    "'%s' is there and cannot be read", item->step->change->id);
		}
		item->before = kube_value_dup(look->raw);
	}
	return kube_keep_store(&sight->group, error);
}

/* Of this run, and with it nothing was done before. */
static char *fresh_name(const struct step *step)
{
	return g_strconcat("kubernetes fresh ", step->change->manager, NULL);
}

static bool kubernetes_stage(struct target_run *run, struct step *step, GError **error)
{
	g_autofree char *name = fresh_name(step);
	struct sight *sight;

	if (!get_sight(run, step, &sight, error)) {
		return false;
	}
	if (!is_leader(&sight->group, step) || kube_keep_has(&sight->group)) {
		return true;
	}
	if (!keep(sight, error)) {
		return false;
	}
	host_set_note(run->host, name, "+");
	return true;
}

/* What became of a step: '+' and a remark, '-' and a problem, '?' and one that may pass. */
static char *note_name(const char *what, const struct step *step)
{
	return g_strdup_printf("kubernetes %s %s", what, step->change->id);
}

/* Whom all of them blame. */
static char *cause_name(const char *what, const struct step *step)
{
	return g_strdup_printf("kubernetes cause of %s %s", what, step->change->manager);
}

static void note_cause(const struct kube_group *group, const char *what)
{
	g_autofree char *text = kube_group_problem(group);
	g_autofree char *name = cause_name(what, kube_group_item(group, 0)->step);

	if (text != NULL) {
		host_set_note(group->run->host, name, text);
	}
}

static void note_all(const struct kube_group *group, const char *what, const GError *problem)
{
	note_cause(group, what);
	for (guint i = 0; i < group->items->len; i++) {
		const struct kube_item *item = kube_group_item(group, i);
		g_autofree char *name = note_name(what, item->step), *text = NULL;

		if (item->problem != NULL) {
			text = g_strconcat(item->again ? "?" : "-", item->problem, NULL);
		} else if (problem != NULL) {
			text = g_strconcat("?", problem->message, NULL);
		} else {
			text = g_strconcat("+", item->remark, NULL);
		}
		host_set_note(group->run->host, name, text);
	}
}

static bool read_note(struct target_run *run, struct step *step, const char *what, GError **error)
{
	g_autofree char *name = note_name(what, step);
	g_autofree char *cause = cause_name(what, step);
	const char *note = host_note(run->host, name);

	if (note != NULL && note[0] == '+') {
		if (note[1] != '\0') {
			g_free(step->message);
			step->message = g_strdup(note + 1);
		}
		return true;
	}
	g_free(step->cause);
	step->cause = g_strdup(host_note(run->host, cause));
	return fail(error, TARGET_ERROR,
		    note != NULL && note[0] == '?' ? TARGET_ERROR_AGAIN : TARGET_ERROR_FAILED, "%s",
		    note != NULL ? note + 1 : "was not come to");
}

static bool has_note(struct target_run *run, const struct step *step, const char *what)
{
	g_autofree char *name = note_name(what, step);

	return host_note(run->host, name) != NULL;
}

static bool kubernetes_commit(struct target_run *run, struct step *step, GError **error)
{
	if (!has_note(run, step, "apply")) {
		autokubegroup group = {0};
		g_autoptr(GError) problem = NULL;
		g_autofree char *fresh = fresh_name(step);

		if (!kube_group_open(run, step, &group, error)) {
			return false;
		}
		group.fresh = host_note(run->host, fresh) != NULL;
		if (kube_group_identify(&group, &problem) && kube_group_load(&group, &problem) &&
		    kube_keep_load(&group, &problem)) {
			(void)!kube_apply_run(&group, &problem);
		}
		note_all(&group, "apply", problem);
		kube_events_note_apply(&group);
	}
	return read_note(run, step, "apply", error);
}

static bool kubernetes_undo(struct target_run *run, struct step *step, GError **error)
{
	if (!has_note(run, step, "undo")) {
		autokubegroup group = {0};
		g_autoptr(GError) problem = NULL;

		if (!kube_group_open(run, step, &group, &problem)) {
			/* Its kubeconfig may come back; what is not configured any more does not.
			 */
			return fail(error, TARGET_ERROR,
				    host_cluster_settings(run->host, step->change->manager) != NULL
					    ? TARGET_ERROR_AGAIN
					    : TARGET_ERROR_FAILED,
				    "%s", problem->message);
		}
		if (kube_group_identify(&group, &problem)) {
			(void)!kube_undo_run(&group, &problem);
		}
		note_all(&group, "undo", problem);
		kube_events_note_undo(&group);
	}
	return read_note(run, step, "undo", error);
}

static bool kubernetes_finish(struct target_run *run, struct step *step, GError **error)
{
	autokubegroup group = {0};

	if (!kube_group_open(run, step, &group, error)) {
		return false;
	}
	return !is_leader(&group, step) || kube_keep_drop(&group, error);
}

const struct target_ops target_kubernetes = {
	.name = "kubernetes",
	.acts = true,
	.check = kubernetes_check,
	.observe = kubernetes_observe,
	.diff = kubernetes_diff,
	.stage = kubernetes_stage,
	.commit = kubernetes_commit,
	.undo = kubernetes_undo,
	.finish = kubernetes_finish,
	.is_wanted = kubernetes_is_wanted,
};
