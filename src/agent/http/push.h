/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * POST /hooks/STACK: a forge says that there may be something new. What comes
 * of it is a fetch, at most one in hook.interval: what comes meanwhile is one
 * more at its end. A hook that is verified may say besides who pushed, which can
 * only take a right away (pushers.h). Who has no secret learns nothing, not even
 * which stacks there are; the log tells why a hook was refused.
 *
 *	push_new(agent, conf, before, &push, &error)   before: keeps count from there
 *	push_take(push, call)
 */
#include "agent/http/call.h"
#include "base/conf.h"

#define PUSH_BODY_MAX ((size_t)1 << 20)

struct push;
/* before may be NULL; copies what it needs of conf. */
bool push_new(struct agent *agent, const struct conf *conf, const struct push *before,
	      struct push **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void push_free(struct push *push);
void push_take(struct push *push, struct call *call);
