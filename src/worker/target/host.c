/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of the host, each part read once. */
#include "worker/target/host.h"

#include "base/error.h"
#include "cluster/cluster.h"
#include "worker/target/systemd.h"

struct host {
	GHashTable *packages; /* manager's name to struct package_list */
	GHashTable *notes;
	struct systemd *managers[2]; /* the system's, the user's; NULL: not asked yet */
	GError *unreachable[2];
	const GPtrArray *settings; /* struct cluster_settings */
	GHashTable *clusters;	   /* name to struct cluster */
	GHashTable *memory;	   /* name to struct memory */
	struct target_run *run;
};

struct memory {
	void *data;
	GDestroyNotify done;
};

static void free_memory(gpointer item)
{
	struct memory *memory = item;

	memory->done(memory->data);
	g_free(memory);
}

static void free_cluster(gpointer cluster)
{
	cluster_free(cluster);
}

static void free_list(gpointer list)
{
	package_list_free(list);
}

struct host *host_new(void)
{
	struct host *host = g_new0(struct host, 1);

	host->packages = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
	host->notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	host->clusters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_cluster);
	host->memory = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_memory);
	return host;
}

void host_free(struct host *host)
{
	if (host == NULL) {
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(host->managers); i++) {
		systemd_free(host->managers[i]);
		g_clear_error(&host->unreachable[i]);
	}
	g_hash_table_unref(host->memory);
	g_hash_table_unref(host->clusters);
	g_hash_table_unref(host->notes);
	g_hash_table_unref(host->packages);
	g_free(host);
}

void host_forget(struct host *host)
{
	g_hash_table_remove_all(host->packages);
	g_hash_table_remove_all(host->memory);
	for (size_t i = 0; i < G_N_ELEMENTS(host->managers); i++) {
		g_clear_error(&host->unreachable[i]);
	}
}

bool host_packages(struct host *host, const struct package_ops *ops,
		   const struct package_list **out, GError **error)
{
	static const struct package_run run = {.lock_wait = PACKAGE_LOCK_WAIT};
	struct package_list *list = g_hash_table_lookup(host->packages, ops->name);

	if (list == NULL) {
		if (!ops->list(&run, &list, error)) {
			return false;
		}
		g_hash_table_insert(host->packages, (gpointer)ops->name, list);
	}
	*out = list;
	return true;
}

const char *host_note(const struct host *host, const char *name)
{
	return g_hash_table_lookup(host->notes, name);
}

void host_set_note(struct host *host, const char *name, const char *text)
{
	g_hash_table_insert(host->notes, g_strdup(name), g_strdup(text));
}

struct systemd *host_systemd(struct host *host, bool user, GError **error)
{
	struct systemd **s = &host->managers[user ? 1 : 0];
	GError **unreachable = &host->unreachable[user ? 1 : 0];

	if (*s != NULL && systemd_is_closed(*s)) {
		g_clear_pointer(s, systemd_free);
	}
	if (*s == NULL && *unreachable == NULL) {
		if (!systemd_open(user, s, unreachable)) {
			g_debug("%s", (*unreachable)->message);
		}
	}
	if (*s == NULL && error != NULL) {
		*error = g_error_copy(*unreachable);
	}
	return *s;
}

void host_set_clusters(struct host *host, const GPtrArray *settings)
{
	host->settings = settings;
}

const struct cluster_settings *host_cluster_settings(const struct host *host, const char *name)
{
	return cluster_settings_find(host->settings, name);
}

bool host_cluster(struct host *host, const char *name, struct cluster **out, GError **error)
{
	const struct cluster_settings *settings = host_cluster_settings(host, name);
	struct cluster *cluster = g_hash_table_lookup(host->clusters, name);

	if (settings == NULL) {
		return fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
			    "this stack may touch no cluster '%s', says the agent's configuration",
			    name);
	}
	if (cluster == NULL) {
		cluster = cluster_new(settings, error);
		if (cluster == NULL) {
			return false;
		}
		g_hash_table_insert(host->clusters, g_strdup(name), cluster);
	}
	*out = cluster;
	return true;
}

void host_set_run(struct host *host, struct target_run *run)
{
	host->run = run;
}

struct target_run *host_run(const struct host *host)
{
	return host->run;
}

void *host_memory(const struct host *host, const char *name)
{
	const struct memory *memory = g_hash_table_lookup(host->memory, name);

	return memory != NULL ? memory->data : NULL;
}

void host_set_memory(struct host *host, const char *name, void *data, GDestroyNotify done)
{
	struct memory *memory = g_new0(struct memory, 1);

	*memory = (struct memory){.data = data, .done = done};
	g_hash_table_insert(host->memory, g_strdup(name), memory);
}
