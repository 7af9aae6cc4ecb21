/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the configuration to what jobs are told of clusters. */
#include "agent/clusters.h"

#include <string.h>

/* The first namespace that has a name of its own; NULL: that of the cluster's context. A stack that
 * may not touch that one has its list where it may touch something. */
static char *inventory_of(const struct conf_stack_kubernetes *k)
{
	for (char **name = k->namespaces; name != NULL && *name != NULL; name++) {
		if (strpbrk(*name, "*?[") == NULL) {
			return g_strdup(*name);
		}
	}
	return NULL;
}

static struct cluster_settings *settings_of(const struct conf *conf, const char *name)
{
	const struct conf_cluster *c = conf_cluster(conf, name);
	struct cluster_settings *settings = cluster_settings_new(name);

	settings->kubeconfig = g_strdup(c->kubeconfig);
	settings->context = g_strdup(c->context);
	settings->in_cluster = c->in_cluster;
	settings->exec_plugins = g_strdupv(conf->kubernetes.exec_plugins);
	return settings;
}

GPtrArray *clusters_named(const struct conf *conf, const char *name)
{
	GPtrArray *list = cluster_settings_list_new();

	g_ptr_array_add(list, settings_of(conf, name));
	return list;
}

GPtrArray *clusters_of(const struct conf *conf, const struct conf_stack *stack)
{
	const struct conf_stack_kubernetes *k = stack->kubernetes;
	GPtrArray *list;

	if (k == NULL) {
		return NULL;
	}
	list = cluster_settings_list_new();
	for (char **name = k->clusters; *name != NULL; name++) {
		struct cluster_settings *settings = settings_of(conf, *name);

		settings->as = g_strdup(k->as);
		settings->as_groups = g_strdupv(k->as_groups);
		settings->inventory = inventory_of(k);
		settings->events = k->events;
		g_ptr_array_add(list, settings);
	}
	return list;
}

struct cluster_scope *clusters_scope(const struct conf_stack *stack)
{
	struct cluster_scope *scope;

	if (stack->kubernetes == NULL) {
		return NULL;
	}
	scope = g_new0(struct cluster_scope, 1);
	scope->namespaces = g_strdupv(stack->kubernetes->namespaces);
	scope->cluster_scoped = stack->kubernetes->cluster_scoped;
	return scope;
}

void clusters_write(struct json_writer *w, const struct conf *conf, const struct conf_stack *stack)
{
	g_autoptr(GPtrArray) list = clusters_of(conf, stack);

	if (list != NULL) {
		cluster_settings_write(w, "clusters", list);
	}
}

static void write_texts(struct json_writer *w, const char *name, char *const *texts)
{
	json_w_array(w, name);
	for (; texts != NULL && *texts != NULL; texts++) {
		json_w_str(w, NULL, *texts);
	}
	json_w_end(w);
}

/* What is the agent's own: no renderer sees it, whatever the configuration says. */
static void write_hidden(struct json_writer *w, const struct conf *conf)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *file = g_canonicalize_filename(conf->file, NULL);

	g_ptr_array_add(paths, g_path_get_dirname(file));
	g_ptr_array_add(paths, g_strdup(conf->state_dir));
	g_ptr_array_add(paths, g_path_get_dirname(conf->socket));
	for (guint i = 0; i < conf->kubernetes.clusters->len; i++) {
		const struct conf_cluster *c = conf->kubernetes.clusters->pdata[i];

		if (c->kubeconfig != NULL) {
			g_ptr_array_add(paths, g_strdup(c->kubeconfig));
		}
	}
	g_ptr_array_add(paths, g_build_filename(g_get_home_dir(), ".kube", NULL));
	g_ptr_array_add(paths, NULL);
	write_texts(w, "hidden", (char *const *)paths->pdata);
}

static void write_renderer(struct json_writer *w, const struct conf *conf,
			   const struct conf_renderer *renderer)
{
	json_w_object(w, NULL);
	if (renderer->reads != NULL) {
		write_hidden(w, conf);
	}
	json_w_str(w, "name", renderer->name);
	if (renderer->reads != NULL) {
		write_texts(w, "reads", renderer->reads);
	}
	write_texts(w, "run", renderer->run);
	json_w_int(w, "timeout", renderer->timeout);
	json_w_end(w);
}

void clusters_write_plan(struct json_writer *w, const struct conf *conf,
			 const struct conf_stack *stack)
{
	g_autoptr(cluster_scope_auto) scope = clusters_scope(stack);

	if (scope == NULL) {
		return;
	}
	clusters_write(w, conf, stack);
	cluster_scope_write(w, "cluster_scope", scope);
	json_w_array(w, "renderers");
	for (guint i = 0; i < conf->kubernetes.renderers->len; i++) {
		write_renderer(w, conf, conf->kubernetes.renderers->pdata[i]);
	}
	json_w_end(w);
}

/* free(); NULL: it cannot be written, and the request says why. */
static char *text_of(const struct conf *conf, const struct conf_stack *stack)
{
	struct json_writer *w = json_writer_new(0);
	struct assent_error err;
	char *text = NULL;
	size_t len;

	json_w_object(w, NULL);
	clusters_write_plan(w, conf, stack);
	json_w_end(w);
	return json_writer_finish(w, &text, &len, &err) == 0 ? text : NULL;
}

bool clusters_same(const struct conf *a, const struct conf_stack *x, const struct conf *b,
		   const struct conf_stack *y)
{
	char *before = text_of(a, x), *after = text_of(b, y);
	bool same = before != NULL && after != NULL && strcmp(before, after) == 0;

	free(before);
	free(after);
	return same;
}

bool clusters_allow(const struct conf_stack *stack, const struct plan *plan)
{
	g_autoptr(cluster_scope_auto) scope = clusters_scope(stack);

	for (size_t i = 0; i < plan->changes_count; i++) {
		const struct plan_change *c = &plan->changes[i];
		g_autofree char *problem = NULL;

		if (c->object == NULL) {
			continue;
		}
		problem = cluster_scope_problem(scope, c->object->namespace);
		if (problem != NULL ||
		    !g_strv_contains((const char *const *)stack->kubernetes->clusters,
				     c->manager)) {
			return false;
		}
	}
	return true;
}
