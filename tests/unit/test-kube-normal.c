/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what is compared, shown and digested, over what a real server answered. */
#include "kube/normal.h"

#include <string.h>

#include "kube/answer.h"
#include "kube/diff.h"
#include "unit/kube-vectors.h"

/* The answer of an exchange, without noise. */
static struct kube_value *stripped(const char *name)
{
	g_autoptr(kube_value_auto) exchange = kube_vector(name);
	struct kube_value *object = kube_value_dup(kube_vector_body(exchange));

	kube_normal_strip(object, true);
	return object;
}

static struct kube_value *manifest_of(const char *name)
{
	g_autoptr(kube_value_auto) exchange = kube_vector(name);

	return kube_value_dup(kube_value_at(exchange, "request", "body", NULL));
}

/* "path: old -> new" lines. */
static char *shown(const struct kube_value *old, const struct kube_value *new)
{
	g_autoptr(GPtrArray) list = kube_diff(old, new);
	GString *text = g_string_new(NULL);

	g_assert_true((list->len == 0) == kube_value_equal(old, new));
	for (size_t i = 0; i < list->len; i++) {
		const struct kube_difference *one = list->pdata[i];

		g_string_append_printf(text, "%s%s: %s -> %s\n", one->order ? "order of " : "",
				       one->path, one->old != NULL ? one->old : "nothing",
				       one->new != NULL ? one->new : "nothing");
	}
	return g_string_free(text, FALSE);
}

static void check_diff(const char *old, const char *new, const char *wanted)
{
	g_autoptr(kube_value_auto) left = kube_vector_parse(old), right = kube_vector_parse(new);
	g_autofree char *text = shown(left, right);

	g_assert_cmpstr(text, ==, wanted);
}

