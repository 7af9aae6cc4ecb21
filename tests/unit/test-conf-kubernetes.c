/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what the configuration says of clusters. */
#include <string.h>

#include "conf-place.h"

#define HEAD "agent: a\n" PEOPLE
#define CLUSTERS                                                                                   \
	"kubernetes:\n"                                                                            \
	"  clusters:\n"                                                                            \
	"    prod: {kubeconfig: /etc/kube.conf, context: admin@prod}\n"                            \
	"    here: {in-cluster: true}\n"                                                           \
	"    home: {}\n"                                                                           \
	"  exec-plugins: [/usr/bin/token]\n"                                                       \
	"  renderers:\n"                                                                           \
	"    helm: {run: [/usr/bin/helm, template, shop, .], timeout: 90s}\n"                      \
	"    cue: {run: /opt/cue, reads: [/etc/ssl/certs, /opt/schemas]}\n"
#define STACK                                                                                      \
	"stacks:\n"                                                                                \
	"  shop:\n"                                                                                \
	"    source: {url: \"https://h/r.git\"}\n"                                                 \
	"    approval: {from: [alice]}\n"

static void test_keys_are_read(void)
{
	struct place p =
		place_new(HEAD CLUSTERS STACK "    kubernetes:\n"
					      "      clusters: [prod, here]\n"
					      "      namespaces: [shop, \"shop-*\"]\n"
					      "      as: system:serviceaccount:shop:deployer\n"
					      "      as-groups: [deployers]\n");
	g_autoptr(conf_auto) conf = load_good(&p);
	const struct conf_stack *shop = g_ptr_array_index(conf->stacks, 0);
	const struct conf_stack_kubernetes *k = shop->kubernetes;
	const struct conf_renderer *helm = g_ptr_array_index(conf->kubernetes.renderers, 0);
	const struct conf_renderer *cue = g_ptr_array_index(conf->kubernetes.renderers, 1);
	const struct conf_cluster *prod = conf_cluster(conf, "prod");

	g_assert_cmpstr(prod->kubeconfig, ==, "/etc/kube.conf");
	g_assert_cmpstr(prod->context, ==, "admin@prod");
	g_assert_false(prod->in_cluster);
	g_assert_true(conf_cluster(conf, "here")->in_cluster);
	g_assert_null(conf_cluster(conf, "home")->kubeconfig);
	g_assert_null(conf_cluster(conf, "gone"));
	g_assert_cmpstr(conf->kubernetes.exec_plugins[0], ==, "/usr/bin/token");
	g_assert_cmpstr(helm->name, ==, "helm");
	g_assert_cmpuint(g_strv_length(helm->run), ==, 4);
	g_assert_cmpint(helm->timeout, ==, 90);
	g_assert_null(helm->reads);
	g_assert_cmpuint(g_strv_length(cue->reads), ==, 2);
	g_assert_cmpstr(cue->reads[1], ==, "/opt/schemas");
	g_assert_cmpstr(k->clusters[1], ==, "here");
	g_assert_cmpstr(k->namespaces[1], ==, "shop-*");
	g_assert_false(k->cluster_scoped);
	g_assert_cmpstr(k->as, ==, "system:serviceaccount:shop:deployer");
	g_assert_cmpstr(k->as_groups[0], ==, "deployers");
	place_free(&p);
}

static void test_leader(void)
{
	struct place p =
		place_new(HEAD CLUSTERS
			  "  leader-election: {cluster: here, namespace: assent, lease: 30s}\n");
	g_autoptr(conf_auto) conf = load_good(&p);
	const struct conf_leader *leader = conf->kubernetes.leader;

	g_assert_cmpstr(leader->cluster, ==, "here");
	g_assert_cmpstr(leader->namespace, ==, "assent");
	g_assert_cmpstr(leader->name, ==, "assent");
	g_assert_cmpint(leader->lease, ==, 30);
	place_free(&p);
}

static bool is_cluster_scoped(const char *section)
{
	g_autofree char *text = g_strconcat(HEAD CLUSTERS STACK, section, NULL);
	struct place p = place_new(text);
	g_autoptr(conf_auto) conf = load_good(&p);
	const struct conf_stack *shop = g_ptr_array_index(conf->stacks, 0);
	bool found = shop->kubernetes->cluster_scoped;

	place_free(&p);
	return found;
}

static void test_scope_follows_namespaces(void)
{
	struct place p = place_new(HEAD CLUSTERS STACK);
	g_autoptr(conf_auto) conf = load_good(&p);

	g_assert_null(((struct conf_stack *)g_ptr_array_index(conf->stacks, 0))->kubernetes);
	place_free(&p);
	g_assert_true(is_cluster_scoped("    kubernetes: {clusters: prod}\n"));
	g_assert_false(is_cluster_scoped("    kubernetes: {clusters: prod, namespaces: a}\n"));
	g_assert_true(is_cluster_scoped(
		"    kubernetes: {clusters: prod, namespaces: a, cluster-scoped: true}\n"));
	g_assert_false(
		is_cluster_scoped("    kubernetes: {clusters: prod, cluster-scoped: false}\n"));
}

