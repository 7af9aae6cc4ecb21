/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading what apt and dpkg print. */
#include "worker/target/apt-parse.h"

#include <string.h>

#include "base/error.h"

#define MAX_ERROR 2000
#define MAX_KEPT 20

static bool malformed(const char *program, const char *line, GError **error)
{
	return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
		    "'%s' prints what is not understood: '%.200s'", program, line);
}

#define HALF_INSTALLED "half-installed"
#define REINSTALL "in need of being installed again"

bool apt_is_wreck(const char *problem)
{
	return strcmp(problem, HALF_INSTALLED) == 0 || strcmp(problem, REINSTALL) == 0;
}

/* What is wrong with a package in this state; NULL: nothing. */
static const char *problem_of(const char *status, const char *eflag)
{
	static const char *const bad[] = {HALF_INSTALLED, "unpacked", "half-configured"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		if (strcmp(status, bad[i]) == 0) {
			return bad[i];
		}
	}
	return strcmp(eflag, "ok") != 0 ? REINSTALL : NULL;
}

static bool is_there(const char *status)
{
	return strcmp(status, "not-installed") != 0 && strcmp(status, "config-files") != 0;
}

bool apt_parse_list(const char *text, struct package_list *list, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) f = g_strsplit(*line, "|", 7);

		if (**line == '\0') {
			continue;
		}
		if (g_strv_length(f) != 6) {
			return malformed("dpkg-query", *line, error);
		}
		if (!is_there(f[1])) {
			continue;
		}
		if (!package_name_is_good(f[3]) || !package_version_is_good(f[4]) ||
		    !package_arch_is_good(f[5])) {
			return malformed("dpkg-query", *line, error);
		}
		package_list_add(list, f[3], f[5], f[4], strcmp(f[0], "hold") == 0,
				 problem_of(f[1], f[2]));
	}
	return true;
}

/* The text between two marks after from; *rest stands behind the second. NULL: none. g_free() */
static char *between(const char *from, const char *open, const char *close, const char **rest)
{
	const char *start = strstr(from, open), *end;

	if (start == NULL) {
		return NULL;
	}
	start += strlen(open);
	end = strstr(start, close);
	if (end == NULL) {
		return NULL;
	}
	if (rest != NULL) {
		*rest = end + strlen(close);
	}
	return g_strndup(start, end - start);
}

/* "NAME" or "NAME:ARCH" in two. */
static void split_name(const char *text, char **name, char **arch)
{
	const char *colon = strchr(text, ':');

	*name = colon != NULL ? g_strndup(text, colon - text) : g_strdup(text);
	*arch = colon != NULL ? g_strdup(colon + 1) : NULL;
}

/* "(VERSION SOURCE... [ARCH])", as apt-get -s writes it. */
static bool read_new(const char *text, char **version, char **arch)
{
	g_autofree char *inside = between(text, "(", ")", NULL);
	const char *blank = inside != NULL ? strchr(inside, ' ') : NULL;

	if (blank == NULL) {
		return false;
	}
	*version = g_strndup(inside, blank - inside);
	*arch = between(blank, "[", "]", NULL);
	return *arch != NULL;
}

/* The line behind "Inst " or "Remv ": NAME [OLD] (NEW SOURCE [ARCH]) ... */
static struct package_change *read_change(const char *line, bool removal,
					  const struct package_list *installed)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 3);
	g_autofree char *name = NULL, *named_arch = NULL, *version = NULL, *arch = NULL;
	const struct package *have;
	struct package_change *c;

	if (words[0] == NULL) {
		return NULL;
	}
	split_name(words[0], &name, &named_arch);
	have = package_list_find(installed, name, named_arch);
	if ((removal && have == NULL) || (!removal && !read_new(line, &version, &arch)) ||
	    !package_name_is_good(name) ||
	    (!removal && (!package_version_is_good(version) || !package_arch_is_good(arch)))) {
		return NULL;
	}
	c = package_change_new(name, arch != NULL ? arch : have->arch,
			       have != NULL ? have->version : NULL, version);
	c->foreign = named_arch != NULL && strcmp(named_arch, installed->native) != 0;
	c->held = have != NULL && have->held;
	return c;
}

