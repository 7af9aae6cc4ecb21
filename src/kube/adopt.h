/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who made an object that is there before we apply it, and who would go on
 * changing it.
 *
 *	claims = kube_adopt_claims(live, fields, id, "assent")
 *	kube_adopt_keeps(live, wanted)     -- a take-over leaves its content as it is
 *
 * What tools write on an object is a hint and no proof: a label can be copied.
 * Argo CD's own rule is followed, that a tracking id which names another object
 * says nothing.
 */
#include <glib.h>
#include <stdbool.h>

#include "kube/id.h"
#include "kube/value.h"

enum kube_tool {
	KUBE_TOOL_KUBECTL,    /* kubectl apply, client-side: keeps what it applied in an annotation
			       */
	KUBE_TOOL_FLUX,	      /* a Kustomization */
	KUBE_TOOL_FLUX_HELM,  /* a HelmRelease */
	KUBE_TOOL_ARGO,	      /* an Application */
	KUBE_TOOL_HELM,	      /* a release */
	KUBE_TOOL_APPLYSET,   /* of kubectl apply --applyset, or another agent's */
	KUBE_TOOL_CONTROLLER, /* another object of the cluster */
	KUBE_TOOL_APPLIER,    /* another manager's server-side apply */
};
struct kube_claim {
	enum kube_tool tool;
	char *name;	 /* of what claims it, one line; "": not told */
	char *namespace; /* of that; "": none, or not told */
	bool fights;	 /* it puts back what we change, or deletes it, until it is told not to */
};
/* struct kube_claim; empty when nobody does. fields: the list metadata.managedFields, may be NULL;
 * own: our field manager. Live may be masked. */
GPtrArray *kube_adopt_claims(const struct kube_value *live, const struct kube_value *fields,
			     const struct kube_id *id, const char *own);
/* "flux", "argocd", ... */
const char *kube_tool_name(enum kube_tool tool);
/* "kept by Flux: Kustomization flux-system/apps"; g_free() */
char *kube_claim_text(const struct kube_claim *claim);
/* What to do about it before or after the take-over; g_free() */
char *kube_claim_advice(const struct kube_claim *claim);
/* Do they differ in nothing but our mark and the label of a set? */
bool kube_adopt_keeps(const struct kube_value *live, const struct kube_value *wanted);
