/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads what a stack says of drift, suspension and its place among the others. */
#include <string.h>

#include "base/conf-load.h"

void conf_read_drift_rules(struct conf_reader *r, struct conf_stack *stack, struct yaml_node *node)
{
	struct yaml_node *rules = yaml_get_list(node, "drift-rules", r->diags);

	for (unsigned i = 0; rules != NULL && i < rules->items->len; i++) {
		struct yaml_node *item = g_ptr_array_index(rules->items, i);
		struct yaml_node *map = conf_as_map(r, item, "a rule for drift");
		struct conf_drift_rule *rule;

		if (map == NULL) {
			continue;
		}
		rule = g_new0(struct conf_drift_rule, 1);
		g_ptr_array_add(stack->drift_rules, rule);
		conf_read_section(r, map, "stacks.*.drift-rules.*", rule);
		conf_end_section(r, map, "stacks.*.drift-rules.*");
		if (rule->kind == NULL && rule->path == NULL && rule->resource == NULL &&
		    rule->fields == NULL) {
			yaml_fail(map, r->diags,
				  "a rule for drift says what it is for: 'kind', 'path', "
				  "'resource' or "
				  "'fields'");
		}
	}
}

void conf_read_suspend(struct conf_reader *r, struct yaml_node *node, struct conf_suspend *out)
{
	struct yaml_node *map = yaml_get_map(node, "suspend", r->diags);

	conf_read_section(r, map, "stacks.*.suspend", out);
	conf_end_section(r, map, "stacks.*.suspend");
}

static const struct conf_stack *find(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->stacks->len; i++) {
		const struct conf_stack *stack = g_ptr_array_index(conf->stacks, i);

		if (strcmp(stack->name, name) == 0) {
			return stack;
		}
	}
	return NULL;
}

/* Whether start is reached again from stack; seen holds where that was asked before. */
static bool leads_back(const struct conf *conf, const struct conf_stack *stack,
		       const struct conf_stack *start, GHashTable *seen)
{
	if (!g_hash_table_add(seen, (gpointer)stack)) {
		return false;
	}
	for (char **name = stack->after; name != NULL && *name != NULL; name++) {
		const struct conf_stack *next = find(conf, *name);

		if (next == start || (next != NULL && leads_back(conf, next, start, seen))) {
			return true;
		}
	}
	return false;
}

void conf_check_order(struct conf_reader *r, const struct yaml_node *at)
{
	for (unsigned i = 0; i < r->conf->stacks->len; i++) {
		const struct conf_stack *stack = g_ptr_array_index(r->conf->stacks, i);
		g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

		for (char **name = stack->after; name != NULL && *name != NULL; name++) {
			if (find(r->conf, *name) == NULL) {
				yaml_fail(at, r->diags,
					  "'after' of stack '%s': there is no stack '%s'",
					  stack->name, *name);
			}
		}
		if (leads_back(r->conf, stack, stack, seen)) {
			yaml_fail(at, r->diags, "stack '%s' waits for itself, by 'after'",
				  stack->name);
		}
	}
}
