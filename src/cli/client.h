/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent's API over its Unix socket (doc/api.yaml), blocking.
 *
 * A refusal by the agent becomes a problem() with the agent's own code, message
 * and hint; no agent becomes EXIT_UNREACHABLE. Answers are bounded and read
 * strictly; members that this program does not know are left alone, so that a
 * newer agent can be asked.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/json.h"

struct client;

/* Connects with the first request. socket is copied. */
struct client *client_new(const char *socket);
void client_free(struct client *client);
