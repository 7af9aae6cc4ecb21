/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What dnf and zypper would change, completed and compared, and what their caches still have. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "worker/target/rpm-md.h"
#include "worker/target/rpm.h"

/* Patterns of folders of archives give patterns of names. */
static void find_archives(const char *const *folders, const char *name, const char *version,
			  const char *arch, glob_t *found)
{
	int flags = GLOB_NOSORT;

	memset(found, 0, sizeof(*found));
	for (; *folders != NULL; folders++) {
		g_autofree char *pattern =
			g_strconcat(*folders, "/", name, "-", version, ".", arch, ".rpm", NULL);

		if (glob(pattern, flags, NULL, found) == 0) {
			flags |= GLOB_APPEND;
		}
	}
}

char *rpm_cached(const char *const *folders, const char *name, const char *version,
		 const char *arch)
{
	const char *colon = strchr(version, ':');
	g_autofree char *native = rpm_native();
	const char *archs[] = {arch != NULL ? arch : native, arch != NULL ? NULL : "noarch", NULL};
	char *path = NULL;

	for (const char **a = archs; *a != NULL && path == NULL; a++) {
		glob_t found;

		/* The epoch does not stand in a file's name. */
		find_archives(folders, name, colon != NULL ? colon + 1 : version, *a, &found);
		if (found.gl_pathc > 0) {
			path = g_strdup(found.gl_pathv[0]);
		}
		globfree(&found);
	}
	return path;
}

static int by_version(gconstpointer a, gconstpointer b)
{
	return -rpm_compare(*(const char *const *)a, *(const char *const *)b);
}

/* From `from` on. */
static void sort_versions(GPtrArray *versions, guint from)
{
	if (versions->len > from) {
		qsort(versions->pdata + from, versions->len - from, sizeof(gpointer), by_version);
	}
	for (guint i = MAX(from, 1); i < versions->len;) {
		bool doubled = false;

		for (guint j = 0; j < i && !doubled; j++) {
			doubled = strcmp(versions->pdata[j], versions->pdata[i]) == 0;
		}
		if (doubled) {
			g_ptr_array_remove_index(versions, i);
		} else {
			i++;
		}
	}
}

bool rpm_cached_versions(const struct package_run *run, const char *const *folders,
			 const char *name, const char *arch, GPtrArray *versions, GError **error)
{
	g_autofree char *native = rpm_native();
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free), found = NULL;
	guint known;
	const char *archs[] = {arch != NULL ? arch : native, arch != NULL ? NULL : "noarch", NULL};

	sort_versions(versions, 0);
	known = versions->len;
	for (const char **a = archs; *a != NULL; a++) {
		glob_t files;

		find_archives(folders, name, "*", *a, &files);
		for (size_t i = 0; i < files.gl_pathc; i++) {
			g_ptr_array_add(paths, g_strdup(files.gl_pathv[i]));
		}
		globfree(&files);
	}
	if (paths->len == 0) {
		return true;
	}
	g_ptr_array_add(paths, NULL);
	/* Epochs stand in the files alone, and NAME-* is also NAME-OTHER-1.0. */
	if (!rpm_files(run, (const char *const *)paths->pdata, &found, error)) {
		return false;
	}
	for (guint i = 0; i < found->len; i++) {
		const struct rpm_entry *e = found->pdata[i];

		if (strcmp(e->name, name) == 0) {
			g_ptr_array_add(versions, g_strdup(e->version));
		}
	}
	sort_versions(versions, known);
	return true;
}

/* The entry that a change takes away: of its own architecture, else of its name alone. */
static const struct rpm_entry *find_entry(const GPtrArray *entries,
					  const struct package_change *change)
{
	const struct rpm_entry *found = NULL;
	bool exact = false;

	for (guint i = 0; i < entries->len; i++) {
		const struct rpm_entry *entry = entries->pdata[i];
		bool same = strcmp(entry->name, change->name) == 0;

		if (!same || (change->from != NULL && strcmp(change->from, entry->version) != 0)) {
			continue;
		}
		same = strcmp(entry->arch, change->arch) == 0;
		if (found == NULL || (same && !exact) ||
		    (same == exact && found->instance < entry->instance)) {
			found = entry;
			exact = same;
		}
	}
	return found;
}

static bool is_foreign(const char *arch, const char *native)
{
	return strcmp(arch, native) != 0 && strcmp(arch, "noarch") != 0;
}

