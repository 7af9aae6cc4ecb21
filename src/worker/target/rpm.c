/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What dnf and zypper have in common: the database of rpm and the order of versions. */
#include "worker/target/rpm.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/autoptr.h"
#include "base/error.h"

#define QUERY_TIMEOUT 120
#define QUERY_FORMAT                                                                               \
	"%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{LONGSIZE}\t%{DBINSTANCE}\n"
#define PROVIDE_FORMAT "%{NAME}\t[%{PROVIDENAME} ]\n"

static bool is_mark(char c)
{
	return c == '~' || c == '^';
}

static const char *skip_separators(const char *text)
{
	while (*text != '\0' && !g_ascii_isalnum(*text) && !is_mark(*text)) {
		text++;
	}
	return text;
}

/* '~' is before everything, even the end; '^' after the end, before everything else. */
static int compare_marks(const char *a, const char *b)
{
	if (*a == '~' || *b == '~') {
		return *a != '~' ? 1 : *b != '~' ? -1 : 0;
	}
	if (*a == '\0' || *b == '\0') {
		return *a == '\0' ? -1 : 1;
	}
	return *a != '^' ? 1 : *b != '^' ? -1 : 0;
}

static size_t segment(const char *text, bool digits)
{
	size_t len = 0;

	while (digits ? g_ascii_isdigit(text[len]) : g_ascii_isalpha(text[len])) {
		len++;
	}
	return len;
}

/* Both stand at a segment; they are moved behind it. */
static int compare_segments(const char **a, const char **b)
{
	bool digits = g_ascii_isdigit(**a);
	size_t la = segment(*a, digits), lb = segment(*b, digits);
	const char *x = *a, *y = *b;
	int order;

	*a += la;
	*b += lb;
	if (lb == 0) {
		return digits ? 1 : -1;
	}
	for (; digits && la > 0 && *x == '0'; x++) {
		la--;
	}
	for (; digits && lb > 0 && *y == '0'; y++) {
		lb--;
	}
	if (digits && la != lb) {
		return la < lb ? -1 : 1;
	}
	order = strncmp(x, y, MIN(la, lb));
	return order != 0 ? order : la == lb ? 0 : la < lb ? -1 : 1;
}

static int compare_part(const char *a, const char *b)
{
	int order;

	while (*a != '\0' || *b != '\0') {
		a = skip_separators(a);
		b = skip_separators(b);
		if (is_mark(*a) || is_mark(*b)) {
			order = compare_marks(a, b);
			if (order != 0) {
				return order;
			}
			a++;
			b++;
			continue;
		}
		if (*a == '\0' || *b == '\0') {
			break;
		}
		order = compare_segments(&a, &b);
		if (order != 0) {
			return order;
		}
	}
	return *a == *b ? 0 : *a == '\0' ? -1 : *b == '\0' ? 1 : 0;
}

/* "2:1.0-1" into its three; release NULL: not said. Frees nothing of text, which is cut. */
static void split_version(char *text, const char **epoch, const char **version,
			  const char **release)
{
	char *colon = strchr(text, ':');
	char *dash;

	*epoch = "0";
	*version = text;
	if (colon != NULL) {
		*colon = '\0';
		*epoch = text;
		*version = colon + 1;
	}
	dash = strrchr(*version, '-');
	*release = NULL;
	if (dash != NULL) {
		*dash = '\0';
		*release = dash + 1;
	}
}

int rpm_compare(const char *a, const char *b)
{
	g_autofree char *x = g_strdup(a), *y = g_strdup(b);
	const char *ea, *eb, *va, *vb, *ra, *rb;
	int order;

	split_version(x, &ea, &va, &ra);
	split_version(y, &eb, &vb, &rb);
	order = compare_part(ea, eb);
	if (order == 0) {
		order = compare_part(va, vb);
	}
	return order == 0 && ra != NULL && rb != NULL ? compare_part(ra, rb) : order;
}

