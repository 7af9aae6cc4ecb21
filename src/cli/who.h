/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who changed what differs, as far as it is known: of an item of a drift, in the
 * log's evidence and in the agent's answers.
 *
 *	g_autoptr(GPtrArray) lines = who_lines(&item);   -- texts for people
 *	g_autofree char *all = who_text(&item);          -- in one line; NULL: it is not known
 *	more = who_changed(client, "shop", 10, fn, user);
 */
#include <glib.h>

#include "cli/client.h"
#include "core/json.h"

GPtrArray *who_lines(struct json_obj *item);
char *who_text(struct json_obj *item);
/* Asks the agent what differs of a stack, and calls fn for each thing of which somebody is known,
 * at most max times; how many more there are. An agent that does not answer knows of nobody. */
size_t who_changed(struct client *client, const char *stack, size_t max,
		   void (*fn)(const char *id, const char *text, void *user), void *user);
