/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The routes and their descriptions, doc/api.yaml and doc/web-api.yaml, say the same. */
#include "agent/http/routes.h"

#include <glib.h>
#include <string.h>

#include "agent/decide.h"
#include "agent/http/web.h"
#include "agent/notify/notify.h"
#include "base/file.h"
#include "base/yaml.h"

struct side {
	const char *file;
	const struct route *routes;
};
static const struct side socket_side = {"api.yaml", routes};
static const struct side web_side = {"web-api.yaml", web_routes};

struct fixture {
	const struct side *side;
	char *text;
	struct yaml_node *root, *paths;
};

static void set_up(struct fixture *f, const void *data)
{
	const struct side *side = data;
	g_autofree char *file = g_test_build_filename(G_TEST_DIST, "..", "doc", side->file, NULL);
	g_autofree char *problems = NULL;
	struct diag_list diags;
	GError *error = NULL;
	size_t len = 0;

	f->side = side;
	if (!file_read(file, 1 << 20, &f->text, &len, &error)) {
		g_error("%s", error->message);
	}
	diag_list_init(&diags);
	f->root = yaml_parse(side->file, f->text, len, &yaml_default_limits, &diags);
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

static bool has_route(const struct route *table, const char *method, const char *pattern)
{
	g_autofree char *upper = g_ascii_strup(method, -1);

	for (const struct route *r = table; r->method != NULL; r++) {
		if (strcmp(r->method, upper) == 0 && strcmp(r->pattern, pattern) == 0) {
			return true;
		}
	}
	return false;
}

static unsigned count_routes(const struct route *table)
{
	unsigned n = 0;

	while (table[n].method != NULL) {
		n++;
	}
	return n;
}

/* Each answer by its number: "default" would allow all of them. */
static void check_answers(struct yaml_node *responses)
{
	g_assert_nonnull(responses);
	for (unsigned i = 0; i < responses->keys->len; i++) {
		const struct yaml_node *key = g_ptr_array_index(responses->keys, i);

		g_assert_true(g_regex_match_simple("^[2-5][0-9][0-9]$", key->value, 0, 0));
	}
}

static unsigned check_path(const struct route *table, const char *path, struct yaml_node *item)
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
		g_assert_true(has_route(table, methods[i], pattern));
		g_assert_nonnull(yaml_get(operation, "summary"));
		g_assert_nonnull(yaml_get(operation, "operationId"));
		check_answers(yaml_get(operation, "responses"));
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

		count += check_path(f->side->routes, key->value,
				    g_ptr_array_index(f->paths->items, i));
	}
	/* each described one is a route, and none is described twice: the same number is the same
	 * set */
	g_assert_cmpuint(count, ==, count_routes(f->side->routes));
}

static void test_codes(struct fixture *f, const void *data)
{
	(void)data;
	for (size_t i = 0; decide_error_names[i] != NULL; i++) {
		if (f->side == &web_side && i == DECIDE_ERROR_BAD_SIGNATURE) {
			continue; // no signatures of people come that way
		}
		g_test_message("%s", decide_error_names[i]);
		g_assert_nonnull(strstr(f->text, decide_error_names[i]));
	}
}

/* By TCP those of chats and tokens, too. */
static void test_notify_codes(struct fixture *f, const void *data)
{
	(void)data;
	for (size_t i = 0; notify_error_names[i] != NULL; i++) {
		g_test_message("%s", notify_error_names[i]);
		g_assert_nonnull(strstr(f->text, notify_error_names[i]));
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

#define ADD(name, side, fn) g_test_add(name, struct fixture, side, set_up, fn, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/routes/each-is-described", &socket_side, test_routes);
	ADD("/routes/refusals-are-described", &socket_side, test_codes);
	ADD("/routes/states-are-described", &socket_side, test_states);
	ADD("/routes/references-lead-somewhere", &socket_side, test_refs);
	ADD("/routes/each-by-tcp-is-described", &web_side, test_routes);
	ADD("/routes/refusals-by-tcp-are-described", &web_side, test_codes);
	ADD("/routes/refusals-of-chats-are-described", &web_side, test_notify_codes);
	ADD("/routes/references-by-tcp-lead-somewhere", &web_side, test_refs);
	return g_test_run();
}
