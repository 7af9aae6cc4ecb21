/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the table of a transaction that dnf shows before it asks. */
#include <string.h>

#include "base/error.h"
#include "worker/target/dnf.h"
#include "worker/target/rpm.h"

#define MAX_WORDS 16

enum section { SECTION_NONE, SECTION_IN, SECTION_UP, SECTION_DOWN, SECTION_OUT, SECTION_SKIP };
#define SECTIONS 6

/* By how a heading begins. */
static const struct {
	const char *heading;
	enum section section;
	const char *why;
} headings[] = {
	{"Installing:", SECTION_IN, NULL},
	{"Installing dependencies:", SECTION_IN, "what is installed needs it"},
	{"Installing weak dependencies:", SECTION_IN, "what is installed recommends it"},
	{"Upgrading:", SECTION_UP, NULL},
	{"Downgrading:", SECTION_DOWN, NULL},
	{"Removing:", SECTION_OUT, NULL},
	{"Removing dependent packages:", SECTION_OUT, "it needs what is removed"},
	{"Removing unused dependencies:", SECTION_OUT, "nothing needs it any more"},
	{"Skipping packages ", SECTION_SKIP, NULL},
	{"(add '", SECTION_SKIP, NULL}, /* second line of a heading */
};
/* Lines of the summary that dnf counts by, of both versions. */
static const struct {
	const char *word;
	enum section section;
} counts[] = {
	{"Install", SECTION_IN},     {"Installing:", SECTION_IN},  {"Upgrade", SECTION_UP},
	{"Upgrading:", SECTION_UP},  {"Downgrade", SECTION_DOWN},  {"Downgrading:", SECTION_DOWN},
	{"Remove", SECTION_OUT},     {"Removing:", SECTION_OUT},   {"Skip", SECTION_SKIP},
	{"Skipping:", SECTION_SKIP}, {"Replacing:", SECTION_NONE},
};

struct table {
	GPtrArray *changes;
	enum section section;
	const char *why;
	GPtrArray *words; /* of the entry that is being gathered */
	unsigned said[SECTIONS], seen[SECTIONS];
};

static bool fail_line(const char *line, GError **error)
{
	return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
		    "cannot read what dnf would do: '%.200s'", line);
}

static bool take_heading(struct table *t, const char *line, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(headings); i++) {
		if (g_str_has_prefix(line, headings[i].heading)) {
			t->section = headings[i].section;
			t->why = headings[i].why;
			return true;
		}
	}
	return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_REFUSED,
		    "dnf would do what is no change of a package: '%.200s'", line);
}

static struct package_change *make_change(const char *name, const char *arch, const char *version,
					  enum section section)
{
	const char *v = rpm_version(version);

	if (!package_name_is_good(name) || !package_arch_is_good(arch) ||
	    !package_version_is_good(v) || strchr(v, '-') == NULL) {
		return NULL;
	}
	if (section == SECTION_OUT) {
		return package_change_new(name, arch, v, NULL);
	}
	return package_change_new(name, arch, section == SECTION_IN ? NULL : "", v);
}

/* NAME ARCH VERSION REPOSITORY SIZE [UNIT], as many words as there are. */
static bool end_entry(struct table *t, GError **error)
{
	g_autoptr(GPtrArray) words = t->words;
	struct package_change *c;

	t->words = NULL;
	if (words == NULL) {
		return true;
	}
	t->seen[t->section]++;
	if (t->section == SECTION_SKIP) {
		return true;
	}
	c = words->len == 5 || words->len == 6
		    ? make_change(words->pdata[0], words->pdata[1], words->pdata[2], t->section)
		    : NULL;
	if (c == NULL) {
		return fail_line(words->pdata[0], error);
	}
	c->why = g_strdup(t->why);
	g_ptr_array_add(t->changes, c);
	return true;
}

