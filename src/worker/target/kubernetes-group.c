/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objects of one cluster in a plan, and looking at them. */
#include "worker/target/kubernetes-group.h"

#include <string.h>

#include "base/error.h"
#include "base/objects.h"
#include "worker/target/kubernetes-listed.h"

#define BODY_MAX ((size_t)3 << 20) /* what a server takes */

struct kube_item *kube_group_item(const struct kube_group *group, guint i)
{
	return group->items->pdata[i];
}

static void item_free(gpointer data)
{
	struct kube_item *item = data;

	kube_id_free(item->id);
	kube_value_free(item->body);
	kube_value_free(item->before);
	kube_value_free(item->now);
	g_free(item->problem);
	g_free(item->remark);
	g_free(item->uid);
	g_free(item->version);
	g_free(item);
}

static struct kube_item *item_new(struct step *step)
{
	const struct plan_object *o = step->change->object;
	struct kube_item *item = g_new0(struct kube_item, 1);

	item->step = step;
	item->object = o;
	item->id = g_new0(struct kube_id, 1);
	item->id->group = g_strdup(o->group);
	item->id->version = g_strdup(o->version);
	item->id->kind = g_strdup(o->kind);
	item->id->namespace = g_strdup(o->namespace);
	item->id->name = g_strdup(o->name);
	item->kind = (struct kube_kind){.group = (char *)o->group,
					.version = (char *)o->version,
					.kind = (char *)o->kind,
					.resource = (char *)o->resource,
					.namespaced = o->namespaced,
					.has_status = o->has_status,
					.verbs = KUBE_VERBS_APPLY};
	item->secret = o->group[0] == '\0' && strcmp(o->kind, "Secret") == 0;
	return item;
}

static bool belongs(const struct target_run *run, guint i, const char *manager)
{
	const struct plan_change *c = g_array_index(run->steps, struct step, i).change;

	return c->object != NULL && strcmp(c->manager, manager) == 0;
}

bool kube_group_open(struct target_run *run, const struct step *step, struct kube_group *out,
		     GError **error)
{
	const char *manager = step->change->manager;
	guint at = (guint)(step - (const struct step *)(gconstpointer)run->steps->data);
	guint end = at + 1;
	struct cluster *cluster;

	if (!host_cluster(run->host, manager, &cluster, error)) {
		return false;
	}
	while (at > 0 && belongs(run, at - 1, manager)) {
		at--;
	}
	while (end < run->steps->len && belongs(run, end, manager)) {
		end++;
	}
	*out = (struct kube_group){.run = run, .cluster = cluster, .first = at, .count = end - at};
	out->owner = g_strdup_printf("%s/%s", run->agent, run->stack);
	out->items = g_ptr_array_new_with_free_func(item_free);
	for (guint i = at; i < end; i++) {
		g_ptr_array_add(out->items, item_new(&g_array_index(run->steps, struct step, i)));
	}
	return true;
}

void kube_group_close(struct kube_group *group)
{
	if (group->items != NULL) {
		g_ptr_array_unref(group->items);
	}
	g_free(group->owner);
}

bool kube_group_identify(struct kube_group *group, GError **error)
{
	const char *identity;

	if (!cluster_identity(group->cluster, &identity, error)) {
		return false;
	}
	for (guint i = 0; i < group->items->len; i++) {
		if (strcmp(kube_group_item(group, i)->object->cluster, identity) != 0) {
			return fail(error, TARGET_ERROR, TARGET_ERROR_CHANGED,
				    "the cluster '%s' is another one than when the plan was made",
				    cluster_name(group->cluster));
		}
	}
	return true;
}

static bool bad_body(const struct kube_item *item, const char *what, GError **error)
{
	return fail(error, TARGET_ERROR, TARGET_ERROR_PLAN, "what the plan wants of '%s' %s",
		    item->step->change->id, what);
}

