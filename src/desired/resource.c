/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads one resource of the manifest, by the table of kinds. */
#include <string.h>

#include "desired/load.h"
#include "desired/names.h"
#include "desired/paths.h"
#include "base/template.h"

#define SECRET_MODE 0600

/* To add a kind: its keys in keys.c, a reader and a row here. */
struct kind {
	enum desired_kind kind;
	bool acts; /* no path: what it is called is checked by act_name() */
	resource_reader_fn *read;
};

/* What is no kind, and what to do instead. */
static const struct {
	const char *name, *instead;
} later_kinds[] = {
	{"user", "a 'file' in /etc/sysusers.d and a 'command' that runs systemd-sysusers"},
	{"group", "a 'file' in /etc/sysusers.d and a 'command' that runs systemd-sysusers"},
	{"sysctl", "a 'file' in /etc/sysctl.d and a 'command' that runs sysctl --system"},
	{"cron", "a 'file' in /etc/cron.d, or a .timer unit as a 'file' and a 'service' of it"},
	{"timer", "the .timer unit as a 'file' and a 'service' of its name"},
};

void entry_free(void *data)
{
	struct desired_entry *e = data;

	g_free(e->path);
	g_free(e->link);
	content_clear(&e->content);
	g_free(e);
}

void content_clear(struct desired_content *content)
{
	g_clear_pointer(&content->bytes, g_bytes_unref);
	g_clear_pointer(&content->path, g_free);
}

void resource_free(struct desired_resource *r)
{
	if (r == NULL) {
		return;
	}
	content_clear(&r->content);
	g_clear_pointer(&r->entries, g_ptr_array_unref);
	exec_free(r->exec);
	kubernetes_free(r->kubernetes);
	g_free(r->id);
	g_free(r->path);
	g_free(r->name);
	g_free(r->manager);
	g_free(r->version);
	g_free(r->owner);
	g_free(r->group);
	g_free(r->link);
	g_free(r->selector);
	g_strfreev(r->after);
	g_strfreev(r->notify);
	g_free(r);
}

/* The repository path that 'source' names; NULL with diagnostics, or when absent, or when not
 * for this host. */
static char *read_source(struct load *l, struct yaml_node *map, const struct keys_table *table)
{
	const struct yaml_node *node = keys_get(map, table, "source");
	const char *text = keys_text(map, table, "source", l->diags);
	g_autofree char *expanded = text != NULL ? load_expand(l, node, text) : NULL;
	g_autofree char *problem = NULL;
	char *path;

	if (expanded == NULL || !l->selected) {
		return NULL;
	}
	path = paths_source(expanded, l->document->folder, l->top, &problem);
	if (path == NULL) {
		yaml_fail(node, l->diags, "%s", problem);
	}
	return path;
}

static char *read_account(struct load *l, struct yaml_node *map, const struct keys_table *table,
			  const char *key)
{
	const struct yaml_node *node = keys_get(map, table, key);
	const char *text = keys_text(map, table, key, l->diags);
	g_autofree char *expanded = text != NULL ? load_expand(l, node, text) : NULL;

	if (expanded != NULL && l->selected && !names_account_is_valid(expanded)) {
		yaml_fail(node, l->diags, "'%s' is no name or number of a %s: '%s'", key,
			  strcmp(key, "owner") == 0 ? "user" : "group", expanded);
		return NULL;
	}
	return g_steal_pointer(&expanded);
}

static void read_owners(struct load *l, struct yaml_node *map, const struct keys_table *table,
			struct desired_resource *r)
{
	r->owner = read_account(l, map, table, "owner");
	r->group = read_account(l, map, table, "group");
}

struct rendering {
	struct load *l;
	const char *file; /* the template, for diagnostics; NULL: inline at node */
	const struct yaml_node *node;
	bool secret; /* one was put in */
};

static const char *lookup(const char *name, void *data)
{
	struct rendering *r = data;
	const char *value = secrets_lookup(name, r->l);

	r->secret = r->secret || value != NULL;
	return value != NULL ? value : vars_lookup(name, r->l);
}

static void template_problem(unsigned line, unsigned column, const char *message, void *data)
{
	const struct rendering *r = data;

	if (r->file != NULL) {
		diag_add(r->l->diags, r->file, line, column, "%s", message);
	} else {
		yaml_fail(r->node, r->l->diags, "line %u, column %u of the content: %s", line,
			  column, message);
	}
}

