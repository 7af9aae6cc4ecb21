/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Times as objects of a cluster have them. */
#include <stdint.h>

/* A MicroTime, "2026-11-23T21:13:08.793655Z", of microseconds since 1970. g_free() */
char *kube_time_micro(int64_t wall);
