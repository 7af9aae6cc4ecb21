/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Catalogues: which language is wanted, its texts, its plural forms. */
#include "base/lang.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/mo.h"
#include "temp-dir.h"

struct rig {
	char *dir;
	struct langs *langs;
};

/* Little-endian, by hand: msgfmt is no part of what the programs need. */
static void put32(GString *out, guint32 value)
{
	value = GUINT32_TO_LE(value);
	g_string_append_len(out, (const char *)&value, sizeof(value));
}

struct pair {
	const char *id, *text;
	size_t id_len, len;
};
#define PAIR(id, text)                                                                             \
	{                                                                                          \
		id, text, sizeof(id) - 1, sizeof(text) - 1                                         \
	}

static GString *catalogue(const struct pair *pairs, guint32 count)
{
	GString *out = g_string_new(NULL);
	guint32 at = 28 + 16 * count;

	put32(out, 0x950412deU);
	put32(out, 0);
	put32(out, count);
	put32(out, 28);
	put32(out, 28 + 8 * count);
	put32(out, 0);
	put32(out, 28);
	for (guint32 i = 0; i < count; i++) {
		put32(out, (guint32)pairs[i].id_len);
		put32(out, at);
		at += (guint32)pairs[i].id_len + 1;
	}
	for (guint32 i = 0; i < count; i++) {
		put32(out, (guint32)pairs[i].len);
		put32(out, at);
		at += (guint32)pairs[i].len + 1;
	}
	for (guint32 i = 0; i < count; i++) {
		g_string_append_len(out, pairs[i].id, (gssize)pairs[i].id_len + 1);
	}
	for (guint32 i = 0; i < count; i++) {
		g_string_append_len(out, pairs[i].text, (gssize)pairs[i].len + 1);
	}
	return out;
}

static const struct pair german[] = {
	PAIR("", "Plural-Forms: nplurals=2; plural=(n != 1);\n"),
	PAIR("column\004plan", "Plan (Spalte)"),
	PAIR("one\0many", "eins\0viele"),
	PAIR("plan", "Plan"),
};
static const struct pair polish[] = {
	PAIR("", "X: y\nPlural-Forms: nplurals=3; plural=n==1 ? 0 : n%10>=2 && n%10<=4 && "
		 "(n%100<10 || n%100>=20) ? 1 : 2;\n"),
	PAIR("one\0many", "jeden\0kilka\0wiele"),
};

static void install(const char *dir, const char *name, const struct pair *pairs, guint32 count,
		    gssize bytes)
{
	g_autofree char *folder = g_build_filename(dir, name, "LC_MESSAGES", NULL);
	g_autofree char *path = g_build_filename(folder, "assent.mo", NULL);
	GString *out = catalogue(pairs, count);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(
		g_file_set_contents(path, out->str, bytes < 0 ? (gssize)out->len : bytes, NULL));
	g_string_free(out, TRUE);
}

static void set_up(struct rig *rig, const void *data)
{
	(void)data;
	rig->dir = temp_new();
	install(rig->dir, "de", german, G_N_ELEMENTS(german), -1);
	install(rig->dir, "pl", polish, G_N_ELEMENTS(polish), -1);
	install(rig->dir, "pt_BR", german, G_N_ELEMENTS(german), -1);
	install(rig->dir, "sr@latin", german, G_N_ELEMENTS(german), -1);
	install(rig->dir, "it", german, G_N_ELEMENTS(german), 40);
	rig->langs = langs_load(rig->dir, "assent");
}

static void tear_down(struct rig *rig, const void *data)
{
	(void)data;
	(void)lang_switch(NULL);
	langs_free(rig->langs);
	temp_free(rig->dir);
}

static void accepts(struct rig *rig, const void *data)
{
	static const struct {
		const char *header, *name;
	} rows[] = {
		{NULL, "pl"},
		{"", "pl"},
		{"de", "de"},
		{"DE-ch", "de"},
		{"de-AT-1996;q=0.3", "de"},
		{"fr, de;q=0.1", "de"},
		{"fr;q=1, en;q=0.9, de;q=0.95", "de"},
		{"en-GB,de", "en"},
		{"de;q=0.5,en;q=0.5", "de"},
		{"pt", "pt-BR"},
		{"pt-PT, de;q=0.5", "pt-BR"},
		{"pt-br", "pt-BR"},
		{"d", "pl"},
		{"deu", "pl"},
		{"it", "pl"}, // is cut off
		{"sr", "pl"},
		{"*", "pl"},
		{"de;q=0, *", "pl"},
		{"de-CH, de;q=0", "pl"},
		{"de;q=2", "pl"},
		{"de;q=-1", "pl"},
		{"de;q=nan", "pl"},
		{"de;q=", "pl"},
		{"de;level=1", "pl"},
		{" de ; q=0.7 ", "de"},
		{"../../etc/passwd", "pl"},
		{";;;,,,;q=1", "pl"},
	};
	const struct lang *pl = langs_accept(rig->langs, "pl", NULL);
	g_autoptr(GString) many = g_string_new("xx");

	(void)data;
	g_assert_nonnull(pl);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct lang *lang = langs_accept(rig->langs, rows[i].header, pl);

		g_test_message("%s", rows[i].header);
		g_assert_cmpstr(lang_name(lang), ==, rows[i].name);
	}
	for (int i = 0; i < 5000; i++) {
		g_string_append(many, ",xx");
	}
	g_string_append(many, ",de");
	g_assert_cmpstr(lang_name(langs_accept(rig->langs, many->str, pl)), ==, "pl");
}