static void free_secret(void *bytes)
{
	seal_bytes_free(bytes);
}

/* Takes text, and leaves nothing of it in memory that is not guarded. */
static void take_secret(struct load *l, const struct yaml_node *node, char *text, size_t len,
			struct desired_content *content)
{
	struct seal_bytes *bytes = seal_bytes_new(text, len);

	sodium_memzero(text, len);
	g_free(text);
	content->bytes =
		g_bytes_new_with_free_func(seal_bytes_get(bytes, NULL), len, free_secret, bytes);
	content->size = len;
	if (len > SEAL_MAX_CONTENT) {
		yaml_fail(node, l->diags, "with its secrets it is larger than %zu bytes",
			  SEAL_MAX_CONTENT);
	}
}

static void render(struct load *l, const struct yaml_node *node, const char *file, const char *text,
		   size_t len, struct desired_content *content)
{
	struct rendering r = {.l = l, .file = file, .node = node};
	const struct template_source source = {.lookup = lookup,
					       .problem = template_problem,
					       .data = &r,
					       .max = 4 * DESIRED_MAX_TEMPLATE,
					       .secret = g_hash_table_size(l->secrets) > 0};
	size_t out_len = 0;
	char *out;

	if (l->rendered > DESIRED_MAX_RENDERED) {
		return; /* which was told */
	}
	if (seal_begins(text, len)) {
		yaml_fail(
			node, l->diags,
			"'%s' is a sealed secret, and no template: with a 'source' write 'sealed: "
			"true' instead of 'template: true', or name it under 'secrets'",
			file != NULL ? file : "content");
		return;
	}
	if (!template_is_text(text, len)) {
		yaml_fail(node, l->diags, "a template must be text in UTF-8, and '%s' is not",
			  file != NULL ? file : "content");
		return;
	}
	out = template_expand(text, len, &source, &out_len);
	content->secret = r.secret;
	l->rendered += out_len;
	if (l->rendered > DESIRED_MAX_RENDERED) {
		yaml_fail(node, l->diags,
			  "with their variables the templates are larger than %zu bytes in all",
			  DESIRED_MAX_RENDERED);
	}
	/* Without keys no secret is in it. */
	if (out != NULL && r.secret && l->env->unseal != NULL) {
		take_secret(l, node, out, out_len, content);
	} else if (out != NULL) {
		content->bytes = g_bytes_new_take(out, out_len);
		content->size = out_len;
	}
}

static void render_source(struct load *l, const struct yaml_node *node,
			  struct desired_content *content)
{
	g_autofree char *text = NULL;
	GError *error = NULL;
	size_t len = 0;

	if (!reader_read(l->reader, content->path, DESIRED_MAX_TEMPLATE, &text, &len, &error)) {
		load_io_failed(l, node, error);
		return;
	}
	render(l, node, content->path, text, len, content);
}

static const char *not_a_file(enum reader_type type)
{
	switch (type) {
	case READER_FILE:
		return NULL;
	case READER_ABSENT:
		return "no such file in the repository";
	case READER_FOLDER:
		return "it is a folder: use 'tree' for folders";
	case READER_LINK:
		return "it is a symbolic link, which is not followed";
	case READER_OTHER:
		break;
	}
	return "it is not a regular file";
}

/* Nobody wants a program to read what is sealed. */
static void refuse_sealed(struct load *l, const struct yaml_node *node,
			  const struct desired_content *content)
{
	GError *error = NULL;
	bool sealed;

	if (!secrets_begins(l, content->path, content->size, &sealed, &error)) {
		load_io_failed(l, node, error);
	} else if (sealed) {
		yaml_fail(node, l->diags, "'%s' is a sealed secret: write 'sealed: true' beside it",
			  content->path);
	}
}

/* Takes path. */
static void take_source(struct load *l, const struct yaml_node *node, char *path, bool is_template,
			bool is_sealed, struct desired_content *content)
{
	struct reader_entry entry = {0};
	GError *error = NULL;
	const char *problem;

	content->path = path;
	if (!reader_stat(l->reader, path, &entry, &error)) {
		load_io_failed(l, node, error);
		return;
	}
	problem = not_a_file(entry.type);
	if (problem != NULL) {
		yaml_fail(node, l->diags, "cannot take '%s': %s", path, problem);
		return;
	}
	g_strlcpy(content->oid, entry.oid, sizeof(content->oid));
	content->size = entry.size;
	content->executable = entry.executable;
	if (is_template) {
		render_source(l, node, content);
	} else if (!is_sealed) {
		refuse_sealed(l, node, content);
	}
}

