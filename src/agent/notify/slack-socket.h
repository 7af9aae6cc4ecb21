/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Socket Mode: Slack's callbacks by a WebSocket that the agent opens, for an
 * agent that nobody can reach. The same payloads go the same way as those of
 * POST /slack/interactive; the connection is authenticated by TLS and the
 * app-level token, so that nothing is signed.
 *
 *	slack_socket_open(n, token)     connects, and again whenever it must
 *	slack_socket_close(socket)
 *
 * Without libsoup (./configure --without-socket-mode) open() gives NULL.
 */
#include "agent/notify/slack.h"

struct slack_socket;
/* token is borrowed. */
struct slack_socket *slack_socket_open(struct notifier *n, const struct shared_secret *token);
void slack_socket_close(struct slack_socket *socket);
bool slack_socket_is_built(void);