static struct package_change *find(GPtrArray *changes, const char *name, const char *arch)
{
	for (guint i = 0; i < changes->len; i++) {
		struct package_change *c = changes->pdata[i];

		if (strcmp(c->name, name) == 0 &&
		    (arch == NULL || strcmp(c->arch, arch) == 0 || strcmp(c->arch, "all") == 0)) {
			return c;
		}
	}
	return NULL;
}

/* "  Installing rig-lib:amd64 as Depends of rig-a:amd64" */
static void read_why(const char *line, GPtrArray *changes)
{
	const char *rest, *end;
	g_autofree char *label = between(line, "Installing ", " as ", &rest);
	g_autofree char *name = NULL, *arch = NULL, *cause = NULL;
	struct package_change *c;

	if (label == NULL) {
		return;
	}
	split_name(label, &name, &arch);
	c = find(changes, name, arch);
	end = strrchr(rest, ':');
	if (c == NULL || c->why != NULL) {
		return;
	}
	cause = end != NULL ? g_strndup(rest, end - rest) : g_strdup(rest);
	c->why = g_utf8_make_valid(cause, -1);
}

bool apt_parse_simulation(const char *text, const struct package_list *installed,
			  GPtrArray *changes, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		bool removal = g_str_has_prefix(*line, "Remv ") || g_str_has_prefix(*line, "Purg ");
		struct package_change *c;

		if (!removal && !g_str_has_prefix(*line, "Inst ")) {
			continue;
		}
		c = read_change(*line + 5, removal, installed);
		if (c == NULL) {
			return malformed("apt-get -s", *line, error);
		}
		g_ptr_array_add(changes, c);
	}
	for (char **line = lines; *line != NULL; line++) {
		read_why(*line, changes);
	}
	g_ptr_array_sort(changes, package_change_compare);
	return true;
}

/* The field of a paragraph; NULL: none. g_free() */
static char *field(char **lines, const char *name)
{
	size_t len = strlen(name);

	for (; *lines != NULL; lines++) {
		if (strncmp(*lines, name, len) == 0 && (*lines)[len] == ':') {
			return g_strstrip(g_strdup(*lines + len + 1));
		}
	}
	return NULL;
}

static int64_t number(const char *text)
{
	char *end;
	guint64 n;

	if (text == NULL || !g_ascii_isdigit(text[0])) {
		return -1;
	}
	n = g_ascii_strtoull(text, &end, 10);
	return *end == '\0' && n <= (guint64)1 << 50 ? (int64_t)n : -1;
}

static void read_paragraph(char **lines, GPtrArray *changes)
{
	g_autofree char *name = field(lines, "Package"), *arch = field(lines, "Architecture");
	g_autofree char *version = field(lines, "Version"), *digest = field(lines, "SHA256");
	g_autofree char *size = field(lines, "Size"), *space = field(lines, "Installed-Size");
	int64_t kibibytes = number(space);

	for (guint i = 0; i < changes->len; i++) {
		struct package_change *c = changes->pdata[i];

		if (g_strcmp0(c->name, name) != 0 || g_strcmp0(c->arch, arch) != 0) {
			continue;
		}
		if (g_strcmp0(c->from, version) == 0 && c->old_size < 0 && kibibytes >= 0) {
			c->old_size = kibibytes * 1024;
		}
		/* The same version stands there more than once where several sources have it;
		 * apt takes the first. What is only installed has no digest. */
		if (g_strcmp0(c->to, version) == 0 && c->archive == NULL && digest != NULL &&
		    strlen(digest) == 64) {
			c->archive = g_strconcat("sha256:", digest, NULL);
			c->download = number(size);
			c->new_size = kibibytes >= 0 ? kibibytes * 1024 : -1;
		}
	}
}

