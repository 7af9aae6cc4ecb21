/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Windows: when an approved plan may be applied. The rules are those of Argo
 * CD's sync windows, without its exceptions for syncs by hand:
 *
 * - no window at all: always;
 * - a deny window is open: not now, also when an allow window is open;
 * - an allow window is open: now;
 * - there are allow windows and none is open: not now.
 *
 * A window opens when its schedule says, by the clock of its zone, and stays
 * open for its duration. A time that a change of the clock leaves out opens it
 * when the clock has changed; one that comes twice opens it twice.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"

struct window_state {
	bool shut;
	int64_t until; /* when it is no longer; 0: not within a year, or not shut */
};

struct windows;
/* Of the stack's configuration; a zone that this host does not know is never open. */
struct windows *windows_new(const struct conf_stack *stack);
void windows_free(struct windows *windows);
void windows_look(struct windows *windows, int64_t now, struct window_state *out);
