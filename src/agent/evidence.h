/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Plans and signatures out of the store: read back, verified, and put before
 * decide().
 */
#include "agent/agent.h"
#include "agent/decide.h"

/* Borrowed from agent; for one use. */
void evidence_world(struct agent *agent, struct decide_world *out);
/* plan.json as it was signed. g_free(). */
bool evidence_plan_text(struct agent *agent, const struct fold_plan *plan, char **text, size_t *len,
			GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The armored signature of the plan. g_free(). */
bool evidence_plan_signature(struct agent *agent, const struct fold_plan *plan, char **out,
			     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Parsed after its signature was verified. */
bool evidence_plan(struct agent *agent, const struct fold_plan *plan, struct plan **out,
		   GError **error) G_GNUC_WARN_UNUSED_RESULT;
