/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/plan-order.c: what comes first, and what needs what. */
#include <string.h>

#include "worker/plan.h"

static void resource_free(void *data)
{
	struct desired_resource *r = data;

	g_free(r->id);
	g_free(r->path);
	g_strfreev(r->after);
	g_strfreev(r->notify);
	g_free(r);
}

struct fixture {
	struct planner p;
	struct desired desired;
	GPtrArray *order; /* NULL before plan_order() */
};

static void set_up(struct fixture *f, const void *data)
{
	f->desired.resources = g_ptr_array_new_with_free_func(resource_free);
	f->p = (struct planner){.desired = &f->desired};
	f->p.changes = g_ptr_array_new_with_free_func(g_free);
	f->p.removals = g_ptr_array_new_with_free_func(g_free);
	f->p.acts = g_ptr_array_new_with_free_func(g_free);
	f->p.strings = g_string_chunk_new(256);
	f->p.kept = g_ptr_array_new_with_free_func(g_free);
}

static void tear_down(struct fixture *f, const void *data)
{
	if (f->order != NULL) {
		g_ptr_array_unref(f->order);
	}
	g_clear_pointer(&f->p.notifiers, g_hash_table_unref);
	g_clear_pointer(&f->p.changed, g_hash_table_unref);
	g_ptr_array_unref(f->p.changes);
	g_ptr_array_unref(f->p.removals);
	g_ptr_array_unref(f->p.acts);
	g_string_chunk_free(f->p.strings);
	g_ptr_array_unref(f->p.kept);
	g_ptr_array_unref(f->desired.resources);
}

static char **split(const char *text)
{
	return text != NULL ? g_strsplit(text, " ", 0) : NULL;
}

/* The next resource in order; lists are separated by blanks, NULL: none. */
static const struct desired_resource *declare(struct fixture *f, enum desired_kind kind,
					      const char *name, const char *after,
					      const char *notify)
{
	struct desired_resource *r = g_new0(struct desired_resource, 1);

	r->kind = kind;
	r->id = g_strconcat(desired_kind_name(kind), ":", name, NULL);
	r->path = name[0] == '/' ? g_strdup(name) : NULL;
	r->after = split(after);
	r->notify = split(notify);
	r->position = f->desired.resources->len;
	g_ptr_array_add(f->desired.resources, r);
	return r;
}

static struct plan_item *new_path(struct fixture *f, GPtrArray *list, const char *kind,
				  const char *path, const struct desired_resource *r)
{
	struct plan_item *item = g_new0(struct plan_item, 1);

	item->resource = r;
	item->change.kind = kind;
	item->change.path = path;
	item->change.id =
		plan_id(&f->p, strcmp(kind, "tree") == 0 ? STATE_FILE : STATE_DIRECTORY, path);
	if (strcmp(kind, "file") == 0) {
		item->change.id = plan_id(&f->p, STATE_FILE, path);
	}
	g_ptr_array_add(list, item);
	return item;
}

/* "id<need,need id ..." of all changes. */
static void assert_order(struct fixture *f, const char *wanted)
{
	g_autoptr(GString) got = g_string_new(NULL);

	f->order = plan_order(&f->p);
	for (guint i = 0; i < f->order->len; i++) {
		const struct plan_change *c = &((struct plan_item *)f->order->pdata[i])->change;
		const char *mark = "<";

		g_string_append_printf(got, "%s%s", i > 0 ? " " : "", c->id);
		for (const char **need = c->needs; need != NULL && *need != NULL; need++) {
			g_string_append_printf(got, "%s%s", mark, *need);
			mark = ",";
		}
	}
	g_assert_cmpstr(got->str, ==, wanted);
}

