/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of who made an object differ, over what a real server remembered. */
#include "kube/managers.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "kube/normal.h"
#include "unit/kube-vectors.h"

/* "hpa/scale applies TIME: path path\n" of each; "" of an answer that names none. */
static char *said(const GPtrArray *blames)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < blames->len; i++) {
		const struct kube_blame *one = blames->pdata[i];

		g_string_append_printf(text, "%s%s%s%s %" PRId64 ":", one->manager,
				       one->subresource != NULL ? "/" : "",
				       one->subresource != NULL ? one->subresource : "",
				       one->applies ? " applies" : "", one->time);
		for (guint k = 0; k < one->paths->len; k++) {
			g_string_append_printf(text, " %s", (const char *)one->paths->pdata[k]);
		}
		g_string_append_c(text, '\n');
	}
	return g_string_free(text, FALSE);
}

/* Takes both. */
static char *blamed(struct kube_value *live, struct kube_value *wanted, const char *own)
{
	struct kube_value *meta = kube_value_get(live, "metadata");
	g_autoptr(kube_value_auto) fields = kube_value_steal(meta, "managedFields");
	g_autoptr(GPtrArray) differences = NULL, blames = NULL;
	char *text;

	kube_normal_strip(live, true);
	kube_normal_strip(wanted, true);
	differences = kube_diff(live, wanted);
	blames = kube_managers_find(fields, live, differences, own);
	text = said(blames);
	kube_value_free(live);
	kube_value_free(wanted);
	return text;
}

static struct kube_value *body(const char *name)
{
	g_autoptr(kube_value_auto) exchange = kube_vector(name);

	return kube_value_dup(kube_vector_body(exchange));
}

static int64_t moment(const char *text)
{
	int64_t when = 0;

	g_assert_true(text_parse_time(text, &when));
	return when;
}

static void test_edited(void)
{
	g_autofree char *text = blamed(body("ssa-10-kubectl-edit-like-update.json"),
				       body("ssa-12-dryrun-force-shows-drift.json"), "deployd");
	g_autofree char *wanted = g_strdup_printf("kubectl-edit %" PRId64 ": .data.a\n",
						  moment("2026-11-23T21:06:26Z"));

	g_assert_cmpstr(text, ==, wanted);
}

static void test_scaled(void)
{
	struct kube_value *wanted = body("scale-02-managedfields-after-scale.json");
	g_autofree char *text = NULL;

	kube_value_set(kube_value_get(wanted, "spec"), "replicas", kube_value_int(3));
	text = blamed(body("scale-02-managedfields-after-scale.json"), wanted, "deployd");
	g_assert_cmpstr(text, ==, "hpa/scale 0: .spec.replicas\n");
}

/* What we set ourselves differs when the wanted changes, not the object. */
static void test_own(void)
{
	g_autofree char *text = blamed(body("wl-01-deploy-create.json"),
				       body("wl-03-deploy-dryrun-image.json"), "deployd");
	g_autofree char *other = blamed(body("wl-01-deploy-create.json"),
					body("wl-03-deploy-dryrun-image.json"), "assent");

	g_assert_cmpstr(text, ==, "");
	g_test_message("%s", other);
	g_assert_nonnull(strstr(other, "deployd applies"));
	g_assert_nonnull(strstr(other, " .spec.template.spec.containers[name=\"web\"].image\n"));
}

/* The same name with an update, or below the object, is not what our applies did. */
static void test_not_own(void)
{
	static const char *const entries[] = {
		"{\"manager\":\"assent\",\"operation\":\"Update\",\"fieldsV1\":{\"f:a\":{}}}",
		("{\"manager\":\"assent\",\"operation\":\"Apply\",\"subresource\":\"status\","
		 "\"fieldsV1\":{\"f:a\":{}}}"),
		"{\"manager\":\"assent\",\"operation\":\"Apply\",\"fieldsV1\":{\"f:a\":{}}}",
	};
	g_autofree char *list = g_strdup_printf("[%s,%s,%s]", entries[0], entries[1], entries[2]);
	g_autoptr(kube_value_auto) fields = kube_vector_parse(list);
	g_autoptr(kube_value_auto) live = kube_vector_parse("{\"a\":1}");
	g_autoptr(kube_value_auto) wanted = kube_vector_parse("{\"a\":2}");
	g_autoptr(GPtrArray) differences = kube_diff(live, wanted);
	g_autoptr(GPtrArray) blames = kube_managers_find(fields, live, differences, "assent");

	g_assert_cmpuint(blames->len, ==, 2);
}

