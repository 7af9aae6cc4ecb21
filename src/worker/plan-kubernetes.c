/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which objects of clusters are wanted, and what the clusters say of them. */
#include "worker/plan-kubernetes.h"

#include <string.h>

#include "base/error.h"
#include "kube/order.h"
#include "worker/plan-drift.h"
#include "worker/watch-list.h"

#define CRD_GROUP "apiextensions.k8s.io"

struct kube_wanted *kube_wanted_new(void)
{
	return g_new0(struct kube_wanted, 1);
}

void kube_wanted_free(void *data)
{
	struct kube_wanted *w = data;

	kube_value_free(w->body);
	g_free(w);
}

void kube_part_fail(struct kube_part *part, const struct kube_wanted *w, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	diag_add(&part->p->diags, w->object->file, w->object->place.line, w->object->place.column,
		 "%s", text);
}

static void part_free(void *data)
{
	struct kube_part *part = data;

	g_clear_pointer(&part->looks, g_ptr_array_unref);
	g_ptr_array_unref(part->wanted);
	g_ptr_array_unref(part->gone);
	g_ptr_array_unref(part->resources);
	inventory_free(part->inventory);
	cluster_free(part->cluster);
	g_free(part->owner);
	g_free(part);
}

static struct kube_part *part_new(struct planner *p, const char *context)
{
	struct kube_part *part = g_new0(struct kube_part, 1);

	part->p = p;
	part->context = context;
	part->settings = p->clusters != NULL ? cluster_settings_find(p->clusters, context) : NULL;
	part->owner = g_strdup_printf("%s/%s", p->env.agent, p->env.stack);
	part->resources = g_ptr_array_new();
	part->wanted = g_ptr_array_new_with_free_func(kube_wanted_free);
	part->gone = g_ptr_array_new_with_free_func(kube_wanted_free);
	return part;
}

/* That nobody answers is no fault of the manifest. */
static bool fail_cluster(GError *problem, GError **error)
{
	if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
		g_set_error_literal(error, JOB_ERROR, JOB_ERROR_NETWORK, problem->message);
		g_error_free(problem);
	} else {
		g_propagate_error(error, problem);
	}
	return false;
}

/* Somebody has deleted the list: a person is to know what it is made of now. */
static void warn_lost(const struct kube_part *part)
{
	const struct inventory *list = part->inventory;
	g_autoptr(GString) text = g_string_new(NULL);

	if (!list->lost) {
		return;
	}
	g_string_printf(text,
			"the list of the stack's objects, ConfigMap '%s/%s', is not in cluster "
			"'%s'; by their labels %u objects are the stack's",
			list->namespace, list->name, part->context, list->entries->len);
	if (list->unseen > 0) {
		g_string_append_printf(text,
				       "; of %u kinds none were looked for outside namespace '%s', "
				       "since that is forbidden",
				       list->unseen, list->namespace);
	}
	plan_warn(part->p, "%s", text->str);
}

static bool connect_part(struct kube_part *part, GError **error)
{
	GError *problem = NULL;

	part->cluster = cluster_new(part->settings, &problem);
	if (part->cluster == NULL ||
	    !cluster_discovery(part->cluster, &part->discovery, &problem) ||
	    !cluster_identity(part->cluster, &part->identity, &problem) ||
	    !inventory_load(part->cluster, part->owner,
			    inventory_namespace(part->settings, part->cluster), &part->inventory,
			    &problem)) {
		return fail_cluster(problem, error);
	}
	warn_lost(part);
	return true;
}

/* --- kinds */

static bool is_crd(const struct kube_id *id)
{
	return strcmp(id->group, CRD_GROUP) == 0 &&
	       strcmp(id->kind, "CustomResourceDefinition") == 0;
}

static const struct kube_value *find_version(const struct kube_value *crd, const char *version)
{
	const struct kube_value *versions = kube_value_at(crd, "spec", "versions", NULL);

	for (size_t i = 0; i < kube_value_count(versions); i++) {
		const struct kube_value *item = kube_value_item(versions, i);

		if (g_strcmp0(kube_value_str_at(item, "name", NULL), version) == 0 &&
		    kube_value_is_true(kube_value_get(item, "served"))) {
			return item;
		}
	}
	return NULL;
}

/* Does this definition, which comes by the same plan, bring the kind? */
static bool defines(struct planner *p, const struct kube_value *crd, const struct kube_id *id,
		    struct kube_kind *out)
{
	const struct kube_value *spec = kube_value_get(crd, "spec");
	const struct kube_value *version = find_version(crd, id->version);
	const char *plural = kube_value_str_at(spec, "names", "plural", NULL);
	const char *scope = kube_value_str_at(spec, "scope", NULL);