void apt_parse_show(const char *text, GPtrArray *changes)
{
	g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);

	for (char **p = paragraphs; *p != NULL; p++) {
		g_auto(GStrv) lines = g_strsplit(*p, "\n", -1);

		read_paragraph(lines, changes);
	}
}

/* One version of apt-cache policy's table. */
struct offered {
	char *version;
	bool fetchable; /* a source has it, not only dpkg's database */
};

static void offered_free(gpointer data)
{
	struct offered *o = data;

	g_free(o->version);
	g_free(o);
}

static bool has_version(const GPtrArray *versions, const char *version)
{
	return g_ptr_array_find_with_equal_func((GPtrArray *)versions, version, g_str_equal, NULL);
}

static void put_offers(GHashTable *table, char **name, const char *candidate, GPtrArray *offers)
{
	GPtrArray *versions;

	if (*name == NULL) {
		return;
	}
	versions = g_ptr_array_new_with_free_func(g_free);
	for (int round = 0; round < 2; round++) {
		for (guint i = 0; i < offers->len; i++) {
			const struct offered *o = offers->pdata[i];
			bool chosen = g_strcmp0(candidate, o->version) == 0;

			if (o->fetchable && chosen == (round == 0) &&
			    package_version_is_good(o->version) &&
			    !has_version(versions, o->version)) {
				g_ptr_array_add(versions, g_strdup(o->version));
			}
		}
	}
	g_hash_table_insert(table, g_steal_pointer(name), versions);
	g_ptr_array_set_size(offers, 0);
}

static void free_versions(gpointer versions)
{
	g_ptr_array_unref(versions);
}

/* "     2.0 500" or " *** 1.0 500": a version and its priority; below 0 it is never taken. */
static void read_version(const char *line, GPtrArray *offers)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 2);
	bool taken = words[0] != NULL && words[1] != NULL && words[1][0] != '-';
	struct offered *o = g_new0(struct offered, 1);

	o->version = g_strdup(taken ? words[0] : "");
	g_ptr_array_add(offers, o);
}

GHashTable *apt_parse_policy(const char *text)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_versions);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GPtrArray) offers = g_ptr_array_new_with_free_func(offered_free);
	g_autofree char *name = NULL, *candidate = NULL;

	for (char **at = lines; *at != NULL; at++) {
		const char *line = *at;
		size_t len = strlen(line);

		if (len > 1 && line[0] != ' ' && line[len - 1] == ':') {
			put_offers(table, &name, candidate, offers);
			name = g_strndup(line, len - 1);
			g_clear_pointer(&candidate, g_free);
		} else if (g_str_has_prefix(line, "  Candidate: ")) {
			candidate = g_strdup(line + strlen("  Candidate: "));
		} else if (g_str_has_prefix(line, " *** ") ||
			   (g_str_has_prefix(line, "     ") && line[5] != ' ')) {
			read_version(line + 5, offers);
		} else if (g_str_has_prefix(line, "        ") && offers->len > 0) {
			struct offered *o = offers->pdata[offers->len - 1];

			o->fetchable |= !g_str_has_suffix(line, "/var/lib/dpkg/status");
		}
	}
	put_offers(table, &name, candidate, offers);
	return table;
}

static void add_line(GString *all, const char *line)
{
	g_autofree char *text = g_utf8_make_valid(line, -1);

	g_strstrip(text);
	if (text[0] == '\0' || strstr(all->str, text) != NULL || all->len > MAX_ERROR) {
		return;
	}
	g_string_append_printf(all, "%s%s", all->len > 0 ? "; " : "", text);
}

