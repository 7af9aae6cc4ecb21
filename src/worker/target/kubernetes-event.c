/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telling in a cluster what was done with its objects. */
#include "worker/target/kubernetes-event.h"

#include <string.h>

#include "base/file.h"
#include "cluster/settings.h"
#include "kube/event.h"
#include "worker/target/kubernetes-group.h"

/* Of one step. */
struct told {
	char *uid, *version; /* of the object, as it was last; NULL: unknown */
	bool changed;	     /* by the apply */
	bool failed;	     /* at it */
	bool undone;	     /* what was changed is as before */
	bool stuck;	     /* it cannot be */
};

static void told_free(gpointer data)
{
	struct told *told = data;

	g_free(told->uid);
	g_free(told->version);
	g_free(told);
}

static struct told *find(const struct target_run *run, const struct step *step)
{
	return run->told != NULL ? g_hash_table_lookup(run->told, step) : NULL;
}

static struct told *get(const struct kube_group *group, struct kube_item *item)
{
	struct target_run *run = group->run;
	struct told *told = find(run, item->step);
	const char *uid = item->uid != NULL ? item->uid : kube_item_uid(item);

	if (told == NULL) {
		told = g_new0(struct told, 1);
		if (run->told == NULL) {
			run->told = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL,
							  told_free);
		}
		g_hash_table_insert(run->told, item->step, told);
	}
	if (uid != NULL) {
		g_free(told->uid);
		g_free(told->version);
		told->uid = g_strdup(uid);
		told->version = g_strdup(item->version);
	}
	return told;
}

void kube_events_note_apply(const struct kube_group *group)
{
	for (guint i = 0; i < group->items->len; i++) {
		struct kube_item *item = kube_group_item(group, i);

		if (item->uid != NULL || (item->tried && item->problem != NULL)) {
			struct told *told = get(group, item);

			told->changed = item->uid != NULL;
			told->failed = item->problem != NULL;
		}
	}
}

void kube_events_note_undo(const struct kube_group *group)
{
	for (guint i = 0; i < group->items->len; i++) {
		struct kube_item *item = kube_group_item(group, i);
		const struct told *before = find(group->run, item->step);
		bool changed = item->uid != NULL || (before != NULL && before->changed);

		if (item->problem != NULL && (changed || item->tried)) {
			get(group, item)->stuck = true;
		} else if (item->problem == NULL && changed) {
			get(group, item)->undone = true;
		}
	}
}

/* What is told of one: the note is "BEFORE plan ... AFTER". */
struct words {
	const char *reason, *action, *before, *after;
	bool warning;
};

static const struct words done[] = {
	[ACTION_CREATE] = {"Applied", "Create", "Created by", ""},
	[ACTION_UPDATE] = {"Applied", "Update", "Changed by", ""},
	[ACTION_REPLACE] = {"Replaced", "Replace", "Deleted and made again by", ""},
	[ACTION_REMOVE] = {"Pruned", "Delete", "Deleted by", ""},
};

static struct words words_of(const struct told *told, enum plan_action action)
{
	struct words words = done[action];

	words.warning = true;
	if (told->stuck) {
		return (struct words){"RollbackFailed", "Rollback",
				      "Could not be put back as it was before", "", true};
	}
	if (told->failed) {
		words.reason = "ApplyFailed";
		words.before = "Failed in";
		words.after = told->undone ? "; it was put back as it was" : "";
		return words;
	}
	if (told->undone) {
		return (struct words){"RolledBack", "Rollback", "Put back as it was before", "",
				      true};
	}
	words.warning = false;
	return words;
}

/* The Events of one plan. */
struct telling {
	struct target_run *run;
	const char *plan;
	int64_t end;		 /* no later */
	struct cluster *cluster; /* the one that it is at */
	GHashTable *closed;	 /* namespaces of it that take none, as far as is known */
};

static struct cluster_call *make_call(const struct telling *t, const struct step *step)
{
	static const struct kube_kind kind = {.group = (char *)"events.k8s.io",
					      .version = (char *)"v1",
					      .kind = (char *)"Event",
					      .resource = (char *)"events",
					      .namespaced = true};
	const struct plan_object *o = step->change->object;
	const struct kube_id id = {(char *)o->group, (char *)o->version, (char *)o->kind,
				   (char *)o->namespace, (char *)o->name};
	const struct told *told = find(t->run, step);
	const struct words words = words_of(told, step->change->action);
	g_autofree char *unique = file_temp_name("");
	g_autofree char *note = g_strdup_printf("%s %s%s", words.before, t->plan, words.after);
	const struct kube_event event = {.id = &id,
					 .uid = told->uid,
					 .version = told->version,
					 .warning = words.warning,
					 .reason = words.reason,
					 .action = words.action,
					 .note = note,
					 .instance = t->run->agent,
					 .unique = unique,
					 .time = g_get_real_time()};
	g_autoptr(kube_value_auto) value = kube_event_value(&event);
	struct cluster_call *call;
	char *path;

