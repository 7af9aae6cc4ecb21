/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Events in the clusters, about the objects that an apply has changed, or failed at.
 *
 * What was done is remembered while it is done (kubernetes-group.h), and told once, when the
 * transaction has come to its end. Whether it could be told decides nothing: what went wrong
 * becomes the remark of one step of that cluster, unless all of them have something to say.
 */
#include "worker/target/target.h"

#define KUBE_EVENTS_MAX 100   /* objects of a plan */
#define KUBE_EVENTS_WITHIN 10 /* seconds, for all clusters */

/* plan: what it is called in the notes, "plan 0123456789ab of stack 'shop'"; no secret. Takes at
 * most so many seconds. */
void kube_events_send(struct target_run *run, const char *plan, unsigned within);
