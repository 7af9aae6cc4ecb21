/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Objects without noise: what of them is compared, shown, and bound to an approval.
 *
 * Both sides come from the server (the object as it is, and the answer of a dry
 * run of the apply), so that defaults and units are written alike. In order:
 *
 *	kube_normal_data(manifest, error)             -- before the apply: stringData
 *	kube_normal_strip(live, kind->has_status); kube_normal_strip(wanted, kind->has_status);
 *	kube_normal_generated(wanted, manifest, live) -- what a dry run invents
 *	kube_normal_mask(live, fn, data); kube_normal_mask(wanted, fn, data);
 *	kube_value_equal(live, wanted); kube_diff(live, wanted);
 *	kube_normal_digest(&observed, &hash)
 *
 * What is digested and shown has passed the mask, so that no digest lets a
 * Secret be guessed.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/hash.h"
#include "kube/id.h"
#include "kube/value.h"

/* Drops what the server keeps for itself. status is dropped only when its kind has it as a
 * subresource: else it is the manifest's, like the rest. */
void kube_normal_strip(struct kube_value *object, bool has_status);
/* Drops from a dry run's answer what is made up anew at each call and was asked for neither by the
 * manifest nor is there already (live may be NULL): addresses and node ports of Services, the
 * controller-uid of Jobs. */
void kube_normal_generated(struct kube_value *wanted, const struct kube_value *manifest,
			   const struct kube_value *live);

bool kube_normal_is_secret(const struct kube_value *object);
/* A Secret's stringData into data: an apply never removes what stood in stringData. Nothing is
 * done to other kinds. */
bool kube_normal_data(struct kube_value *manifest, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The keyed digest of a content, as a text that tells nothing of it; to be g_free()d. */
typedef char *kube_mask_fn(const void *content, size_t len, void *data);
/* Puts that in the place of each value of a Secret, and of the copy of them that kubectl leaves in
 * an annotation. */
void kube_normal_mask(struct kube_value *object, kube_mask_fn *fn, void *data);

/* What a plan saw of an object. All borrowed. */
struct kube_observed {
	const char *cluster; /* what identifies it, not its name in a kubeconfig */
	const struct kube_id *id;
	const char *uid;		 /* NULL: there is no object */
	const struct kube_value *live;	 /* NULL: none; stripped and masked */
	const struct kube_value *wanted; /* NULL: could not be dry-run, or is to go */
	const GPtrArray *conflicts;	 /* struct kube_cause; NULL: none */
};
void kube_normal_digest(const struct kube_observed *observed, struct hash *out);