struct owning {
	const char *set, *live, *path;
	bool owns;
};

static const struct owning ownings[] = {
	{"{\"f:data\":{\"f:a\":{}}}", "{\"data\":{\"a\":\"1\"}}", ".data.a", true},
	{"{\"f:data\":{\"f:a\":{}}}", "{\"data\":{\"b\":\"1\"}}", ".data.b", false},
	{"{\"f:data\":{\"f:a\":{}}}", "{\"data\":{\"b\":\"1\"}}", ".data", true},
	{"{\"f:data\":{\".\":{},\"f:a\":{}}}", "{\"data\":{}}", ".data", true},
	{"{\"f:data\":{\".\":{}}}", "{\"data\":{\"a\":\"1\"}}", ".data.a", false},
	{"{\"f:dat\":{\"f:a\":{}}}", "{\"data\":{\"a\":\"1\"}}", ".data.a", false},
	/* names that a path has to quote */
	{"{\"f:data\":{\"f:a.b/c\":{}}}", "{\"data\":{\"a.b/c\":\"1\"}}", ".data[\"a.b/c\"]", true},
	{"{\"f:data\":{\"f:q\\\"]x\":{}}}", "{\"data\":{\"q\\\"]x\":1}}", ".data[\"q\\\"]x\"]",
	 true},
	/* as a whole */
	{"{\"f:selector\":{}}", "{\"selector\":{\"app\":\"h\"}}", ".selector.app", true},
	{"{\"f:args\":{}}", "{\"args\":[\"a\"]}", ".args[1]", true},
	/* items of lists */
	{"{\"f:c\":{\"k:{\\\"name\\\":\\\"w\\\"}\":{\"f:image\":{}}}}",
	 "{\"c\":[{\"image\":\"i\",\"name\":\"v\"},{\"image\":\"i\",\"name\":\"w\"}]}",
	 ".c[name=\"w\"].image", true},
	{"{\"f:c\":{\"k:{\\\"name\\\":\\\"w\\\"}\":{\"f:image\":{}}}}",
	 "{\"c\":[{\"image\":\"i\",\"name\":\"v\"},{\"image\":\"i\",\"name\":\"w\"}]}",
	 ".c[name=\"v\"].image", false},
	{"{\"f:p\":{\"k:{\\\"port\\\":53,\\\"protocol\\\":\\\"UDP\\\"}\":{\"f:x\":{}}}}",
	 "{\"p\":[{\"port\":53,\"protocol\":\"TCP\"},{\"name\":\"n\",\"port\":53,"
	 "\"protocol\":\"UDP\",\"x\":1}]}",
	 ".p[port=53,protocol=\"UDP\"].x", true},
	{"{\"f:p\":{\"k:{\\\"port\\\":53,\\\"protocol\\\":\\\"UDP\\\"}\":{\"f:x\":{}}}}",
	 "{\"p\":[{\"port\":53,\"protocol\":\"TCP\"},{\"port\":53,\"protocol\":\"UDP\"}]}",
	 ".p[port=53,protocol=\"TCP\"]", false},
	/* the path's key is another than the server's: the item has both */
	{"{\"f:p\":{\"k:{\\\"port\\\":53}\":{\"f:x\":{}}}}",
	 "{\"p\":[{\"name\":\"n\",\"port\":53,\"x\":1}]}", ".p[name=\"n\"].x", true},
	{"{\"f:f\":{\"v:\\\"a/b\\\"\":{}}}", "{\"f\":[\"x\",\"a/b\"]}", ".f[1]", true},
	{"{\"f:f\":{\"v:\\\"a/b\\\"\":{}}}", "{\"f\":[\"x\",\"a/b\"]}", ".f[0]", false},
	{"{\"f:f\":{\"i:1\":{\"f:y\":{}}}}", "{\"f\":[{\"y\":1},{\"y\":2}]}", ".f[1].y", true},
	{"{\"f:f\":{\"i:1\":{\"f:y\":{}}}}", "{\"f\":[{\"y\":1},{\"y\":2}]}", ".f[0].y", false},
	/* what has gone has no manager */
	{"{\"f:c\":{\"k:{\\\"name\\\":\\\"w\\\"}\":{}}}", "{\"c\":[]}", ".c[name=\"w\"]", false},
	{"{\"f:f\":{\"v:1\":{}}}", "{\"f\":[1]}", ".f[7]", false},
	/* the whole object */
	{"{\"f:a\":{}}", "{\"a\":1}", "", true},
	{"{}", "{\"a\":1}", "", false},
	{"{}", "{\"a\":1}", ".a", false},
	/* what is no set and no path */
	{"[]", "{\"a\":1}", ".a", false},
	{"{\"f:a\":7}", "{\"a\":1}", ".a", false},
	{"{\"f:a\":{\"f:b\":{}}}", "{\"a\":{\"b\":1}}", ".a.", false},
	{"{\"f:a\":{\"f:b\":{}}}", "{\"a\":{\"b\":1}}", ".a[", false},
	{"{\"f:a\":{\"k:{\":{}}}", "{\"a\":[{\"n\":1}]}", ".a[n=1]", false},
	{"{\"f:a\":{\"f:b\":{}}}", "{\"a\":[{\"n\":1}]}", ".a[n=", false},
	{"{\"f:a\":{\"f:b\":{}}}", "{\"a\":[{\"n\":1}]}", ".a[n=\"", false},
	{"{\"f:a\":{\"f:b\":{}}}", "{\"a\":[{\"n\":1}]}", ".a[]", false},
	{"{\"f:a\":{\"k:{}\":{}}}", "{\"a\":[{\"n\":1}]}", ".a[99999999999999999999]", false},
	{"{\"f:a\":{}}", "{\"a\":1}", "a", false},
};

