/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent in numbers: Prometheus' text format 0.0.4, as in
 * https://prometheus.io/docs/instrumenting/exposition_formats/.
 *
 * What the log says (plans, votes, applies, drift) is counted from the log, so
 * that a restart loses nothing; jobs, messages and the process itself since the
 * start of the process. Adding a number of a stack is a row in metrics.c, a line
 * in doc/metrics.md.
 */
#include <glib.h>

struct agent;

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_write(GString *out, const struct agent *agent);
