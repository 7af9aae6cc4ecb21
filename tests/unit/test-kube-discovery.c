/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of discovery: the recorded documents, and what servers could send beside them. */
#include "kube/discovery.h"

#include <string.h>

#include "base/error.h"
#include "unit/kube-vectors.h"

static void read_vector(struct kube_discovery *d, const char *name)
{
	g_autoptr(kube_value_auto) exchange = kube_vector(name);
	g_autoptr(GError) error = NULL;
	bool ok = kube_discovery_read(d, kube_vector_body(exchange), &error);

	g_assert_no_error(error);
	g_assert_true(ok);
}

static bool read_text(struct kube_discovery *d, const char *text, GError **error)
{
	g_autoptr(kube_value_auto) value = kube_vector_parse(text);

	return kube_discovery_read(d, value, error);
}

static const struct kube_kind *find(const struct kube_discovery *d, const char *group,
				    const char *version, const char *kind)
{
	bool stale;
	const struct kube_kind *found = kube_discovery_find(d, group, version, kind, &stale);

	g_assert_false(stale);
	return found;
}

static void check_path(const struct kube_kind *kind, const char *namespace, const char *name,
		       const char *sub, const char *wanted)
{
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(kind);
	g_assert_true(kube_discovery_path(kind, namespace, name, sub, &path, &error) ==
		      (wanted != NULL));
	g_assert_cmpstr(path, ==, wanted);
	g_assert_true((error != NULL) == (wanted == NULL));
}

/* What both forms must agree on. */
static void check_known(const struct kube_discovery *d)
{
	const struct kube_kind *deployment = find(d, "apps", "v1", "Deployment");
	const struct kube_kind *node = find(d, "", "v1", "Node");
	const struct kube_kind *map = find(d, "", "v1", "ConfigMap");

	check_path(deployment, "shop", "web", NULL,
		   "/apis/apps/v1/namespaces/shop/deployments/web");
	check_path(deployment, "shop", "web", "status",
		   "/apis/apps/v1/namespaces/shop/deployments/web/status");
	check_path(deployment, "", NULL, NULL, "/apis/apps/v1/deployments");
	check_path(deployment, "shop", NULL, NULL, "/apis/apps/v1/namespaces/shop/deployments");
	check_path(deployment, "", "web", NULL, NULL);
	check_path(node, "", "n1", NULL, "/api/v1/nodes/n1");
	check_path(node, "shop", "n1", NULL, NULL);
	check_path(map, "shop", "a:b c?#", NULL,
		   "/api/v1/namespaces/shop/configmaps/a:b%20c%3F%23");
	g_assert_true(deployment->namespaced && deployment->has_status);
	g_assert_true(!node->namespaced && node->has_status);
	g_assert_false(map->has_status);
	g_assert_cmpuint(deployment->verbs, ==,
			 KUBE_VERBS_APPLY | KUBE_VERB_LIST | KUBE_VERB_WATCH | KUBE_VERB_CREATE |
				 KUBE_VERB_DELETE);
	/* It can be created and nothing else. */
	g_assert_cmpuint(find(d, "", "v1", "Binding")->verbs, ==, KUBE_VERB_CREATE);
	g_assert_null(find(d, "apps", "v1", "Scale"));
	g_assert_null(find(d, "apps", "v2", "Deployment"));
	g_assert_null(find(d, "", "v1", "Deployment"));
	g_assert_null(find(d, "example.org", "v1", "Widget"));
}

static void test_aggregated(void)
{
	g_autoptr(kube_discovery_auto) d = kube_discovery_new();
	g_autoptr(GPtrArray) missing = NULL;
	const struct kube_kind *scaler;
	bool stale;

	read_vector(d, "disc-07-api-aggregated-v2beta1.json");
	read_vector(d, "disc-05-apis-aggregated-v2beta1.json");
	missing = kube_discovery_missing(d);
	g_assert_cmpuint(missing->len, ==, 0);
	check_known(d);
	scaler = kube_discovery_preferred(d, "autoscaling", "HorizontalPodAutoscaler", &stale);
	g_assert_false(stale);
	g_assert_cmpstr(scaler->version, ==, "v2");
	g_assert_nonnull(find(d, "autoscaling", "v1", "HorizontalPodAutoscaler"));
}

static void test_legacy(void)
{
	g_autoptr(kube_discovery_auto) d = kube_discovery_new();
	g_autoptr(GPtrArray) missing = NULL, left = NULL;
	bool stale = false;

	read_vector(d, "disc-01-api-legacy.json");
	read_vector(d, "disc-02-apis-legacy.json");
	missing = kube_discovery_missing(d);
	g_assert_cmpuint(missing->len, >, 20);
	g_assert_cmpstr(missing->pdata[0], ==, "/api/v1");
	g_assert_true(
		g_ptr_array_find_with_equal_func(missing, "/apis/apps/v1", g_str_equal, NULL));
	/* Nobody looked yet: that it is absent cannot be believed. */
	g_assert_null(kube_discovery_find(d, "apps", "v1", "Deployment", &stale));
	g_assert_true(stale);

	read_vector(d, "disc-03-apis-apps-v1.json");
	read_vector(d, "disc-04-api-v1.json");
	left = kube_discovery_missing(d);
	g_assert_cmpuint(left->len, ==, missing->len - 2);
	check_known(d);

	kube_discovery_mark_stale(d, "batch", "v1");
	g_ptr_array_unref(left);
	left = kube_discovery_missing(d);
	g_assert_cmpuint(left->len, ==, missing->len - 3);
	g_assert_null(kube_discovery_find(d, "batch", "v1", "Job", &stale));
	g_assert_true(stale);
}