/* dpkg's own errors, with the indented line behind each. */
static void add_dpkg_errors(GString *all, char **lines)
{
	for (; *lines != NULL; lines++) {
		if (!g_str_has_prefix(*lines, "dpkg: error") &&
		    !g_str_has_prefix(*lines, "dpkg: unrecoverable")) {
			continue;
		}
		add_line(all, *lines);
		if (lines[1] != NULL && lines[1][0] == ' ') {
			g_autofree char *cause = g_strstrip(g_utf8_make_valid(lines[1], -1));

			g_string_append_printf(all, " %s", cause);
		}
	}
}

/* The indented lines below a heading that says what is in the way. */
static void add_unmet(GString *all, char **lines)
{
	bool inside = false;

	for (; *lines != NULL; lines++) {
		bool indented = (*lines)[0] == ' ';

		if (inside && indented) {
			add_line(all, *lines);
		}
		inside = (inside && indented) ||
			 g_str_has_prefix(*lines, "The following packages have unmet") ||
			 g_str_has_prefix(*lines, "The following held packages will be");
	}
}

static void add_errors(GString *all, char **lines)
{
	for (; *lines != NULL; lines++) {
		if (g_str_has_prefix(*lines, "E: ") &&
		    /* says nothing where dpkg's own words are there */
		    !(all->len > 0 && g_str_has_prefix(*lines, "E: Sub-process "))) {
			add_line(all, *lines + 3);
		}
	}
}

char *apt_parse_error(const char *out, const char *err)
{
	g_autofree char *text = g_strconcat(out, "\n", err, NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *all = g_string_new(NULL);

	add_dpkg_errors(all, lines);
	add_unmet(all, lines);
	add_errors(all, lines);
	for (char **line = lines; all->len == 0 && *line != NULL; line++) {
		add_line(all, *line);
	}
	return g_string_free(all, FALSE);
}

char *apt_parse_kept(const char *err)
{
	g_auto(GStrv) lines = g_strsplit(err, "\n", -1);
	g_autofree char *file = NULL;
	GString *all = g_string_new(NULL);
	unsigned count = 0;

	for (char **line = lines; *line != NULL; line++) {
		if (g_str_has_prefix(*line, "Configuration file '")) {
			g_free(file);
			file = between(*line, "'", "'", NULL);
		} else if (file != NULL && (g_str_has_prefix(*line, " ==> Keeping old config") ||
					    g_str_has_prefix(*line, " ==> Using current old"))) {
			g_autofree char *shown = g_utf8_make_valid(file, -1);

			count++;
			if (count <= MAX_KEPT) {
				g_string_append_printf(all, "%s%s", count > 1 ? ", " : "", shown);
			}
			g_clear_pointer(&file, g_free);
		}
	}
	if (count > MAX_KEPT) {
		g_string_append_printf(all, " and %u more", count - MAX_KEPT);
	}
	if (count > 0) {
		g_string_prepend(all, "kept, because somebody changed it: ");
	}
	return g_string_free(all, count == 0);
}

/* As apt does it: '_', ':' and what is in also become %xx. */
static char *quote(const char *text, const char *also)
{
	GString *out = g_string_new(NULL);

	for (; *text != '\0'; text++) {
		if (strchr(also, *text) != NULL || *text == '%') {
			g_string_append_printf(out, "%%%02x", (unsigned char)*text);
		} else {
			g_string_append_c(out, *text);
		}
	}
	return g_string_free(out, FALSE);
}

char *apt_archive_name(const char *name, const char *version, const char *arch)
{
	g_autofree char *n = quote(name, "_:"), *v = quote(version, "_:"), *a = quote(arch, "_:.");

	return g_strconcat(n, "_", v, "_", a, ".deb", NULL);
}

char *apt_parse_uri(const char *text, const char *archive)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		const char *rest;
		g_autofree char *uri = between(*line, "'file:", "' ", &rest);

		if ((*line)[0] == '\'' && uri != NULL && g_str_has_prefix(rest, archive) &&
		    rest[strlen(archive)] == ' ') {
			return g_uri_unescape_string(uri, NULL);
		}
	}
	return NULL;
}
