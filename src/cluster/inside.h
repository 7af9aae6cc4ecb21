/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the files of this room share. */
#include <curl/curl.h>

#include "cluster/cluster.h"
#include "cluster/credentials.h"
#include "kube/config.h"

#define CLUSTER_STREAMS 32
#define CLUSTER_TIMEOUT 30
#define CLUSTER_TOTAL 300
#define CLUSTER_CONNECT 15     /* seconds */
#define CLUSTER_CONNECTIONS 16 /* where there is no HTTP/2 */

/* How the address is reached; worked out once. */
struct cluster_route {
	char *base;		       /* before each path */
	struct curl_slist *connect_to; /* when TLS has another name than the address; else NULL */
	char *host_header;	       /* "Host: ...", then; else NULL */
	char *proxy;		       /* "": none. May hold a password */
};

struct cluster {
	char *name;
	char *server; /* for messages */
	struct kube_config *config;
	struct cluster_route route;
	struct credential_source *source;
	CURLM *multi;
	GPtrArray *idle; /* CURL, of the credentials with number idle_of */
	unsigned idle_of;
	bool answered; /* ever */
	char *identity;
	struct kube_discovery *discovery;
};

void cluster_route_init(struct cluster_route *route, const struct kube_config *config);
void cluster_route_clear(struct cluster_route *route);
/* Everything but what this request is. */
void cluster_prepare(CURL *curl, const struct cluster *c, const struct credentials *credentials);
CURLM *cluster_multi_new(long connections);
/* The error for what libcurl says; status: of an answer, or of a proxy's. */
bool cluster_fail_curl(const struct cluster *c, CURL *curl, CURLcode code, const char *detail,
		       GError **error);
/* Is there hope that the same works a little later? */
bool cluster_may_pass(CURLcode code);
