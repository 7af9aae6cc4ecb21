/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The managers, which of them a host has, and what one has installed. */
#include "worker/target/package.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"

#define MAX_OS_RELEASE ((size_t)64 << 10)

G_DEFINE_QUARK(package - error - quark, package_error)

static const struct package_ops *const managers[] = {
	&package_apt, &package_dnf, &package_zypper, NULL, /* the end */
};

/* Whose packages a system's are, by ID and then ID_LIKE of os-release. */
static const struct {
	const char *id, *manager;
} systems[] = {
	{"debian", "apt"},	{"ubuntu", "apt"},	     {"fedora", "dnf"},
	{"rhel", "dnf"},	{"centos", "dnf"},	     {"suse", "zypper"},
	{"opensuse", "zypper"}, {"opensuse-leap", "zypper"}, {"opensuse-tumbleweed", "zypper"},
	{"sles", "zypper"},
};

const struct package_ops *package_manager_find(const char *name)
{
	for (size_t i = 0; managers[i] != NULL; i++) {
		if (strcmp(managers[i]->name, name) == 0) {
			return managers[i];
		}
	}
	return NULL;
}

static const char *manager_of(const char *id)
{
	for (size_t i = 0; i < G_N_ELEMENTS(systems); i++) {
		if (strcmp(systems[i].id, id) == 0) {
			return systems[i].manager;
		}
	}
	return NULL;
}

/* The value of KEY=value, without quotes; NULL: none. g_free(). */
static char *os_value(const char *text, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	size_t len = strlen(key);

	for (char **line = lines; *line != NULL; line++) {
		if (strncmp(*line, key, len) == 0 && (*line)[len] == '=') {
			return g_shell_unquote(*line + len + 1, NULL);
		}
	}
	return NULL;
}

static const char *manager_by_release(const char *text)
{
	static const char *const keys[] = {"ID", "ID_LIKE"};
	const char *found = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(keys) && found == NULL; i++) {
		g_autofree char *value = os_value(text, keys[i]);
		g_auto(GStrv) ids = g_strsplit(value != NULL ? value : "", " ", -1);

		for (char **id = ids; *id != NULL && found == NULL; id++) {
			found = manager_of(*id);
		}
	}
	return found;
}

bool package_manager_of_host(const char *os_release, const struct package_ops **out, GError **error)
{
	static const char *const places[] = {"/etc/os-release", "/usr/lib/os-release"};
	g_autofree char *text = g_strdup(os_release);
	const char *name;
	size_t len;

	for (size_t i = 0; text == NULL && i < G_N_ELEMENTS(places); i++) {
		if (file_read(places[i], MAX_OS_RELEASE, &text, &len, NULL)) {
			break;
		}
	}
	name = text != NULL ? manager_by_release(text) : NULL;
	*out = name != NULL ? package_manager_find(name) : NULL;
	if (*out == NULL) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "which package manager this host has is not known (os-release); name "
			    "one: apt, dnf or zypper");
	}
	if (!(*out)->detect()) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "this host should have %s, by its os-release, but it is not there",
			    (*out)->name);
	}
	return true;
}

struct package_list *package_list_new(const char *native)
{
	struct package_list *list = g_new0(struct package_list, 1);

	list->native = g_strdup(native);
	list->items = g_ptr_array_new_with_free_func(g_free);
	list->strings = g_string_chunk_new(16384);
	list->index = g_hash_table_new(g_str_hash, g_str_equal);
	return list;
}

void package_list_free(struct package_list *list)
{
	if (list != NULL) {
		g_free(list->native);
		g_ptr_array_unref(list->items);
		g_hash_table_unref(list->index);
		g_string_chunk_free(list->strings);
		g_free(list);
	}
}

static bool is_foreign(const struct package_list *list, const char *arch)
{
	return strcmp(arch, list->native) != 0 && strcmp(arch, "all") != 0 &&
	       strcmp(arch, "noarch") != 0;
}

void package_list_add(struct package_list *list, const char *name, const char *arch,
		      const char *version, bool held, const char *problem)
{
	struct package *p = g_new0(struct package, 1);

	p->name = g_string_chunk_insert(list->strings, name);
	p->arch = g_string_chunk_insert_const(list->strings, arch);
	p->version = g_string_chunk_insert(list->strings, version);
	p->foreign = is_foreign(list, arch);
	p->held = held;
	p->problem = problem != NULL ? g_string_chunk_insert(list->strings, problem) : NULL;
	g_ptr_array_add(list->items, p);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	const struct package *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order != 0 ? order : strcmp((*x)->arch, (*y)->arch);
}

static void put(struct package_list *list, const char *key, struct package *p,
		int (*compare)(const char *a, const char *b))
{
	const struct package *have = g_hash_table_lookup(list->index, key);

	if (have == NULL || compare(have->version, p->version) < 0) {
		g_hash_table_insert(list->index, (gpointer)key, p);
	}
}

void package_list_end(struct package_list *list, int (*compare)(const char *a, const char *b))
{
	g_ptr_array_sort(list->items, by_name);
	for (guint i = 0; i < list->items->len; i++) {
		struct package *p = list->items->pdata[i];
		g_autofree char *key = g_strconcat(p->name, ":", p->arch, NULL);

		put(list, g_string_chunk_insert(list->strings, key), p, compare);
		if (!p->foreign) {
			put(list, p->name, p, compare);
		}
	}
}

const struct package *package_list_find(const struct package_list *list, const char *name,
					const char *arch)
{
	g_autofree char *key = package_label(name, arch, arch != NULL);

	return g_hash_table_lookup(list->index, key);
}

char *package_label(const char *name, const char *arch, bool foreign)
{
	return foreign ? g_strconcat(name, ":", arch, NULL) : g_strdup(name);
}

struct package_change *package_change_new(const char *name, const char *arch, const char *from,
					  const char *to)
{
	struct package_change *c = g_new0(struct package_change, 1);

	c->name = g_strdup(name);
	c->arch = g_strdup(arch);
	c->from = g_strdup(from);
	c->to = g_strdup(to);
	c->download = c->old_size = c->new_size = -1;
	return c;
}

void package_change_free(struct package_change *change)
{
	if (change != NULL) {
		g_free(change->name);
		g_free(change->arch);
		g_free(change->from);
		g_free(change->to);
		g_free(change->archive);
		g_free(change->why);
		g_free(change);
	}
}

void package_change_destroy(gpointer change)
{
	package_change_free(change);
}

int package_change_compare(gconstpointer a, gconstpointer b)
{
	const struct package_change *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order != 0 ? order : g_strcmp0((*x)->arch, (*y)->arch);
}
