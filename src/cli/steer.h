/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the commands that steer a stack have in common: their request, and what is said of it. */
#include "cli/api.h"
#include "cli/command.h"

/* Ends the object that is open in w, and w; g_free(), NULL: error. */
char *steer_body(struct json_writer *w, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A problem of usage where none was given. */
bool steer_has_reason(const char *reason, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The stack as it stands now, for people or as JSON. */
bool steer_say(struct cli *cli, const struct api_stack *stack, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
