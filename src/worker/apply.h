/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The `apply` job (doc/worker.md): believe nothing but the trust file, look
 * again, then change everything or nothing.
 */
#include "worker/job.h"

bool apply_run(struct job *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;
