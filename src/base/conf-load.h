/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Reading the configuration: what its readers share. Problems go into diags,
 * and reading goes on.
 */
#include "base/conf.h"
#include "core/signers.h"

struct conf_reader {
	struct conf *conf;
	struct diag_list *diags;
	struct signers *signers; /* NULL: not readable, and said so */
};

/* The single values of a section; what has rows below it is its caller's. map may be NULL. */
void conf_read_section(struct conf_reader *r, struct yaml_node *map, const char *section,
		       void *base);
/* What nobody has read is unknown. */
void conf_end_section(struct conf_reader *r, struct yaml_node *map, const char *section);
/* NULL, and a problem, when node is none. */
struct yaml_node *conf_as_map(struct conf_reader *r, struct yaml_node *node, const char *what);
typedef void conf_named_fn(struct conf_reader *r, const char *name, struct yaml_node *map);
/* Calls each for every entry of the map under key whose name is one. */
void conf_read_named(struct conf_reader *r, struct yaml_node *root, const char *key,
		     conf_named_fn *each);
/* Clusters, plugins and renderers; then what each stack may touch of them. node: the stack's. */
void conf_read_kubernetes(struct conf_reader *r, struct yaml_node *root);
void conf_read_stack_kubernetes(struct conf_reader *r, struct yaml_node *node,
				struct conf_stack *stack);
void conf_read_notify(struct conf_reader *r, struct yaml_node *root);
/* node: the stack's. */
void conf_read_drift_rules(struct conf_reader *r, struct conf_stack *stack, struct yaml_node *node);
void conf_read_suspend(struct conf_reader *r, struct yaml_node *node, struct conf_suspend *out);
/* That each stack of an 'after' is there and none waits for itself. */
void conf_check_order(struct conf_reader *r, const struct yaml_node *at);
