/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What of an object belongs to whom, by its managedFields, and what to apply so
 * that it becomes again what it was.
 *
 * All values are bodies for an apply: apiVersion, kind, name and namespace, and
 * of the rest what is asked for. Freed by kube_value_free().
 */
#include <stdbool.h>

#include "kube/value.h"

/* What MANAGER has applied; NULL when it owns nothing. Fields of subresources do not count. */
struct kube_value *kube_owned_by(const struct kube_value *object, const char *manager);
/* What anybody has asked for: what the server has made up or a controller has put into the status
 * is left out. For an object that is to be made again. */
struct kube_value *kube_owned_by_all(const struct kube_value *object);
/* After manager has changed an object from before to now: what it must apply to take that back.
 * That is what it had applied, and the old values of what it has taken from others. */
struct kube_value *kube_owned_back(const struct kube_value *before, const struct kube_value *now,
				   const char *manager);
