/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which kinds a server knows, and where their objects are.
 *
 * What the server said is read document by document, in whichever of the three
 * forms it answered: aggregated v2 or v2beta1 (two documents, /api and /apis),
 * or the older one, of which kube_discovery_missing() tells what to ask next.
 *
 *	d = kube_discovery_new();
 *	kube_discovery_read(d, api, error); kube_discovery_read(d, apis, error);
 *	paths = kube_discovery_missing(d);     -- empty after aggregated documents
 *	kind = kube_discovery_find(d, "apps", "v1", "Deployment", &stale);
 *	path = kube_discovery_path(kind, "shop", "web", NULL, error);
 *
 * What was read once stays: after a change of CRDs, a new table is begun.
 *
 * Plurals are never guessed. A group whose own server does not answer is stale:
 * that a kind is absent there means nothing.
 */
#include <glib.h>
#include <stdbool.h>

#include "kube/value.h"

#define KUBE_DISCOVERY_ACCEPT                                                                      \
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"                    \
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"               \
	"application/json"
#define KUBE_DISCOVERY_MAX 50000 /* kinds */

enum kube_verb {
	KUBE_VERB_GET = 1 << 0,
	KUBE_VERB_LIST = 1 << 1,
	KUBE_VERB_WATCH = 1 << 2,
	KUBE_VERB_CREATE = 1 << 3,
	KUBE_VERB_PATCH = 1 << 4,
	KUBE_VERB_DELETE = 1 << 5,
};
#define KUBE_VERBS_APPLY (KUBE_VERB_GET | KUBE_VERB_PATCH)

struct kube_kind {
	char *group, *version, *kind;
	char *resource; /* as it stands in paths: "deployments" */
	bool namespaced;
	bool has_status; /* a subresource status */
	unsigned verbs;
};

struct kube_discovery;
struct kube_discovery *kube_discovery_new(void);
void kube_discovery_free(struct kube_discovery *d);
typedef struct kube_discovery kube_discovery_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kube_discovery_auto, kube_discovery_free)

/* After an error d is as it was, or has a part of the document: of no use. */
bool kube_discovery_read(struct kube_discovery *d, const struct kube_value *document,
			 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Paths whose documents have not been read yet, in the server's order; strings. */
GPtrArray *kube_discovery_missing(const struct kube_discovery *d);
/* That document could not be had. */
void kube_discovery_mark_stale(struct kube_discovery *d, const char *group, const char *version);

/* NULL when absent; then *stale tells whether that can be believed. Borrowed. */
const struct kube_kind *kube_discovery_find(const struct kube_discovery *d, const char *group,
					    const char *version, const char *kind, bool *stale);
/* In the version that the server prefers, among those that have the kind. */
const struct kube_kind *kube_discovery_preferred(const struct kube_discovery *d, const char *group,
						 const char *kind, bool *stale);
/* Each kind once, in the version that the server prefers; struct kube_kind, borrowed. */
GPtrArray *kube_discovery_kinds(const struct kube_discovery *d);
/* "/apis/apps/v1/namespaces/shop/deployments/web/status"; name NULL: the collection, namespace ""
 * then means all of them. An error for a namespace where there is none, or none where it must be.
 */
bool kube_discovery_path(const struct kube_kind *kind, const char *namespace, const char *name,
			 const char *subresource, char **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