	if (version == NULL || plural == NULL || scope == NULL ||
	    g_strcmp0(kube_value_str_at(spec, "group", NULL), id->group) != 0 ||
	    g_strcmp0(kube_value_str_at(spec, "names", "kind", NULL), id->kind) != 0) {
		return false;
	}
	*out = (struct kube_kind){
		.group = id->group,
		.version = id->version,
		.kind = id->kind,
		.resource = (char *)plan_keep(p, plural),
		.namespaced = strcmp(scope, "Namespaced") == 0,
		.has_status = kube_value_at(version, "subresources", "status", NULL) != NULL,
		.verbs = KUBE_VERBS_APPLY,
	};
	return true;
}

static bool find_definition(struct kube_part *part, const struct kube_id *id, struct kube_kind *out)
{
	for (guint i = 0; i < part->wanted->len; i++) {
		const struct kube_wanted *w = part->wanted->pdata[i];

		if (is_crd(w->object->id) && defines(part->p, w->object->value, id, out)) {
			return true;
		}
	}
	return false;
}

static bool find_kind(struct kube_part *part, struct kube_wanted *w)
{
	const struct kube_id *id = w->object->id;
	g_autofree char *version = kube_id_version(id);
	bool stale = false;
	const struct kube_kind *kind =
		kube_discovery_find(part->discovery, id->group, id->version, id->kind, &stale);

	if (kind != NULL) {
		w->kind = *kind;
		w->served = true;
	} else if (stale) {
		kube_part_fail(part, w, "the server of group '%s' does not answer cluster '%s'",
			       id->group, part->context);
		return false;
	} else if (!find_definition(part, id, &w->kind)) {
		kube_part_fail(part, w,
			       "cluster '%s' has no kind '%s' of '%s', and nothing of this plan "
			       "brings it",
			       part->context, id->kind, version);
		return false;
	}
	if ((w->kind.verbs & KUBE_VERBS_APPLY) != KUBE_VERBS_APPLY) {
		kube_part_fail(part, w, "objects of kind '%s' cannot be applied", id->kind);
		return false;
	}
	return true;
}

/* --- which objects */

static bool add_objects(struct kube_part *part, struct desired_resource *r, GError **error)
{
	GPtrArray *objects = plan_manifests(part->p, r, error);

	if (objects == NULL) {
		return *error == NULL;
	}
	if (objects->len == 0) {
		plan_fail_at(part->p, r, "there is no object in it; that is never applied");
	}
	for (guint i = 0; i < objects->len; i++) {
		struct kube_wanted *w = kube_wanted_new();

		w->resource = r;
		w->object = objects->pdata[i];
		w->id = w->object->id;
		g_ptr_array_add(part->wanted, w);
	}
	return true;
}

static bool check_scope(struct kube_part *part, const struct kube_wanted *w)
{
	g_autofree char *problem = cluster_scope_problem(part->p->scope, w->id->namespace);
	g_autofree char *text = kube_id_text(w->id);

	if (problem != NULL) {
		kube_part_fail(part, w, "%s %s", text, problem);
	}
	return problem == NULL;
}

/* Where it is and what it is, by what the cluster knows. */
static void settle(struct kube_part *part, struct kube_wanted *w)
{
	const struct desired_kubernetes *k = w->resource->kubernetes;

	if (!find_kind(part, w) ||
	    !kube_object_settle(w->object,
				w->kind.namespaced ? KUBE_SCOPE_NAMESPACE : KUBE_SCOPE_CLUSTER,
				k->namespace, &part->p->diags)) {
		return;
	}
	if (check_scope(part, w) && plan_manifest_unseal(part->p, w->resource, w->object)) {
		w->body = look_body(w->object->value, w->id, part->owner, part->inventory->set);
	}
}

static int compare_wanted(gconstpointer a, gconstpointer b)
{
	const struct kube_wanted *const *x = a, *const *y = b;

	return kube_order_compare((*x)->id, (*y)->id);
}

static int compare_gone(gconstpointer a, gconstpointer b)
{
	const struct kube_wanted *const *x = a, *const *y = b;

	return kube_order_compare_prune((*x)->id, (*y)->id);
}

static guint id_hash(gconstpointer data)
{
	const struct kube_id *id = data;

	return g_str_hash(id->name) ^ (g_str_hash(id->kind) << 1) ^
	       (g_str_hash(id->namespace) << 2);
}

