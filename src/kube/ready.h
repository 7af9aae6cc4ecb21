/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Whether an object has become what was asked for, from what stands in it.
 *
 * The rules are kstatus's, which Flux and cli-utils use, made stricter where
 * they call an object ready that no controller has looked at yet: kinds of apps
 * and custom kinds with a status need observedGeneration or a condition, a Job
 * must have completed, a failed Pod has failed, a load balancer needs an
 * address.
 *
 *	kube_ready_judge(object, &(struct kube_ready_how){.has_status = kind->has_status,
 *	                                                   .now = now}, &ready);
 *	... ready.state, ready.why ...
 *	kube_ready_clear(&ready);
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kube/value.h"

#define KUBE_READY_UNSCHEDULABLE 15 /* seconds that a Pod may be so before it counts as failed */

enum kube_state {
	KUBE_STATE_READY,
	KUBE_STATE_WAITING,
	KUBE_STATE_FAILED, /* as it is now; some come back */
	KUBE_STATE_TERMINATING,
};

struct kube_ready {
	enum kube_state state;
	char *why; /* "2 of 3 replicas are updated"; NULL when ready. English */
	/* Waits for an object that uses it: whoever holds back the others until it is ready waits
	 * for ever. */
	bool needs_user;
};

struct kube_ready_how {
	bool has_status; /* its kind has a subresource status */
	int64_t now;	 /* by the clock that the server's are compared with */
};

void kube_ready_judge(const struct kube_value *object, const struct kube_ready_how *how,
		      struct kube_ready *out);
void kube_ready_clear(struct kube_ready *ready);
const char *kube_state_name(enum kube_state state);