static void test_owns(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ownings); i++) {
		const struct owning *one = &ownings[i];
		g_autoptr(kube_value_auto) set = kube_vector_parse(one->set);
		g_autoptr(kube_value_auto) live = kube_vector_parse(one->live);

		g_test_message("%s of %s", one->path, one->set);
		g_assert_true(kube_managers_owns(set, live, one->path) == one->owns);
	}
}

/* Each path that a comparison writes leads back to where it came from. */
static void test_paths_lead_back(void)
{
	static const char set[] =
		"{\"f:m\":{\"f:a b\":{},\"f:\\u00e9\":{}},\"f:l\":{\"k:{\\\"mountPath\\\":"
		"\\\"/x,y]=\\\"}\":{\"f:n\":{}},\"k:{\\\"mountPath\\\":\\\"/z\\\"}\":{\"f:n\":{}}},"
		"\"f:t\":{\"v:1\":{},\"v:\\\"]\\\"\":{}}}";
	g_autoptr(kube_value_auto) fields = kube_vector_parse(set);
	g_autoptr(kube_value_auto) old = kube_vector_parse(
		"{\"m\":{\"a b\":1,\"\\u00e9\":2},\"l\":[{\"mountPath\":\"/x,y]=\",\"n\":1},"
		"{\"mountPath\":\"/z\",\"n\":2}],\"t\":[1,\"]\"]}");
	g_autoptr(kube_value_auto) new = kube_vector_parse(
		"{\"m\":{\"a b\":3,\"\\u00e9\":4},\"l\":[{\"mountPath\":\"/x,y]=\",\"n\":5},"
		"{\"mountPath\":\"/z\",\"n\":6}],\"t\":[7,8]}");
	g_autoptr(GPtrArray) differences = kube_diff(old, new);

	g_assert_cmpuint(differences->len, ==, 6);
	for (guint i = 0; i < differences->len; i++) {
		const struct kube_difference *one = differences->pdata[i];

		g_test_message("%s", one->path);
		g_assert_true(kube_managers_owns(fields, old, one->path));
	}
}