static void removals_come_first_and_children_before_folders(struct fixture *f, const void *data)
{
	const struct desired_resource *r = declare(f, DESIRED_FILE, "/srv/a", NULL, NULL);

	new_path(f, f->p.changes, "file", "/srv/a", r);
	new_path(f, f->p.removals, "file", "/srv/old/x", NULL);
	new_path(f, f->p.removals, "directory", "/srv/old", NULL);
	new_path(f, f->p.removals, "file", "/srv/old/y", NULL);
	assert_order(f, "file:/srv/old/y file:/srv/old/x directory:/srv/old file:/srv/a");
}

static void resources_give_the_order(struct fixture *f, const void *data)
{
	const struct desired_resource *pkg = declare(f, DESIRED_PACKAGE, "app", NULL, NULL);
	const struct desired_resource *file = declare(f, DESIRED_FILE, "/a", "package:app", NULL);
	const struct desired_resource *cmd = declare(f, DESIRED_COMMAND, "go", NULL, NULL);
	const struct desired_resource *svc =
		declare(f, DESIRED_SERVICE, "app.service", "file:/a command:go", NULL);

	/* Found in another order. */
	plan_act(&f->p, svc, DESIRED_SERVICE, "app.service");
	plan_act(&f->p, cmd, DESIRED_COMMAND, "go");
	plan_act(&f->p, pkg, DESIRED_PACKAGE, "app");
	new_path(f, f->p.changes, "file", "/a", file);
	assert_order(f, "package:app file:/a<package:app command:go "
			"service:app.service<command:go,file:/a");
}

/* Each of many comes after a folder that comes after each of many. */
static void needs_are_bounded(struct fixture *f, const void *data)
{
	enum { MANY = 1000, LONG = 200 };
	g_autofree char *tail = g_strnfill(LONG, 'x');
	g_autoptr(GString) all = g_string_new(NULL);
	size_t size = 0, longest = MANY * (size_t)(LONG + 20);

	for (int i = 0; i < 2 * MANY; i++) {
		g_autofree char *name = g_strdup_printf("%d%s", i, tail);
		const struct desired_resource *r;

		if (i == MANY) {
			declare(f, DESIRED_DIRECTORY, "/hub", all->str, NULL);
		}
		r = declare(f, DESIRED_COMMAND, name, i < MANY ? NULL : "directory:/hub", NULL);
		plan_act(&f->p, r, DESIRED_COMMAND, name);
		g_string_append_printf(all, "%s%s", i > 0 ? " " : "", r->id);
	}
	f->order = plan_order(&f->p);
	for (guint i = 0; i < f->order->len; i++) {
		const struct plan_change *c = &((struct plan_item *)f->order->pdata[i])->change;

		for (const char **need = c->needs; need != NULL && *need != NULL; need++) {
			size += strlen(*need);
		}
	}
	g_assert_cmpuint(f->p.ids_size, >, PLAN_MAX_SIZE); /* so that nothing is planned */
	g_assert_cmpuint(size, <=, PLAN_MAX_SIZE + longest);
}

static void needs_go_through_what_does_not_change(struct fixture *f, const void *data)
{
	const struct desired_resource *pkg = declare(f, DESIRED_PACKAGE, "app", NULL, NULL);
	const struct desired_resource *svc;

	declare(f, DESIRED_FILE, "/a", "package:app", NULL);
	declare(f, DESIRED_FILE, "/b", "file:/a package:app", NULL);
	declare(f, DESIRED_FILE, "/c", NULL, NULL);
	svc = declare(f, DESIRED_SERVICE, "s", "file:/b file:/c", NULL);
	plan_act(&f->p, pkg, DESIRED_PACKAGE, "app");
	plan_act(&f->p, svc, DESIRED_SERVICE, "s");
	assert_order(f, "package:app service:s<package:app");
}

