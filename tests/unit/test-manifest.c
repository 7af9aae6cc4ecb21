/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tests of src/desired/ by the manifests in tests/data/manifests. A data file is
 * assent.yaml up to a line "#= PATH", which begins another file of the
 * repository; lines "#! TEXT" are what is expected: the diagnostics in bad/, a
 * rendering of the desired state in good/.
 */
#include <stdio.h>

#include "desired/kubernetes.h"
#include "memory-reader.h"

typedef struct diag_list diags_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(diags_auto, diag_list_clear)
typedef struct memory_reader memory_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(memory_auto, memory_reader_clear)

static const struct desired_label labels[] = {{"role", "web"}, {"env", "prod"}};
static const struct desired_env web1 = {
	.agent = "web1.example.org",
	.stack = "web",
	.home = "/home/me",
	.labels = labels,
	.n_labels = G_N_ELEMENTS(labels),
};

/* What every case finds in its repository. */
static void add_fixtures(struct memory_reader *m)
{
	static const char binary[] = "a\0b";

	memory_reader_add(m, "app.conf", READER_FILE, "plain ${port}\n", 14);
	memory_reader_add(m, "app.tmpl", READER_FILE, "a\nport=${port} $${x} $HOME\n", 27);
	memory_reader_add(m, "unknown.tmpl", READER_FILE, "a\n\xc3\xa9 ${nope}${also}\n", 20);
	memory_reader_add(m, "broken.tmpl", READER_FILE, "echo ${HOME:-x}\n", 16);
	memory_reader_add(m, "binary", READER_FILE, binary, 3);
	memory_reader_add(m, "run.sh", READER_FILE, "#!/bin/sh\n", 10);
	memory_reader_add(m, "alias", READER_LINK, "app.conf", 8);
	memory_reader_add(m, "www/index.html", READER_FILE, "<p>\n", 4);
	memory_reader_add(m, "www/css/a.css", READER_FILE, "p{}\n", 4);
	memory_reader_add(m, "www/css/deep/b.sh", READER_FILE, "b\n", 2);
	memory_reader_add(m, "www/latest", READER_LINK, "index.html", 10);
	memory_reader_add(m, "units/systemd/system/app.service", READER_FILE, "u\n", 2);
	memory_reader_add(m, "strange/new\nline", READER_FILE, "", 0);
}

/* Splits a data file; returns the expected text. */
static char *add_case(struct memory_reader *m, const char *folder, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) body = g_string_new(NULL);
	g_autofree char *path = g_build_filename(folder, DESIRED_MANIFEST, NULL);
	GString *expected = g_string_new(NULL);

	for (guint i = 0; lines[i] != NULL; i++) {
		if (g_str_has_prefix(lines[i], "#! ")) {
			g_string_append_printf(expected, "%s\n", lines[i] + 3);
		} else if (g_str_has_prefix(lines[i], "#= ")) {
			memory_reader_add(m, path, READER_FILE, body->str, body->len);
			g_free(path);
			path = g_build_filename(folder, lines[i] + 3, NULL);
			g_string_truncate(body, 0);
		} else if (lines[i][0] != '\0' || lines[i + 1] != NULL) {
			g_string_append_printf(body, "%s\n", lines[i]);
		}
	}
	memory_reader_add(m, path, READER_FILE, body->str, body->len);
	return g_string_free(expected, FALSE);
}

static void render_content(GString *out, const struct desired_content *c)
{
	if (c->bytes != NULL) {
		g_autoptr(GString) text = g_string_new_len(g_bytes_get_data(c->bytes, NULL),
							   (gssize)g_bytes_get_size(c->bytes));
		g_autofree char *escaped = g_strescape(text->str, NULL);

		g_string_append_printf(out, " \"%s\"", escaped);
	}
	if (c->path != NULL) {
		g_string_append_printf(out, " from %s", c->path);
	}
	if (c->executable) {
		g_string_append(out, " executable");
	}
}

