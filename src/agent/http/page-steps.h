/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the last apply of a plan has done, for its page. */
#include "agent/fold.h"
#include "agent/http/html.h"
#include "agent/steps.h"

/* Nothing for a plan that was never applied. steps NULL: counts alone. */
void page_steps(struct html *h, const struct fold_plan *known, const struct steps *steps);
