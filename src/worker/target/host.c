/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of the host, each part read once. */
#include "worker/target/host.h"

#include "worker/target/systemd.h"

struct host {
	GHashTable *packages; /* manager's name to struct package_list */
	GHashTable *notes;
	struct systemd *managers[2]; /* the system's, the user's; NULL: not asked yet */
	GError *unreachable[2];
};

static void free_list(gpointer list)
{
	package_list_free(list);
}

struct host *host_new(void)
{
	struct host *host = g_new0(struct host, 1);

	host->packages = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
	host->notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
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
	g_hash_table_unref(host->notes);
	g_hash_table_unref(host->packages);
	g_free(host);
}

void host_forget(struct host *host)
{
	g_hash_table_remove_all(host->packages);
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
