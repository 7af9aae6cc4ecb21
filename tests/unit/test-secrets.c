/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets in a manifest: where they may go, and what is said of those that may not. */
#include <string.h>

#include "desired/desired.h"
#include "memory-reader.h"
#include "temp-dir.h"

#define SECRET "hunter2"

struct fixture {
	char *dir;
	struct seal_keys *keys;
	struct memory_reader repo;
	struct diag_list diags;
	struct desired *out;
};

static void set_up(struct fixture *f, const void *unused)
{
	g_autofree char *file = NULL;

	(void)unused;
	f->dir = temp_new();
	file = g_build_filename(f->dir, "seal.key", NULL);
	g_assert_true(seal_keys_renew(file, "web1", false, NULL));
	g_assert_true(seal_keys_load(file, false, &f->keys, NULL));
	memory_reader_init(&f->repo);
	diag_list_init(&f->diags);
}

static void tear_down(struct fixture *f, const void *unused)
{
	(void)unused;
	desired_free(f->out);
	diag_list_clear(&f->diags);
	memory_reader_clear(&f->repo);
	seal_keys_free(f->keys);
	temp_free(f->dir);
}

static bool unseal(const char *text, size_t len, const char *where, struct seal_bytes **out,
		   void *data, GError **error)
{
	const struct fixture *f = data;

	return seal_take(text, len, f->keys, "web1", "shop", where, out, error);
}

static void add_sealed(struct fixture *f, const char *name, const char *label, const char *content,
		       size_t content_len)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	struct seal_public to;
	size_t len;

	seal_keys_public(f->keys, 0, &to);
	g_assert_true(seal_write(&to, 1, label, content, content_len, &text, &len, &error));
	memory_reader_add(&f->repo, name, READER_FILE, text, len);
}

/* What a person is told; NULL: all is well. No secret is ever in it. */
static char *load(struct fixture *f, const char *manifest, bool with_keys)
{
	const struct desired_env env = {.agent = "web1",
					.stack = "shop",
					.unseal = with_keys ? unseal : NULL,
					.unseal_data = f};
	g_autoptr(GError) error = NULL;
	char *text;

	g_clear_pointer(&f->out, desired_free);
	diag_list_clear(&f->diags);
	diag_list_init(&f->diags);
	memory_reader_add(&f->repo, DESIRED_MANIFEST, READER_FILE, manifest, strlen(manifest));
	if (desired_load(&f->repo.reader, "", &env, &f->out, &f->diags, &error)) {
		return NULL;
	}
	g_assert_no_error(error);
	text = diag_text(&f->diags);
	g_assert_null(strstr(text, SECRET));
	return text;
}

static const char *content_of(const struct fixture *f, guint i)
{
	const struct desired_resource *r = f->out->resources->pdata[i];

	return g_bytes_get_data(r->content.bytes, NULL);
}

static void assert_says(const char *problem, const char *what)
{
	g_assert_nonnull(problem);
	if (strstr(problem, what) == NULL) {
		g_error("'%s' does not say '%s'", problem, what);
	}
}

/* For its name anywhere in the stack; for a file, in that file's template alone. */
static void test_label(struct fixture *f, const void *unused)
{
	static const struct {
		const char *label;
		bool in_first, in_second;
	} cases[] = {
		{NULL, true, true},
		{"web1", true, true},
		{"web1/shop:db", true, true},
		{"web1/shop:/etc/a", true, false},
		{"web1/shop:/etc/b", false, true},
		{"web1/shop:/etc/*", true, true},
		{"web1/shop:/srv/www/a", false, false},
		{"web1/shop:other", false, false},
		{"web1/blog:/etc/a", false, false},
		{"web2/shop:/etc/a", false, false},
	};

	(void)unused;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *first = NULL, *second = NULL, *both = NULL;

		add_sealed(f, "db.sealed", cases[i].label, SECRET, strlen(SECRET));
		first = load(f,
			     "secrets: {db: db.sealed}\nresources:\n"
			     "  - {file: /etc/a, template: true, content: \"a ${db}\"}\n",
			     true);
		g_assert_true((first == NULL) == cases[i].in_first);
		second = load(f,
			      "secrets: {db: db.sealed}\nresources:\n"
			      "  - {file: /etc/b, template: true, content: \"b ${db}\"}\n",
			      true);
		g_assert_true((second == NULL) == cases[i].in_second);
		both = load(f,
			    "secrets: {db: db.sealed}\nresources:\n"
			    "  - {file: /etc/a, template: true, content: \"a ${db}${db}\"}\n"
			    "  - {file: /etc/b, template: true, content: \"b ${db}\"}\n"
			    "  - {file: /etc/c, template: true, content: \"c\"}\n",
			    true);
		g_assert_true((both == NULL) == (cases[i].in_first && cases[i].in_second));
		if (both == NULL) {
			g_assert_cmpstr(content_of(f, 0), ==, "a " SECRET SECRET);
			g_assert_cmpstr(content_of(f, 1), ==, "b " SECRET);
		} else {
			assert_says(both, "is sealed for");
			assert_says(both, "assent.yaml:1:");
		}
	}
}

