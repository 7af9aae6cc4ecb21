/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Composes plan.json (doc/formats.md 2) of a draft and what the agent knows.
 * Pure: time, number and nonce come in. The result has gone through
 * plan_parse(), so that the agent never signs what others would refuse.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/draft.h"
#include "agent/policy.h"
#include "core/hash.h"

struct planner_input {
	const char *agent, *stack, *nonce, *reason, *repository, *ref, *path;
	int64_t seq, created;
	const char *base_commit, *base_tree; /* "": none */
	const char *commit, *tree;
	const struct policy *policy;
	const struct hash *approvers;
	const struct draft *draft;
	const char *commits; /* JSON {"authors":[...],"authors_total":N,"commits":[...],"total":N}
				and what is optional there, NULL: none */
	size_t commits_len;
	int64_t until; /* of a trial, 0: none */
	/* Who accepted that commit does not descend from the base; NULL: it does. */
	const char *rewritten_by, *rewritten_why;
};
/* text is NUL-terminated; g_free(). */
bool planner_compose(const struct planner_input *in, char **text, size_t *len, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* A repository's address without user and password. g_free(). */
char *planner_public_url(const char *url);
