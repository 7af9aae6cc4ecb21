/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what jobs are told of clusters, and of what a stack may touch in them. */
#include "agent/clusters.h"

#include <string.h>

#include "base/autoptr.h"
#include "conf-place.h"

#define HEAD "agent: a\n" PEOPLE
#define CLUSTERS                                                                                   \
	"kubernetes:\n"                                                                            \
	"  clusters:\n"                                                                            \
	"    prod: {kubeconfig: /etc/kube.conf, context: admin@prod}\n"                            \
	"    here: {in-cluster: true}\n"                                                           \
	"    other: {}\n"                                                                          \
	"  exec-plugins: [/usr/bin/token]\n"                                                       \
	"  renderers:\n"                                                                           \
	"    helm: {run: [/usr/bin/helm, template], timeout: 90s}\n"
#define STACK                                                                                      \
	"stacks:\n"                                                                                \
	"  shop:\n"                                                                                \
	"    source: {url: \"https://h/r.git\"}\n"                                                 \
	"    approval: {from: [alice]}\n"
#define SHOP                                                                                       \
	"    kubernetes: {clusters: [prod, here], namespaces: [shop], as: me, as-groups: [us]}\n"

static struct conf *conf_of(const char *text)
{
	struct place p = place_new(text);
	struct conf *conf = load_good(&p);

	place_free(&p);
	return conf;
}

static const struct conf_stack *shop_of(const struct conf *conf)
{
	return g_ptr_array_index(conf->stacks, 0);
}

/* free() */
static char *written(const struct conf *conf)
{
	struct json_writer *w = json_writer_new(0);
	char *text = NULL;
	size_t len;

	json_w_object(w, NULL);
	clusters_write_plan(w, conf, shop_of(conf));
	json_w_end(w);
	g_assert_cmpint(json_writer_finish(w, &text, &len, NULL), ==, 0);
	return text;
}

static void test_a_request_has_what_the_stack_may(void)
{
	g_autoptr(conf_auto) conf = conf_of(HEAD CLUSTERS STACK SHOP);
	g_autoptr(conf_auto) none = conf_of(HEAD CLUSTERS STACK);
	autocfree char *text = written(conf), *empty = written(none);

	g_assert_cmpstr(
		text, ==,
		"{\"clusters\":[{\"as\":\"me\",\"as_groups\":[\"us\"],"
		"\"context\":\"admin@prod\",\"exec_plugins\":[\"/usr/bin/token\"],"
		"\"in_cluster\":false,\"inventory\":\"shop\",\"kubeconfig\":\"/etc/"
		"kube.conf\",\"name\":\"prod\"},"
		"{\"as\":\"me\",\"as_groups\":[\"us\"],"
		"\"exec_plugins\":[\"/usr/bin/token\"],"
		"\"in_cluster\":true,\"inventory\":\"shop\",\"name\":\"here\"}],"
		"\"cluster_scope\":{\"cluster_scoped\":false,\"namespaces\":[\"shop\"]},"
		"\"renderers\":[{\"name\":\"helm\",\"run\":[\"/usr/bin/helm\",\"template\"],"
		"\"timeout\":90}]}");
	g_assert_cmpstr(empty, ==, "{}");
	g_assert_null(clusters_of(none, shop_of(none)));
}

/* What is the agent's own is named beside it. */
static void test_what_a_renderer_reads(void)
{
	static const char *const reads[] = {"/etc/ssl/certs", "/opt/charts", NULL};
	g_autoptr(conf_auto) conf = conf_of(HEAD CLUSTERS STACK SHOP);
	struct conf_renderer *helm = g_ptr_array_index(conf->kubernetes.renderers, 0);
	g_autofree char *kube = g_build_filename(g_get_home_dir(), ".kube", NULL);
	g_autofree char *folder = g_path_get_dirname(conf->file);
	g_autofree char *runtime = g_path_get_dirname(conf->socket);
	g_autofree char *wanted =
		g_strdup_printf("{\"hidden\":[\"%s\",\"%s\",\"%s\",\"/etc/kube.conf\",\"%s\"],"
				"\"name\":\"helm\",\"reads\":[\"/etc/ssl/certs\",\"/opt/charts\"],"
				"\"run\":[\"/usr/bin/helm\",\"template\"],\"timeout\":90}",
				folder, conf->state_dir, runtime, kube);

	helm->reads = g_strdupv((char **)reads);
	{
		autocfree char *text = written(conf);

		g_assert_nonnull(strstr(text, wanted));
	}
}

/* Only where the configuration says so; the leader's and the watches' settings never do. */
static void test_a_stack_may_want_no_events(void)
{
	g_autoptr(conf_auto) conf =
		conf_of(HEAD CLUSTERS STACK "    kubernetes: {clusters: prod, events: false}\n");
	g_autoptr(conf_auto) with =
		conf_of(HEAD CLUSTERS STACK "    kubernetes: {clusters: prod, events: true}\n");
	g_autoptr(GPtrArray) named = clusters_named(conf, "prod");
	autocfree char *text = written(conf), *said = written(with);

	g_assert_nonnull(strstr(text, ",\"events\":false,"));
	g_assert_null(strstr(said, "events"));
	g_assert_true(cluster_settings_find(named, "prod")->events);
}

