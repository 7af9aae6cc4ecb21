/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Does what a log says make sense? Fed with the entries in order, it checks
 * their form, their order in number and time, and their meaning: every plan
 * bears the plan key's signature, every approval that of a person on the
 * approver list of its time over the recomputed statement, and nothing was
 * applied without enough approvals, twice, or after its expiry.
 *
 * The tree around the entries is cli/logcheck.h's business. Without the objects
 * (plans, approver lists) less can be checked; notes in the report say what.
 */
#include <glib.h>
#include <stdint.h>

#include "cli/logcheck.h"
#include "core/plan.h"

struct log_fold;

/* objects: folder of objects, NULL: none. origin: the agent's name, as the log's key says it. */
struct log_fold *log_fold_new(const char *objects, const char *origin, struct log_report *report);
void log_fold_free(struct log_fold *fold);
/* A log_entry_fn; user is the fold. */
void log_fold_entry(uint64_t index, const char *bytes, size_t len, void *user);
/* The verified plan that an entry so far was about, borrowed from the fold; NULL: its bytes are not
 * here, or it is no plan of this log. id: "sha256:...". */
const struct plan *log_fold_plan(const struct log_fold *fold, const char *id);

typedef struct log_fold log_fold_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(log_fold_auto, log_fold_free)
