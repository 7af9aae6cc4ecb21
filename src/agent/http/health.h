/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What other programs watch, on the socket and by TCP: GET /healthz, GET /readyz
 * and GET /metrics (doc/metrics.md).
 */
#include "agent/http/call.h"

/* 503: the log cannot be written, and only a person can mend that. */
void health_get(struct call *call);
/* 503 besides that: while it stops, and until every stack was looked at once. */
void health_get_ready(struct call *call);
/* By TCP only where http.metrics says so; else there is no such path. */
void health_get_metrics(struct call *call);
