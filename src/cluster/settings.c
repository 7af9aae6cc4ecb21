/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings of clusters, to and from the requests of jobs. */
#include "cluster/settings.h"

#include <string.h>

#define MAX_TEXT 4096
#define MAX_TEXTS 256

struct cluster_settings *cluster_settings_new(const char *name)
{
	struct cluster_settings *settings = g_new0(struct cluster_settings, 1);

	settings->name = g_strdup(name);
	settings->events = true;
	return settings;
}

struct cluster_settings *cluster_settings_dup(const struct cluster_settings *settings)
{
	struct cluster_settings *copy = cluster_settings_new(settings->name);

	copy->kubeconfig = g_strdup(settings->kubeconfig);
	copy->context = g_strdup(settings->context);
	copy->in_cluster = settings->in_cluster;
	copy->exec_plugins = g_strdupv(settings->exec_plugins);
	copy->as = g_strdup(settings->as);
	copy->as_groups = g_strdupv(settings->as_groups);
	copy->inventory = g_strdup(settings->inventory);
	copy->events = settings->events;
	return copy;
}

void cluster_settings_free(struct cluster_settings *settings)
{
	if (settings == NULL) {
		return;
	}
	g_free(settings->name);
	g_free(settings->kubeconfig);
	g_free(settings->context);
	g_strfreev(settings->exec_plugins);
	g_free(settings->as);
	g_strfreev(settings->as_groups);
	g_free(settings->inventory);
	g_free(settings);
}

static void free_item(void *settings)
{
	cluster_settings_free(settings);
}

GPtrArray *cluster_settings_list_new(void)
{
	return g_ptr_array_new_with_free_func(free_item);
}

struct cluster_settings *cluster_settings_find(const GPtrArray *list, const char *name)
{
	for (guint i = 0; list != NULL && i < list->len; i++) {
		struct cluster_settings *settings = list->pdata[i];

		if (strcmp(settings->name, name) == 0) {
			return settings;
		}
	}
	return NULL;
}

static void write_texts(struct json_writer *w, const char *name, char *const *texts)
{
	if (texts == NULL) {
		return;
	}
	json_w_array(w, name);
	for (; *texts != NULL; texts++) {
		json_w_str(w, NULL, *texts);
	}
	json_w_end(w);
}

static void write_text(struct json_writer *w, const char *name, const char *text)
{
	if (text != NULL) {
		json_w_str(w, name, text);
	}
}

void cluster_settings_write(struct json_writer *w, const char *name, const GPtrArray *list)
{
	json_w_array(w, name);
	for (guint i = 0; list != NULL && i < list->len; i++) {
		const struct cluster_settings *settings = list->pdata[i];

		json_w_object(w, NULL);
		write_text(w, "as", settings->as);
		write_texts(w, "as_groups", settings->as_groups);
		write_text(w, "context", settings->context);
		if (!settings->events) {
			json_w_bool(w, "events", false);
		}
		write_texts(w, "exec_plugins", settings->exec_plugins);
		json_w_bool(w, "in_cluster", settings->in_cluster);
		write_text(w, "inventory", settings->inventory);
		write_text(w, "kubeconfig", settings->kubeconfig);
		json_w_str(w, "name", settings->name);
		json_w_end(w);
	}
	json_w_end(w);
}

static char **read_texts(struct json_obj *o, const char *name, bool paths)
{
	g_autoptr(GStrvBuilder) texts = g_strv_builder_new();
	struct json_arr list;
	size_t count;

	if (!json_has(o, name)) {
		return NULL;
	}
	count = json_arr_get(o, name, MAX_TEXTS, &list);
	for (size_t i = 0; i < count; i++) {
		const char *text = json_arr_str(&list, i, MAX_TEXT);

		if (text != NULL && paths && text[0] != '/') {
			json_obj_fail(o, name, "must have absolute paths");
		}
		g_strv_builder_add(texts, text != NULL ? text : "");
	}
	return g_strv_builder_end(texts);
}

static struct cluster_settings *read_one(struct json_obj *o, const GPtrArray *before)
{
	const char *name = json_str(o, "name", MAX_TEXT);
	struct cluster_settings *settings = cluster_settings_new(name != NULL ? name : "");

	settings->kubeconfig = g_strdup(json_str_opt(o, "kubeconfig", MAX_TEXT));
	settings->context = g_strdup(json_str_opt(o, "context", MAX_TEXT));
	settings->in_cluster = json_bool(o, "in_cluster");
	settings->inventory = g_strdup(json_str_opt(o, "inventory", MAX_TEXT));
	settings->events = json_bool_opt(o, "events", true);
	settings->exec_plugins = read_texts(o, "exec_plugins", true);
	settings->as = g_strdup(json_str_opt(o, "as", MAX_TEXT));
	settings->as_groups = read_texts(o, "as_groups", false);
	if (cluster_settings_find(before, settings->name) != NULL) {
		json_obj_fail(o, "name", "stands there twice");
	}
	if (settings->as == NULL && settings->as_groups != NULL) {
		json_obj_fail(o, "as_groups", "needs 'as'");
	}
	if (settings->in_cluster && (settings->kubeconfig != NULL || settings->context != NULL)) {
		json_obj_fail(o, "in_cluster", "and a kubeconfig");
	}
	json_obj_end(o);
	return settings;
}

GPtrArray *cluster_settings_read(struct json_obj *o, const char *name)
{
	g_autoptr(GPtrArray) list = cluster_settings_list_new();
	struct json_arr items;
	size_t count;

	if (!json_has(o, name)) {
		return NULL;
	}
	count = json_arr_get(o, name, CLUSTER_MAX, &items);
	for (size_t i = 0; i < count; i++) {
		struct json_obj item;

		if (json_arr_obj(&items, i, &item)) {
			g_ptr_array_add(list, read_one(&item, list));
		}
	}
	return json_doc_status(o->doc, NULL) == 0 ? g_steal_pointer(&list) : NULL;
}
