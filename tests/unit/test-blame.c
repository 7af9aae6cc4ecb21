/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person means by a name, and which plan is behind it. */
#include "cli/blame.h"

#include <string.h>

/* Two plans, oldest first; the second has failed but for its first change. */
struct world {
	struct plan_change first[4], second[3];
	struct plan documents[2];
	struct tale_plan plans[2];
	struct tale_run runs[2];
	struct tale tale;
};

static void world_init(struct world *w)
{
	struct tale_plan *a = &w->plans[0], *b = &w->plans[1];

	memset(w, 0, sizeof(*w));
	w->first[0] = (struct plan_change){.id = "file:/srv/www/a", .path = "/srv/www/a"};
	w->first[1] = (struct plan_change){.id = "package:nginx"};
	w->first[2] = (struct plan_change){.id = "service:nginx.service"};
	w->first[3] = (struct plan_change){.id = "file:/srv/www/c", .path = "/srv/www/c"};
	w->second[0] = (struct plan_change){.id = "file:/srv/www/b", .path = "/srv/www/b"};
	w->second[1] = (struct plan_change){.id = "file:/srv/www/a", .path = "/srv/www/a"};
	w->second[2] = (struct plan_change){.id = "package:nginx"};
	w->documents[0].changes = w->first;
	w->documents[0].changes_count = G_N_ELEMENTS(w->first);
	w->documents[1].changes = w->second;
	w->documents[1].changes_count = G_N_ELEMENTS(w->second);
	w->runs[0] = (struct tale_run){.ended = 1, .result = RESULT_OK};
	w->runs[1] = (struct tale_run){.ended = 2, .result = RESULT_FAILED};
	w->runs[1].outcomes = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_insert(w->runs[1].outcomes, (gpointer) "file:/srv/www/b", (gpointer) "done");
	g_hash_table_insert(w->runs[1].outcomes, (gpointer) "file:/srv/www/a", (gpointer) "undone");
	w->tale.plans = g_ptr_array_new();
	for (size_t i = 0; i < 2; i++) {
		w->plans[i].stack = (char *)"web";
		w->plans[i].document = &w->documents[i];
		w->plans[i].runs = g_ptr_array_new();
		g_ptr_array_add(w->plans[i].runs, &w->runs[i]);
	}
	g_ptr_array_add(w->tale.plans, a);
	g_ptr_array_add(w->tale.plans, b);
}

static void world_clear(struct world *w)
{
	g_hash_table_unref(w->runs[1].outcomes);
	g_ptr_array_unref(w->plans[0].runs);
	g_ptr_array_unref(w->plans[1].runs);
	g_ptr_array_unref(w->tale.plans);
}

static void test_names(void)
{
	static const struct {
		const char *given;
		enum blame_reach reach;
		const char *ids; /* of what is found, newest first */
	} rows[] = {
		{"/srv/www/a", BLAME_EXACT, "file:/srv/www/a"},
		{"/srv/www/b", BLAME_EXACT, "file:/srv/www/b"},
		{"package:nginx", BLAME_EXACT, "package:nginx"},
		{"/srv/www", BLAME_EXACT, ""},
		{"nginx", BLAME_EXACT, ""},
		{"nginx", BLAME_BARE, "package:nginx"},
		{"nginx.service", BLAME_BARE, "service:nginx.service"},
		{"ngin", BLAME_BARE, ""},
		{"./nginx", BLAME_BARE, ""},
		{"/srv/www/a", BLAME_BARE, ""},
		{"/srv/www", BLAME_BELOW, "file:/srv/www/b file:/srv/www/a"},
		{"/srv/ww", BLAME_BELOW, ""},
		{"www", BLAME_BELOW, "file:/srv/www/b file:/srv/www/a"},
		{"/", BLAME_BELOW, "file:/srv/www/b file:/srv/www/a"},
	};
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) ids = g_string_new(NULL);
		struct blame_name name;
		GArray *found;

		blame_name_init(&name, rows[i].given, "/root", "/srv");
		name.reach = rows[i].reach;
		found = blame_find(&w.tale, &name, "web");
		for (guint k = 0; k < found->len; k++) {
			g_string_append_printf(
				ids, "%s%s", k > 0 ? " " : "",
				g_array_index(found, struct blame_finding, k).change->id);
		}
		g_test_message("%s", rows[i].given);
		g_assert_cmpstr(ids->str, ==, rows[i].ids);
		g_array_unref(found);
		blame_name_clear(&name);
	}
	world_clear(&w);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/blame/names", test_names);
	return g_test_run();
}
