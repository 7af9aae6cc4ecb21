/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the order of resources: against a slow one that is right, and its bounds. */
#include <string.h>

#include "desired/desired.h"
#include "memory-reader.h"

typedef struct diag_list diags_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(diags_auto, diag_list_clear)
typedef struct memory_reader memory_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(memory_auto, memory_reader_clear)

static const struct desired_label labels[] = {{"role", "web"}};
static const struct desired_env web1 = {
	.agent = "web1", .stack = "web", .home = "/home/me", .labels = labels, .n_labels = 1};
static const struct desired_env all = {
	.agent = "any", .stack = "any", .home = "/home/me", .every_host = true};

/* The items, over as many files as it takes. */
static bool load_items(GPtrArray *items, const struct desired_env *env, struct desired **out,
		       char **problems)
{
	g_auto(memory_auto) m = {0};
	g_auto(diags_auto) diags = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) includes = g_string_new("include: [");
	guint next = 0;
	bool good;

	memory_reader_init(&m);
	diag_list_init(&diags);
	for (unsigned file = 0; next < items->len; file++) {
		g_autoptr(GString) text = g_string_new("resources:\n");
		g_autofree char *name = g_strdup_printf("%u.yaml", file);

		while (next < items->len && text->len < 200000) {
			g_string_append_printf(text, "- %s\n", (char *)items->pdata[next++]);
		}
		memory_reader_add(&m, name, READER_FILE, text->str, text->len);
		g_string_append_printf(includes, "%s%s", file == 0 ? "" : ", ", name);
	}
	g_string_append(includes, "]\n");
	memory_reader_add(&m, DESIRED_MANIFEST, READER_FILE, includes->str, includes->len);
	good = desired_load(&m.reader, "", env, out, &diags, &error);
	g_assert_no_error(error);
	*problems = diag_text(&diags);
	return good;
}