static void test_problems_are_named(void)
{
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{CLUSTERS STACK "    kubernetes: {clusters: [test]}\n",
		 "there is no cluster 'test' in the section 'kubernetes'"},
		{STACK "    kubernetes: {clusters: [prod]}\n", "there is no cluster 'prod'"},
		{CLUSTERS STACK "    kubernetes: {}\n", "'clusters' is missing"},
		{CLUSTERS STACK "    kubernetes: {clusters: []}\n", "'clusters' names none"},
		{CLUSTERS STACK "    kubernetes: {clusters: [prod, prod]}\n",
		 "'clusters' names 'prod' twice"},
		{CLUSTERS STACK "    kubernetes: {clusters: prod, namespaces: []}\n",
		 "'namespaces' names none: leave it out"},
		{CLUSTERS STACK "    kubernetes: {clusters: prod, namespaces: [a/b]}\n",
		 "'a/b' in 'namespaces' is not a namespace"},
		{CLUSTERS STACK "    kubernetes: {clusters: prod, as-groups: [x]}\n",
		 "'as-groups' needs 'as'"},
		{CLUSTERS STACK "    kubernetes: {clusters: prod, as: \"a\\r\\nb\"}\n",
		 "'as' is not a user's name"},
		{CLUSTERS STACK "    kubernetes: {clusters: prod, as: a, as-groups: [\"b\\n\"]}\n",
		 "is not a group's name"},
		{CLUSTERS STACK "    elevate: sudo\n    kubernetes: {clusters: prod}\n",
		 "a stack with 'elevate' cannot touch clusters"},
		{CLUSTERS STACK "    kubernetes: {clusters: prod, namespace: a}\n",
		 "unknown key 'namespace'"},
		{"kubernetes: {exec-plugins: [token]}\n",
		 "'token' in 'exec-plugins' is not the absolute path of a program"},
		{"kubernetes: {exec-plugins: [/usr/../tmp/x]}\n", "is not the absolute path"},
		{"kubernetes: {renderers: {helm: {}}}\n", "'run' is missing"},
		{"kubernetes: {renderers: {helm: {run: []}}}\n", "names no program"},
		{"kubernetes: {renderers: {helm: {run: [helm, template]}}}\n",
		 "'helm' in 'run' is not the absolute path of a program"},
		{"kubernetes: {renderers: {helm: {run: /bin/x, timeout: 2d}}}\n", "'timeout'"},
		{"kubernetes: {renderers: {helm: {run: /bin/x, reads: [certs]}}}\n",
		 "'certs' in 'reads' is not the absolute path of a file or folder"},
		{"kubernetes: {renderers: {helm: {run: /bin/x, reads: [/]}}}\n",
		 "'/' in 'reads' is not the absolute path"},
		{"kubernetes: {renderers: {helm: {run: /bin/x, reads: [/etc/../root]}}}\n",
		 "is not the absolute path"},
		{"kubernetes: {renderers: {Helm: {run: /bin/x}}}\n", "'Helm' is not a name"},
		{"kubernetes: {clusters: {prod: {in-cluster: true, context: a}}}\n",
		 "'kubeconfig' and 'context' do not go with it"},
		{"kubernetes: {clusters: {prod: here}}\n", "a cluster must be a map"},
		{CLUSTERS "  leader-election: {cluster: gone, namespace: a}\n",
		 "there is no cluster 'gone'"},
		{CLUSTERS "  leader-election: {cluster: here}\n", "'namespace' is missing"},
		{CLUSTERS "  leader-election: {namespace: a}\n", "'cluster' is missing"},
		{CLUSTERS "  leader-election: {cluster: here, namespace: a/b}\n",
		 "'namespace' is not a namespace"},
		{CLUSTERS "  leader-election: {cluster: here, namespace: a, name: ../b}\n",
		 "'name' is not a name"},
		{CLUSTERS "  leader-election: {cluster: here, namespace: a, lease: 2s}\n",
		 "'lease'"},
		{CLUSTERS "  leader-election: here\n", "leader-election"},
		{"kubernetes: {cluster: {}}\n", "unknown key 'cluster'"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(HEAD, cases[i].text, NULL);
		struct place p = place_new(text);
		g_autofree char *problems = NULL;

		g_assert_null(load(&p, &problems));
		g_test_message("%s", problems);
		g_assert_nonnull(strstr(problems, cases[i].problem));
		place_free(&p);
	}
}

/* More than a request to the worker bears. */
static void test_lists_are_bounded(void)
{
	g_autoptr(GString) text =
		g_string_new(HEAD CLUSTERS STACK "    kubernetes: {clusters: prod, namespaces: [a");
	struct place p;
	g_autofree char *problems = NULL;

	for (unsigned i = 0; i < 256; i++) {
		g_string_append_printf(text, ", a%u", i);
	}
	g_string_append(text, "]}\n");
	p = place_new(text->str);
	g_assert_null(load(&p, &problems));
	g_assert_nonnull(strstr(problems, "'namespaces' names more than 256"));
	place_free(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/conf-kubernetes/keys-are-read", test_keys_are_read);
	g_test_add_func("/conf-kubernetes/leader", test_leader);
	g_test_add_func("/conf-kubernetes/scope-follows-namespaces", test_scope_follows_namespaces);
	g_test_add_func("/conf-kubernetes/problems-are-named", test_problems_are_named);
	g_test_add_func("/conf-kubernetes/lists-are-bounded", test_lists_are_bounded);
	return g_test_run();
}
