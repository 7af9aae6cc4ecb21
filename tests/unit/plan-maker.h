/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* A draft and a plan of it, made on the spot for tests of the agent. */
#include "agent/draft.h"
#include "agent/planner.h"

#define MAKER_COMMIT "1111111111111111111111111111111111111111"
#define MAKER_TREE "2222222222222222222222222222222222222222"

/* The text of a draft: one file that comes, one that goes. */
extern const char maker_draft[];
/* The list of one commit by dora@example.org. */
extern const char maker_commits[];
/* Fails the test when it cannot be read. */
struct draft *maker_load(const char *text);
/* Everything but policy, approvers and draft filled in. */
void maker_input(struct planner_input *in);
