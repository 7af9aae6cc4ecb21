/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/plan.h: objects of clusters in plans. */
#include <glib.h>
#include <string.h>

#include "core/restore.h"
#include "unit/plans.h"

#define SEALED "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define UID "6f1d7c1c-29f6-4c0b-9a70-3a9f6d1c7f11"
#define COUNT 5

static const struct plan_object deployment = {.cluster = "0c5e6a9c-uid-of-kube-system",
					      .group = "apps",
					      .version = "v1",
					      .kind = "Deployment",
					      .namespace = "shop",
					      .name = "web",
					      .resource = "deployments",
					      .namespaced = true,
					      .has_status = true,
					      .force = true,
					      .replace = true,
					      .wait = true,
					      .within = 300,
					      .set = "applyset-x-v1",
					      .owner = "web1/shop",
					      .from = "kubernetes:prod/manifests"};
static const struct plan_object secret = {.cluster = "https://10.0.0.1:6443",
					  .group = "",
					  .version = "v1",
					  .kind = "Secret",
					  .namespace = "shop",
					  .name = "db",
					  .resource = "secrets",
					  .namespaced = true,
					  .owner = "web1/shop"};
static const struct plan_object role = {.cluster = "https://10.0.0.1:6443",
					.group = "rbac.authorization.k8s.io",
					.version = "v1",
					.kind = "ClusterRole",
					.namespace = "",
					.name = "system:x",
					.resource = "clusterroles",
					.owner = "web1/shop"};

static struct plan_change change_of(const char *id, const struct plan_object *object,
				    enum plan_action action)
{
	bool was = action != ACTION_CREATE, will = action != ACTION_REMOVE;
	struct plan_change c = {.id = id,
				.kind = "kubernetes",
				.manager = "prod",
				.action = action,
				.object = object,
				.observed = PLAN_STATE(was ? STATE_OBJECT : STATE_ABSENT),
				.desired = PLAN_STATE(will ? STATE_OBJECT : STATE_ABSENT)};

	if (was) {
		c.observed.object_uid = UID;
		c.observed.size = 0;
		memset(c.observed.digest.bytes, 1, sizeof(c.observed.digest.bytes));
	}
	if (will) {
		c.desired.size = 0;
		memset(c.desired.digest.bytes, 2, sizeof(c.desired.digest.bytes));
	}
	return c;
}

struct rig {
	struct plan plan;
	struct plan_commit commit;
	struct plan_change changes[COUNT];
	char *text;
	size_t len;
	struct plan *back;
};

static void rig_init(struct rig *rig)
{
	struct assent_error err = {0};
	struct plan_change unused;
	struct plan_change *c = rig->changes;

	*rig = (struct rig){0};
	plan_rig_sample(&rig->plan, &unused, &rig->commit);
	c[0] = change_of("k8s:prod/shop/Deployment/web", &deployment, ACTION_REPLACE);
	c[1] = change_of("k8s:prod/shop/Secret/db", &secret, ACTION_UPDATE);
	c[1].risk = RISK_SECRET;
	c[1].desired.keyed = "0123456789abcdef";
	c[1].desired.sealed = SEALED;
	c[2] = change_of("k8s:prod/ClusterRole/system:x", &role, ACTION_CREATE);
	c[2].risk = RISK_CLUSTER;
	c[3] = change_of("k8s:prod/ClusterRole/system:y", &role, ACTION_CREATE);
	c[3].risk = RISK_CLUSTER;
	c[3].observed.dry_run = true;
	c[3].observed.size = 0;
	memset(c[3].observed.digest.bytes, 3, sizeof(c[3].observed.digest.bytes));
	c[4] = change_of("k8s:prod/shop/Deployment/old", &deployment, ACTION_REMOVE);
	c[4].risk = RISK_DELETION;
	rig->plan.changes = c;
	rig->plan.changes_count = COUNT;
	if (plan_write(&rig->text, &rig->len, &rig->plan, &err) != 0) {
		g_error("%s", err.text);
	}
	g_assert_cmpint(plan_parse(&rig->back, rig->text, rig->len, NULL), ==, 0);
	g_assert_cmpuint(rig->back->changes_count, ==, COUNT);
}

static void rig_clear(struct rig *rig)
{
	plan_free(rig->back);
	free(rig->text);
}

