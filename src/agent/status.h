/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The agent in one line, for the service manager: `systemctl status` shows it.
 *
 *	status_count(agent, &status); text = status_text(&status);   -- g_free()
 *
 * What waits for people comes first; English, as logs are.
 */
#include <stdbool.h>

struct agent;

struct status {
	unsigned stacks, waiting, approved, applying, ailing, drifted;
	bool dead; /* the log cannot be written */
};

void status_count(const struct agent *agent, struct status *out);
char *status_text(const struct status *status);
