/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Answers to questions about a stack that change nothing: why it does what it
 * does, how the host differs from what it shall be, and what there is to adopt.
 */
#include "agent/http/call.h"

void answers_why(struct call *call);
void answers_diff_start(struct call *call);
void answers_diff(struct call *call);
void answers_adopt_start(struct call *call);
void answers_adopt(struct call *call);