static void read_content(struct load *l, struct yaml_node *map, const struct keys_table *table,
			 struct desired_content *content)
{
	const struct yaml_node *source = keys_get(map, table, "source");
	const struct yaml_node *inlined = keys_get(map, table, "content");
	bool is_template = keys_bool(map, table, "template", l->diags);
	bool is_sealed = keys_bool(map, table, "sealed", l->diags);
	char *path = read_source(l, map, table);
	const char *text = keys_text(map, table, "content", l->diags);

	if ((source == NULL) == (inlined == NULL)) {
		yaml_fail(map, l->diags, "a file needs 'source' or 'content', and not both");
		g_free(path);
	} else if (is_sealed && (is_template || inlined != NULL)) {
		yaml_fail(map, l->diags,
			  "a sealed file has a 'source', and is no template: templates take "
			  "'secrets'");
		g_free(path);
	} else if (path != NULL) {
		take_source(l, source, path, is_template, is_sealed, content);
		content->sealed = is_sealed;
		content->secret = content->secret || is_sealed;
		content->executable = content->executable && !is_sealed;
		if (is_sealed && l->diags->items->len == 0) {
			secrets_check(l, source, path, NULL, NULL);
		}
	} else if (text != NULL && is_template && l->selected) {
		render(l, inlined, NULL, text, strlen(text), content);
	} else if (text != NULL) {
		if (l->selected && seal_begins(text, strlen(text))) {
			yaml_fail(inlined, l->diags,
				  "this is a sealed secret: put it into a file, and write 'source' "
				  "and 'sealed: true'");
		}
		content->size = strlen(text);
		content->bytes = g_bytes_new(text, content->size);
	}
}

static void warn_of_mode(struct load *l, const struct desired_resource *r, int mode)
{
	if (mode < 0 || r->id == NULL) {
		return;
	}
	if ((mode & 06000) != 0 && r->kind != DESIRED_DIRECTORY) {
		g_ptr_array_add(l->out->warnings,
				g_strdup_printf("%s runs as its owner or group: mode %04o", r->id,
						(unsigned)mode));
	}
	if ((mode & 0002) != 0 && (mode & 01000) == 0) {
		g_ptr_array_add(l->out->warnings,
				g_strdup_printf("%s can be written by everybody: mode %04o", r->id,
						(unsigned)mode));
	}
}

static void read_file(struct load *l, struct yaml_node *map, const struct keys_table *table,
		      struct desired_resource *r)
{
	r->mode = keys_mode(map, table, "mode", l->diags);
	warn_of_mode(l, r, r->mode);
	read_owners(l, map, table, r);
	l->path = r->path;
	read_content(l, map, table, &r->content);
	l->path = NULL;
	if (r->content.secret && r->mode < 0) {
		r->mode = SECRET_MODE;
	} else if (r->content.secret && (r->mode & 07) != 0) {
		yaml_fail(keys_get(map, table, "mode"), l->diags,
			  "a secret is not for everybody: with mode %04o all could reach it; give "
			  "it an 'owner' or a 'group' and 0600 or 0640",
			  (unsigned)r->mode);
	}
}

/* A tree that prunes at such a place would take away what nobody meant. */
static bool is_too_wide(const struct load *l, const char *path)
{
	const char *home = l->env->home != NULL ? l->env->home : "";
	size_t len = strlen(path);

	return strchr(path + 1, '/') == NULL ||
	       (strncmp(home, path, len) == 0 && (home[len] == '/' || home[len] == '\0'));
}

static void read_tree(struct load *l, struct yaml_node *map, const struct keys_table *table,
		      struct desired_resource *r)
{
	const struct yaml_node *source = keys_get(map, table, "source");
	g_autofree char *path = read_source(l, map, table);

	r->mode = keys_mode(map, table, "file-mode", l->diags);
	r->folder_mode = keys_mode(map, table, "folder-mode", l->diags);
	warn_of_mode(l, r, r->mode);
	warn_of_mode(l, r, r->folder_mode);
	read_owners(l, map, table, r);
	r->prune = keys_bool(map, table, "prune", l->diags);
	if (r->prune && r->path != NULL && is_too_wide(l, r->path)) {
		yaml_fail(keys_get(map, table, "prune"), l->diags,
			  "'%s' is too much to prune: name a folder further down", r->path);
	}
	r->entries = g_ptr_array_new_with_free_func(entry_free);
	if (path != NULL) {
		tree_read(l, source, path, r);
	}
}

