/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A plan's checks, after its changes are in place. Each is tried again and
 * again, `interval` seconds after the last try, until it has succeeded
 * `successes` times in a row or `within` is over; no try takes longer than
 * what is left of that. One after the other, and the first that fails ends it.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/plan.h"

struct checks_hooks {
	/* Shall it end? Asked several times a second, while something is tried, too. */
	bool (*stopped)(void *user);
	/* "check http URL", how many successes in a row there are of those that it takes; NULL:
	 * nobody listens. */
	void (*progress)(const char *text, size_t done, size_t total, void *user);
	void *user;
};

/* Before anything is changed: are all of them known, and of a form that can be tried? */
bool checks_known(const struct plan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The error says what was tried, how often and how long, and what came last. */
bool checks_run(const struct plan *plan, const struct checks_hooks *hooks, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
