/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What the agent's configuration says of one cluster. It travels in the requests
 * of jobs as JSON; nothing of it is a secret: those stand in the kubeconfig, or
 * are made by a program of exec_plugins.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/json.h"

#define CLUSTER_MAX 64 /* of one request */

struct cluster_settings {
	char *name;	     /* in manifests (`context:`) and plan ids */
	char *kubeconfig;    /* file; NULL: $KUBECONFIG and ~/.kube/config */
	char *context;	     /* in that file; NULL: name */
	bool in_cluster;     /* the pod's service account instead */
	char **exec_plugins; /* absolute paths that may be run for credentials; NULL: none */
	char *as;	     /* impersonation; NULL: none, or what the kubeconfig says */
	char **as_groups;
	char *inventory; /* namespace of the list of the stack's objects; NULL: the context's */
	bool events;	 /* an apply tells on objects what it has done with them */
};

struct cluster_settings *cluster_settings_new(const char *name);
struct cluster_settings *cluster_settings_dup(const struct cluster_settings *settings);
void cluster_settings_free(struct cluster_settings *settings);
typedef struct cluster_settings cluster_settings_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cluster_settings_auto, cluster_settings_free)

/* Of struct cluster_settings, which it owns. */
GPtrArray *cluster_settings_list_new(void);
/* Borrowed; NULL: none of that name. */
struct cluster_settings *cluster_settings_find(const GPtrArray *list, const char *name);

void cluster_settings_write(struct json_writer *w, const char *name, const GPtrArray *list);
/* NULL: absent, or bad, which is then the document's error. */
GPtrArray *cluster_settings_read(struct json_obj *o, const char *name);
