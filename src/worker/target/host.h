/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a job knows of its host beyond paths: the packages that are installed,
 * the service managers. Each is asked when it is first needed and kept until
 * host_forget(), so that a plan of a thousand packages reads their list once.
 */
#include <glib.h>
#include <stdbool.h>

#include "worker/target/package.h"

struct host;
struct systemd;
struct cluster;
struct cluster_settings;
struct target_run;

struct host *host_new(void);
void host_free(struct host *host);
/* Something was done to the host: what was read of it is read again. Connections stay. */
void host_forget(struct host *host);
/* What a manager has installed; belongs to the host, until host_forget(). */
bool host_packages(struct host *host, const struct package_ops *ops,
		   const struct package_list **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A text to be found again under a name, also after host_forget(); NULL: none. */
const char *host_note(const struct host *host, const char *name);
void host_set_note(struct host *host, const char *name, const char *text);
/* A manager of services (worker/target/systemd.h), lent; NULL with error, which is then the same
 * until host_forget(). */
struct systemd *host_systemd(struct host *host, bool user, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* What the request says of clusters (struct cluster_settings): borrowed; NULL: it says nothing. */
void host_set_clusters(struct host *host, const GPtrArray *settings);
/* Borrowed; NULL: the request does not know it. */
const struct cluster_settings *host_cluster_settings(const struct host *host, const char *name);
/* A cluster of the request, lent; made when it is first asked for, and kept. */
bool host_cluster(struct host *host, const char *name, struct cluster **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* The apply that this host is known for, if it is one. */
void host_set_run(struct host *host, struct target_run *run);
struct target_run *host_run(const struct host *host);
/* Something that was read, to be found again until host_forget(); taken. NULL: none. */
void *host_memory(const struct host *host, const char *name);
void host_set_memory(struct host *host, const char *name, void *data, GDestroyNotify done);

typedef struct host host_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(host_auto, host_free)