static void read_directory(struct load *l, struct yaml_node *map, const struct keys_table *table,
			   struct desired_resource *r)
{
	r->mode = keys_mode(map, table, "mode", l->diags);
	warn_of_mode(l, r, r->mode);
	read_owners(l, map, table, r);
}

static void read_link(struct load *l, struct yaml_node *map, const struct keys_table *table,
		      struct desired_resource *r)
{
	const struct yaml_node *node = keys_get(map, table, "to");
	const char *text = keys_text(map, table, "to", l->diags);

	if (text != NULL) {
		r->link = load_path(l, node, text, paths_link);
	}
}

static const struct kind kinds[] = {
	{DESIRED_FILE, false, read_file},	    {DESIRED_TREE, false, read_tree},
	{DESIRED_DIRECTORY, false, read_directory}, {DESIRED_LINK, false, read_link},
	{DESIRED_PACKAGE, true, act_read_package},  {DESIRED_SERVICE, true, act_read_service},
	{DESIRED_COMMAND, true, act_read_command},  {DESIRED_KUBERNETES, true, kubernetes_read},
};

static const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(desired_kind_name(kinds[i].kind), name) == 0) {
			return &kinds[i];
		}
	}
	return NULL;
}

/* Why name is no kind that can be used. */
static char *kind_problem(const char *name)
{
	const char *near, *names[G_N_ELEMENTS(kinds) + 1] = {NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(later_kinds); i++) {
		if (strcmp(later_kinds[i].name, name) == 0) {
			return g_strdup_printf("'%s' is no kind yet: write %s", name,
					       later_kinds[i].instead);
		}
	}
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		names[i] = desired_kind_name(kinds[i].kind);
	}
	near = yaml_nearest(name, names);
	if (near != NULL) {
		return g_strdup_printf("unknown kind '%s': did you mean '%s'?", name, near);
	}
	return g_strdup_printf("unknown kind '%s': it is one of file, tree, directory, link, "
			       "package, service, command, kubernetes",
			       name);
}

char *resource_id(struct load *l, const struct yaml_node *node, const char *text)
{
	g_autofree char *expanded = load_expand(l, node, text);
	g_autofree char *name = NULL, *path = NULL, *problem = NULL;
	const struct kind *kind;
	const char *colon;

	if (expanded == NULL || !l->selected) {
		return NULL;
	}
	colon = strchr(expanded, ':');
	if (colon == NULL) {
		yaml_fail(node, l->diags,
			  "'%s' names no resource: write KIND:PATH, like file:~/x, or KIND:NAME",
			  expanded);
		return NULL;
	}
	name = g_strndup(expanded, (size_t)(colon - expanded));
	kind = kind_find(name);
	if (kind == NULL) {
		problem = kind_problem(name);
	} else if (kind->acts) {
		path = act_name(l, node, kind->kind, colon + 1);
	} else {
		path = paths_target(colon + 1, l->env->home, &problem);
	}
	if (problem != NULL) {
		yaml_fail(node, l->diags, "%s", problem);
	}
	return path != NULL ? g_strconcat(name, ":", path, NULL) : NULL;
}

/* Takes id. */
static void keep_reference(struct load *l, struct desired_resource *from,
			   const struct yaml_node *node, char *id, bool is_after)
{
	struct reference *reference;

	if (l->references->len >= DESIRED_MAX_REFERENCES) {
		if (!l->overfull) {
			yaml_fail(node, l->diags, "'after' and 'notify' name more than %d in all",
				  DESIRED_MAX_REFERENCES);
		}
		l->overfull = true;
		g_free(id);
		return;
	}
	reference = g_new0(struct reference, 1);
	reference->from = from;
	reference->node = node;
	reference->id = id;
	reference->is_after = is_after;
	g_ptr_array_add(l->references, reference);
}

static void add_reference(struct load *l, struct desired_resource *r, const struct yaml_node *node,
			  bool is_after)
{
	char *id = node->type == YAML_SCALAR ? resource_id(l, node, node->value) : NULL;

	if (id != NULL) {
		keep_reference(l, r, node, id, is_after);
	}
}

static void read_references(struct load *l, struct yaml_node *map, const struct keys_table *table,
			    struct desired_resource *r, const char *key)
{
	g_auto(GStrv) texts = keys_texts(map, table, key, l->diags);
	const struct yaml_node *node = keys_get(map, table, key);
	bool is_after = strcmp(key, "after") == 0;