	if (!kube_discovery_path(&kind, kube_event_namespace(&id), NULL, NULL, &path, NULL)) {
		return NULL;
	}
	call = cluster_call_new("POST", path);
	call->body = kube_value_canonical(value, &call->body_len);
	call->resource = kind.resource;
	call->user = (void *)kube_event_namespace(&id);
	return call;
}

/* Where nothing can be told any more there is nothing to complain of. */
static bool is_passed_over(enum kube_class class)
{
	return class == KUBE_NOT_SERVED || class == KUBE_NO_NAMESPACE || class == KUBE_NOT_FOUND ||
	       class == KUBE_TERMINATING;
}

/* problem: the first one, g_free(). */
static void take_answers(const struct telling *t, const GPtrArray *calls, char **problem)
{
	for (guint i = 0; i < calls->len; i++) {
		const struct cluster_call *call = calls->pdata[i];

		if (call->answer == NULL || kube_answer_is_good(call->answer)) {
			continue;
		}
		g_hash_table_add(t->closed, call->user);
		if (*problem == NULL && !is_passed_over(call->answer->class)) {
			*problem = cluster_call_problem(t->cluster, call);
		}
	}
}

static bool send_calls(const struct telling *t, GPtrArray *calls, char **problem)
{
	int64_t left = t->end - g_get_monotonic_time();
	g_autoptr(GError) error = NULL;
	struct cluster_limits limits = {.stopped = t->run->stopped, .user = t->run->user};
	bool ok;

	if (calls->len == 0) {
		return true;
	}
	if (left <= 0) {
		*problem = g_strdup("there was no time left for it");
		return false;
	}
	limits.total = limits.timeout = (unsigned)((left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
	ok = cluster_run(t->cluster, calls, &limits, &error);
	take_answers(t, calls, problem);
	if (!ok && *problem == NULL) {
		*problem = g_strdup(error->message);
	}
	return ok;
}

/* One in each namespace first: one that takes none is not asked a hundred times. */
static void tell_cluster(struct telling *t, const GPtrArray *steps, char **problem)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) first = cluster_calls_new(), rest = cluster_calls_new();

	for (guint i = 0; i < steps->len; i++) {
		struct cluster_call *call = make_call(t, steps->pdata[i]);

		if (call != NULL) {
			g_ptr_array_add(g_hash_table_add(seen, call->user) ? first : rest, call);
		}
	}
	if (!send_calls(t, first, problem)) {
		return;
	}
	for (guint i = rest->len; i-- > 0;) {
		const struct cluster_call *call = rest->pdata[i];

		if (g_hash_table_contains(t->closed, call->user)) {
			g_ptr_array_remove_index(rest, i);
		}
	}
	(void)send_calls(t, rest, problem);
}

/* At the first step that has nothing to say yet. */
static void remark(const GPtrArray *steps, const char *problem)
{
	for (guint i = 0; i < steps->len; i++) {
		struct step *step = steps->pdata[i];

		if (step->message == NULL) {
			step->message = g_strdup_printf("no Events were written: %s", problem);
			return;
		}
	}
}

static void tell(struct telling *t, const GPtrArray *steps)
{
	const char *name = ((const struct step *)steps->pdata[0])->change->manager;
	const struct cluster_settings *settings = host_cluster_settings(t->run->host, name);
	g_autoptr(GHashTable) closed = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *problem = NULL;

	if (settings == NULL || !settings->events ||
	    !host_cluster(t->run->host, name, &t->cluster, NULL)) {
		return;
	}
	t->closed = closed;
	tell_cluster(t, steps, &problem);
	if (problem != NULL) {
		remark(steps, problem);
	}
}

void kube_events_send(struct target_run *run, const char *plan, unsigned within)
{
	struct telling t = {.run = run, .plan = plan};
	g_autoptr(GPtrArray) steps = g_ptr_array_new();
	unsigned count = 0;

	t.end = g_get_monotonic_time() + (int64_t)within * G_USEC_PER_SEC;
	for (guint i = 0; i < run->steps->len && count < KUBE_EVENTS_MAX; i++) {
		struct step *step = &g_array_index(run->steps, struct step, i);
		const struct step *last = steps->len > 0 ? steps->pdata[steps->len - 1] : NULL;

		if (find(run, step) == NULL) {
			continue;
		}
		if (last != NULL && strcmp(last->change->manager, step->change->manager) != 0) {
			tell(&t, steps);
			g_ptr_array_set_size(steps, 0);
		}
		g_ptr_array_add(steps, step);
		count++;
	}
	if (steps->len > 0) {
		tell(&t, steps);
	}
}
