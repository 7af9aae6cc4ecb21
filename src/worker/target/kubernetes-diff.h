/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a reviewer sees of an object of a cluster:
 *
 *	k8s:prod/shop/Deployment/web (apps/v1)
 *	-.spec.replicas = 2
 *	+.spec.replicas = 3
 *	 .spec.replicas is taken over from "kubectl-edit"
 *
 * A line for each field that changes, as servers write paths; texts of several
 * lines are compared by line. What is made or goes is shown whole. Values of
 * Secrets are keyed digests. A section ends with "... N more lines" where it is
 * cut; the digests beside it name what was not shown.
 */
#include "core/plan.h"
#include "worker/target/kubernetes-look.h"

/* Lines for plan_change.note. */
void kubernetes_diff_lines(GString *out, const struct look *look, enum plan_action action);
/* The head and the note. */
void kubernetes_diff_write(GString *out, const struct plan_change *change);
