/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what belongs to whom, and of the way back. */
#include "kube/owned.h"

#include <string.h>

#include "unit/kube-vectors.h"

static void assert_same(const struct kube_value *value, const struct kube_value *wanted)
{
	g_autofree char *text = kube_vector_text(value), *other = kube_vector_text(wanted);

	g_assert_cmpstr(text, ==, other);
}

static void assert_text(const struct kube_value *value, const char *wanted)
{
	g_autofree char *text = kube_vector_text(value);

	g_assert_cmpstr(text, ==, wanted);
}

/* What one has applied is what it has sent, with the names that only the path had. */
static void test_by(void)
{
	static const char *const names[] = {"ssa-05-apply-create.json"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(kube_value_auto) exchange = kube_vector(names[i]), own = NULL;
		const struct kube_value *live = kube_vector_body(exchange);
		const struct kube_value *sent = kube_value_at(exchange, "request", "body", NULL);
		const char *space = kube_value_str_at(live, "metadata", "namespace", NULL);
		g_autoptr(kube_value_auto) wanted = kube_value_dup(sent);

		g_test_message("%s", names[i]);
		if (space != NULL) {
			kube_value_set(kube_value_get(wanted, "metadata"), "namespace",
				       kube_value_string(space, -1));
		}
		own = kube_owned_by(live, "deployd");
		assert_same(own, wanted);
		g_assert_null(kube_owned_by(live, "kubectl-edit"));
	}
}

