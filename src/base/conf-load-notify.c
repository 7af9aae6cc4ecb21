/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the section notify. */
#include <string.h>

#include "base/conf-load.h"
#include "base/conf-table.h"

static void check_notifier(struct conf_reader *r, const struct conf_notifier *n,
			   const struct yaml_node *at)
{
	for (unsigned i = 0; i < r->conf->notifiers->len; i++) {
		const struct conf_notifier *other = g_ptr_array_index(r->conf->notifiers, i);

		if (strcmp(n->type, "desktop") == 0 && strcmp(other->type, "desktop") == 0) {
			yaml_fail(at, r->diags, "there is a 'desktop' already");
		} else if (strcmp(other->name, n->name) == 0) {
			yaml_fail(at, r->diags, "there is a notifier '%s' already: give it a name",
				  n->name);
		}
	}
	if (n->person != NULL && conf_person(r->conf, n->person) == NULL) {
		yaml_fail(at, r->diags, "'%s' is not among the people", n->person);
	}
	for (char **name = n->stacks; name != NULL && *name != NULL; name++) {
		bool known = false;

		for (unsigned i = 0; i < r->conf->stacks->len; i++) {
			const struct conf_stack *stack = g_ptr_array_index(r->conf->stacks, i);

			known = known || strcmp(stack->name, *name) == 0;
		}
		if (!known) {
			yaml_fail(at, r->diags, "there is no stack '%s'", *name);
		}
	}
}

/* Each system of an entry is a notifier of its own. */
static void read_notifiers(struct conf_reader *r, struct yaml_node *entry)
{
	const char *system;

	for (const struct conf_key *row = conf_keys; row->path != NULL; row++) {
		struct conf_notifier *n;
		struct yaml_node *map;

		system = conf_key_in(row, "notify.*");
		if (system == NULL || row->type != CONF_SECTION ||
		    yaml_get(entry, system) == NULL) {
			continue;
		}
		n = g_new0(struct conf_notifier, 1);
		n->type = g_strdup(system);
		map = conf_as_map(r, yaml_get(entry, system), "a notifier");
		conf_read_section(r, map, row->path, n);
		conf_end_section(r, map, row->path);
		if (n->name == NULL) {
			n->name = g_strdup(system);
		}
		check_notifier(r, n, entry);
		g_ptr_array_add(r->conf->notifiers, n);
	}
}

void conf_read_notify(struct conf_reader *r, struct yaml_node *root)
{
	struct yaml_node *list = yaml_get_list(root, "notify", r->diags);

	for (unsigned i = 0; list != NULL && i < list->items->len; i++) {
		struct yaml_node *entry = g_ptr_array_index(list->items, i);

		if (conf_as_map(r, entry, "an entry of 'notify'") != NULL) {
			if (entry->keys->len == 0) {
				yaml_fail(entry, r->diags, "an entry of 'notify' names no system");
			}
			read_notifiers(r, entry);
			conf_end_section(r, entry, "notify.*");
		}
	}
}