static gboolean id_equal(gconstpointer a, gconstpointer b)
{
	return kube_id_equal(a, b);
}

/* Only where all that is declared of the cluster is to be kept clean: whose an object was that no
 * manifest has any more, its list does not say. */
static bool may_prune(const struct kube_part *part)
{
	for (guint i = 0; i < part->resources->len; i++) {
		const struct desired_resource *r = part->resources->pdata[i];

		if (!r->kubernetes->prune) {
			return false;
		}
	}
	return true;
}

/* What is in the list and not wanted any more. */
static void find_gone(struct kube_part *part)
{
	g_autoptr(GHashTable) wanted = g_hash_table_new(id_hash, id_equal);

	for (guint i = 0; i < part->wanted->len; i++) {
		struct kube_wanted *w = part->wanted->pdata[i];
		const struct inventory_entry *entry = inventory_find(part->inventory, w->id);

		w->uid = entry != NULL ? entry->uid : NULL;
		g_hash_table_add(wanted, (gpointer)w->id);
	}
	for (guint i = 0; may_prune(part) && i < part->inventory->entries->len; i++) {
		const struct inventory_entry *entry = part->inventory->entries->pdata[i];
		const struct kube_id *id = entry->id;
		const struct kube_kind *kind;
		struct kube_wanted *w;
		bool stale = false;

		if (g_hash_table_contains(wanted, id)) {
			continue;
		}
		kind = kube_discovery_find(part->discovery, id->group, id->version, id->kind,
					   &stale);
		if (kind == NULL) {
			kind = kube_discovery_preferred(part->discovery, id->group, id->kind,
							&stale);
		}
		if (kind == NULL && stale) {
			plan_warn(part->p,
				  "%s '%s' is not wanted any more and stays: the server of group "
				  "'%s' does not answer cluster '%s'",
				  id->kind, id->name, id->group, part->context);
		}
		if (kind == NULL) {
			continue; // its kind is gone, and it with that
		}
		w = kube_wanted_new();
		w->id = id;
		w->uid = entry->uid;
		w->kind = *kind;
		w->served = true;
		g_ptr_array_add(part->gone, w);
	}
	g_ptr_array_sort(part->gone, compare_gone);
}

static bool gather(struct kube_part *part, GError **error)
{
	for (guint i = 0; i < part->resources->len; i++) {
		if (!add_objects(part, part->resources->pdata[i], error)) {
			return false;
		}
	}
	for (guint i = 0; i < part->wanted->len; i++) {
		settle(part, part->wanted->pdata[i]);
	}
	if (part->p->diags.items->len > 0 ||
	    !kubernetes_check_unique(part->resources, true, false, &part->p->diags)) {
		return true;
	}
	g_ptr_array_sort(part->wanted, compare_wanted);
	find_gone(part);
	return true;
}

/* --- what is there */

static bool stopped(void *user)
{
	return job_stopped(((struct kube_part *)user)->p->job);
}

static void tell(size_t done, size_t total, void *user)
{
	struct kube_part *part = user;

	if (done % 500 == 0) {
		job_progress(part->p->job, "asked the cluster", (int64_t)done, (int64_t)total);
	}
}

static void add_look(struct kube_part *part, struct kube_wanted *w)
{
	struct kube_kind kind = w->kind;

	if (!w->served) {
		kind.resource = NULL;
	}
	w->look = look_add(part->looks, w->id, &kind, w->body);
	/* Conflicts are judged when they are known. */
	w->look->force = true;
}

/* What was answered to one may be refused to another. */
static char *who_asks(const struct cluster_settings *s)
{
	g_autofree char *groups = s->as_groups != NULL ? g_strjoinv("\n", s->as_groups) : NULL;

	return g_strdup_printf("%s\n%s\n%s\n%s", s->kubeconfig != NULL ? s->kubeconfig : "",
			       s->context != NULL ? s->context : "", s->as != NULL ? s->as : "",
			       groups != NULL ? groups : "");
}

static bool look(struct kube_part *part, GError **error)
{
	g_autofree char *who = who_asks(part->settings);
	const struct look_options options = {.keys = part->p->keys,
					     .set = part->inventory->set,
					     /* An inquiry shows what an apply would make of all. */
					     .cache = part->p->adopts ? NULL : part->p->same,
					     .who = who,
					     .stopped = stopped,
					     .progress = tell,
					     .user = part};
	GError *problem = NULL;

	part->looks = looks_new();
	for (guint i = 0; i < part->wanted->len; i++) {
		add_look(part, part->wanted->pdata[i]);
	}
	for (guint i = 0; i < part->gone->len; i++) {
		add_look(part, part->gone->pdata[i]);
	}
	return look_run(part->cluster, part->looks, &options, &problem) ||
	       fail_cluster(problem, error);
}

