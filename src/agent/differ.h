/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a plan would change now, for somebody who only looks: a plan job beside
 * the stack's own ones, whose draft is shown and thrown away. Nothing is signed,
 * recorded or kept, and the stack learns nothing of it.
 *
 * Or, with adopts, which objects of clusters it would take over, and from whom.
 *
 *	differ_start(unit, false, &error)   one at a time per stack; joins the one that runs
 *	differ_take(unit, result)           a STACK_JOB_DIFF has ended
 *	differ_write(w, unit, false)        members: how it is, and what came out
 *
 * The answer is kept for DIFFER_KEPT seconds, or until the next one.
 */
#include "agent/agent.h"

#define DIFFER_KEPT 120
#define DIFFER_TEXT_MAX ((size_t)8 << 20) /* of the diff that is told */

struct differ;

/* False when the state folder fails, or with adopts other than that of the one that runs. */
bool differ_start(struct agent_unit *unit, bool adopts, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void differ_take(struct agent_unit *unit, const struct job_result *result);
bool differ_write(struct json_writer *w, const struct agent_unit *unit, bool adopts);
void differ_free(struct differ *differ);
