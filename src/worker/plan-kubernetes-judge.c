/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was found of a cluster's objects: what is to be done, or to be corrected. */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/objects.h"
#include "kube/diff.h"
#include "kube/managers.h"
#include "kube/order.h"
#include "worker/plan-kubernetes.h"
#include "worker/target/kubernetes-diff.h"

/* --- what cannot be */

/* Would the same work a little later, or with other rights? Then it is no fault of the manifest. */
static bool may_pass(enum kube_class class)
{
	switch (class) {
	case KUBE_UNAUTHENTICATED:
	case KUBE_FORBIDDEN:
	case KUBE_TERMINATING:
	case KUBE_EXPIRED:
	case KUBE_THROTTLED:
	case KUBE_HOOK_UNREACHABLE:
	case KUBE_FAILED:
	case KUBE_STALE:
	case KUBE_GONE:
	case KUBE_RECREATED:
	case KUBE_DONE:
		return true;
	case KUBE_CREATED:
	case KUBE_NOT_MODIFIED:
	case KUBE_CONFLICT:
	case KUBE_EXISTS:
	case KUBE_SCHEMA:
	case KUBE_INVALID:
	case KUBE_IMMUTABLE:
	case KUBE_REFUSED:
	case KUBE_TOO_LARGE:
	case KUBE_NOT_FOUND:
	case KUBE_NO_NAMESPACE:
	case KUBE_NOT_SERVED:
	case KUBE_HOOK_DENIED:
	case KUBE_HOOK_NO_DRY_RUN:
		return false;
	}
	return false;
}

static bool fail_refused(const struct kube_wanted *w, GError **error)
{
	enum kube_class class = w->look->class;
	bool rights = class == KUBE_UNAUTHENTICATED || class == KUBE_FORBIDDEN;
	g_autofree char *text = kube_id_text(w->id);

	return fail(error, JOB_ERROR, rights ? JOB_ERROR_AUTH : JOB_ERROR_FAILED, "%s: %s", text,
		    w->look->problem);
}