static void test_order(void)
{
	g_autoptr(kube_value_auto) fields = kube_vector_parse(
		"[{\"manager\":\"b\",\"time\":\"2026-01-01T00:00:00Z\",\"fieldsV1\":{\"f:a\":{}}},"
		"{\"manager\":\"c\\n\\td\",\"time\":\"2026-01-02T00:00:00Z\",\"fieldsV1\":{\"f:a\":"
		"{}}},"
		"{\"manager\":\"e\",\"time\":\"soon\",\"fieldsV1\":{\"f:a\":{}}},"
		"{\"manager\":\"a\",\"time\":\"2026-01-01T00:00:00Z\",\"fieldsV1\":{\"f:a\":{}}},"
		"{\"fieldsV1\":{\"f:a\":{}}},{\"manager\":\"none\"},{\"manager\":[1],\"fieldsV1\":"
		"{\"f:a\":{}}},7]");
	g_autoptr(kube_value_auto) live = kube_vector_parse("{\"a\":1}");
	g_autoptr(kube_value_auto) wanted = kube_vector_parse("{\"a\":2}");
	g_autoptr(GPtrArray) differences = kube_diff(live, wanted);
	g_autoptr(GPtrArray) blames = kube_managers_find(fields, live, differences, "assent");
	g_autofree char *text = said(blames);

	g_assert_cmpstr(text, ==,
			"c  d 1767312000: .a\na 1767225600: .a\nb 1767225600: .a\ne 0: .a\n");
}

static void test_long_name(void)
{
	g_autofree char *name = g_strnfill(KUBE_MANAGERS_NAME - 1, 'x');
	g_autofree char *text =
		g_strdup_printf("[{\"manager\":\"%s\xc3\xa9yy\",\"fieldsV1\":{\"f:a\":{}}}]", name);
	g_autoptr(kube_value_auto) fields = kube_vector_parse(text);
	g_autoptr(kube_value_auto) live = kube_vector_parse("{\"a\":1}");
	g_autoptr(GPtrArray) differences = kube_diff(live, NULL);
	g_autoptr(GPtrArray) blames = kube_managers_find(fields, live, differences, "assent");
	const struct kube_blame *one;

	g_assert_cmpuint(blames->len, ==, 1);
	one = blames->pdata[0];
	g_assert_true(g_utf8_validate(one->manager, -1, NULL));
	g_assert_true(g_str_has_prefix(one->manager, name));
}

/* No list, or none of the kind: nobody is named. */
static void test_nothing_told(void)
{
	static const char *const lists[] = {"null", "{}", "\"x\"", "[]"};
	g_autoptr(kube_value_auto) live = kube_vector_parse("{\"a\":1}");
	g_autoptr(GPtrArray) differences = kube_diff(live, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autoptr(kube_value_auto) fields = kube_vector_parse(lists[i]);
		g_autoptr(GPtrArray) blames =
			kube_managers_find(fields, live, differences, "assent");

		g_assert_cmpuint(blames->len, ==, 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/managers/edited", test_edited);
	g_test_add_func("/kube/managers/scaled", test_scaled);
	g_test_add_func("/kube/managers/own", test_own);
	g_test_add_func("/kube/managers/not-own", test_not_own);
	g_test_add_func("/kube/managers/owns", test_owns);
	g_test_add_func("/kube/managers/paths-lead-back", test_paths_lead_back);
	g_test_add_func("/kube/managers/order", test_order);
	g_test_add_func("/kube/managers/long-name", test_long_name);
	g_test_add_func("/kube/managers/nothing-told", test_nothing_told);
	return g_test_run();
}
