/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the kind kubernetes, where a text file with its expectation does not do: what the
 * agent's configuration allows, sealed values, what a renderer prints. */
#include "desired/kubernetes.h"
#include "memory-reader.h"
#include "temp-dir.h"

typedef struct diag_list diags_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(diags_auto, diag_list_clear)

struct place {
	struct memory_reader m;
	struct desired_env env;
	struct diag_list diags;
	struct desired *desired;
	struct seal_keys *keys;
	char *dir;
};

static void place_init(struct place *p)
{
	*p = (struct place){.env = {.agent = "web1", .stack = "shop", .home = "/home/me"}};
	memory_reader_init(&p->m);
	diag_list_init(&p->diags);
}

static void place_clear(struct place *p)
{
	memory_reader_clear(&p->m);
	diag_list_clear(&p->diags);
	desired_free(p->desired);
	seal_keys_free(p->keys);
	if (p->dir != NULL) {
		temp_free(p->dir);
	}
}

static void add(struct place *p, const char *path, const char *text)
{
	memory_reader_add(&p->m, path, READER_FILE, text, strlen(text));
}

/* What was wrong; g_free(). */
static char *load(struct place *p)
{
	g_autoptr(GError) error = NULL;
	bool good = desired_load(&p->m.reader, "", &p->env, &p->desired, &p->diags, &error);

	g_assert_no_error(error);
	g_assert_true(good == (p->diags.items->len == 0));
	return diag_text(&p->diags);
}

static struct desired_kubernetes *only(struct place *p)
{
	g_autofree char *problems = load(p);

	g_assert_cmpstr(problems, ==, "");
	g_assert_cmpuint(p->desired->resources->len, ==, 1);
	return ((struct desired_resource *)p->desired->resources->pdata[0])->kubernetes;
}

#define CONFIG_MAP "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

static char *problems_of(const char *resource, const char *const *clusters,
			 const char *const *renderers)
{
	g_autofree char *text = g_strdup_printf("resources: [{%s}]\n", resource);
	struct place p;
	char *problems;

	place_init(&p);
	p.env.clusters = clusters;
	p.env.renderers = renderers;
	add(&p, "assent.yaml", text);
	add(&p, "a.yaml", CONFIG_MAP);
	add(&p, "chart/a.txt", "");
	problems = load(&p);
	place_clear(&p);
	return problems;
}

