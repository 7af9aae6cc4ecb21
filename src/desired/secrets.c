/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets: sealed files that templates may use, opened when one does. */
#include <string.h>

#include "desired/load.h"
#include "desired/paths.h"
#include "base/template.h"

#define MAX_SECRETS 200

struct secret_value {
	char *path; /* in the repository */
	const struct yaml_node *node;
	bool asked;
	char *only;		  /* the file that it was asked for, and may go into alone */
	struct seal_bytes *bytes; /* NULL: not opened yet, or it cannot be */
};

static void secret_free(void *data)
{
	struct secret_value *s = data;

	seal_bytes_free(s->bytes);
	g_free(s->path);
	g_free(s->only);
	g_free(s);
}

bool secrets_check(struct load *l, const struct yaml_node *node, const char *path, char **text,
		   size_t *len)
{
	g_autofree char *read = NULL;
	g_autoptr(seal_box_auto) box = NULL;
	GError *error = NULL;
	size_t size = 0;

	if (!reader_read(l->reader, path, SEAL_MAX_SIZE, &read, &size, &error)) {
		load_io_failed(l, node, error);
		return false;
	}
	if (!seal_parse(read, size, &box, &error)) {
		yaml_fail(node, l->diags, "'%s': %s", path, error->message);
		g_error_free(error);
		return false;
	}
	if (text != NULL) {
		*text = g_steal_pointer(&read);
		*len = size;
	}
	return true;
}

bool secrets_begins(struct load *l, const char *path, uint64_t size, bool *sealed, GError **error)
{
	g_autofree char *text = NULL;
	size_t len = 0;

	*sealed = false;
	if (size > SEAL_MAX_SIZE) {
		return true;
	}
	if (!reader_read(l->reader, path, SEAL_MAX_SIZE, &text, &len, error)) {
		return false;
	}
	*sealed = seal_begins(text, len);
	return true;
}

static void declare(struct load *l, const struct document *d, const struct yaml_node *key,
		    const struct yaml_node *value)
{
	const char *text = yaml_text(value, key->value, l->diags);
	g_autofree char *expanded = text != NULL ? load_expand(l, value, text) : NULL;
	g_autofree char *problem = NULL;
	g_autofree char *path = NULL;
	struct secret_value *s;

	if (!template_name_is_valid(key->value)) {
		yaml_fail(key, l->diags,
			  "'%s' is no secret's name: letters, digits and '_', at most 64",
			  key->value);
		return;
	}
	if (expanded == NULL) {
		return;
	}
	if (g_hash_table_contains(l->secrets, key->value) || vars_lookup(key->value, l) != NULL) {
		yaml_fail(key, l->diags, "'%s' is declared twice", key->value);
		return;
	}
	if (g_hash_table_size(l->secrets) >= MAX_SECRETS) {
		yaml_fail(key, l->diags, "more than %d secrets", MAX_SECRETS);
		return;
	}
	path = paths_source(expanded, d->folder, l->top, &problem);
	if (path == NULL) {
		yaml_fail(value, l->diags, "%s", problem);
		return;
	}
	s = g_new0(struct secret_value, 1);
	s->node = value;
	s->path = g_steal_pointer(&path);
	if (!secrets_check(l, value, s->path, NULL, NULL)) {
		secret_free(s);
		return;
	}
	g_hash_table_replace(l->secrets, key->value, s);
}

void secrets_load(struct load *l)
{
	l->secrets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, secret_free);
	for (guint i = 0; i < l->documents->len; i++) {
		const struct document *d = l->documents->pdata[i];
		struct yaml_node *map;

		keys_get(d->root, &keys_manifest, "secrets");
		map = yaml_get_map(d->root, "secrets", l->diags);
		l->selected = d->selected;
		for (guint k = 0; map != NULL && l->selected && k < map->keys->len; k++) {
			declare(l, d, map->keys->pdata[k], map->items->pdata[k]);
		}
	}
}

/* What it must be sealed for: its name, or the file that is rendered. */
static const char *where_for(const struct load *l, const char *name, const char *text, size_t len)
{
	g_autoptr(seal_box_auto) box = NULL;
	const char *label;

	if (l->path == NULL || !seal_parse(text, len, &box, NULL)) {
		return name;
	}
	label = seal_box_label(box);
	return label == NULL || seal_label_allows(label, l->env->agent, l->env->stack, name)
		       ? name
		       : l->path;
}

static bool open_value(struct load *l, const char *name, struct secret_value *s)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(seal_bytes_auto) whole = NULL;
	g_autofree char *sealed = NULL;
	const char *text, *where;
	size_t len = 0;

	if (!secrets_check(l, s->node, s->path, &sealed, &len)) {
		return false;
	}
	where = where_for(l, name, sealed, len);
	if (where != name) {
		s->only = g_strdup(where);
	}
	if (!l->env->unseal(sealed, len, where, &whole, l->env->unseal_data, &error)) {
		yaml_fail(s->node, l->diags, "secret '%s': %s", name, error->message);
		return false;
	}
	text = seal_bytes_get(whole, &len);
	if (!template_is_text(text, len)) {
		yaml_fail(s->node, l->diags,
			  "secret '%s' is no text in UTF-8: give it a file of its own", name);
		return false;
	}
	/* As 'echo' and editors end it. */
	len -= len > 0 && text[len - 1] == '\n';
	s->bytes = seal_bytes_new(text, len);
	return true;
}

const char *secrets_lookup(const char *name, struct load *l)
{
	struct secret_value *s = g_hash_table_lookup(l->secrets, name);

	if (s == NULL) {
		return NULL;
	}
	/* What may go into one file alone is opened again for another. */
	if (s->asked && s->only != NULL && g_strcmp0(s->only, l->path) != 0) {
		g_clear_pointer(&s->only, g_free);
		g_clear_pointer(&s->bytes, seal_bytes_free);
		s->asked = false;
	}
	/* Without keys only the form can be checked; a problem is told once. */
	if (!s->asked && l->env->unseal != NULL) {
		s->asked = true;
		(void)open_value(l, name, s);
	}
	return s->bytes != NULL ? seal_bytes_get(s->bytes, NULL) : "";
}