/* A CRD came: its group's document is read after the others. */
static void test_crd(void)
{
	g_autoptr(kube_discovery_auto) d = kube_discovery_new();

	read_vector(d, "crd-05-discovery-group-version.json");
	check_path(find(d, "example.org", "v1", "Widget"), "demo", "w1", NULL,
		   "/apis/example.org/v1/namespaces/demo/widgets/w1");
	g_assert_true(find(d, "example.org", "v1", "Widget")->has_status);
}

static void test_stale(void)
{
	static const char text[] =
		"{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/v2\","
		"\"items\":[{\"metadata\":{\"name\":\"m.k8s.io\"},\"versions\":["
		"{\"version\":\"v2\",\"freshness\":\"Stale\",\"resources\":[{\"resource\":\"as\","
		"\"responseKind\":{\"group\":\"\",\"version\":\"\",\"kind\":\"A\"},"
		"\"scope\":\"Cluster\",\"verbs\":[\"get\"]}]},"
		"{\"version\":\"v1\",\"freshness\":\"Current\",\"resources\":[{\"resource\":\"as\","
		"\"responseKind\":{\"group\":\"m.k8s.io\",\"version\":\"v1\",\"kind\":\"A\"},"
		"\"scope\":\"Cluster\",\"verbs\":[\"get\"]},"
		"{\"resource\":\"bs\",\"responseKind\":null,\"scope\":\"Cluster\",\"verbs\":[]},"
		"{\"resource\":\"cs\",\"responseKind\":{\"group\":\"other\",\"kind\":\"C\"},"
		"\"scope\":\"Cluster\",\"verbs\":[\"get\"]}]}]}]}";
	g_autoptr(kube_discovery_auto) d = kube_discovery_new();
	const struct kube_kind *kind;
	bool stale = false;

	g_assert_true(read_text(d, text, NULL));
	g_assert_nonnull(kube_discovery_find(d, "m.k8s.io", "v2", "A", &stale));
	g_assert_true(stale);
	kind = kube_discovery_preferred(d, "m.k8s.io", "A", &stale);
	g_assert_cmpstr(kind->version, ==, "v1");
	g_assert_false(stale);
	g_assert_null(kube_discovery_preferred(d, "m.k8s.io", "C", &stale));
	g_assert_true(stale);
	g_assert_null(find(d, "m.k8s.io", "v1", "C"));
	g_assert_null(find(d, "other", "v1", "C"));
	g_assert_null(kube_discovery_preferred(d, "nowhere", "C", &stale));
	g_assert_false(stale);
}

static void test_refused(void)
{
#define ONE_VERSION(resources)                                                                     \
	"{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{\"name\":\"g\"},"           \
	"\"versions\":[{\"version\":\"v1\",\"freshness\":\"Current\",\"resources\":[" resources    \
	"]}]}]}"
	static const char *const cases[] = {
		"null",
		"[]",
		"{}",
		"{\"kind\":\"Status\"}",
		"{\"kind\":\"APIGroupDiscoveryList\"}",
		"{\"kind\":\"APIVersions\",\"versions\":{}}",
		"{\"kind\":\"APIVersions\",\"versions\":[\"../v1\"]}",
		"{\"kind\":\"APIVersions\",\"versions\":[1]}",
		"{\"kind\":\"APIGroupList\",\"groups\":[{\"name\":\"a/b\"}]}",
		"{\"kind\":\"APIResourceList\",\"resources\":[]}",
		"{\"kind\":\"APIResourceList\",\"groupVersion\":\"a/b/c\",\"resources\":[]}",
		"{\"kind\":\"APIResourceList\",\"groupVersion\":\"/v1\",\"resources\":[]}",
		"{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":[{\"name\":"
		"\"a?"
		"\",\"kind\":\"A\",\"namespaced\":true}]}",
		"{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":[{\"name\":"
		"\"as"
		"\",\"kind\":\"A\"}]}",
		ONE_VERSION("{\"resource\":\"..\",\"responseKind\":{\"kind\":\"A\"},"
			    "\"scope\":\"Cluster\"}"),
		ONE_VERSION("{\"resource\":\"as\",\"responseKind\":{\"kind\":\"A\"},"
			    "\"scope\":\"Galaxy\"}"),
		ONE_VERSION("{\"resource\":\"as\",\"responseKind\":{\"kind\":\"A\"}}"),
		ONE_VERSION("{\"resource\":\"as\",\"responseKind\":{\"kind\":\"A/B\"},"
			    "\"scope\":\"Cluster\"}"),
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_discovery_auto) d = kube_discovery_new();
		g_autoptr(GError) error = NULL;

		g_test_message("case %zu", i);
		g_assert_false(read_text(d, cases[i], &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/discovery/aggregated", test_aggregated);
	g_test_add_func("/kube/discovery/legacy", test_legacy);
	g_test_add_func("/kube/discovery/crd", test_crd);
	g_test_add_func("/kube/discovery/stale", test_stale);
	g_test_add_func("/kube/discovery/refused", test_refused);
	return g_test_run();
}
