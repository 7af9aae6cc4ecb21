/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What an object is called: by us, by the server, by other tools.
 *
 *	kube_id_from_object(manifest, &id, error)      -- group, version, kind, namespace, name
 *	kube_id_plan(id, "prod")                       -- "k8s:prod/shop/Deployment/web"
 *	kube_id_inventory(id, &text, error)            -- "shop_web_apps_Deployment", and back
 *	kube_id_applyset("set", "shop", "Secret", "")  -- the ApplySet of KEP-3659
 *	kube_id_mark(owner, id)                        -- annotation that names its own object
 *
 * All texts of an id are there, "" for none, and have passed the checks, so that they may be put
 * into a path: no '/', no '%', neither "." nor "..". Two ids are the same object when group, kind,
 * namespace and name are the same; the version is a way to look at it.
 */
#include <glib.h>
#include <stdbool.h>

#include "kube/value.h"

#define KUBE_ID_MARK "assent.org/id" /* annotation of each object of ours */
#define KUBE_ID_PART_OF "applyset.kubernetes.io/part-of"

struct kube_id {
	char *group;   /* "" is the core group */
	char *version; /* "" in an inventory */
	char *kind;
	char *namespace; /* "": none, or not told yet */
	char *name;
};

void kube_id_free(struct kube_id *id);
typedef struct kube_id kube_id_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kube_id_auto, kube_id_free)
struct kube_id *kube_id_dup(const struct kube_id *id);
/* The same object, in whatever version. */
bool kube_id_equal(const struct kube_id *a, const struct kube_id *b);
/* By namespace, group, kind, name. */
int kube_id_compare(const struct kube_id *a, const struct kube_id *b);

/* "apps/v1" or "v1". */
bool kube_id_parse_version(const char *text, char **group, char **version, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
char *kube_id_version(const struct kube_id *id);
/* One of the server's own groups, not of custom kinds or an aggregated server. */
bool kube_id_is_own_group(const char *group);
/* From apiVersion, kind and metadata. generateName without a name is an error: an apply needs one.
 */
bool kube_id_from_object(const struct kube_value *object, struct kube_id **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* "k8s:CONTEXT/NAMESPACE/KIND/NAME", or "k8s:CONTEXT/KIND/NAME" without a namespace. KIND has the
 * group behind it ("Widget.example.org") unless it is one of Kubernetes' own whose kinds are like
 * no other's. '/' and '%' in a context are written %2F and %25. */
char *kube_id_plan(const struct kube_id *id, const char *context);
/* For people: "Deployment shop/web". */
char *kube_id_text(const struct kube_id *id);

/* As Flux and cli-utils write it: "<namespace>_<name>_<group>_<kind>", ':' in names of RBAC as
 * "__". A name with '_' has no such id, since nobody could read it back. */
bool kube_id_inventory(const struct kube_id *id, char **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
bool kube_id_parse_inventory(const char *text, struct kube_id **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The id of the ApplySet whose parent is called so. */
char *kube_id_applyset(const char *name, const char *namespace, const char *kind,
		       const char *group);

/* The annotation's text; owner has no ':'. */
char *kube_id_mark(const char *owner, const struct kube_id *id);
enum kube_mark {
	KUBE_MARK_NONE,	  /* no such text, or one that is not ours to read */
	KUBE_MARK_OURS,	  /* this owner, this object */
	KUBE_MARK_OTHERS, /* another owner, this object */
	KUBE_MARK_COPIED, /* it names another object: something copied it; never touch this one */
};
enum kube_mark kube_id_judge_mark(const char *text, const char *owner, const struct kube_id *id);
/* The owner that a mark names; NULL when it is no mark. g_free(). */
char *kube_id_mark_owner(const char *text);