/* Everybody could read it where it is put. */
static void test_mode(struct fixture *f, const void *unused)
{
	static const struct {
		const char *mode;
		bool good;
	} cases[] = {{"0600", true},  {"0640", true},  {"0400", true},	{"0750", true},
		     {"0644", false}, {"0604", false}, {"0601", false}, {"0666", false}};
	static const char *const files[] = {"source: db.sealed, sealed: true",
					    "template: true, content: \"${db}\""};

	(void)unused;
	add_sealed(f, "db.sealed", NULL, SECRET, strlen(SECRET));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (size_t k = 0; k < G_N_ELEMENTS(files); k++) {
			g_autofree char *manifest =
				g_strdup_printf("secrets: {db: db.sealed}\nresources:\n"
						"  - {file: /etc/a, %s,\n     mode: \"%s\"}\n",
						files[k], cases[i].mode);
			g_autofree char *with = load(f, manifest, true);
			g_autofree char *without = load(f, manifest, false);

			g_assert_true((with == NULL) == cases[i].good);
			g_assert_cmpstr(with, ==, without);
			if (!cases[i].good) {
				assert_says(with, "assent.yaml:4:");
				assert_says(with, "not for everybody");
			}
		}
	}
	g_assert_null(load(f,
			   "secrets: {db: db.sealed}\nresources:\n"
			   "  - {file: /etc/a, template: true, content: x, mode: \"0644\"}\n",
			   true));
}

/* What stands in the plan takes none. */
static void test_elsewhere(struct fixture *f, const void *unused)
{
	static const char *const resources[] = {
		"resources: [{file: \"/etc/${db}\", content: x}]\n",
		"resources: [{link: /etc/a, to: \"${db}\"}]\n",
		"resources: [{file: /etc/a, content: x, owner: \"${db}\"}]\n",
		"resources: [{command: x, run: [a, \"${db}\"], creates: /b}]\n",
		"resources: [{command: x, run: [a], env: {A: \"${db}\"}, creates: /b}]\n",
		"resources: [{file: /etc/a, content: x}]\nchecks: [{http: \"http://a/${db}\"}]\n",
		("vars: {x: \"${db}\"}\n"
		 "resources: [{file: /etc/a, content: \"${x}\", template: true}]\n"),
	};

	(void)unused;
	add_sealed(f, "db.sealed", NULL, SECRET, strlen(SECRET));
	for (size_t i = 0; i < G_N_ELEMENTS(resources); i++) {
		g_autofree char *manifest =
			g_strconcat("secrets: {db: db.sealed}\n", resources[i], NULL);
		g_autofree char *problem = load(f, manifest, true);

		assert_says(problem, "assent.yaml:");
		assert_says(problem, i + 1 < G_N_ELEMENTS(resources) ? "unknown variable 'db'"
								     : "must not contain '${'");
	}
}

