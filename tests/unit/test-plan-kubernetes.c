/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fields that servers name, and sections of the diff about objects of clusters. */
#include <string.h>

#include "worker/plan-kubernetes.h"
#include "worker/target/kubernetes-diff.h"

static struct kube_value *parse(const char *json)
{
	struct kube_value *value = NULL;
	g_autoptr(GError) error = NULL;
	bool ok = kube_value_parse(json, strlen(json), KUBE_VALUE_MAX_SIZE, &value, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	return value;
}

#define BODY                                                                                       \
	"{\"data\":{\"app.conf\":\"x\",\"app\":{\"conf\":{}}},\"spec\":{\"replicas\":1,"           \
	"\"ports\":[{\"port\":80,\"protocol\":\"TCP\"},{\"port\":81,\"protocol\":\"UDP\"}],"       \
	"\"finalizers\":[\"a/b\",\"c\"],\"list\":[{\"x\":1},{\"y\":null}],"                        \
	"\"containers\":[{\"name\":\"web\",\"image\":\"i\"}]},"                                    \
	"\"metadata\":{\"labels\":{\"app.kubernetes.io/name\":\"n\"}}}"

static void fields_are_found(void)
{
	static const char *const there[] = {"",
					    ".spec",
					    ".spec.replicas",
					    ".data.app.conf",
					    ".data.app",
					    ".metadata.labels.app.kubernetes.io/name",
					    ".spec.containers[name=\"web\"].image",
					    ".spec.containers[name=\"web\"]",
					    ".spec.ports[port=81,protocol=\"UDP\"].port",
					    ".spec.finalizers[=\"a/b\"]",
					    ".spec.list[1].y",
					    ".spec.list[0]"};
	static const char *const absent[] = {".spec.replica",
					     ".spec.replicas2",
					     ".replicas",
					     "spec.replicas",
					     ".spec.",
					     ".data.app.con",
					     ".metadata.labels.app.kubernetes.io",
					     ".spec.containers[name=\"w\"]",
					     ".spec.containers[name=\"web\"",
					     ".spec.containers[nam=\"web\"].image",
					     ".spec.ports[port=81,protocol=\"TCP\"]",
					     ".spec.finalizers[=\"a\"]",
					     ".spec.list[2]",
					     ".spec.list[1].x",
					     ".spec.list[1",
					     ".spec.containers[]",
					     "["};
	g_autoptr(kube_value_auto) body = parse(BODY);

	for (size_t i = 0; i < G_N_ELEMENTS(there); i++) {
		g_test_message("%s", there[i]);
		g_assert_true(kube_field_is_in(body, there[i]));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(absent); i++) {
		g_test_message("%s", absent[i]);
		g_assert_false(kube_field_is_in(body, absent[i]));
	}
}

static char *lines(const char *live, const char *wanted, enum plan_action action)
{
	g_autoptr(kube_value_auto) a = live != NULL ? parse(live) : NULL;
	g_autoptr(kube_value_auto) b = wanted != NULL ? parse(wanted) : NULL;
	struct look look = {.live = a, .wanted = b, .state = LOOK_DIFFERS, .problem = (char *)"x"};
	GString *out = g_string_new(NULL);

	kubernetes_diff_lines(out, &look, action);
	return g_string_free(out, FALSE);
}

static void sections_show_fields(void)
{
	static const struct {
		const char *live, *wanted;
		enum plan_action action;
		const char *shown;
	} rows[] = {
		{NULL,
		 "{\"apiVersion\":\"v1\",\"kind\":\"X\",\"metadata\":{\"name\":\"n\",\"namespace\":"
		 "\"s\",\"labels\":{\"a.b/"
		 "c\":\"d\"}},\"spec\":{\"l\":[{\"name\":\"w\",\"i\":1},{}],"
		 "\"e\":{},\"n\":null}}",
		 ACTION_CREATE,
		 "+.metadata.labels[\"a.b/c\"] = \"d\"\n+.spec.e = {}\n"
		 "+.spec.l[name=\"w\"].i = 1\n+.spec.l[name=\"w\"].name = \"w\"\n+.spec.l[1] = {}\n"
		 "+.spec.n = null\n"},
		{"{\"data\":{\"a\":\"1\"}}", NULL, ACTION_REMOVE, "-.data.a = \"1\"\n"},
		{"{\"data\":{\"a\":\"1\",\"b\":\"1\"}}", "{\"data\":{\"a\":\"2\",\"c\":{\"d\":1}}}",
		 ACTION_UPDATE,
		 "-.data.a = \"1\"\n+.data.a = \"2\"\n-.data.b = \"1\"\n+.data.c.d = 1\n"},
		/* texts of several lines, and what a text could pretend */
		{"{\"a\":\"one\\ntwo\\nthree\\n\"}", "{\"a\":\"one\\n2\\nthree\\n\"}",
		 ACTION_UPDATE, " .a:\n one\n-two\n+2\n three\n"},
		{"{\"a\":\"one\\n\"}", "{\"a\":\"one\\ntwo\"}", ACTION_UPDATE,
		 " .a:\n one\n+two\n (no newline at the end of the text)\n"},
		{NULL, "{\"a\":\"x\\n+.b = 1\\n\"}", ACTION_CREATE,
		 "+.a =\n+    x\n+    +.b = 1\n"},
		{NULL, "{\"a\":\"x\\ry\"}", ACTION_CREATE, "+.a = \"x\\ry\"\n"},
		/* what a server has made up does not go when an object is made again */
		{"{\"spec\":{\"s\":1,\"made\":2}}", "{\"spec\":{\"s\":3}}", ACTION_REPLACE,
		 "-.spec.s = 1\n+.spec.s = 3\n"
		 " deleted and made again, since it cannot be changed: x\n"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *got = lines(rows[i].live, rows[i].wanted, rows[i].action);

		g_assert_cmpstr(got, ==, rows[i].shown);
	}
}

static void long_sections_are_cut(void)
{
	g_autoptr(GString) json = g_string_new("{\"data\":{");
	g_autofree char *got = NULL;

	for (int i = 0; i < 5000; i++) {
		g_string_append_printf(json, "%s\"k%05d\":\"v\"", i > 0 ? "," : "", i);
	}
	g_string_append(json, "}}");
	got = lines(NULL, json->str, ACTION_CREATE);
	g_assert_true(g_str_has_suffix(got, "... 1000 more lines\n"));
}

/* The body that is planned is the one that is looked at: marked, and of the set. */
static void bodies_are_marked(void)
{
	g_autoptr(kube_value_auto) object = parse("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
						  "\"metadata\":{\"name\":\"n\"}}");
	const struct kube_id id = {.group = (char *)"",
				   .version = (char *)"v1",
				   .kind = (char *)"ConfigMap",
				   .namespace = (char *)"shop",
				   .name = (char *)"n"};
	g_autoptr(kube_value_auto) body = look_body(object, &id, "web1/shop", "applyset-x-v1");

	g_assert_null(kube_value_at(object, "metadata", "labels", NULL));
	g_assert_cmpstr(kube_value_str_at(body, "metadata", "labels", KUBE_ID_PART_OF, NULL), ==,
			"applyset-x-v1");
	g_assert_cmpint(kube_id_judge_mark(kube_value_str_at(body, "metadata", "annotations",
							     KUBE_ID_MARK, NULL),
					   "web1/shop", &id),
			==, KUBE_MARK_OURS);
}

#define MARKED(kind, spec)                                                                         \
	"{\"metadata\":{\"uid\":\"u1\",\"labels\":{\"applyset.kubernetes.io/part-of\":\"set\"},"   \
	"\"annotations\":{\"assent.org/id\":\"web1/shop:" kind ":/gone\"}}" spec "}"

struct stay {
	struct kube_id gone, wanted;
	const char *list; /* namespace of the list of objects */
	const char *live; /* NULL: the server says nothing of it to us */
	bool may;	  /* touch what is in no namespace */
	const char *why;
};

/* What the planner warns of when nothing but gone is not wanted any more. */
static void judge_stays(const struct stay *row)
{
	struct cluster_scope scope = {NULL, row->may};
	struct look same = {.state = LOOK_SAME}, look = {.state = LOOK_THERE};
	struct kube_wanted wanted = {.id = &row->wanted, .look = &same};
	struct kube_wanted gone = {.id = &row->gone, .uid = (char *)"u1", .look = &look};
	struct inventory inventory = {
		.namespace = (char *)row->list, .name = (char *)"l", .set = (char *)"set"};
	struct planner planner = {.scope = &scope,
				  .warnings = g_ptr_array_new_with_free_func(g_free),
				  .acts = g_ptr_array_new()};
	struct kube_part part = {.p = &planner,
				 .context = "prod",
				 .owner = (char *)"web1/shop",
				 .inventory = &inventory,
				 .wanted = g_ptr_array_new(),
				 .gone = g_ptr_array_new()};
	g_autoptr(GError) error = NULL;

	if (row->live != NULL) {
		look.raw = parse(row->live);
	} else {
		look.state = LOOK_REFUSED;
		look.class = KUBE_FORBIDDEN;
		look.problem = (char *)"forbidden";
	}
	planner.diags.items = g_ptr_array_new();
	g_ptr_array_add(part.wanted, &wanted);
	g_ptr_array_add(part.gone, &gone);
	g_assert_true(kube_part_judge(&part, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(planner.acts->len, ==, 0);
	g_assert_cmpuint(planner.warnings->len, ==, 1);
	g_assert_cmpstr(planner.warnings->pdata[0], ==, row->why);
	kube_value_free(look.raw);
	g_ptr_array_unref(planner.warnings);
	g_ptr_array_unref(planner.acts);
	g_ptr_array_unref(planner.diags.items);
	g_ptr_array_unref(part.wanted);
	g_ptr_array_unref(part.gone);
}

static struct kube_id id_of(const char *group, const char *kind, const char *namespace,
			    const char *name)
{
	return (struct kube_id){.group = (char *)group,
				.version = (char *)"v1",
				.kind = (char *)kind,
				.namespace = (char *)namespace,
				.name = (char *)name};
}

/* Nobody who approves that a namespace goes is asked about all that is in it. */
static void what_is_wanted_is_not_taken(void)
{
	const char *crds = "apiextensions.k8s.io", *crd = "CustomResourceDefinition";
	const char *namespace = MARKED("/Namespace", "");
	const struct stay rows[] = {
		{id_of("", "Namespace", "", "gone"), id_of("apps", "Deployment", "gone", "web"),
		 "b", namespace, true,
		 "k8s:prod/Namespace/gone is not wanted any more and stays: "
		 "k8s:prod/gone/Deployment/web, which is wanted, would go with it"},
		{id_of("", "Namespace", "", "gone"), id_of("apps", "Deployment", "b", "web"),
		 "gone", namespace, true,
		 "k8s:prod/Namespace/gone is not wanted any more and stays: "
		 "the list of the stack's objects would go with it"},
		{id_of(crds, crd, "", "gone"), id_of("example.org", "Shop", "b", "web"), "b",
		 MARKED("apiextensions.k8s.io/CustomResourceDefinition",
			",\"spec\":{\"group\":\"example.org\",\"names\":{\"kind\":\"Shop\"}}"),
		 true,
		 "k8s:prod/CustomResourceDefinition/gone is not wanted any more and stays: "
		 "k8s:prod/b/Shop.example.org/web, which is wanted, would go with it"},
		/* A scope that has become smaller is no error, whatever rights went with it. */
		{id_of("", "Namespace", "", "gone"), id_of("apps", "Deployment", "b", "web"), "b",
		 NULL, false,
		 "k8s:prod/Namespace/gone is not wanted any more and stays: it is in no namespace: "
		 "the agent's configuration must say 'cluster-scoped: true' for this stack"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("row %zu", i);
		judge_stays(&rows[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/plan-kubernetes/fields", fields_are_found);
	g_test_add_func("/plan-kubernetes/sections", sections_show_fields);
	g_test_add_func("/plan-kubernetes/cut", long_sections_are_cut);
	g_test_add_func("/plan-kubernetes/bodies", bodies_are_marked);
	g_test_add_func("/plan-kubernetes/taken", what_is_wanted_is_not_taken);
	return g_test_run();
}
