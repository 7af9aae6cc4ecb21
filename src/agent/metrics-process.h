/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * This process in numbers, under the names that Prometheus' own libraries use.
 * Where /proc does not tell, they are left out.
 */
#include <glib.h>

void metrics_write_process(GString *out);
