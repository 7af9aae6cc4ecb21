/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a plan of objects would do, without agent, planner and approvals: for
 * tests of the transaction against a real API server.
 *
 *	objects-tool plan KUBECONFIG CONTEXT FOLDER   FOLDER/want/N.json to FOLDER/plan.json
 *	objects-tool apply KUBECONFIG CONTEXT FOLDER  the same plan, with a journal in
 *FOLDER/journal objects-tool recover|undo|resume ...          what the journal says
 *
 * want/N.json: {"action": "create", "resource": "configmaps", "object": {...}, and "force",
 * "replace", "within"}. BETWEEN is a command for the shell that runs when all was found to be as
 * the plan says, and nothing is done yet. Events are written unless EVENTS is "off", within
 * EVENTS_WITHIN seconds. Prints a line for each step and last the result; progress goes to stderr.
 */
#include <stdlib.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/objects.h"
#include "cluster/cluster.h"
#include "cluster/inventory.h"
#include "kube/object.h"
#include "worker/target/kubernetes-event.h"
#include "worker/target/kubernetes-look.h"
#include "worker/transaction.h"

#define AGENT "web1"
#define STACK "shop"
#define OWNER AGENT "/" STACK
#define MAX_FILE ((size_t)64 << 20)

struct tool {
	const char *folder, *objects, *journal;
	GPtrArray *settings;
	struct cluster *cluster;
	struct seal_keys *keys;
	const char *identity;
	char *set;
	GArray *changes; /* struct plan_change */
	GPtrArray *looks;
	GPtrArray *kept; /* what the others point into, as long as the process lives */
	struct plan *plan;
	const char *on_failure;
};

static void check(bool ok, GError **error)
{
	if (!ok) {
		g_printerr("%s\n", *error != NULL ? (*error)->message : "failed");
		exit(1);
	}
}

static char *at(const struct tool *t, const char *name)
{
	return g_strdup_printf("%s/%s", t->folder, name);
}

static enum plan_action action_of(const char *name)
{
	for (int i = 0; plan_action_names[i] != NULL; i++) {
		if (strcmp(plan_action_names[i], name) == 0) {
			return (enum plan_action)i;
		}
	}
	g_error("action %s", name);
}

static void store_body(struct tool *t, struct plan_state *desired, const struct kube_value *body,
		       bool secret, const char *id)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL, *sealed = NULL, *label = g_strdup_printf("%s:%s", OWNER, id);
	char name[HASH_TEXT_SIZE];
	struct seal_public to;
	struct hash object;
	size_t len, sealed_len;

	check(kube_value_apply_body(body, &text, &len, &error), &error);
	*desired = PLAN_STATE(STATE_OBJECT);
	desired->size = 0;
	if (!secret) {
		check(objects_store(t->objects, text, len, &desired->digest, &error), &error);
		return;
	}
	seal_keys_public(t->keys, 0, &to);
	check(look_keyed_digest(t->keys, NULL, text, len, &desired->digest, &desired->keyed),
	      &error);
	check(seal_write(&to, 1, label, text, len, &sealed, &sealed_len, &error), &error);
	check(objects_store(t->objects, sealed, sealed_len, &object, &error), &error);
	hash_text(name, &object);
	desired->sealed = g_strdup(name);
}

