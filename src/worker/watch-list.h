/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Objects of clusters in the list of places that matter (doc/worker.md, "plan",
 * `watch`): a plan job writes it, the job `watch` reads it. Each is a line of
 * canonical JSON after the letter 'k', and ends with NUL.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/plan.h"

#define WATCH_LIST_MAX ((size_t)128 << 20)

/* Of a change of kind "kubernetes", or what could be one. */
void watch_list_add(GByteArray *out, const char *cluster, const char *id,
		    const struct plan_object *object);

struct watch_list_item {
	char *cluster; /* its name */
	char *id;      /* of the plan's change */
	char *group, *version, *kind, *resource, *namespace, *name;
	char *set; /* NULL: it has no label */
};
void watch_list_item_free(void *item);
/* Appends those of this cluster; what is no object is passed over. */
bool watch_list_read(const char *text, size_t len, const char *cluster, GPtrArray *items,
		     GError **error) G_GNUC_WARN_UNUSED_RESULT;