static void render_list(GString *out, const char *name, char **items)
{
	if (items != NULL) {
		g_autofree char *text = g_strjoinv(" ", items);

		g_string_append_printf(out, " %s[%s]", name, text);
	}
}

static void render_entry(GString *out, const struct desired_entry *e)
{
	static const char *const types[] = {"absent", "file", "link", "folder", "other"};

	g_string_append_printf(out, "  %s %s", types[e->type], e->path);
	if (e->link != NULL) {
		g_string_append_printf(out, " to %s", e->link);
	}
	render_content(out, &e->content);
	g_string_append_c(out, '\n');
}

static void render_words(GString *out, const char *name, char **words)
{
	if (words == NULL) {
		return;
	}
	g_string_append_printf(out, " %s(", name);
	for (char **word = words; word != NULL && *word != NULL; word++) {
		g_autofree char *escaped = g_strescape(*word, NULL);

		g_string_append_printf(out, "%s%s", word == words ? "" : "|", escaped);
	}
	g_string_append_c(out, ')');
}

static void render_text(GString *out, const char *name, const char *text)
{
	if (text != NULL) {
		g_string_append_printf(out, " %s %s", name, text);
	}
}

static void render_exec(GString *out, const struct desired_exec *e)
{
	if (e == NULL) {
		return;
	}
	render_words(out, "run", e->run);
	render_words(out, "unless", e->unless);
	render_words(out, "env", e->env);
	render_text(out, "creates", e->creates);
	render_text(out, "in", e->directory);
	render_text(out, "by", e->user);
	g_string_append_printf(out, " for %us %u bytes", e->timeout, e->output);
}

static void render_flag(GString *out, const char *name, int flag)
{
	if (flag >= 0) {
		g_string_append_printf(out, " %s%s", flag == 0 ? "not " : "", name);
	}
}

static void render_act(GString *out, const struct desired_resource *r)
{
	static const char *const states[] = {"", " present", " absent", " running", " stopped"};

	g_string_append(out, states[r->state]);
	render_text(out, "by", r->manager);
	render_text(out, "version", r->version);
	render_flag(out, "held", r->held);
	render_flag(out, "enabled", r->enabled);
	render_flag(out, "masked", r->masked);
	g_string_append(out, r->user_scope ? " of the user" : "");
	g_string_append(out, r->reload ? " reload" : "");
	g_string_append(out, r->only_notified ? " when notified" : "");
	render_exec(out, r->exec);
}

static void render_objects(GString *out, const GPtrArray *objects)
{
	for (guint i = 0; objects != NULL && i < objects->len; i++) {
		const struct kube_object *o = objects->pdata[i];
		size_t len;
		g_autofree char *text = kube_value_canonical(o->value, &len);

		g_string_append_printf(out, "  %s:%u %s\n", o->file, o->place.line, text);
	}
}

static void render_kubernetes(GString *out, const struct desired_kubernetes *k)
{
	if (k == NULL) {
		return;
	}
	g_string_append_printf(out, " from %s%s", k->path, k->is_folder ? "/" : "");
	render_text(out, "of", k->context);
	render_text(out, "namespace", k->namespace);
	render_text(out, "render", k->render);
	render_words(out, "values", k->values);
	g_string_append(out, k->prune ? " prune" : "");
	g_string_append(out, k->force ? " force" : "");
	g_string_append(out, k->replace ? " replace" : "");
	if (k->wait) {
		g_string_append_printf(out, " within %u", k->within);
	}
}

static void render_resource(GString *out, const struct desired_resource *r)
{
	g_string_append(out, r->id);
	render_kubernetes(out, r->kubernetes);
	render_act(out, r);
	if (r->mode >= 0) {
		g_string_append_printf(out, " mode %04o", (unsigned)r->mode);
	}
	if (r->folder_mode >= 0) {
		g_string_append_printf(out, " folders %04o", (unsigned)r->folder_mode);
	}
	if (r->owner != NULL || r->group != NULL) {
		g_string_append_printf(out, " owner %s:%s", r->owner != NULL ? r->owner : "",
				       r->group != NULL ? r->group : "");
	}
	if (r->link != NULL) {
		g_string_append_printf(out, " to %s", r->link);
	}
	g_string_append(out, r->prune ? " prune" : "");
	render_content(out, &r->content);
	render_list(out, "after", r->after);
	render_list(out, "notify", r->notify);
	g_string_append_printf(out, " at %s:%u:%u\n", r->file, r->line, r->column);
	for (guint i = 0; r->entries != NULL && i < r->entries->len; i++) {
		render_entry(out, r->entries->pdata[i]);
	}
	if (r->kubernetes != NULL) {
		render_objects(out, r->kubernetes->objects);
	}
}

