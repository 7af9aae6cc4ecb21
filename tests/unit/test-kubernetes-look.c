/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is found of objects, from recorded exchanges. */
#include "worker/target/kubernetes-look.h"

#include <string.h>

#include "unit/fake-api.h"

#define NONE "none"
#define LIVE "ssa-08-get-live"
#define EDITED "ssa-10-kubectl-edit-like-update"
#define CHANGE "ssa-07-dryrun-change"
#define CREATE "ssa-04-dryrun-create"
#define SAME "ssa-06-apply-same-again"
#define CONFLICT "ssa-11-conflict-with-update-manager"
#define FORCED "ssa-12-dryrun-force-shows-drift"
#define NO_SPACE "ssa-01-dryrun-in-missing-namespace"
#define SCHEMA "ssa-17-unknown-field"
#define FORBIDDEN "ssa-27-forbidden"
#define TERMINATING "ns-03-apply-into-terminating-namespace"
#define SELECTOR "wl-04-deploy-immutable-selector"
#define UID "7287d91f-3e60-4a7c-bdf0-0c364c175c72"

struct row {
	const char *name; /* of the object: what is answered, see fake-api.py */
	bool goes, force;
	enum look_state state;
	enum kube_class class;
	const char *uid, *problem;
	bool live, wanted, conflicts;
	int rounds; /* dry runs that were asked for; 0: not counted */
};
static const struct row rows[] = {
	{LIVE ":" SAME, .state = LOOK_SAME, .uid = UID, .live = true, .wanted = true},
	{LIVE ":" CHANGE, .state = LOOK_DIFFERS, .uid = UID, .live = true, .wanted = true},
	{NONE ":" CREATE, .state = LOOK_ABSENT, .wanted = true},
	{NONE ":" NO_SPACE, .state = LOOK_LATER, .class = KUBE_NO_NAMESPACE, .wanted = true},
	{EDITED ":" CONFLICT "," FORCED, .state = LOOK_CONFLICT, .class = KUBE_CONFLICT, .uid = UID,
	 .live = true, .conflicts = true},
	{EDITED ":" CONFLICT "," FORCED ",", .force = true, .state = LOOK_DIFFERS, .uid = UID,
	 .live = true, .wanted = true, .conflicts = true},
	{LIVE ":" SELECTOR, .state = LOOK_IMMUTABLE, .class = KUBE_IMMUTABLE, .uid = UID,
	 .problem = "selector", .live = true, .wanted = true},
	{NONE ":" SCHEMA, .state = LOOK_REFUSED, .class = KUBE_SCHEMA, .problem = ".dat"},
	{LIVE ":" SCHEMA, .state = LOOK_REFUSED, .class = KUBE_SCHEMA, .uid = UID,
	 .problem = ".dat"},
	{NONE ":" FORBIDDEN, .state = LOOK_REFUSED, .class = KUBE_FORBIDDEN,
	 .problem = "forbidden"},
	{NONE ":" TERMINATING, .state = LOOK_REFUSED, .class = KUBE_TERMINATING,
	 .problem = "terminated"},
	{LIVE ":", .goes = true, .state = LOOK_THERE, .uid = UID, .live = true},
	{NONE ":", .goes = true, .state = LOOK_GONE},
	/* made while it was looked at; and made and deleted without end */
	{NONE "," LIVE ":" SAME, .state = LOOK_SAME, .uid = UID, .live = true, .wanted = true},
	{LIVE "," NONE ":" CREATE, .state = LOOK_ABSENT, .wanted = true},
	{LIVE ":" CREATE, .state = LOOK_REFUSED, .uid = UID, .problem = "again and again"},
	/* changed while it was looked at; and without end, which is taken as it comes at last */
	{LIVE "," EDITED ":" FORCED, .state = LOOK_DIFFERS, .uid = UID, .live = true,
	 .wanted = true, .rounds = 2},
	{EDITED ":" FORCED, .state = LOOK_DIFFERS, .uid = UID, .live = true, .wanted = true,
	 .rounds = 1},
	{EDITED ":" SAME, .state = LOOK_DIFFERS, .uid = UID, .live = true, .wanted = true,
	 .rounds = 3},
};