/* What is wrong, in which file, and where. */
static void test_crafted(struct fixture *f, const void *unused)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "it does not begin as one"},
		{"hunter2\n", "it does not begin as one"},
		{"-----BEGIN ASSENT SEALED-----\nv: 2\n", "line 2: of a version"},
		{"-----BEGIN ASSENT SEALED-----\nv: 1\n\n", "line 3: recipients"},
		{"-----BEGIN ASSENT SEALED-----\nv: 1\nto: hunter2\n\n", "line 4: not a recipient"},
		{"-----BEGIN ASSENT SEALED-----\nv: 1\nfor:  hunter2\n", "not a label"},
		{"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "it does not begin as one"},
	};
	static const char manifest[] = "secrets: {db: db.sealed}\nresources:\n"
				       "  - {file: /etc/a, content: \"${db}\", template: true}\n"
				       "  - {file: /etc/b, source: db.sealed, sealed: true}\n";

	(void)unused;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (int with_keys = 0; with_keys < 2; with_keys++) {
			g_autofree char *problem = NULL;

			memory_reader_add(&f->repo, "db.sealed", READER_FILE, cases[i].text,
					  strlen(cases[i].text));
			problem = load(f, manifest, with_keys);
			assert_says(problem, "assent.yaml:1:");
			assert_says(problem, "'db.sealed'");
			assert_says(problem, cases[i].says);
		}
	}
}

static void test_no_text(struct fixture *f, const void *unused)
{
	g_autofree char *problem = NULL;

	(void)unused;
	add_sealed(f, "db.sealed", NULL, SECRET "\xff", strlen(SECRET) + 1);
	problem = load(f,
		       "secrets: {db: db.sealed}\nresources:\n"
		       "  - {file: /etc/a, content: \"${db}${db}\", template: true}\n",
		       true);
	assert_says(problem, "no text in UTF-8");
}

/* A small repository cannot ask for all memory. */
static void test_much(struct fixture *f, const void *unused)
{
	g_autoptr(GString) manifest = g_string_new("secrets: {db: db.sealed}\nresources:\n");
	g_autofree char *content = g_malloc(SEAL_MAX_CONTENT);
	g_autofree char *problem = NULL;

	(void)unused;
	memset(content, 'x', SEAL_MAX_CONTENT);
	add_sealed(f, "db.sealed", NULL, content, SEAL_MAX_CONTENT);
	for (int i = 0; i < 100; i++) {
		g_string_append_printf(
			manifest, "  - {file: /etc/%d, content: \"${db}\", template: true}\n", i);
	}
	problem = load(f, manifest->str, true);
	assert_says(problem, "larger than 67108864 bytes in all");
	g_assert_cmpuint(f->diags.items->len, ==, 1);
}

static char *many(int first, int count)
{
	GString *out = g_string_new("resources:\n");

	for (int i = first; i < first + count; i++) {
		g_string_append_printf(out, "- {file: /%d, content: \"${db}\", template: true}\n",
				       i);
	}
	return g_string_free(out, FALSE);
}

/* The commit before and this one, with nearly as many files as there may be: guarded memory is for
 * some 16000 things, so what has no secret in it for want of a key must not be there. */
static void test_many(struct fixture *f, const void *unused)
{
	static const char manifest[] = "include: [a.yaml, b.yaml]\nsecrets: {db: db.sealed}\n";
	g_autofree char *a = many(0, 4500), *b = many(4500, 4500);
	g_autoptr(desired_auto) before = NULL;

	(void)unused;
	add_sealed(f, "db.sealed", NULL, SECRET, strlen(SECRET));
	memory_reader_add(&f->repo, "a.yaml", READER_FILE, a, strlen(a));
	memory_reader_add(&f->repo, "b.yaml", READER_FILE, b, strlen(b));
	g_assert_cmpstr(load(f, manifest, false), ==, NULL);
	before = g_steal_pointer(&f->out);
	g_assert_cmpstr(load(f, manifest, true), ==, NULL);
	g_assert_cmpuint(before->resources->len, ==, 9000);
	g_assert_cmpstr(content_of(f, 8999), ==, SECRET);
}