static void render_check(GString *out, const struct desired_check *c)
{
	g_string_append_printf(out, "check %s %s within %u", desired_check_name(c->kind), c->target,
			       c->within);
	if (c->interval > 0) {
		g_string_append_printf(out, " every %u", c->interval);
	}
	if (c->successes > 0) {
		g_string_append_printf(out, " successes %u", c->successes);
	}
	if (c->status > 0) {
		g_string_append_printf(out, " status %u", c->status);
	}
	render_text(out, "body", c->body);
	render_text(out, "ca", c->ca);
	g_string_append(out, c->user_scope ? " of the user" : "");
	render_exec(out, c->exec);
	g_string_append_c(out, '\n');
}

static char *render(const struct desired *d)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < d->resources->len; i++) {
		const struct desired_resource *r = d->resources->pdata[i];

		g_assert_cmpuint(r->position, ==, i);
		render_resource(out, r);
	}
	for (guint i = 0; i < d->checks->len; i++) {
		render_check(out, d->checks->pdata[i]);
	}
	for (guint i = 0; i < d->warnings->len; i++) {
		g_string_append_printf(out, "warning: %s\n", (char *)d->warnings->pdata[i]);
	}
	g_string_append_printf(out, "on-failure %s%s\n", d->on_failure, d->prune ? " prune" : "");
	return g_string_free(out, FALSE);
}

static char *load_case(const char *path, const char *folder, const struct desired_env *env,
		       bool *good, char **expected)
{
	g_auto(memory_auto) m = {0};
	g_auto(diags_auto) diags = {0};
	g_autoptr(desired_auto) desired = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	memory_reader_init(&m);
	diag_list_init(&diags);
	add_fixtures(&m);
	*expected = add_case(&m, folder, text);
	*good = desired_load(&m.reader, folder, env, &desired, &diags, &error);
	g_assert_no_error(error);
	g_assert_true(*good == (diags.items->len == 0));
	g_assert_true(*good == (desired != NULL));
	return *good ? render(desired) : diag_text(&diags);
}

static void check_case(const char *path, bool wanted)
{
	g_autofree char *expected = NULL, *got = NULL;
	bool good;

	got = load_case(path, "", &web1, &good, &expected);
	if (good != wanted || strcmp(got, expected) != 0) {
		g_test_message("%s\nexpected:\n%sgot:\n%s", path, expected, got);
		g_test_fail();
	}
}

static void test_bad(gconstpointer path)
{
	check_case(path, false);
}

static void test_good(gconstpointer path)
{
	check_case(path, true);
}

static void test_a_folder_of_the_repository_is_the_top(void)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "manifests", "bad",
						      "source-escapes.yaml", NULL);
	g_autofree char *got = NULL, *expected = NULL;
	bool good;

	got = load_case(path, "hosts/web1", &web1, &good, &expected);
	g_assert_false(good);
	g_assert_true(g_str_has_prefix(got, "hosts/web1/assent.yaml:3:"));
	g_assert_nonnull(strstr(got, "leaves the stack's folder"));
}

/* Loads a manifest of its own text. */
static bool load_text(const char *text, const struct desired_env *env, struct desired **out,
		      char **problems)
{
	g_auto(memory_auto) m = {0};
	g_auto(diags_auto) diags = {0};
	g_autoptr(GError) error = NULL;
	bool good;

	memory_reader_init(&m);
	diag_list_init(&diags);
	add_fixtures(&m);
	memory_reader_add(&m, DESIRED_MANIFEST, READER_FILE, text, strlen(text));
	good = desired_load(&m.reader, ".", env, out, &diags, &error);
	g_assert_no_error(error);
	*problems = diag_text(&diags);
	return good;
}

