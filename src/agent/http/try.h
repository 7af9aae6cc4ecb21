/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * POST /v1/stacks/STACK/try: a person has another branch applied for some time,
 * or ends that before its time.
 */
#include "agent/http/call.h"

void try_post(struct call *call);
