/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What is remembered of an object's metadata, to tell at the next sight whether
 * something happened to it that matters, and who did it.
 *
 *	now = kube_seen_new(object, "assent")
 *	if (kube_seen_judge(before, now, &change)) ... change.manager ...
 *	kube_change_clear(&change)
 *
 * What a controller writes into a status does not matter. Of kinds whose server
 * counts generations that is known for certain. Others (ConfigMap, Secret,
 * Service) are taken for changed unless only the manager of a status has left
 * its traces: a look too much costs little, one too few hides a change.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kube/value.h"

struct kube_seen;
/* own: whose applies are our own. NULL when it has no metadata, name or uid. */
struct kube_seen *kube_seen_new(const struct kube_value *object, const char *own);
void kube_seen_free(struct kube_seen *seen);
typedef struct kube_seen kube_seen_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(kube_seen_auto, kube_seen_free)
const char *kube_seen_uid(const struct kube_seen *seen);

struct kube_change {
	bool own;	   /* nobody but our own applies has left traces */
	char *manager;	   /* NULL: not known */
	char *subresource; /* of what it has written; NULL: the object */
	int64_t time;	   /* POSIX seconds, 0: not known */
};
void kube_change_clear(struct kube_change *change);
/* before may be NULL: all of it is new. out is filled only when something happened that matters;
 * NULL: who is not wanted. */
bool kube_seen_judge(const struct kube_seen *before, const struct kube_seen *now,
		     struct kube_change *out);