static bool has_namespace(const struct kube_part *part, const char *name)
{
	for (guint i = 0; i < part->wanted->len; i++) {
		const struct kube_wanted *w = part->wanted->pdata[i];

		if (w->id->group[0] == '\0' && strcmp(w->id->kind, "Namespace") == 0 &&
		    strcmp(w->id->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void check_later(struct kube_part *part, const struct kube_wanted *w)
{
	if (w->served && !has_namespace(part, w->id->namespace)) {
		kube_part_fail(part, w,
			       "cluster '%s' has no namespace '%s', and nothing of this plan "
			       "brings it",
			       part->context, w->id->namespace);
	}
}

static void check_immutable(struct kube_part *part, const struct kube_wanted *w)
{
	g_autofree char *text = kube_id_text(w->id);

	if (!w->resource->kubernetes->replace) {
		kube_part_fail(part, w,
			       "%s cannot be changed so: %s; with `replace: true` it is deleted "
			       "and made again",
			       text, w->look->problem);
	}
}

/* Nothing is taken over that was never ours, unless the manifest says so. */
static void check_conflicts(struct kube_part *part, const struct kube_wanted *w)
{
	const GPtrArray *conflicts = w->look->conflicts;
	g_autofree char *text = kube_id_text(w->id);

	for (guint i = 0;
	     conflicts != NULL && !w->resource->kubernetes->force && i < conflicts->len; i++) {
		const struct kube_cause *c = conflicts->pdata[i];

		if (!kube_part_had(part, w, c->field)) {
			kube_part_fail(part, w,
				       "field %s of %s belongs to '%s'; leave it out, or take it "
				       "over by `force-conflicts: true`",
				       c->field, text, c->manager != NULL ? c->manager : "");
		}
	}
}

/* An object that is there may be somebody else's as a whole. */
static void check_mark(struct kube_part *part, const struct kube_wanted *w)
{
	const char *mark =
		kube_value_str_at(w->look->live, "metadata", "annotations", KUBE_ID_MARK, NULL);
	g_autofree char *owner = mark != NULL ? kube_id_mark_owner(mark) : NULL;
	g_autofree char *text = kube_id_text(w->id);

	switch (kube_id_judge_mark(mark, part->owner, w->id)) {
	case KUBE_MARK_OTHERS:
		if (!w->resource->kubernetes->force) {
			kube_part_fail(part, w,
				       "%s belongs to '%s'; take it out there first, or take it "
				       "over by `force-conflicts: true`",
				       text, owner != NULL ? owner : "");
		}
		break;
	case KUBE_MARK_COPIED:
		kube_part_fail(part, w,
			       "%s was copied from another object, by its annotation '%s'; remove "
			       "that if it shall be managed here",
			       text, KUBE_ID_MARK);
		break;
	case KUBE_MARK_NONE:
	case KUBE_MARK_OURS:
		break;
	}
}

/* False: it is not the manifest that is wrong. */
static bool check(struct kube_part *part, const struct kube_wanted *w, GError **error)
{
	const struct look *look = w->look;

	if (look->live != NULL) {
		check_mark(part, w);
	}
	switch (look->state) {
	case LOOK_REFUSED:
		if (may_pass(look->class)) {
			return fail_refused(w, error);
		}
		kube_part_fail(part, w, "%s", look->problem);
		break;
	case LOOK_LATER:
		check_later(part, w);
		break;
	case LOOK_IMMUTABLE:
		check_immutable(part, w);
		break;
	case LOOK_SAME:
	case LOOK_DIFFERS:
	case LOOK_ABSENT:
	case LOOK_CONFLICT:
		check_conflicts(part, w);
		break;
	case LOOK_THERE:
	case LOOK_GONE:
		break;
	}
	return true;
}

/* --- what is to be done */

static const struct plan_object *object_of(struct kube_part *part, const struct kube_wanted *w)
{
	const struct desired_kubernetes *k = w->resource != NULL ? w->resource->kubernetes : NULL;
	struct planner *p = part->p;
	struct plan_object *o = g_new0(struct plan_object, 1);

	g_ptr_array_add(p->kept, o);
	o->cluster = plan_keep(p, part->identity);
	o->group = plan_keep(p, w->id->group);
	o->version = plan_keep(p, w->kind.version);
	o->kind = plan_keep(p, w->id->kind);
	o->namespace = plan_keep(p, w->id->namespace);
	o->name = plan_keep(p, w->id->name);
	o->resource = plan_keep(p, w->kind.resource);
	o->namespaced = w->kind.namespaced;
	o->has_status = w->kind.has_status;
	o->force = w->look->conflicts != NULL;
	o->set = plan_keep(p, part->inventory->set);
	o->owner = plan_keep(p, part->owner);
	if (k != NULL) {
		o->replace = k->replace;
		o->wait = k->wait && k->within > 0;
		o->within = o->wait ? k->within : 0;
		o->from = plan_keep(p, w->resource->id);
	}
	return o;
}

static unsigned risk_of(const struct kube_wanted *w, enum plan_action action)
{
	unsigned risk = 0;

	if (action == ACTION_REMOVE || action == ACTION_REPLACE) {
		risk |= RISK_DELETION;
	}
	if (look_is_secret(w->id)) {
		risk |= RISK_SECRET;
	}
	if (!w->kind.namespaced || ((risk & RISK_DELETION) != 0 && kube_order_is_grave(w->id))) {
		risk |= RISK_CLUSTER;
	}
	return risk;
}

static void set_observed(struct kube_part *part, const struct look *look, struct plan_state *out)
{
	if (look->uid != NULL) {
		*out = PLAN_STATE(STATE_OBJECT);
		out->object_uid = plan_keep(part->p, look->uid);
	} else {
		*out = PLAN_STATE(STATE_ABSENT);
		out->dry_run = look->state == LOOK_ABSENT;
	}
	if (look->uid != NULL || out->dry_run) {
		out->digest = look->digest;
		out->size = 0;
	}
}

static bool store(struct kube_part *part, const struct kube_wanted *w, const char *id,
		  const char *body, size_t len, struct plan_state *out, GError **error)
{
	g_autofree char *sealed = NULL;
	char name[HASH_TEXT_SIZE];
	struct hash digest;
	size_t sealed_len;

	if (!look_is_secret(w->id)) {
		return objects_store_unsynced(part->p->objects, body, len, &out->digest, error);
	}
	if (!look_keyed_digest(part->p->keys, NULL, body, len, &out->digest, &out->keyed)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED, "no sealing key");
	}
	if (!plan_secret_seal(part->p, id, body, len, &sealed, &sealed_len, error) ||
	    !objects_store_unsynced(part->p->objects, sealed, sealed_len, &digest, error)) {
		return false;
	}
	hash_text(name, &digest);
	out->sealed = plan_keep(part->p, name);
	return true;
}

static bool set_desired(struct kube_part *part, const struct kube_wanted *w, const char *id,
			struct plan_state *out, GError **error)
{
	char *body = NULL;
	size_t len;
	bool ok;

	*out = PLAN_STATE(w->body != NULL ? STATE_OBJECT : STATE_ABSENT);
	if (w->body == NULL) {
		return true;
	}
	out->size = 0;
	if (!kube_value_apply_body(w->body, &body, &len, error)) {
		return fail_prefix(error, "%s", id);
	}
	ok = store(part, w, id, body, len, out, error);
	sodium_memzero(body, len);
	g_free(body);
	return ok;
}

/* Who changed what differs, as the server remembers it. */
static void set_changer(struct kube_part *part, const struct look *look, struct plan_item *item)
{
	g_autoptr(GPtrArray) differences = NULL, blames = NULL;
	const struct kube_blame *newest;
	g_autofree char *text = NULL;

	if (look->live == NULL || look->wanted == NULL) {
		return;
	}
	differences = kube_diff(look->live, look->wanted);
	blames = kube_managers_find(look->fields, look->live, differences, LOOK_MANAGER);
	if (blames->len == 0) {
		return;
	}
	newest = blames->pdata[0];
	text = newest->subresource != NULL
		       ? g_strdup_printf("%s (%s)", newest->manager, newest->subresource)
		       : g_strdup(newest->manager);
	item->changer = plan_keep(part->p, text);
	item->changed = newest->time;
}

static bool add_item(struct kube_part *part, struct kube_wanted *w, enum plan_action action,
		     GError **error)
{
	struct plan_item *item = plan_act(part->p, w->resource, DESIRED_KUBERNETES, w->id->name);
	struct plan_change *c = &item->change;
	g_autofree char *id = kube_id_plan(w->id, part->context);
	g_autoptr(GString) note = g_string_new(NULL);

	item->last = w->resource == NULL;
	c->id = plan_keep(part->p, id);
	c->action = action;
	c->manager = part->context;
	c->object = object_of(part, w);
	c->risk = risk_of(w, action);
	set_observed(part, w->look, &c->observed);
	set_changer(part, w->look, item);
	kubernetes_diff_lines(note, w->look, action);
	kube_part_remark(part, w, note);
	c->note = plan_keep(part->p, note->str);
	return set_desired(part, w, id, &c->desired, error);
}

static void warn_server(struct kube_part *part, const struct kube_wanted *w)
{
	const GPtrArray *warnings = w->look->warnings;
	g_autofree char *id = kube_id_plan(w->id, part->context);

	for (guint i = 0; warnings != NULL && i < warnings->len; i++) {
		plan_warn(part->p, "%s: the server warns: %s", id,
			  (const char *)warnings->pdata[i]);
	}
}

static bool add_wanted(struct kube_part *part, struct kube_wanted *w, GError **error)
{
	warn_server(part, w);
	switch (w->look->state) {
	case LOOK_ABSENT:
	case LOOK_LATER:
		return add_item(part, w, ACTION_CREATE, error);
	case LOOK_DIFFERS:
		return add_item(part, w, ACTION_UPDATE, error);
	case LOOK_IMMUTABLE:
		return add_item(part, w, ACTION_REPLACE, error);
	case LOOK_SAME:
	case LOOK_CONFLICT:
	case LOOK_REFUSED:
	case LOOK_THERE:
	case LOOK_GONE:
		break;
	}
	return true;
}

/* A namespace goes with all that is in it, a custom kind with its objects: not while this very
 * plan wants one of those, or keeps its list there. NULL: nothing of the kind. */
static char *what_it_takes(const struct kube_part *part, const struct kube_wanted *w)
{
	char group[] = "", kind[] = "ConfigMap";
	const struct kube_id list = {.group = group,
				     .kind = kind,
				     .namespace = part->inventory->namespace,
				     .name = part->inventory->name};

	for (guint i = 0; kube_order_is_grave(w->id) && i < part->wanted->len; i++) {
		const struct kube_id *id = ((struct kube_wanted *)part->wanted->pdata[i])->id;

		if (kube_order_takes(w->id, w->look->raw, id)) {
			g_autofree char *text = kube_id_plan(id, part->context);

			return g_strdup_printf("%s, which is wanted, would go with it", text);
		}
	}
	if (kube_order_takes(w->id, w->look->raw, &list)) {
		return g_strdup("the list of the stack's objects would go with it");
	}
	return NULL;
}

/* What may not be removed stays, and somebody should know. */
static bool add_gone(struct kube_part *part, struct kube_wanted *w, GError **error)
{
	const struct kube_prune_of of = {.id = w->id,
					 .uid = w->uid != NULL ? w->uid : w->look->uid,
					 .owner = part->owner,
					 .set = part->inventory->set};
	g_autofree char *problem = cluster_scope_problem(part->p->scope, w->id->namespace);
	g_autofree char *id = kube_id_plan(w->id, part->context), *taken = NULL;
	enum kube_prune verdict;

	if (w->look->state == LOOK_GONE) {
		return true;
	}
	if (problem != NULL) {
		/* Whatever the server says of it: the rights may have gone with the scope. */
		plan_warn(part->p, "%s is not wanted any more and stays: it %s", id, problem);
		return true;
	}
	if (w->look->state == LOOK_REFUSED) {
		return fail_refused(w, error);
	}
	verdict = kube_order_judge_prune(w->look->raw, &of);
	taken = verdict == KUBE_PRUNE_ALLOWED ? what_it_takes(part, w) : NULL;
	if (verdict == KUBE_PRUNE_ALLOWED && taken == NULL) {
		return add_item(part, w, ACTION_REMOVE, error);
	}
	plan_warn(part->p, "%s is not wanted any more and stays: %s", id,
		  taken != NULL ? taken : kube_prune_text(verdict));
	return true;
}

/* What would fail a plan is what was asked for. */
static void find(struct kube_part *part, const struct kube_wanted *w)
{
	GPtrArray *items = part->p->diags.items, *problems = g_ptr_array_new_with_free_func(g_free);
	guint before = items->len;
	g_autoptr(GError) error = NULL;

	if (!check(part, w, &error)) {
		g_ptr_array_add(problems, g_strdup(error->message));
	}
	for (guint i = before; i < items->len; i++) {
		const struct diag *d = items->pdata[i];

		g_ptr_array_add(problems, g_strdup(d->message));
	}
	g_ptr_array_set_size(items, (gint)before);
	kube_part_find(part, w, problems);
}

bool kube_part_judge(struct kube_part *part, GError **error)
{
	for (guint i = 0; part->p->adopts && i < part->wanted->len; i++) {
		find(part, part->wanted->pdata[i]);
	}
	if (part->p->adopts) {
		return true;
	}
	for (guint i = 0; i < part->wanted->len; i++) {
		if (!check(part, part->wanted->pdata[i], error)) {
			return false;
		}
	}
	if (part->p->diags.items->len > 0) {
		return true;
	}
	for (guint i = 0; i < part->wanted->len; i++) {
		if (!add_wanted(part, part->wanted->pdata[i], error)) {
			return false;
		}
	}
	for (guint i = 0; i < part->gone->len; i++) {
		if (!add_gone(part, part->gone->pdata[i], error)) {
			return false;
		}
	}
	return true;
}
