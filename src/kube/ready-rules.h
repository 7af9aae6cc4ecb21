/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* The rules of single kinds, for kube/ready.c alone. A new one is a function and a line in the
 * table at the end of ready-rules.c. */
#include "kube/ready.h"

/* Leaves out as it is when the object is ready; else true by ready_say(). */
typedef bool ready_rule(const struct kube_value *object, const struct kube_ready_how *how,
			struct kube_ready *out);
ready_rule *ready_rule_find(const char *group, const char *kind);

bool ready_say(struct kube_ready *out, enum kube_state state, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
const struct kube_value *ready_condition(const struct kube_value *object, const char *type);
bool ready_condition_is(const struct kube_value *object, const char *type, const char *status);
