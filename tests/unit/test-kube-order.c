/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the order of kinds, and of what is never pruned. */
#include "kube/order.h"

#include <string.h>

#include "unit/kube-vectors.h"

/* As they are to be applied; ids of inventories. */
static const struct {
	const char *id;
	enum kube_stage stage;
	bool grave;
} wanted[] = {
	{"_a__Namespace", KUBE_STAGE_GROUND, true},
	{"_b__Namespace", KUBE_STAGE_GROUND, true},
	{"_a_apiextensions.k8s.io_CustomResourceDefinition", KUBE_STAGE_GROUND, true},
	{"_a_rbac.authorization.k8s.io_ClusterRole", KUBE_STAGE_GROUND, false},
	{"_z_scheduling.k8s.io_PriorityClass", KUBE_STAGE_CLASSES, false},
	{"_a_storage.k8s.io_StorageClass", KUBE_STAGE_CLASSES, false},
	{"_a_gateway.networking.k8s.io_GatewayClass", KUBE_STAGE_CLASSES, false},
	{"_a_rbac.authorization.k8s.io_ClusterRoleBinding", KUBE_STAGE_REST, false},
	{"n_a__ResourceQuota", KUBE_STAGE_REST, false},
	{"n_a__ServiceAccount", KUBE_STAGE_REST, false},
	{"n_a_rbac.authorization.k8s.io_Role", KUBE_STAGE_REST, false},
	{"n_a_rbac.authorization.k8s.io_RoleBinding", KUBE_STAGE_REST, false},
	{"a_z__ConfigMap", KUBE_STAGE_REST, false},
	{"n_a__ConfigMap", KUBE_STAGE_REST, false},
	{"n_b__ConfigMap", KUBE_STAGE_REST, false},
	{"a_a__Secret", KUBE_STAGE_REST, false},
	{"n_a__PersistentVolumeClaim", KUBE_STAGE_REST, true},
	{"n_a__Service", KUBE_STAGE_REST, false},
	{"n_a_apps_Deployment", KUBE_STAGE_REST, false},
	{"n_a_apps_StatefulSet", KUBE_STAGE_REST, false},
	{"n_a_batch_CronJob", KUBE_STAGE_REST, false},
	{"n_a_policy_PodDisruptionBudget", KUBE_STAGE_REST, false},
	/* Another's kind of the same name waits with the others. */
	{"n_a_autoscaling_HorizontalPodAutoscaler", KUBE_STAGE_REST, false},
	{"n_a_example.org_Namespace", KUBE_STAGE_REST, false},
	{"n_a_example.org_Widget", KUBE_STAGE_REST, false},
	{"n_a_networking.k8s.io_Ingress", KUBE_STAGE_REST, false},
	{"_a_admissionregistration.k8s.io_MutatingWebhookConfiguration", KUBE_STAGE_HOOKS, false},
	{"_a_admissionregistration.k8s.io_ValidatingWebhookConfiguration", KUBE_STAGE_HOOKS, false},
	{"_v1.m_apiregistration.k8s.io_APIService", KUBE_STAGE_HOOKS, false},
};

static struct kube_id *inventory(const char *text)
{
	struct kube_id *id = NULL;

	g_assert_true(kube_id_parse_inventory(text, &id, NULL));
	return id;
}

static void test_order(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
		g_autoptr(kube_id_auto) a = inventory(wanted[i].id);

		g_assert_cmpint(kube_order_stage(a), ==, wanted[i].stage);
		g_assert_true(kube_order_is_grave(a) == wanted[i].grave);
		for (size_t j = 0; j < G_N_ELEMENTS(wanted); j++) {
			g_autoptr(kube_id_auto) b = inventory(wanted[j].id);
			int order = kube_order_compare(a, b), back = kube_order_compare_prune(a, b);

			g_test_message("%s, %s", wanted[i].id, wanted[j].id);
			g_assert_true((order < 0) == (i < j) && (order > 0) == (i > j));
			g_assert_true((back < 0) == (i > j) && (back > 0) == (i < j));
		}
	}
}

static void test_takes(void)
{
	static const struct {
		const char *gone, *live, *id;
		bool takes;
	} cases[] = {
		{"_shop__Namespace", "{}", "shop_web_apps_Deployment", true},
		{"_shop__Namespace", "{}", "shop_assent-shop__ConfigMap", true},
		{"_shop__Namespace", "{}", "shop-2_web_apps_Deployment", false},
		{"_shop__Namespace", "{}", "_shop_rbac.authorization.k8s.io_ClusterRole", false},
		{"_shop_example.org_Namespace", "{}", "shop_web_apps_Deployment", false},
		{"_shops.example.org_apiextensions.k8s.io_CustomResourceDefinition",
		 "{\"spec\":{\"group\":\"example.org\",\"names\":{\"kind\":\"Shop\"}}}",
		 "shop_web_example.org_Shop", true},
		{"_shops.example.org_apiextensions.k8s.io_CustomResourceDefinition",
		 "{\"spec\":{\"group\":\"example.org\",\"names\":{\"kind\":\"Shop\"}}}",
		 "shop_web_example.org_Shelf", false},
		{"_shops.example.org_apiextensions.k8s.io_CustomResourceDefinition",
		 "{\"spec\":{\"group\":\"example.org\",\"names\":{\"kind\":\"Shop\"}}}",
		 "shop_web_example.net_Shop", false},
		{"_shops.example.org_apiextensions.k8s.io_CustomResourceDefinition", "{}",
		 "shop_web_example.org_Shop", false},
		{"shop_web__PersistentVolumeClaim", "{}", "shop_web_apps_Deployment", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_id_auto) gone = inventory(cases[i].gone);
		g_autoptr(kube_id_auto) id = inventory(cases[i].id);
		g_autoptr(kube_value_auto) live = kube_vector_parse(cases[i].live);

		g_test_message("%s, %s", cases[i].gone, cases[i].id);
		g_assert_true(kube_order_takes(gone, live, id) == cases[i].takes);
	}
}

