/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The routes and their description, doc/api.yaml, say the same. */
#include "agent/http/routes.h"

#include <glib.h>
#include <string.h>

#include "agent/decide.h"
#include "base/file.h"
#include "base/yaml.h"

struct fixture {
	char *text;
	struct yaml_node *root, *paths;
};

static void set_up(struct fixture *f, const void *data)
{
	g_autofree char *file = g_test_build_filename(G_TEST_DIST, "..", "doc", "api.yaml", NULL);
	g_autofree char *problems = NULL;
	struct diag_list diags;
	GError *error = NULL;
	size_t len = 0;

	(void)data;
	if (!file_read(file, 1 << 20, &f->text, &len, &error)) {
		g_error("%s", error->message);
	}
	diag_list_init(&diags);
	f->root = yaml_parse("api.yaml", f->text, len, &yaml_default_limits, &diags);
	problems = diag_text(&diags);
	g_assert_cmpstr(problems, ==, "");
	diag_list_clear(&diags);
	f->paths = yaml_get(f->root, "paths");
	g_assert_nonnull(f->paths);
}

static void tear_down(struct fixture *f, const void *data)
{
	(void)data;
	yaml_node_free(f->root);
	g_free(f->text);
}

/* "/v1/plans/{id}/diff" as the table has it. */
static char *pattern_of(const char *path)
{
	g_autoptr(GRegex) braces = g_regex_new("\\{[a-z]+\\}", 0, 0, NULL);

	return g_regex_replace_literal(braces, path, -1, 0, "*", 0, NULL);
}

static bool has_route(const char *method, const char *pattern)
{
	g_autofree char *upper = g_ascii_strup(method, -1);

	for (const struct route *r = routes; r->method != NULL; r++) {
		if (strcmp(r->method, upper) == 0 && strcmp(r->pattern, pattern) == 0) {
			return true;
		}
	}
	return false;
}

static unsigned count_routes(void)
{
	unsigned n = 0;

	while (routes[n].method != NULL) {
		n++;
	}
	return n;
}

static unsigned check_path(const char *path, struct yaml_node *item)
{
	static const char *const methods[] = {"get", "post", "put", "delete", "patch"};
	g_autofree char *pattern = pattern_of(path);
	unsigned count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
		struct yaml_node *operation = yaml_get(item, methods[i]);

		if (operation == NULL) {
			continue;
		}
		g_test_message("%s %s", methods[i], path);
		g_assert_true(has_route(methods[i], pattern));
		g_assert_nonnull(yaml_get(operation, "summary"));
		g_assert_nonnull(yaml_get(operation, "operationId"));
		g_assert_nonnull(yaml_get(operation, "responses"));
		count++;
	}
	g_assert_cmpuint(count, >, 0);
	return count;
}

static void test_routes(struct fixture *f, const void *data)
{
	unsigned count = 0;

	(void)data;
	for (unsigned i = 0; i < f->paths->keys->len; i++) {
		const struct yaml_node *key = g_ptr_array_index(f->paths->keys, i);

		count += check_path(key->value, g_ptr_array_index(f->paths->items, i));
	}
	/* each described one is a route, and none is described twice: the same number is the same
	 * set */
	g_assert_cmpuint(count, ==, count_routes());
}

static void test_codes(struct fixture *f, const void *data)
{
	(void)data;
	for (size_t i = 0; decide_error_names[i] != NULL; i++) {
		g_test_message("%s", decide_error_names[i]);
		g_assert_nonnull(strstr(f->text, decide_error_names[i]));
	}
}

static void test_states(struct fixture *f, const void *data)
{
	(void)data;
	for (size_t i = 0; stack_state_names[i] != NULL; i++) {
		g_assert_nonnull(strstr(f->text, stack_state_names[i]));
	}
	for (size_t i = 1; stack_phase_names[i] != NULL; i++) { // the first is no plan's
		g_assert_nonnull(strstr(f->text, stack_phase_names[i]));
	}
}

/* Every "$ref" leads somewhere. */
static void check_refs(const struct fixture *f, const struct yaml_node *node)
{
	for (unsigned i = 0; node->items != NULL && i < node->items->len; i++) {
		const struct yaml_node *item = g_ptr_array_index(node->items, i);
		const struct yaml_node *key =
			node->type == YAML_MAP ? g_ptr_array_index(node->keys, i) : NULL;

		if (key != NULL && strcmp(key->value, "$ref") == 0) {
			g_auto(GStrv) parts = g_strsplit(item->value, "/", -1);
			struct yaml_node *at = f->root;

			g_assert_cmpstr(parts[0], ==, "#");
			for (unsigned j = 1; parts[j] != NULL; j++) {
				at = yaml_get(at, parts[j]);
				g_assert_nonnull(at);
			}
		} else {
			check_refs(f, item);
		}
	}
}

static void test_refs(struct fixture *f, const void *data)
{
	(void)data;
	check_refs(f, f->root);
}

#define ADD(name, fn) g_test_add(name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/routes/each-is-described", test_routes);
	ADD("/routes/refusals-are-described", test_codes);
	ADD("/routes/states-are-described", test_states);
	ADD("/routes/references-lead-somewhere", test_refs);
	return g_test_run();
}