static void survives(void)
{
	const struct plan_object *o;
	struct rig rig;

	rig_init(&rig);
	for (size_t i = 0; i < COUNT; i++) {
		const struct plan_change *was = &rig.changes[i], *is = &rig.back->changes[i];

		g_assert_cmpstr(is->id, ==, was->id);
		g_assert_cmpstr(is->manager, ==, "prod");
		g_assert_true(plan_state_equal(&is->observed, &was->observed));
		g_assert_true(plan_state_equal(&is->desired, &was->desired));
		g_assert_true(plan_object_equal(is->object, was->object));
		g_assert_true(is->object->namespaced == was->object->namespaced);
	}
	o = rig.back->changes[0].object;
	g_assert_true(o->wait && o->has_status && o->force && o->replace);
	g_assert_cmpint(o->within, ==, 300);
	g_assert_cmpstr(o->from, ==, "kubernetes:prod/manifests");
	g_assert_cmpstr(o->set, ==, "applyset-x-v1");
	o = rig.back->changes[1].object;
	g_assert_false(o->wait || o->has_status || o->force || o->replace);
	g_assert_null(o->from);
	g_assert_null(o->set);
	g_assert_cmpstr(o->group, ==, "");
	g_assert_cmpstr(rig.back->changes[1].desired.sealed, ==, SEALED);
	g_assert_false(rig.back->changes[2].observed.dry_run);
	g_assert_true(rig.back->changes[3].observed.dry_run);
	rig_clear(&rig);
}

/* The corpus of fuzz-plan has it too. To write it anew: ASSENT_TEST_WRITE=DIR test-plan-object,
 * then copy from there. */
static void fixture_is_this_one(void)
{
	g_autofree char *file =
		g_test_build_filename(G_TEST_DIST, "data", "plans", "objects.json", NULL);
	const char *dir = g_getenv("ASSENT_TEST_WRITE");
	g_autofree char *text = NULL;
	char *again = NULL;
	struct rig rig;
	gsize len;
	size_t size;

	rig_init(&rig);
	if (dir != NULL) {
		g_autofree char *out = g_build_filename(dir, "objects.json", NULL);

		g_assert_true(g_file_set_contents(out, rig.text, (gssize)rig.len, NULL));
	}
	g_assert_true(g_file_get_contents(file, &text, &len, NULL));
	g_assert_cmpmem(text, len, rig.text, rig.len);
	g_assert_cmpint(plan_write(&again, &size, rig.back, NULL), ==, 0);
	g_assert_cmpmem(again, size, rig.text, rig.len);
	free(again);
	rig_clear(&rig);
}

static void what_is_wrong_is_refused(void)
{
	static const char *const edits[][2] = {
		{"\"manager\":\"prod\",", ""},
		{"\"manager\":\"prod\"", "\"manager\":\"\""},
		{"\"group\":\"apps\"", "\"group\":\"\""},
		{"\"group\":\"apps\"", "\"group\":\"a/b\""},
		{"\"kind\":\"Deployment\",", ""},
		{"\"name\":\"web\"", "\"name\":\"..\""},
		{"\"name\":\"web\"", "\"name\":\"a%2Fb\""},
		{"\"name\":\"web\"", "\"name\":\"a?dryRun=\""},
		{"\"namespace\":\"shop\"", "\"namespace\":\".\""},
		{"\"version\":\"v1\",", ""},
		{"\"resource\":\"deployments\",", ""},
		{"\"owner\":\"web1/shop\",", ""},
		{"\"cluster\":\"0c5e6a9c-uid-of-kube-system\",", ""},
		{"\"force\":true", "\"force\":false"},
		{"\"force\":true", "\"force\":1"},
		{"\"has_status\":true", "\"has_status\":false"},
		{"\"within\":300", "\"within\":0"},
		{"\"within\":300", "\"within\":86401"},
		/* a replacement without the right to it, and what else does not lead there */
		{"\"replace\":true,", ""},
		{"\"action\":\"replace\"", "\"action\":\"create\""},
		{"\"action\":\"replace\"", "\"action\":\"remove\""},
		{"\"action\":\"replace\"", "\"action\":\"restart\""},
		{"\"action\":\"create\"", "\"action\":\"update\""},
		{"\"action\":\"remove\"", "\"action\":\"update\""},
		/* states */
		{",\"object_uid\":\"" UID "\"", ""},
		{"\"object_uid\":\"" UID "\"", "\"object_uid\":\"\""},
		{",\"sealed\":\"" SEALED "\"", ""},
		{"\"desired\":{\"digest\"", "\"desired\":{\"archive\""},
		{"\"type\":\"object\"", "\"type\":\"file\""},
		{"\"type\":\"object\"", "\"mode\":420,\"type\":\"object\""},
		/* kinds and risks */
		{"\"kind\":\"kubernetes\"", "\"kind\":\"service\""},
		{"\"risk\":[\"secret\"]", "\"risk\":[]"},
		{"\"risk\":[\"cluster\"]", "\"risk\":[\"root\"]"},
		{"\"risk\":[]", "\"path\":\"/x\",\"risk\":[]"},
	};
	struct rig rig;

	rig_init(&rig);
	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		g_auto(GStrv) parts = g_strsplit(rig.text, edits[i][0], 2);
		g_autofree char *text = NULL;
		struct assent_error err = {0};
		struct plan *plan = NULL;

		g_test_message("%s to %s", edits[i][0], edits[i][1]);
		g_assert_nonnull(parts[0]);
		g_assert_nonnull(parts[1]);
		text = g_strconcat(parts[0], edits[i][1], parts[1], NULL);
		g_assert_cmpint(plan_parse(&plan, text, strlen(text), &err), <, 0);
		g_test_message("%s", err.text);
		g_assert_null(strstr(err.text, "canonical"));
	}
	rig_clear(&rig);
}

