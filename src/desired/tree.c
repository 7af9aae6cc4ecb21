/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists what a tree shall hold: files and links of the repository, and the folders they need. */
#include <string.h>

#include "base/error.h"
#include "desired/load.h"
#include "desired/paths.h"

#define SEALED_MIN 300 /* bytes; none is smaller */
#define SEALED_USUAL 16384

struct listing {
	struct load *l;
	struct desired_resource *r;
	const struct yaml_node *node;
	size_t prefix;	     /* length of the source's path and its slash */
	char *sealed;	     /* the first file that is a sealed secret */
	GHashTable *folders; /* relative paths that have an entry */
};

static struct desired_entry *add_entry(struct listing *in, const char *path, enum reader_type type)
{
	struct desired_entry *e = g_new0(struct desired_entry, 1);

	e->path = g_strdup(path);
	e->type = type;
	g_ptr_array_add(in->r->entries, e);
	in->l->out->n_entries++;
	return e;
}

static void add_folders(struct listing *in, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		char *folder = g_strndup(path, (size_t)(slash - path));

		/* The table owns the text from here, and frees it when it has it already. */
		if (g_hash_table_add(in->folders, folder)) {
			add_entry(in, folder, READER_FOLDER);
		}
	}
}

static const char *name_problem(const struct listing *in, const char *path)
{
	size_t base = in->r->path != NULL ? strlen(in->r->path) : 0;
	const char *begin = path;

	if (base + 1 + strlen(path) > PATHS_MAX) {
		return "its path would be too long";
	}
	for (const char *p = path;; p++) {
		if ((unsigned char)*p < 0x20 && *p != '\0') {
			return "its name has a control character";
		}
		if (*p != '/' && *p != '\0') {
			continue;
		}
		if (p - begin > PATHS_MAX_NAME) {
			return "its name is too long";
		}
		if (*p == '\0') {
			return NULL;
		}
		begin = p + 1;
	}
}

static char *read_link_text(struct load *l, const char *path, GError **error)
{
	g_autofree char *text = NULL;
	size_t len = 0;

	if (!reader_read(l->reader, path, PATHS_MAX, &text, &len, error)) {
		return NULL;
	}
	if (len == 0 || strlen(text) != len) {
		fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "the link '%s' points to nothing",
		     path);
		return NULL;
	}
	return g_steal_pointer(&text);
}

/* Of so many files not all are read: sealed ones are small, or have the name of one. */
static bool look_for_sealed(struct listing *in, const struct reader_entry *entry, GError **error)
{
	bool sealed = false;

	if (in->sealed != NULL || entry->size < SEALED_MIN ||
	    (entry->size > SEALED_USUAL && !g_str_has_suffix(entry->path, ".sealed"))) {
		return true;
	}
	if (!secrets_begins(in->l, entry->path, entry->size, &sealed, error)) {
		return false;
	}
	in->sealed = sealed ? g_strdup(entry->path) : NULL;
	return true;
}

/* Not refused: another agent may want it as it is. */
static void warn_of_sealed(struct listing *in)
{
	if (in->sealed == NULL) {
		return;
	}
	g_ptr_array_add(in->l->out->warnings,
			g_strdup_printf("%s:%u: a tree mirrors '%s', a sealed secret, as it is: "
					"move it out of the tree's source, and give it a 'file' "
					"with 'sealed: true'",
					in->node->file, in->node->line, in->sealed));
	g_free(in->sealed);
}

static bool add_item(void *data, const struct reader_entry *entry, GError **error)
{
	struct listing *in = data;
	const char *path = entry->path + in->prefix;
	const char *problem = name_problem(in, path);
	struct desired_entry *e;

	if (problem != NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "cannot take '%s': %s",
			    entry->path, problem);
	}
	add_folders(in, path);
	if (in->l->out->n_entries >= DESIRED_MAX_ENTRIES) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "the trees hold more than %d files and folders", DESIRED_MAX_ENTRIES);
	}
	e = add_entry(in, path, entry->type);
	e->content.path = g_strdup(entry->path);
	e->content.size = entry->size;
	e->content.executable = entry->executable;
	g_strlcpy(e->content.oid, entry->oid, sizeof(e->content.oid));
	if (entry->type == READER_LINK) {
		e->link = read_link_text(in->l, entry->path, error);
		return e->link != NULL;
	}
	return look_for_sealed(in, entry, error);
}

static int by_path(gconstpointer a, gconstpointer b)
{
	const struct desired_entry *x = *(struct desired_entry *const *)a;
	const struct desired_entry *y = *(struct desired_entry *const *)b;

	return strcmp(x->path, y->path);
}

static bool check_is_folder(struct load *l, const struct yaml_node *node, const char *source)
{
	struct reader_entry entry = {0};
	GError *error = NULL;

	if (!reader_stat(l->reader, source, &entry, &error)) {
		load_io_failed(l, node, error);
		return false;
	}
	if (entry.type != READER_FOLDER) {
		yaml_fail(node, l->diags, "cannot mirror '%s': %s", source,
			  entry.type == READER_ABSENT ? "no such folder in the repository"
						      : "it is not a folder");
		return false;
	}
	return true;
}

void tree_read(struct load *l, const struct yaml_node *node, const char *source,
	       struct desired_resource *r)
{
	g_autoptr(GHashTable) folders =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct listing in = {.l = l, .r = r, .node = node, .folders = folders};
	GError *error = NULL;

	if (!check_is_folder(l, node, source)) {
		return;
	}
	in.prefix = source[0] != '\0' ? strlen(source) + 1 : 0;
	if (!reader_walk(l->reader, source, add_item, &in, &error)) {
		g_free(in.sealed);
		load_io_failed(l, node, error);
		return;
	}
	warn_of_sealed(&in);
	if (r->entries->len == 0) {
		yaml_fail(node, l->diags, "'%s' is empty: an empty tree is refused", source);
		return;
	}
	g_ptr_array_sort(r->entries, by_path);
}