/* from "" stands for "whichever is there". */
static bool complete_one(struct package_change *c, const GPtrArray *entries, GError **error)
{
	const struct rpm_entry *entry;
	bool any = c->from != NULL && *c->from == '\0';

	if (any) {
		g_clear_pointer(&c->from, g_free);
	}
	entry = any || c->from != NULL ? find_entry(entries, c) : NULL;
	if (any && entry == NULL) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "'%s' would be changed, but is not installed", c->name);
	}
	if (any) {
		c->from = g_strdup(entry->version);
	}
	if (entry != NULL) {
		c->old_size = entry->size;
	}
	return true;
}

bool rpm_complete(const struct package_run *run, GPtrArray *changes, const char *const *folders,
		  rpm_held held, const void *data, GError **error)
{
	g_autofree char *native = rpm_native();
	g_autoptr(GPtrArray) names = g_ptr_array_new(), entries = NULL;

	if (changes->len == 0) {
		return true;
	}
	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		g_ptr_array_add(names, c->name);
	}
	g_ptr_array_add(names, NULL);
	if (!rpm_entries(run, (const char *const *)names->pdata, &entries, error)) {
		return false;
	}
	for (guint i = 0; i < changes->len; i++) {
		struct package_change *c = changes->pdata[i];

		if (!complete_one(c, entries, error)) {
			return false;
		}
		c->foreign = is_foreign(c->arch, native);
		c->held = held != NULL && held(c->name, data);
	}
	rpm_md_complete(changes, folders);
	g_ptr_array_sort(changes, package_change_compare);
	return true;
}

static char *describe(const struct package_change *c)
{
	g_autofree char *label = package_label(c->name, c->arch, c->foreign);

	return g_strdup_printf("%s from %s to %s", label, c->from != NULL ? c->from : "nothing",
			       c->to != NULL ? c->to : "nothing");
}

static bool is_same(const struct package_change *a, const struct package_change *b)
{
	return strcmp(a->name, b->name) == 0 && g_strcmp0(a->arch, b->arch) == 0 &&
	       g_strcmp0(a->from, b->from) == 0 && g_strcmp0(a->to, b->to) == 0;
}

static const struct package_change *find_same(const GPtrArray *changes,
					      const struct package_change *wanted)
{
	for (guint i = 0; i < changes->len; i++) {
		if (is_same(changes->pdata[i], wanted)) {
			return changes->pdata[i];
		}
	}
	return NULL;
}

static bool differs(const struct package_change *c, const char *what, const char *how,
		    GError **error)
{
	g_autofree char *text = describe(c);

	return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_REFUSED, "%s: %s %s", what, how, text);
}

bool rpm_same(const GPtrArray *planned, const GPtrArray *now, const char *what, GError **error)
{
	for (guint i = 0; i < now->len; i++) {
		if (find_same(planned, now->pdata[i]) == NULL) {
			return differs(now->pdata[i], what, "also", error);
		}
	}
	for (guint i = 0; i < planned->len; i++) {
		const struct package_change *p = planned->pdata[i], *n = find_same(now, p);

		if (n == NULL) {
			return differs(p, what, "not", error);
		}
		if (p->archive != NULL && n->archive != NULL &&
		    strcmp(p->archive, n->archive) != 0) {
			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_REFUSED,
				    "the archive of '%s' %s is another one than was planned",
				    p->name, p->to);
		}
	}
	return true;
}

/* Entries of a name and architecture in a version (NULL: in any). */
static unsigned count_entries(const GPtrArray *entries, const struct package_change *c,
			      const char *version)
{
	unsigned count = 0;

	for (guint i = 0; i < entries->len; i++) {
		const struct rpm_entry *e = entries->pdata[i];

		count += strcmp(e->name, c->name) == 0 && strcmp(e->arch, c->arch) == 0 &&
			 (version == NULL || strcmp(e->version, version) == 0);
	}
	return count;
}

bool rpm_reached(const struct package_run *run, const GPtrArray *changes, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new(), entries = NULL;

	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		g_ptr_array_add(names, c->name);
	}
	g_ptr_array_add(names, NULL);
	if (changes->len > 0 &&
	    !rpm_entries(run, (const char *const *)names->pdata, &entries, error)) {
		return false;
	}
	for (guint i = 0; i < changes->len; i++) {
		const struct package_change *c = changes->pdata[i];

		if (c->to != NULL ? count_entries(entries, c, c->to) != 1
				  : count_entries(entries, c, c->from) != 0) {
			g_autofree char *text = describe(c);

			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
				    "it did not change %s", text);
		}
		if (c->to != NULL && c->from != NULL && strcmp(c->from, c->to) != 0 &&
		    count_entries(entries, c, c->from) != 0) {
			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
				    "it left version %s of '%s' beside %s", c->from, c->name,
				    c->to);
		}
	}
	return true;
}