static enum kube_prune judge(const char *uid, const char *set, const char *mark, const char *rest,
			     const char *annotation)
{
	g_autofree char *text = g_strdup_printf("{\"metadata\":{\"uid\":\"%s\",\"labels\":{"
						"\"applyset.kubernetes.io/part-of\":\"%s\"},"
						"\"annotations\":{\"assent.org/id\":\"%s\"%s}%s}}",
						uid, set, mark, annotation, rest);
	g_autoptr(kube_value_auto) live = kube_vector_parse(text);
	g_autoptr(kube_id_auto) id = inventory("shop_web_apps_Deployment");

	return kube_order_judge_prune(live, &(struct kube_prune_of){id, "u1", "web1/shop", "set1"});
}

static void test_prune(void)
{
#define MARK "web1/shop:apps/Deployment:shop/web"
	static const struct {
		const char *uid, *set, *mark, *rest, *annotation;
		enum kube_prune verdict;
	} cases[] = {
		{"u1", "set1", MARK, "", "", KUBE_PRUNE_ALLOWED},
		{"u2", "set1", MARK, "", "", KUBE_PRUNE_RECREATED},
		{"", "set1", MARK, "", "", KUBE_PRUNE_RECREATED},
		{"u1", "set2", MARK, "", "", KUBE_PRUNE_OTHERS},
		{"u1", "", MARK, "", "", KUBE_PRUNE_OTHERS},
		{"u1", "set1", "", "", "", KUBE_PRUNE_OTHERS},
		{"u1", "set1", "web2/shop:apps/Deployment:shop/web", "", "", KUBE_PRUNE_OTHERS},
		{"u1", "set1", "web1/shop:apps/Deployment:shop/web2", "", "", KUBE_PRUNE_COPIED},
		{"u1", "set1", MARK, "", ",\"assent.org/prune\":\"disabled\"",
		 KUBE_PRUNE_PROTECTED},
		{"u1", "set1", MARK, "", ",\"assent.org/prune\":\"never\"", KUBE_PRUNE_PROTECTED},
		{"u1", "set1", MARK, "", ",\"assent.org/prune\":\"enabled\"", KUBE_PRUNE_ALLOWED},
		{"u1", "set1", MARK, "", ",\"kustomize.toolkit.fluxcd.io/prune\":\"Disabled\"",
		 KUBE_PRUNE_PROTECTED},
		{"u1", "set1", MARK, "",
		 ",\"argocd.argoproj.io/sync-options\":\"Validate=false, Prune=false\"",
		 KUBE_PRUNE_PROTECTED},
		{"u1", "set1", MARK, "", ",\"argocd.argoproj.io/sync-options\":\"Delete=false\"",
		 KUBE_PRUNE_PROTECTED},
		{"u1", "set1", MARK, "", ",\"argocd.argoproj.io/sync-options\":\"NoPrune=false\"",
		 KUBE_PRUNE_ALLOWED},
		{"u1", "set1", MARK, "", ",\"helm.sh/resource-policy\":\"keep\"",
		 KUBE_PRUNE_PROTECTED},
		{"u1", "set1", MARK, ",\"ownerReferences\":[{\"controller\":true}]", "",
		 KUBE_PRUNE_OWNED},
		{"u1", "set1", MARK, ",\"ownerReferences\":[{\"controller\":false}]", "",
		 KUBE_PRUNE_ALLOWED},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		enum kube_prune verdict = judge(cases[i].uid, cases[i].set, cases[i].mark,
						cases[i].rest, cases[i].annotation);

		g_test_message("case %zu: %s", i, kube_prune_text(verdict));
		g_assert_cmpint(verdict, ==, cases[i].verdict);
	}
}

/* Members that kubectl or a label alone made are not ours, though the set is the one we would know.
 */
static void test_prune_others_tools(void)
{
	g_autoptr(kube_value_auto) parent = kube_vector("applyset-01-parent-secret.json");
	g_autoptr(kube_value_auto) member = kube_vector("applyset-02-member.json");
	g_autofree char *known = kube_id_applyset("my-set", "demo", "Secret", "");
	g_autoptr(kube_id_auto) id = NULL;
	const char *set;

	g_assert_true(kube_id_from_object(member, &id, NULL));
	kube_value_set(kube_value_get(member, "metadata"), "uid", kube_value_string("u1", -1));
	set = kube_value_str_at(member, "metadata", "labels", KUBE_ID_PART_OF, NULL);
	g_assert_cmpstr(set, ==, known);
	g_assert_cmpstr(
		kube_value_str_at(parent, "metadata", "labels", "applyset.kubernetes.io/id", NULL),
		==, known);
	g_assert_cmpint(
		kube_order_judge_prune(member, &(struct kube_prune_of){id, "u1", "web1/shop", set}),
		==, KUBE_PRUNE_OTHERS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/order/order", test_order);
	g_test_add_func("/kube/order/takes", test_takes);
	g_test_add_func("/kube/order/prune", test_prune);
	g_test_add_func("/kube/order/prune-others-tools", test_prune_others_tools);
	return g_test_run();
}