	if (texts == NULL) {
		return;
	}
	if (node->type == YAML_SCALAR) {
		add_reference(l, r, node, is_after);
		return;
	}
	for (guint i = 0; i < node->items->len; i++) {
		add_reference(l, r, node->items->pdata[i], is_after);
	}
}

static struct desired_resource *resource_new(struct load *l, const struct yaml_node *node,
					     enum desired_kind kind)
{
	struct desired_resource *r = g_new0(struct desired_resource, 1);

	r->kind = kind;
	r->mode = r->folder_mode = -1;
	r->held = r->enabled = r->masked = -1;
	r->file = l->document->file;
	r->line = node->line;
	r->column = node->column;
	return r;
}

/* Adds r, and what a list of packages names besides. first: of its references. */
static void declare(struct load *l, struct desired_resource *r, const struct yaml_node *node,
		    guint first)
{
	guint last = l->references->len;

	g_ptr_array_add(l->out->resources, r);
	for (guint i = 1;
	     r->kind == DESIRED_PACKAGE && node->type == YAML_LIST && i < node->items->len; i++) {
		const struct yaml_node *item = node->items->pdata[i];
		struct desired_resource *clone;

		if (l->out->resources->len >= DESIRED_MAX_RESOURCES) {
			yaml_fail(item, l->diags, "more than %d resources", DESIRED_MAX_RESOURCES);
			return;
		}
		clone = act_clone_package(l, r, item);
		g_ptr_array_add(l->out->resources, clone);
		for (guint k = first; k < last; k++) {
			const struct reference *old = l->references->pdata[k];

			keep_reference(l, clone, old->node, g_strdup(old->id), old->is_after);
		}
	}
}

static void read_path_of(struct load *l, struct yaml_node *map, const struct keys_table *table,
			 struct desired_resource *r)
{
	const char *name = desired_kind_name(r->kind);
	const char *text = keys_text(map, table, name, l->diags);

	if (text != NULL) {
		r->path = load_path(l, keys_get(map, table, name), text, paths_target);
	}
	if (r->path != NULL) {
		r->id = g_strconcat(name, ":", r->path, NULL);
	}
}

static void read_as(struct load *l, struct yaml_node *map, const struct kind *kind)
{
	const char *name = desired_kind_name(kind->kind);
	const struct keys_table *table = keys_find(keys_resources, name);
	struct desired_resource *r = resource_new(l, map, kind->kind);
	guint first = l->references->len;
	g_autofree char *selector = NULL;

	l->selected = load_hosts(l, map, table, &selector) && l->selected;
	r->selector = load_join_selectors(l->document->selector, selector);
	if (!kind->acts) {
		read_path_of(l, map, table, r);
	}
	kind->read(l, map, table, r);
	read_references(l, map, table, r, "after");
	read_references(l, map, table, r, "notify");
	keys_end(map, table, l->diags);
	if (!l->selected) {
		resource_free(r);
		return;
	}
	declare(l, r, keys_get(map, table, name), first);
}

/* Says that a kind stands somewhere but not first, when it does. */
static char *misplaced_kind(const struct yaml_node *map)
{
	for (guint i = 1; i < map->keys->len; i++) {
		const struct yaml_node *key = map->keys->pdata[i];

		if (kind_find(key->value) != NULL) {
			return g_strdup_printf("the kind, '%s', must be the first key", key->value);
		}
	}
	return NULL;
}

void resource_read(struct load *l, struct yaml_node *node)
{
	const struct yaml_node *first;
	const struct kind *kind;
	g_autofree char *problem = NULL;

	if (node->type != YAML_MAP || node->keys->len == 0) {
		yaml_fail(node, l->diags,
			  "a resource must be a map that begins with its kind, "
			  "like 'file: ~/x'");
		return;
	}
	if (l->out->resources->len >= DESIRED_MAX_RESOURCES) {
		yaml_fail(node, l->diags, "more than %d resources", DESIRED_MAX_RESOURCES);
		return;
	}
	first = node->keys->pdata[0];
	kind = kind_find(first->value);
	if (kind != NULL) {
		read_as(l, node, kind);
		return;
	}
	problem = misplaced_kind(node);
	if (problem == NULL) {
		problem = kind_problem(first->value);
	}
	yaml_fail(first, l->diags, "%s", problem);
}
