/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a plan job has worked out (doc/worker.md, "plan"): read as far as policy
 * and record need it. The changes themselves go into the plan as they are, and
 * plan_parse() judges them there.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/policy.h"
#include "core/json.h"
#include "core/plan.h"

#define DRAFT_IDS 50
#define DRAFT_IDS_SIZE ((size_t)32 << 10) /* of all together, as JSON */

struct draft {
	struct json_doc *doc;
	GArray *changes; /* struct policy_change */
	GArray *checks;	 /* struct policy_change, of those that run a command; without risk */
	GPtrArray *ids;	 /* of the first DRAFT_IDS changes, as the log writes them */
	int64_t summary[ACTION_RUN + 1]; /* by action */
	bool restores;			 /* it names the plans that prove all of it */
	int64_t resources;		 /* how many the manifest declares */
	/* private */
	GPtrArray *texts; /* that changes borrow */
	size_t ids_size;
};

bool draft_load(const char *file, int64_t resources, struct draft **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void draft_free(struct draft *draft);
/* An id as the log names it; g_free(). */
char *draft_id_text(const char *id, size_t len);
/* Adds a copy to a list for an entry, unless that is full. */
void draft_keep_id(GPtrArray *ids, size_t *ids_size, const char *text);
typedef struct draft draft_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(draft_auto, draft_free)
