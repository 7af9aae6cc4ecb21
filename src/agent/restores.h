/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Which of a stack's plans are taken back when a trial ends. */
#include <glib.h>

#include "agent/fold.h"

/* The digests of the trials that were begun since what is returned to held, newest first, at most
 * PLAN_MAX_RESTORES; NULL: there are none, or more of them. They borrow from the fold. */
GPtrArray *restores_trials(const struct fold *fold, const struct fold_stack *stack);
