/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * In which order objects are applied and pruned, and which may be pruned at all.
 *
 * Objects of one stage may be applied side by side once those of the stages
 * before are ready; kube_order_compare() is for those who go one by one, and
 * for plans, where it is the order that people read. Pruning goes backwards.
 */
#include <stdbool.h>

#include "kube/id.h"
#include "kube/value.h"

#define KUBE_ORDER_PROTECT "assent.org/prune" /* "disabled" */

enum kube_stage {
	KUBE_STAGE_GROUND,  /* namespaces, CRDs, cluster roles */
	KUBE_STAGE_CLASSES, /* kinds whose names end in Class */
	KUBE_STAGE_REST,
	KUBE_STAGE_HOOKS, /* what the server asks before it answers others: last, since they need
			   * their pods */
};
enum kube_stage kube_order_stage(const struct kube_id *id);
/* By stage, kind, namespace and name. */
int kube_order_compare(const struct kube_id *a, const struct kube_id *b);
int kube_order_compare_prune(const struct kube_id *a, const struct kube_id *b);
/* Deleting it takes more with it than itself: content, volumes, objects of its kind. */
bool kube_order_is_grave(const struct kube_id *id);
/* Is id among that: in this namespace, or of this custom kind? live is the one that would go. */
bool kube_order_takes(const struct kube_id *gone, const struct kube_value *live,
		      const struct kube_id *id);

enum kube_prune {
	KUBE_PRUNE_ALLOWED,
	KUBE_PRUNE_PROTECTED, /* an annotation of ours, Flux's, Argo CD's or Helm's */
	KUBE_PRUNE_COPIED,    /* its mark names another object */
	KUBE_PRUNE_OTHERS,    /* its mark or its label names another owner, or none */
	KUBE_PRUNE_RECREATED, /* not the object that we applied */
	KUBE_PRUNE_OWNED,     /* a controller made it and would make it again */
};
/* What we know of the object, and what it must say itself. */
struct kube_prune_of {
	const struct kube_id *id;
	const char *uid;   /* from the inventory */
	const char *owner; /* of its mark */
	const char *set;   /* ApplySet id of its label */
};
/* Allowed only when the inventory, the label and the mark agree. */
enum kube_prune kube_order_judge_prune(const struct kube_value *live,
				       const struct kube_prune_of *of);
/* For people and logs: "protected by its annotation", ... */
const char *kube_prune_text(enum kube_prune verdict);
