/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The objects of one cluster in a plan: what plan-kubernetes*.c share.
 *
 * plan-kubernetes.c		which objects, in which namespaces, of which kinds; asks the cluster
 * plan-kubernetes-judge.c	what that means: changes, or what a person must correct
 * plan-kubernetes-ours.c	whether a field that somebody else owns now was ours
 * plan-kubernetes-adopt.c	whose an object is that is there and not ours yet
 */
#include "cluster/inventory.h"
#include "worker/plan.h"
#include "worker/target/kubernetes-look.h"

/* An object that is wanted, or that is to go. */
struct kube_wanted {
	const struct desired_resource *resource; /* NULL: it is to go */
	struct kube_object *object;		 /* borrowed from the resource; NULL: it is to go */
	const struct kube_id *id;		 /* of the object, or of the inventory's entry */
	const char *uid;	 /* of the inventory; NULL: it does not stand there */
	struct kube_kind kind;	 /* texts are borrowed or kept */
	bool served;		 /* the cluster knows the kind already */
	struct kube_value *body; /* NULL: it is to go */
	struct look *look;	 /* borrowed */
};
struct kube_part {
	struct planner *p;
	const char *context;
	const struct cluster_settings *settings;
	struct cluster *cluster;
	const struct kube_discovery *discovery;
	const char *identity;
	char *owner;		     /* "AGENT/STACK" */
	struct inventory *inventory; /* as it stands in the cluster */
	GPtrArray *resources;	     /* struct desired_resource */
	GPtrArray *wanted;	     /* struct kube_wanted, in the order of applying */
	GPtrArray *gone;	     /* the same of what is to go, in the order of pruning */
	GPtrArray *looks;
};
struct kube_wanted *kube_wanted_new(void);
void kube_wanted_free(void *wanted);
/* At the object's place in its manifest. */
void kube_part_fail(struct kube_part *part, const struct kube_wanted *w, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* What was found becomes items of the plan. */
bool kube_part_judge(struct kube_part *part, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Did the body that was applied last have this field, as servers write it in a conflict
 * (".spec.containers[name=\"web\"].image")? Then who has it now has taken it from us. */
bool kube_part_had(struct kube_part *part, const struct kube_wanted *w, const char *field);
/* Is there such a field? */
bool kube_field_is_in(const struct kube_value *value, const char *field);

/* Is it there, and not ours yet? */
bool kube_part_is_new(const struct kube_part *part, const struct kube_wanted *w);
/* Of such an object, for the reader of its change: whose it is, and whether its content stays. */
void kube_part_remark(struct kube_part *part, const struct kube_wanted *w, GString *note);
/* The same for an inquiry; problems (texts, taken): why nothing would be planned. */
void kube_part_find(struct kube_part *part, const struct kube_wanted *w, GPtrArray *problems);