static void environment(struct rig *rig, const void *data)
{
	static const struct {
		const char *language, *all, *messages, *lang, *name;
	} rows[] = {
		{NULL, NULL, NULL, NULL, "en"},
		{NULL, NULL, NULL, "de_DE.UTF-8", "de"},
		{NULL, NULL, "pl_PL", "de_DE.UTF-8", "pl"},
		{NULL, "C", "pl_PL", "de_DE.UTF-8", "en"},
		{"de", "C", NULL, NULL, "en"},
		{"de", "POSIX", NULL, NULL, "en"},
		{"de", "C.UTF-8", NULL, NULL, "de"},
		{"fr:pl:de", NULL, NULL, "de_DE@euro", "pl"},
		{"fr", NULL, NULL, "de_DE@euro", "de"},
		{"", "", "", "pt", "pt-BR"},
		{NULL, NULL, NULL, "C.UTF-8", "en"},
		{NULL, NULL, NULL, "fr_FR.UTF-8", "en"},
	};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *const names[] = {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"};
		const char *const values[] = {rows[i].language, rows[i].all, rows[i].messages,
					      rows[i].lang};

		for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
			if (values[n] != NULL) {
				g_setenv(names[n], values[n], TRUE);
			} else {
				g_unsetenv(names[n]);
			}
		}
		g_test_message("row %zu", i);
		g_assert_cmpstr(lang_name(langs_environment(rig->langs)), ==, rows[i].name);
	}
}

static void in_scope(struct rig *rig)
{
	lang_scope before = lang_switch(langs_accept(rig->langs, "de", NULL));

	g_assert_null(before);
	g_assert_cmpstr(lang_current(), ==, "de");
	g_assert_cmpstr(_("plan"), ==, "Plan");
	g_assert_cmpstr(C_("column", "plan"), ==, "Plan (Spalte)");
	g_assert_cmpstr(C_("row", "plan"), ==, "plan");
	g_assert_cmpstr(_("nothing of it"), ==, "nothing of it");
	g_assert_cmpstr(ngettext("one", "many", 1), ==, "eins");
	g_assert_cmpstr(ngettext("one", "many", 0), ==, "viele");
	g_assert_cmpstr(ngettext("a thing", "things", 1), ==, "a thing");
	g_assert_cmpstr(ngettext("a thing", "things", 2), ==, "things");
	{
		lang_scope german_before = lang_switch(langs_accept(rig->langs, "pl", NULL));

		g_assert_cmpstr(ngettext("one", "many", 1), ==, "jeden");
		g_assert_cmpstr(ngettext("one", "many", 22), ==, "kilka");
		g_assert_cmpstr(ngettext("one", "many", 12), ==, "wiele");
		g_assert_cmpstr(_("plan"), ==, "plan");
	}
	g_assert_cmpstr(_("plan"), ==, "Plan");
}

static void speaks(struct rig *rig, const void *data)
{
	(void)data;
	g_assert_cmpstr(_("plan"), ==, "plan");
	in_scope(rig);
	g_assert_cmpstr(lang_current(), ==, "en");
	g_assert_cmpstr(_("plan"), ==, "plan");
	(void)lang_switch(langs_accept(rig->langs, "en", NULL));
	g_assert_cmpstr(ngettext("one", "many", 1), ==, "one");
}

static void nowhere(void)
{
	struct langs *langs = langs_load("/nonexistent", "assent");

	g_assert_cmpstr(lang_name(langs_environment(langs)), ==, "en");
	langs_free(langs);
}

/* Whatever is cut off or changed, no byte beyond the end is read (see the sanitizers). */
static void broken(void)
{
	GString *good = catalogue(german, G_N_ELEMENTS(german));

	for (size_t len = 0; len < good->len; len++) {
		g_autofree char *part = g_memdup2(good->str, len);

		g_assert_null(mo_parse(part, len));
	}
	for (size_t at = 0; at < good->len; at++) {
		g_autofree char *copy = g_memdup2(good->str, good->len);

		for (unsigned bit = 0; bit < 8; bit++) {
			struct mo *mo;

			copy[at] = (char)((unsigned char)good->str[at] ^ 1U << bit);
			mo = mo_parse(copy, good->len);
			if (mo != NULL) {
				(void)mo_find(mo, NULL, "one", mo_form(mo, 5));
			}
			mo_free(mo);
		}
	}
	g_string_free(good, TRUE);
}

