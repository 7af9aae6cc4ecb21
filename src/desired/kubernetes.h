/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The objects that a resource `kubernetes` of the manifest stands for.
 *
 * desired_load() reads them out of the repository and says everything that can
 * be said without a cluster, so that `assent lint` and the worker say the same.
 * The worker goes on, for each object:
 *
 *	kubernetes_take()	 -- what a renderer printed, instead of r->kubernetes->objects
 *	kube_object_settle()	 -- its namespace, when discovery has told its scope
 *	kubernetes_unseal()	 -- its sealed values
 *	kubernetes_check_unique() -- of all resources, when all are settled
 *
 * A value of a Secret may be sealed (`assent seal`): under stringData as it is,
 * under data in base64. It is bound as other sealed texts are; where the label
 * names a place that is "k8s:CONTEXT/NAMESPACE/Secret/NAME/KEY" (kube_id_plan()
 * and the key). Opened, a text loses one newline at its end.
 */
#include "desired/desired.h"
#include "kube/object.h"

/* Objects of what a renderer of r printed, as if they stood in a file "render:NAME". False with
 * diagnostics. */
bool kubernetes_take(const struct desired_resource *r, const char *text, size_t len,
		     GPtrArray *objects, struct diag_list *diags) G_GNUC_WARN_UNUSED_RESULT;
/* Does it have sealed values? */
bool kubernetes_is_sealed(const struct kube_object *object);
/* Opens them in place; unseal as in struct desired_env. False with diagnostics, and then the object
 * is of no use. */
bool kubernetes_unseal(struct kube_object *object, const char *context, desired_unseal_fn *unseal,
		       void *data, struct diag_list *diags) G_GNUC_WARN_UNUSED_RESULT;
/* No object twice in one cluster, of all resources (struct desired_resource). While they are not
 * settled, what names no namespace is taken for one of the default's. every_host: as in struct
 * desired_env. False with diagnostics. */
bool kubernetes_check_unique(const GPtrArray *resources, bool settled, bool every_host,
			     struct diag_list *diags);