/* Quantities as the server writes them, and a port with the protocol that it is known by. */
static void test_by_defaults(void)
{
	g_autoptr(kube_value_auto) exchange = kube_vector("wl-01-deploy-create.json");
	g_autoptr(kube_value_auto) own = kube_owned_by(kube_vector_body(exchange), "deployd");

	assert_text(own, "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
			 "\"metadata\":{\"labels\":{\"app\":\"web\"},\"name\":\"web\","
			 "\"namespace\":\"demo\"},\"spec\":{\"replicas\":2,\"selector\":"
			 "{\"matchLabels\":{\"app\":\"web\"}},\"template\":{\"metadata\":"
			 "{\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":[{\"image\":"
			 "\"nginx:1.25\",\"name\":\"web\",\"ports\":[{\"containerPort\":80,"
			 "\"protocol\":\"TCP\"}],\"resources\":{\"limits\":{\"cpu\":\"1\"},"
			 "\"requests\":{\"cpu\":\"100m\",\"memory\":\"1Gi\"}}}]}}}}");
}

static void test_all(void)
{
	g_autoptr(kube_value_auto) exchange = kube_vector("ssa-13-apply-force.json");
	g_autoptr(kube_value_auto) all = kube_owned_by_all(kube_vector_body(exchange));

	g_assert_nonnull(kube_value_at(all, "data", "z", NULL)); // kubectl-edit's
	g_assert_nonnull(kube_value_at(all, "data", "a", NULL));
	g_assert_null(kube_value_at(all, "metadata", "uid", NULL));
	g_assert_null(kube_value_at(all, "metadata", "managedFields", NULL));
}

/* Whose status it is does not matter: it is none of what was asked for. */
static void test_status(void)
{
	g_autoptr(kube_value_auto) exchange = kube_vector("wl-09-status-subresource-apply.json");
	g_autoptr(kube_value_auto) all = kube_owned_by_all(kube_vector_body(exchange));

	g_assert_nonnull(kube_value_at(kube_vector_body(exchange), "status", NULL));
	g_assert_null(kube_value_get(all, "status"));
	g_assert_nonnull(kube_value_at(all, "spec", "selector", NULL));
}

#define OBJECT(rest)                                                                               \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"" rest
#define ENTRY(manager, operation, fields)                                                          \
	"{\"manager\":\"" manager "\",\"operation\":\"" operation "\",\"fieldsV1\":" fields "}"
#define MANAGED(entries) ",\"managedFields\":[" entries "]}"

static const struct {
	const char *what, *before, *now, *back;
} ways[] = {
	{"its own values come back, and what was new goes",
	 OBJECT(MANAGED(
		 ENTRY("assent", "Apply", "{\"f:data\":{\"f:a\":{}}}"))) ",\"data\":{\"a\":\"1\"}}",
	 OBJECT(MANAGED(ENTRY(
		 "assent", "Apply",
		 "{\"f:data\":{\"f:a\":{},\"f:b\":{}}}"))) ",\"data\":{\"a\":\"2\",\"b\":\"3\"}}",
	 "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"1\"},\"kind\":\"ConfigMap\","
	 "\"metadata\":{\"name\":\"c\"}}"},
	{"what was taken from another gets its value back",
	 OBJECT(MANAGED(ENTRY("assent", "Apply", "{\"f:data\":{\"f:a\":{}}}") "," ENTRY(
		 "hand", "Update",
		 "{\"f:data\":{\"f:b\":{}}}"))) ",\"data\":{\"a\":\"1\",\"b\":\"hand's\"}}",
	 OBJECT(MANAGED(ENTRY("assent", "Apply",
			      "{\"f:data\":{\"f:a\":{},\"f:b\":{}}}"))) ",\"data\":{\"a\":\"2\","
									"\"b\":\"ours\"}}",
	 "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"1\",\"b\":\"hand's\"},\"kind\":\"ConfigMap\","
	 "\"metadata\":{\"name\":\"c\"}}"},
	{"what another owns as well stays its alone",
	 OBJECT(MANAGED(ENTRY("hand", "Update",
			      "{\"f:data\":{\"f:b\":{}}}"))) ",\"data\":{\"b\":\"same\"}}",
	 OBJECT(MANAGED(ENTRY("assent", "Apply", "{\"f:data\":{\"f:b\":{},\"f:c\":{}}}") "," ENTRY(
		 "hand", "Update",
		 "{\"f:data\":{\"f:b\":{}}}"))) ",\"data\":{\"b\":\"same\",\"c\":\"new\"}}",
	 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"}}"},
	{"what it owned before stays its own, with another's name on it too",
	 OBJECT(MANAGED(ENTRY("assent", "Apply", "{\"f:data\":{\"f:a\":{}}}") "," ENTRY(
		 "hand", "Update", "{\"f:data\":{\"f:a\":{}}}"))) ",\"data\":{\"a\":\"1\"}}",
	 OBJECT(MANAGED(ENTRY("assent", "Apply", "{\"f:data\":{\"f:c\":{}}}") "," ENTRY(
		 "hand", "Update",
		 "{\"f:data\":{\"f:a\":{}}}"))) ",\"data\":{\"a\":\"1\",\"c\":\"2\"}}",
	 "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"1\"},\"kind\":\"ConfigMap\","
	 "\"metadata\":{\"name\":\"c\"}}"},
	{"an apply by another operation is another's",
	 OBJECT(MANAGED(ENTRY("assent", "Update",
			      "{\"f:data\":{\"f:a\":{}}}"))) ",\"data\":{\"a\":\"1\"}}",
	 OBJECT(MANAGED(ENTRY("assent", "Update",
			      "{\"f:data\":{\"f:a\":{}}}"))) ",\"data\":{\"a\":\"1\"}}",
	 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"}}"},
	{"items of lists go by their keys",
	 OBJECT(MANAGED(ENTRY(
		 "assent", "Apply",
		 "{\"f:spec\":{\"f:l\":{\"k:{\\\"name\\\":\\\"x\\\"}\":{\".\":{},"
		 "\"f:v\":{}}},\"f:s\":{\"v:\\\"one\\\"\":{}}}}"))) ",\"spec\":{\"l\":[{\"name\":"
								    "\"w\",\"v\":0},{\"name\":"
								    "\"x\",\"v\":1,\"z\":2}],"
								    "\"s\":[\"one\",\"two\"]}}",
	 OBJECT("}}"),
	 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"},"
	 "\"spec\":{\"l\":[{\"name\":\"x\",\"v\":1}],\"s\":[\"one\"]}}"},
};

static void test_back(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autoptr(kube_value_auto) before = kube_vector_parse(ways[i].before);
		g_autoptr(kube_value_auto) now = kube_vector_parse(ways[i].now);
		g_autoptr(kube_value_auto) back = kube_owned_back(before, now, "assent");

		g_test_message("%s", ways[i].what);
		assert_text(back, ways[i].back);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/owned/what-was-applied", test_by);
	g_test_add_func("/kube/owned/as-the-server-writes-it", test_by_defaults);
	g_test_add_func("/kube/owned/what-anybody-asked-for", test_all);
	g_test_add_func("/kube/owned/a-status-was-not-asked-for", test_status);
	g_test_add_func("/kube/owned/the-way-back", test_back);
	return g_test_run();
}
