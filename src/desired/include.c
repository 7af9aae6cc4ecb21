/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the manifest and the files that it includes, bounded in number and depth. */
#include <string.h>

#include "base/error.h"
#include "desired/load.h"
#include "desired/paths.h"

struct including {
	struct load *l;
	GHashTable *seen;     /* path to where it was included first */
	GPtrArray *under_way; /* paths from the manifest down to the file being read */
};

static void document_free(void *data)
{
	struct document *d = data;

	yaml_node_free(d->root);
	g_free(d->folder);
	g_free(d->selector);
	g_free(d);
}

static void add_file(struct including *in, const char *path, bool selected, const char *selector,
		     const struct yaml_node *from);

static struct yaml_node *parse(struct including *in, const char *path, const struct yaml_node *from)
{
	const struct yaml_limits limits = {
		.max_size = DESIRED_MAX_MANIFEST,
		.max_depth = yaml_default_limits.max_depth,
		.max_nodes = yaml_default_limits.max_nodes,
	};
	struct load *l = in->l;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_autoptr(yaml_auto) root = NULL;
	size_t len = 0;

	if (!reader_read(l->reader, path, DESIRED_MAX_MANIFEST, &text, &len, &error)) {
		if (from != NULL || !g_error_matches(error, BASE_ERROR, BASE_ERROR_LIMIT)) {
			load_io_failed(l, from, g_steal_pointer(&error));
		} else {
			diag_add(l->diags, path, 1, 1, "%s", error->message);
		}
		return NULL;
	}
	root = yaml_parse_all(path, text, len, &limits, l->diags);
	if (root != NULL && root->type != YAML_MAP) {
		yaml_fail(root, l->diags, "a manifest must be a map, like 'resources: [...]'");
		return NULL;
	}
	return g_steal_pointer(&root);
}

/* True when path is a file of the repository. */
static bool check_is_file(struct load *l, const char *path, const struct yaml_node *from)
{
	struct reader_entry entry = {0};
	GError *error = NULL;
	const char *problem = NULL;

	if (!reader_stat(l->reader, path, &entry, &error)) {
		load_io_failed(l, from, error);
		return false;
	}
	if (entry.type == READER_ABSENT) {
		problem = "no such file in the repository";
	} else if (entry.type != READER_FILE) {
		problem = "not a file";
	}
	if (problem != NULL) {
		diag_add(l->diags, from != NULL ? from->file : path, from != NULL ? from->line : 1,
			 from != NULL ? from->column : 1, "cannot read '%s': %s", path, problem);
	}
	return problem == NULL;
}

static void include_item(struct including *in, const struct document *by, struct yaml_node *item)
{
	struct load *l = in->l;
	struct yaml_node *node = item;
	g_autofree char *own = NULL, *selector = NULL, *path = NULL, *problem = NULL;
	const char *text;
	bool selected = true;

	if (item->type == YAML_MAP) {
		selected = load_hosts(l, item, &keys_include, &own);
		node = keys_get(item, &keys_include, "file");
		keys_end(item, &keys_include, l->diags);
	}
	text = node != NULL ? yaml_text(node, "include", l->diags) : NULL;
	if (text == NULL) {
		return;
	}
	path = paths_source(text, by->folder, l->top, &problem);
	if (path == NULL) {
		yaml_fail(node, l->diags, "%s", problem);
		return;
	}
	selector = load_join_selectors(by->selector, own);
	add_file(in, path, by->selected && selected, selector, node);
}

static void include_items(struct including *in, const struct document *by)
{
	struct yaml_node *node = keys_get(by->root, &keys_manifest, "include");

	if (node == NULL) {
		return;
	}
	if (node->type != YAML_LIST) {
		include_item(in, by, node);
		return;
	}
	for (guint i = 0; i < node->items->len; i++) {
		include_item(in, by, node->items->pdata[i]);
	}
}

/* Says why path cannot be included now; NULL when it can. */
static char *refusal(const struct including *in, const char *path)
{
	const char *first = g_hash_table_lookup(in->seen, path);

	for (guint i = 0; i < in->under_way->len; i++) {
		if (strcmp(in->under_way->pdata[i], path) == 0) {
			return g_strdup_printf("'%s' includes itself", path);
		}
	}
	if (first != NULL) {
		return g_strdup_printf("'%s' is included already, by %s", path, first);
	}
	if (in->under_way->len > DESIRED_MAX_INCLUDE_DEPTH) {
		return g_strdup_printf("more than %d files include one another",
				       DESIRED_MAX_INCLUDE_DEPTH);
	}
	if (g_hash_table_size(in->seen) > DESIRED_MAX_INCLUDES) {
		return g_strdup_printf("more than %d files are included", DESIRED_MAX_INCLUDES);
	}
	return NULL;
}

static void add_file(struct including *in, const char *path, bool selected, const char *selector,
		     const struct yaml_node *from)
{
	struct load *l = in->l;
	g_autofree char *refused = refusal(in, path);
	struct document *d;
	struct yaml_node *root;

	if (refused != NULL) {
		yaml_fail(from, l->diags, "%s", refused);
		return;
	}
	g_hash_table_insert(in->seen, g_strdup(path),
			    from != NULL ? g_strdup_printf("%s:%u", from->file, from->line)
					 : g_strdup("the stack itself"));
	if (l->io != NULL || !check_is_file(l, path, from)) {
		return;
	}
	root = parse(in, path, from);
	if (root == NULL) {
		return;
	}
	d = g_new0(struct document, 1);
	d->root = root;
	d->file = g_ref_string_acquire((char *)root->file);
	g_ptr_array_add(l->out->files, (char *)d->file);
	d->folder = paths_folder(path);
	d->selected = selected;
	d->selector = g_strdup(selector);
	g_ptr_array_add(in->under_way, (char *)path);
	include_items(in, d);
	g_ptr_array_set_size(in->under_way, (gint)in->under_way->len - 1);
	g_ptr_array_add(l->documents, d);
}

void include_load(struct load *l)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GPtrArray) under_way = g_ptr_array_new();
	g_autofree char *manifest = paths_join(l->top, DESIRED_MANIFEST);
	struct including in = {.l = l, .seen = seen, .under_way = under_way};

	l->documents = g_ptr_array_new_with_free_func(document_free);
	add_file(&in, manifest, true, NULL, NULL);
}
