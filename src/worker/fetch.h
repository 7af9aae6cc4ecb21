/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* The job "fetch" of doc/worker.md. */
#include "worker/job.h"

bool fetch_run(struct job *job, GError **error);
