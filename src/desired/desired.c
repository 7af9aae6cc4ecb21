/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads a desired state: brings the parts of the room together, in order. */
#include "desired/desired.h"

#include <string.h>

#include "base/error.h"
#include "desired/hosts.h"
#include "desired/kubernetes.h"
#include "desired/load.h"
#include "desired/paths.h"
#include "base/template.h"

#define MAX_TEXT 8192

const char *desired_kind_name(enum desired_kind kind)
{
	static const char *const names[] = {"file",    "tree",	  "directory", "link",
					    "package", "service", "command",   "kubernetes"};

	return names[kind];
}

const char *desired_check_name(enum desired_check_kind kind)
{
	static const char *const names[] = {"http", "tcp", "command", "service"};

	return names[kind];
}

const char *desired_scope_name(bool user_scope)
{
	return user_scope ? "user" : "system";
}

static void release_file(void *file)
{
	g_ref_string_release(file);
}

static struct desired *desired_new(void)
{
	struct desired *d = g_new0(struct desired, 1);

	d->resources = g_ptr_array_new_with_free_func((GDestroyNotify)resource_free);
	d->checks = g_ptr_array_new_with_free_func((GDestroyNotify)check_free);
	d->warnings = g_ptr_array_new_with_free_func(g_free);
	d->files = g_ptr_array_new_with_free_func(release_file);
	d->paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	d->on_failure = g_strdup("rollback");
	return d;
}

void desired_free(struct desired *desired)
{
	if (desired == NULL) {
		return;
	}
	g_ptr_array_unref(desired->resources);
	g_ptr_array_unref(desired->checks);
	g_ptr_array_unref(desired->warnings);
	g_ptr_array_unref(desired->files);
	g_hash_table_unref(desired->paths);
	g_free(desired->on_failure);
	g_free(desired);
}

bool desired_declares(const struct desired *desired, const char *path)
{
	return g_hash_table_contains(desired->paths, path);
}

void load_io_failed(struct load *l, const struct yaml_node *node, GError *error)
{
	bool content = g_error_matches(error, BASE_ERROR, BASE_ERROR_MALFORMED) ||
		       g_error_matches(error, BASE_ERROR, BASE_ERROR_LIMIT) ||
		       g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);

	if (content && node != NULL) {
		yaml_fail(node, l->diags, "%s", error->message);
		g_error_free(error);
	} else if (l->io == NULL) {
		l->io = error;
	} else {
		g_error_free(error);
	}
}

struct expanding {
	struct load *l;
	const struct yaml_node *node;
};

static const char *lookup(const char *name, void *data)
{
	const struct expanding *e = data;

	return vars_lookup(name, e->l);
}

/* The text may have been quoted and folded: only where it begins is known for sure. */
static void text_problem(unsigned line, unsigned column, const char *message, void *data)
{
	const struct expanding *e = data;

	yaml_fail(e->node, e->l->diags, "%s", message);
}

char *load_expand(struct load *l, const struct yaml_node *node, const char *text)
{
	struct expanding e = {.l = l, .node = node};
	const struct template_source source = {
		.lookup = lookup, .problem = text_problem, .data = &e, .max = MAX_TEXT};

	if (!l->selected) {
		return g_strdup(text);
	}
	return template_expand(text, strlen(text), &source, NULL);
}

char *load_path(struct load *l, const struct yaml_node *node, const char *text,
		char *(*parse)(const char *text, const char *home, char **problem))
{
	g_autofree char *expanded = load_expand(l, node, text), *problem = NULL;
	char *path;

	if (expanded == NULL || !l->selected) {
		return NULL;
	}
	path = parse(expanded, l->env->home, &problem);
	if (path == NULL) {
		yaml_fail(node, l->diags, "%s", problem);
	}
	return path;
}

char *load_join_selectors(const char *a, const char *b)
{
	if (a == NULL || b == NULL) {
		return g_strdup(a != NULL ? a : b);
	}
	return g_strdup_printf("%s; %s", a, b);
}