static void add(GPtrArray *items, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add(GPtrArray *items, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(items, g_strdup_vprintf(format, args));
	va_end(args);
}

#define NODES 40
enum rank { RANK_PACKAGE, RANK_PATH, RANK_COMMAND, RANK_SERVICE };
struct node {
	enum rank rank;
	bool is_free; /* waits for nothing, so that packages may wait for it */
	bool after[NODES];
	bool done;
};

static char *node_id(const struct node *nodes, unsigned i)
{
	static const char *const kinds[] = {"package:n", "link:/srv/n", "command:n", "service:s"};

	return g_strdup_printf("%s%u%s", kinds[nodes[i].rank], i,
			       nodes[i].rank == RANK_SERVICE ? ".service" : "");
}

static void add_node(GPtrArray *items, const struct node *nodes, unsigned i)
{
	static const char *const bodies[] = {"package: n%u", "link: /srv/n%u, to: x",
					     "command: n%u, run: [x], creates: /x",
					     "service: s%u, enabled: true"};
	g_autoptr(GString) text = g_string_new("{");
	g_auto(GStrv) body = g_strsplit(bodies[nodes[i].rank], "%u", 2);

	g_string_append_printf(text, "%s%u%s, after: [", body[0], i, body[1]);
	for (unsigned k = 0; k < NODES; k++) {
		if (nodes[i].after[k]) {
			g_autofree char *id = node_id(nodes, k);

			g_string_append_printf(text, "\"%s\", ", id);
		}
	}
	add(items, "%s]}", text->str);
}

/* No circles: each waits for what stands before it in some random order. */
static void make_nodes(struct node *nodes)
{
	unsigned order[NODES];

	memset(nodes, 0, NODES * sizeof(*nodes));
	for (unsigned i = 0; i < NODES; i++) {
		unsigned k = (unsigned)g_test_rand_int_range(0, (gint32)i + 1);

		order[i] = order[k];
		order[k] = i;
		nodes[i].rank = (enum rank)g_test_rand_int_range(RANK_PACKAGE, RANK_SERVICE + 1);
		nodes[i].is_free = nodes[i].rank == RANK_PATH && g_test_rand_bit();
	}
	for (unsigned i = 0; i < NODES; i++) {
		struct node *n = &nodes[order[i]];

		for (unsigned k = 0; k < NODES && !n->is_free; k++) {
			bool fits = n->rank == RANK_PACKAGE ? nodes[k].is_free : false;

			for (unsigned j = 0; j < i && n->rank != RANK_PACKAGE; j++) {
				fits = fits || order[j] == k;
			}
			n->after[k] = fits && g_test_rand_int_range(0, 8) == 0;
		}
	}
}

static bool is_ready(const struct node *nodes, unsigned i)
{
	for (unsigned k = 0; k < NODES; k++) {
		bool same =
			k == i || (nodes[i].rank == RANK_PACKAGE && nodes[k].rank == RANK_PACKAGE);

		for (unsigned j = 0; same && j < NODES; j++) {
			if (nodes[k].after[j] && !nodes[j].done) {
				return false;
			}
		}
	}
	return !nodes[i].done;
}

/* Looks at everything again for each. */
static char *slow_order(struct node *nodes)
{
	GString *text = g_string_new(NULL);

	for (unsigned count = 0; count < NODES;) {
		unsigned best = NODES;

		for (unsigned i = 0; i < NODES; i++) {
			if (is_ready(nodes, i) &&
			    (best == NODES || nodes[i].rank < nodes[best].rank)) {
				best = i;
			}
		}
		g_assert_cmpuint(best, <, NODES);
		for (unsigned i = best; i < NODES; i++) {
			if (i == best ||
			    (nodes[best].rank == RANK_PACKAGE && nodes[i].rank == RANK_PACKAGE)) {
				g_autofree char *id = node_id(nodes, i);

				g_string_append_printf(text, "%s ", id);
				nodes[i].done = true;
				count++;
			}
		}
	}
	return g_string_free(text, FALSE);
}

static void test_the_order_is_that_of_a_slow_one(void)
{
	for (unsigned round = 0; round < 100; round++) {
		g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
		g_autoptr(GString) got = g_string_new(NULL);
		g_autoptr(desired_auto) d = NULL;
		g_autofree char *problems = NULL, *wanted = NULL;
		struct node nodes[NODES];

		make_nodes(nodes);
		for (unsigned i = 0; i < NODES; i++) {
			add_node(items, nodes, i);
		}
		if (!load_items(items, &web1, &d, &problems)) {
			g_error("%s", problems);
		}
		for (guint i = 0; i < d->resources->len; i++) {
			const struct desired_resource *r = d->resources->pdata[i];

			g_string_append_printf(got, "%s ", r->id);
			g_assert_cmpuint(r->position, ==, i);
		}
		wanted = slow_order(nodes);
		g_assert_cmpstr(got->str, ==, wanted);
	}
}

/* Each of its arrows is one that was written. */
static void check_circle(const char *line, const bool edges[NODES][NODES])
{
	const char *begin = strstr(line, "next: ");
	g_auto(GStrv) ids = g_strsplit(begin + strlen("next: "), " -> ", -1);
	guint count = g_strv_length(ids);

	g_assert_cmpuint(count, >=, 2);
	g_assert_cmpstr(ids[0], ==, ids[count - 1]);
	for (guint i = 0; i + 1 < count; i++) {
		guint from = (guint)g_ascii_strtoull(ids[i] + strlen("link:/srv/n"), NULL, 10);
		guint to = (guint)g_ascii_strtoull(ids[i + 1] + strlen("link:/srv/n"), NULL, 10);

		g_assert_true(edges[from][to]);
		for (guint k = i + 1; k + 1 < count; k++) {
			g_assert_cmpstr(ids[i], !=, ids[k]);
		}
	}
}

static void test_circles_are_named_whole_and_once(void)
{
	for (unsigned round = 0; round < 50; round++) {
		g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
		g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
		g_autoptr(desired_auto) d = NULL;
		g_autofree char *problems = NULL;
		g_auto(GStrv) lines = NULL;
		bool edges[NODES][NODES] = {{false}};

		for (unsigned i = 0; i < NODES; i++) {
			g_autoptr(GString) after = g_string_new(NULL);

			for (unsigned k = 0; k < NODES; k++) {
				/* One circle for sure. */
				edges[i][k] = g_test_rand_int_range(0, 2 * NODES) == 0 ||
					      (i == 7 && k == 31) || (i == 31 && k == 7);
				if (edges[i][k]) {
					g_string_append_printf(after, "link:/srv/n%u, ", k);
				}
			}
			add(items, "{link: /srv/n%u, to: x, after: [%s]}", i, after->str);
		}
		g_assert_false(load_items(items, &web1, &d, &problems));
		lines = g_strsplit(g_strchomp(problems), "\n", -1);
		for (guint i = 0; lines[i] != NULL; i++) {
			if (strstr(lines[i], "more circles") == NULL) {
				check_circle(lines[i], edges);
				g_assert_true(g_hash_table_add(seen, lines[i]));
			}
		}
		g_assert_cmpuint(g_hash_table_size(seen), >, 0);
	}
}

static void check_fails(GPtrArray *items, const char *wanted)
{
	g_autoptr(desired_auto) d = NULL;
	g_autofree char *problems = NULL;

	g_assert_false(load_items(items, &web1, &d, &problems));
	if (strstr(problems, wanted) == NULL) {
		g_error("no '%s' in %.2000s", wanted, problems);
	}
}

static void test_circles_beyond_a_number_are_only_told_of(void)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < 50; i++) {
		add(items, "{link: /srv/%u, to: x, after: \"link:/srv/%u\"}", i, i ^ 1);
	}
	check_fails(items, "0.yaml:42:3: the order goes in more circles than are named here\n");
}