static void plural(void)
{
	static const struct {
		const char *text;
		unsigned long n, form;
		bool good;
	} rows[] = {
		{"0", 5, 0, true},
		{"n != 1", 1, 0, true},
		{"(n>1)", 2, 1, true},
		{"n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2", 21, 0, true},
		{"n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2", 11, 1, true},
		{"n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2", 0, 2, true},
		{"n==1?0:n!=0&&n%1000000==0?1:2", 2000000, 1, true},
		{"10-4-3", 0, 3, true},
		{"1+2*3", 0, 7, true},
		{"!n", 0, 1, true},
		{"!!n", 7, 1, true},
		{"1||0&&0", 0, 1, true},
		{"n<=2", 2, 1, true},
		{"n%0", 1, 0, false},
		{"n/(n-n)", 1, 0, false},
		{"", 1, 0, false},
		{"n n", 1, 0, false},
		{"(n", 1, 0, false},
		{"n ? 1", 1, 0, false},
		{"n = 1", 1, 0, false},
		{"99999999999999999999", 1, 0, false},
	};
	g_autofree char *deep = g_strnfill(5000, '(');
	g_autofree char *not = g_strnfill(5000, '!');
	unsigned long form;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		form = 99;
		g_test_message("%s", rows[i].text);
		g_assert_true(mo_plural(rows[i].text, rows[i].n, &form) == rows[i].good);
		g_assert_cmpuint(form, ==, rows[i].good ? rows[i].form : 99);
	}
	g_assert_false(mo_plural(deep, 1, &form));
	g_assert_false(mo_plural(not, 1, &form));
}

static void formats(void)
{
	static const struct {
		const char *original, *text;
		bool fits;
	} rows[] = {
		{"plan", "Plan", true},
		{"plan", "Plan %n", false},
		{"plan", "Plan %s", false},
		{"plan", "100 %% Plan", true},
		{"plan", "Plan %", false},
		{"%s: plan %s", "Plan %s: %s", true},
		{"%s: plan %s", "Plan %2$s: %1$s", true},
		{"%s: plan %s", "Plan %2$s", false}, // what is the first?
		{"%s: plan %s", "Plan %3$s", false},
		{"%s: plan %s", "Plan %1$s: %s", false},
		{"%s: plan %s", "Plan %0$s", false},
		{"%s: plan %s", "Plan %99999999999999999999$s", false},
		{"%s: plan %s", "%s %s %s", false},
		{"%s: plan %u", "%u: %s", false},
		{"%s: plan %u", "%2$u: %1$s", true},
		{"%s: plan %u", "%2$lu: %1$s", false},
		{"%u plans", "one plan", true},
		{"%u plans", "%x", true},
		{"%u plans", "%d", false},
		{"%u plans", "%n", false},
		{"%u plans", "%1$hhn", false},
		{"%ld of %ld", "%2$ld, %1$ld", true},
		{"%ld of %ld", "%lld", false},
		{"%-*s|", "%-*s!", true},
		{"%-*s|", "%s!", false},
		{"%.*s|", "%.*s", true},
		{"%.3f", "%8.1f", true},
		{"%s", "%*s", false},
		{"%s", "%1$*2$s", false},
		{"50% of it", "50 % von", false},
		{"50% of it", "50% of it", true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("'%s' '%s'", rows[i].original, rows[i].text);
		g_assert_true(mo_format_fits(rows[i].original, rows[i].text) == rows[i].fits);
	}
}

/* What does not fit is left in English, and the rest is read. */
static void hostile(void)
{
	static const struct pair pairs[] = {
		PAIR("", "Plural-Forms: nplurals=2; plural=n%2==1;\n"),
		PAIR("%s is", "%s ist"),
		PAIR("%s waits", "%s %s"),
		PAIR("column\004%s", "%n"),
		PAIR("one plan\0%u plans", "ein Plan\0%u Pl"),
		PAIR("one\0%u", "%u\0%s"),
		PAIR("%ld plan\0%<PRId64> plans", "%ld Plan\0%ld Pl"),
	};
	GString *bytes = catalogue(pairs, G_N_ELEMENTS(pairs));
	struct mo *mo = mo_parse(bytes->str, bytes->len);

	g_assert_nonnull(mo);
	g_assert_cmpstr(mo_find(mo, NULL, "%s is", 0), ==, "%s ist");
	g_assert_null(mo_find(mo, NULL, "%s waits", 0));
	g_assert_null(mo_find(mo, "column", "%s", 0));
	g_assert_cmpstr(mo_find(mo, NULL, "one plan", 1), ==, "%u Pl");
	g_assert_null(mo_find(mo, NULL, "one", 0));
	g_assert_cmpstr(mo_find(mo, NULL, "%ld plan", 1), ==, "%ld Pl");
	mo_free(mo);
	g_string_free(bytes, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/lang/accepts-the-nearest", struct rig, NULL, set_up, accepts, tear_down);
	g_test_add("/lang/environment", struct rig, NULL, set_up, environment, tear_down);
	g_test_add("/lang/speaks-in-its-scope", struct rig, NULL, set_up, speaks, tear_down);
	g_test_add_func("/lang/without-catalogues-english", nowhere);
	g_test_add_func("/mo/broken-ones-are-refused", broken);
	g_test_add_func("/mo/plural-expressions", plural);
	g_test_add_func("/mo/formats", formats);
	g_test_add_func("/mo/formats-that-do-not-fit", hostile);
	return g_test_run();
}