/* The body is for the object that people approved, and says whose it is. */
static bool check_body(const struct kube_group *group, const struct kube_item *item, GError **error)
{
	static const char *const servers[] = {"uid", "resourceVersion", "managedFields",
					      "generateName"};
	const struct kube_value *metadata = kube_value_get(item->body, "metadata");
	const char *mark = kube_value_str_at(metadata, "annotations", KUBE_ID_MARK, NULL);
	const char *set = kube_value_str_at(metadata, "labels", KUBE_ID_PART_OF, NULL);
	g_autoptr(kube_id_auto) id = NULL;

	if (!kube_id_from_object(item->body, &id, NULL) || !kube_id_equal(id, item->id) ||
	    strcmp(id->version, item->id->version) != 0) {
		return bad_body(item, "is another object", error);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(servers); i++) {
		if (kube_value_get(metadata, servers[i]) != NULL) {
			return bad_body(item, "says what only a server may", error);
		}
	}
	if (strcmp(item->object->owner, group->owner) != 0 ||
	    kube_id_judge_mark(mark, group->owner, item->id) != KUBE_MARK_OURS) {
		return bad_body(item, "is not marked as this stack's", error);
	}
	return g_strcmp0(set, item->object->set) == 0 || bad_body(item, "is of another set", error);
}

static bool open_sealed(const struct kube_group *group, const struct kube_item *item,
			const char *text, size_t len, struct seal_bytes **out, GError **error)
{
	const struct plan_state *want = &item->step->change->desired;
	struct seal_digest digest;
	struct hash hash;
	const char *bytes;

	if (group->run->keys == NULL) {
		return fail(error, TARGET_ERROR, TARGET_ERROR_FAILED,
			    "'%s' is a secret, and there are no sealing keys",
			    item->step->change->id);
	}
	if (!seal_take(text, len, group->run->keys, group->run->agent, group->run->stack,
		       item->step->change->id, out, error)) {
		return false;
	}
	bytes = seal_bytes_get(*out, &len);
	if (!seal_digest_begin(&digest, group->run->keys, want->keyed)) {
		return bad_body(item, "is told by a key that is not there any more", error);
	}
	seal_digest_update(&digest, bytes, len);
	seal_digest_end(&digest, &hash);
	return hash_equal(&hash, &want->digest) || bad_body(item, "is another secret", error);
}

static bool load_body(const struct kube_group *group, struct kube_item *item, GError **error)
{
	const struct plan_state *want = &item->step->change->desired;
	g_autoptr(seal_bytes_auto) opened = NULL;
	g_autofree char *data = NULL;
	const char *bytes;
	struct hash object = want->digest;
	size_t len;

	if (want->keyed != NULL && (want->sealed == NULL || !hash_parse(&object, want->sealed))) {
		return bad_body(item, "is a secret that is not kept", error);
	}
	if (!objects_load(group->run->objects, &object, BODY_MAX, &data, &len, error)) {
		return false;
	}
	bytes = data;
	if (want->keyed != NULL) {
		if (!open_sealed(group, item, data, len, &opened, error)) {
			return false;
		}
		bytes = seal_bytes_get(opened, &len);
	}
	if (!kube_value_parse(bytes, len, BODY_MAX, &item->body, error)) {
		return fail_prefix(error, "what the plan wants of '%s'", item->step->change->id);
	}
	return check_body(group, item, error);
}

bool kube_group_load(struct kube_group *group, GError **error)
{
	for (guint i = 0; i < group->items->len; i++) {
		struct kube_item *item = kube_group_item(group, i);

		if (!kube_item_goes(item) && item->body == NULL && !load_body(group, item, error)) {
			return false;
		}
	}
	return true;
}

void kube_group_limits(const struct kube_group *group, struct cluster_limits *out)
{
	*out = (struct cluster_limits){.stopped = group->run->stopped, .user = group->run->user};
}

bool kube_group_stopped(const struct kube_group *group)
{
	return group->run->stopped != NULL && group->run->stopped(group->run->user);
}

void kube_group_tell(const struct kube_group *group, const char *text, guint done, guint total)
{
	if (group->run->progress != NULL) {
		group->run->progress(text, done, total, group->run->user);
	}
}

char *kube_group_problem(const struct kube_group *group)
{
	for (guint i = 0; i < group->items->len; i++) {
		const struct kube_item *item = kube_group_item(group, i);

		if (item->problem != NULL && !item->left) {
			return g_strdup_printf("%s: %s", item->step->change->id, item->problem);
		}
	}
	return NULL;
}

/* What the plan saw, or we have, bears the label, and does not go just now. */
static bool may_be_listed(const struct kube_item *item)
{
	return item->now != NULL ? !kube_item_is_going(item->now)
				 : item->step->change->observed.object_uid != NULL;
}

static void ask_for(struct kube_item *item, GPtrArray *calls)
{
	struct cluster_call *call = cluster_call_new("GET", kube_item_path(item, NULL));

	call->resource = item->object->resource;
	call->secret = item->secret;
	call->user = item;
	g_ptr_array_add(calls, call);
}