static void test_a_long_circle_is_found(void)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < DESIRED_MAX_RESOURCES; i++) {
		add(items, "{link: /srv/%u, to: x, after: \"link:/srv/%u\"}", i,
		    (i + 1) % DESIRED_MAX_RESOURCES);
	}
	check_fails(items, "link:/srv/0 -> link:/srv/1 -> ");
	check_fails(items, " -> ... (10000 in all)\n");
}

static void test_a_long_chain_is_sorted(void)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(desired_auto) d = NULL;
	g_autofree char *problems = NULL;

	for (unsigned i = 1; i < DESIRED_MAX_RESOURCES; i++) {
		add(items, "{link: /srv/%u, to: x, after: \"link:/srv/%u\"}", i, i + 1);
	}
	add(items, "{link: /srv/%u, to: x}", DESIRED_MAX_RESOURCES);
	g_assert_true(load_items(items, &web1, &d, &problems));
	for (unsigned i = 0; i < DESIRED_MAX_RESOURCES; i++) {
		const struct desired_resource *r = d->resources->pdata[i];

		g_autofree char *path = g_strdup_printf("/srv/%u", DESIRED_MAX_RESOURCES - i);

		g_assert_cmpstr(r->path, ==, path);
	}
}

static void test_what_a_list_makes_is_bounded(void)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) names = g_string_new(NULL);
	g_autoptr(GString) after = g_string_new(NULL);

	for (unsigned i = 0; i < 5001; i++) {
		g_string_append_printf(names, "p%u, ", i);
	}
	add(items, "{package: [%s]}", names->str);
	add(items, "{package: [%s]}", names->str);
	check_fails(items, "more than 10000 resources\n");
	g_ptr_array_set_size(items, 0);
	for (unsigned i = 0; i < 50; i++) {
		g_string_append_printf(after, "link:/srv/%u, ", i);
		add(items, "{link: /srv/%u, to: x}", i);
	}
	add(items, "{package: [%s], after: [%s]}", names->str, after->str);
	check_fails(items, "'after' and 'notify' name more than 200000 in all\n");
}

static void test_what_follows_from_names_is_bounded(void)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < 1001; i++) {
		add(items, "{link: /etc/systemd/system/a@.service.d/%u.conf, to: x}", i);
		add(items, "{service: a@%u, enabled: true}", i);
	}
	check_fails(items, "too much waits for something else: more than 1000000 pairs\n");
}

/* What is meant for different hosts need not fit together. */
static void test_every_host_is_not_one(void)
{
	static const char *const texts[] = {
		"{package: app, hosts: role=web, after: \"service:app\"}",
		"{service: app, enabled: true, hosts: role=db}",
		"{service: app, enabled: false, hosts: role=web2}",
		"{directory: /srv/a, hosts: role=web, after: \"link:/srv/a/b\"}",
		"{link: /srv/a/b, to: x, hosts: role=db}",
		"{package: b, hosts: role=db, after: \"link:/srv/a/b\"}",
		"{link: /srv/c, to: x, after: \"package:app\"}",
		"{package: c, after: \"link:/srv/c\"}",
	};
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(desired_auto) d = NULL;
	g_autofree char *problems = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		add(items, "%s", texts[i]);
	}
	if (!load_items(items, &all, &d, &problems)) {
		g_error("%s", problems);
	}
	g_assert_cmpuint(d->resources->len, ==, G_N_ELEMENTS(texts));
	g_clear_pointer(&d, desired_free);
	g_clear_pointer(&problems, g_free);
	add(items, "{service: app, masked: true, hosts: role=db}");
	add(items, "{package: c}");
	g_assert_false(load_items(items, &all, &d, &problems));
	g_assert_nonnull(strstr(problems, "'service:app.service' is declared already"));
	g_assert_nonnull(strstr(problems, "'package:c' is declared already"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/order/it-is-that-of-a-slow-one", test_the_order_is_that_of_a_slow_one);
	g_test_add_func("/order/circles-are-named-whole-and-once",
			test_circles_are_named_whole_and_once);
	g_test_add_func("/order/circles-beyond-a-number-are-only-told-of",
			test_circles_beyond_a_number_are_only_told_of);
	g_test_add_func("/order/a-long-circle-is-found", test_a_long_circle_is_found);
	g_test_add_func("/order/a-long-chain-is-sorted", test_a_long_chain_is_sorted);
	g_test_add_func("/order/what-a-list-makes-is-bounded", test_what_a_list_makes_is_bounded);
	g_test_add_func("/order/what-follows-from-names-is-bounded",
			test_what_follows_from_names_is_bounded);
	g_test_add_func("/order/every-host-is-not-one", test_every_host_is_not_one);
	return g_test_run();
}
