/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* The routes that suspend and resume one stack, and stop and resume everything. */
#include "agent/http/call.h"

void suspend_post(struct call *call);
void suspend_post_resume(struct call *call);
void suspend_post_stop(struct call *call);
void suspend_post_go(struct call *call);
