/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of src/kube/object.c and types.c. */
#include <string.h>

#include "kube-reading.h"
#include "kube/object.h"
#include "unit/kube-vectors.h"

static void object_free(void *object)
{
	kube_object_free(object);
}

static GPtrArray *objects_new(void)
{
	return g_ptr_array_new_with_free_func(object_free);
}

static bool read_into(GPtrArray *objects, const char *file, const char *text,
		      struct diag_list *diags)
{
	const struct kube_source source = {
		.file = file,
		.text = text,
		.len = strlen(text),
		.limits = &kube_limits_default,
	};

	return kube_objects_read(&source, objects, diags);
}

/* "id version: value", a line for each object; or the problems. g_free() */
static char *gather(const char *file, const char *text)
{
	g_autoptr(GPtrArray) objects = objects_new();
	g_auto(diags_auto) diags = {0};
	GString *out;

	diag_list_init(&diags);
	if (!read_into(objects, file, text, &diags)) {
		g_assert_cmpuint(diags.items->len, >, 0);
		return diag_text(&diags);
	}
	g_assert_cmpuint(diags.items->len, ==, 0);
	out = g_string_new(NULL);
	for (guint i = 0; i < objects->len; i++) {
		const struct kube_object *object = objects->pdata[i];
		g_autofree char *id = kube_id_plan(object->id, "c");
		size_t len;
		g_autofree char *value = kube_value_canonical(object->value, &len);

		g_string_append_printf(out, "%s:%u %s %s\n", object->file, object->place.line, id,
				       value);
	}
	return g_string_free(out, FALSE);
}

static void check(const char *text, const char *expected)
{
	g_autofree char *got = gather("f", text);

	g_assert_cmpstr(got, ==, expected);
}

static void check_json(const char *text, const char *expected)
{
	g_autofree char *got = gather("f.json", text);

	g_assert_cmpstr(got, ==, expected);
}

#define MAP "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

static void test_several_in_a_file(void)
{
	check("---\n# nothing\n---\nnull\n---\n" MAP "---\n{\"apiVersion\": \"apps/v1\", \"kind\": "
	      "\"Deployment\", \"metadata\": {\"name\": \"b\", \"namespace\": \"n\"}}\n",
	      "f:6 k8s:c/ConfigMap/a "
	      "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}\n"
	      "f:10 k8s:c/n/Deployment/b {\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
	      "\"metadata\":{\"name\":\"b\",\"namespace\":\"n\"}}\n");
	check_json(
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}}\n"
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"b\"}}",
		"f.json:1 k8s:c/Namespace/a "
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}}\n"
		"f.json:2 k8s:c/Namespace/b "
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"b\"}}\n");
	check("# nothing\n", "");
}

static void test_what_is_passed_over(void)
{
	check("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [x]\n",
	      "");
	check("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: "
	      "a}\n",
	      "f:1 k8s:c/Kustomization.kustomize.toolkit.fluxcd.io/a "
	      "{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\",\"kind\":\"Kustomization\","
	      "\"metadata\":{\"name\":\"a\"}}\n");
}

static void test_lists(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "kubernetes",
						      "manifests", "list.yaml", NULL);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	check(text,
	      "f:4 k8s:c/ConfigMap/one {\"apiVersion\":\"v1\",\"data\":{\"key\":\"value\","
	      "\"true\":\"x\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"one\"}}\n"
	      "f:13 k8s:c/ConfigMap/two {\"apiVersion\":\"v1\",\"data\":{\"key\":\"value\","
	      "\"true\":\"x\"},\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{\"example."
	      "org/a\":\"1\"},\"name\":\"two\"}}\n"
	      "f:17 k8s:c/ClusterRole/system:reader "
	      "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRole\","
	      "\"metadata\":{\"name\":\"system:reader\"},\"rules\":[{\"apiGroups\":[\"\"],"
	      "\"resources\":[\"*\"],\"verbs\":[\"get\",\"list\"]}]}\n");
	check("apiVersion: v1\nkind: List\n", "");
	check("apiVersion: v1\nkind: List\nitems: {}\n", "f:3:8: 'items' must be a list\n");
	check("kind: List\nitems:\n- kind: List\n  items:\n  - 5\n",
	      "f:5:5: an object must be a map, not a number\n");
	check("apiVersion: example.org/v1\nkind: AllowList\nmetadata: {name: a}\n",
	      "f:1 k8s:c/AllowList.example.org/a {\"apiVersion\":\"example.org/v1\",\"kind\":"
	      "\"AllowList\",\"metadata\":{\"name\":\"a\"}}\n");
	check("{kind: List, items: [{kind: List, items: [{kind: List, items: [{kind: List, items: ["
	      "{kind: List, items: [{kind: List, items: [{kind: List, items: [{kind: List, items: ["
	      "{kind: List, items: []}]}]}]}]}]}]}]}]}",
	      "f:1:169: lists in lists, too deep: at most 8\n");
}