static void test_only_what_the_configuration_names(void)
{
	static const char *const none[] = {NULL}, *const one[] = {"prod", NULL},
				 *const two[] = {"prod", "test", NULL},
				 *const helm[] = {"helm", NULL};
	static const struct {
		const char *resource;
		const char *const *clusters, *const *renderers;
		const char *problem; /* NULL: it is good */
	} cases[] = {
		{"kubernetes: a.yaml", NULL, NULL, NULL},
		{"kubernetes: a.yaml", one, NULL, NULL},
		{"kubernetes: a.yaml, context: prod", one, NULL, NULL},
		{"kubernetes: a.yaml", none, NULL, "stack 'shop' may touch no cluster"},
		{"kubernetes: a.yaml, context: prod", none, NULL, "may touch no cluster"},
		{"kubernetes: a.yaml, context: test", one, NULL,
		 "stack 'shop' may not touch cluster 'test'"},
		{"kubernetes: a.yaml", two, NULL, "'context' is missing: it is one of prod, test"},
		{"kubernetes: a.yaml, context: test", two, NULL, NULL},
		{"kubernetes: chart, render: helm", one, NULL, NULL},
		{"kubernetes: chart, render: helm", one, helm, NULL},
		{"kubernetes: chart, render: sh", one, helm, "has no renderer 'sh'"},
		{"kubernetes: chart, render: helm", one, none, "has no renderer 'helm'"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *problems =
			problems_of(cases[i].resource, cases[i].clusters, cases[i].renderers);

		g_test_message("%s: %s", cases[i].resource, problems);
		if (cases[i].problem == NULL) {
			g_assert_cmpstr(problems, ==, "");
		} else {
			g_assert_nonnull(strstr(problems, cases[i].problem));
		}
	}
}

static void test_the_only_cluster_is_the_default(void)
{
	static const char *const one[] = {"prod", NULL};
	const struct desired_resource *r;
	struct place p;

	place_init(&p);
	p.env.clusters = one;
	add(&p, "assent.yaml",
	    "resources: [{kubernetes: a.yaml}, {directory: /srv/x, after: 'kubernetes:a.yaml'}]\n");
	add(&p, "a.yaml", CONFIG_MAP);
	g_free(load(&p));
	r = p.desired->resources->pdata[0];
	g_assert_cmpstr(r->id, ==, "kubernetes:prod/a.yaml");
	g_assert_cmpstr(r->kubernetes->context, ==, "prod");
	r = p.desired->resources->pdata[1];
	g_assert_cmpstr(r->after[0], ==, "kubernetes:prod/a.yaml");
	place_clear(&p);
}

/* A path that two clusters have means neither. */
static void test_short_names_are_not_guessed(void)
{
	g_autofree char *problems = NULL;
	struct place p;

	place_init(&p);
	add(&p, "assent.yaml",
	    "resources:\n"
	    "  - {kubernetes: a.yaml, context: prod}\n"
	    "  - {kubernetes: a.yaml, context: test}\n"
	    "  - {directory: /srv/x, after: 'kubernetes:a.yaml'}\n"
	    "  - {directory: /srv/y, after: 'kubernetes:test/a.yaml'}\n");
	add(&p, "a.yaml", CONFIG_MAP);
	problems = load(&p);
	g_assert_cmpstr(problems, ==,
			"assent.yaml:4:32: no resource 'kubernetes:a.yaml' is declared for this "
			"host\n");
	place_clear(&p);
}

static void test_objects_need_not_be_read(void)
{
	struct place p;

	place_init(&p);
	p.env.no_objects = true;
	add(&p, "assent.yaml", "resources: [{kubernetes: a.yaml}]\n");
	add(&p, "a.yaml", "no: object\n");
	g_assert_null(only(&p)->objects);
	place_clear(&p);
}

static void test_what_a_renderer_prints(void)
{
	static const char good[] = "---\n# Source: x\n" CONFIG_MAP "data: {x: '${y}'}\n---\n",
			  bad[] = CONFIG_MAP "---\nkind: x\n";
	g_autoptr(GPtrArray) objects =
		g_ptr_array_new_with_free_func((GDestroyNotify)kube_object_free);
	g_autofree char *problems = NULL;
	const struct desired_resource *r;
	const struct kube_object *o;
	struct place p;

	place_init(&p);
	add(&p, "assent.yaml", "resources: [{kubernetes: chart, context: prod, render: helm}]\n");
	add(&p, "chart/Chart.yaml", "");
	g_assert_null(only(&p)->objects);
	r = p.desired->resources->pdata[0];
	g_assert_true(kubernetes_take(r, good, strlen(good), objects, &p.diags));
	g_assert_cmpuint(objects->len, ==, 1);
	o = objects->pdata[0];
	g_assert_cmpstr(o->file, ==, "render:prod/chart");
	g_assert_cmpuint(o->place.line, ==, 3);
	g_assert_cmpstr(kube_value_str_at(o->value, "data", "x", NULL), ==, "${y}");
	g_assert_false(kubernetes_take(r, bad, strlen(bad), objects, &p.diags));
	g_assert_false(kubernetes_take(r, "# none\n", 7, objects, &p.diags));
	problems = diag_text(&p.diags);
	g_assert_cmpstr(problems, ==,
			"render:prod/chart:1:1: renderer 'helm' made no object\n"
			"render:prod/chart:5:1: no 'apiVersion': each object needs one\n");
	place_clear(&p);
}

static void make_keys(struct place *p)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *file = NULL;

	p->dir = temp_new();
	file = g_build_filename(p->dir, "seal.key", NULL);
	g_assert_true(seal_keys_renew(file, "web1", false, &error));
	g_assert_true(seal_keys_load(file, false, &p->keys, &error));
}

/* A sealed text whose lines begin with this. */
static char *seal(struct place *p, const char *label, const char *secret, size_t len,
		  const char *indent)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autofree char *joiner = g_strconcat("\n", indent, NULL);
	struct seal_public to;
	size_t size;

	seal_keys_public(p->keys, 0, &to);
	g_assert_true(seal_write(&to, 1, label, secret, len, &text, &size, &error));
	lines = g_strsplit(g_strchomp(text), "\n", -1);
	return g_strjoinv(joiner, lines);
}

static bool unseal(const char *text, size_t len, const char *where, struct seal_bytes **out,
		   void *data, GError **error)
{
	const struct place *p = data;

	return seal_take(text, len, p->keys, p->env.agent, p->env.stack, where, out, error);
}

#define SECRET "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\n"