char *rpm_native(void)
{
	struct utsname name;

	if (uname(&name) != 0) {
		return g_strdup("noarch");
	}
	return g_strdup(strcmp(name.machine, "armv7l") == 0 ? "armv7hl" : name.machine);
}

const char *rpm_version(const char *evr)
{
	return g_str_has_prefix(evr, "0:") ? evr + 2 : evr;
}

char *rpm_spec(const char *name, const char *version, const char *arch)
{
	const char *zero = strchr(version, ':') == NULL ? "0:" : "";

	if (arch == NULL || strchr(version, '-') == NULL) {
		return g_strconcat(name, "-", zero, version, NULL);
	}
	return g_strconcat(name, "-", zero, version, ".", arch, NULL);
}

static void free_entry(gpointer data)
{
	struct rpm_entry *entry = data;

	g_free(entry->name);
	g_free(entry->version);
	g_free(entry->arch);
	g_free(entry);
}

GPtrArray *rpm_entries_parse(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GPtrArray *entries = g_ptr_array_new_with_free_func(free_entry);

	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) f = g_strsplit(*line, "\t", -1);
		struct rpm_entry *entry;

		/* Keys of signers stand among the packages. */
		if (g_strv_length(f) != 7 || strcmp(f[0], "gpg-pubkey") == 0) {
			continue;
		}
		entry = g_new0(struct rpm_entry, 1);
		entry->name = g_strdup(f[0]);
		entry->version = strcmp(f[1], "0") == 0
					 ? g_strconcat(f[2], "-", f[3], NULL)
					 : g_strconcat(f[1], ":", f[2], "-", f[3], NULL);
		entry->arch = g_strdup(f[4]);
		entry->size = g_ascii_strtoll(f[5], NULL, 10);
		entry->instance = g_ascii_strtoll(f[6], NULL, 10);
		g_ptr_array_add(entries, entry);
	}
	return entries;
}

/* mode: "-qa" of all, "-q" of names, "-qp" of archives. */
static bool query(const struct package_run *run, const char *mode, const char *format,
		  const char *const *names, struct proc_result *result, GError **error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	g_ptr_array_add(argv, (gpointer) "rpm");
	g_ptr_array_add(argv, (gpointer)mode);
	g_ptr_array_add(argv, (gpointer) "--qf");
	g_ptr_array_add(argv, (gpointer)format);
	for (; names != NULL && *names != NULL; names++) {
		g_ptr_array_add(argv, (gpointer)*names);
	}
	g_ptr_array_add(argv, NULL);
	if (!package_exec(run, (const char *const *)argv->pdata, NULL, QUERY_TIMEOUT, 0, result,
			  error)) {
		return false;
	}
	/* With names, the exit code counts those that are not there. */
	if (names == NULL && result->status != 0) {
		g_autofree char *text = rpm_one_line(result->err->str, 300);

		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "cannot read the database of rpm: %s", text);
	}
	return true;
}

static char *entry_key(const struct rpm_entry *entry)
{
	return g_strconcat(entry->name, ":", entry->arch, NULL);
}

/* Names that stand there more than once for an architecture; NULL-terminated. */
static GPtrArray *find_doubled(const GPtrArray *entries)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *doubled = g_ptr_array_new();

	for (guint i = 0; i < entries->len; i++) {
		const struct rpm_entry *entry = entries->pdata[i];

		if (!g_hash_table_add(seen, entry_key(entry))) {
			g_ptr_array_add(doubled, entry->name);
		}
	}
	g_ptr_array_add(doubled, NULL);
	return doubled;
}

/* What a package says of itself so that managers keep several versions of it. */
static bool may_be_many(const char *name, const char *provides)
{
	static const char *const names[] = {"kernel", "kernel-PAE", NULL};

	return g_strv_contains(names, name) || strstr(provides, "installonlypkg(") != NULL ||
	       strstr(provides, "multiversion(") != NULL;
}

