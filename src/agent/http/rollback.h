/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * POST /v1/stacks/STACK/rollback and .../unpin: a person wants an earlier state
 * back, or what was rolled back after all. Each is planned and needs its
 * approval as any change does.
 */
#include "agent/http/call.h"

/* A person and a line of text as reason, from the body o; both g_free(). False: it was answered. */
bool rollback_who(struct call *call, const char *reason, char **person);
/* The running job is about what nobody wants any more. */
void rollback_outdate(struct agent_unit *unit);
void rollback_post(struct call *call);
void rollback_post_unpin(struct call *call);
