/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who made an object differ, by what its server remembers of field managers.
 *
 *	fields = kube_value_steal(metadata, "managedFields")   -- before kube_normal_strip()
 *	differences = kube_diff(live, wanted)
 *	blames = kube_managers_find(fields, live, differences, "assent")
 *
 * Each manager has a set of fields and the time when it last changed one of
 * them. Whoever has a field that differs is named; we ourselves (own, by an
 * apply) are not, since the value is then the one that we set. Of what is not
 * there any more no manager is left, so who removed it is not known, and
 * nobody is guessed. The names are the clients' own: a hint, no proof.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kube/diff.h"
#include "kube/value.h"

#define KUBE_MANAGERS_MAX 1000	/* entries of one object that are read */
#define KUBE_MANAGERS_PATHS 200 /* differences that are looked at, the first ones */
#define KUBE_MANAGERS_NAME 128	/* bytes of a name that are kept */

struct kube_blame {
	char *manager;	   /* "kubectl-edit"; one line */
	char *subresource; /* "scale", NULL: the object itself */
	bool applies;	   /* by server-side apply, not by an update */
	int64_t time;	   /* of its last change to a field of its own; 0: not told */
	GPtrArray *paths;  /* of the differences that it has a part in; strings */
};

/* struct kube_blame, the newest first. fields: the list metadata.managedFields, may be NULL; live:
 * the old side of the differences, which names the items of lists. */
GPtrArray *kube_managers_find(const struct kube_value *fields, const struct kube_value *live,
			      const GPtrArray *differences, const char *own);
/* Does a manager have this path, all that it is in, or something of it? set: a fieldsV1. */
bool kube_managers_owns(const struct kube_value *set, const struct kube_value *live,
			const char *path);
/* What is to be shown of a name that a client gave itself: one line, not too long. g_free() */
char *kube_managers_name(const char *text);
