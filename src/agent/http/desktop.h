/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What assent-desktop shows, and the decisions that come from its buttons, both
 * for one person: the one whose Unix user holds the other end of the socket.
 * The section notify: desktop: can take buttons and stacks away, never add.
 */
#include "agent/decide.h"
#include "agent/http/call.h"

/* GET /v1/desktop */
void desktop_get(struct call *call);
/* POST /v1/plans/ID/decisions by channel desktop. request has what the body o says so far. */
void desktop_decide(struct call *call, struct json_doc *doc, struct json_obj *o,
		    struct decide_request *request);