static void add_words(struct table *t, char **words)
{
	for (; *words != NULL && t->words->len < MAX_WORDS; words++) {
		if (**words != '\0') {
			g_ptr_array_add(t->words, g_strdup(*words));
		}
	}
}

/* "replacing  NAME.ARCH VERSION" of dnf 4, "replacing NAME ARCH VERSION ..." of dnf 5. Of the same
 * name it is the old version, of another one it goes. */
static bool take_replaced(struct table *t, const char *line, GError **error)
{
	g_auto(GStrv) split = g_strsplit_set(line, " ", -1);
	const char *words[4] = {NULL};
	g_autofree char *name = NULL;
	const char *arch, *version;
	struct package_change *by, *c;
	size_t n = 0;

	for (char **word = split; *word != NULL && n < 4; word++) {
		if (**word != '\0') {
			words[n++] = *word;
		}
	}
	if (n < 3 || t->changes->len == 0 || t->section == SECTION_SKIP) {
		return fail_line(line, error);
	}
	by = t->changes->pdata[t->changes->len - 1];
	name = g_strdup(words[1]);
	arch = words[2];
	version = words[3];
	if (n == 3) {
		char *dot = strrchr(name, '.');

		version = words[2];
		arch = dot != NULL ? dot + 1 : "";
		if (dot != NULL) {
			*dot = '\0';
		}
	}
	if (strcmp(name, by->name) == 0) {
		g_free(by->from);
		by->from = g_strdup(rpm_version(version));
		return true;
	}
	c = make_change(name, arch, version, SECTION_OUT);
	if (c == NULL) {
		return fail_line(line, error);
	}
	c->why = g_strdup_printf("replaced by %s", by->name);
	g_ptr_array_add(t->changes, c);
	return true;
}

static bool take_line(struct table *t, const char *line, GError **error)
{
	g_auto(GStrv) words = NULL;
	const char *text = line;

	while (*text == ' ') {
		text++;
	}
	if (text == line) {
		return end_entry(t, error) && take_heading(t, line, error);
	}
	if (t->section == SECTION_NONE) {
		return fail_line(line, error);
	}
	if (text - line > 1 && g_str_has_prefix(text, "replacing ")) {
		return end_entry(t, error) && take_replaced(t, text, error);
	}
	if (text - line == 1) {
		if (!end_entry(t, error)) {
			return false;
		}
		t->words = g_ptr_array_new_with_free_func(g_free);
	} else if (t->words == NULL) {
		return fail_line(line, error);
	}
	words = g_strsplit(text, " ", -1);
	add_words(t, words);
	return true;
}

/* "Install  2 Packages", " Installing:        2 packages" */
static void take_count(struct table *t, const char *line)
{
	while (*line == ' ') {
		line++;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		size_t len = strlen(counts[i].word);

		if (strncmp(line, counts[i].word, len) == 0 && line[len] == ' ') {
			t->said[counts[i].section] +=
				(unsigned)g_ascii_strtoull(line + len, NULL, 10);
			return;
		}
	}
}

static bool check_counts(const struct table *t, GError **error)
{
	for (int i = SECTION_IN; i <= SECTION_OUT; i++) {
		if (t->said[i] != t->seen[i]) {
			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
				    "cannot read what dnf would do: %u of %u packages understood",
				    t->seen[i], t->said[i]);
		}
	}
	return true;
}

/* A head ("Package  Arch  Version ..."), the body, "Transaction Summary". */
static bool take_table(struct table *t, char **lines, GError **error)
{
	bool body = false, summary = false;

	for (char **line = lines; *line != NULL; line++) {
		const char *text = g_strchomp(*line);
		const char *word = *text == ' ' ? text + 1 : text;

		if (!body && !summary) {
			body = g_str_has_prefix(word, "Package ") &&
			       strstr(word, " Version") != NULL;
			/* What dnf 4 has no place for stands in a second line. */
			while (body && line[1] != NULL && *line[1] == ' ' && *text == ' ') {
				line++;
			}
		} else if (g_str_has_prefix(text, "Transaction Summary")) {
			body = false;
			summary = true;
		} else if (summary) {
			take_count(t, text);
		} else if (*text != '\0' && *text != '=' && !take_line(t, text, error)) {
			return false;
		}
	}
	return summary ? end_entry(t, error) && check_counts(t, error)
		       : fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			      "dnf does not say what it would do");
}