static const struct kube_kind config_maps = {.group = (char *)"",
					     .version = (char *)"v1",
					     .kind = (char *)"ConfigMap",
					     .resource = (char *)"configmaps",
					     .namespaced = true,
					     .verbs = KUBE_VERBS_APPLY};

static struct cluster *open_cluster(void)
{
	g_autofree char *lines = g_strdup_printf(
		"server: 'https://localhost:%d/as/beta', certificate-authority: ca.pem",
		fake_api_port("server"));
	g_autoptr(cluster_settings_auto) settings =
		fake_api_settings("server", lines, "token: hidden");

	return fake_api_open(settings);
}

/* Dry runs that were asked for. */
static int64_t tries(const char *namespace, const char *name)
{
	g_autofree char *escaped = g_uri_escape_string(name, ":", false);
	g_autofree char *path =
		g_strdup_printf("PATCH/api/v1/namespaces/%s/configmaps/%s", namespace, escaped);

	return fake_api_count(path);
}

static void check(const struct row *row, const struct look *look)
{
	static const struct hash nothing;

	g_test_message("%s: %s (%s)", row->name, look_state_name(look->state),
		       look->problem != NULL ? look->problem : "");
	g_assert_cmpstr(look_state_name(look->state), ==, look_state_name(row->state));
	g_assert_cmpstr(kube_class_name(look->class), ==, kube_class_name(row->class));
	g_assert_cmpstr(look->uid, ==, row->uid);
	g_assert_true((look->live != NULL) == row->live);
	g_assert_true((look->wanted != NULL) == row->wanted);
	g_assert_true((look->conflicts != NULL) == row->conflicts);
	g_assert_true((look->problem != NULL) == (row->problem != NULL));
	if (row->problem != NULL) {
		g_assert_nonnull(strstr(look->problem, row->problem));
	}
	if (look->state != LOOK_REFUSED && look->state != LOOK_LATER) {
		g_assert_false(hash_equal(&look->digest, &nothing));
	}
	g_assert_null(kube_value_at(look->live, "metadata", "managedFields", NULL));
	g_assert_true((look->raw != NULL) == (look->live != NULL && row->goes));
	if (row->rounds > 0) {
		g_assert_cmpint(tries("demo", row->name), ==, row->rounds);
	}
}

static void look_at_all(void)
{
	g_autoptr(cluster_auto) c = open_cluster();
	g_autoptr(GPtrArray) looks = looks_new();
	g_autoptr(kube_value_auto) body = kube_value_map();
	struct kube_id ids[G_N_ELEMENTS(rows)];
	const struct look_options options = {0};
	g_autoptr(GError) error = NULL;
	bool ok;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		ids[i] = (struct kube_id){.group = config_maps.group,
					  .version = config_maps.version,
					  .kind = config_maps.kind,
					  .namespace = (char *)"demo",
					  .name = (char *)rows[i].name};
		look_add(looks, &ids[i], &config_maps, rows[i].goes ? NULL : body)->force =
			rows[i].force;
	}
	ok = look_run(c, looks, &options, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		check(&rows[i], looks->pdata[i]);
	}
}

/* Of these, twice the same: what the cache knows is not tried again, and is what it would be. */
static const struct {
	const char *name;
	int first, second; /* dry runs, in all */
} remembered[] = {
	{LIVE ":" SAME, 1, 1},
	{LIVE ":" SAME "!", 1, 2},
	{LIVE ":" CHANGE, 1, 2},
	{NONE ":" CREATE, 1, 2},
	{EDITED ":" CONFLICT "," FORCED "," CONFLICT "," FORCED, 2, 4},
	{LIVE "," EDITED ":" SAME "," FORCED, 1, 2}, // it has changed
	{EDITED ":" SAME, 3, 6},
};