static void add_change(struct tool *t, const struct kube_value *want)
{
	struct plan_object *o = g_new0(struct plan_object, 1);
	struct kube_value *object = kube_value_get(want, "object"), *body;
	const char *action = kube_value_str_at(want, "action", NULL);
	g_autoptr(GError) error = NULL;
	struct kube_id *id;
	struct kube_kind *kind = g_new0(struct kube_kind, 1);
	struct plan_change c = {.kind = "kubernetes", .manager = cluster_name(t->cluster)};
	const struct kube_discovery *known;
	struct look *look;
	int64_t within = 0;
	bool stale;

	check(kube_id_from_object(object, &id, &error), &error);
	g_ptr_array_add(t->kept, id);
	g_ptr_array_add(t->kept, kind);
	(void)kube_value_get_int(kube_value_get(want, "within"), &within);
	*o = (struct plan_object){.cluster = t->identity,
				  .group = id->group,
				  .version = id->version,
				  .kind = id->kind,
				  .namespace = id->namespace,
				  .name = id->name,
				  .resource = kube_value_str_at(want, "resource", NULL),
				  .namespaced = id->namespace[0] != '\0',
				  .has_status = kube_value_get(want, "has_status") != NULL,
				  .force = kube_value_get(want, "force") != NULL,
				  .replace = kube_value_get(want, "replace") != NULL,
				  .wait = within > 0,
				  .within = within,
				  .set = t->set,
				  .owner = OWNER,
				  .from = "kubernetes:one/manifests"};
	*kind = (struct kube_kind){.group = id->group,
				   .version = id->version,
				   .kind = id->kind,
				   .resource = (char *)o->resource,
				   .namespaced = o->namespaced,
				   .has_status = o->has_status,
				   .verbs = KUBE_VERBS_APPLY};
	c.id = kube_id_plan(id, c.manager);
	c.object = o;
	c.action = action_of(action);
	c.risk = (o->namespaced ? 0 : RISK_CLUSTER) | (look_is_secret(id) ? RISK_SECRET : 0) |
		 (c.action == ACTION_REMOVE ? RISK_DELETION : 0);
	c.desired = PLAN_STATE(STATE_ABSENT);
	body = c.action == ACTION_REMOVE ? NULL : look_body(object, id, OWNER, t->set);
	if (body != NULL) {
		check(kube_normal_data(body, &error), &error);
		store_body(t, &c.desired, body, look_is_secret(id), c.id);
	}
	check(cluster_discovery(t->cluster, &known, &error), &error);
	if (kube_discovery_find(known, id->group, id->version, id->kind, &stale) == NULL) {
		kind->resource = NULL;
	}
	look = look_add(t->looks, id, kind, body);
	look->force = o->force;
	g_array_append_val(t->changes, c);
}

static void observe(struct tool *t)
{
	const struct look_options options = {.keys = t->keys, .set = t->set};
	g_autoptr(GError) error = NULL;

	check(look_run(t->cluster, t->looks, &options, &error), &error);
	for (guint i = 0; i < t->looks->len; i++) {
		const struct look *look = t->looks->pdata[i];
		struct plan_state *o = &g_array_index(t->changes, struct plan_change, i).observed;

		*o = PLAN_STATE(look->uid != NULL ? STATE_OBJECT : STATE_ABSENT);
		if (look->state == LOOK_GONE || look->state == LOOK_LATER) {
			continue;
		}
		if (look->state == LOOK_REFUSED) {
			g_printerr("refused: %s\n", look->problem);
		}
		o->object_uid = look->uid;
		o->dry_run = look->uid == NULL;
		o->digest = look->digest;
		o->size = 0;
	}
}

static void make_plan(struct tool *t)
{
	g_autofree char *plan = at(t, "plan.json");
	g_autoptr(GError) error = NULL;
	struct assent_error problem = {0};
	struct plan draft = {.on_failure = t->on_failure, .resources = -1};
	char *text;
	size_t len;

	for (unsigned i = 0;; i++) {
		g_autofree char *path = g_strdup_printf("%s/want/%u.json", t->folder, i);
		g_autofree char *json = NULL;
		struct kube_value *want;

		if (!file_read(path, MAX_FILE, &json, &len, NULL)) {
			break;
		}
		check(kube_value_parse(json, len, MAX_FILE, &want, &error), &error);
		g_ptr_array_add(t->kept, want);
		add_change(t, want);
	}
	observe(t);
	draft.changes = (struct plan_change *)(void *)t->changes->data;
	draft.changes_count = t->changes->len;
	if (plan_draft_write(&text, &len, &draft, &problem) != 0) {
		g_error("%s", problem.text);
	}
	check(file_replace(plan, text, len, 0600, &error), &error);
	free(text);
}

static void progress(const char *text, size_t done, size_t total, void *user)
{
	g_printerr("%s %zu/%zu\n", text, done, total);
}

static void come_between(void)
{
	const char *argv[] = {"/bin/sh", "-c", g_getenv("BETWEEN"), NULL};

	if (argv[2] != NULL && !g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
					     NULL, NULL, NULL, NULL)) {
		g_printerr("%s failed\n", argv[2]);
	}
}

static void tell(struct transaction *tr, void *user)
{
	const char *within = g_getenv("EVENTS_WITHIN");

	kube_events_send(&tr->run, "plan 0123456789ab of stack '" STACK "'",
			 within != NULL ? (unsigned)g_ascii_strtoull(within, NULL, 10) : 60);
}