/* Twice as many ways with each pair: without care more than fit into any memory. */
static void many_ways_lead_to_one_need(struct fixture *f, const void *data)
{
	const struct desired_resource *first = declare(f, DESIRED_PACKAGE, "app", NULL, NULL);
	const struct desired_resource *last;
	g_autofree char *after = g_strdup("package:app");

	for (int i = 0; i < 60; i++) {
		g_autofree char *a = g_strdup_printf("/a%d", i);
		g_autofree char *b = g_strdup_printf("/b%d", i);

		declare(f, DESIRED_FILE, a, after, NULL);
		declare(f, DESIRED_FILE, b, after, NULL);
		g_free(after);
		after = g_strdup_printf("file:%s file:%s", a, b);
	}
	last = declare(f, DESIRED_SERVICE, "s", after, NULL);
	plan_act(&f->p, first, DESIRED_PACKAGE, "app");
	plan_act(&f->p, last, DESIRED_SERVICE, "s");
	assert_order(f, "package:app service:s<package:app");
}

static void needs_end_at_what_changes(struct fixture *f, const void *data)
{
	const struct desired_resource *pkg = declare(f, DESIRED_PACKAGE, "app", NULL, NULL);
	const struct desired_resource *a = declare(f, DESIRED_FILE, "/a", "package:app", NULL);
	const struct desired_resource *b = declare(f, DESIRED_FILE, "/b", "file:/a", NULL);

	plan_act(&f->p, pkg, DESIRED_PACKAGE, "app");
	new_path(f, f->p.changes, "file", "/a", a);
	new_path(f, f->p.changes, "file", "/b", b);
	assert_order(f, "package:app file:/a<package:app file:/b<file:/a");
}

static void implied_folders_need_what_made_them_so(struct fixture *f, const void *data)
{
	const struct desired_resource *pkg = declare(f, DESIRED_PACKAGE, "app", NULL, NULL);
	const struct desired_resource *file =
		declare(f, DESIRED_FILE, "/x/y/f", "package:app", NULL);
	const struct desired_resource *other = declare(f, DESIRED_FILE, "/x/z/f", NULL, NULL);

	plan_act(&f->p, pkg, DESIRED_PACKAGE, "app");
	new_path(f, f->p.changes, "file", "/x/z/f", other);
	new_path(f, f->p.changes, "file", "/x/y/f", file);
	new_path(f, f->p.changes, "directory", "/x/z", NULL);
	new_path(f, f->p.changes, "directory", "/x/y", NULL);
	new_path(f, f->p.changes, "directory", "/x", NULL);
	assert_order(f, "package:app directory:/x<package:app directory:/x/y<package:app "
			"file:/x/y/f<package:app directory:/x/z file:/x/z/f");
}

static void a_tree_is_named_by_its_root(struct fixture *f, const void *data)
{
	const struct desired_resource *tree = declare(f, DESIRED_TREE, "/www", NULL, "service:s");
	const struct desired_resource *svc = declare(f, DESIRED_SERVICE, "s", "tree:/www", NULL);
	struct plan_item *act;

	new_path(f, f->p.changes, "tree", "/www/b", tree)->change.root = "/www";
	new_path(f, f->p.changes, "tree", "/www/a", tree)->change.root = "/www";
	act = plan_act(&f->p, svc, DESIRED_SERVICE, "s");
	act->change.because = plan_notified(&f->p, "service:s");
	g_assert_nonnull(act->change.because);
	g_assert_cmpstr(act->change.because[0], ==, "tree:/www");
	g_assert_null(act->change.because[1]);
	assert_order(f, "file:/www/b file:/www/a service:s<tree:/www");
}

static void what_notifies_is_needed(struct fixture *f, const void *data)
{
	const struct desired_resource *b = declare(f, DESIRED_FILE, "/b", NULL, "service:s");
	const struct desired_resource *a = declare(f, DESIRED_FILE, "/a", NULL, "service:s");
	const struct desired_resource *svc, *still;
	struct plan_item *act;

	still = declare(f, DESIRED_FILE, "/still", NULL, "service:s");
	g_assert_nonnull(still);
	svc = declare(f, DESIRED_SERVICE, "s", NULL, NULL);
	new_path(f, f->p.changes, "file", "/b", b);
	new_path(f, f->p.changes, "file", "/a", a);
	g_assert_null(plan_notified(&f->p, "service:other"));
	act = plan_act(&f->p, svc, DESIRED_SERVICE, "s");
	act->change.because = plan_notified(&f->p, "service:s");
	g_assert_null(act->change.because[2]);
	assert_order(f, "file:/b file:/a service:s<file:/a,file:/b");
}

