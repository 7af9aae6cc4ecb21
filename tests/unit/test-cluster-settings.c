/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the settings of clusters on their way to a job. */
#include "cluster/settings.h"

#include <string.h>

#include "base/autoptr.h"

static char *write_list(const GPtrArray *list)
{
	struct json_writer *w = json_writer_new(JSON_CANONICAL);
	char *text = NULL;
	size_t len;

	json_w_object(w, NULL);
	cluster_settings_write(w, "clusters", list);
	json_w_end(w);
	g_assert_cmpint(json_writer_finish(w, &text, &len, NULL), ==, 0);
	return text;
}

/* The list, or NULL with the document's error. */
static GPtrArray *read_list(const char *text, char **problem)
{
	g_autoptr(json_doc_auto) doc = NULL;
	struct assent_error err = {0};
	struct json_obj root;
	GPtrArray *list;

	g_assert_cmpint(json_doc_parse(&doc, text, strlen(text), 0, NULL), ==, 0);
	json_doc_root(doc, &root);
	list = cluster_settings_read(&root, "clusters");
	*problem = json_doc_status(doc, &err) == 0 ? NULL : g_strdup(err.text);
	return list;
}

static void test_there_and_back(void)
{
	static const char *const plugins[] = {"/usr/bin/aws", "/opt/login", NULL};
	static const char *const groups[] = {"system:authenticated", "", NULL};
	g_autoptr(GPtrArray) list = cluster_settings_list_new();
	g_autoptr(GPtrArray) again = NULL;
	struct cluster_settings *one = cluster_settings_new("prod");
	struct cluster_settings *two;
	g_autofree char *problem = NULL;
	autocfree char *text = NULL;

	one->kubeconfig = g_strdup("/home/a/kube config");
	one->context = g_strdup("admin@prod");
	one->exec_plugins = g_strdupv((char **)plugins);
	one->as = g_strdup("system:serviceaccount:shop:deployer");
	one->as_groups = g_strdupv((char **)groups);
	one->events = false;
	g_ptr_array_add(list, one);
	two = cluster_settings_new("here");
	two->in_cluster = true;
	g_ptr_array_add(list, two);
	g_ptr_array_add(list, cluster_settings_dup(one));
	g_free(((struct cluster_settings *)list->pdata[2])->name);
	((struct cluster_settings *)list->pdata[2])->name = g_strdup("copy");

	text = write_list(list);
	again = read_list(text, &problem);
	g_assert_cmpstr(problem, ==, NULL);
	g_assert_nonnull(again);
	g_assert_cmpuint(again->len, ==, 3);
	for (guint i = 0; i < again->len; i += 2) {
		const struct cluster_settings *read = again->pdata[i];

		g_assert_cmpstr(read->name, ==, i == 0 ? "prod" : "copy");
		g_assert_cmpstr(read->kubeconfig, ==, "/home/a/kube config");
		g_assert_cmpstr(read->context, ==, "admin@prod");
		g_assert_false(read->in_cluster);
		g_assert_true(g_strv_equal((const char *const *)read->exec_plugins, plugins));
		g_assert_cmpstr(read->as, ==, "system:serviceaccount:shop:deployer");
		g_assert_true(g_strv_equal((const char *const *)read->as_groups, groups));
		g_assert_false(read->events);
	}
	two = cluster_settings_find(again, "here");
	g_assert_nonnull(two);
	g_assert_true(two->in_cluster);
	g_assert_true(two->events);
	g_assert_null(two->kubeconfig);
	g_assert_null(two->context);
	g_assert_null(two->exec_plugins);
	g_assert_null(two->as);
	g_assert_null(two->as_groups);
	g_assert_null(cluster_settings_find(again, "her"));
	g_assert_null(cluster_settings_find(NULL, "here"));
}

static void test_absent(void)
{
	g_autofree char *problem = NULL;
	autocfree char *text = NULL;
	g_autoptr(GPtrArray) empty = NULL;

	g_assert_null(read_list("{}", &problem));
	g_assert_null(problem);
	text = write_list(NULL);
	empty = read_list(text, &problem);
	g_assert_nonnull(empty);
	g_assert_cmpuint(empty->len, ==, 0);
}

static void test_refused(void)
{
	static const struct {
		const char *text, *problem;
	} bad[] = {
		{"{\"clusters\":{}}", "clusters"},
		{"{\"clusters\":[{\"in_cluster\":false}]}", "name"},
		{"{\"clusters\":[{\"name\":\"a\"}]}", "in_cluster"},
		{"{\"clusters\":[{\"name\":\"a\",\"in_cluster\":false,\"x\":1}]}", "x"},
		{"{\"clusters\":[{\"name\":\"a\",\"in_cluster\":false,\"events\":1}]}", "events"},
		{"{\"clusters\":[{\"name\":\"a\",\"in_cluster\":false},"
		 "{\"name\":\"a\",\"in_cluster\":true}]}",
		 "twice"},
		{"{\"clusters\":[{\"name\":\"a\",\"in_cluster\":false,\"as_groups\":[\"g\"]}]}",
		 "as_groups"},
		{"{\"clusters\":[{\"name\":\"a\",\"in_cluster\":true,\"context\":\"c\"}]}",
		 "in_cluster"},
		{"{\"clusters\":[{\"name\":\"a\",\"in_cluster\":false,"
		 "\"exec_plugins\":[\"aws\"]}]}",
		 "absolute"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *problem = NULL;

		g_assert_null(read_list(bad[i].text, &problem));
		g_assert_nonnull(problem);
		g_assert_nonnull(strstr(problem, bad[i].problem));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cluster/settings/there-and-back", test_there_and_back);
	g_test_add_func("/cluster/settings/absent", test_absent);
	g_test_add_func("/cluster/settings/refused", test_refused);
	return g_test_run();
}
