/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The notices of alerts and of what people have steered, made from the folded log:
 *
 *	"alert:CONDITION:STACK"   what is wrong for too long, its reminders and its end
 *	"suspended:STACK"         and "stopped" for all stacks at once
 *	"rollback:STACK"          the stack is held at an earlier commit
 *	"trial:STACK"             a ref is tried beside the stack's own
 */
#include <stdbool.h>

#include "agent/notify/notice.h"
#include "core/entry.h"

struct agent;

/* NULL: key is none of these, or nobody is to be told now. public_url may be NULL. */
struct notice *incident_view(struct agent *agent, const char *public_url, const char *key);

typedef void (*incident_fn)(const char *key, void *user);
/* The messages that an entry of the log concerns. */
void incident_of_entry(struct entry *entry, incident_fn touch, void *user);
/* All that there may be of this stack; NULL: of the agent. */
void incident_of_stack(const char *stack, incident_fn touch, void *user);