static void test_a_scope_there_and_back(void)
{
	static const char *const sections[] = {
		"    kubernetes: {clusters: prod}\n",
		"    kubernetes: {clusters: prod, namespaces: [\"a-*\", b]}\n",
		"    kubernetes: {clusters: prod, namespaces: b, cluster-scoped: true}\n",
		"    kubernetes: {clusters: prod, cluster-scoped: false}\n"};
	static const struct {
		const char *namespace;
		bool may[G_N_ELEMENTS(sections)];
	} cases[] = {
		{"", {true, false, true, false}},   {"b", {true, true, true, true}},
		{"a", {true, false, false, true}},  {"a-x", {true, true, false, true}},
		{"bb", {true, false, false, true}}, {"kube-system", {true, false, false, true}},
	};

	for (size_t s = 0; s < G_N_ELEMENTS(sections); s++) {
		g_autofree char *text = g_strconcat(HEAD CLUSTERS STACK, sections[s], NULL);
		g_autoptr(conf_auto) conf = conf_of(text);
		g_autoptr(cluster_scope_auto) scope = NULL;
		g_autoptr(json_doc_auto) doc = NULL;
		autocfree char *json = written(conf);
		struct json_obj root;

		g_assert_cmpint(json_doc_parse(&doc, json, strlen(json), 0, NULL), ==, 0);
		json_doc_root(doc, &root);
		scope = cluster_scope_read(&root, "cluster_scope");
		g_assert_nonnull(scope);
		for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
			g_autofree char *problem = cluster_scope_problem(scope, cases[i].namespace);

			g_test_message("%zu '%s': %s", s, cases[i].namespace, problem);
			g_assert_true((problem == NULL) == cases[i].may[s]);
		}
	}
}

static void test_without_a_scope_nothing_may_be_touched(void)
{
	g_autofree char *problem = cluster_scope_problem(NULL, "shop");

	g_assert_nonnull(problem);
}

static void test_what_is_no_scope(void)
{
	static const char *const bad[] = {
		"{\"cluster_scope\":{}}",
		"{\"cluster_scope\":{\"cluster_scoped\":1}}",
		"{\"cluster_scope\":{\"cluster_scoped\":true,\"namespaces\":[1]}}",
		"{\"cluster_scope\":{\"cluster_scoped\":true,\"more\":1}}",
		"{\"cluster_scope\":[]}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(json_doc_auto) doc = NULL;
		struct assent_error err;
		struct json_obj root;

		g_assert_cmpint(json_doc_parse(&doc, bad[i], strlen(bad[i]), 0, NULL), ==, 0);
		json_doc_root(doc, &root);
		g_assert_null(cluster_scope_read(&root, "cluster_scope"));
		g_assert_cmpint(json_doc_status(doc, &err), !=, 0);
	}
}

static void test_another_configuration_is_seen(void)
{
	static const struct {
		const char *text;
		bool same;
	} cases[] = {
		{HEAD CLUSTERS STACK SHOP, true},
		{HEAD CLUSTERS STACK SHOP "    drift-interval: 1h\n", true},
		{HEAD CLUSTERS STACK, false},
		{HEAD CLUSTERS STACK
		 "    kubernetes: {clusters: [prod, here], namespaces: [shop]}\n",
		 false},
		{HEAD CLUSTERS "    kustomize: {run: /usr/bin/kustomize}\n" STACK SHOP, false},
	};
	g_autoptr(conf_auto) before = conf_of(HEAD CLUSTERS STACK SHOP);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(conf_auto) after = conf_of(cases[i].text);

		g_assert_true(clusters_same(before, shop_of(before), after, shop_of(after)) ==
			      cases[i].same);
	}
}

static bool may(const char *section, const char *cluster, const char *namespace)
{
	g_autofree char *text = g_strconcat(HEAD CLUSTERS STACK, section, NULL);
	g_autoptr(conf_auto) conf = conf_of(text);
	const struct plan_object object = {.namespace = namespace};
	struct plan_change changes[] = {
		{.kind = "file"}, {.kind = "kubernetes", .manager = cluster, .object = &object}};
	const struct plan plan = {.changes = changes, .changes_count = 2};

	return clusters_allow(shop_of(conf), &plan);
}

static void test_a_plan_that_waits_is_held_against_it(void)
{
	g_assert_true(may(SHOP, "prod", "shop"));
	g_assert_true(may(SHOP, "here", "shop"));
	g_assert_false(may(SHOP, "other", "shop"));
	g_assert_false(may(SHOP, "prod", "kube-system"));
	g_assert_false(may(SHOP, "prod", ""));
	g_assert_false(may("", "prod", "shop"));
	g_assert_true(may("    kubernetes: {clusters: prod}\n", "prod", ""));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/clusters/a-request-has-what-the-stack-may",
			test_a_request_has_what_the_stack_may);
	g_test_add_func("/clusters/what-a-renderer-reads", test_what_a_renderer_reads);
	g_test_add_func("/clusters/a-stack-may-want-no-events", test_a_stack_may_want_no_events);
	g_test_add_func("/clusters/a-scope-there-and-back", test_a_scope_there_and_back);
	g_test_add_func("/clusters/without-a-scope-nothing-may-be-touched",
			test_without_a_scope_nothing_may_be_touched);
	g_test_add_func("/clusters/what-is-no-scope", test_what_is_no_scope);
	g_test_add_func("/clusters/another-configuration-is-seen",
			test_another_configuration_is_seen);
	g_test_add_func("/clusters/a-plan-that-waits-is-held-against-it",
			test_a_plan_that_waits_is_held_against_it);
	return g_test_run();
}
