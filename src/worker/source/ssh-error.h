/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What ssh's exit code and words mean, and what to do about it. Private to source/. */
#include "worker/source/remote.h"

/* status: exit code of ssh, -1: still running; spoke: the server had answered. Returns -1. */
int ssh_error_fail(struct connection *c, int status, const char *words, bool spoke);
