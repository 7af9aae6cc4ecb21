/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Which objects of a cluster are a stack's, written down in the cluster itself,
 * so that it is known after the agent has lost its state.
 *
 * There is one inventory for each stack and cluster: a ConfigMap, which is also
 * the parent of an ApplySet (KEP-3659), so that other tools see the set:
 *
 *	name		assent-STACK-DIGITS, the digits from AGENT/STACK
 *	namespace	what the agent's configuration says, never the commit
 *	label		applyset.kubernetes.io/id: the set's id
 *	annotations	assent.org/owner: AGENT/STACK, and the ApplySet's
 *	data		format: "1"; objects: a line of JSON for each object;
 *			parts: a line "NAME DIGEST" for each further ConfigMap
 *			that has more of those lines, which no set needs below
 *			some thousand objects
 *
 * Parts are named by their content and never changed: new ones are written
 * first, then the ConfigMap that names them, then the old ones go, so that a
 * reader finds the old list or the new one. It is never enough that an object
 * stands here: what is to be pruned must say itself that it is ours
 * (kube/order.h), and a person has approved that.
 *
 * Where the ConfigMap is not there, since nothing was applied yet or somebody
 * has deleted it, the list is what bears the ApplySet's label and our mark:
 * in the whole cluster, and of kinds that may not be listed there, in the
 * namespace of the list.
 *
 *	inventory_load(cluster, "web1/shop", inventory_namespace(settings, cluster),
 *		       &inventory, error) -- empty: there is nothing of the stack's
 *	entry = inventory_find(inventory, id)
 *	inventory_put(inventory, id, uid); inventory_drop(inventory, id);
 *	inventory_store(cluster, inventory, error)
 *	inventory_free(inventory)
 *
 * What is not as we write it is refused: BASE_ERROR_MALFORMED.
 */
#include <glib.h>
#include <stdbool.h>

#include "kube/id.h"
#include "kube/value.h"

#define INVENTORY_ERROR inventory_error_quark()
GQuark inventory_error_quark(void);
enum inventory_error {
	INVENTORY_ERROR_STALE, /* somebody has written it since: read it again */
};

#define INVENTORY_OWNER "assent.org/owner"  /* annotation, and */
#define INVENTORY_OF "assent.org/inventory" /* label of parts: whose they are */
#define INVENTORY_SET "applyset.kubernetes.io/id"
#define INVENTORY_TOOLING "applyset.kubernetes.io/tooling"
#define INVENTORY_KINDS "applyset.kubernetes.io/contains-group-kinds"
#define INVENTORY_NAMESPACES "applyset.kubernetes.io/additional-namespaces"
#define INVENTORY_MAX 100000			/* objects */
#define INVENTORY_PART_SIZE ((size_t)512 << 10) /* bytes of lines in one ConfigMap */
#define INVENTORY_MAX_PARTS 200

struct inventory_entry {
	struct kube_id *id; /* with the version that it was applied in */
	char *uid;	    /* NULL: it was about to be made when this was written */
};
struct inventory_part {
	char *name;   /* of its ConfigMap */
	char *digest; /* "sha256:..." of its lines */
};
struct inventory {
	char *owner; /* "AGENT/STACK" */
	char *namespace, *name;
	char *set;		      /* id of the ApplySet: what the objects' label says */
	char *uid, *resource_version; /* of the ConfigMap as it was read; NULL: there is none */
	GPtrArray *entries;	      /* struct inventory_entry, sorted by kube_id_compare() */
	GPtrArray *parts;	      /* struct inventory_part, as they were read */
	bool lost;	 /* it is not in the cluster, and these were found by their labels */
	unsigned unseen; /* kinds that were not looked for in other namespaces, since that is
			    forbidden */
};

/* owner: agent and stack with a '/' between them. */
struct inventory *inventory_new(const char *owner, const char *namespace);
void inventory_free(struct inventory *inventory);
typedef struct inventory inventory_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(inventory_auto, inventory_free)
/* Name of the ConfigMap; g_free(). */
char *inventory_name(const char *owner);
/* The ApplySet's id; g_free(). */
char *inventory_set_id(const char *owner, const char *namespace);

/* NULL: it does not stand there. In whatever version. */
const struct inventory_entry *inventory_find(const struct inventory *inventory,
					     const struct kube_id *id);
/* uid NULL: not known yet; then what is known stays. */
void inventory_put(struct inventory *inventory, const struct kube_id *id, const char *uid);
void inventory_drop(struct inventory *inventory, const struct kube_id *id);
struct inventory *inventory_dup(const struct inventory *inventory);
/* Do both name the same objects with the same uids? */
bool inventory_equal(const struct inventory *a, const struct inventory *b);

/* From the ConfigMap's value; parts must then be read, each once. */
bool inventory_read(struct inventory *inventory, const struct kube_value *map, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool inventory_read_part(struct inventory *inventory, const struct inventory_part *part,
			 const struct kube_value *map, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is to be applied: struct kube_value of each part, and last that of the ConfigMap that names
 * them. It has the resourceVersion and uid that were read, so that nothing newer is overwritten. */
GPtrArray *inventory_write(const struct inventory *inventory);

/* Where a stack's list is: as the agent's configuration says, else the context's namespace. */
struct cluster;
struct cluster_settings;
const char *inventory_namespace(const struct cluster_settings *settings,
				const struct cluster *cluster);
/* By requests (cluster/cluster.h). An inventory of another owner under our name is an error. */
bool inventory_load(struct cluster *cluster, const char *owner, const char *namespace,
		    struct inventory **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What inventory_load() does where there is none. */
bool inventory_find_lost(struct cluster *cluster, struct inventory *inventory, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* BASE_ERROR_NOT_FOUND: there is no such namespace; or INVENTORY_ERROR_STALE. After an error what
 * is in the cluster is the former or the new list. */
bool inventory_store(struct cluster *cluster, struct inventory *inventory, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