static bool run(struct tool *t, const char *mode, struct plan *plan, const char *text, size_t len)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(journal_auto) journal = NULL;
	g_autoptr(GPtrArray) stale = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(transaction_auto) tr = NULL;
	autojournalstate state = {0};
	const struct transaction_hooks hooks = {.progress = progress};
	const struct transaction_papers papers = {
		.plan = text, .plan_len = len, .signature = "-", .signature_len = 1};
	bool first = strcmp(mode, "apply") == 0, ok;

	check(journal_open(t->journal, &journal, &error), &error);
	if (!first) {
		check(journal_load(journal, PLAN_MAX_CHANGES, &state, &error), &error);
	}
	tr = transaction_new(plan, strcmp(mode, "recover") == 0 ? "" : t->objects,
			     first ? "0123456789abcdef" : state.tx);
	tr->run.agent = AGENT;
	tr->run.stack = STACK;
	tr->run.keys = t->keys;
	tr->run.keep = t->journal;
	tr->tell = tell;
	host_set_clusters(tr->run.host, t->settings);
	check(transaction_prepare(tr, &error), &error);
	if (first) {
		check(transaction_observe(tr, stale, &error), &error);
	}
	ok = stale->len == 0;
	if (ok) {
		come_between();
	}
	if (ok && first) {
		ok = transaction_apply(tr, journal, &papers, &hooks, &error);
	} else if (ok && strcmp(mode, "resume") == 0) {
		ok = transaction_resume(tr, journal, &state, stale, &hooks, &error);
	} else if (ok) {
		ok = strcmp(mode, "undo") == 0 ? transaction_undo(tr, journal, &state, &error)
					       : transaction_recover(tr, journal, &state, &error);
	}
	for (guint i = 0; i < stale->len; i++) {
		g_print("stale: %s\n", (const char *)stale->pdata[i]);
	}
	for (guint i = 0; i < tr->steps->len; i++) {
		const struct step *step = &g_array_index(tr->steps, struct step, i);

		g_print("%s %s%s%s\n", step_outcome_names[step->outcome], step->change->id,
			step->message != NULL ? ": " : "",
			step->message != NULL ? step->message : "");
	}
	if (!ok && error != NULL) {
		g_print("error: %s\n", error->message);
	}
	g_print("result: %s%s%s%s\n", ok ? transaction_result_names[tr->result] : "error",
		tr->halted ? " halted" : "", tr->reason != NULL ? ": " : "",
		tr->reason != NULL ? tr->reason : "");
	return ok && tr->result == TRANSACTION_OK && stale->len == 0;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	static struct tool t; // nothing is freed before the end
	g_autofree char *plan_path = NULL, *text = NULL, *objects = NULL, *journal = NULL;
	g_autofree char *keys = NULL;
	struct cluster_settings *settings;
	struct assent_error problem = {0};
	size_t len;

	if (argc != 5) {
		return 2;
	}
	t.on_failure = g_getenv("ON_FAILURE") ? g_getenv("ON_FAILURE") : "rollback";
	t.kept = g_ptr_array_new();
	t.folder = argv[4];
	t.objects = objects = at(&t, "objects");
	t.journal = journal = at(&t, "journal");
	keys = at(&t, "seal.key");
	settings = cluster_settings_new(argv[3]);
	settings->kubeconfig = g_strdup(argv[2]);
	settings->inventory = g_strdup(g_getenv("INVENTORY"));
	settings->events = g_strcmp0(g_getenv("EVENTS"), "off") != 0;
	t.settings = cluster_settings_list_new();
	g_ptr_array_add(t.settings, settings);
	if (!seal_keys_load(keys, false, &t.keys, NULL)) {
		check(seal_keys_renew(keys, "key", false, &error) &&
			      seal_keys_load(keys, false, &t.keys, &error),
		      &error);
	}
	if (strcmp(argv[1], "plan") == 0) {
		t.cluster = cluster_new(settings, &error);
		check(t.cluster != NULL, &error);
		check(cluster_identity(t.cluster, &t.identity, &error), &error);
		t.set = inventory_set_id(OWNER, inventory_namespace(settings, t.cluster));
		t.changes = g_array_new(FALSE, TRUE, sizeof(struct plan_change));
		t.looks = looks_new();
		make_plan(&t);
		return 0;
	}
	plan_path = at(&t, "plan.json");
	check(file_read(plan_path, MAX_FILE, &text, &len, &error), &error);
	if (plan_draft_parse(&t.plan, text, len, &problem) != 0) {
		g_error("%s", problem.text);
	}
	t.plan->agent = AGENT;
	t.plan->stack = STACK;
	return run(&t, argv[1], t.plan, text, len) ? 0 : 1;
}
