/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The pages by which people decide: handlers of the table in web.c. They read
 * the agent, let page*.c render, and go through decide() for what is sent back.
 */
#include "agent/http/call.h"

void review_get_overview(struct call *call);
void review_get_plan(struct call *call);
void review_get_diff(struct call *call);
void review_post_decision(struct call *call);
