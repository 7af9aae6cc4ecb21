/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the list of a stack's objects: its form in the cluster, and what is refused of it. */
#include "cluster/inventory.h"

#include <string.h>

#include "base/error.h"

#define OWNER "web1.example.org/shop"

static struct kube_id *make_id(const char *group, const char *kind, const char *space,
			       const char *name)
{
	struct kube_id *id = g_new0(struct kube_id, 1);

	id->group = g_strdup(group);
	id->version = g_strdup("v1");
	id->kind = g_strdup(kind);
	id->namespace = g_strdup(space);
	id->name = g_strdup(name);
	return id;
}

static void put(struct inventory *inventory, const char *group, const char *kind, const char *space,
		const char *name, const char *uid)
{
	g_autoptr(kube_id_auto) id = make_id(group, kind, space, name);

	inventory_put(inventory, id, uid);
}

static struct inventory *sample(void)
{
	struct inventory *inventory = inventory_new(OWNER, "shop");

	put(inventory, "apps", "Deployment", "shop", "web", "u-1");
	put(inventory, "", "ConfigMap", "shop", "conf", "u-2");
	put(inventory, "", "ConfigMap", "other", "conf", NULL);
	put(inventory, "", "Namespace", "", "shop", "u-4");
	/* A name that no inventory of Flux could hold. */
	put(inventory, "rbac.authorization.k8s.io", "ClusterRole", "", "system:a_b c", "u-5");
	return inventory;
}

/* Reads what was written; parts are found by their names. */
static bool read_all(struct inventory *out, const GPtrArray *maps, GError **error)
{
	if (!inventory_read(out, maps->pdata[maps->len - 1], error)) {
		return false;
	}
	for (guint i = 0; i < out->parts->len; i++) {
		const struct inventory_part *part = out->parts->pdata[i];
		const struct kube_value *map = NULL;

		for (guint k = 0; k < maps->len; k++) {
			if (strcmp(kube_value_str_at(maps->pdata[k], "metadata", "name", NULL),
				   part->name) == 0) {
				map = maps->pdata[k];
			}
		}
		g_assert_nonnull(map);
		if (!inventory_read_part(out, part, map, error)) {
			return false;
		}
	}
	return true;
}

static void test_names(void)
{
	g_autofree char *name = inventory_name(OWNER), *other = inventory_name("web2/shop");
	g_autofree char *odd = inventory_name("a/Shop_of.the-WORLD-and-more-than-forty-characters");
	g_autofree char *set = inventory_set_id(OWNER, "shop");
	g_autofree char *same = kube_id_applyset(name, "shop", "ConfigMap", "");

	g_assert_true(g_str_has_prefix(name, "assent-shop-"));
	g_assert_cmpuint(strlen(name), ==, strlen("assent-shop-") + 12);
	g_assert_cmpstr(name, !=, other);
	g_assert_true(g_str_has_prefix(odd, "assent-shop-of-the-world-and-more-than-forty-ch-"));
	g_assert_cmpstr(set, ==, same);
}

static void test_list(void)
{
	g_autoptr(inventory_auto) inventory = sample();
	g_autoptr(inventory_auto) copy = inventory_dup(inventory);
	g_autoptr(kube_id_auto) web = make_id("apps", "Deployment", "shop", "web");
	g_autoptr(kube_id_auto) none = make_id("", "Deployment", "shop", "web");

	g_assert_cmpuint(inventory->entries->len, ==, 5);
	g_assert_cmpstr(inventory_find(inventory, web)->uid, ==, "u-1");
	g_assert_null(inventory_find(inventory, none));
	g_assert_true(inventory_equal(inventory, copy));
	inventory_put(inventory, web, NULL); // what is known stays
	g_assert_cmpstr(inventory_find(inventory, web)->uid, ==, "u-1");
	inventory_put(inventory, web, "u-9");
	g_assert_cmpuint(inventory->entries->len, ==, 5);
	g_assert_false(inventory_equal(inventory, copy));
	inventory_drop(inventory, web);
	inventory_drop(inventory, web);
	g_assert_null(inventory_find(inventory, web));
	g_assert_cmpuint(inventory->entries->len, ==, 4);
}

static void test_written(void)
{
	g_autoptr(inventory_auto) inventory = sample(), back = inventory_new(OWNER, "shop");
	g_autoptr(GPtrArray) maps = inventory_write(inventory);
	g_autoptr(GError) error = NULL;
	const struct kube_value *metadata, *notes;

	g_assert_cmpuint(maps->len, ==, 1);
	metadata = kube_value_get(maps->pdata[0], "metadata");
	notes = kube_value_get(metadata, "annotations");
	g_assert_cmpstr(kube_value_str_at(metadata, "labels", INVENTORY_SET, NULL), ==,
			inventory->set);
	g_assert_cmpstr(
		kube_value_str_at(notes, INVENTORY_KINDS, NULL), ==,
		"ClusterRole.rbac.authorization.k8s.io,ConfigMap,Deployment.apps,Namespace");
	g_assert_cmpstr(kube_value_str_at(notes, INVENTORY_NAMESPACES, NULL), ==, "other");
	g_assert_true(
		g_str_has_prefix(kube_value_str_at(notes, INVENTORY_TOOLING, NULL), "assent/"));
	g_assert_null(kube_value_get(metadata, "uid"));
	g_assert_true(read_all(back, maps, &error));
	g_assert_no_error(error);
	g_assert_true(inventory_equal(inventory, back));
	g_assert_null(back->uid);
}