/* A Secret whose digest anybody could guess the value by. */
static void a_plain_secret_is_refused(void)
{
	struct assent_error err = {0};
	struct rig rig;
	char *text = NULL;
	size_t len;

	rig_init(&rig);
	rig.changes[1].desired.keyed = rig.changes[1].desired.sealed = NULL;
	g_assert_cmpint(plan_write(&text, &len, &rig.plan, &err), <, 0);
	g_assert_nonnull(strstr(err.text, "keyed"));
	rig_clear(&rig);
}

static void differences_are_seen(void)
{
	struct plan_change c = change_of("x", &deployment, ACTION_UPDATE);
	struct plan_state a = c.observed, b = c.observed;

	g_assert_true(plan_state_equal(&a, &b));
	b.digest.bytes[31] ^= 1;
	g_assert_false(plan_state_equal(&a, &b));
	b = a;
	b.object_uid = "another";
	g_assert_false(plan_state_equal(&a, &b));
	b.object_uid = NULL;
	g_assert_false(plan_state_equal(&a, &b));
	/* What was tried and what could not be tried are two things, and so are two tries. */
	a = PLAN_STATE(STATE_ABSENT);
	b = a;
	g_assert_true(plan_state_equal(&a, &b));
	b.dry_run = true;
	g_assert_false(plan_state_equal(&a, &b));
	a = b;
	g_assert_true(plan_state_equal(&a, &b));
	b.digest.bytes[0] = 1;
	g_assert_false(plan_state_equal(&a, &b));
}

static void the_resource_that_asks_is_told(void)
{
	struct plan_change c =
		change_of("k8s:prod/shop/Deployment/web", &deployment, ACTION_UPDATE);
	char *text = plan_change_resource(&c);

	g_assert_cmpstr(text, ==, "kubernetes:prod/manifests");
	free(text);
	c.object = &secret;
	text = plan_change_resource(&c);
	g_assert_cmpstr(text, ==, c.id);
	free(text);
}

/* Put back is the body that was approved, in that cluster and with no more rights. */
static void restores_what_was_approved_alone(void)
{
	struct plan approved = {.agent = "a", .stack = "s", .seq = 1, .reason = "commit"};
	const struct plan *plans[] = {&approved};
	struct plan_change was =
		change_of("k8s:prod/shop/Deployment/web", &deployment, ACTION_CREATE);
	struct plan_object object = deployment;
	struct plan_change now = was;
	struct restore *r = NULL;

	approved.changes = &was;
	approved.changes_count = 1;
	g_assert_cmpint(restore_open(&r, plans, 1, false, NULL), ==, 0);
	now.action = ACTION_UPDATE;
	now.observed = change_of("x", &deployment, ACTION_UPDATE).observed;
	now.object = &object;
	g_assert_null(restore_problem(r, &now));
	object.within = 1;
	g_assert_null(restore_problem(r, &now));
	now.desired.digest.bytes[0] ^= 1;
	g_assert_nonnull(restore_problem(r, &now));
	now.desired = was.desired;
	object.cluster = "another";
	g_assert_nonnull(restore_problem(r, &now));
	object = deployment;
	object.force = false;
	g_assert_null(restore_problem(r, &now));
	object.replace = false;
	g_assert_nonnull(restore_problem(r, &now));
	object = deployment;
	now.desired = PLAN_STATE(STATE_ABSENT);
	now.action = ACTION_REMOVE;
	g_assert_nonnull(restore_problem(r, &now));
	restore_free(r);
}

