/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the names of objects; the ids of other tools are theirs. */
#include "kube/id.h"

#include <string.h>

#include "base/error.h"

static struct kube_id *object(const char *text, GError **error)
{
	g_autoptr(kube_value_auto) value = NULL;
	struct kube_id *id = NULL;

	g_assert_true(kube_value_parse(text, strlen(text), 1 << 20, &value, NULL));
	if (!kube_id_from_object(value, &id, error)) {
		g_assert_null(id);
	}
	return id;
}

static struct kube_id *inventory(const char *text)
{
	struct kube_id *id = NULL;

	g_assert_true(kube_id_parse_inventory(text, &id, NULL));
	return id;
}

static void test_versions(void)
{
	static const char *const good[][3] = {
		{"v1", "", "v1"},
		{"apps/v1", "apps", "v1"},
		{"rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io", "v1beta1"}};
	static const char *const bad[] = {
		"",	 "/",	  "/v1",   "apps/", "a/b/v1",  "Apps/v1", "V1",	       "a..b/v1",
		".a/v1", "a./v1", "-a/v1", "v1 ",   "a%2f/v1", "../v1",	  "apps/v1\n", "v1/../v2"};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *group = NULL, *version = NULL;

		g_assert_true(kube_id_parse_version(good[i][0], &group, &version, NULL));
		g_assert_cmpstr(group, ==, good[i][1]);
		g_assert_cmpstr(version, ==, good[i][2]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		char *group = NULL, *version = NULL;

		g_assert_false(kube_id_parse_version(bad[i], &group, &version, &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
		g_assert_null(strpbrk(error->message, "\n"));
		g_assert_true(group == NULL && version == NULL);
	}
}

static void test_objects(void)
{
	static const char *const bad[] = {
		"null",
		"[]",
		"{\"kind\":\"A\",\"metadata\":{\"name\":\"a\"}}",
		"{\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\"}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"generateName\":\"a-\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":\"\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":\"..\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":\"a/b\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":\"a%2e\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":\"a\\u0000\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":\"a\\n\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":5}}",
		"{\"apiVersion\":1,\"kind\":\"A\",\"metadata\":{\"name\":\"a\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A/B\",\"metadata\":{\"name\":\"a\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":\"a\","
		"\"namespace\":\"A\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"A\",\"metadata\":{\"name\":\"a\","
		"\"namespace\":\"a/b\"}}",
	};
	g_autoptr(kube_id_auto) id = object("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
					    "\"metadata\":{\"name\":\"web\",\"namespace\":null}}",
					    NULL);
	g_autofree char *version = kube_id_version(id);

	g_assert_cmpstr(id->group, ==, "apps");
	g_assert_cmpstr(id->kind, ==, "Deployment");
	g_assert_cmpstr(id->name, ==, "web");
	g_assert_cmpstr(id->namespace, ==, "");
	g_assert_cmpstr(version, ==, "apps/v1");
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("case %zu", i);
		g_assert_null(object(bad[i], &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
		g_assert_null(strpbrk(error->message, "\n"));
	}
}

static void test_plan_ids(void)
{
	static const char *const cases[][3] = {
		{"shop_web_apps_Deployment", "prod", "k8s:prod/shop/Deployment/web"},
		{"_shop__Namespace", "prod", "k8s:prod/Namespace/shop"},
		{"shop_w_example.org_Widget", "prod", "k8s:prod/shop/Widget.example.org/w"},
		{"shop_e__Event", "p", "k8s:p/shop/Event/e"},
		{"shop_e_events.k8s.io_Event", "p", "k8s:p/shop/Event.events.k8s.io/e"},
		{"shop_c__ConfigMap", "arn:aws:eks:x:1:cluster/a%b",
		 "k8s:arn:aws:eks:x:1:cluster%2Fa%25b/shop/ConfigMap/c"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_id_auto) id = inventory(cases[i][0]);
		g_autofree char *text = kube_id_plan(id, cases[i][1]);

		g_assert_cmpstr(text, ==, cases[i][2]);
	}
}

static void test_inventory(void)
{
	static const char *const good[][5] = {
		{"test-namespace_test-name_apps_Deployment", "test-namespace", "test-name", "apps",
		 "Deployment"},
		{"_test-name_apps_ReplicaSet", "", "test-name", "apps", "ReplicaSet"},
		{"test-namespace_kubeadm__nodes-kubeadm-config_rbac.authorization.k8s.io_Role",
		 "test-namespace", "kubeadm:nodes-kubeadm-config", "rbac.authorization.k8s.io",
		 "Role"},
		{"_system__a__b_rbac.authorization.k8s.io_ClusterRoleBinding", "", "system:a:b",
		 "rbac.authorization.k8s.io", "ClusterRoleBinding"},
		{"n_a:b_example.org_Widget", "n", "a:b", "example.org", "Widget"},
		{"n_c__ConfigMap", "n", "c", "", "ConfigMap"},
	};
	static const char *const bad[] = {"",
					  "_",
					  "___",
					  "a",
					  "_test-name_apps",
					  "test-namespace_test-name_apps_foo_Deployment",
					  "n_a__b_example.org_Widget",
					  "n__apps_Deployment",
					  "n_a_apps_",
					  "N_a_apps_Deployment",
					  "n_.._apps_Deployment",
					  "n_a/b_apps_Deployment",
					  "n_a_Apps_Deployment"};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(kube_id_auto) id = inventory(good[i][0]);
		g_autofree char *text = NULL;

		g_assert_cmpstr(id->namespace, ==, good[i][1]);
		g_assert_cmpstr(id->name, ==, good[i][2]);
		g_assert_cmpstr(id->group, ==, good[i][3]);
		g_assert_cmpstr(id->kind, ==, good[i][4]);
		g_assert_true(kube_id_inventory(id, &text, NULL));
		g_assert_cmpstr(text, ==, good[i][0]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct kube_id *id = NULL;

		g_test_message("%s", bad[i]);
		g_assert_false(kube_id_parse_inventory(bad[i], &id, &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
		g_assert_null(id);
	}
}

/* Two objects must not share an id. */
static void test_inventory_refuses(void)
{
	g_autoptr(kube_id_auto) id =
		object("{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"Role\","
		       "\"metadata\":{\"name\":\"a__b\",\"namespace\":\"n\"}}",
		       NULL);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	g_assert_false(kube_id_inventory(id, &text, &error));
	g_assert_nonnull(error);
	g_assert_null(text);
}

static void test_applyset(void)
{
	static const char *const cases[][5] = {
		{"my-set", "test", "Secret", "",
		 "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1"},
		{"my-set", "", "ApplySet", "company.com",
		 "applyset-rhp1a-HVAVT_dFgyEygyA1BEB82HPp2o10UiFTpqtAs-v1"},
		{"my-set", "demo", "Secret", "",
		 "applyset-I6i8Md6pk83rrq8tCN4IerCoq90NasGHmWN9HAn-rzw-v1"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *id =
			kube_id_applyset(cases[i][0], cases[i][1], cases[i][2], cases[i][3]);

		g_assert_cmpstr(id, ==, cases[i][4]);
	}
}

static void test_marks(void)
{
	static const struct {
		const char *text;
		enum kube_mark mark;
	} cases[] = {
		{NULL, KUBE_MARK_NONE},
		{"", KUBE_MARK_NONE},
		{"web1/shop", KUBE_MARK_NONE},
		{"web1/shop:apps/Deployment", KUBE_MARK_NONE},
		{":apps/Deployment:shop/web", KUBE_MARK_NONE},
		{"web1/shop:apps:shop/web", KUBE_MARK_NONE},
		{"web1/shop:apps/Deployment:shop/web", KUBE_MARK_OURS},
		{"web2/shop:apps/Deployment:shop/web", KUBE_MARK_OTHERS},
		{"web1/shop:apps/Deployment:shop/web2", KUBE_MARK_COPIED},
		{"web1/shop:apps/Deployment:test/web", KUBE_MARK_COPIED},
		{"web1/shop:apps/StatefulSet:shop/web", KUBE_MARK_COPIED},
		{"web1/shop:extensions/Deployment:shop/web", KUBE_MARK_COPIED},
		{"web1/shop:apps/Deployment:shop/web ", KUBE_MARK_COPIED},
	};
	g_autoptr(kube_id_auto) id = inventory("shop_web_apps_Deployment");
	g_autoptr(kube_id_auto) same = kube_id_dup(id);
	g_autoptr(kube_id_auto) cluster = inventory("_a__b_rbac.authorization.k8s.io_ClusterRole");
	g_autofree char *mark = kube_id_mark("web1/shop", id), *other = NULL, *shown = NULL;

	g_assert_cmpstr(mark, ==, "web1/shop:apps/Deployment:shop/web");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("case %zu", i);
		g_assert_cmpint(kube_id_judge_mark(cases[i].text, "web1/shop", id), ==,
				cases[i].mark);
	}
	other = kube_id_mark("w", cluster);
	g_assert_cmpstr(other, ==, "w:rbac.authorization.k8s.io/ClusterRole:/a:b");
	g_assert_cmpint(kube_id_judge_mark(other, "w", cluster), ==, KUBE_MARK_OURS);
	shown = kube_id_text(id);
	g_assert_cmpstr(shown, ==, "Deployment shop/web");
	g_free(same->version);
	same->version = g_strdup("v1beta1");
	g_assert_true(kube_id_equal(id, same));
	g_assert_false(kube_id_equal(id, cluster));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/id/versions", test_versions);
	g_test_add_func("/kube/id/objects", test_objects);
	g_test_add_func("/kube/id/plan", test_plan_ids);
	g_test_add_func("/kube/id/inventory", test_inventory);
	g_test_add_func("/kube/id/inventory-refuses", test_inventory_refuses);
	g_test_add_func("/kube/id/applyset", test_applyset);
	g_test_add_func("/kube/id/marks", test_marks);
	return g_test_run();
}