bool load_hosts(struct load *l, struct yaml_node *map, const struct keys_table *table,
		char **selector)
{
	struct yaml_node *node = keys_get(map, table, "hosts");
	g_auto(GStrv) terms = node != NULL ? keys_texts(map, table, "hosts", l->diags) : NULL;
	bool good = true;

	if (node == NULL) {
		return true;
	}
	for (guint i = 0; terms != NULL && terms[i] != NULL; i++) {
		g_autofree char *problem = hosts_term_problem(terms[i]);

		if (problem != NULL) {
			yaml_fail(node, l->diags, "'hosts': '%s' is not understood: %s", terms[i],
				  problem);
			good = false;
		}
	}
	if (terms == NULL || terms[0] == NULL) {
		if (node->type == YAML_LIST && node->items->len == 0) {
			yaml_fail(node, l->diags,
				  "'hosts' is empty: leave it out to mean all hosts");
		}
		return false;
	}
	*selector = g_strjoinv(", ", terms);
	return good && (l->env->every_host || hosts_match(terms, l->env));
}

static void read_main(struct load *l, const struct document *d)
{
	const char *text = keys_choice(d->root, &keys_manifest, "on-failure", l->diags);

	l->out->prune = keys_bool(d->root, &keys_manifest, "prune", l->diags);
	g_free(l->out->on_failure);
	l->out->on_failure = g_strdup(text);
}

static void refuse_in_included(struct load *l, const struct document *d, const char *key)
{
	const struct yaml_node *node = keys_get(d->root, &keys_manifest, key);

	if (node != NULL) {
		yaml_fail(node, l->diags, "'%s' belongs into the stack's own %s", key,
			  DESIRED_MANIFEST);
	}
}

static void read_list(struct load *l, const struct document *d, const char *key,
		      void (*read)(struct load *l, struct yaml_node *node))
{
	struct yaml_node *list;

	keys_get(d->root, &keys_manifest, key);
	list = yaml_get_list(d->root, key, l->diags);
	for (guint i = 0; list != NULL && i < list->items->len && l->io == NULL; i++) {
		l->selected = d->selected;
		read(l, list->items->pdata[i]);
	}
}

static void read_documents(struct load *l)
{
	for (guint i = 0; i < l->documents->len && l->io == NULL; i++) {
		struct document *d = l->documents->pdata[i];
		bool is_main = i + 1 == l->documents->len;

		l->document = d;
		if (is_main) {
			read_main(l, d);
		} else {
			refuse_in_included(l, d, "on-failure");
			refuse_in_included(l, d, "prune");
		}
		read_list(l, d, "resources", resource_read);
		read_list(l, d, "checks", check_read);
		keys_end(d->root, &keys_manifest, l->diags);
	}
}

static void refuse_empty(struct load *l)
{
	const struct document *d = l->documents->pdata[l->documents->len - 1];

	if (l->out->resources->len == 0) {
		yaml_fail(d->root, l->diags,
			  "no resource is meant for this host: an empty desired state is refused");
	}
}

static void load_all(struct load *l)
{
	guint before = l->diags->items->len;

	include_load(l);
	if (l->documents->len == 0 || l->io != NULL) {
		return;
	}
	vars_load(l);
	secrets_load(l);
	read_documents(l);
	conflict_find(l);
	order_resolve(l);
	kubernetes_check_unique(l->out->resources, false, l->env->every_host, l->diags);
	if (l->io == NULL && l->diags->items->len == before) {
		refuse_empty(l);
	}
}

static void reference_free(void *data)
{
	struct reference *r = data;

	g_free(r->id);
	g_free(r);
}

/* "a/b" without slashes at its ends; "" for "." */
static char *trim(const char *folder)
{
	size_t len;

	folder += strspn(folder, "/");
	len = strlen(folder);
	while (len > 0 && folder[len - 1] == '/') {
		len--;
	}
	return len == 1 && folder[0] == '.' ? g_strdup("") : g_strndup(folder, len);
}

bool desired_load(struct reader *reader, const char *folder, const struct desired_env *env,
		  struct desired **out, struct diag_list *diags, GError **error)
{
	g_autoptr(desired_auto) desired = desired_new();
	guint before = diags->items->len;
	struct load l = {
		.reader = reader,
		.env = env,
		.top = trim(folder),
		.diags = diags,
		.references = g_ptr_array_new_with_free_func(reference_free),
		.told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.out = desired,
	};

	load_all(&l);
	g_clear_pointer(&l.vars, g_hash_table_unref);
	g_clear_pointer(&l.secrets, g_hash_table_unref);
	g_hash_table_unref(l.told);
	g_ptr_array_unref(l.references);
	g_ptr_array_unref(l.documents);
	g_free(l.top);
	if (l.io != NULL) {
		g_propagate_error(error, l.io);
		return false;
	}
	if (diags->items->len != before) {
		return false;
	}
	*out = g_steal_pointer(&desired);
	return true;
}