/* What a renderer made is named in plan and draft. */
static void rendered_is_named(void)
{
	static const char *const edits[][2] = {
		{"\"from\":\"kubernetes:prod/a\"", "\"from\":\"kubernetes:prod/z\""},
		{"\"from\":\"kubernetes:prod/a\"", "\"from\":\"kubernetes:prod/b\""},
		{"\"from\":\"kubernetes:prod/a\",", ""},
		{"\"renderer\":\"helm\"", "\"renderer\":\"\""},
		{",\"sealed\":true", ",\"sealed\":false"},
		{",\"sealed\":true", ",\"sealed\":true,\"x\":1"},
		{"\"program\":\"sha256:", "\"program\":\"sha255:"},
	};
	struct plan_rendered made[] = {
		{.from = "kubernetes:prod/a", .renderer = "helm"},
		{.from = "kubernetes:prod/b", .renderer = "kustomize", .sealed = true},
	};
	struct plan *back = NULL;
	struct rig rig;
	char *text;
	size_t len;

	rig_init(&rig);
	memset(made[0].program.bytes, 1, sizeof(made[0].program.bytes));
	memset(made[0].input.bytes, 2, sizeof(made[0].input.bytes));
	memset(made[0].object.bytes, 3, sizeof(made[0].object.bytes));
	rig.plan.rendered = made;
	rig.plan.rendered_count = G_N_ELEMENTS(made);
	g_assert_cmpint(plan_draft_write(&text, &len, &rig.plan, NULL), ==, 0);
	g_assert_cmpint(plan_draft_parse(&back, text, len, NULL), ==, 0);
	g_assert_cmpuint(back->rendered_count, ==, 2);
	plan_free(back);
	free(text);
	g_assert_cmpint(plan_write(&text, &len, &rig.plan, NULL), ==, 0);
	g_assert_cmpint(plan_parse(&back, text, len, NULL), ==, 0);
	g_assert_cmpuint(back->rendered_count, ==, 2);
	g_assert_cmpstr(back->rendered[0].from, ==, "kubernetes:prod/a");
	g_assert_cmpstr(back->rendered[1].renderer, ==, "kustomize");
	g_assert_true(hash_equal(&back->rendered[0].program, &made[0].program));
	g_assert_true(hash_equal(&back->rendered[0].input, &made[0].input));
	g_assert_true(hash_equal(&back->rendered[0].object, &made[0].object));
	g_assert_false(back->rendered[0].sealed);
	g_assert_true(back->rendered[1].sealed);
	plan_free(back);
	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		g_auto(GStrv) parts = g_strsplit(text, edits[i][0], 2);
		g_autofree char *edited = g_strconcat(parts[0], edits[i][1], parts[1], NULL);

		g_test_message("%s to %s", edits[i][0], edits[i][1]);
		g_assert_nonnull(parts[1]);
		g_assert_cmpint(plan_parse(&back, edited, strlen(edited), NULL), <, 0);
	}
	free(text);
	rig_clear(&rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/plan-object/survives", survives);
	g_test_add_func("/plan-object/fixture", fixture_is_this_one);
	g_test_add_func("/plan-object/wrong", what_is_wrong_is_refused);
	g_test_add_func("/plan-object/plain-secret", a_plain_secret_is_refused);
	g_test_add_func("/plan-object/differences", differences_are_seen);
	g_test_add_func("/plan-object/resource", the_resource_that_asks_is_told);
	g_test_add_func("/plan-object/restores", restores_what_was_approved_alone);
	g_test_add_func("/plan-object/rendered-is-named", rendered_is_named);
	return g_test_run();
}