/* What was read is what may be overwritten. */
static void test_precondition(void)
{
	g_autoptr(inventory_auto) inventory = sample();
	g_autoptr(GPtrArray) maps = NULL;
	const struct kube_value *metadata;

	inventory->uid = g_strdup("u");
	inventory->resource_version = g_strdup("77");
	maps = inventory_write(inventory);
	metadata = kube_value_get(maps->pdata[0], "metadata");
	g_assert_cmpstr(kube_value_str_at(metadata, "uid", NULL), ==, "u");
	g_assert_cmpstr(kube_value_str_at(metadata, "resourceVersion", NULL), ==, "77");
}

static void fill(struct inventory *inventory, guint count)
{
	for (guint i = 0; i < count; i++) {
		g_autofree char *name = g_strdup_printf("%0200u", i);

		put(inventory, "", "ConfigMap", "shop", name,
		    "01234567-0123-0123-0123-0123456789ab");
	}
}

static void test_parts(void)
{
	g_autoptr(inventory_auto) inventory = inventory_new(OWNER, "shop");
	g_autoptr(inventory_auto) back = inventory_new(OWNER, "shop");
	g_autoptr(inventory_auto) torn = inventory_new(OWNER, "shop");
	g_autoptr(GPtrArray) maps = NULL, again = NULL;
	g_autoptr(GError) error = NULL;

	fill(inventory, 5000);
	maps = inventory_write(inventory);
	again = inventory_write(inventory);
	g_assert_cmpuint(maps->len, >=, 3);
	for (guint i = 0; i < maps->len; i++) {
		const char *text = kube_value_str_at(maps->pdata[i], "data", "objects", NULL);

		g_assert_cmpuint(strlen(text), <=, INVENTORY_PART_SIZE);
		g_assert_true(kube_value_equal(maps->pdata[i], again->pdata[i]));
	}
	g_assert_true(read_all(back, maps, &error));
	g_assert_no_error(error);
	g_assert_true(inventory_equal(inventory, back));
	g_assert_cmpuint(back->parts->len, ==, maps->len - 1);

	/* One byte of a part is another. */
	kube_value_set(
		kube_value_get(maps->pdata[0], "data"), "objects",
		kube_value_string("{\"kind\":\"Secret\",\"name\":\"x\",\"version\":\"v1\"}\n", -1));
	g_assert_false(read_all(torn, maps, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
}

/* One member of what was written is another, or none. */
static const struct {
	const char *in, *name, *text; /* in: "data", "labels", "annotations" */
} edits[] = {
	{"data", "format", "2"},
	{"data", "format", NULL},
	{"data", "objects", NULL},
	{"data", "parts", NULL},
	{"data", "more", "x"},
	{"data", "objects",
	 "{\"kind\":\"Pod\",\"name\":\"a\",\"version\":\"v1\"}"}, // no end of line
	{"data", "objects", "\n"},
	{"data", "objects", "[]\n"},
	{"data", "objects", "{\"kind\":\"Pod\",\"version\":\"v1\"}\n"},
	{"data", "objects", "{\"kind\":\"Pod\",\"name\":\"a/b\",\"version\":\"v1\"}\n"},
	{"data", "objects", "{\"kind\":\"Pod\",\"name\":\"..\",\"version\":\"v1\"}\n"},
	{"data", "objects", "{\"kind\":\"Pod\",\"name\":\"a\",\"version\":\"v1\",\"x\":\"y\"}\n"},
	{"data", "objects", "{\"kind\":\"Pod\",\"name\":\"a\",\"version\":\"v1\",\"uid\":\"\"}\n"},
	{"data", "objects",
	 "{\"kind\":\"Pod\",\"name\":\"a\",\"version\":\"v1\",\"uid\":\"a b\"}\n"},
	{"data", "objects", "{\"kind\":\"Pod\",\"name\":\"a\",\"version\":\"v1\",\"uid\":7}\n"},
	{"data", "objects",
	 "{\"kind\":\"Pod\",\"name\":\"a\",\"version\":\"v1\"}\n"
	 "{\"kind\":\"Pod\",\"name\":\"a\",\"version\":\"v2\"}\n"},
	{"data", "parts", "x\n"},
	{"data", "parts", "x sha256:00\n"},
	{"data", "parts",
	 "x sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"},
	{"labels", INVENTORY_SET, "applyset-x-v1"},
	{"labels", INVENTORY_SET, NULL},
	{"annotations", INVENTORY_OWNER, "web2/shop"},
	{"annotations", INVENTORY_OWNER, NULL},
};

static void test_refused(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		g_autoptr(inventory_auto) inventory = sample();
		g_autoptr(inventory_auto) back = inventory_new(OWNER, "shop");
		g_autoptr(GPtrArray) maps = inventory_write(inventory);
		g_autoptr(GError) error = NULL;
		struct kube_value *in =
			strcmp(edits[i].in, "data") == 0
				? kube_value_get(maps->pdata[0], "data")
				: kube_value_at(maps->pdata[0], "metadata", edits[i].in, NULL);

		g_test_message("edit %zu", i);
		kube_value_set(in, edits[i].name,
			       edits[i].text != NULL ? kube_value_string(edits[i].text, -1) : NULL);
		g_assert_false(read_all(back, maps, &error));
		g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/inventory/names", test_names);
	g_test_add_func("/inventory/is-a-sorted-list", test_list);
	g_test_add_func("/inventory/is-read-as-written", test_written);
	g_test_add_func("/inventory/overwrites-nothing-newer", test_precondition);
	g_test_add_func("/inventory/is-split-when-large", test_parts);
	g_test_add_func("/inventory/refuses-what-is-not-ours", test_refused);
	return g_test_run();
}
