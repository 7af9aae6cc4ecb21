/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Writes down what agent/alert.h finds of a stack. */
#include <stdint.h>

struct agent_unit;

/* After each step; seconds until it is to be called again at the latest, 0: not by itself. A
 * failure to write ends as a failed append does. */
int64_t alerts_look(struct agent_unit *unit);