static void test_every_host_allows_what_no_single_host_would_see(void)
{
	static const char both[] = "resources:\n"
				   "  - {file: /etc/x, content: a, hosts: role=web}\n"
				   "  - {file: /etc/x, content: '${label.rack}', template: true, "
				   "hosts: role=db}\n";
	static const char clash[] = "resources:\n"
				    "  - {file: /etc/x, content: a}\n"
				    "  - {file: /etc/x, content: b, hosts: role=db}\n";
	const struct desired_env all = {
		.agent = "any", .stack = "any", .home = "/home/me", .every_host = true};
	g_autoptr(desired_auto) desired = NULL;
	g_autofree char *problems = NULL, *clashes = NULL;

	g_assert_true(load_text(both, &all, &desired, &problems));
	g_assert_cmpuint(desired->resources->len, ==, 2);
	g_clear_pointer(&desired, desired_free);
	g_assert_false(load_text(clash, &all, &desired, &clashes));
	g_assert_cmpstr(clashes, ==,
			"assent.yaml:3:5: '/etc/x' is declared already: see assent.yaml:2\n");
}

static void test_pruning_spares_what_is_declared(void)
{
	static const char text[] = "resources:\n"
				   "  - {tree: ~/www, source: www, prune: true}\n"
				   "  - {file: ~/www/own/x, content: a}\n";
	g_autoptr(desired_auto) d = NULL;
	g_autofree char *problems = NULL;

	g_assert_true(load_text(text, &web1, &d, &problems));
	g_assert_true(desired_declares(d, "/home/me/www"));
	g_assert_true(desired_declares(d, "/home/me/www/css/deep/b.sh"));
	g_assert_true(desired_declares(d, "/home/me/www/own"));
	g_assert_true(desired_declares(d, "/home/me/www/own/x"));
	g_assert_false(desired_declares(d, "/home/me/www/own/y"));
	g_assert_false(desired_declares(d, "/home/me/other"));
}

static void test_the_size_of_a_manifest_is_bounded(void)
{
	g_autoptr(GString) text = g_string_new("resources: [{directory: /srv/x}]\n");
	g_autoptr(desired_auto) d = NULL;
	g_autofree char *none = NULL, *problems = NULL;

	while (text->len < DESIRED_MAX_MANIFEST) {
		g_string_append_c(text, '#');
	}
	g_assert_true(load_text(text->str, &web1, &d, &none));
	g_string_append_c(text, '#');
	g_clear_pointer(&d, desired_free);
	g_assert_false(load_text(text->str, &web1, &d, &problems));
	g_assert_cmpstr(problems, ==, "assent.yaml:1:1: 'assent.yaml' is too large\n");
}

/* Too many for one file. */
static void test_the_number_of_resources_is_bounded(void)
{
	g_auto(memory_auto) m = {0};
	g_auto(diags_auto) diags = {0};
	g_autoptr(desired_auto) d = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *problems = NULL;
	static const char main_file[] = "include: [a.yaml, b.yaml, c.yaml]\n";

	memory_reader_init(&m);
	diag_list_init(&diags);
	memory_reader_add(&m, DESIRED_MANIFEST, READER_FILE, main_file, strlen(main_file));
	for (unsigned file = 0; file < 3; file++) {
		g_autofree char *name = g_strdup_printf("%c.yaml", 'a' + (char)file);
		g_autoptr(GString) text = g_string_new("resources:\n");

		for (unsigned i = 0; i < 3334; i++) {
			g_string_append_printf(text, "- {link: /%u/%u, to: a}\n", file, i);
		}
		memory_reader_add(&m, name, READER_FILE, text->str, text->len);
	}
	g_assert_false(desired_load(&m.reader, "", &web1, &d, &diags, &error));
	g_assert_no_error(error);
	problems = diag_text(&diags);
	g_assert_true(g_str_has_prefix(problems, "c.yaml:3334:3: more than 10000 resources\n"));
}

