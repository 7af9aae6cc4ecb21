/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads what the configuration says of clusters, and what a stack may touch of them. */
#include <string.h>

#include "base/conf-load.h"
#include "base/conf-shape.h"

/* As many as a request to the worker bears. */
#define MAX_CLUSTERS 64
#define MAX_TEXTS 256
#define MAX_TEXT 4096

static void bound(struct conf_reader *r, const struct yaml_node *at, const char *key,
		  char *const *texts, unsigned max)
{
	if (texts == NULL) {
		return;
	}
	if (g_strv_length((char **)texts) > max) {
		yaml_fail(at, r->diags, "'%s' names more than %u", key, max);
	}
	for (; *texts != NULL; texts++) {
		if (strlen(*texts) > MAX_TEXT) {
			yaml_fail(at, r->diags, "a text in '%s' is longer than %d bytes", key,
				  MAX_TEXT);
		}
	}
}

static void read_cluster(struct conf_reader *r, const char *name, struct yaml_node *map)
{
	struct yaml_node *node = conf_as_map(r, yaml_get(map, name), "a cluster");
	struct conf_cluster *cluster = g_new0(struct conf_cluster, 1);

	cluster->name = g_strdup(name);
	g_ptr_array_add(r->conf->kubernetes.clusters, cluster);
	conf_read_section(r, node, "kubernetes.clusters.*", cluster);
	conf_end_section(r, node, "kubernetes.clusters.*");
	if (cluster->in_cluster && (cluster->kubeconfig != NULL || cluster->context != NULL)) {
		yaml_fail(node, r->diags,
			  "'in-cluster' takes the pod's service account: 'kubeconfig' and "
			  "'context' do not go with it");
	}
}

static void read_renderer(struct conf_reader *r, const char *name, struct yaml_node *map)
{
	struct yaml_node *node = conf_as_map(r, yaml_get(map, name), "a renderer");
	struct conf_renderer *renderer = g_new0(struct conf_renderer, 1);

	renderer->name = g_strdup(name);
	g_ptr_array_add(r->conf->kubernetes.renderers, renderer);
	conf_read_section(r, node, "kubernetes.renderers.*", renderer);
	conf_end_section(r, node, "kubernetes.renderers.*");
	bound(r, node, "run", renderer->run, MAX_TEXTS);
	bound(r, node, "reads", renderer->reads, MAX_TEXTS);
	if (renderer->run != NULL && renderer->run[0] == NULL) {
		yaml_fail(node, r->diags, "'run' of renderer '%s' names no program", name);
	} else if (renderer->run != NULL && !conf_is_program(renderer->run[0])) {
		yaml_fail(node, r->diags, "'%s' in 'run' is not the absolute path of a program",
			  renderer->run[0]);
	}
}

static void read_leader(struct conf_reader *r, struct yaml_node *root)
{
	struct yaml_node *map = yaml_get_map(root, "leader-election", r->diags);
	struct conf_leader *leader;

	if (map == NULL) {
		return;
	}
	leader = r->conf->kubernetes.leader = g_new0(struct conf_leader, 1);
	conf_read_section(r, map, "kubernetes.leader-election", leader);
	conf_end_section(r, map, "kubernetes.leader-election");
	if (leader->cluster != NULL && conf_cluster(r->conf, leader->cluster) == NULL) {
		yaml_fail(map, r->diags, "there is no cluster '%s' in the section 'kubernetes'",
			  leader->cluster);
	}
}

void conf_read_kubernetes(struct conf_reader *r, struct yaml_node *root)
{
	struct yaml_node *map = yaml_get_map(root, "kubernetes", r->diags);

	if (map != NULL) {
		conf_read_section(r, map, "kubernetes", &r->conf->kubernetes);
		bound(r, map, "exec-plugins", r->conf->kubernetes.exec_plugins, MAX_TEXTS);
		conf_read_named(r, map, "clusters", read_cluster);
		conf_read_named(r, map, "renderers", read_renderer);
		read_leader(r, map);
		conf_end_section(r, map, "kubernetes");
	}
}

static void check_clusters(struct conf_reader *r, const struct conf_stack *stack,
			   const struct yaml_node *at)
{
	char **names = stack->kubernetes->clusters;

	if (names != NULL && names[0] == NULL) {
		yaml_fail(at, r->diags, "'clusters' names none");
	}
	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		if (conf_cluster(r->conf, names[i]) == NULL) {
			yaml_fail(at, r->diags,
				  "there is no cluster '%s' in the section 'kubernetes'", names[i]);
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(names[i], names[j]) == 0) {
				yaml_fail(at, r->diags, "'clusters' names '%s' twice", names[i]);
				return;
			}
		}
	}
}

void conf_read_stack_kubernetes(struct conf_reader *r, struct yaml_node *node,
				struct conf_stack *stack)
{
	struct yaml_node *map = yaml_get_map(node, "kubernetes", r->diags);
	struct conf_stack_kubernetes *k;

	if (map == NULL) {
		return;
	}
	k = stack->kubernetes = g_new0(struct conf_stack_kubernetes, 1);
	k->cluster_scoped = yaml_get(map, "namespaces") == NULL;
	conf_read_section(r, map, "stacks.*.kubernetes", k);
	conf_end_section(r, map, "stacks.*.kubernetes");
	check_clusters(r, stack, map);
	bound(r, map, "clusters", k->clusters, MAX_CLUSTERS);
	bound(r, map, "namespaces", k->namespaces, MAX_TEXTS);
	bound(r, map, "as-groups", k->as_groups, MAX_TEXTS);
	if (k->namespaces != NULL && k->namespaces[0] == NULL) {
		yaml_fail(map, r->diags, "'namespaces' names none: leave it out to allow all");
	}
	if (k->as_groups != NULL && k->as == NULL) {
		yaml_fail(map, r->diags, "'as-groups' needs 'as'");
	}
	/* Root would run the plugins that the agent names. */
	if (g_strcmp0(stack->elevate, "none") != 0) {
		yaml_fail(map, r->diags,
			  "a stack with 'elevate' cannot touch clusters: make it two stacks");
	}
}
