/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* The result of an apply, as the job's answer (doc/worker.md). */
#include "worker/job.h"
#include "worker/transaction.h"

void apply_write_result(struct job *job, const struct transaction *t);
/* There was no journal. */
void apply_write_none(struct job *job);