static void look_by_cache(struct cluster *c, struct same_cache *cache, const char *who,
			  struct hash *digests)
{
	g_autoptr(GPtrArray) looks = looks_new();
	g_autoptr(kube_value_auto) body = kube_value_map();
	struct kube_id ids[G_N_ELEMENTS(remembered)];
	const struct look_options options = {.cache = cache, .who = who};
	g_autoptr(GError) error = NULL;
	bool ok;

	for (size_t i = 0; i < G_N_ELEMENTS(remembered); i++) {
		ids[i] = (struct kube_id){.group = config_maps.group,
					  .version = config_maps.version,
					  .kind = config_maps.kind,
					  .namespace = (char *)"cached",
					  .name = (char *)remembered[i].name};
		look_add(looks, &ids[i], &config_maps, body)->force = true;
	}
	ok = look_run(c, looks, &options, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
	for (size_t i = 0; i < G_N_ELEMENTS(remembered); i++) {
		const struct look *look = looks->pdata[i];

		digests[i] = look->digest;
		g_assert_true((look->warnings != NULL) ==
			      (strchr(remembered[i].name, '!') != NULL));
	}
}

static void some_are_remembered(void)
{
	g_autoptr(cluster_auto) c = open_cluster();
	g_autoptr(same_cache_auto) cache = same_cache_load("/nonexistent", 1800000000);
	struct hash first[G_N_ELEMENTS(remembered)], second[G_N_ELEMENTS(remembered)];

	look_by_cache(c, cache, "alice", first);
	for (size_t i = 0; i < G_N_ELEMENTS(remembered); i++) {
		g_test_message("%s", remembered[i].name);
		g_assert_cmpint(tries("cached", remembered[i].name), ==, remembered[i].first);
	}
	look_by_cache(c, cache, "alice", second);
	for (size_t i = 0; i < G_N_ELEMENTS(remembered); i++) {
		g_test_message("%s", remembered[i].name);
		g_assert_cmpint(tries("cached", remembered[i].name), ==, remembered[i].second);
		g_assert_true(i == 5 || hash_equal(&first[i], &second[i]));
	}
	/* What one was told is nothing to another. */
	look_by_cache(c, cache, "bob", second);
	g_assert_cmpint(tries("cached", remembered[0].name), ==, 2);
	g_assert_true(hash_equal(&first[0], &second[0]));
}

/* Nothing is asked about a Secret that nobody could mask, nor about a kind that is not there. */
static void some_are_not_asked_for(void)
{
	g_autoptr(cluster_auto) c = open_cluster();
	g_autoptr(GPtrArray) looks = looks_new();
	g_autoptr(kube_value_auto) body = kube_value_map();
	struct kube_id id = {.group = (char *)"",
			     .version = (char *)"v1",
			     .kind = (char *)"Secret",
			     .namespace = (char *)"demo",
			     .name = (char *)"unasked:unasked"};
	struct kube_id other = id;
	struct kube_kind kind = config_maps;
	const struct look_options options = {0};
	struct look *secret, *later;
	g_autoptr(GError) error = NULL;
	bool ok;

	other.kind = (char *)"Widget";
	secret = look_add(looks, &id, &kind, body);
	kind.resource = NULL;
	later = look_add(looks, &other, &kind, body);
	ok = look_run(c, looks, &options, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
	g_assert_cmpint(secret->state, ==, LOOK_REFUSED);
	g_assert_nonnull(strstr(secret->problem, "sealing key"));
	g_assert_cmpint(later->state, ==, LOOK_LATER);
	g_assert_nonnull(later->wanted);
	g_assert_cmpint(
		fake_api_count("/as/beta/api/v1/namespaces/demo/configmaps/unasked:unasked"), ==,
		0);
}

int main(int argc, char **argv)
{
	int rc;

	g_test_init(&argc, &argv, NULL);
	fake_api_start();
	g_test_add_func("/kubernetes-look/recorded", look_at_all);
	g_test_add_func("/kubernetes-look/unasked", some_are_not_asked_for);
	g_test_add_func("/kubernetes-look/remembered", some_are_remembered);
	rc = g_test_run();
	fake_api_stop();
	return rc;
}
