/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a job's end means for its stack: one event, with what it brought.
 */
#include "agent/jobs.h"

/* A jobs_done_fn; user is the struct agent. */
void results_take(const struct job_result *result, void *user);
