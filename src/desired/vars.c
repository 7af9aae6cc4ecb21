/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variables: declared with a type, overridden for some hosts, looked up by templates. */
#include <string.h>

#include "desired/load.h"
#include "base/template.h"

#define MAX_VARS 1000
#define MAX_VALUE 4096

enum variable_type { VARIABLE_TEXT, VARIABLE_NUMBER, VARIABLE_BOOL };
struct variable {
	enum variable_type type;
	char *value;
	bool present; /* false: declared for other hosts only */
};

static void variable_free(void *data)
{
	struct variable *v = data;

	g_free(v->value);
	g_free(v);
}

static const char *type_name(enum variable_type type)
{
	static const char *const names[] = {"a text", "a number", "true or false"};

	return names[type];
}

static bool is_number(const char *text)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	size_t len = strlen(digits);

	return len > 0 && len <= 18 && strspn(digits, "0123456789") == len;
}

/* Words that YAML's readers do not agree on. */
static bool is_ambiguous(const char *text)
{
	static const char *const words[] = {"yes", "no", "on", "off", "y", "n"};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (g_ascii_strcasecmp(text, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool type_of(const struct yaml_node *node, enum variable_type *type, struct diag_list *diags)
{
	const char *text = node->value;
	bool number = is_number(text);

	*type = VARIABLE_TEXT;
	if (node->quoted) {
		return true;
	}
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		*type = VARIABLE_BOOL;
	} else if (number &&
		   (strcmp(text, "-0") == 0 || (text[text[0] == '-'] == '0' && strlen(text) > 1))) {
		yaml_fail(node, diags, "a number must not begin with 0: quote the text \"%s\"",
			  text);
		return false;
	} else if (number) {
		*type = VARIABLE_NUMBER;
	} else if (is_ambiguous(text) || g_ascii_strcasecmp(text, "true") == 0 ||
		   g_ascii_strcasecmp(text, "false") == 0) {
		yaml_fail(node, diags, "write true, false or a quoted text, not %s", text);
		return false;
	}
	return true;
}

/* The variable that a key and its value declare; NULL with diagnostics. */
static struct variable *read_variable(struct load *l, const struct yaml_node *key,
				      const struct yaml_node *value)
{
	struct variable *v;
	enum variable_type type;
	const char *text;

	if (!template_name_is_valid(key->value)) {
		yaml_fail(key, l->diags,
			  "'%s' is no variable's name: letters, digits and '_', at most 64",
			  key->value);
		return NULL;
	}
	text = yaml_text(value, key->value, l->diags);
	if (text == NULL || !type_of(value, &type, l->diags)) {
		return NULL;
	}
	if (strlen(text) > MAX_VALUE) {
		yaml_fail(value, l->diags, "the value is longer than %d bytes", MAX_VALUE);
		return NULL;
	}
	if (strstr(text, "${") != NULL) {
		yaml_fail(value, l->diags, "a variable's value must not contain '${'");
		return NULL;
	}
	v = g_new0(struct variable, 1);
	v->type = type;
	v->value = g_strdup(text);
	v->present = true;
	return v;
}

/* A later declaration replaces an earlier one of the same type. */
static void set(struct load *l, const struct yaml_node *key, const struct yaml_node *value,
		bool is_override, bool take)
{
	const struct variable *before = g_hash_table_lookup(l->vars, key->value);
	struct variable *v = read_variable(l, key, value);

	if (v == NULL) {
		return;
	}
	if (is_override && before == NULL) {
		yaml_fail(key, l->diags,
			  "unknown variable '%s': only what 'vars' declares can be "
			  "overridden",
			  key->value);
	} else if (before != NULL && before->type != v->type) {
		yaml_fail(value, l->diags, "'%s' must be %s, as where it was declared first",
			  key->value, type_name(before->type));
	} else if (before == NULL && g_hash_table_size(l->vars) >= MAX_VARS) {
		yaml_fail(key, l->diags, "more than %d variables", MAX_VARS);
	} else if (is_override ? take && before->present : take || before == NULL) {
		v->present = take;
		g_hash_table_insert(l->vars, g_strdup(key->value), g_steal_pointer(&v));
	}
	if (v != NULL) {
		variable_free(v);
	}
}

static void set_all(struct load *l, const struct yaml_node *vars, bool is_override, bool take)
{
	for (guint i = 0; vars != NULL && i < vars->keys->len; i++) {
		set(l, vars->keys->pdata[i], vars->items->pdata[i], is_override, take);
	}
}

static void read_override(struct load *l, const struct document *d, struct yaml_node *item)
{
	g_autofree char *selector = NULL;
	bool selected;

	if (item->type != YAML_MAP) {
		yaml_fail(item, l->diags, "an override must be a map with 'hosts' and 'vars'");
		return;
	}
	selected = load_hosts(l, item, &keys_override, &selector);
	keys_get(item, &keys_override, "vars");
	/* Without one host there is no telling which of several overrides holds. */
	set_all(l, yaml_get_map(item, "vars", l->diags), true,
		d->selected && selected && !l->env->every_host);
	keys_end(item, &keys_override, l->diags);
}

void vars_load(struct load *l)
{
	l->vars = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, variable_free);
	for (guint i = 0; i < l->documents->len; i++) {
		const struct document *d = l->documents->pdata[i];

		keys_get(d->root, &keys_manifest, "vars");
		set_all(l, yaml_get_map(d->root, "vars", l->diags), false, d->selected);
	}
	for (guint i = 0; i < l->documents->len; i++) {
		const struct document *d = l->documents->pdata[i];
		struct yaml_node *list;

		keys_get(d->root, &keys_manifest, "overrides");
		list = yaml_get_list(d->root, "overrides", l->diags);
		for (guint k = 0; list != NULL && k < list->items->len; k++) {
			read_override(l, d, list->items->pdata[k]);
		}
	}
}

const char *vars_typed(const char *name, enum kube_var_type *type, struct load *l)
{
	static const enum kube_var_type types[] = {KUBE_VAR_TEXT, KUBE_VAR_NUMBER, KUBE_VAR_BOOL};
	const struct variable *v = g_hash_table_lookup(l->vars, name);

	*type = v != NULL && v->present ? types[v->type] : KUBE_VAR_TEXT;
	return vars_lookup(name, l);
}

static const char *label(const char *name, const struct desired_env *env)
{
	for (size_t i = 0; i < env->n_labels; i++) {
		if (strcmp(env->labels[i].name, name) == 0) {
			return env->labels[i].value;
		}
	}
	/* Some host will have it; what it is there cannot be known. */
	return env->every_host ? "label" : NULL;
}

const char *vars_lookup(const char *name, struct load *l)
{
	const struct variable *v = g_hash_table_lookup(l->vars, name);

	if (v != NULL && v->present) {
		return v->value;
	}
	if (strcmp(name, "assent.agent") == 0) {
		return l->env->agent;
	}
	if (strcmp(name, "assent.stack") == 0) {
		return l->env->stack;
	}
	if (strcmp(name, "assent.home") == 0) {
		return l->env->home;
	}
	return g_str_has_prefix(name, "label.") ? label(name + strlen("label."), l->env) : NULL;
}
