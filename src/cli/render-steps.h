/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What an apply has done, undone and left, and what has to be known of it. It
 * comes from the agent and is not verified; the log holds its digest.
 */
#include "cli/api.h"
#include "cli/out.h"

/* Nothing is printed of a plan that was never applied. steps: NULL where none are told. */
void render_steps(struct out *out, const struct api_plan *plan, const struct api_steps *steps);
void render_steps_json(struct json_writer *w, const struct api_steps *steps);
