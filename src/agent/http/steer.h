/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * POST /v1/stacks/STACK/apply: a person goes on with the apply that halted, or
 * takes it back. Nothing can be applied here that was not approved before.
 */
#include "agent/http/call.h"

void steer_post(struct call *call);
