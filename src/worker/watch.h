/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The job `watch` (doc/worker.md): tells what happens to a cluster's objects of
 * some stacks, as it happens, until it is asked to stop.
 *
 * What to follow stands in the lists that plan jobs leave (watch-list.h). Of
 * each kind and namespace there is one watch over metadata alone; where a kind
 * has objects in many namespaces, one over all of them, which is given up for
 * single ones when the server does not allow it. Nothing is asked but lists,
 * watches and reads.
 */
#include "worker/job.h"

bool watch_run(struct job *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;