/* Between two questions items are added, at the end and before others. */
static void what_comes_later_notifies_too(struct fixture *f, const void *data)
{
	const struct desired_resource *a = declare(f, DESIRED_FILE, "/a", NULL, "service:s");
	const struct desired_resource *c = declare(f, DESIRED_COMMAND, "c", NULL, "service:s");
	const struct desired_resource *d = declare(f, DESIRED_COMMAND, "d", NULL, "service:s");
	const char **ids;

	g_assert_null(plan_notified(&f->p, "service:s"));
	plan_act(&f->p, c, DESIRED_COMMAND, "c");
	ids = plan_notified(&f->p, "service:s");
	g_assert_cmpstr(ids[0], ==, "command:c");
	g_assert_null(ids[1]);
	plan_act(&f->p, NULL, DESIRED_SERVICE, "first");
	g_ptr_array_insert(f->p.acts, 0, g_ptr_array_steal_index(f->p.acts, 1));
	plan_act(&f->p, d, DESIRED_COMMAND, "d");
	new_path(f, f->p.removals, "file", "/a", a);
	ids = plan_notified(&f->p, "service:s");
	g_assert_cmpstr(ids[0], ==, "command:c");
	g_assert_cmpstr(ids[1], ==, "command:d");
	g_assert_cmpstr(ids[2], ==, "file:/a");
	g_assert_null(ids[3]);
}

static void acts_without_a_resource_have_their_place(struct fixture *f, const void *data)
{
	const struct desired_resource *file = declare(f, DESIRED_FILE, "/unit", NULL, NULL);
	const struct desired_resource *svc = declare(f, DESIRED_SERVICE, "s", "file:/unit", NULL);

	plan_act(&f->p, svc, DESIRED_SERVICE, "s");
	plan_act(&f->p, NULL, DESIRED_SERVICE, "end")->last = true;
	plan_act(&f->p, NULL, DESIRED_SERVICE, "daemon-reload")->place = svc;
	plan_act(&f->p, NULL, DESIRED_PACKAGE, "gone");
	new_path(f, f->p.changes, "file", "/unit", file);
	new_path(f, f->p.removals, "file", "/old", NULL);
	assert_order(f, "package:gone file:/old file:/unit service:daemon-reload "
			"service:s<file:/unit service:end");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct fixture *f, const void *data);
	} tests[] = {
		{"/plan-order/removals-come-first-and-children-before-folders",
		 removals_come_first_and_children_before_folders},
		{"/plan-order/resources-give-the-order", resources_give_the_order},
		{"/plan-order/needs-are-bounded", needs_are_bounded},
		{"/plan-order/needs-go-through-what-does-not-change",
		 needs_go_through_what_does_not_change},
		{"/plan-order/many-ways-lead-to-one-need", many_ways_lead_to_one_need},
		{"/plan-order/needs-end-at-what-changes", needs_end_at_what_changes},
		{"/plan-order/implied-folders-need-what-made-them-so",
		 implied_folders_need_what_made_them_so},
		{"/plan-order/a-tree-is-named-by-its-root", a_tree_is_named_by_its_root},
		{"/plan-order/what-notifies-is-needed", what_notifies_is_needed},
		{"/plan-order/what-comes-later-notifies-too", what_comes_later_notifies_too},
		{"/plan-order/acts-without-a-resource-have-their-place",
		 acts_without_a_resource_have_their_place},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_test_add(tests[i].name, struct fixture, NULL, set_up, tests[i].test, tear_down);
	}
	return g_test_run();
}
