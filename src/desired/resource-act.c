/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the kinds that are no paths: packages, services, commands. */
#include <string.h>

#include "desired/load.h"
#include "desired/names.h"

char *act_name(struct load *l, const struct yaml_node *node, enum desired_kind kind,
	       const char *text)
{
	const char *problem = NULL;
	char *name = NULL;

	if (kind == DESIRED_KUBERNETES) {
		return kubernetes_name(l, node, text);
	}
	if (kind == DESIRED_SERVICE) {
		name = names_unit(text, &problem);
	} else {
		problem = kind == DESIRED_PACKAGE ? names_package_problem(text, NULL)
						  : names_command_problem(text);
	}
	if (problem != NULL) {
		yaml_fail(node, l->diags, "%s: '%s'", problem, text);
		return NULL;
	}
	return name != NULL ? name : g_strdup(text);
}

/* Sets name and id, when text is good. */
static void take_name(struct load *l, const struct yaml_node *node, const char *text,
		      struct desired_resource *r)
{
	g_autofree char *expanded = load_expand(l, node, text);

	if (expanded == NULL || !l->selected) {
		return;
	}
	r->name = act_name(l, node, r->kind, expanded);
	if (r->name != NULL) {
		r->id = g_strconcat(desired_kind_name(r->kind), ":", r->name, NULL);
	}
}

static void read_name(struct load *l, struct yaml_node *map, const struct keys_table *table,
		      struct desired_resource *r)
{
	const char *kind = desired_kind_name(r->kind);
	const char *text = keys_text(map, table, kind, l->diags);

	if (text != NULL) {
		take_name(l, keys_get(map, table, kind), text, r);
	}
}

/* One name of a list. */
static void take_package(struct load *l, const struct yaml_node *node, struct desired_resource *r)
{
	const char *text = yaml_text(node, "package", l->diags), *problem;

	r->line = node->line;
	r->column = node->column;
	if (text != NULL) {
		take_name(l, node, text, r);
	}
	if (r->name == NULL) {
		return;
	}
	problem = names_package_problem(r->name, r->manager);
	if (problem != NULL) {
		yaml_fail(node, l->diags, "%s: '%s'", problem, r->name);
	}
}

static void read_names(struct load *l, struct yaml_node *map, const struct keys_table *table,
		       struct desired_resource *r)
{
	const struct yaml_node *node = keys_get(map, table, "package");

	if (node->type == YAML_MAP) {
		yaml_fail(node, l->diags, "'package' must be a name or a list of names, not a map");
	} else if (node->type == YAML_LIST && node->items->len == 0) {
		yaml_fail(node, l->diags, "'package' names none");
	} else if (node->type == YAML_LIST) {
		take_package(l, node->items->pdata[0], r);
	} else {
		unsigned line = r->line, column = r->column;

		take_package(l, node, r);
		r->line = line;
		r->column = column;
	}
}

struct desired_resource *act_clone_package(struct load *l, const struct desired_resource *r,
					   const struct yaml_node *node)
{
	struct desired_resource *clone = g_new0(struct desired_resource, 1);

	clone->kind = r->kind;
	clone->mode = clone->folder_mode = -1;
	clone->enabled = clone->masked = -1;
	clone->state = r->state;
	clone->held = r->held;
	clone->manager = g_strdup(r->manager);
	clone->version = g_strdup(r->version);
	clone->selector = g_strdup(r->selector);
	clone->file = r->file;
	take_package(l, node, clone);
	return clone;
}

static char *read_conditions(struct load *l, struct yaml_node *map, const struct keys_table *table)
{
	const struct yaml_node *node = keys_get(map, table, "version");
	const char *text = keys_text(map, table, "version", l->diags), *problem = NULL;
	g_autofree char *expanded = text != NULL ? load_expand(l, node, text) : NULL;
	char *conditions;

	if (expanded == NULL || !l->selected) {
		return NULL;
	}
	conditions = names_conditions(expanded, &problem);
	if (conditions == NULL) {
		yaml_fail(node, l->diags, "'version' is not understood: %s: '%s'", problem,
			  expanded);
	}
	return conditions;
}

void act_read_package(struct load *l, struct yaml_node *map, const struct keys_table *table,
		      struct desired_resource *r)
{
	const struct yaml_node *names = keys_get(map, table, "package");
	const struct yaml_node *version = keys_get(map, table, "version");
	const char *state = keys_choice(map, table, "state", l->diags);

	r->state = strcmp(state, "absent") == 0 ? DESIRED_ABSENT : DESIRED_PRESENT;
	r->manager = g_strdup(keys_choice(map, table, "manager", l->diags));
	r->held = keys_flag(map, table, "held", l->diags);
	r->version = read_conditions(l, map, table);
	if (version != NULL && r->state == DESIRED_ABSENT) {
		yaml_fail(version, l->diags, "'version' belongs to a package that is present");
	}
	if (version != NULL && names->type == YAML_LIST && names->items->len > 1) {
		yaml_fail(version, l->diags,
			  "'version' belongs to one package and not to a list of them");
	}
	if (r->held == 1 && r->state == DESIRED_ABSENT) {
		yaml_fail(keys_get(map, table, "held"), l->diags,
			  "'held' belongs to a package that is present");
	}
	read_names(l, map, table, r);
}

static void check_service(struct load *l, struct yaml_node *map, const struct keys_table *table,
			  const struct desired_resource *r)
{
	const struct yaml_node *state = keys_get(map, table, "state");

	if (r->name != NULL && state != NULL && names_unit_is_template(r->name)) {
		yaml_fail(state, l->diags,
			  "'%s' is a template, which never runs: name an instance, like "
			  "NAME@INSTANCE.service",
			  r->name);
	}
	if (r->masked == 1 && r->enabled == 1) {
		yaml_fail(keys_get(map, table, "enabled"), l->diags,
			  "what is masked cannot be enabled");
	}
	if (r->masked == 1 && r->state == DESIRED_RUNNING) {
		yaml_fail(state, l->diags, "what is masked cannot run");
	}
}

void act_read_service(struct load *l, struct yaml_node *map, const struct keys_table *table,
		      struct desired_resource *r)
{
	const char *scope = keys_choice(map, table, "scope", l->diags);
	const char *on_change = keys_choice(map, table, "on-change", l->diags);
	const char *state = keys_choice(map, table, "state", l->diags);

	read_name(l, map, table, r);
	r->user_scope = strcmp(scope, "user") == 0;
	r->reload = strcmp(on_change, "reload") == 0;
	r->enabled = keys_flag(map, table, "enabled", l->diags);
	r->masked = keys_flag(map, table, "masked", l->diags);
	if (state != NULL) {
		r->state = strcmp(state, "running") == 0 ? DESIRED_RUNNING : DESIRED_STOPPED;
	}
	check_service(l, map, table, r);
}

void act_read_command(struct load *l, struct yaml_node *map, const struct keys_table *table,
		      struct desired_resource *r)
{
	read_name(l, map, table, r);
	r->exec = exec_read(l, map, table);
	r->only_notified = keys_choice(map, table, "when", l->diags) != NULL;
	if (keys_get(map, table, "unless") == NULL && keys_get(map, table, "creates") == NULL &&
	    keys_get(map, table, "when") == NULL) {
		yaml_fail(map, l->diags,
			  "a command needs 'unless', 'creates' or 'when: notified': nothing else "
			  "tells whether it must still be run");
	}
}
