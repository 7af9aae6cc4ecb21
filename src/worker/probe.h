/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * One try of a check: does what it names work at this moment?
 *
 * To add a kind: a function and a line in the table of probe.c; its keys in
 * src/desired; a section in doc/targets.md; tests in test-checks. A function
 * comes back within left_ms, and soon after stopped() says so.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/plan.h"
#include "worker/target/host.h"

struct probe {
	const struct plan_check *check;
	struct host *host;
	int64_t left_ms; /* at least 1 */
	bool (*stopped)(void *user);
	void *user;
};
/* False with an error that says in few words what came instead. */
typedef bool (*probe_fn)(const struct probe *probe, GError **error);

/* NULL when there is no such kind. */
probe_fn probe_find(const char *kind);