static void test_what_each_object_needs(void)
{
	check("kind: A\nmetadata: {name: a}\n---\napiVersion: v1\nmetadata: {name: a}\n---\n"
	      "apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: A\nmetadata: {}\n---\n"
	      "apiVersion: 1\nkind: A\n---\napiVersion: v1\nkind: A\nmetadata: {name: 5}\n---\n"
	      "apiVersion: v1\nkind: A\nmetadata: {name: a, namespace: 5}\n---\n- a\n---\n"
	      "apiVersion: v1\nkind: A\nmetadata: [a]\n",
	      "f:1:1: no 'apiVersion': each object needs one\n"
	      "f:4:1: no 'kind': each object needs one\n"
	      "f:7:1: no 'metadata.name': each object needs one\n"
	      "f:12:11: no 'metadata.name': each object needs one\n"
	      "f:14:13: 'apiVersion' must be a text, not a number: quote it\n"
	      "f:19:18: 'metadata.name' must be a text, not a number: quote it\n"
	      "f:23:32: 'metadata.namespace' must be a text, not a number: quote it\n"
	      "f:25:1: an object must be a map, not a list\n"
	      "f:29:11: 'metadata' must be a map\n");
	check("apiVersion: v1\nkind: A\nmetadata: {generateName: a-}\n",
	      "f:3:26: a name that the server makes cannot be planned: replace 'generateName' by "
	      "'name'\n");
	check("apiVersion: v1\nkind: A\nmetadata: {name: a, uid: x,\n  resourceVersion: \"1\"}\n",
	      "f:3:26: only the server sets 'metadata.uid': remove it\n"
	      "f:4:20: only the server sets 'metadata.resourceVersion': remove it\n");
	check("apiVersion: v1\nkind: A\nmetadata: {name: a/b}\n",
	      "f:1:1: 'a/b' is no name of an object\n");
}

