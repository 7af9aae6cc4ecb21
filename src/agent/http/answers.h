/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Answers to questions about a stack that change nothing: why it does what it
 * does, and how the host differs from what it shall be.
 */
#include "agent/http/call.h"

void answers_why(struct call *call);
void answers_diff_start(struct call *call);
void answers_diff(struct call *call);