/* What the server did, as our comparison tells it. */
static void test_recorded(void)
{
	static const struct {
		const char *live, *wanted, *difference;
	} cases[] = {
		{"ssa-05-apply-create.json", "ssa-06-apply-same-again.json", ""},
		{"ssa-04-dryrun-create.json", "ssa-05-apply-create.json", ""},
		{"ssa-08-get-live.json", "ssa-06-apply-same-again.json", ""},
		{"ssa-06-apply-same-again.json", "ssa-07-dryrun-change.json",
		 ".data.a: \"1\" -> \"changed\"\n"},
		{"ssa-10-kubectl-edit-like-update.json", "ssa-12-dryrun-force-shows-drift.json",
		 ".data.a: \"hand\" -> \"1\"\n"},
		{"ssa-12-dryrun-force-shows-drift.json", "ssa-13-apply-force.json", ""},
		{"ssa-13-apply-force.json", "ssa-14-remove-field-b.json",
		 ".data.b: \"2\" -> nothing\n"},
		{"wl-01-deploy-create.json", "wl-02-deploy-dryrun-same.json", ""},
		{"wl-02-deploy-dryrun-same.json", "wl-03-deploy-dryrun-image.json",
		 ".spec.template.spec.containers[name=\"web\"].image: \"nginx:1.25\" -> "
		 "\"nginx:1.26\"\n"},
		{"wl-01-deploy-create.json", "wl-09-status-subresource-apply.json", ""},
		{"wl-09-status-subresource-apply.json", "wl-10-apply-ignores-status-in-main.json",
		 ""},
		{"wl-11-svc-dryrun-create.json", "wl-12-svc-dryrun-create-again.json", ""},
		{"wl-13-svc-create.json", "wl-14-svc-type-change-dryrun.json",
		 ".spec.externalTrafficPolicy: \"Cluster\" -> nothing\n"
		 ".spec.ports[port=80,protocol=\"TCP\"].nodePort: 32096 -> nothing\n"
		 ".spec.type: \"NodePort\" -> \"ClusterIP\"\n"},
		{"wl-16-secret-stringdata-create.json",
		 "wl-17-secret-stringdata-remove-key-bug.json", ".data.q: nothing -> \"eA==\"\n"},
		{"scale-02-managedfields-after-scale.json",
		 "scale-04-ssa-without-replicas-keeps-5.json", ""},
		{"scale-02-managedfields-after-scale.json", "ssa-36-null-values.json",
		 ".spec.replicas: 5 -> 1\n"},
		{"scale-02-managedfields-after-scale.json",
		 "ssa-37-creationTimestamp-null-and-status.json", ".spec.replicas: 5 -> 2\n"},
		{"scale-02-managedfields-after-scale.json",
		 "ssa-33-ports-same-port-two-protocols.json",
		 ".spec.replicas: 5 -> 2\n"
		 ".spec.template.spec.containers[name=\"h\"].ports: nothing -> [{"
		 "\"containerPort\":53,\"protocol\":\"TCP\"},{\"containerPort\":53,\"protocol\":"
		 "\"UDP\"}]\n"},
		{"mig-01-object-from-kubectl-client-side-apply.json",
		 "mig-02-ssa-drops-b-but-b-stays.json", ""},
		{"mig-02-ssa-drops-b-but-b-stays.json", "mig-03-jsonpatch-managedfields.json", ""},
		{"crd-02-crd-dryrun.json", "crd-03-crd-create.json", ""},
		{"crd-03-crd-create.json", "crd-04-crd-get-established.json", ""},
		{"crd-06-cr-create.json", "crd-10-cr-dryrun-change-generation.json",
		 ".spec.size: 3 -> 4\n"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(kube_value_auto) live = stripped(cases[i].live);
		g_autoptr(kube_value_auto) wanted = stripped(cases[i].wanted);
		g_autofree char *text = shown(live, wanted);

		g_test_message("%s, %s", cases[i].live, cases[i].wanted);
		g_assert_cmpstr(text, ==, cases[i].difference);
	}
}

/* Two dry runs of the same new Service differ, and so does what is made; not what we keep. */
static void test_service(void)
{
	g_autoptr(kube_value_auto) manifest = manifest_of("wl-11-svc-dryrun-create.json");
	g_autoptr(kube_value_auto) first = stripped("wl-11-svc-dryrun-create.json");
	g_autoptr(kube_value_auto) made = stripped("wl-13-svc-create.json");
	g_autofree char *raw = shown(first, made), *text = NULL;

	g_assert_cmpstr(raw, !=, "");
	kube_normal_generated(first, manifest, NULL);
	kube_normal_generated(made, manifest, NULL);
	text = shown(first, made);
	g_assert_cmpstr(text, ==, "");
	g_assert_nonnull(kube_value_at(first, "spec", "sessionAffinity", NULL));
}

/* What the manifest says, or what is there, is no invention. */
static void test_service_keeps(void)
{
	static const char text[] =
		"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":{\"clusterIP\":\"None\","
		"\"clusterIPs\":[\"None\"],\"ports\":[{\"port\":80,\"protocol\":\"TCP\","
		"\"nodePort\":30080},{\"port\":80,\"protocol\":\"UDP\",\"nodePort\":30081}]}}";
	g_autoptr(kube_value_auto) by_manifest = kube_vector_parse(text);
	g_autoptr(kube_value_auto) by_live = kube_vector_parse(text);
	g_autoptr(kube_value_auto) nothing = kube_vector_parse(text);
	g_autoptr(kube_value_auto) live = kube_vector_parse(text);
	g_autoptr(kube_value_auto) manifest = kube_vector_parse(
		"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":{\"clusterIP\":\"None\","
		"\"ports\":[{\"port\":80,\"nodePort\":30080}]}}");
	g_autofree char *first = NULL, *second = NULL, *third = NULL;

	kube_normal_generated(by_manifest, manifest, NULL);
	first = shown(live, by_manifest);
	g_assert_cmpstr(first, ==,
			".spec.ports[port=80,protocol=\"UDP\"].nodePort: 30081 -> nothing\n");
	kube_normal_generated(by_live, NULL, live);
	second = shown(live, by_live);
	g_assert_cmpstr(second, ==, "");
	kube_normal_generated(nothing, NULL, NULL);
	third = kube_vector_text(nothing);
	g_assert_cmpstr(third, ==,
			"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":{\"ports\":["
			"{\"port\":80,\"protocol\":\"TCP\"},{\"port\":80,\"protocol\":\"UDP\"}]}}");
}

/* All that a dry run was ever seen to invent is known: the table of 35 kinds. */
static void test_fidelity(void)
{
	g_autoptr(kube_value_auto) table = kube_vector("dryrun-fidelity-by-kind.json");
	size_t lies = 0;

	for (size_t i = 0; i < kube_value_count(table); i++) {
		const struct kube_value *row = kube_value_item(table, i);
		const struct kube_value *list = kube_value_get(row, "dryRunCreate_vs_realCreate");
		const char *kind = kube_value_str_at(row, "kind", NULL);
		bool job = strcmp(kind, "Job") == 0;
		g_autofree char *text = g_strdup_printf(
			"{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"labels\":{"
			"\"controller-uid\":\"a\"}},\"spec\":{\"clusterIP\":\"a\",\"clusterIPs\":["
			"\"a\"],\"ports\":[{\"port\":1,\"nodePort\":1},{\"port\":2,\"nodePort\":1}]"
			","
			"\"selector\":{\"matchLabels\":{\"controller-uid\":\"a\"}},\"template\":{"
			"\"metadata\":{\"labels\":{\"controller-uid\":\"a\"}}}}}",
			job ? "batch/v1" : "v1", kind);
		g_autoptr(kube_value_auto) before = kube_vector_parse(text);
		g_autoptr(kube_value_auto) after = kube_vector_parse(text);
		g_autoptr(GPtrArray) dropped = NULL;

		g_assert_cmpuint(kube_value_count(kube_value_get(row, "live_vs_dryRunUnchanged")),
				 ==, 0);
		kube_normal_generated(after, NULL, NULL);
		dropped = kube_diff(before, after);
		lies += kube_value_count(list);
		g_assert_true(kube_value_count(list) == 0 || dropped->len > 0);
		for (size_t n = 0; n < kube_value_count(list); n++) {
			const char *path =
				kube_value_str(kube_value_item(kube_value_item(list, n), 0));
			const char *leaf = strrchr(path, '.') + 1;
			bool known = false;

			for (size_t k = 0; k < dropped->len; k++) {
				const struct kube_difference *one = dropped->pdata[k];

				g_assert_null(one->new);
				known = known || g_str_has_prefix(path, one->path) ||
					g_str_has_suffix(one->path, leaf);
			}
			g_assert_true(known);
		}
	}
	g_assert_cmpuint(lies, ==, 9);
}

static void test_job(void)
{
	g_autoptr(kube_value_auto) manifest = manifest_of("wl-18-job-create.json");
	g_autoptr(kube_value_auto) job = stripped("wl-18-job-create.json");
	g_autofree char *before = kube_vector_text(job), *after = NULL;

	kube_normal_generated(job, manifest, NULL);
	after = kube_vector_text(job);
	g_assert_nonnull(strstr(before, "controller-uid"));
	g_assert_null(strstr(after, "controller-uid"));
	g_assert_nonnull(strstr(after, "job-name"));
}

static void test_status_of_ones_own(void)
{
	g_autoptr(kube_value_auto) with = kube_vector_parse("{\"status\":{\"a\":1}}");
	g_autoptr(kube_value_auto) without = kube_vector_parse("{\"status\":{\"a\":1}}");
	g_autofree char *kept = NULL, *dropped = NULL;

	kube_normal_strip(with, false);
	kube_normal_strip(without, true);
	kept = kube_vector_text(with);
	dropped = kube_vector_text(without);
	g_assert_cmpstr(kept, ==, "{\"status\":{\"a\":1}}");
	g_assert_cmpstr(dropped, ==, "{}");
}

static char *mask(const void *content, size_t len, void *data)
{
	GString *seen = data;

	g_string_append_len(seen, content, (gssize)len);
	g_string_append_c(seen, '|');
	return g_strdup_printf("keyed-%u", seen->len > 0 ? (unsigned)len : 0);
}

static void test_secrets(void)
{
	static const char text[] =
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"annotations\":{"
		"\"note\":"
		"\"seen\",\"kubectl.kubernetes.io/last-applied-configuration\":\"{hidden}\"}},"
		"\"data\":{\"a\":\"aGlkZGVu\",\"b\":\"hidden!\",\"c\":7,\"d\":null,\"e\":["
		"\"hidden\"]},"
		"\"stringData\":{\"s\":\"hidden?\"},\"type\":\"Opaque\"}";
	g_autoptr(kube_value_auto) secret = kube_vector_parse(text);
	g_autoptr(kube_value_auto) map = kube_vector_parse(
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"a\":\"x\"}}");
	g_autoptr(kube_value_auto) odd = kube_vector_parse(
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":\"hidden\"}");
	g_autoptr(GString) seen = g_string_new(NULL);
	g_autofree char *masked = NULL, *whole = NULL, *plain = NULL;

	kube_normal_mask(secret, mask, seen);
	masked = kube_vector_text(secret);
	g_assert_cmpstr(seen->str, ==, "hidden|hidden!|7|[\"hidden\"]|hidden?|{hidden}|");
	g_assert_null(strstr(masked, "hidden"));
	g_assert_null(strstr(masked, "aGlkZGVu"));
	g_assert_nonnull(strstr(masked, "\"a\":\"keyed-6\""));
	g_assert_nonnull(strstr(masked, "\"note\":\"seen\""));
	kube_normal_mask(odd, mask, seen);
	whole = kube_vector_text(odd);
	g_assert_null(strstr(whole, "hidden"));
	kube_normal_mask(map, mask, seen);
	plain = kube_vector_text(map);
	g_assert_nonnull(strstr(plain, "\"a\":\"x\""));
}

/* What the recorded server keeps when a key leaves stringData. */
static void test_string_data(void)
{
	g_autoptr(kube_value_auto) manifest =
		kube_vector_parse("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{\"a\":\"eA="
				  "=\",\"b\":\"eQ==\"},"
				  "\"stringData\":{\"a\":\"new\",\"n\":\"\\u0000\"}}");
	g_autoptr(kube_value_auto) bad = kube_vector_parse(
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"stringData\":{\"a\":5,\"b\":\"x\"}}");
	g_autoptr(kube_value_auto) recorded = manifest_of("wl-16-secret-stringdata-create.json");
	g_autoptr(kube_value_auto) live = stripped("wl-16-secret-stringdata-create.json");
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	g_assert_true(kube_normal_data(manifest, NULL));
	text = kube_vector_text(manifest);
	g_assert_cmpstr(
		text, ==,
		"{\"apiVersion\":\"v1\",\"data\":{\"a\":\"bmV3\",\"b\":\"eQ==\",\"n\":\"AA==\"}"
		",\"kind\":\"Secret\"}");
	g_assert_false(kube_normal_data(bad, &error));
	g_assert_nonnull(error);
	g_assert_true(kube_normal_data(recorded, NULL));
	g_assert_true(
		kube_value_equal(kube_value_get(recorded, "data"), kube_value_get(live, "data")));
}

static void test_paths(void)
{
	check_diff("{\"a\":1}", "{\"a\":1.0}", ".a: 1 -> 1.0\n");
	check_diff("{\"a\":null}", "{}", ".a: null -> nothing\n");
	check_diff("{\"l\":{\"a.b/c\":\"x\",\"\":1}}", "{\"l\":{\"a.b/c\":\"y\"}}",
		   ".l[\"\"]: 1 -> nothing\n.l[\"a.b/c\"]: \"x\" -> \"y\"\n");
	check_diff("[1,2,3]", "[1,3]", "[1]: 2 -> 3\n[2]: 3 -> nothing\n");
	check_diff("[{\"name\":\"a\",\"v\":1},{\"name\":\"b\"}]",
		   "[{\"name\":\"c\"},{\"name\":\"a\",\"v\":2}]",
		   "[name=\"a\"].v: 1 -> 2\n[name=\"b\"]: {\"name\":\"b\"} -> nothing\n"
		   "[name=\"c\"]: nothing -> {\"name\":\"c\"}\n");
	check_diff("[{\"name\":\"a\"},{\"name\":\"b\"}]", "[{\"name\":\"b\"},{\"name\":\"a\"}]",
		   "order of : [\"name=\\\"a\\\"\",\"name=\\\"b\\\"\"] -> "
		   "[\"name=\\\"b\\\"\",\"name=\\\"a\\\"\"]\n");
	/* Two of one name are paired by their place. */
	check_diff("[{\"name\":\"a\"},{\"name\":\"a\"}]", "[{\"name\":\"a\"},{\"name\":\"b\"}]",
		   "[1].name: \"a\" -> \"b\"\n");
	check_diff("{\"a\":{}}", "{\"a\":[]}", ".a: {} -> []\n");
	check_diff("{\"a\":[]}", "{\"a\":[{}]}", ".a[0]: nothing -> {}\n");
	check_diff("1", "2", ": 1 -> 2\n");
}

static void test_too_many(void)
{
	g_autoptr(kube_value_auto) old = kube_value_list(), new = kube_value_list();
	g_autoptr(GPtrArray) list = NULL;
	const struct kube_difference *last;

	for (unsigned i = 0; i < KUBE_DIFF_MAX + 5; i++) {
		kube_value_add(old, kube_value_int(1));
		kube_value_add(new, kube_value_int(2));
	}
	list = kube_diff(old, new);
	g_assert_cmpuint(list->len, ==, KUBE_DIFF_MAX);
	last = list->pdata[list->len - 1];
	g_assert_true(last->more);
}

/* Each part counts, the order of conflicts does not. */
static void test_digest(void)
{
	g_autoptr(kube_value_auto) one = kube_vector_parse("{\"a\":1}");
	g_autoptr(kube_value_auto) two = kube_vector_parse("{\"a\":2}");
	char none[] = "", v1[] = "v1", kind[] = "ConfigMap", n[] = "n", c[] = "c", d[] = "d";
	char field[] = ".a", x[] = "x", y[] = "y";
	struct kube_id id = {none, v1, kind, n, c}, other = {none, v1, kind, n, d};
	struct kube_cause a = {.field = field, .manager = x}, b = {.field = field, .manager = y};
	g_autoptr(GPtrArray) ab = g_ptr_array_new(), ba = g_ptr_array_new();
	struct kube_observed seen[] = {
		{"k", &id, "u", one, two, ab},	 {"k", &id, "u", one, two, ba},
		{"l", &id, "u", one, two, ab},	 {"k", &other, "u", one, two, ab},
		{"k", &id, "v", one, two, ab},	 {"k", &id, NULL, one, two, ab},
		{"k", &id, "u", two, two, ab},	 {"k", &id, "u", one, one, ab},
		{"k", &id, "u", NULL, two, ab},	 {"k", &id, "u", one, NULL, ab},
		{"k", &id, "u", one, two, NULL},
	};
	struct hash hashes[G_N_ELEMENTS(seen)], known;
	static const char text[] =
		"{\"cluster\":\"k\",\"conflicts\":[],\"id\":{\"group\":\"\",\"kind\":\"ConfigMap\","
		"\"name\":\"c\",\"namespace\":\"n\",\"version\":\"v1\"},\"live\":{\"a\":1},"
		"\"uid\":\"u\",\"wanted\":{\"a\":2}}";

	g_ptr_array_add(ab, &a);
	g_ptr_array_add(ab, &b);
	g_ptr_array_add(ba, &b);
	g_ptr_array_add(ba, &a);
	for (size_t i = 0; i < G_N_ELEMENTS(seen); i++) {
		kube_normal_digest(&seen[i], &hashes[i]);
		for (size_t j = 0; j < i; j++) {
			g_assert_true(hash_equal(&hashes[i], &hashes[j]) == (i == 1 && j == 0));
		}
	}
	hash_bytes(&known, text, strlen(text));
	g_assert_true(hash_equal(&known, &hashes[G_N_ELEMENTS(seen) - 1]));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/normal/recorded", test_recorded);
	g_test_add_func("/kube/normal/service", test_service);
	g_test_add_func("/kube/normal/service-keeps", test_service_keeps);
	g_test_add_func("/kube/normal/fidelity", test_fidelity);
	g_test_add_func("/kube/normal/job", test_job);
	g_test_add_func("/kube/normal/status-of-ones-own", test_status_of_ones_own);
	g_test_add_func("/kube/normal/secrets", test_secrets);
	g_test_add_func("/kube/normal/string-data", test_string_data);
	g_test_add_func("/kube/normal/digest", test_digest);
	g_test_add_func("/kube/diff/paths", test_paths);
	g_test_add_func("/kube/diff/too-many", test_too_many);
	return g_test_run();
}
