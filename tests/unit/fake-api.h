/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * fake-api.py beside a test: an API server that does what a path says, on ports
 * of its own, with certificates made for this run.
 *
 *	fake_api_start();
 *	g_autoptr(cluster_auto) c = fake_api_cluster("server", "token: first");
 *	... "/flaky/429/2/0/mine"
 *	fake_api_count("/flaky/429/2/0/mine");
 *	fake_api_stop();
 */
#include "cluster/cluster.h"

void fake_api_start(void);
void fake_api_stop(void);
/* "server", "named", "plain", "proxy", "locked", "tls_proxy", "socks". */
int fake_api_port(const char *which);
/* A file of its folder, which is the test's to write to; g_free(). */
char *fake_api_path(const char *name);
void fake_api_write(const char *name, const char *text);
/* Settings of a kubeconfig with these lines of YAML, in flow style, for cluster and user; the name
 * is "fake". cluster NULL: this port with its authority. */
struct cluster_settings *fake_api_settings(const char *which, const char *cluster,
					   const char *user);
struct cluster *fake_api_cluster(const char *which, const char *user);
/* The error of a file that cannot be used is the test's. */
struct cluster *fake_api_open(const struct cluster_settings *settings);
/* How often this path was asked for. */
int64_t fake_api_count(const char *path);
/* What the servers saw: "connections", "proxied", "socks", "most". */
struct kube_value *fake_api_seen(void);
/* One call with a good answer. */
struct cluster_call *fake_api_get(struct cluster *c, const char *path);