/* Where it was forgotten that a file is sealed, it is told, and where. */
static void test_forgotten(struct fixture *f, const void *unused)
{
	static const struct {
		const char *resource, *says; /* NULL: all is well */
	} cases[] = {
		{"  - {file: /etc/a, source: db.sealed, sealed: true}\n", NULL},
		{"  - file: /etc/a\n    source: db.sealed\n",
		 "assent.yaml:3:13: 'db.sealed' is a sealed secret: write 'sealed: true'"},
		{"  - file: /etc/a\n    source: named-otherwise\n",
		 "assent.yaml:3:13: 'named-otherwise' is a sealed secret"},
		{"  - file: /etc/a\n    source: crlf\n", "'crlf' is a sealed secret"},
		{"  - file: /etc/a\n    source: db.sealed\n    template: true\n",
		 "assent.yaml:3:13: 'db.sealed' is a sealed secret, and no template"},
		{"  - file: /etc/a\n    content: |\n      -----BEGIN ASSENT SEALED-----\n"
		 "      v: 1\n",
		 "assent.yaml:3:14: this is a sealed secret"},
		{"  - {file: /etc/a, source: db.sealed, hosts: web9}\n", NULL},
		{"  - {file: /etc/a, source: tells-of-it}\n", NULL},
		{"  - {file: /etc/a, source: large.sealed}\n", NULL},
	};
	static const char tells[] = "It begins with\n-----BEGIN ASSENT SEALED-----\n";
	g_autofree char *large = g_strnfill(SEAL_MAX_SIZE + 1, 'x');

	(void)unused;
	add_sealed(f, "db.sealed", NULL, SECRET, strlen(SECRET));
	add_sealed(f, "named-otherwise", NULL, SECRET, strlen(SECRET));
	memory_reader_add(&f->repo, "crlf", READER_FILE, "-----BEGIN ASSENT SEALED-----\r\nv", 32);
	memory_reader_add(&f->repo, "tells-of-it", READER_FILE, tells, strlen(tells));
	memory_reader_add(&f->repo, "large.sealed", READER_FILE, large, SEAL_MAX_SIZE + 1);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *manifest = g_strconcat("resources:\n", cases[i].resource,
							"  - directory: /etc/z\n", NULL);

		for (int with_keys = 0; with_keys < 2; with_keys++) {
			g_autofree char *said = load(f, manifest, with_keys == 1);

			g_test_message("%s", cases[i].resource);
			if (cases[i].says == NULL) {
				g_assert_cmpstr(said, ==, NULL);
			} else {
				assert_says(said, cases[i].says);
			}
		}
	}
}

/* A tree may hold one, but says so. */
static void test_in_tree(struct fixture *f, const void *unused)
{
	static const char manifest[] = "resources:\n"
				       "  - tree: /etc/a\n    source: a\n"
				       "  - tree: /etc/b\n    source: b\n"
				       "  - tree: /etc/c\n    source: c\n    hosts: web9\n";
	g_autofree char *large = g_strnfill(SEAL_MAX_CONTENT, 'x');
	g_autofree char *said = NULL;

	(void)unused;
	memory_reader_add(&f->repo, "a/conf", READER_FILE, "x", 1);
	add_sealed(f, "a/sub/key", NULL, "", 0);
	add_sealed(f, "b/large.sealed", "web1", large, SEAL_MAX_CONTENT);
	add_sealed(f, "c/key.sealed", NULL, SECRET, strlen(SECRET));
	said = load(f, manifest, false);
	g_assert_cmpstr(said, ==, NULL);
	g_assert_cmpuint(f->out->warnings->len, ==, 2);
	assert_says(f->out->warnings->pdata[0],
		    "assent.yaml:3: a tree mirrors 'a/sub/key', a sealed secret, as it is: move");
	assert_says(f->out->warnings->pdata[1], "assent.yaml:5: a tree mirrors 'b/large.sealed'");
}

#define ADD(path, function)                                                                        \
	g_test_add("/secrets/" path, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("label-says-where", test_label);
	ADD("not-for-everybody", test_mode);
	ADD("not-in-what-plans-tell", test_elsewhere);
	ADD("forgotten", test_forgotten);
	ADD("in-a-tree", test_in_tree);
	ADD("crafted", test_crafted);
	ADD("no-text", test_no_text);
	ADD("much", test_much);
	ADD("many", test_many);
	return g_test_run();
}
