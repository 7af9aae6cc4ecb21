/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The job `lead` (doc/worker.md): takes and keeps a Lease (cluster/lease.h) and
 * tells who leads, until it is asked to stop. Then it gives the Lease back.
 */
#include "worker/job.h"

bool lead_run(struct job *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;