static void test_sealed_values_are_opened(void)
{
	static const char bytes[] = "\x00\xff\n";
	g_autofree char *bound = NULL, *loose = NULL, *packed = NULL, *text = NULL;
	struct desired_kubernetes *k;
	struct kube_object *o;
	struct place p;

	place_init(&p);
	make_keys(&p);
	bound = seal(&p, "web1/shop:k8s:prod/shop/Secret/db/password", "hidden\n", 7, "    ");
	loose = seal(&p, NULL, bytes, 3, "");
	packed = g_base64_encode((const guchar *)loose, strlen(loose));
	text = g_strdup_printf(SECRET "stringData:\n  user: shop\n  password: |\n    %s\n"
				      "data:\n  key: %s\n",
			       bound, packed);
	add(&p, "assent.yaml", "resources: [{kubernetes: a.yaml, context: prod}]\n");
	add(&p, "a.yaml", text);
	k = only(&p);
	o = k->objects->pdata[0];
	g_assert_true(kubernetes_is_sealed(o));
	g_assert_true(kubernetes_unseal(o, "prod", unseal, &p, &p.diags));
	g_assert_false(kubernetes_is_sealed(o));
	g_assert_cmpstr(kube_value_str_at(o->value, "data", "user", NULL), ==, "c2hvcA==");
	g_assert_cmpstr(kube_value_str_at(o->value, "data", "password", NULL), ==, "aGlkZGVu");
	g_assert_cmpstr(kube_value_str_at(o->value, "data", "key", NULL), ==, "AP8K");
	place_clear(&p);
}

static void test_sealed_values_are_bound(void)
{
	static const char *const wrong[] = {
		"web1/shop:k8s:prod/shop/Secret/db/other", "web1/shop:k8s:test/shop/Secret/db/*",
		"web1/shop:k8s:prod/other/Secret/db/*", "web1/other", "web2/shop"};
	static const char *const right[] = {"web1/shop:k8s:prod/shop/**", "web1/shop", "*/shop",
					    "web1"};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong) + G_N_ELEMENTS(right); i++) {
		bool is_wrong = i < G_N_ELEMENTS(wrong);
		const char *label = is_wrong ? wrong[i] : right[i - G_N_ELEMENTS(wrong)];
		g_autofree char *sealed = NULL, *text = NULL, *problems = NULL;
		struct place p;
		bool good;

		place_init(&p);
		make_keys(&p);
		sealed = seal(&p, label, "hidden", 6, "    ");
		text = g_strdup_printf(SECRET "stringData:\n  password: |\n    %s\n", sealed);
		add(&p, "assent.yaml", "resources: [{kubernetes: a.yaml, context: prod}]\n");
		add(&p, "a.yaml", text);
		good = kubernetes_unseal(only(&p)->objects->pdata[0], "prod", unseal, &p, &p.diags);
		problems = diag_text(&p.diags);
		g_test_message("%s: %s", label, problems);
		g_assert_true(good == !is_wrong);
		if (is_wrong) {
			g_assert_true(g_str_has_prefix(problems, "a.yaml:5:"));
			g_assert_nonnull(strstr(problems, "secret 'password': "));
			g_assert_null(strstr(problems, "hidden"));
		}
		place_clear(&p);
	}
}

/* Without keys. */
static void test_lint_judges_the_form(void)
{
	g_autofree char *sealed = NULL, *text = NULL, *cut = NULL, *problems = NULL;
	struct place p;

	place_init(&p);
	make_keys(&p);
	sealed = seal(&p, NULL, "hidden", 6, "    ");
	cut = g_strndup(sealed, strlen(sealed) / 2);
	text = g_strdup_printf(SECRET "stringData:\n  good: |-\n    %s\n  cut: |\n    %s\n---\n"
				      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
				      "data:\n  wrong: |\n    %s\n",
			       sealed, cut, sealed);
	add(&p, "assent.yaml", "resources: [{kubernetes: a.yaml}]\n");
	add(&p, "a.yaml", text);
	problems = load(&p);
	g_test_message("%s", problems);
	g_assert_cmpuint(p.diags.items->len, ==, 2);
	g_assert_nonnull(strstr(problems, "'cut': no sealed secret: line "));
	g_assert_nonnull(strstr(problems, "opened in the 'stringData' and 'data' of a Secret"));
	place_clear(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_cmpint(sodium_init(), >=, 0);
	g_test_add_func("/kubernetes/only-what-the-configuration-names",
			test_only_what_the_configuration_names);
	g_test_add_func("/kubernetes/the-only-cluster-is-the-default",
			test_the_only_cluster_is_the_default);
	g_test_add_func("/kubernetes/short-names-are-not-guessed",
			test_short_names_are_not_guessed);
	g_test_add_func("/kubernetes/objects-need-not-be-read", test_objects_need_not_be_read);
	g_test_add_func("/kubernetes/what-a-renderer-prints", test_what_a_renderer_prints);
	g_test_add_func("/kubernetes/sealed-values-are-opened", test_sealed_values_are_opened);
	g_test_add_func("/kubernetes/sealed-values-are-bound", test_sealed_values_are_bound);
	g_test_add_func("/kubernetes/lint-judges-the-form", test_lint_judges_the_form);
	return g_test_run();
}