static void test_the_entries_of_trees_are_bounded(void)
{
	static const char text[] = "resources: [{tree: /srv/many, source: many}]\n";
	g_auto(memory_auto) m = {0};
	g_auto(diags_auto) diags = {0};
	g_autoptr(desired_auto) d = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *problems = NULL;

	memory_reader_init(&m);
	diag_list_init(&diags);
	memory_reader_add(&m, DESIRED_MANIFEST, READER_FILE, text, strlen(text));
	for (unsigned i = 0; i < DESIRED_MAX_ENTRIES; i++) {
		g_autofree char *name = g_strdup_printf("many/%u", i);

		memory_reader_add(&m, name, READER_FILE, "", 0);
	}
	g_assert_true(desired_load(&m.reader, "", &web1, &d, &diags, &error));
	g_assert_cmpuint(d->n_entries, ==, DESIRED_MAX_ENTRIES);
	memory_reader_add(&m, "many/more", READER_FILE, "", 0);
	g_clear_pointer(&d, desired_free);
	g_assert_false(desired_load(&m.reader, "", &web1, &d, &diags, &error));
	problems = diag_text(&diags);
	g_assert_nonnull(strstr(problems, "the trees hold more than 200000 files and folders"));
}

static void test_an_unreadable_repository_is_no_diagnostic(void)
{
	const struct desired_env env = web1;
	g_auto(diags_auto) diags = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("assent-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "gone", NULL);
	struct reader *r = reader_open_folder(path, &error);

	g_assert_null(r);
	g_assert_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	diag_list_init(&diags);
	r = reader_open_folder(folder, &error);
	g_assert_no_error(error);
	{
		g_autoptr(desired_auto) d = NULL;
		g_autofree char *problems = NULL;

		g_assert_false(desired_load(r, "", &env, &d, &diags, &error));
		g_assert_no_error(error);
		problems = diag_text(&diags);
		g_assert_cmpstr(problems, ==,
				"assent.yaml:1:1: cannot read 'assent.yaml': no such file in the "
				"repository\n");
	}
	reader_free(r);
	g_assert_cmpint(remove(folder), ==, 0);
}

/* One test for each data file. */
static void add_cases(const char *kind, GTestDataFunc fn)
{
	g_autofree char *folder =
		g_test_build_filename(G_TEST_DIST, "data", "manifests", kind, NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	unsigned count = 0;

	g_assert_nonnull(dir);
	for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir)) {
		g_autofree char *test = NULL;

		if (!g_str_has_suffix(name, ".yaml")) {
			continue;
		}
		test = g_strdup_printf("/manifest/%s/%.*s", kind, (int)strlen(name) - 5, name);
		g_test_add_data_func_full(test, g_build_filename(folder, name, NULL), fn, g_free);
		count++;
	}
	g_assert_cmpuint(count, >, 5);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_cases("bad", test_bad);
	add_cases("good", test_good);
	g_test_add_func("/manifest/a-folder-of-the-repository-is-the-top",
			test_a_folder_of_the_repository_is_the_top);
	g_test_add_func("/manifest/every-host-allows-what-no-single-host-would-see",
			test_every_host_allows_what_no_single_host_would_see);
	g_test_add_func("/manifest/pruning-spares-what-is-declared",
			test_pruning_spares_what_is_declared);
	g_test_add_func("/manifest/the-size-of-a-manifest-is-bounded",
			test_the_size_of_a_manifest_is_bounded);
	g_test_add_func("/manifest/the-number-of-resources-is-bounded",
			test_the_number_of_resources_is_bounded);
	g_test_add_func("/manifest/the-entries-of-trees-are-bounded",
			test_the_entries_of_trees_are_bounded);
	g_test_add_func("/manifest/an-unreadable-repository-is-no-diagnostic",
			test_an_unreadable_repository_is_no_diagnostic);
	return g_test_run();
}