static bool mark_many(const struct package_run *run, GPtrArray *entries, GError **error)
{
	g_autoptr(GPtrArray) doubled = find_doubled(entries);
	g_autoptr(GHashTable) many = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(proc_output) result = {0};
	g_auto(GStrv) lines = NULL;

	if (doubled->len == 1) {
		return true;
	}
	if (!query(run, "-q", PROVIDE_FORMAT, (const char *const *)doubled->pdata, &result,
		   error)) {
		return false;
	}
	lines = g_strsplit(result.out->str, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		char *tab = strchr(*line, '\t');

		if (tab != NULL) {
			*tab = '\0';
			if (may_be_many(*line, tab + 1)) {
				g_hash_table_add(many, g_strdup(*line));
			}
		}
	}
	for (guint i = 0; i < entries->len; i++) {
		struct rpm_entry *entry = entries->pdata[i];

		entry->many = g_hash_table_contains(many, entry->name);
	}
	return true;
}

bool rpm_entries(const struct package_run *run, const char *const *names, GPtrArray **out,
		 GError **error)
{
	g_auto(proc_output) result = {0};
	g_autoptr(GPtrArray) entries = NULL;

	if (!query(run, names != NULL ? "-q" : "-qa", QUERY_FORMAT, names, &result, error)) {
		return false;
	}
	entries = rpm_entries_parse(result.out->str);
	if (!mark_many(run, entries, error)) {
		return false;
	}
	*out = g_steal_pointer(&entries);
	return true;
}

bool rpm_files(const struct package_run *run, const char *const *paths, GPtrArray **out,
	       GError **error)
{
	g_auto(proc_output) result = {0};

	if (!query(run, "-qp", QUERY_FORMAT, paths, &result, error)) {
		return false;
	}
	*out = rpm_entries_parse(result.out->str);
	return true;
}

GPtrArray *rpm_leftovers(const GPtrArray *entries)
{
	g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *leftovers = g_ptr_array_new();

	for (guint i = 0; i < entries->len; i++) {
		struct rpm_entry *entry = entries->pdata[i];
		g_autofree char *key = entry_key(entry);
		const struct rpm_entry *other = g_hash_table_lookup(last, key);

		if (!entry->many && (other == NULL || other->instance < entry->instance)) {
			g_hash_table_insert(last, g_steal_pointer(&key), entry);
		}
	}
	for (guint i = 0; i < entries->len; i++) {
		struct rpm_entry *entry = entries->pdata[i];
		g_autofree char *key = entry_key(entry);

		if (!entry->many && g_hash_table_lookup(last, key) != entry) {
			g_ptr_array_add(leftovers, entry);
		}
	}
	return leftovers;
}

bool rpm_list(const struct package_run *run, rpm_held held, const void *data,
	      struct package_list **out, GError **error)
{
	g_autofree char *native = rpm_native();
	g_autoptr(GPtrArray) entries = NULL, left = NULL;
	struct package_list *list;

	if (!rpm_entries(run, NULL, &entries, error)) {
		return false;
	}
	left = rpm_leftovers(entries);
	list = package_list_new(native);
	for (guint i = 0; i < entries->len; i++) {
		const struct rpm_entry *entry = entries->pdata[i];
		bool extra = g_ptr_array_find(left, entry, NULL);

		package_list_add(list, entry->name, entry->arch, entry->version,
				 held != NULL && held(entry->name, data),
				 extra ? "left over by an upgrade that was interrupted" : NULL);
	}
	package_list_end(list, rpm_compare);
	*out = list;
	return true;
}

void rpm_split_label(const char *label, char **name, char **arch)
{
	const char *colon = strchr(label, ':');

	*name = colon != NULL ? g_strndup(label, (gsize)(colon - label)) : g_strdup(label);
	*arch = colon != NULL ? g_strdup(colon + 1) : NULL;
}
