/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that reader, schema, reference page and manual page know the same keys of the manifest. */
#include <string.h>

#include "base/autoptr.h"
#include "base/yaml.h"
#include "desired/desired.h"
#include "desired/keys.h"
#include "desired/schema.h"
#include "memory-reader.h"

typedef struct diag_list diags_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(diags_auto, diag_list_clear)
typedef struct memory_reader memory_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(memory_auto, memory_reader_clear)

struct place {
	const struct keys_table *table;
	const char *heading; /* in doc/manifest.md; %s is the table's name */
	const char *before;  /* what stands in front of a key in a manifest */
};

static GArray *all_tables(void)
{
	const struct place fixed[] = {
		{&keys_manifest, "### The manifest\n", ""},
		{&keys_include, "### `include`\n", "include:\n- "},
		{&keys_override, "### `overrides`\n", "overrides:\n- "},
	};
	GArray *places = g_array_new(FALSE, FALSE, sizeof(struct place));

	g_array_append_vals(places, fixed, G_N_ELEMENTS(fixed));
	for (const struct keys_table *t = keys_resources; t->name != NULL; t++) {
		const struct place p = {t, "### `%s`\n", "resources:\n- "};

		g_array_append_val(places, p);
	}
	for (const struct keys_table *t = keys_checks; t->name != NULL; t++) {
		/* Some have the name of a kind of resource. */
		const struct place p = {t, "### Check `%s`\n", "checks:\n- "};

		g_array_append_val(places, p);
	}
	return places;
}

static char *read_text(const char *name)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "doc", name, NULL);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	return text;
}

/* JSON without the spaces between its tokens. */
static char *squeeze(const char *json)
{
	GString *out = g_string_new(NULL);
	bool inside = false;

	for (const char *p = json; *p != '\0'; p++) {
		if (inside && *p == '\\') {
			g_string_append_c(out, *p++);
		} else if (*p == '"') {
			inside = !inside;
		}
		if (inside || !g_ascii_isspace(*p)) {
			g_string_append_c(out, *p);
		}
	}
	return g_string_free(out, FALSE);
}

static void test_the_shipped_schema_is_that_of_the_tables(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *shipped = read_text("manifest.schema.json");
	g_autofree char *squeezed = squeeze(shipped);
	autocfree char *made = NULL;

	g_assert_true(schema_write(&made, &error));
	g_assert_no_error(error);
	/* Make it anew: assent lint --schema | python3 -m json.tool --indent 1 */
	g_assert_cmpstr(made, ==, squeezed);
}

/* What the reader says about a manifest with this one key (and the kind, when that is another). */
static char *problems_with(const struct place *place, const char *key)
{
	const char *kind = place->table->rows[0].name;
	g_autoptr(GString) text = g_string_new(place->before);
	g_auto(memory_auto) m = {0};
	g_auto(diags_auto) diags = {0};
	g_autoptr(desired_auto) d = NULL;
	const struct desired_env env = {.agent = "a", .stack = "s", .home = "/home/me"};

	if (place->before[0] != '\0' && strcmp(kind, key) != 0) {
		g_string_append_printf(text, "%s: /srv/x\n  ", kind);
	}
	g_string_append_printf(text, "%s: x\n", key);
	memory_reader_init(&m);
	memory_reader_add(&m, DESIRED_MANIFEST, READER_FILE, text->str, text->len);
	diag_list_init(&diags);
	/* Mostly refused, for a value that does not fit; that is of no interest here. */
	if (desired_load(&m.reader, "", &env, &d, &diags, NULL)) {
		return g_strdup("");
	}
	return diag_text(&diags);
}

static void test_the_reader_knows_every_key(void)
{
	g_autoptr(GArray) places = all_tables();

	for (guint i = 0; i < places->len; i++) {
		const struct place *p = &g_array_index(places, struct place, i);
		g_autofree char *unknown = problems_with(p, "xyzzy");

		g_assert_nonnull(strstr(unknown, "unknown key 'xyzzy'"));
		for (const struct keys_row *row = p->table->rows; row->name != NULL; row++) {
			g_autofree char *text = problems_with(p, row->name);

			g_assert_null(strstr(text, "unknown key"));
		}
	}
}

/* The part of a page from a heading to the next one. */
static char *section_of(const char *page, const char *heading)
{
	const char *begin = strstr(page, heading), *end;

	if (begin == NULL) {
		g_error("no '%s' in doc/manifest.md", heading);
	}
	begin += strlen(heading);
	end = strstr(begin, "\n#");
	return end != NULL ? g_strndup(begin, (size_t)(end - begin)) : g_strdup(begin);
}

static void check_line(const char *section, const struct keys_table *table,
		       const struct keys_row *row)
{
	g_autofree char *start = g_strdup_printf("\n| `%s` |", row->name);
	g_autofree char *dflt = g_strdup_printf("| `%s` |", row->dflt);
	const char *line = strstr(section, start);
	g_autofree char *own = NULL;

	if (line == NULL) {
		g_error("doc/manifest.md does not tell '%s' of '%s'", row->name, table->name);
	}
	own = g_strndup(line + 1, strcspn(line + 1, "\n"));
	g_assert_true(row->dflt == NULL || strstr(own, dflt) != NULL);
	g_assert_true(row->required == (strstr(own, "| required |") != NULL));
}

static guint count_of(const char *text, const char *what)
{
	guint count = 0;

	for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what)) {
		count++;
	}
	return count;
}

static void test_the_reference_page_tells_every_key(void)
{
	g_autofree char *page = read_text("manifest.md");
	g_autoptr(GArray) places = all_tables();

	for (guint i = 0; i < places->len; i++) {
		const struct place *p = &g_array_index(places, struct place, i);
		g_auto(GStrv) parts = g_strsplit(p->heading, "%s", 2);
		g_autofree char *heading = g_strjoinv(p->table->name, parts);
		g_autofree char *section = section_of(page, heading);
		guint rows = 0;

		for (const struct keys_row *row = p->table->rows; row->name != NULL; row++) {
			check_line(section, p->table, row);
			rows++;
		}
		g_assert_cmpuint(count_of(section, "\n| `"), ==, rows);
	}
}

static void test_the_manual_page_tells_every_key(void)
{
	g_autofree char *raw = read_text("assent.yaml.5");
	g_auto(GStrv) parts = g_strsplit(raw, "\\", -1);
	g_autofree char *page = g_strjoinv("", parts);
	g_autoptr(GArray) places = all_tables();

	for (guint i = 0; i < places->len; i++) {
		const struct place *p = &g_array_index(places, struct place, i);

		for (const struct keys_row *row = p->table->rows; row->name != NULL; row++) {
			g_autofree char *line = g_strdup_printf("\n.TP\n.B %s\n", row->name);

			if (strstr(page, line) == NULL) {
				g_error("doc/assent.yaml.5 does not tell '%s'", row->name);
			}
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/keys/the-shipped-schema-is-that-of-the-tables",
			test_the_shipped_schema_is_that_of_the_tables);
	g_test_add_func("/keys/the-reader-knows-every-key", test_the_reader_knows_every_key);
	g_test_add_func("/keys/the-reference-page-tells-every-key",
			test_the_reference_page_tells_every_key);
	g_test_add_func("/keys/the-manual-page-tells-every-key",
			test_the_manual_page_tells_every_key);
	return g_test_run();
}