static void test_what_is_left_out(void)
{
	check("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a, namespace: '', "
	      "creationTimestamp: null}\nspec: {jobTemplate: {spec: {template: {metadata: "
	      "{creationTimestamp: null, labels: {a: b}}}}}}\nstatus: {active: []}\n",
	      "f:1 k8s:c/CronJob/a {\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"metadata\":{"
	      "\"name\":\"a\"},\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":{\"metadata\":{"
	      "\"labels\":{\"a\":\"b\"}}}}}}}\n");
}

#define SECRET "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"

static void test_secrets_become_data(void)
{
	check(SECRET "data: {a: aGVsbG8=, b: \"aGVs\\nbG8=\"}\n"
		     "stringData: {b: \"p\\0w\", c: '', d: }\n",
	      "f:1 k8s:c/Secret/a {\"apiVersion\":\"v1\",\"data\":{\"a\":\"aGVsbG8=\",\"b\":"
	      "\"cAB3\",\"c\":\"\",\"d\":\"\"},\"kind\":\"Secret\",\"metadata\":{\"name\":\"a\"}}"
	      "\n");
	check(SECRET "data:\nstringData: {a: b}\n",
	      "f:1 k8s:c/Secret/a {\"apiVersion\":\"v1\",\"data\":{\"a\":\"Yg==\"},\"kind\":"
	      "\"Secret\",\"metadata\":{\"name\":\"a\"}}\n");
	check(SECRET "stringData: {}\n",
	      "f:1 k8s:c/Secret/a "
	      "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"a\"}}\n");
	/* No message repeats what may be secret. */
	check(SECRET "data: {a: hunter2!}\nstringData: {b: 12345}\n",
	      "f:4:11: 'data.a' is not base64: encode it, or move it to where plain text may "
	      "stand\n"
	      "f:5:17: 'stringData.b' must be a text, not a number: quote it\n");
}

static void test_types(void)
{
	check(MAP "data: {a: 1, b: true, c: [x],\n  d: null, e: \"1\"}\n",
	      "f:4:11: 'data.a' must be a text, not a number: quote it\n"
	      "f:4:17: 'data.b' must be a text, not true or false: quote it\n"
	      "f:4:26: 'data.c' must be a text, not a list\n");
	check("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels: {x: 1}\nspec:\n"
	      "  containers:\n  - name: a\n    args: [--port, 80]\n    env:\n    - name: A\n"
	      "      value: 5\n    ports: [{containerPort: \"80\"}]\n  initContainers: x\n"
	      "  hostNetwork: 'yes'\n",
	      "f:5:15: 'metadata.labels.x' must be a text, not a number: quote it\n"
	      "f:9:20: 'spec.containers[0].args[1]' must be a text, not a number: quote it\n"
	      "f:12:14: 'spec.containers[0].env[0].value' must be a text, not a number: quote it\n"
	      "f:13:29: 'spec.containers[0].ports[0].containerPort' must be a whole number, not a "
	      "text: remove the quotes\n"
	      "f:14:19: 'spec.initContainers' must be a list, not a text\n"
	      "f:15:16: 'spec.hostNetwork' must be true or false, not a text: remove the quotes\n");
	check("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n"
	      "  replicas: 1.5\n  selector: [x]\n  template:\n    metadata: {labels: {on: y}}\n"
	      "    spec: {containers: [{name: a, env: {A: b}}, 5]}\n",
	      "f:5:13: 'spec.replicas' must be a whole number, not one with a fraction\n"
	      "f:6:13: 'spec.selector' must be a map, not a list\n"
	      "f:8:29: 'spec.template.metadata.labels.true' must be a text, not true or false: "
	      "quote it\n"
	      "f:9:40: 'spec.template.spec.containers[0].env' must be a list, not a map\n"
	      "f:9:49: 'spec.template.spec.containers[1]' must be a map, not a number\n");
	/* What is not Kubernetes' own is the server's to judge, but for the metadata. */
	check("apiVersion: example.org/v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {b: "
	      "true}}\ndata: {a: 1}\n",
	      "f:3:38: 'metadata.annotations.b' must be a text, not true or false: quote it\n");
}

/* The body of a recorded request, as a manifest in JSON. */
static char *gather_request(const char *name)
{
	g_autoptr(kube_value_auto) exchange = kube_vector(name);
	size_t len;
	g_autofree char *body =
		kube_value_canonical(kube_value_at(exchange, "request", "body", NULL), &len);

	return gather("f.json", body);
}

static void test_recorded_requests(void)
{
	static const struct {
		const char *name, *problem; /* NULL: nothing is wrong */
	} cases[] = {
		{"ssa-16-managedfields-in-body.json", "only the server sets"},
		{"ssa-19-wrong-type.json", "'data.a' must be a text, not a number: quote it"},
		{"ssa-34-env-int-value.json",
		 "'spec.template.spec.containers[0].env[0].value' must be a text, not a number"},
		{"ssa-35-annotation-bool.json",
		 "'metadata.annotations.x' must be a text, not true"},
		{"ssa-36-null-values.json", NULL},
		{"ssa-37-creationTimestamp-null-and-status.json", NULL},
		{"wl-06-deploy-wrong-type.json", "must be a whole number"},
		{"wl-16-secret-stringdata-create.json", NULL},
		{"wl-26-generateName.json", "a name that the server makes cannot be planned"},
		{"wl-27-pod-create.json", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = gather_request(cases[i].name);

		g_test_message("%s: %s", cases[i].name, got);
		if (cases[i].problem == NULL) {
			g_assert_true(g_str_has_prefix(got, "f.json:1 k8s:c/"));
			g_assert_null(strstr(got, "\"status\""));
			g_assert_null(strstr(got, "creationTimestamp"));
			g_assert_null(strstr(got, "stringData"));
		} else {
			g_assert_nonnull(strstr(got, cases[i].problem));
		}
	}
}

static void test_settle(void)
{
	g_autoptr(GPtrArray) objects = objects_new();
	g_auto(diags_auto) diags = {0};
	g_autofree char *text = NULL;
	struct kube_object *none, *own;

	diag_list_init(&diags);
	g_assert_true(read_into(objects, "f",
				MAP "---\napiVersion: v1\nkind: A\nmetadata: {name: b, namespace: "
				    "ns}\n",
				&diags));
	none = objects->pdata[0];
	own = objects->pdata[1];
	g_assert_false(kube_object_settle(none, KUBE_SCOPE_NAMESPACE, NULL, &diags));
	g_assert_true(kube_object_settle(own, KUBE_SCOPE_NAMESPACE, NULL, &diags));
	g_assert_true(kube_object_settle(own, KUBE_SCOPE_NAMESPACE, "shop", &diags));
	g_assert_cmpstr(own->id->namespace, ==, "ns");
	g_assert_true(kube_object_settle(none, KUBE_SCOPE_CLUSTER, "shop", &diags));
	g_assert_cmpstr(none->id->namespace, ==, "");
	g_assert_false(kube_object_settle(own, KUBE_SCOPE_CLUSTER, "shop", &diags));
	g_assert_true(kube_object_settle(none, KUBE_SCOPE_NAMESPACE, "shop", &diags));
	g_assert_cmpstr(none->id->namespace, ==, "shop");
	g_assert_cmpstr(kube_value_str_at(none->value, "metadata", "namespace", NULL), ==, "shop");
	text = diag_text(&diags);
	g_assert_cmpstr(text, ==,
			"f:3:11: no 'metadata.namespace', and no default for it\n"
			"f:7:32: objects of kind 'A' belong to no namespace: remove "
			"'metadata.namespace'\n");
}

static void test_unique(void)
{
	g_autoptr(GPtrArray) objects = objects_new();
	g_auto(diags_auto) diags = {0};
	g_autofree char *text = NULL;

	diag_list_init(&diags);
	g_assert_true(read_into(objects, "g", MAP, &diags));
	g_assert_true(kube_objects_check_unique(objects, &diags));
	g_assert_true(read_into(objects, "f",
				"# c\napiVersion: v2\nkind: ConfigMap\nmetadata: {name: a}\n---\n"
				"apiVersion: x/v1\nkind: ConfigMap\nmetadata: {name: a}\n",
				&diags));
	g_assert_false(kube_objects_check_unique(objects, &diags));
	text = diag_text(&diags);
	g_assert_cmpstr(text, ==,
			"g:1:1: 'ConfigMap a' stands in 'f', line 2 already: remove one\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/object/several-in-a-file", test_several_in_a_file);
	g_test_add_func("/kube/object/what-is-passed-over", test_what_is_passed_over);
	g_test_add_func("/kube/object/lists", test_lists);
	g_test_add_func("/kube/object/what-each-object-needs", test_what_each_object_needs);
	g_test_add_func("/kube/object/what-is-left-out", test_what_is_left_out);
	g_test_add_func("/kube/object/secrets-become-data", test_secrets_become_data);
	g_test_add_func("/kube/object/types", test_types);
	g_test_add_func("/kube/object/recorded-requests", test_recorded_requests);
	g_test_add_func("/kube/object/settle", test_settle);
	g_test_add_func("/kube/object/unique", test_unique);
	return g_test_run();
}