char *dnf_problem(const struct proc_result *result)
{
	g_autofree char *both = g_strconcat(result->err->str, "\n", NULL);
	g_auto(GStrv) lines = g_strsplit(both, "\n", -1);
	GString *out = g_string_new(NULL);
	char *text;

	for (char **line = lines; *line != NULL; line++) {
		const char *part = g_strchomp(*line);

		if (g_str_has_prefix(part, "Error: ")) {
			part += strlen("Error: ");
		}
		if (*part != '\0' && strcmp(part, "Error:") != 0 &&
		    strcmp(part, "Operation aborted.") != 0) {
			g_string_append_printf(out, "%s\n", part);
		}
	}
	text = rpm_words(result, out->str);
	g_string_free(out, TRUE);
	return text;
}

/* Did dnf refuse, or only do as it was told and not go on? */
static bool is_refused(const struct proc_result *result)
{
	g_auto(GStrv) lines = g_strsplit(result->err->str, "\n", -1);
	bool aborted = false;

	for (char **line = lines; *line != NULL; line++) {
		const char *text = g_strchomp(*line);

		if (strstr(text, "Operation aborted") != NULL) {
			aborted = true;
		} else if (g_str_has_prefix(text, "Error:") ||
			   g_str_has_prefix(text, "Failed to resolve") ||
			   g_str_has_prefix(text, "No match for argument")) {
			return true;
		}
	}
	return !aborted && result->status != 0;
}

bool dnf_parse(const struct proc_result *result, GPtrArray **changes, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(package_change_destroy);
	g_auto(GStrv) lines = g_strsplit(result->out->str, "\n", -1);
	struct table t = {.changes = list};
	bool ok;

	if (is_refused(result)) {
		g_autofree char *text = dnf_problem(result);

		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_REFUSED, "dnf: %s", text);
	}
	if (strstr(result->out->str, "Transaction Summary") == NULL &&
	    (strstr(result->out->str, "Nothing to do.") != NULL ||
	     strstr(result->err->str, "Nothing to do.") != NULL)) {
		*changes = g_steal_pointer(&list);
		return true;
	}
	ok = take_table(&t, lines, error);
	g_clear_pointer(&t.words, g_ptr_array_unref);
	if (ok) {
		*changes = g_steal_pointer(&list);
	}
	return ok;
}

/* "NAME-EPOCH:VERSION-RELEASE.*", also without epoch: the name is before the last two '-'. */
static char *held_name(const char *line)
{
	char *name = g_strdup(line);

	for (int i = 0; i < 2; i++) {
		char *dash = strrchr(name, '-');

		if (dash == NULL || dash == name) {
			g_free(name);
			return NULL;
		}
		*dash = '\0';
	}
	if (!package_name_is_good(name)) {
		g_clear_pointer(&name, g_free);
	}
	return name;
}

GHashTable *dnf_held_parse(const char *list)
{
	GHashTable *held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) lines = g_strsplit(list, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		const char *text = g_strstrip(*line);
		char *name = NULL;

		/* '!' keeps one version out and holds none. */
		if (*text == '\0' || *text == '#' || *text == '!') {
			continue;
		}
		if (g_str_has_prefix(text, "name = \"") && g_str_has_suffix(text, "\"")) {
			name = g_strndup(text + 8, strlen(text) - 9);
		} else if (strchr(text, '=') == NULL && *text != '[') {
			name = held_name(text);
		}
		if (name != NULL) {
			g_hash_table_add(held, name);
		}
	}
	return held;
}