static bool has_secret(const struct kube_part *part)
{
	const GPtrArray *const lists[] = {part->wanted, part->gone};

	for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
		for (guint i = 0; i < lists[l]->len; i++) {
			if (look_is_secret(((struct kube_wanted *)lists[l]->pdata[i])->id)) {
				return true;
			}
		}
	}
	return false;
}

/* For the job that follows them. */
static void list_objects(struct kube_part *part)
{
	struct planner *p = part->p;

	if (p->watch == NULL) {
		return;
	}
	p->watched = p->watched != NULL ? p->watched : g_byte_array_new();
	for (guint i = 0; i < part->wanted->len; i++) {
		const struct kube_wanted *w = part->wanted->pdata[i];
		g_autofree char *id = kube_id_plan(w->id, part->context);
		const struct plan_object object = {
			.group = w->id->group,
			.version = w->kind.version,
			.kind = w->id->kind,
			.namespace = w->id->namespace,
			.name = w->id->name,
			.resource = w->kind.resource,
			.set = part->inventory->set,
		};

		watch_list_add(p->watched, part->context, id, &object);
	}
}

/* A look for drift that is about some of them only. */
static void leave_out(struct kube_part *part, GPtrArray *list)
{
	for (guint i = list->len; i > 0; i--) {
		const struct kube_wanted *w = list->pdata[i - 1];
		g_autofree char *id = kube_id_plan(w->id, part->context);

		if (!plan_drift_looks_at(part->p, id)) {
			g_ptr_array_remove_index(list, i - 1);
		}
	}
}

static bool run_part(struct kube_part *part, GError **error)
{
	if (part->settings == NULL) {
		plan_fail_at(part->p, part->resources->pdata[0],
			     "the agent's configuration does not let this stack touch cluster "
			     "'%s'",
			     part->context);
		return true;
	}
	if (!connect_part(part, error) || !gather(part, error)) {
		return false;
	}
	if (part->p->diags.items->len > 0) {
		return true;
	}
	list_objects(part);
	leave_out(part, part->wanted);
	leave_out(part, part->gone);
	return (!has_secret(part) || plan_secret_keys(part->p, error)) && look(part, error) &&
	       kube_part_judge(part, error);
}

/* --- all clusters */

static struct kube_part *find_part(GPtrArray *parts, struct planner *p, const char *context)
{
	for (guint i = 0; i < parts->len; i++) {
		struct kube_part *part = parts->pdata[i];

		if (strcmp(part->context, context) == 0) {
			return part;
		}
	}
	g_ptr_array_add(parts, part_new(p, context));
	return parts->pdata[parts->len - 1];
}

/* Its objects stay: whoever takes the last manifest of a cluster away may mean to give them to
 * somebody else. */
static void warn_left(struct planner *p, const GPtrArray *parts)
{
	const struct desired *base = strcmp(p->base, p->commit) != 0 ? plan_base(p) : NULL;
	g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < parts->len; i++) {
		const struct kube_part *part = parts->pdata[i];

		g_hash_table_add(told, (gpointer)part->context);
	}
	for (guint i = 0; base != NULL && i < base->resources->len; i++) {
		const struct desired_resource *r = base->resources->pdata[i];

		if (r->kind == DESIRED_KUBERNETES && r->kubernetes->context != NULL &&
		    g_hash_table_add(told, r->kubernetes->context)) {
			plan_warn(p,
				  "nothing asks for objects of cluster '%s' any more; they stay "
				  "there",
				  r->kubernetes->context);
		}
	}
}

bool plan_kubernetes(struct planner *p, GError **error)
{
	g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(part_free);

	for (guint i = 0; i < p->desired->resources->len; i++) {
		struct desired_resource *r = p->desired->resources->pdata[i];

		if (r->kind != DESIRED_KUBERNETES) {
			continue;
		}
		if (r->kubernetes->context == NULL) {
			plan_fail_at(p, r, "no cluster is named ('context')");
			continue;
		}
		g_ptr_array_add(find_part(parts, p, r->kubernetes->context)->resources, r);
	}
	for (guint i = 0; p->diags.items->len == 0 && i < parts->len; i++) {
		if (!run_part(parts->pdata[i], error)) {
			return false;
		}
	}
	warn_left(p, parts);
	return true;
}
