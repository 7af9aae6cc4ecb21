/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The objects that manifests hold.
 *
 *	kube_objects_read(&source, objects, diags)            -- for each file
 *	for each object, when its scope is known from the server (discovery):
 *		kube_object_settle(object, scope, "shop", diags)
 *	kube_objects_check_unique(objects, diags)
 *
 * A file has any number of documents; empty ones count for nothing, a List (and each other kind
 * that ends in List and has items) stands for what is in it, and what is for kustomize is passed
 * over. Everything else is an object and has apiVersion, kind and metadata.name.
 *
 * What comes out is what an apply may send: without `status` and creationTimestamp, which are not
 * ours, and with a Secret's stringData as data, since servers never remove a key that stringData
 * brought. Refused, with the place: generateName, what only a server sets (uid, resourceVersion,
 * managedFields ...: left over from "get -o yaml"), and the types of types.h.
 */
#include "kube/id.h"
#include "kube/source.h"

struct kube_object {
	struct kube_id *id; /* namespace: as the manifest says, until it is settled */
	struct kube_value *value;
	char *file;
	struct kube_place place;
};
void kube_object_free(struct kube_object *object);

/* Appends struct kube_object to objects. JSON when the file's name ends in .json, else YAML.
 * False with diagnostics; some objects may have been appended. */
bool kube_objects_read(const struct kube_source *source, GPtrArray *objects,
		       struct diag_list *diags) G_GNUC_WARN_UNUSED_RESULT;

enum kube_scope { KUBE_SCOPE_NAMESPACE, KUBE_SCOPE_CLUSTER };
/* Gives an object of a namespace the default one, unless it names its own; in the value, too.
 * False with a diagnostic when it has one and is the cluster's, or has none and there is no
 * default (NULL). */
bool kube_object_settle(struct kube_object *object, enum kube_scope scope, const char *namespace,
			struct diag_list *diags) G_GNUC_WARN_UNUSED_RESULT;
/* No object twice, in whatever version; says both places. */
bool kube_objects_check_unique(const GPtrArray *objects, struct diag_list *diags)
	G_GNUC_WARN_UNUSED_RESULT;