/* Those that lists do not have are asked for. */
static bool look_by_lists(struct kube_group *group, const GPtrArray *items, GPtrArray *calls,
			  GError **error)
{
	g_autoptr(listed_auto) listed = listed_new(kube_group_item(group, 0)->object->set);

	for (guint i = 0; i < items->len; i++) {
		const struct kube_item *item = items->pdata[i];

		if (may_be_listed(item)) {
			listed_want(listed, &item->kind, item->id);
		}
	}
	if (!listed_run(listed, group->cluster, group->run->stopped, group->run->user, error)) {
		return false;
	}
	for (guint i = 0; i < items->len; i++) {
		struct kube_item *item = items->pdata[i];
		struct kube_value *now = listed_take(listed, &item->kind, item->id);

		if (now != NULL) {
			kube_item_see(item, now);
		} else {
			ask_for(item, calls);
		}
	}
	return true;
}

static void take_answer(const struct kube_group *group, struct cluster_call *call)
{
	struct kube_item *item = call->user;

	switch (call->answer->class) {
	case KUBE_NOT_FOUND:
	case KUBE_NO_NAMESPACE:
	case KUBE_NOT_SERVED:
		kube_item_see(item, NULL);
		break;
	default:
		if (kube_answer_is_good(call->answer) && call->value != NULL) {
			kube_item_see(item, g_steal_pointer(&call->value));
		} else {
			item->again |= call->answer->class != KUBE_FORBIDDEN;
			kube_item_fail(item, cluster_call_problem(group->cluster, call));
		}
	}
}

bool kube_group_look(struct kube_group *group, GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) calls = cluster_calls_new();
	struct cluster_limits limits;

	kube_group_limits(group, &limits);
	if (!look_by_lists(group, items, calls, error) ||
	    !cluster_run(group->cluster, calls, &limits, error)) {
		return false;
	}
	for (guint i = 0; i < calls->len; i++) {
		take_answer(group, calls->pdata[i]);
	}
	return true;
}

void kube_item_fail(struct kube_item *item, char *text)
{
	if (item->problem == NULL) {
		item->problem = text;
	} else {
		g_free(text);
	}
}

void kube_item_leave(struct kube_item *item, const char *text)
{
	if (item->problem == NULL) {
		item->left = true;
		item->problem = g_strdup(text);
	}
}

void kube_item_remark(struct kube_item *item, char *text)
{
	g_free(item->remark);
	item->remark = text;
}

char *kube_item_path(const struct kube_item *item, const char *query)
{
	g_autofree char *path = NULL;
	g_autoptr(GError) problem = NULL;

	if (!kube_discovery_path(&item->kind, item->object->namespace, item->object->name, NULL,
				 &path, &problem)) {
		g_error("%s", problem->message); // kubernetes_check() has tried it
	}
	return query != NULL ? g_strconcat(path, "?", query, NULL) : g_steal_pointer(&path);
}

const char *kube_item_uid(const struct kube_item *item)
{
	return kube_value_str_at(item->now, "metadata", "uid", NULL);
}

bool kube_item_is_going(const struct kube_value *object)
{
	return kube_value_at(object, "metadata", "deletionTimestamp", NULL) != NULL;
}

bool kube_item_goes(const struct kube_item *item)
{
	return item->step->change->action == ACTION_REMOVE;
}

void kube_item_see(struct kube_item *item, struct kube_value *now)
{
	kube_value_free(item->now);
	item->now = now;
}

void kube_item_changed(struct kube_item *item, bool made)
{
	const char *version = kube_value_str_at(item->now, "metadata", "resourceVersion", NULL);

	g_free(item->uid);
	g_free(item->version);
	item->uid = g_strdup(kube_item_uid(item));
	item->version = made ? g_strdup(version) : NULL;
}

bool kube_item_is_ours(const struct kube_item *item, const struct kube_value *object)
{
	const struct kube_value *metadata = kube_value_get(object, "metadata");
	const char *mark = kube_value_str_at(metadata, "annotations", KUBE_ID_MARK, NULL);
	const char *set = kube_value_str_at(metadata, "labels", KUBE_ID_PART_OF, NULL);

	return kube_id_judge_mark(mark, item->object->owner, item->id) == KUBE_MARK_OURS &&
	       g_strcmp0(set, item->object->set) == 0;
}

int64_t kube_item_within(const struct kube_item *item)
{
	return item->object->wait ? item->object->within : KUBERNETES_GONE_WITHIN;
}
